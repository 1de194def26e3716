/**
 * The provider in plain JavaScript (audited noble libraries), for browsers that lack a primitive, and as the twin that
 * the native ones are compared with. Ten to eighty times slower than those.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { argon2id } from "./argon2.ts";
import type { CryptoProvider } from "./provider.ts";
import {
  isMlKemPublicKey,
  isXwingPublicKey,
  joinXwingParts,
  ML_KEM_CIPHERTEXT_LENGTH,
  ML_KEM_PUBLIC_KEY_LENGTH,
  ML_KEM_SEED_LENGTH,
  XWING_ENC_LENGTH,
  XWING_PUBLIC_KEY_LENGTH,
  XWING_SEED_LENGTH,
  xwingCombinerInput,
} from "./xwing.ts";

declare const crypto: { getRandomValues(into: Uint8Array): Uint8Array };

/** More than this in one call is refused by `getRandomValues`. */
const RANDOM_PIECE = 65_536;

export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_PIECE) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_PIECE));
  return bytes;
}

export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

export interface ExpandedXwingSeed {
  readonly mlKemSeed: Uint8Array;
  readonly x25519Secret: Uint8Array;
}

export function expandXwingSeed(seed: Uint8Array): ExpandedXwingSeed {
  if (seed.length !== XWING_SEED_LENGTH) throw new RangeError("an X-Wing seed has 32 bytes");
  const expanded = shake256(seed, { dkLen: ML_KEM_SEED_LENGTH + 32 });
  return { mlKemSeed: expanded.slice(0, ML_KEM_SEED_LENGTH), x25519Secret: expanded.slice(ML_KEM_SEED_LENGTH) };
}

export function xwingPublicKey({ mlKemSeed, x25519Secret }: ExpandedXwingSeed): Uint8Array {
  return joinXwingParts(ml_kem768.keygen(mlKemSeed).publicKey, x25519.getPublicKey(x25519Secret));
}

export const combine = (
  mlKem: Uint8Array,
  agreed: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
): Uint8Array => sha3_256(xwingCombinerInput(mlKem, agreed, ephemeral, recipient));

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
    randomBytes,
    sha256,
    sha512,
    hmacSha256: (key, data) => hmac(sha256, key, data),
    hmacSha512: (key, data) => hmac(sha512, key, data),
    shake256: (data, length) => shake256(data, { dkLen: length }),
    equalSecrets,
    ed25519KeyPair: (seed) => ({ publicKey: ed25519.getPublicKey(seed), secretKey: seed.slice() }),
    ed25519Sign: (secretKey, message) => ed25519.sign(message, secretKey),
    ed25519Verify: (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      // As RFC 8032 and OpenSSL have it: the strict equation, no small-order tolerance.
      return nullOnThrow(() => ed25519.verify(signature, message, publicKey, { zip215: false })) ?? false;
    },
    isXwingPublicKey,
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
    argon2id,
  };
}
