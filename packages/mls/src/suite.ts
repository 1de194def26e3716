/**
 * The cipher suite of every conversation, MLS_256_XWING_AES256GCM_SHA512_Ed25519 (83, from draft-mahy-mls-xwing), on a
 * crypto provider: ts-mls asks for it through its own interface.
 */
import {
  hkdfExpand,
  hkdfExtract,
  prepareInfo,
  setupRecipient,
  setupSender,
  type CryptoProvider,
  type PreparedInfo,
} from "@xchat/crypto";
import type { CiphersuiteImpl, Hpke, PrivateKey, PublicKey } from "ts-mls";
import { CryptoError } from "ts-mls/mlsError.js";
import type { SecretTree as StockSecretTree } from "ts-mls/secretTree.js";
import { startSecretTree, type Kdf } from "./secret-tree.ts";
import { rememberingVerify } from "./verified-signatures.ts";

export const SUITE_NAME = "MLS_256_XWING_AES256GCM_SHA512_Ed25519";
export const AEAD_KEY_LENGTH = 32;
export const AEAD_NONCE_LENGTH = 12;

const EMPTY = new Uint8Array(0);

/** Synchronous: HKDF is a handful of hashes, and waiting would cost more than they do. */
export const kdfOf = (provider: CryptoProvider): Kdf => ({
  size: 64,
  keyLength: AEAD_KEY_LENGTH,
  nonceLength: AEAD_NONCE_LENGTH,
  expand: (secret, info, length) => hkdfExpand(provider, secret, info, length),
});

export const xwingSuite = (provider: CryptoProvider): CiphersuiteImpl => ({
  name: SUITE_NAME,
  hash: {
    digest: async (data) => provider.sha512(data),
    mac: async (key, data) => provider.hmacSha512(key, data),
    verifyMac: async (key, mac, data) => provider.equalSecrets(mac, provider.hmacSha512(key, data)),
  },
  kdf: {
    size: 64,
    extract: async (salt, input) => hkdfExtract(provider, salt, input),
    expand: async (secret, info, length) => hkdfExpand(provider, secret, info, length),
    // The state carries our own tree in this place; nothing of ts-mls looks into it.
    startSecretTree: (leafCount, encryptionSecret) =>
      startSecretTree(encryptionSecret.slice(), leafCount) as unknown as StockSecretTree,
  },
  signature: {
    sign: async (secretKey, message) => provider.ed25519Sign(secretKey, message),
    verify: rememberingVerify(provider),
    keygen: async () => {
      const { publicKey, secretKey } = await provider.ed25519KeyPair(provider.randomBytes(32));
      return { publicKey, signKey: secretKey };
    },
  },
  rng: { randomBytes: (length) => provider.randomBytes(length) },
  hpke: xwingHpke(provider),
});

function xwingHpke(provider: CryptoProvider): Hpke {
  const keyPair = async (seed: Uint8Array): Promise<{ privateKey: PrivateKey; publicKey: PublicKey }> => {
    const { publicKey, secretKey } = await provider.xwingKeyPair(seed);
    return { privateKey: handleOf(secretKey), publicKey: handleOf(publicKey) };
  };
  // ts-mls hands the same array to all recipients of one commit or Welcome, and never writes to it.
  const preparedInfos = new WeakMap<Uint8Array, PreparedInfo>();
  const prepared = (info: Uint8Array): PreparedInfo => {
    const known = preparedInfos.get(info) ?? prepareInfo(provider, info);
    preparedInfos.set(info, known);
    return known;
  };
  return {
    keyLength: AEAD_KEY_LENGTH,
    nonceLength: AEAD_NONCE_LENGTH,
    seal: async (publicKey, plaintext, info, aad = EMPTY) => {
      const sender = orThrow(await setupSender(provider, bytesOf(publicKey), prepared(info)), "malformed public key");
      return { enc: sender.enc, ct: await sender.context.seal(aad, plaintext) };
    },
    open: async (privateKey, enc, ciphertext, info, aad = EMPTY) => {
      const recipient = orThrow(
        await setupRecipient(provider, bytesOf(privateKey), enc, info),
        "malformed encapsulation",
      );
      return orThrow(await recipient.open(aad, ciphertext), "HPKE does not open");
    },
    exportSecret: async (publicKey, exporterContext, length, info) => {
      const sender = orThrow(await setupSender(provider, bytesOf(publicKey), info), "malformed public key");
      return { enc: sender.enc, secret: sender.context.exportSecret(exporterContext, length) };
    },
    importSecret: async (privateKey, exporterContext, enc, length, info) => {
      const recipient = orThrow(
        await setupRecipient(provider, bytesOf(privateKey), enc, info),
        "malformed encapsulation",
      );
      return recipient.exportSecret(exporterContext, length);
    },
    importPrivateKey: async (bytes) => handleOf(bytes),
    importPublicKey: async (bytes) => handleOf(bytes),
    exportPublicKey: async (key) => bytesOf(key),
    exportPrivateKey: async (key) => bytesOf(key),
    encryptAead: async (key, nonce, aad, plaintext) => provider.aesGcmSeal(key, nonce, aad ?? EMPTY, plaintext),
    decryptAead: async (key, nonce, aad, ciphertext) =>
      orThrow(await provider.aesGcmOpen(key, nonce, aad ?? EMPTY, ciphertext), "AES-GCM does not open"),
    // draft-connolly-cfrg-xwing-kem, section 5.6 (DeriveKeyPair): SHAKE-256 of the input is the seed.
    deriveKeyPair: (input) => keyPair(provider.shake256(input, 32)),
    generateKeyPair: () => keyPair(provider.randomBytes(32)),
  };
}

/** ts-mls carries keys as handles that it never looks into; ours are the bytes. */
const handleOf = <K extends PublicKey | PrivateKey>(bytes: Uint8Array): K => bytes as unknown as K;
const bytesOf = (key: PublicKey | PrivateKey): Uint8Array => key as unknown as Uint8Array;

/** The interface knows no other way to refuse than to throw; every caller of ts-mls in this package catches it. */
function orThrow<T>(value: T | null, what: string): T {
  if (value === null) throw new CryptoError(what);
  return value;
}
