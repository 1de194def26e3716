/**
 * What every provider in JavaScript shares and no browser has to have: hashes, randomness, and X-Wing's own glue around
 * its two halves. Without curves, lattices and AES, which a browser with native ones never loads.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { argon2id } from "./argon2.ts";
import type { CryptoProvider } from "./provider.ts";
import { isXwingPublicKey, ML_KEM_SEED_LENGTH, XWING_SEED_LENGTH, xwingCombinerInput } from "./xwing.ts";

declare const crypto: { getRandomValues(into: Uint8Array): Uint8Array };

/** More than this in one call is refused by `getRandomValues`. */
const RANDOM_PIECE = 65_536;

export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_PIECE) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_PIECE));
  return bytes;
}

function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
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

export const combine = (
  mlKem: Uint8Array,
  agreed: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
): Uint8Array => sha3_256(xwingCombinerInput(mlKem, agreed, ephemeral, recipient));

export type HashPart = Pick<
  CryptoProvider,
  | "randomBytes"
  | "sha256"
  | "sha256Aside"
  | "sha512"
  | "hmacSha256"
  | "hmacSha512"
  | "shake256"
  | "equalSecrets"
  | "isXwingPublicKey"
  | "argon2id"
>;

export const hashPart = (): HashPart => ({
  randomBytes,
  sha256,
  sha256Aside: sha256,
  sha512,
  hmacSha256: (key, data) => hmac(sha256, key, data),
  hmacSha512: (key, data) => hmac(sha512, key, data),
  shake256: (data, length) => shake256(data, { dkLen: length }),
  equalSecrets,
  isXwingPublicKey,
  argon2id,
});
