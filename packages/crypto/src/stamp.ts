/**
 * Memory-hard stamps: what a stranger pays for a write. A stamp is a nonce for which Argon2id of the challenge begins
 * with `bits` zero bits. Checking one costs a single evaluation, making one costs 2^bits of them on average; memory makes
 * each dear on the hardware that floods are made with.
 *
 * S1 The challenge names who may use the stamp, for what, and when: otherwise one stamp buys many writes.
 * S2 The verifier's parameters count, never those that a peer claims.
 */
import type { CryptoProvider } from "./provider.ts";

export interface StampParameters {
  readonly memoryKiB: number;
  readonly passes: number;
  /** Leading zero bits, at most 32. */
  readonly bits: number;
}

/**
 * About 4 ms to check and 32 times that to make, in Node 24 and in Chromium on one core of a busy small machine. Of the
 * 4 ms, 1.5 are what WebAssembly costs to set up; 4 MiB would take 8 to 12.
 */
export const DEFAULT_STAMP: StampParameters = { memoryKiB: 2048, passes: 1, bits: 5 };

export const STAMP_NONCE_LENGTH = 8;

/**
 * Tries nonces from a random start until one fits; it gives way to other tasks between two trials.
 *
 * @throws Error with `code` "aborted" once `signal.aborted` is seen.
 */
export async function solveStamp(
  provider: CryptoProvider,
  challenge: Uint8Array,
  parameters: StampParameters,
  signal?: { readonly aborted: boolean },
): Promise<Uint8Array> {
  const nonce = provider.randomBytes(STAMP_NONCE_LENGTH);
  while (!(await verifyStamp(provider, challenge, nonce, parameters))) {
    if (signal?.aborted === true) throw Object.assign(new Error("the stamp is no longer wanted"), { code: "aborted" });
    incrementMutable(nonce);
  }
  return nonce;
}

/** False for a nonce of another length too; never throws for what a peer sent. */
export async function verifyStamp(
  provider: CryptoProvider,
  challenge: Uint8Array,
  nonce: Uint8Array,
  parameters: StampParameters,
): Promise<boolean> {
  if (nonce.length !== STAMP_NONCE_LENGTH) return false;
  const digest = await provider.argon2id({
    password: nonce,
    salt: provider.sha256(challenge),
    memoryKiB: parameters.memoryKiB,
    passes: parameters.passes,
    length: 32,
  });
  const head = new DataView(digest.buffer, digest.byteOffset, 4).getUint32(0);
  return Math.clz32(head) >= parameters.bits;
}

function incrementMutable(nonce: Uint8Array): void {
  for (let i = 0; i < nonce.length; i++) {
    nonce[i] = ((nonce[i] as number) + 1) & 0xff;
    if (nonce[i] !== 0) return;
  }
}
