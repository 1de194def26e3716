/**
 * The provider of browsers: WebCrypto where the browser has a primitive, noble where it has not, each looked for by
 * using it. Hashes are synchronous JavaScript: a trip to WebCrypto costs more than hashing a short input.
 */
import { base64UrlToBytes, expectOk } from "@xchat/codec";
import { BoundedCache, bytesToCacheKey } from "./bounded-cache.ts";
import { combine, expandXwingSeed, hashPart } from "./provider.hashes.ts";
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

/** ML-KEM in WebCrypto is newer than the type declarations. */
interface KemSubtle {
  importKey(
    format: string,
    key: BufferSource,
    algorithm: object,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey>;
  encapsulateBits(algorithm: object, key: CryptoKey): Promise<{ sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }>;
  decapsulateBits(algorithm: object, key: CryptoKey, ciphertext: BufferSource): Promise<ArrayBuffer>;
}

const subtle = globalThis.crypto.subtle;
const kem = subtle as unknown as KemSubtle;
const source = (bytes: Uint8Array): BufferSource => bytes as Uint8Array<ArrayBuffer>;

/** PKCS #8 around a raw 32-byte key of RFC 8410. */
const PKCS8_ED25519 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);
const PKCS8_X25519 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);

type Part<K extends keyof CryptoProvider> = Pick<CryptoProvider, K>;
type Ed25519Part = Part<"ed25519KeyPair" | "ed25519Sign" | "ed25519Verify">;
type XwingPart = Part<"xwingKeyPair" | "xwingEncapsulate" | "xwingDecapsulate">;
type AeadPart = Part<"aesGcmSeal" | "aesGcmOpen">;

export async function domCryptoProvider(): Promise<CryptoProvider> {
  const [ed25519, xwing, aead] = await Promise.all([
    usable(nativeEd25519(), tryEd25519),
    usable(nativeXwing(), tryXwing),
    usable(nativeAead(), tryAead),
  ]);
  const hashes = { ...hashPart(), sha256Aside };
  if (ed25519 !== null && xwing !== null && aead !== null)
    return { name: "dom", ...hashes, ...ed25519, ...xwing, ...aead };
  // Loaded only here: most browsers have everything.
  const { nobleCryptoProvider } = await import("./provider.noble.ts");
  return { ...nobleCryptoProvider(), name: "dom", ...ed25519, ...xwing, ...aead };
}

/** In JavaScript an envelope takes as long as to open it. */
const sha256Aside = async (data: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await subtle.digest("SHA-256", source(data)));

/** The native part if it works here. */
async function usable<T>(part: T, attempt: (part: T) => Promise<boolean>): Promise<T | null> {
  return (await attempt(part).catch(() => false)) ? part : null;
}

/** The public half of a secret key, which WebCrypto gives only with the whole as JSON. */
async function publicHalf(importing: Promise<CryptoKey>, member: "x" | "pub"): Promise<Uint8Array> {
  const whole = (await subtle.exportKey("jwk", await importing)) as { readonly x?: string; readonly pub?: string };
  return expectOk(base64UrlToBytes(whole[member] ?? ""), "public half of a key");
}

// ---- Ed25519

function nativeEd25519(): Ed25519Part {
  const secretKeys = new BoundedCache<string, Promise<CryptoKey>>(256);
  const publicKeys = new BoundedCache<string, Promise<CryptoKey>>(4096);
  const importSecretKey = (seed: Uint8Array, isExtractable: boolean): Promise<CryptoKey> =>
    subtle.importKey("pkcs8", source(joinXwingParts(PKCS8_ED25519, seed)), "Ed25519", isExtractable, ["sign"]);
  const secretKeyOf = (seed: Uint8Array): Promise<CryptoKey> => {
    const id = bytesToCacheKey(seed);
    return secretKeys.get(id) ?? secretKeys.set(id, importSecretKey(seed, false));
  };
  const publicKeyOf = (key: Uint8Array): Promise<CryptoKey> => {
    const id = bytesToCacheKey(key);
    const make = (): Promise<CryptoKey> => subtle.importKey("raw", source(key), "Ed25519", false, ["verify"]);
    return publicKeys.get(id) ?? publicKeys.set(id, make());
  };
  return {
    ed25519KeyPair: async (seed) => {
      if (seed.length !== 32) throw new RangeError("an Ed25519 seed has 32 bytes");
      return { publicKey: await publicHalf(importSecretKey(seed, true), "x"), secretKey: seed.slice() };
    },
    ed25519Sign: async (secretKey, message) =>
      new Uint8Array(await subtle.sign("Ed25519", await secretKeyOf(secretKey), source(message))),
    ed25519Verify: async (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const verified = await nullOnReject(async () =>
        subtle.verify("Ed25519", await publicKeyOf(publicKey), source(signature), source(message)),
      );
      return verified ?? false;
    },
  };
}

async function tryEd25519(part: Ed25519Part): Promise<boolean> {
  const seed = new Uint8Array(32).fill(1);
  const { publicKey } = await part.ed25519KeyPair(seed);
  const signature = await part.ed25519Sign(seed, seed);
  return (
    (await part.ed25519Verify(publicKey, seed, signature)) &&
    !(await part.ed25519Verify(publicKey, publicKey, signature))
  );
}

// ---- X-Wing

interface XwingSecret {
  readonly mlKem: CryptoKey;
  readonly x25519: CryptoKey;
  readonly x25519Public: Uint8Array;
}

function nativeXwing(): XwingPart {
  const secrets = new BoundedCache<string, Promise<XwingSecret>>(64);
  const secretOf = (seed: Uint8Array): Promise<XwingSecret> => {
    const id = bytesToCacheKey(seed);
    return secrets.get(id) ?? secrets.set(id, importSecret(seed));
  };
  return {
    xwingKeyPair: async (seed) => {
      const { mlKemSeed, x25519Secret } = expandXwingSeed(seed);
      const [mlKem, x25519] = await Promise.all([
        publicHalf(importMlKemSecret(mlKemSeed, true), "pub"),
        publicHalf(importX25519Secret(x25519Secret, true), "x"),
      ]);
      return { publicKey: joinXwingParts(mlKem, x25519), secretKey: seed.slice() };
    },
    xwingEncapsulate: async (publicKey) =>
      publicKey.length === XWING_PUBLIC_KEY_LENGTH && isMlKemPublicKey(publicKey)
        ? nullOnReject(() => encapsulate(publicKey))
        : null,
    xwingDecapsulate: async (secretKey, enc) => {
      if (secretKey.length !== XWING_SEED_LENGTH || enc.length !== XWING_ENC_LENGTH) return null;
      return nullOnReject(async () => decapsulate(await secretOf(secretKey), enc));
    },
  };
}

const importMlKemSecret = (seed: Uint8Array, isExtractable: boolean): Promise<CryptoKey> =>
  kem.importKey("raw-seed", source(seed), { name: "ML-KEM-768" }, isExtractable, ["decapsulateBits"]);

const importX25519Secret = (secret: Uint8Array, isExtractable: boolean): Promise<CryptoKey> =>
  subtle.importKey("pkcs8", source(joinXwingParts(PKCS8_X25519, secret)), "X25519", isExtractable, ["deriveBits"]);

async function importSecret(seed: Uint8Array): Promise<XwingSecret> {
  const { mlKemSeed, x25519Secret } = expandXwingSeed(seed);
  const [mlKem, x25519, x25519Public] = await Promise.all([
    importMlKemSecret(mlKemSeed, false),
    importX25519Secret(x25519Secret, false),
    publicHalf(importX25519Secret(x25519Secret, true), "x"),
  ]);
  return { mlKem, x25519, x25519Public };
}

const importX25519Public = (raw: Uint8Array): Promise<CryptoKey> =>
  subtle.importKey("raw", source(raw), "X25519", false, []);

async function agree(secret: CryptoKey, other: Uint8Array): Promise<Uint8Array> {
  const shared = await subtle.deriveBits({ name: "X25519", public: await importX25519Public(other) }, secret, 256);
  return new Uint8Array(shared);
}

async function encapsulate(publicKey: Uint8Array): Promise<{ enc: Uint8Array; secret: Uint8Array }> {
  const recipient = publicKey.slice(ML_KEM_PUBLIC_KEY_LENGTH);
  const mlKemKey = await kem.importKey(
    "raw-public",
    source(publicKey.slice(0, ML_KEM_PUBLIC_KEY_LENGTH)),
    { name: "ML-KEM-768" },
    false,
    ["encapsulateBits"],
  );
  const { sharedKey, ciphertext } = await kem.encapsulateBits({ name: "ML-KEM-768" }, mlKemKey);
  const pair = (await subtle.generateKey("X25519", false, ["deriveBits"])) as CryptoKeyPair;
  const ephemeral = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const agreed = await agree(pair.privateKey, recipient);
  return {
    enc: joinXwingParts(new Uint8Array(ciphertext), ephemeral),
    secret: combine(new Uint8Array(sharedKey), agreed, ephemeral, recipient),
  };
}

async function decapsulate({ mlKem, x25519, x25519Public }: XwingSecret, enc: Uint8Array): Promise<Uint8Array> {
  const ephemeral = enc.slice(ML_KEM_CIPHERTEXT_LENGTH);
  const shared = await kem.decapsulateBits(
    { name: "ML-KEM-768" },
    mlKem,
    source(enc.slice(0, ML_KEM_CIPHERTEXT_LENGTH)),
  );
  return combine(new Uint8Array(shared), await agree(x25519, ephemeral), ephemeral, x25519Public);
}

async function tryXwing(part: XwingPart): Promise<boolean> {
  const { publicKey, secretKey } = await part.xwingKeyPair(new Uint8Array(32).fill(2));
  const sent = await part.xwingEncapsulate(publicKey);
  const received = sent === null ? null : await part.xwingDecapsulate(secretKey, sent.enc);
  return sent !== null && received !== null && bytesToCacheKey(sent.secret) === bytesToCacheKey(received);
}

// ---- AES-256-GCM

function nativeAead(): AeadPart {
  const keys = new BoundedCache<string, Promise<CryptoKey>>(256);
  const keyOf = (raw: Uint8Array): Promise<CryptoKey> => {
    const id = bytesToCacheKey(raw);
    return keys.get(id) ?? keys.set(id, subtle.importKey("raw", source(raw), "AES-GCM", false, ["encrypt", "decrypt"]));
  };
  const parameters = (nonce: Uint8Array, aad: Uint8Array): AesGcmParams => ({
    name: "AES-GCM",
    iv: source(nonce),
    additionalData: source(aad),
  });
  return {
    aesGcmSeal: async (key, nonce, aad, plaintext) =>
      new Uint8Array(await subtle.encrypt(parameters(nonce, aad), await keyOf(key), source(plaintext))),
    aesGcmOpen: async (key, nonce, aad, ciphertext) => {
      if (ciphertext.length < 16 || nonce.length !== 12) return null;
      return nullOnReject(
        async () => new Uint8Array(await subtle.decrypt(parameters(nonce, aad), await keyOf(key), source(ciphertext))),
      );
    },
  };
}

async function tryAead(part: AeadPart): Promise<boolean> {
  const key = new Uint8Array(32).fill(3);
  const nonce = new Uint8Array(12);
  const sealed = await part.aesGcmSeal(key, nonce, nonce, key);
  const opened = await part.aesGcmOpen(key, nonce, nonce, sealed);
  return opened !== null && bytesToCacheKey(opened) === bytesToCacheKey(key);
}

/** WebCrypto rejects malformed keys and what does not open; to us both are refusals (P2). */
async function nullOnReject<T>(attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt();
  } catch {
    return null;
  }
}
