/**
 * The provider of a node that serves many clients: what costs a tenth of a millisecond goes to the thread pool, so that
 * one thread can look after the sockets of all. For a client the trip costs more than it saves: see `provider.node.ts`.
 *
 * Keys of AES-256-GCM are remembered by the array that holds them, for as long as it lives: importing one costs as much as
 * sealing eight kilobytes with it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  decapsulate,
  diffieHellman,
  verify,
  type KeyObject,
} from "node:crypto";
import { BoundedCache, bytesToCacheKey } from "./bounded-cache.ts";
import { expandXwingSeed, nodeCryptoProvider, plain, publicKeyOf, sha3, type XwingSecret } from "./provider.node.ts";
import type { CryptoProvider } from "./provider.ts";
import { ML_KEM_CIPHERTEXT_LENGTH, XWING_ENC_LENGTH, XWING_SEED_LENGTH, xwingCombinerInput } from "./xwing.ts";

const TAG_LENGTH = 16;
const CACHED_PUBLIC_KEYS = 16_384;

/** Made once for a process, or for one key that must be dropped whole: it holds the caches of parsed keys. */
export function pooledNodeProvider(): CryptoProvider {
  return { ...nodeCryptoProvider(), ed25519Verify: makeVerify(), xwingDecapsulate: makeDecapsulate(), ...makeAesGcm() };
}

function makeVerify(): CryptoProvider["ed25519Verify"] {
  const keys = new BoundedCache<string, KeyObject>(CACHED_PUBLIC_KEYS);
  return (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    const id = bytesToCacheKey(publicKey);
    const key = keys.get(id) ?? keys.set(id, publicKeyOf(publicKey, "ed25519"));
    return new Promise((resolve) => {
      verify(null, message, key, signature, (error, isGood) => resolve(error === null && isGood));
    });
  };
}

function makeDecapsulate(): CryptoProvider["xwingDecapsulate"] {
  const secrets = new BoundedCache<string, XwingSecret>(4);
  return (secretKey, enc) => {
    if (secretKey.length !== XWING_SEED_LENGTH || enc.length !== XWING_ENC_LENGTH) return null;
    const id = bytesToCacheKey(secretKey);
    return decapsulateFrom(secrets.get(id) ?? secrets.set(id, expandXwingSeed(secretKey)), enc);
  };
}

/** `null` where OpenSSL refuses: a malformed point, or one of small order (P2). */
async function decapsulateFrom(key: XwingSecret, enc: Uint8Array): Promise<Uint8Array | null> {
  try {
    const ephemeral = enc.subarray(ML_KEM_CIPHERTEXT_LENGTH);
    const publicKey = publicKeyOf(ephemeral, "x25519");
    const [mlKemSecret, agreed] = await Promise.all([
      inPool((done) => decapsulate(key.mlKem, enc.subarray(0, ML_KEM_CIPHERTEXT_LENGTH), done)),
      inPool((done) => diffieHellman({ privateKey: key.x25519, publicKey }, done)),
    ]);
    return sha3(xwingCombinerInput(mlKemSecret, agreed, ephemeral, key.x25519Public));
  } catch {
    return null;
  }
}

const inPool = (start: (done: (error: Error | null, secret: Buffer) => void) => void): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    start((error, secret) => (error === null ? resolve(secret) : reject(error)));
  });

function makeAesGcm(): Pick<CryptoProvider, "aesGcmSeal" | "aesGcmOpen"> {
  const keys = new WeakMap<Uint8Array, KeyObject>();
  const keyOf = (raw: Uint8Array): KeyObject => {
    const known = keys.get(raw);
    if (known !== undefined) return known;
    const key = createSecretKey(raw);
    keys.set(raw, key);
    return key;
  };
  return {
    aesGcmSeal: (key, nonce, aad, plaintext) => {
      const cipher = createCipheriv("aes-256-gcm", keyOf(key), nonce);
      if (aad.length > 0) cipher.setAAD(aad);
      const body = cipher.update(plaintext);
      cipher.final();
      const sealed = new Uint8Array(body.length + TAG_LENGTH);
      sealed.set(body, 0);
      sealed.set(cipher.getAuthTag(), body.length);
      return sealed;
    },
    aesGcmOpen: (key, nonce, aad, ciphertext) => {
      if (ciphertext.length < TAG_LENGTH || nonce.length !== 12) return null;
      const decipher = createDecipheriv("aes-256-gcm", keyOf(key), nonce, { authTagLength: TAG_LENGTH });
      if (aad.length > 0) decipher.setAAD(aad);
      decipher.setAuthTag(ciphertext.subarray(ciphertext.length - TAG_LENGTH));
      try {
        const plaintext = decipher.update(ciphertext.subarray(0, ciphertext.length - TAG_LENGTH));
        decipher.final();
        return plain(plaintext);
      } catch {
        return null;
      }
    },
  };
}
