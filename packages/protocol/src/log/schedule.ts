/** When a missing event is asked for, and when the chat goes on without it (spec/event.md, section 7). */
import type { Repair } from "./state.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Wait before each question, from the one before it. The first lets the other way of delivery catch up. */
export const REPAIR_DELAYS: readonly number[] = [
  2 * SECOND,
  5 * SECOND,
  20 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  1 * HOUR,
  6 * HOUR,
  24 * HOUR,
];

/** After this a placeholder takes the place of what is missing, and what waited for it is shown. */
export const RELEASE_AFTER = MINUTE;
/** After progress the rest of a long gap is asked for soon. */
export const NEXT_BATCH_AFTER = 500;
/** How long the last question may be answered before it is told as lost. */
const LAST_PATIENCE = HOUR;
const LONGEST_DELAY = 30 * HOUR;

export const newRepair = (now: number): Repair => ({
  since: now,
  tries: 0,
  nextAt: now + (REPAIR_DELAYS[0] as number),
});

/** `random` in [0, 1): members of a group do not all ask at once. */
export function afterTry(repair: Repair, now: number, random: number): Repair {
  const tries = repair.tries + 1;
  const delay = REPAIR_DELAYS[tries] ?? LAST_PATIENCE;
  return { since: repair.since, tries, nextAt: now + Math.round(delay * (1 + random / 4)) };
}

/** `since` stays: an author who feeds one event at a time must not hold up what waits for ever. */
export const afterProgress = ({ since }: Pick<Repair, "since">, now: number): Repair => ({
  since,
  tries: 0,
  nextAt: now + NEXT_BATCH_AFTER,
});

/** Nobody is asked for it (any more). */
export const exhausted = (now: number): Repair => ({
  since: now,
  tries: REPAIR_DELAYS.length,
  nextAt: now + LAST_PATIENCE,
});

export const isExhausted = (repair: Repair): boolean => repair.tries >= REPAIR_DELAYS.length;

export const isOver = (repair: Repair, now: number): boolean => isExhausted(repair) && isDue(repair, now);

/** A clock that was set back must not put a question off for years. */
export const isDue = (repair: Repair, now: number): boolean =>
  repair.nextAt <= now || repair.nextAt > now + 2 * LONGEST_DELAY;

export const releaseAt = (repair: Repair): number => repair.since + RELEASE_AFTER;

export const isReleaseDue = (repair: Repair, now: number): boolean =>
  releaseAt(repair) <= now || repair.since > now + RELEASE_AFTER;
