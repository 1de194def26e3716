/**
 * Watches what a device seals, to see whether a generation of an MLS ratchet leaves it with two different plaintexts
 * (RFC 9420, section 9). A generation may be spent twice by a device that crashed in between, as long as only one of
 * the two has left: what counts is what the wire has seen.
 *
 * The ciphertext is the last field of an MLS message, and the message the last of its envelope's frame: so the last
 * bytes of a frame, its tag, say which seal went into which envelope.
 */
import type { CryptoProvider } from "@xchat/crypto";

const TAG_BYTES = 16;
/** A reuse guard makes the first four bytes of the nonce random; key and the rest name the generation. */
const GUARD_BYTES = 4;
const LENGTH_BYTES = 4;
const SECRET_BOX_OVERHEAD = 28;
const ENVELOPE_SIZES = [8_192, 65_536];
const FRAME_SIZES = new Set(ENVELOPE_SIZES.map((size) => size - SECRET_BOX_OVERHEAD));

interface Inner {
  readonly generation: string;
  readonly plaintext: string;
}

export class KeyWatch {
  readonly #inner = new Map<string, Inner>();
  /** By the tag of an envelope: the tag of what it carries. */
  readonly #outer = new Map<string, string>();
  readonly #left = new Map<string, string>();
  readonly #onReuse: (generation: string) => void;

  constructor(onReuse: (generation: string) => void) {
    this.#onReuse = onReuse;
  }

  get used(): number {
    return this.#left.size;
  }

  /** The provider, watched. It answers at once, as those of simulations do. */
  watch(provider: CryptoProvider): CryptoProvider {
    return {
      ...provider,
      aesGcmSeal: (key, nonce, aad, plaintext) => {
        const sealed = provider.aesGcmSeal(key, nonce, aad, plaintext) as Uint8Array;
        const tag = tagOf(sealed);
        if (FRAME_SIZES.has(plaintext.length)) this.#outer.set(tag, tagOf(frameOf(plaintext)));
        else
          this.#inner.set(tag, {
            generation: `${name(key)}/${name(nonce.subarray(GUARD_BYTES))}`,
            plaintext: name(plaintext),
          });
        return sealed;
      },
    };
  }

  /** These bytes have left the device. */
  left(bytes: Uint8Array): void {
    const inner = this.#inner.get(this.#outer.get(tagOf(bytes)) ?? "");
    if (inner === undefined) return;
    const before = this.#left.get(inner.generation);
    if (before !== undefined && before !== inner.plaintext) this.#onReuse(inner.generation);
    this.#left.set(inner.generation, inner.plaintext);
  }
}

function frameOf(padded: Uint8Array): Uint8Array {
  const length = new DataView(padded.buffer, padded.byteOffset, padded.length).getUint32(0);
  return padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}

const tagOf = (bytes: Uint8Array): string => name(bytes.subarray(-TAG_BYTES));
const name = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
