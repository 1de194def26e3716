/**
 * Deterministic CBOR (RFC 8949, section 4.2.1), read under a schema.
 *
 * A codec names the shape of a format once and both writes and reads it. Reading is driven by the schema: depth,
 * counts and sizes are those that the format allows, never those that a peer claims, and every refusal names its
 * reason and the offset of the byte where it was noticed.
 *
 * C1 One encoding only: shortest integers and lengths, definite lengths, no tags, no `undefined`, and no floats.
 * C2 Text is well-formed UTF-8.
 * C3 Map keys are ascending in their encoded form and never repeat.
 * C4 Nothing follows the value.
 * C5 `decode` never throws, whatever the bytes.
 * C6 A byte string that comes out is a copy: it does not alias the input.
 */
import { encode as cborgEncode, rfc8949EncodeOptions, Tokenizer, type Token } from "cborg";
import { bytesToHex, bytesToUtf8, compareBytes, hexToBytes } from "./bytes.ts";
import { err, expectOk, ok, type Result } from "./result.ts";

export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>;

/** `reason` is a stable word of the specification, `offset` is in bytes from the start of the input. */
export interface DecodeError {
  readonly reason: string;
  readonly offset: number;
}

/** Writes and reads values of one shape. Made by the functions below; `read` is called by `decode` only. */
export interface Codec<T> {
  readonly write: (value: T) => CborValue;
  readonly read: (reader: CborReader) => T;
}

export type CodecType<C> = C extends Codec<infer T> ? T : never;

/** Left out of every public signature: it is thrown by readers and caught by `decode`. */
class DecodeFault extends Error {
  readonly reason: string;
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(reason);
    this.reason = reason;
    this.offset = offset;
  }
}

const TOKENIZER_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  retainStringBytes: true,
};

type TypeName = "uint" | "negint" | "bytes" | "string" | "array" | "map" | "true" | "false" | "null" | "float" | "tag";

export class CborReader {
  readonly #tokenizer: Tokenizer;
  readonly #length: number;
  #peeked: Token | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#tokenizer = new Tokenizer(bytes, TOKENIZER_OPTIONS);
    this.#length = bytes.length;
  }

  /** Offset of the item that was read last, or is about to be read. */
  get offset(): number {
    return this.#offset;
  }

  fail(reason: string): never {
    throw new DecodeFault(reason, this.#offset);
  }

  peekType(): TypeName {
    this.#peeked ??= this.#next();
    return this.#peeked.type.name as TypeName;
  }

  /** Reads the head of an item (and the content of a scalar) of the wanted type. */
  take(type: TypeName): Token {
    if (this.peekType() !== type) this.fail(`expected-${type}`);
    const token = this.#peeked as Token;
    this.#peeked = undefined;
    return token;
  }

  /** Reads the head of an array or map; each entry takes at least one byte, so a count that cannot fit is refused. */
  takeCount(type: "array" | "map", max: number): number {
    const count = Number(this.take(type).value);
    if (count > max) this.fail("too-many-entries");
    if (count > this.#length - this.#offset) this.fail("truncated");
    return count;
  }

  end(): void {
    if (this.#peeked !== undefined || !this.#tokenizer.done()) {
      this.#offset = this.#tokenizer.pos();
      this.fail("trailing-bytes");
    }
  }

  #next(): Token {
    this.#offset = this.#tokenizer.pos();
    if (this.#tokenizer.done()) this.fail("truncated");
    try {
      return this.#tokenizer.next();
    } catch (error) {
      // The library speaks in sentences; only the two cases that a caller may act on are told apart.
      const isShort = error instanceof Error && /not enough|unexpected end|too short/i.test(error.message);
      return this.fail(isShort ? "truncated" : "malformed-cbor");
    }
  }
}

/** Writes a value in the one deterministic encoding. */
export const encode = <T>(codec: Codec<T>, value: NoInfer<T>): Uint8Array =>
  copy(cborgEncode(codec.write(value), rfc8949EncodeOptions));

/** In Node the library hands out parts of a pooled Buffer, whose `slice` does not copy. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** Reads exactly one value from bytes that anybody may have written. Never throws. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T, DecodeError> {
  const reader = new CborReader(bytes);
  try {
    const value = codec.read(reader);
    reader.end();
    return ok(value);
  } catch (error) {
    if (error instanceof DecodeFault) return err({ reason: error.reason, offset: error.offset });
    throw error;
  }
}

// ---- scalars

/** 0 … max, at most 2^53 - 1. */
export const uint = (max: number = Number.MAX_SAFE_INTEGER): Codec<number> => ({
  write: (value) => {
    if (!Number.isSafeInteger(value) || value < 0 || value > max) throw new RangeError("uint out of range");
    return value;
  },
  read: (reader) => {
    const { value } = reader.take("uint");
    // A number beyond 2^53 comes as a bigint.
    if (typeof value !== "number" || value > max) reader.fail("number-too-large");
    return value;
  },
});

/** Byte string of an exact length, or of at most `max` bytes. */
export const bytes = (size: { readonly length: number } | { readonly max: number }): Codec<Uint8Array> => {
  const fits = (length: number): boolean => ("length" in size ? length === size.length : length <= size.max);
  return {
    write: (value) => {
      if (!fits(value.length)) throw new RangeError(`byte string of ${value.length} bytes does not fit its format`);
      return value;
    },
    read: (reader) => {
      const value = reader.take("bytes").value as Uint8Array;
      if (!fits(value.length)) reader.fail("bad-length");
      return copy(value);
    },
  };
};

/** Text of at most `maxBytes` bytes of UTF-8. */
export const text = (maxBytes: number): Codec<string> => ({
  write: (value) => value,
  read: (reader) => {
    const token = reader.take("string");
    // The library has ready-made tokens for the empty string, without bytes.
    const raw = (token as Token & { byteValue?: Uint8Array }).byteValue ?? new Uint8Array(0);
    if (raw.length > maxBytes) reader.fail("text-too-long");
    const decoded = bytesToUtf8(raw);
    return decoded.ok ? decoded.value : reader.fail(decoded.error.reason);
  },
});

export const bool: Codec<boolean> = {
  write: (value) => value,
  read: (reader) => {
    const type = reader.peekType();
    if (type !== "true" && type !== "false") reader.fail("expected-bool");
    reader.take(type);
    return type === "true";
  },
};

/** A constant, such as a version or a domain label. `reason` is what a peer's other value is refused with. */
export const literal = <const L extends number | string>(value: L, reason = "unexpected-value"): Codec<L> => ({
  write: () => value,
  read: (reader) => {
    const type = typeof value === "number" ? "uint" : "string";
    if (reader.take(type).value !== value) reader.fail(reason);
    return value;
  },
});

/** One of a closed list of words, written as its index. */
export const word = <const W extends string>(...words: readonly W[]): Codec<W> => ({
  write: (value) => words.indexOf(value),
  read: (reader) => words[reader.take("uint").value as number] ?? reader.fail("unknown-word"),
});

// ---- compounds

/** The value, or `null`. */
export const nullable = <T>(inner: Codec<T>): Codec<T | null> => ({
  write: (value) => (value === null ? null : inner.write(value)),
  read: (reader) => {
    if (reader.peekType() !== "null") return inner.read(reader);
    reader.take("null");
    return null;
  },
});

export const list = <T>(
  item: Codec<T>,
  limit: { readonly max: number; readonly min?: number },
): Codec<readonly T[]> => ({
  write: (values) => {
    if (values.length > limit.max) throw new RangeError("list longer than its format allows");
    return values.map(item.write);
  },
  read: (reader) => {
    const count = reader.takeCount("array", limit.max);
    if (count < (limit.min ?? 0)) reader.fail("too-few-entries");
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(item.read(reader));
    return values;
  },
});

type Fields = { readonly [name: string]: Codec<any> };
export type FieldTypes<F extends Fields> = { readonly [K in keyof F]: CodecType<F[K]> };

/** An array with one item for each field, in the order in which the fields are declared. */
export function struct<F extends Fields>(fields: F): Codec<FieldTypes<F>> {
  const entries = Object.entries(fields);
  return {
    write: (value) => entries.map(([name, codec]) => codec.write(value[name] as never)),
    read: (reader) => {
      if (reader.takeCount("array", entries.length) !== entries.length) reader.fail("too-few-entries");
      return readFields(reader, entries) as FieldTypes<F>;
    },
  };
}

type Variants = { readonly [kind: string]: readonly [tag: number, fields: Fields] };
type VariantTypes<V extends Variants> = {
  readonly [K in keyof V & string]: { readonly kind: K } & FieldTypes<V[K][1]>;
}[keyof V & string];

/** A union on `kind`: an array of a number that stands for the kind, then its fields in declared order. */
export function variants<V extends Variants>(shapes: V): Codec<VariantTypes<V>> {
  const all = Object.entries(shapes).map(([kind, [tag, fields]]) => ({ kind, tag, entries: Object.entries(fields) }));
  const byKind = new Map(all.map((shape) => [shape.kind, shape]));
  const byTag = new Map(all.map((shape) => [shape.tag, shape]));
  const mostFields = 1 + Math.max(...all.map((shape) => shape.entries.length));
  return {
    write: (value) => {
      const shape = byKind.get(value.kind);
      if (shape === undefined) throw new TypeError(`unknown kind ${value.kind}`);
      return [shape.tag, ...shape.entries.map(([name, codec]) => codec.write((value as never)[name]))];
    },
    read: (reader) => {
      const count = reader.takeCount("array", mostFields);
      if (count === 0) reader.fail("too-few-entries");
      const shape = byTag.get(reader.take("uint").value as number) ?? reader.fail("unknown-kind");
      if (count !== shape.entries.length + 1) reader.fail("wrong-field-count");
      return { kind: shape.kind, ...readFields(reader, shape.entries) } as unknown as VariantTypes<V>;
    },
  };
}

/** A value kept in another form in memory; `parse` refuses with `fail`. */
export const mapped = <A, B>(
  inner: Codec<A>,
  write: (value: B) => A,
  parse: (value: A, fail: (reason: string) => never) => B,
): Codec<B> => ({
  write: (value) => inner.write(write(value)),
  read: (reader) => parse(inner.read(reader), (reason) => reader.fail(reason)),
});

/**
 * A byte string of this length, as lower-case hexadecimal.
 *
 * @throws RangeError on writing when it has another length; as `expectOk` when it is no hexadecimal.
 */
export const hexBytes = (length: number): Codec<string> =>
  mapped(bytes({ length }), (value: string) => expectOk(hexToBytes(value), "hexadecimal"), bytesToHex);

/** A codec that refers to itself or to a later one. The format must bound its depth by other means (see `anyValue`). */
export const lazy = <T>(get: () => Codec<T>): Codec<T> => ({
  write: (value) => get().write(value),
  read: (reader) => get().read(reader),
});

/** Any value within limits: what a newer version may have put where this one knows no shape. */
export const anyValue = (limit: { readonly depth: number; readonly entries: number }): Codec<CborValue> => ({
  write: (value) => value,
  read: (reader) => readAny(reader, limit.depth, limit.entries),
});

// ---- below: how the compounds read

function readFields(reader: CborReader, entries: readonly (readonly [string, Codec<any>])[]): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, codec] of entries) value[name] = codec.read(reader);
  return value;
}

function readAny(reader: CborReader, depth: number, entries: number): CborValue {
  const type = reader.peekType();
  switch (type) {
    case "uint":
    case "negint": {
      const { value } = reader.take(type);
      return typeof value === "number" ? value : reader.fail("number-too-large");
    }
    case "bytes":
      return copy(reader.take(type).value as Uint8Array);
    case "string":
      return text(Number.MAX_SAFE_INTEGER).read(reader);
    case "true":
    case "false":
      return bool.read(reader);
    case "null":
      reader.take(type);
      return null;
    case "array": {
      if (depth === 0) return reader.fail("too-deep");
      const count = reader.takeCount("array", entries);
      return Array.from({ length: count }, () => readAny(reader, depth - 1, entries));
    }
    case "map":
      return depth === 0 ? reader.fail("too-deep") : readMap(reader, depth, entries);
    default:
      return reader.fail("unsupported-type");
  }
}

function readMap(reader: CborReader, depth: number, entries: number): ReadonlyMap<number | string, CborValue> {
  const count = reader.takeCount("map", entries);
  const map = new Map<number | string, CborValue>();
  let previous: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const key = readAny(reader, 0, 0);
    if (typeof key !== "number" && typeof key !== "string") return reader.fail("bad-map-key");
    const encodedKey = cborgEncode(key, rfc8949EncodeOptions);
    if (previous !== undefined && compareBytes(previous, encodedKey) >= 0) reader.fail("map-keys-out-of-order");
    previous = encodedKey;
    map.set(key, readAny(reader, depth - 1, entries));
  }
  return map;
}
