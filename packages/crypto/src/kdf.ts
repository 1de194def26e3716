/** HKDF with SHA-512 (RFC 5869), and the one way in which the project derives a key from another. */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "./provider.ts";

const HASH_LENGTH = 64;
const DOMAIN = "xchat/1 ";

/** RFC 5869, section 2.2. An empty salt stands for 64 zero bytes. */
export const hkdfExtract = (provider: CryptoProvider, salt: Uint8Array, input: Uint8Array): Uint8Array =>
  provider.hmacSha512(salt, input);

/**
 * RFC 5869, section 2.3.
 *
 * @param length in bytes, at most 255 × 64.
 * @throws RangeError beyond that.
 */
export function hkdfExpand(provider: CryptoProvider, secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * HASH_LENGTH) throw new RangeError("HKDF-SHA-512 gives at most 16,320 bytes");
  const output = new Uint8Array(length);
  let previous: Uint8Array = new Uint8Array(0);
  for (let offset = 0, counter = 1; offset < length; offset += HASH_LENGTH, counter++) {
    const input = new Uint8Array(previous.length + info.length + 1);
    input.set(previous, 0);
    input.set(info, previous.length);
    input[input.length - 1] = counter;
    previous = provider.hmacSha512(secret, input);
    output.set(length - offset < HASH_LENGTH ? previous.subarray(0, length - offset) : previous, offset);
  }
  return output;
}

/**
 * A key for one purpose: HKDF-Expand-SHA-512 with info = "xchat/1 " ‖ label ‖ 0x00 ‖ context. A label holds no zero
 * byte, so that no two pairs of label and context share an info.
 *
 * @param secret uniformly random, 32 bytes or more: there is no extraction here.
 * @throws RangeError for a shorter secret, or a label with a zero byte.
 */
export function deriveKey(
  provider: CryptoProvider,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  if (secret.length < 32) throw new RangeError("keys are derived from 32 bytes or more");
  if (label.includes("\0")) throw new RangeError("a label holds no zero byte");
  const info = concatBytes(utf8ToBytes(DOMAIN + label), Uint8Array.of(0), context);
  return hkdfExpand(provider, secret, info, length);
}
