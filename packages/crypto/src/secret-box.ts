/**
 * A box for bytes at rest under a key that seals many: a random 12-byte nonce, then AES-256-GCM. Random nonces are safe
 * for 2^32 boxes of one key (NIST SP 800-38D, section 8.3).
 */
import { concatBytes } from "@xchat/codec";
import type { CryptoProvider } from "./provider.ts";

export const SECRET_BOX_OVERHEAD = 28;
const NONCE_LENGTH = 12;

/** @param key 32 bytes. @param aad authenticated, not contained. */
export async function sealSecretBox(
  provider: CryptoProvider,
  key: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const nonce = provider.randomBytes(NONCE_LENGTH);
  return concatBytes(nonce, await provider.aesGcmSeal(key, nonce, aad, plaintext));
}

/** `null` when it was not sealed with this key and `aad`, or was altered. */
export async function openSecretBox(
  provider: CryptoProvider,
  key: Uint8Array,
  aad: Uint8Array,
  box: Uint8Array,
): Promise<Uint8Array | null> {
  if (box.length < SECRET_BOX_OVERHEAD) return null;
  return provider.aesGcmOpen(key, box.subarray(0, NONCE_LENGTH), aad, box.subarray(NONCE_LENGTH));
}
