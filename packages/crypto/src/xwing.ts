/**
 * X-Wing (draft-connolly-cfrg-xwing-kem-09): what the three providers share. ML-KEM-768 and X25519 are theirs.
 *
 * X1 The secret key is a 32-byte seed; SHAKE-256 makes of it 64 bytes for ML-KEM (d ‖ z) and 32 for X25519.
 * X2 Public key = ML-KEM public key (1184) ‖ X25519 public key (32). Encapsulation = ML-KEM ciphertext (1088) ‖
 *    X25519 ephemeral public key (32).
 * X3 The X25519 part goes into the combiner together with its ciphertext and public key; ML-KEM binds its own.
 */
import { expectOk, hexToBytes } from "@xchat/codec";

export const XWING_SEED_LENGTH = 32;
export const XWING_PUBLIC_KEY_LENGTH = 1216;
export const XWING_ENC_LENGTH = 1120;
export const ML_KEM_SEED_LENGTH = 64;
export const ML_KEM_PUBLIC_KEY_LENGTH = 1184;
export const ML_KEM_CIPHERTEXT_LENGTH = 1088;

/** The label of the draft, section 5.3: the six characters \.//^\ in ASCII. */
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** What SHA3-256 hashes to the shared secret. All inputs have a fixed length, so nothing needs a length in front. */
export function xwingCombinerInput(
  mlKemSecret: Uint8Array,
  x25519Secret: Uint8Array,
  x25519Ephemeral: Uint8Array,
  x25519PublicKey: Uint8Array,
): Uint8Array {
  const input = new Uint8Array(134);
  input.set(mlKemSecret, 0);
  input.set(x25519Secret, 32);
  input.set(x25519Ephemeral, 64);
  input.set(x25519PublicKey, 96);
  input.set(LABEL, 128);
  return input;
}

/** `head ‖ tail` for public keys and encapsulations (X2). */
export function joinXwingParts(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head, 0);
  whole.set(tail, head.length);
  return whole;
}

/** FIPS 203, section 7.2: each of the 768 coefficients must be reduced. Not every implementation looks. */
export function isMlKemPublicKey(publicKey: Uint8Array): boolean {
  for (let i = 0; i < ML_KEM_PUBLIC_KEY_LENGTH - 32; i += 3) {
    const [a, b, c] = [publicKey[i] as number, publicKey[i + 1] as number, publicKey[i + 2] as number];
    if ((a | ((b & 0x0f) << 8)) >= ML_KEM_MODULUS || ((b >> 4) | (c << 4)) >= ML_KEM_MODULUS) return false;
  }
  return true;
}

/** True when both parts can be encapsulated to. */
export const isXwingPublicKey = (publicKey: Uint8Array): boolean =>
  publicKey.length === XWING_PUBLIC_KEY_LENGTH && isMlKemPublicKey(publicKey) && !isSmallOrder(publicKey);

/**
 * The u-coordinates whose order divides eight, in all encodings below 2^255, little-endian: with one of these the X25519
 * half of the secret would be zero, and RFC 7748, section 6.1, has it refused. Source: its section 4.1 and the field's
 * arithmetic (0, 1, p - 1, p, p + 1 and the two of order eight).
 */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
].map((encoded) => expectOk(hexToBytes(encoded), "point"));

/** Looks at the X25519 part of an X-Wing public key; the topmost bit does not count. */
function isSmallOrder(publicKey: Uint8Array): boolean {
  const last = publicKey[XWING_PUBLIC_KEY_LENGTH - 1] as number;
  return SMALL_ORDER.some((point) => {
    for (let i = 0; i < 31; i++) if (publicKey[ML_KEM_PUBLIC_KEY_LENGTH + i] !== point[i]) return false;
    return (last & 0x7f) === point[31];
  });
}

const ML_KEM_MODULUS = 3329;
