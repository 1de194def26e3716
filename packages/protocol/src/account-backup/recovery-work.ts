/**
 * What is left to do once the chain has been recovered (spec/account-backup.md, section 7): a list of conversations that
 * are still to be rejoined, as data. Each conversation's members decide whether the new device comes in (spec/group.md);
 * here is only who is asked, when, and how often.
 *
 * AB17 First a backup under the new chain and the conversation of the own devices, so that a second loss costs nothing.
 * AB18 A conversation is asked after 1 min, 10 min, 1 h, 6 h, then daily, for 90 days; then it is shown as not reached,
 *      with the advice to be invited anew. Asking again by hand begins anew.
 * AB19 History is asked for after the rejoin, once, and given by whoever of the members agrees.
 */
import {
  bool,
  bytesToHex,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  struct,
  uint,
  word,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import type { Hex } from "../log/state.ts";
import { MAX_BACKUP_CONVERSATIONS, type BackupConversation } from "./backup-content.ts";

const STEPS = ["write-backup", "self-conversation"] as const;
export type RecoveryStep = (typeof STEPS)[number];

const STATES = ["waiting", "asked", "joined", "unreachable", "dropped"] as const;
export type RejoinState = (typeof STATES)[number];

const MINUTE = 60_000;
const WAITS_MS = [1, 10, 60, 360, 1_440].map((minutes) => minutes * MINUTE);
const PATIENCE_MS = 90 * 1_440 * MINUTE;
/** Rejoins that are begun at once: each is an exchange with nodes of its own. */
const MAX_AT_ONCE = 8;

interface Entry {
  readonly conversation: Hex;
  readonly state: RejoinState;
  readonly tries: number;
  readonly nextAt: number;
  /** When it was asked first: the 90 days count from here. */
  readonly since: number;
  readonly isHistoryAsked: boolean;
}

export interface RecoveryWork {
  readonly steps: readonly RecoveryStep[];
  /** In the order in which they are asked: pinned chats, then pairs, then groups. */
  readonly entries: readonly Entry[];
}

export type RecoveryEffect =
  | { readonly kind: "step"; readonly step: RecoveryStep }
  /** Deposit a request in the rejoin inbox and look for the answer; then `asked`, later `joined`. */
  | { readonly kind: "rejoin"; readonly conversation: Hex }
  | { readonly kind: "ask-history"; readonly conversation: Hex };

export type RecoveryOutcome =
  | { readonly kind: "step-done"; readonly step: RecoveryStep }
  | { readonly kind: "asked"; readonly conversation: Hex }
  | { readonly kind: "joined"; readonly conversation: Hex }
  | { readonly kind: "history-asked"; readonly conversation: Hex }
  /** The person wants it no more. */
  | { readonly kind: "dropped"; readonly conversation: Hex }
  | { readonly kind: "try-again"; readonly conversation: Hex };

export function startRecoveryWork(conversations: readonly BackupConversation[], now: number): RecoveryWork {
  const rank = (one: BackupConversation): number => one.rank ?? Number.MAX_SAFE_INTEGER;
  const ordered = conversations.toSorted(
    (a, b) => rank(a) - rank(b) || Number(a.kind === "group") - Number(b.kind === "group"),
  );
  const entries = ordered.map((one): Entry => {
    // Without a way to its inbox only a new invitation helps.
    const canAsk = one.rejoin !== null && one.nodes.length > 0;
    const state = canAsk ? "waiting" : "unreachable";
    return {
      conversation: bytesToHex(one.conversation),
      state,
      tries: 0,
      nextAt: now,
      since: now,
      isHistoryAsked: false,
    };
  });
  return { steps: STEPS, entries };
}

export interface RecoveryStepResult {
  readonly work: RecoveryWork;
  readonly effects: readonly RecoveryEffect[];
  readonly progress: { readonly total: number; readonly joined: number; readonly unreachable: readonly Hex[] };
  readonly wakeAt: number | null;
}

/** The one decision function. */
export function recoveryWorkStep(before: RecoveryWork, now: number): RecoveryStepResult {
  const entries = before.entries.map((entry) => giveUp(entry, now));
  const work = { ...before, entries };
  const open = entries.filter(({ state }) => state === "waiting" || state === "asked");
  const effects: RecoveryEffect[] = [];
  const [step] = work.steps;
  if (step !== undefined) effects.push({ kind: "step", step });
  else {
    const due = open.filter(({ nextAt }) => isPast(nextAt, now)).slice(0, MAX_AT_ONCE);
    for (const { conversation } of due) effects.push({ kind: "rejoin", conversation });
    for (const { conversation, state, isHistoryAsked } of entries) {
      if (state === "joined" && !isHistoryAsked) effects.push({ kind: "ask-history", conversation });
    }
  }
  const waits = open.map(({ nextAt }) => nextAt).filter((nextAt) => !isPast(nextAt, now));
  return {
    work,
    effects,
    progress: {
      total: entries.filter(({ state }) => state !== "dropped").length,
      joined: entries.filter(({ state }) => state === "joined").length,
      unreachable: entries.filter(({ state }) => state === "unreachable").map(({ conversation }) => conversation),
    },
    wakeAt: waits.length === 0 ? null : Math.min(...waits),
  };
}

export function noteRecoveryWork(work: RecoveryWork, outcome: RecoveryOutcome, now: number): RecoveryWork {
  if (outcome.kind === "step-done") return { ...work, steps: work.steps.filter((one) => one !== outcome.step) };
  const entries = work.entries.map((entry) =>
    entry.conversation === outcome.conversation ? noted(entry, outcome.kind, now) : entry,
  );
  return { ...work, entries };
}

// ---- below: one conversation

function noted(entry: Entry, kind: Exclude<RecoveryOutcome["kind"], "step-done">, now: number): Entry {
  switch (kind) {
    case "asked": {
      if (entry.state !== "waiting" && entry.state !== "asked") return entry;
      const wait = WAITS_MS[Math.min(entry.tries, WAITS_MS.length - 1)] as number;
      return { ...entry, state: "asked", tries: entry.tries + 1, nextAt: now + wait };
    }
    case "joined":
      return { ...entry, state: "joined" };
    case "history-asked":
      return { ...entry, isHistoryAsked: true };
    case "dropped":
      return entry.state === "joined" ? entry : { ...entry, state: "dropped" };
    case "try-again":
      return entry.state === "joined" ? entry : { ...entry, state: "waiting", tries: 0, nextAt: now, since: now };
  }
}

/** AB18. A clock that was set back begins the 90 days anew. */
function giveUp(entry: Entry, now: number): Entry {
  if (entry.state !== "asked") return entry;
  if (now < entry.since) return { ...entry, since: now };
  return now - entry.since < PATIENCE_MS ? entry : { ...entry, state: "unreachable" };
}

const isPast = (at: number, now: number): boolean => at <= now || at > now + (WAITS_MS.at(-1) as number);

// ---- the form in the store

const hex = hexBytes(32);

const workCodec: Codec<RecoveryWork & { readonly version: 1 }> = struct({
  version: literal(1, "newer-version"),
  steps: list(word(...STEPS), { max: STEPS.length }),
  entries: list(
    struct({
      conversation: hex,
      state: word(...STATES),
      tries: uint(0xffff_ffff),
      nextAt: uint(),
      since: uint(),
      isHistoryAsked: bool,
    }),
    { max: MAX_BACKUP_CONVERSATIONS },
  ),
});

export const encodeRecoveryWork = (work: RecoveryWork): Uint8Array =>
  encode(workCodec, { version: 1 as const, ...work });

export function decodeRecoveryWork(encoded: Uint8Array): Result<RecoveryWork, DecodeError> {
  const read = decode(workCodec, encoded);
  if (!read.ok) return read;
  const { version: _, ...work } = read.value;
  return { ok: true, value: work };
}
