/**
 * The provider in plain JavaScript (audited noble libraries), for browsers that lack a primitive, and as the twin that
 * the native ones are compared with. Ten to eighty times slower than those.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { combine, expandXwingSeed, hashPart, randomBytes, type ExpandedXwingSeed } from "./provider.hashes.ts";
import type { CryptoProvider } from "./provider.ts";
import {
  isMlKemPublicKey,
  joinXwingParts,
  ML_KEM_CIPHERTEXT_LENGTH,
  ML_KEM_PUBLIC_KEY_LENGTH,
  XWING_ENC_LENGTH,
  XWING_PUBLIC_KEY_LENGTH,
  XWING_SEED_LENGTH,
} from "./xwing.ts";

function xwingPublicKey({ mlKemSeed, x25519Secret }: ExpandedXwingSeed): Uint8Array {
  return joinXwingParts(ml_kem768.keygen(mlKemSeed).publicKey, x25519.getPublicKey(x25519Secret));
}

/** The libraries throw at malformed keys and at points of small order; to us both are refusals (P2). */
function nullOnThrow<T>(attempt: () => T): T | null {
  try {
    return attempt();
  } catch {
    return null;
  }
}

export function nobleCryptoProvider(): CryptoProvider {
  return {
    name: "noble",
    ...hashPart(),
    ed25519KeyPair: (seed) => ({ publicKey: ed25519.getPublicKey(seed), secretKey: seed.slice() }),
    ed25519Sign: (secretKey, message) => ed25519.sign(message, secretKey),
    ed25519Verify: (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      // As RFC 8032 and OpenSSL have it: the strict equation, no small-order tolerance.
      return nullOnThrow(() => ed25519.verify(signature, message, publicKey, { zip215: false })) ?? false;
    },
    xwingKeyPair: (seed) => ({ publicKey: xwingPublicKey(expandXwingSeed(seed)), secretKey: seed.slice() }),
    xwingEncapsulate: (publicKey) => {
      if (publicKey.length !== XWING_PUBLIC_KEY_LENGTH || !isMlKemPublicKey(publicKey)) return null;
      return nullOnThrow(() => {
        const recipient = publicKey.subarray(ML_KEM_PUBLIC_KEY_LENGTH);
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey.slice(0, ML_KEM_PUBLIC_KEY_LENGTH));
        const secret = randomBytes(32);
        const ephemeral = x25519.getPublicKey(secret);
        const agreed = x25519.getSharedSecret(secret, recipient);
        return {
          enc: joinXwingParts(cipherText, ephemeral),
          secret: combine(sharedSecret, agreed, ephemeral, recipient),
        };
      });
    },
    xwingDecapsulate: (secretKey, enc) => {
      if (secretKey.length !== XWING_SEED_LENGTH || enc.length !== XWING_ENC_LENGTH) return null;
      return nullOnThrow(() => {
        const { mlKemSeed, x25519Secret } = expandXwingSeed(secretKey);
        const { secretKey: mlKemSecret } = ml_kem768.keygen(mlKemSeed);
        const ephemeral = enc.slice(ML_KEM_CIPHERTEXT_LENGTH);
        const shared = ml_kem768.decapsulate(enc.slice(0, ML_KEM_CIPHERTEXT_LENGTH), mlKemSecret);
        const agreed = x25519.getSharedSecret(x25519Secret, ephemeral);
        return combine(shared, agreed, ephemeral, x25519.getPublicKey(x25519Secret));
      });
    },
    aesGcmSeal: (key, nonce, aad, plaintext) => gcm(key, nonce, aad).encrypt(plaintext),
    aesGcmOpen: (key, nonce, aad, ciphertext) => {
      if (ciphertext.length < 16 || nonce.length !== 12) return null;
      return nullOnThrow(() => gcm(key, nonce, aad).decrypt(ciphertext));
    },
  };
}
