/**
 * Other words for the same account (spec/account-backup.md, AB21): the chain gets another recovery key, and backups other
 * keys and places. All of it is one transaction, so that there are never two sets of words or none.
 */
import { newRecoveryEntropy } from "@xchat/crypto";
import { rotateWords } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { encodeProfile, PROFILE_DOCUMENT } from "../base/profile.ts";
import type { Session } from "../session.ts";
import { readWords } from "./backup-keys.ts";

const REFUSALS: { readonly [reason: string]: "words-of-another" | "chain-full" } = {
  "words-rotated-away": "words-of-another",
  "chain-too-long": "chain-full",
};

/**
 * `typed`: the present words, where this device does not have them any more.
 *
 * @throws IntentError
 */
export async function changeWords(session: Session, typed: string | null): Promise<void> {
  const { core, backup } = session;
  const { provider, clock } = core;
  const before = core.profile();
  const kept = before.recoveryEntropy;
  if (typed === null && kept === null) throw new IntentError("words-forgotten");
  const oldEntropy = typed === null ? (kept as Uint8Array) : readWords(provider, typed);
  const newEntropy = newRecoveryEntropy(provider);
  const input = { oldEntropy, newEntropy, chain: before.chain, now: clock.now() };
  const rotated = await rotateWords(provider, input);
  if (typed !== null) oldEntropy.fill(0);
  if (!rotated.ok) throw new IntentError(REFUSALS[rotated.error.reason] ?? "internal", rotated.error);
  const { chain, keys } = rotated.value;
  const part = { chain, recoveryEntropy: newEntropy, words: "unwritten" } as const;
  await backup.turnOn(keys, [{ document: PROFILE_DOCUMENT, value: encodeProfile({ ...before, ...part }) }]);
  session.profileWritten(part);
  // Contacts learn of it inside the conversations, so that nobody can show them the words of before (ID11).
  for (const chat of session.chats.values()) await chat.chainChanged();
}
