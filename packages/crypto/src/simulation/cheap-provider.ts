/**
 * Cryptography for mass simulation: it behaves like the real one (what is sealed opens with its key alone, what is
 * signed verifies for its signer alone), protects nothing, and costs a tenth.
 *
 * CP1 It cannot ship: public keys mean something only in the `CheapKeys` of one world in one process, so that two
 *     programs could not even greet each other. A test holds that nothing outside of the testkit imports it, and that
 *     no bundle has it.
 * CP2 Everything is synchronous and a function of the seed: the same one gives the same bytes.
 */
import type { CryptoProvider, KeyPair } from "../provider.ts";
import { absorb, begin, finish, padded } from "./cheap-hash.ts";

/** Looked for in what is built (CP1): it must stay in the code whatever a bundler does to names. */
export const SIMULATION_MARK = "xchat-simulation-only: protects nothing";

/** All key pairs of a world: who verifies or encapsulates looks the secret half up. */
export class CheapKeys {
  readonly mark = SIMULATION_MARK;
  readonly #seeds = new Map<string, Uint8Array>();

  remember(publicKey: Uint8Array, seed: Uint8Array): void {
    this.#seeds.set(nameOf(publicKey), seed.slice());
  }

  seedOf(publicKey: Uint8Array): Uint8Array | undefined {
    return this.#seeds.get(nameOf(publicKey));
  }
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const XWING_PUBLIC_KEY_BYTES = 1216;
const XWING_ENC_BYTES = 1120;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** Keep the operations apart. */
const PURPOSE = {
  sha256: 1,
  sha512: 2,
  hmacSha256: 3,
  hmacSha512: 4,
  shake256: 5,
  signer: 6,
  signature: 7,
  recipient: 8,
  secret: 9,
  pad: 10,
  tag: 11,
  argon2id: 12,
} as const;

/** `random` gives 32-bit integers. */
export function cheapCryptoProvider(keys: CheapKeys, random: () => number): CryptoProvider {
  const randomBytes = (length: number): Uint8Array => bytesOf(random, length);
  return { name: "simulation", randomBytes, ...hashes, ...signatures(keys), ...agreement(keys, randomBytes), ...seals };
}

/** Bytes of a generator of 32-bit integers. */
export function bytesOf(random: () => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 4) {
    const word = random();
    for (let i = at; i < Math.min(at + 4, length); i++) bytes[i] = word >>> ((i - at) << 3);
  }
  return bytes;
}

function digest(purpose: number, length: number, ...inputs: readonly Uint8Array[]): Uint8Array {
  begin(purpose);
  for (const input of inputs) absorb(input);
  return finish(length);
}

const nameOf = (publicKey: Uint8Array): string =>
  String.fromCharCode.apply(null, publicKey.subarray(0, KEY_BYTES) as unknown as number[]);

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hashes = {
  sha256: (data: Uint8Array) => digest(PURPOSE.sha256, 32, data),
  sha256Aside: (data: Uint8Array) => digest(PURPOSE.sha256, 32, data),
  sha512: (data: Uint8Array) => digest(PURPOSE.sha512, 64, data),
  hmacSha256: (key: Uint8Array, data: Uint8Array) => digest(PURPOSE.hmacSha256, 32, key, data),
  hmacSha512: (key: Uint8Array, data: Uint8Array) => digest(PURPOSE.hmacSha512, 64, key, data),
  shake256: (data: Uint8Array, length: number) => digest(PURPOSE.shake256, length, data),
  equalSecrets: equal,
  argon2id: async ({ password, salt, memoryKiB, passes, length }) =>
    digest(PURPOSE.argon2id, length, password, salt, Uint8Array.of(memoryKiB, passes)),
} satisfies Partial<CryptoProvider>;

function signatures(keys: CheapKeys): Pick<CryptoProvider, "ed25519KeyPair" | "ed25519Sign" | "ed25519Verify"> {
  const sign = (seed: Uint8Array, message: Uint8Array): Uint8Array =>
    digest(PURPOSE.signature, SIGNATURE_BYTES, seed, message);
  return {
    ed25519KeyPair: (seed): KeyPair => {
      const publicKey = digest(PURPOSE.signer, KEY_BYTES, seed);
      keys.remember(publicKey, seed);
      return { publicKey, secretKey: seed.slice() };
    },
    ed25519Sign: sign,
    ed25519Verify: (publicKey, message, signature) => {
      const seed = publicKey.length === KEY_BYTES ? keys.seedOf(publicKey) : undefined;
      return seed !== undefined && equal(sign(seed, message), signature);
    },
  };
}

function agreement(
  keys: CheapKeys,
  randomBytes: (length: number) => Uint8Array,
): Pick<CryptoProvider, "xwingKeyPair" | "xwingEncapsulate" | "xwingDecapsulate" | "isXwingPublicKey"> {
  const secretOf = (seed: Uint8Array, enc: Uint8Array): Uint8Array =>
    digest(PURPOSE.secret, KEY_BYTES, seed, enc.subarray(0, KEY_BYTES));
  const seedOf = (publicKey: Uint8Array): Uint8Array | undefined =>
    publicKey.length === XWING_PUBLIC_KEY_BYTES ? keys.seedOf(publicKey) : undefined;
  return {
    isXwingPublicKey: (publicKey) => seedOf(publicKey) !== undefined,
    xwingKeyPair: (seed): KeyPair => {
      if (seed.length !== KEY_BYTES) throw new RangeError("an X-Wing seed has 32 bytes");
      const publicKey = new Uint8Array(XWING_PUBLIC_KEY_BYTES);
      publicKey.set(digest(PURPOSE.recipient, KEY_BYTES, seed));
      keys.remember(publicKey, seed);
      return { publicKey, secretKey: seed.slice() };
    },
    xwingEncapsulate: (publicKey) => {
      const seed = seedOf(publicKey);
      if (seed === undefined) return null;
      const enc = new Uint8Array(XWING_ENC_BYTES);
      enc.set(randomBytes(KEY_BYTES));
      return { enc, secret: secretOf(seed, enc) };
    },
    xwingDecapsulate: (secretKey, enc) =>
      secretKey.length === KEY_BYTES && enc.length === XWING_ENC_BYTES ? secretOf(secretKey, enc) : null,
  };
}

const seals: Pick<CryptoProvider, "aesGcmSeal" | "aesGcmOpen"> = {
  aesGcmSeal: (key, nonce, aad, plaintext) => {
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
    const body = sealed.subarray(0, plaintext.length);
    padded(plaintext, digest(PURPOSE.pad, TAG_BYTES, key, nonce), body);
    sealed.set(digest(PURPOSE.tag, TAG_BYTES, key, nonce, aad, body), plaintext.length);
    return sealed;
  },
  aesGcmOpen: (key, nonce, aad, ciphertext) => {
    if (ciphertext.length < TAG_BYTES || nonce.length !== NONCE_BYTES) return null;
    const body = ciphertext.subarray(0, ciphertext.length - TAG_BYTES);
    const tag = digest(PURPOSE.tag, TAG_BYTES, key, nonce, aad, body);
    if (!equal(tag, ciphertext.subarray(body.length))) return null;
    const plaintext = new Uint8Array(body.length);
    padded(body, digest(PURPOSE.pad, TAG_BYTES, key, nonce), plaintext);
    return plaintext;
  },
};
