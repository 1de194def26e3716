/**
 * The real suite with randomness from a seed, so that a simulation with real cryptography can be run again exactly. Its
 * keys are as predictable as the seed: for simulations only, like its neighbour.
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { nodeCryptoProvider } from "../provider.node.ts";
import { combine } from "../provider.hashes.ts";
import type { CryptoProvider } from "../provider.ts";
import { isXwingPublicKey, joinXwingParts, ML_KEM_PUBLIC_KEY_LENGTH } from "../xwing.ts";
import { bytesOf, SIMULATION_MARK } from "./cheap-provider.ts";

/** `random` gives 32-bit integers. Only the native encapsulation takes no randomness of ours: noble's does. */
export function seededCryptoProvider(random: () => number): CryptoProvider & { readonly mark: string } {
  const randomBytes = (length: number): Uint8Array => bytesOf(random, length);
  return {
    ...nodeCryptoProvider(),
    mark: SIMULATION_MARK,
    randomBytes,
    xwingEncapsulate: (publicKey) => {
      if (!isXwingPublicKey(publicKey)) return null;
      const recipient = publicKey.slice(ML_KEM_PUBLIC_KEY_LENGTH);
      const sealed = ml_kem768.encapsulate(publicKey.slice(0, ML_KEM_PUBLIC_KEY_LENGTH), randomBytes(32));
      const secret = randomBytes(32);
      const ephemeral = x25519.getPublicKey(secret);
      const agreed = x25519.getSharedSecret(secret, recipient);
      return {
        enc: joinXwingParts(sealed.cipherText, ephemeral),
        secret: combine(sealed.sharedSecret, agreed, ephemeral, recipient),
      };
    },
  };
}
