import { IntentError } from "../api.ts";

/** Short ones can be tried out by whoever has the disk, whatever the key derivation costs. */
export const MIN_PASSPHRASE_LENGTH = 8;

/** @throws IntentError */
export function checkPassphrase(passphrase: string | null): void {
  if (passphrase !== null && passphrase.length < MIN_PASSPHRASE_LENGTH) throw new IntentError("passphrase-too-short");
}
