/**
 * What this device keeps of the words to write backups (spec/account-backup.md, AB1): made with the profile, and kept
 * when the words are taken off the device.
 */
import { bytes, decode, encode, expectOk, literal, struct } from "@xchat/codec";
import { deriveBranch, wordsToEntropy, type CryptoProvider } from "@xchat/crypto";
import { backupKeys, type BackupKeys } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import type { StoreChange } from "../ports.ts";

export const BACKUP_KEYS_DOCUMENT = "backup-keys";

const codec = struct({
  version: literal(1, "newer-version"),
  sealKey: bytes({ length: 1216 }),
  placeSecret: bytes({ length: 32 }),
});

export const backupKeysChange = (keys: BackupKeys): StoreChange => ({
  document: BACKUP_KEYS_DOCUMENT,
  value: encode(codec, { version: 1, ...keys }),
});

export const decodeBackupKeys = (stored: Uint8Array): BackupKeys => expectOk(decode(codec, stored), "backup keys");

/** `entropy`: of the words. */
export const keysOfWords = (provider: CryptoProvider, entropy: Uint8Array): Promise<BackupKeys> =>
  backupKeys(provider, deriveBranch(provider, entropy, "account-backup"));

const WORD_ERRORS = {
  "wrong-word-count": "words-incomplete",
  "unknown-word": "words-unknown",
  "wrong-checksum": "words-mistyped",
} as const;

/**
 * What was typed, as entropy: the caller's, who forgets it.
 *
 * @throws IntentError
 */
export function readWords(provider: CryptoProvider, typed: string): Uint8Array {
  const entropy = wordsToEntropy(provider, typed);
  // Without the cause: it holds what was mistyped.
  if (!entropy.ok) throw new IntentError(WORD_ERRORS[entropy.error.reason]);
  return entropy.value;
}
