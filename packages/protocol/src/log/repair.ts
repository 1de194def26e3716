/**
 * Gap repair (spec/event.md, section 7): what to ask whom for and when, when to go on without it, and what to answer
 * to those who ask here.
 *
 * LG7 Each gap is asked for at most `REPAIR_DELAYS.length` times between two signs of progress, then given up.
 * LG8 After `RELEASE_AFTER` what waited for a gap is shown behind a placeholder; the gap is asked for still.
 * LG9 Only members are asked; the author first, then whoever cited the event, then the others by turns.
 * LG10 Answers to one member are limited by a budget that refills; asking for more is free and gets nothing.
 */
import { authorOf, freeze, thaw, updateAuthorMutable, type Draft } from "./draft.ts";
import { goOnWithoutMutable } from "./receive.ts";
import { afterTry, isDue, isExhausted, isOver, isReleaseDue, releaseAt } from "./schedule.ts";
import { gapStart, MAX_AUTHORS, type Hex, type Log, type LogStep, type Repair, type WantRange } from "./state.ts";

const MAX_WANTED_IDS = 32;
const MAX_WANTED_RANGES = 16;
/** A question names no longer run than one answer may bring. */
const MAX_RANGE_LENGTH = 64;
const MIN_WANT_INTERVAL = 1_000;

export const GIVE_BURST = 512;
export const GIVE_PER_SECOND = 4;
/** Events in one answer, at most. */
export const MAX_GIVEN = 64;

export interface RepairInput {
  readonly now: number;
  /** Leaf keys of the present members, own one included or not. */
  readonly members: readonly Hex[];
  /** In [0, 1). */
  readonly random: number;
}

/** Everything that time alone decides about gaps. Call when the log has changed, and at `repairDueAt`. */
export function nextRepair(log: Log, input: RepairInput): LogStep {
  const draft = thaw(log);
  releaseDueMutable(draft, input.now);
  giveUpMutable(draft, input.now);
  askMutable(draft, input);
  return freeze(draft);
}

/**
 * When to call `nextRepair` again; `null` where nothing is missing. Never sooner than questions may follow one another:
 * what cannot be asked now must not keep the device awake.
 */
export function repairDueAt(log: Log, now: number): number | null {
  const draft = thaw(log);
  const times = allQuestions(draft).map(({ repair }) => repair.nextAt);
  for (const missing of draft.missing.values()) if (!missing.isReleased) times.push(releaseAt(missing));
  return times.length === 0 ? null : Math.max(now + MIN_WANT_INTERVAL, Math.min(...times));
}

/**
 * What to answer to a `want`: the part of it that the asker's budget allows. The caller reads these from the store and
 * sends as many as fit one payload.
 */
export function answerWant(
  log: Log,
  want: {
    readonly from: Hex;
    readonly asked: Hex;
    readonly ids: readonly Hex[];
    readonly ranges: readonly WantRange[];
  },
  now: number,
): { readonly log: Log; readonly ids: readonly Hex[]; readonly ranges: readonly WantRange[] } {
  if (want.asked !== log.self || want.from === log.self) return { log, ids: [], ranges: [] };
  const budget = log.askers.get(want.from) ?? { tokens: GIVE_BURST, at: now };
  const refill = (Math.max(0, now - budget.at) / 1_000) * GIVE_PER_SECOND;
  const tokens = Math.min(GIVE_BURST, budget.tokens + refill);
  let left = Math.min(MAX_GIVEN, Math.floor(tokens));
  const allowed = left;
  const ids = want.ids.slice(0, left);
  left -= ids.length;
  const ranges: WantRange[] = [];
  for (const range of want.ranges) {
    if (left === 0) break;
    const to = Math.min(range.to, range.from + left - 1);
    ranges.push({ ...range, to });
    left -= to - range.from + 1;
  }
  const askers = new Map(log.askers);
  // Whoever asked longest ago has a full budget by now, so forgetting them changes nothing.
  const [oldest] = [...askers.keys()];
  if (askers.size >= MAX_AUTHORS && oldest !== undefined && !askers.has(want.from)) askers.delete(oldest);
  askers.delete(want.from);
  askers.set(want.from, { tokens: tokens - (allowed - left), at: now });
  return { log: { ...log, askers }, ids, ranges };
}

// ---- time

function releaseDueMutable(draft: Draft, now: number): void {
  for (const missing of draft.missing.values()) {
    if (!missing.isReleased && isReleaseDue(missing, now)) goOnWithoutMutable(draft, missing.id, now);
  }
}

function giveUpMutable(draft: Draft, now: number): void {
  for (const missing of draft.missing.values()) {
    if (!missing.isReleased || !isOver(missing, now)) continue;
    draft.missing.delete(missing.id);
    draft.effects.push({ kind: "lost", id: missing.id });
  }
  for (const [author, { lost, claimed }] of draft.authors) {
    const kept = lost.filter((range) => !isOver(range, now));
    for (const range of lost) if (isOver(range, now)) draft.effects.push({ kind: "lost", id: range.endId });
    // Nothing waits for a claim and nothing proves it, so it ends without a trace.
    const endsClaim = claimed !== null && isOver(claimed, now);
    if (kept.length < lost.length || endsClaim)
      updateAuthorMutable(draft, author, { lost: kept, claimed: endsClaim ? null : claimed });
  }
}

// ---- questions

interface Question {
  readonly repair: Repair;
  readonly about: { readonly id: Hex } | { readonly range: WantRange };
  /** In order of preference. */
  readonly holders: readonly Hex[];
  readonly save: (repair: Repair) => void;
}

function askMutable(draft: Draft, { now, members, random }: RepairInput): void {
  const isTooSoon = now >= draft.lastWantAt && now - draft.lastWantAt < MIN_WANT_INTERVAL;
  if (isTooSoon) return;
  const others = [...new Set(members)].filter((member) => member !== draft.self);
  const asked = new Map<Hex, { ids: Hex[]; ranges: WantRange[] }>();
  for (const question of dueQuestions(draft, now)) {
    const member = chooseHolder(question, others);
    if (member === null) {
      // Nobody to ask is an answer too; otherwise this device would wake for it all the time.
      question.save(afterTry(question.repair, now, random));
      continue;
    }
    const want = asked.get(member) ?? { ids: [], ranges: [] };
    if (!addToWantMutable(want, question)) continue;
    asked.set(member, want);
    question.save(afterTry(question.repair, now, random));
  }
  for (const [member, want] of asked) draft.effects.push({ kind: "want", asked: member, ...want });
  if (asked.size > 0) draft.lastWantAt = now;
}

function dueQuestions(draft: Draft, now: number): readonly Question[] {
  // Those asked for least often first: a member who invents gaps cannot keep the questions of others waiting.
  return allQuestions(draft)
    .filter(({ repair }) => isDue(repair, now) && !isExhausted(repair))
    .toSorted((a, b) => a.repair.tries - b.repair.tries);
}

const allQuestions = (draft: Draft): readonly Question[] => [
  ...missingQuestions(draft),
  ...[...draft.authors.keys()].flatMap((author) => authorQuestions(draft, author)),
];

function missingQuestions(draft: Draft): readonly Question[] {
  return [...draft.missing.values()].map((missing) => {
    const { id, citedBy, position } = missing;
    const range = position && {
      author: position.author,
      from: gapStart(draft, position.author, position.to),
      to: position.to,
    };
    return {
      repair: missing,
      about: range === null ? { id } : { range },
      holders: [position?.author ?? citedBy, citedBy],
      save: (repair) => draft.missing.set(id, { ...missing, ...repair }),
    };
  });
}

function authorQuestions(draft: Draft, author: Hex): readonly Question[] {
  const { lost, claimed } = authorOf(draft, author);
  const questions: Question[] = lost.map((range) => ({
    repair: range,
    about: { range: { author, from: range.from, to: range.to } },
    holders: [author],
    save: (repair) => {
      const all = authorOf(draft, author).lost;
      const saved = all.map((one) => (one.endId === range.endId ? { ...one, ...repair } : one));
      updateAuthorMutable(draft, author, { lost: saved });
    },
  }));
  // A held event that covers the claim is looked after by what it misses itself.
  const from = claimed === null ? 0 : newestHere(draft, author) + 1;
  if (claimed !== null && from <= claimed.sequence) {
    questions.push({
      repair: claimed,
      about: { range: { author, from, to: claimed.sequence } },
      holders: [author, claimed.by],
      save: (repair) => updateAuthorMutable(draft, author, { claimed: { ...claimed, ...repair } }),
    });
  }
  return questions;
}

function newestHere(draft: Draft, author: Hex): number {
  let newest = authorOf(draft, author).tip?.sequence ?? -1;
  for (const held of draft.pending.values()) if (held.author === author) newest = Math.max(newest, held.sequence);
  return newest;
}

/** Twice the first choice, then everybody by turns. */
function chooseHolder({ holders, repair }: Question, members: readonly Hex[]): Hex | null {
  const preferred = [...new Set(holders)].filter((holder) => members.includes(holder));
  const others = members.filter((member) => !preferred.includes(member));
  const order = [...preferred, ...others];
  return order[Math.max(0, repair.tries - 1) % order.length] ?? null;
}

function addToWantMutable(want: { ids: Hex[]; ranges: WantRange[] }, { about }: Question): boolean {
  if ("id" in about) {
    if (want.ids.length >= MAX_WANTED_IDS) return false;
    want.ids.push(about.id);
    return true;
  }
  if (want.ranges.length >= MAX_WANTED_RANGES) return false;
  const { author, from, to } = about.range;
  want.ranges.push({ author, from, to: Math.min(to, from + MAX_RANGE_LENGTH - 1) });
  return true;
}
