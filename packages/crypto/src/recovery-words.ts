/**
 * The 24 words (BIP-39, English) that restore an identity: 256 bits of entropy and an 8-bit checksum.
 *
 * W1 The branches are derived from the entropy itself by HKDF, not from the BIP-39 seed. That seed is PBKDF2 with 2,048
 *    rounds and an optional passphrase: stretching adds nothing to 256 random bits, and a second secret that must be
 *    remembered is one more way to lose an account.
 * W2 Each branch has a label of its own, so that what one branch signs or seals says nothing of another.
 */
import { err, ok, utf8ToBytes, type Result } from "@xchat/codec";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { deriveKey, hkdfExtract } from "./kdf.ts";
import type { CryptoProvider } from "./provider.ts";

export const RECOVERY_WORD_COUNT = 24;
const ENTROPY_LENGTH = 32;

/** Chat and money never share a branch; a later one gets a new label here. */
export type RecoveryBranch = "identity-recovery" | "account-backup" | "payment";

export type RecoveryWordsError =
  | { readonly reason: "wrong-word-count"; readonly count: number }
  /** `position` counts from 1. For the person's own screen only: what was mistyped is nearly a secret. */
  | { readonly reason: "unknown-word"; readonly position: number; readonly word: string }
  | { readonly reason: "wrong-checksum" };

export const newRecoveryEntropy = (provider: CryptoProvider): Uint8Array => provider.randomBytes(ENTROPY_LENGTH);

/** @throws RangeError unless `entropy` has 32 bytes. */
export function entropyToWords(provider: CryptoProvider, entropy: Uint8Array): readonly string[] {
  if (entropy.length !== ENTROPY_LENGTH) throw new RangeError("recovery entropy has 32 bytes");
  const checked = new Uint8Array(ENTROPY_LENGTH + 1);
  checked.set(entropy, 0);
  checked[ENTROPY_LENGTH] = provider.sha256(entropy)[0] as number;
  return Array.from({ length: RECOVERY_WORD_COUNT }, (_, i) => wordlist[bitsAt(checked, i * 11)] as string);
}

/** Reads what a person typed or pasted: any case, any white space, and commas or numbers between the words. */
export function wordsToEntropy(provider: CryptoProvider, text: string): Result<Uint8Array, RecoveryWordsError> {
  const words = text
    .normalize("NFKD")
    .toLowerCase()
    .split(/[\s,;.:\d]+/u)
    .filter((word) => word !== "");
  if (words.length !== RECOVERY_WORD_COUNT) return err({ reason: "wrong-word-count", count: words.length });
  const checked = new Uint8Array(ENTROPY_LENGTH + 1);
  for (const [i, word] of words.entries()) {
    const index = wordlist.indexOf(word);
    if (index < 0) return err({ reason: "unknown-word", position: i + 1, word });
    putBitsAt(checked, i * 11, index);
  }
  const entropy = checked.slice(0, ENTROPY_LENGTH);
  return provider.sha256(entropy)[0] === checked[ENTROPY_LENGTH] ? ok(entropy) : err({ reason: "wrong-checksum" });
}

/** 32 bytes for one branch. */
export function deriveBranch(provider: CryptoProvider, entropy: Uint8Array, branch: RecoveryBranch): Uint8Array {
  const root = hkdfExtract(provider, utf8ToBytes("xchat/1 recovery"), entropy);
  return deriveKey(provider, root, branch, new Uint8Array(0), 32);
}

// ---- eleven bits a word, most significant first

function bitsAt(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let i = offset; i < offset + 11; i++) value = (value << 1) | (((bytes[i >> 3] as number) >> (7 - (i & 7))) & 1);
  return value;
}

function putBitsAt(bytesMutable: Uint8Array, offset: number, value: number): void {
  for (let i = 0; i < 11; i++) {
    const at = offset + i;
    if (((value >> (10 - i)) & 1) === 1)
      bytesMutable[at >> 3] = (bytesMutable[at >> 3] as number) | (1 << (7 - (at & 7)));
  }
}
