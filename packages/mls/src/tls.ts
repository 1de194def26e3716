/** The TLS presentation language of RFC 9420, section 2.1, as far as the framing of private messages needs it. */

/** Lengths are written ahead, so that a message is one allocation. */
export const vectorSize = (length: number): number => length + (length < 64 ? 1 : length < 16_384 ? 2 : 4);

/** Longest vector that can be written or read (RFC 9420, section 2.1.2). */
export const MAX_VECTOR = 2 ** 30 - 1;

export class TlsWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  uint8(value: number): this {
    this.bytes[this.#at++] = value;
    return this;
  }

  uint16(value: number): this {
    return this.uint8(value >>> 8).uint8(value & 0xff);
  }

  uint32(value: number): this {
    return this.uint16(value >>> 16).uint16(value & 0xffff);
  }

  /** At most 2^53 - 1. */
  uint64(value: number): this {
    return this.uint32(Math.floor(value / 2 ** 32)).uint32(value >>> 0);
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  vector(bytes: Uint8Array): this {
    return this.vectorHead(bytes.length).raw(bytes);
  }

  /** The length of a vector whose content is written next. @throws RangeError beyond `MAX_VECTOR`. */
  vectorHead(length: number): this {
    if (length < 64) return this.uint8(length);
    if (length < 16_384) return this.uint16(length | 0x4000);
    if (length <= MAX_VECTOR) return this.uint32((length | 0x8000_0000) >>> 0);
    throw new RangeError("vector is too long");
  }
}

/**
 * Reads what a peer wrote. A read past the end, or a length not in its shortest form (which would give one message many
 * encodings), makes `isBroken` true and answers zeros from there on: one look at the end is enough, and nothing throws.
 */
export class TlsReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isBroken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) return this.#fail();
    this.#at++;
    return value;
  }

  uint16(): number {
    return this.uint8() * 0x100 + this.uint8();
  }

  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16();
  }

  /** Above 2^53 - 1 it is refused: no counter of ours gets there. */
  uint64(): number {
    const value = this.uint32() * 2 ** 32 + this.uint32();
    return Number.isSafeInteger(value) ? value : this.#fail();
  }

  /** Aliases the input. */
  vector(): Uint8Array {
    return this.raw(this.#length());
  }

  /** Aliases the input. */
  raw(length: number): Uint8Array {
    if (this.#isBroken || length > this.#bytes.length - this.#at) {
      this.#fail();
      return new Uint8Array(0);
    }
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** True when only zero bytes follow. */
  isZeroToEnd(): boolean {
    for (let i = this.#at; i < this.#bytes.length; i++) if (this.#bytes[i] !== 0) return false;
    return true;
  }

  #length(): number {
    const first = this.uint8();
    switch (first >>> 6) {
      case 0:
        return first;
      case 1: {
        const length = (first & 0x3f) * 0x100 + this.uint8();
        return length >= 64 ? length : this.#fail();
      }
      case 2: {
        const length = (first & 0x3f) * 0x100_0000 + this.uint8() * 0x1_0000 + this.uint16();
        return length >= 16_384 ? length : this.#fail();
      }
      default:
        return this.#fail();
    }
  }

  #fail(): number {
    this.#isBroken = true;
    this.#at = this.#bytes.length;
    return 0;
  }
}
