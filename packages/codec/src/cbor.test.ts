import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexToBytes, bytesToHex } from "./bytes.ts";
import {
  anyValue,
  bool,
  bytes,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  nullable,
  struct,
  text,
  uint,
  variants,
  word,
  type CborValue,
  type Codec,
  type CodecType,
} from "./cbor.ts";
import { expectOk } from "./result.ts";

const seed = Number(process.env["XCHAT_SEED"] ?? Date.now() % 2 ** 31);
fc.configureGlobal({ seed, numRuns: 200 });

const shape = variants({
  full: [
    0,
    {
      version: literal(1, "newer-version"),
      count: uint(1_000_000),
      name: text(64),
      key: bytes({ length: 4 }),
      rest: bytes({ max: 40 }),
      yes: bool,
      mood: word("calm", "glad"),
      maybe: nullable(uint()),
      parts: list(struct({ a: uint(), b: text(8) }), { max: 5 }),
      more: anyValue({ depth: 3, entries: 8 }),
    },
  ],
  empty: [7, {}],
});
type Shape = CodecType<typeof shape>;

const u8 = (length: { minLength: number; maxLength: number }): fc.Arbitrary<Uint8Array> => fc.uint8Array(length);
const shortText = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: "grapheme", maxLength: maxBytes }).filter((value) => Buffer.byteLength(value) <= maxBytes);
const scalar = fc.oneof(fc.nat(), u8({ minLength: 0, maxLength: 5 }), shortText(9), fc.boolean(), fc.constant(null));
const anything: fc.Arbitrary<CborValue> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 4 }),
  fc.array(fc.tuple(fc.oneof(fc.nat(), shortText(6)), scalar), { maxLength: 4 }).map((entries) => new Map(entries)),
);
const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({
    kind: fc.constant("full" as const),
    version: fc.constant(1 as const),
    count: fc.nat({ max: 1_000_000 }),
    name: shortText(64),
    key: u8({ minLength: 4, maxLength: 4 }),
    rest: u8({ minLength: 0, maxLength: 40 }),
    yes: fc.boolean(),
    mood: fc.constantFrom("calm" as const, "glad" as const),
    maybe: fc.option(fc.nat(), { nil: null }),
    parts: fc.array(fc.record({ a: fc.nat(), b: shortText(8) }), { maxLength: 5 }),
    more: anything,
  }),
  fc.constant({ kind: "empty" as const }),
);

const hex = (digits: string): Uint8Array => expectOk(hexToBytes(digits), "hex");
const refusal = <T>(codec: Codec<T>, digits: string): string => {
  const result = decode(codec, hex(digits));
  return result.ok ? `accepted ${String(result.value)}` : `${result.error.reason}@${result.error.offset}`;
};

describe(`schema-driven CBOR (seed ${seed})`, () => {
  test("[C1] what is written is read back, and written again to the same bytes", () => {
    fc.assert(
      fc.property(anyShape, (value) => {
        const encoded = encode(shape, value);
        const decoded = expectOk(decode(shape, encoded), "round trip");
        expect(decoded).toEqual(value);
        expect(encode(shape, decoded)).toEqual(encoded);
      }),
    );
  });

  test("[C5] truncation at each byte is refused with an offset inside the input", () => {
    fc.assert(
      fc.property(anyShape, (value) => {
        const encoded = encode(shape, value);
        for (let length = 0; length < encoded.length; length++) {
          const result = decode(shape, encoded.subarray(0, length));
          expect(result.ok).toBe(false);
          if (!result.ok) expect(result.error.offset).toBeLessThanOrEqual(length);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("[C5] bit flips and random bytes never throw; what is accepted is canonical", () => {
    const check = (input: Uint8Array): void => {
      const result = decode(shape, input);
      if (result.ok) expect(bytesToHex(encode(shape, result.value))).toBe(bytesToHex(input));
    };
    fc.assert(
      fc.property(anyShape, fc.nat(), (value, position) => {
        const encoded = encode(shape, value);
        const bit = position % (encoded.length * 8);
        encoded[bit >> 3] = (encoded[bit >> 3] as number) ^ (1 << (bit & 7));
        check(encoded);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 2000 });
  });

  test("[C1] other encodings of the same value are refused", () => {
    expect(refusal(uint(), "1801")).toBe("malformed-cbor@0");
    expect(refusal(uint(), "1b0000000000000001")).toBe("malformed-cbor@0");
    expect(refusal(bytes({ max: 9 }), "5f4101ff")).toBe("malformed-cbor@0");
    expect(refusal(list(uint(), { max: 9 }), "9f01ff")).toBe("malformed-cbor@0");
    expect(refusal(nullable(uint()), "f7")).toBe("malformed-cbor@0");
    expect(refusal(anyValue({ depth: 2, entries: 2 }), "f93c00")).toBe("unsupported-type@0");
    expect(refusal(anyValue({ depth: 2, entries: 2 }), "c101")).toBe("unsupported-type@0");
  });

  test("[C2] malformed text is refused, short or long", () => {
    expect(refusal(text(9), "62c328")).toBe("malformed-utf8@0");
    expect(refusal(text(90), `7828${"61".repeat(39)}ff`)).toBe("malformed-utf8@0");
    expect(refusal(text(3), "6461626364")).toBe("text-too-long@0");
  });

  test("[C3] map keys out of order or repeated are refused", () => {
    const any = anyValue({ depth: 2, entries: 4 });
    expect(refusal(any, "a202000100")).toBe("map-keys-out-of-order@3");
    expect(refusal(any, "a201000100")).toBe("map-keys-out-of-order@3");
    expect(refusal(any, "a1f600")).toBe("bad-map-key@1");
  });

  test("[C4] nothing may follow", () => {
    expect(refusal(uint(), "0102")).toBe("trailing-bytes@1");
  });

  test("a claimed count or depth costs nothing", () => {
    expect(refusal(list(uint(), { max: 2 ** 31 }), "9a7fffffff")).toBe("truncated@0");
    expect(refusal(list(uint(), { max: 4 }), "8500000000")).toBe("too-many-entries@0");
    expect(refusal(anyValue({ depth: 3, entries: 4 }), "81".repeat(5000))).toBe("too-deep@3");
    expect(refusal(uint(), "1b0020000000000000")).toBe("malformed-cbor@0");
    expect(refusal(uint(9), "0a")).toBe("number-too-large@0");
    expect(refusal(bytes({ max: 4 }), "5a7fffffff")).toBe("truncated@0");
  });

  test("a version, a kind and a word that this one does not know are told apart", () => {
    expect(refusal(shape, "8b0002")).toBe("truncated@0");
    expect(refusal(struct({ version: literal(1, "newer-version") }), "8102")).toBe("newer-version@1");
    expect(refusal(shape, "8109")).toBe("unknown-kind@1");
    expect(refusal(shape, "820700")).toBe("wrong-field-count@1");
    expect(refusal(word("a"), "01")).toBe("unknown-word@0");
  });

  test("bytes that are known by their hexadecimal are read and written as bytes of that length", () => {
    const key = hexBytes(4);
    expect(encode(key, "00ff10aa")).toEqual(encode(bytes({ length: 4 }), hex("00ff10aa")));
    expect(decode(key, encode(key, "00ff10aa"))).toEqual({ ok: true, value: "00ff10aa" });
    expect(decode(key, encode(bytes({ max: 8 }), hex("00ff10")))).toMatchObject({ error: { reason: "bad-length" } });
    expect(() => encode(key, "00ff")).toThrow(RangeError);
    expect(() => encode(key, "00ff10zz")).toThrow("hexadecimal");
  });

  test("[C6] bytes that come out do not alias the input", () => {
    const input = hex("4401020304");
    const value = expectOk(decode(bytes({ length: 4 }), input), "bytes");
    input.fill(0);
    expect(bytesToHex(value)).toBe("01020304");
  });
});
