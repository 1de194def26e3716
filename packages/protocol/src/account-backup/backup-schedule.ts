/**
 * When a device writes its backup, and to which nodes (spec/account-backup.md, section 5). State is data, so that it goes
 * on after a crash.
 *
 * AB11 A change of the chain or of the contacts is written after a minute, any other after ten minutes and at most once a
 *      day: what a node could tell from the times of writing is little more than that somebody lives. Who has just come
 *      back writes at once.
 * AB12 Whole, not in parts that change: see the figures in the spec. It is sealed for each node anew, and the parts are
 *      kept until that node has them, since under one version a node takes one blob.
 * AB13 Renewed 60 days before it expires, should nothing have changed for so long.
 */
import {
  bool,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  nullable,
  struct,
  uint,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import type { Hex } from "../log/state.ts";
import { MAX_BLOB_HOURS, MAX_CURSOR } from "../mailbox/limits.ts";
import { BACKUP_SLOTS } from "./backup-keys.ts";

const HOUR_MS = 3_600_000;
const URGENT_WAIT_MS = 60_000;
const QUIET_WAIT_MS = 600_000;
const LEAST_INTERVAL_MS = 24 * HOUR_MS;
const RENEW_BEFORE_MS = 60 * 24 * HOUR_MS;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 6 * HOUR_MS;
const MAX_COPIES = 64;
/** Asked of the node; a little less than it may refuse, for clocks that differ. */
export const BACKUP_HOURS = MAX_BLOB_HOURS - 48;

interface Copy {
  /** The device's own slot at this node, once it has one. */
  readonly slot: number | null;
  readonly counter: number;
  readonly expiresHour: number;
  readonly failures: number;
  readonly nextAt: number;
}

export interface BackupSchedule {
  /** Of the newest backup that this device made; 0 before the first. */
  readonly counter: number;
  readonly madeAt: number | null;
  /** Since when something is not in it. */
  readonly changedAt: number | null;
  readonly isUrgent: boolean;
  readonly copies: ReadonlyMap<Hex, Copy>;
}

export type BackupEffect =
  /** Make the content under this counter, seal it for each node, and keep both; then `made`. */
  | { readonly kind: "make"; readonly counter: number }
  /** Put all parts that were sealed for this node, the first last, so that who reads it finds the rest; then `stored` or `failed`. */
  | { readonly kind: "put"; readonly node: Hex; readonly slot: number | null; readonly counter: number };

const NEW_COPY: Copy = { slot: null, counter: 0, expiresHour: 0, failures: 0, nextAt: 0 };

/** For a new device: everything is still to be written, as if it had changed then. */
export const startBackupSchedule = (changedAt: number): BackupSchedule => ({
  counter: 0,
  madeAt: null,
  changedAt,
  isUrgent: true,
  copies: new Map(),
});

export type BackupOutcome =
  | { readonly kind: "changed"; readonly isUrgent: boolean }
  | { readonly kind: "made"; readonly counter: number }
  | {
      readonly kind: "stored";
      readonly node: Hex;
      readonly slot: number;
      readonly counter: number;
      readonly expiresHour: number;
    }
  | { readonly kind: "failed"; readonly node: Hex };

/** `random` in [0, 1). */
export function noteBackup(
  schedule: BackupSchedule,
  outcome: BackupOutcome,
  now: number,
  random: number,
): BackupSchedule {
  switch (outcome.kind) {
    case "changed": {
      const { changedAt, isUrgent } = schedule;
      return { ...schedule, changedAt: changedAt ?? now, isUrgent: isUrgent || outcome.isUrgent };
    }
    case "made":
      return { ...schedule, counter: outcome.counter, madeAt: now, changedAt: null, isUrgent: false };
    case "stored": {
      const { slot, counter, expiresHour } = outcome;
      return withCopy(schedule, outcome.node, { slot, counter, expiresHour, failures: 0, nextAt: 0 });
    }
    case "failed": {
      const copy = schedule.copies.get(outcome.node) ?? NEW_COPY;
      const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(copy.failures, 16));
      const nextAt = now + Math.round(wait * (0.5 + random / 2));
      return withCopy(schedule, outcome.node, { ...copy, failures: Math.min(copy.failures + 1, 0xffff), nextAt });
    }
  }
}

export interface BackupStep {
  readonly effects: readonly BackupEffect[];
  readonly wakeAt: number | null;
  /** Home nodes that have the newest backup. */
  readonly storedAt: number;
}

/** What to do now. `knownCounter`: the greatest of any sibling, from the register `backup-counter`. */
export function backupStep(
  schedule: BackupSchedule,
  input: { readonly homeNodes: readonly Hex[]; readonly knownCounter: number },
  now: number,
): BackupStep {
  const { homeNodes, knownCounter } = input;
  const copies = homeNodes.map((node) => ({ node, ...(schedule.copies.get(node) ?? NEW_COPY) }));
  const dueAt = makeDueAt(schedule, copies);
  const isDue = now >= dueAt;
  const counter = Math.max(schedule.counter, knownCounter) + 1;
  if (isDue && counter <= MAX_CURSOR) return { effects: [{ kind: "make", counter }], wakeAt: null, storedAt: 0 };
  const lacking = copies.filter((copy) => copy.counter < schedule.counter);
  const effects = lacking
    .filter(({ nextAt }) => isPast(nextAt, now))
    .map(({ node, slot }) => ({ kind: "put" as const, node, slot, counter: schedule.counter }));
  const waits = lacking.map(({ nextAt }) => nextAt).filter((nextAt) => !isPast(nextAt, now));
  const times = [...waits, dueAt].filter(Number.isFinite);
  return {
    effects,
    wakeAt: times.length === 0 ? null : Math.min(...times),
    storedAt: schedule.counter === 0 ? 0 : copies.length - lacking.length,
  };
}

/** AB11, AB13. */
function makeDueAt({ changedAt, isUrgent, madeAt, counter }: BackupSchedule, copies: readonly Copy[]): number {
  // A node that still lacks the newest gets it with a new term; made anew for it, none would ever be put.
  const newest = copies.filter((copy) => copy.counter > 0 && copy.counter === counter);
  const expiry = newest.map(({ expiresHour }) => expiresHour * HOUR_MS);
  const renewAt = expiry.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...expiry) - RENEW_BEFORE_MS;
  if (changedAt === null) return renewAt;
  if (isUrgent) return Math.min(renewAt, changedAt + URGENT_WAIT_MS);
  const quiet = Math.max(changedAt + QUIET_WAIT_MS, (madeAt ?? 0) + LEAST_INTERVAL_MS);
  return Math.min(renewAt, quiet);
}

/** Also when the clock was set back so far that the time would never come. */
const isPast = (at: number, now: number): boolean => at <= now || at > now + LONGEST_RETRY_MS;

const withCopy = (schedule: BackupSchedule, node: Hex, copy: Copy): BackupSchedule => {
  const copies = new Map(schedule.copies);
  // The node that was written last goes behind, so that those that are no home nodes any more give way first.
  copies.delete(node);
  copies.set(node, copy);
  const surplus = [...copies.keys()].slice(0, Math.max(0, copies.size - MAX_COPIES));
  for (const one of surplus) copies.delete(one);
  return { ...schedule, copies };
};

// ---- the form in the store

const hex = hexBytes(32);

const scheduleCodec = struct({
  version: literal(1, "newer-version"),
  counter: uint(MAX_CURSOR),
  madeAt: nullable(uint()),
  changedAt: nullable(uint()),
  isUrgent: bool,
  copies: list(
    struct({
      node: hex,
      slot: nullable(uint(BACKUP_SLOTS - 1)),
      counter: uint(MAX_CURSOR),
      expiresHour: uint(0xffff_ffff),
      failures: uint(0xffff),
      nextAt: uint(),
    }),
    { max: MAX_COPIES },
  ),
});

export function encodeBackupSchedule({ copies, ...rest }: BackupSchedule): Uint8Array {
  const all = [...copies].map(([node, copy]) => ({ node, ...copy }));
  return encode(scheduleCodec, { version: 1, ...rest, copies: all });
}

export function decodeBackupSchedule(encoded: Uint8Array): Result<BackupSchedule, DecodeError> {
  const read = decode(scheduleCodec, encoded);
  if (!read.ok) return read;
  const { version: _, copies, ...rest } = read.value;
  return { ok: true, value: { ...rest, copies: new Map(copies.map(({ node, ...copy }) => [node, copy])) } };
}
