/**
 * Signatures that were found good, so that none is verified twice: the same leaves come again with every tree, and a key
 * package is looked at when it comes, when it is added, and as a leaf.
 *
 * What is kept is a hash of key, message and signature: nobody can make another triple of it. Bad ones are not kept.
 */
import type { CryptoProvider } from "@xchat/crypto";

/** Enough for some groups of a thousand leaves; beyond, the oldest are forgotten. About 100 bytes each. */
export const MAX_REMEMBERED = 8_192;

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>;

export function rememberingVerify(provider: CryptoProvider): Verify {
  const known = new Set<string>();
  return async (publicKey, message, signature) => {
    // One length each, so that no two triples are hashed as the same bytes.
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    const id = idOf(provider, publicKey, message, signature);
    if (known.has(id)) return true;
    const isGood = await provider.ed25519Verify(publicKey, message, signature);
    if (isGood) rememberMutable(known, id);
    return isGood;
  };
}

function rememberMutable(known: Set<string>, id: string): void {
  known.add(id);
  if (known.size <= MAX_REMEMBERED) return;
  for (const oldest of known) {
    known.delete(oldest);
    return;
  }
}

function idOf(provider: CryptoProvider, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string {
  const input = new Uint8Array(publicKey.length + signature.length + message.length);
  input.set(publicKey, 0);
  input.set(signature, publicKey.length);
  input.set(message, publicKey.length + signature.length);
  return String.fromCharCode(...provider.sha256(input));
}
