/**
 * Watches what a device seals, to prove that no key of a message is ever used for two messages that left it
 * (RFC 9420, section 9: a generation used twice gives both plaintexts away).
 *
 * A generation may be used twice by a device that crashed in between, as long as only one of the two has left it. So
 * what counts is what lies at the nodes: an envelope is looked up among the outer seals, its content among the inner.
 */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";

interface Seal {
  readonly key: string;
  readonly plaintext: Buffer;
  readonly ciphertext: Buffer;
}

/** A reuse guard makes the first four bytes of the nonce random; key and the rest name the generation. */
const GUARD_BYTES = 4;
const ENVELOPE_NONCE_BYTES = 12;

export class SealedKeys {
  readonly #seals: Seal[] = [];

  /** The provider, watched. */
  watch(provider: CryptoProvider): CryptoProvider {
    return {
      ...provider,
      aesGcmSeal: async (key, nonce, aad, plaintext) => {
        const ciphertext = await provider.aesGcmSeal(key, nonce, aad, plaintext);
        this.#seals.push({
          key: `${bytesToHex(key)}/${bytesToHex(nonce.subarray(GUARD_BYTES))}`,
          plaintext: Buffer.from(plaintext),
          ciphertext: Buffer.from(ciphertext),
        });
        return ciphertext;
      },
    };
  }

  /** How many message keys left the device, and those that did so with two different plaintexts. */
  judge(envelopes: readonly Uint8Array[]): { readonly used: number; readonly reused: readonly string[] } {
    const outer = new Map(this.#seals.map((seal) => [seal.ciphertext.toString("hex"), seal]));
    const plaintexts = new Map<string, Set<string>>();
    for (const envelope of envelopes) {
      const frame = outer.get(Buffer.from(envelope.subarray(ENVELOPE_NONCE_BYTES)).toString("hex"))?.plaintext;
      if (frame === undefined) continue;
      for (const seal of this.#seals) {
        if (seal.ciphertext.length < frame.length && frame.includes(seal.ciphertext)) {
          plaintexts.set(seal.key, (plaintexts.get(seal.key) ?? new Set()).add(seal.plaintext.toString("hex")));
        }
      }
    }
    return { used: plaintexts.size, reused: [...plaintexts].filter(([, texts]) => texts.size > 1).map(([key]) => key) };
  }
}
