import { IntentError, MIN_PASSPHRASE_LENGTH } from "../api.ts";

/** @throws IntentError */
export function checkPassphrase(passphrase: string | null): void {
  if (passphrase !== null && passphrase.length < MIN_PASSPHRASE_LENGTH) throw new IntentError("passphrase-too-short");
}
