/**
 * The cryptographic primitives, as a port. `provider.node.ts` and `provider.dom.ts` stand on native code,
 * `provider.noble.ts` on audited JavaScript where a browser lacks a primitive; all three are held to the same vectors.
 *
 * Everything is synchronous where the platform allows it: an asynchronous call costs more than the hash of a short
 * input. Callers `await` each `Awaitable`, which costs nothing when it is not a promise.
 *
 * P1 Secret keys of Ed25519, X25519 and X-Wing are their 32-byte seeds.
 * P2 A key, signature or ciphertext of the wrong length, or that does not verify, is `false` or `null`: never a throw.
 * P3 The caller owns all bytes that go in and come out; nothing is zeroed here.
 */

export type Awaitable<T> = T | Promise<T>;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export interface CryptoProvider {
  readonly name: "node" | "dom" | "noble" | "simulation";
  /** From the operating system; the simulation's come from its seed. */
  randomBytes(length: number): Uint8Array;

  sha256(data: Uint8Array): Uint8Array;
  /** The same, for inputs of some kilobytes, many at a time: beside this thread where that is quicker. */
  sha256Aside(data: Uint8Array): Awaitable<Uint8Array>;
  sha512(data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** FIPS 202, with an output of `length` bytes. */
  shake256(data: Uint8Array, length: number): Uint8Array;
  /** Time does not depend on where the inputs differ; unequal lengths are `false` at once. */
  equalSecrets(a: Uint8Array, b: Uint8Array): boolean;

  /** RFC 8032. Public keys 32 bytes, signatures 64. */
  ed25519KeyPair(seed: Uint8Array): Awaitable<KeyPair>;
  ed25519Sign(secretKey: Uint8Array, message: Uint8Array): Awaitable<Uint8Array>;
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;

  /** draft-connolly-cfrg-xwing-kem: public key 1216 bytes, encapsulation 1120, shared secret 32. */
  xwingKeyPair(seed: Uint8Array): Awaitable<KeyPair>;
  /** `null` when the public key is malformed. */
  xwingEncapsulate(publicKey: Uint8Array): Awaitable<{ readonly enc: Uint8Array; readonly secret: Uint8Array } | null>;
  xwingDecapsulate(secretKey: Uint8Array, enc: Uint8Array): Awaitable<Uint8Array | null>;
  /**
   * True for exactly those keys that `xwingEncapsulate` takes, a hundred times faster. Where a provider leaves it out, a
   * key is tried.
   */
  isXwingPublicKey?(publicKey: Uint8Array): boolean;

  /** AES-256-GCM with a 12-byte nonce and a 16-byte tag behind the ciphertext. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Awaitable<Uint8Array>;
  /** `null` when it does not open. */
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array | null>;

  /** RFC 9106, version 0x13, one lane. */
  argon2id(input: Argon2idInput): Promise<Uint8Array>;
}

export interface Argon2idInput {
  readonly password: Uint8Array;
  /** At least 8 bytes. */
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly length: number;
}
