import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TlsReader, TlsWriter, vectorSize } from "./tls.ts";

const write = (bytes: Uint8Array): Uint8Array => new TlsWriter(vectorSize(bytes.length)).vector(bytes).bytes;

test("[F1] vectors come back, with the head of RFC 9420, section 2.1.2", () => {
  for (const [length, head] of [
    [0, [0]],
    [63, [63]],
    [64, [0x40, 64]],
    [16_383, [0x7f, 0xff]],
    [16_384, [0x80, 0, 0x40, 0]],
  ] as const) {
    const written = write(new Uint8Array(length).fill(7));
    expect([...written.subarray(0, head.length)]).toEqual([...head]);
    const reader = new TlsReader(written);
    expect(reader.vector().length).toBe(length);
    expect([reader.isBroken, reader.isAtEnd]).toEqual([false, true]);
  }
});

test("numbers come back", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(0xffff_ffff), fc.nat(0xffff), (a, b, c) => {
      const reader = new TlsReader(new TlsWriter(14).uint64(a).uint32(b).uint16(c).bytes);
      expect([reader.uint64(), reader.uint32(), reader.uint16(), reader.isBroken]).toEqual([a, b, c, false]);
    }),
  );
});

describe("refused", () => {
  test("[F1] lengths that are not in their shortest form", () => {
    for (const bytes of [
      [0x40, 1, 9],
      [0x40, 63, ...new Uint8Array(63)],
      [0x80, 0, 0, 1, 9],
      [0xc0, 0, 0, 0, 0, 0, 0, 1, 9],
    ]) {
      const reader = new TlsReader(Uint8Array.from(bytes));
      reader.vector();
      expect(reader.isBroken).toBe(true);
    }
  });

  test("numbers beyond 2^53", () => {
    const reader = new TlsReader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0));
    reader.uint64();
    expect(reader.isBroken).toBe(true);
  });

  test("a vector cut at any byte", () => {
    const written = write(new Uint8Array(100).fill(1));
    for (let length = 0; length < written.length; length++) {
      const reader = new TlsReader(written.subarray(0, length));
      expect([reader.vector().length, reader.isBroken]).toEqual([0, true]);
    }
  });
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const reader = new TlsReader(bytes);
      reader.vector();
      reader.uint64();
      reader.vector();
      reader.raw(3);
      return reader.isBroken || reader.isZeroToEnd() || true;
    }),
  );
});
