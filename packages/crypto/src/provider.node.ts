/**
 * The provider of Node 24: `node:crypto`, synchronous throughout, since a trip to its thread pool costs more than the
 * operation itself at the sizes that a messenger has.
 *
 * Parsed keys are remembered: importing an ML-KEM seed costs four times what the decapsulation does.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  randomFillSync,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from "node:crypto";
import { argon2id } from "./argon2.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { CryptoProvider, KeyPair } from "./provider.ts";
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

type KeyType = "ed25519" | "x25519" | "ml-kem-768";

/** Node accepts raw keys since 24.15; the type declarations that we build with do not know the formats yet. */
const importRaw = (make: unknown, key: Uint8Array, format: string, asymmetricKeyType: KeyType): KeyObject =>
  (make as (input: object) => KeyObject)({ key, format, asymmetricKeyType });
const privateKeyOf = (raw: Uint8Array, type: KeyType): KeyObject =>
  importRaw(createPrivateKey, raw, type === "ml-kem-768" ? "raw-seed" : "raw-private", type);
/** For the pooled provider, as are the others that are exported below. */
export const publicKeyOf = (raw: Uint8Array, type: KeyType): KeyObject =>
  importRaw(createPublicKey, raw, "raw-public", type);
const rawPublicKey = (key: KeyObject): Uint8Array =>
  plain((key as unknown as { export(options: object): Buffer }).export({ format: "raw-public" }));

/** A Buffer's `slice` aliases where a Uint8Array's copies: none leaves this file. */
export const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

const sha256 = (data: Uint8Array): Uint8Array => plain(hash("sha256", data, "buffer"));
const sha512 = (data: Uint8Array): Uint8Array => plain(hash("sha512", data, "buffer"));
const shake256 = (data: Uint8Array, length: number): Uint8Array =>
  plain(createHash("shake256", { outputLength: length }).update(data).digest());
export const sha3 = (data: Uint8Array): Uint8Array => plain(hash("sha3-256", data, "buffer"));

/** A digest written into `into` at `at`. Node makes a string of it much faster than a Buffer with memory of its own. */
function hashInto(algorithm: string, data: Uint8Array, into: Uint8Array, at: number, length: number): void {
  Buffer.prototype.latin1Write.call(into, hash(algorithm, data, "binary"), at, length);
}

/** Longest input whose hash is made in the memory below. */
const SHORT_DATA = 1024;
const shortInner = new Uint8Array(128 + SHORT_DATA);

/**
 * HMAC (RFC 2104) as two one-shot hashes: `createHmac` sets up a stream object, and an allocation costs as much as the
 * hash of a short input. What the shared memory held of the key is wiped.
 */
function hmacOf(algorithm: "sha256" | "sha512", block: number, length: number): CryptoProvider["hmacSha512"] {
  const outer = new Uint8Array(block + length);
  return (key, data) => {
    const blockKey = key.length > block ? plain(hash(algorithm, key, "buffer")) : key;
    const isShort = data.length <= SHORT_DATA;
    const inner = isShort ? shortInner.subarray(0, block + data.length) : new Uint8Array(block + data.length);
    inner.fill(0x36, 0, block);
    outer.fill(0x5c, 0, block);
    for (let i = 0; i < blockKey.length; i++) {
      inner[i] = (blockKey[i] as number) ^ 0x36;
      outer[i] = (blockKey[i] as number) ^ 0x5c;
    }
    inner.set(data, block);
    hashInto(algorithm, inner, outer, block, length);
    const mac = new Uint8Array(length);
    hashInto(algorithm, outer, mac, 0, length);
    inner.fill(0);
    outer.fill(0);
    return mac;
  };
}

// ---- Ed25519

function makeEd25519(): Pick<CryptoProvider, "ed25519KeyPair" | "ed25519Sign" | "ed25519Verify"> {
  const publicKeys = new BoundedCache<string, KeyObject>(4096);
  const secretKeys = new BoundedCache<string, KeyObject>(256);
  const secretKeyOf = (seed: Uint8Array): KeyObject =>
    secretKeys.get(cacheKey(seed)) ?? secretKeys.set(cacheKey(seed), privateKeyOf(seed, "ed25519"));
  return {
    ed25519KeyPair: (seed) => ({
      publicKey: rawPublicKey(createPublicKey(secretKeyOf(seed))),
      secretKey: seed.slice(),
    }),
    ed25519Sign: (secretKey, message) => plain(sign(null, message, secretKeyOf(secretKey))),
    ed25519Verify: (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const id = cacheKey(publicKey);
      const key = publicKeys.get(id) ?? publicKeys.set(id, publicKeyOf(publicKey, "ed25519"));
      return verify(null, message, key, signature);
    },
  };
}

const cacheKey = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

// ---- X-Wing

export interface XwingSecret {
  readonly mlKem: KeyObject;
  readonly x25519: KeyObject;
  readonly x25519Public: Uint8Array;
}

interface XwingPublic {
  readonly mlKem: KeyObject;
  readonly x25519: KeyObject;
}

export function expandXwingSeed(seed: Uint8Array): XwingSecret {
  const expanded = shake256(seed, 96);
  const x25519 = privateKeyOf(expanded.subarray(ML_KEM_SEED_LENGTH), "x25519");
  return {
    mlKem: privateKeyOf(expanded.subarray(0, ML_KEM_SEED_LENGTH), "ml-kem-768"),
    x25519,
    x25519Public: rawPublicKey(createPublicKey(x25519)),
  };
}

const parseXwingPublicKey = (publicKey: Uint8Array): XwingPublic => ({
  mlKem: publicKeyOf(publicKey.subarray(0, ML_KEM_PUBLIC_KEY_LENGTH), "ml-kem-768"),
  x25519: publicKeyOf(publicKey.subarray(ML_KEM_PUBLIC_KEY_LENGTH), "x25519"),
});

function xwingEncapsulateTo(publicKey: Uint8Array, parsed: XwingPublic): { enc: Uint8Array; secret: Uint8Array } {
  const { sharedKey, ciphertext } = encapsulate(parsed.mlKem);
  const ephemeral = generateKeyPairSync("x25519");
  const ephemeralPublic = rawPublicKey(ephemeral.publicKey);
  const agreed = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: parsed.x25519 });
  const recipient = publicKey.subarray(ML_KEM_PUBLIC_KEY_LENGTH);
  return {
    enc: joinXwingParts(ciphertext, ephemeralPublic),
    secret: sha3(xwingCombinerInput(sharedKey, agreed, ephemeralPublic, recipient)),
  };
}

function xwingDecapsulateFrom(key: XwingSecret, enc: Uint8Array): Uint8Array {
  const ephemeral = enc.subarray(ML_KEM_CIPHERTEXT_LENGTH);
  const mlKemSecret = decapsulate(key.mlKem, enc.subarray(0, ML_KEM_CIPHERTEXT_LENGTH));
  const agreed = diffieHellman({ privateKey: key.x25519, publicKey: publicKeyOf(ephemeral, "x25519") });
  return sha3(xwingCombinerInput(mlKemSecret, agreed, ephemeral, key.x25519Public));
}

function makeXwing(): Pick<
  CryptoProvider,
  "xwingKeyPair" | "xwingEncapsulate" | "xwingDecapsulate" | "isXwingPublicKey"
> {
  const secretKeys = new BoundedCache<string, XwingSecret>(64);
  const publicKeys = new BoundedCache<string, XwingPublic>(64);
  const secretKeyOf = (seed: Uint8Array): XwingSecret =>
    secretKeys.get(cacheKey(seed)) ?? secretKeys.set(cacheKey(seed), expandXwingSeed(seed));
  return {
    isXwingPublicKey,
    xwingKeyPair: (seed): KeyPair => {
      if (seed.length !== XWING_SEED_LENGTH) throw new RangeError("an X-Wing seed has 32 bytes");
      const key = secretKeyOf(seed);
      const publicKey = joinXwingParts(rawPublicKey(createPublicKey(key.mlKem)), key.x25519Public);
      return { publicKey, secretKey: seed.slice() };
    },
    xwingEncapsulate: (publicKey) => {
      if (publicKey.length !== XWING_PUBLIC_KEY_LENGTH || !isMlKemPublicKey(publicKey)) return null;
      return nullOnThrow(() => {
        const id = cacheKey(publicKey);
        return xwingEncapsulateTo(publicKey, publicKeys.get(id) ?? publicKeys.set(id, parseXwingPublicKey(publicKey)));
      });
    },
    xwingDecapsulate: (secretKey, enc) => {
      if (secretKey.length !== XWING_SEED_LENGTH || enc.length !== XWING_ENC_LENGTH) return null;
      return nullOnThrow(() => xwingDecapsulateFrom(secretKeyOf(secretKey), enc));
    },
  };
}

/** OpenSSL throws at a malformed ML-KEM key and at an X25519 point of small order; to us both are refusals (P2). */
function nullOnThrow<T>(attempt: () => T): T | null {
  try {
    return attempt();
  } catch {
    return null;
  }
}

// ---- AES-256-GCM

const TAG_LENGTH = 16;

/** Handing over a key object spares Node a search for what the bytes might be, which takes longer than the encryption. */
const aesKey = (key: Uint8Array): KeyObject => createSecretKey(key);

function aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", aesKey(key), nonce);
  if (aad.length > 0) cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  const sealed = new Uint8Array(body.length + TAG_LENGTH);
  sealed.set(body, 0);
  sealed.set(cipher.getAuthTag(), body.length);
  return sealed;
}

function aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  if (ciphertext.length < TAG_LENGTH || nonce.length !== 12) return null;
  const decipher = createDecipheriv("aes-256-gcm", aesKey(key), nonce, { authTagLength: TAG_LENGTH });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(ciphertext.length - TAG_LENGTH));
  return nullOnThrow(() => {
    const plaintext = decipher.update(ciphertext.subarray(0, ciphertext.length - TAG_LENGTH));
    decipher.final();
    return plain(plaintext);
  });
}

/** Made once for a process: it holds the caches of parsed keys. */
export function nodeCryptoProvider(): CryptoProvider {
  return {
    name: "node",
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
    sha256,
    sha256Aside: sha256,
    sha512,
    hmacSha256: hmacOf("sha256", 64, 32),
    hmacSha512: hmacOf("sha512", 128, 64),
    shake256,
    equalSecrets: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    ...makeEd25519(),
    ...makeXwing(),
    aesGcmSeal,
    aesGcmOpen,
    argon2id,
  };
}
