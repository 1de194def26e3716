/**
 * The one function that decides about an event (spec/event.md, section 6). An event goes in; what follows from it, for
 * it and for all that waited, comes out as effects in the order in which they hold.
 *
 * Invariants, for every log that these functions answer with:
 * LG1 An event is shown after its previous event and all of its parents, or after those were given up and told as gaps.
 * LG2 An event is shown once, whatever arrives how often and in which order.
 * LG3 Its place is (depth, id), both signed; a deeper event is never an ancestor of a less deep one. So two logs that
 *     have shown the same events show them in the same order.
 * LG4 Every event that is named and not here is in `missing`, in `lost` or behind `claimed`: no gap is silent.
 * LG5 All collections are bounded (see `state.ts`); what is dropped for want of room counts as missing.
 * LG6 Two events of one author with one number are both shown, and reported.
 */
import { MAX_PARENTS } from "../event/header.ts";
import {
  authorOf,
  freeze,
  hasRoomForAuthor,
  reportForkMutable,
  thaw,
  updateAuthorMutable,
  type Draft,
} from "./draft.ts";
import { holdMutable, refreshMissingMutable } from "./hold.ts";
import { afterProgress, exhausted, newRepair } from "./schedule.ts";
import {
  gapStart,
  MAX_DEPTH_JUMP,
  MAX_HEADS,
  MAX_LOST_RANGES,
  type EventFacts,
  type EventRefusal,
  type Hex,
  type KnownEvent,
  type Log,
  type LogStep,
  type Lookup,
  type LostRange,
  type PendingEvent,
} from "./state.ts";

/**
 * Takes an event whose form and author's signature were verified (`decodeEvent`, `verifyEvent`), whoever handed it
 * over. `lookup` sees every event that was shown before this call.
 */
export function receiveEvent(log: Log, event: EventFacts, lookup: Lookup, now: number): LogStep {
  const draft = thaw(log);
  receiveMutable(draft, event, lookup, now);
  settleMutable(draft, now);
  return freeze(draft);
}

function receiveMutable(draft: Draft, event: EventFacts, lookup: Lookup, now: number): void {
  if (event.conversation !== draft.conversation) return refuseMutable(draft, event, "other-conversation");
  if (isHere(draft, event.id, lookup)) {
    draft.effects.push({ kind: "duplicate", id: event.id });
    // LG17: the acknowledgement did not come to them.
    owesAckMutable(draft, event, now);
    return;
  }
  if (!hasRoomForAuthor(draft, event.author)) return refuseMutable(draft, event, "too-many-authors");
  const references = resolve(draft, event, lookup);
  if (references === null) return refuseAndReleaseMutable(draft, event, "chain-broken", now);
  noticeForkMutable(draft, event, lookup);
  if (event.author === draft.self) draft.effects.push({ kind: "behind", sequence: event.sequence });
  const pending: PendingEvent = { ...event, ...references };
  if (pending.unresolved.length > 0) return holdMutable(draft, pending, now);
  draft.ready.push({ event: pending, isChainBroken: false });
}

/** Takes an own event that was made from `prepareOwn` of this very log. @throws Error when it was not. */
export function appended(log: Log, event: EventFacts, now: number): LogStep {
  const tip = authorOf(log, log.self).tip;
  const isNext = event.sequence === (tip === null ? 0 : tip.sequence + 1) && event.previous === (tip?.id ?? null);
  if (event.author !== log.self || event.conversation !== log.conversation || !isNext) {
    throw Object.assign(new Error("not the next own event"), { name: "InvariantError", code: "broken-invariant" });
  }
  const draft = thaw(log);
  showMutable(draft, event);
  drainMutable(draft, event, now);
  settleMutable(draft, now);
  return freeze(draft);
}

/** What a new own event must name. Heads become parents; the own previous event is implied. */
export function prepareOwn(log: Log): {
  readonly sequence: number;
  readonly previous: Hex | null;
  readonly parents: readonly Hex[];
  readonly depth: number;
} {
  const tip = authorOf(log, log.self).tip;
  const others = log.heads.filter((head) => head.id !== tip?.id);
  const cited = others.toSorted((a, b) => b.depth - a.depth).slice(0, MAX_PARENTS);
  const deepest = Math.max(tip?.depth ?? 0, ...cited.map((head) => head.depth));
  return {
    sequence: tip === null ? 0 : tip.sequence + 1,
    previous: tip?.id ?? null,
    parents: cited.map((head) => head.id).toSorted(),
    depth: deepest + 1,
  };
}

/** Goes on without what `id` stands for: those that waited for it wait no longer. */
export function goOnWithoutMutable(draft: Draft, id: Hex, now: number): void {
  releaseMutable(draft, id);
  settleMutable(draft, now);
}

function releaseMutable(draft: Draft, id: Hex): void {
  const missing = draft.missing.get(id);
  if (missing === undefined || missing.isReleased) return;
  const from = missing.position === null ? 0 : gapStart(draft, missing.position.author, missing.position.to);
  draft.missing.set(id, { ...missing, isReleased: true });
  draft.effects.push({
    kind: "placeholder",
    id,
    author: missing.position?.author ?? null,
    from,
    to: missing.position?.to ?? 0,
    depth: missing.depth,
  });
  resolveWaitingMutable(draft, id, null);
}

// ---- what an event refers to

type References = Pick<PendingEvent, "unresolved" | "deepest" | "isIncomplete">;

/** `null` when the previous event is known and is not this author's event before this one. */
function resolve(draft: Draft, event: EventFacts, lookup: Lookup): References | null {
  const unresolved: Hex[] = [];
  let deepest = 0;
  let isIncomplete = false;
  for (const id of event.previous === null ? event.parents : [event.previous, ...event.parents]) {
    const known = findKnown(draft, id, lookup);
    if (known !== null) {
      if (id === event.previous && !isPreviousOf(known, event)) return null;
      deepest = Math.max(deepest, known.depth);
    } else if (isGivenUp(draft, event, id) || isFromBefore(draft, event)) isIncomplete = true;
    else unresolved.push(id);
  }
  return { unresolved, deepest, isIncomplete };
}

const isPreviousOf = (known: KnownEvent, event: EventFacts): boolean =>
  known.author === event.author && known.sequence === event.sequence - 1;

function findKnown(draft: Draft, id: Hex, lookup: Lookup): KnownEvent | null {
  const stored = lookup.event(id);
  if (stored !== null) return stored;
  // Where a newcomer's history starts, tips are known that were never here.
  for (const [author, { tip }] of draft.authors) if (tip?.id === id) return { author, ...tip };
  return draft.start.find((known) => known.id === id) ?? null;
}

/** What is cited lies less deep than who cites it: here, before this device came in, and nobody gives it (LG16). */
const isFromBefore = ({ startDepth }: Draft, event: EventFacts): boolean => event.depth <= startDepth + 1;

function isHere(draft: Draft, id: Hex, lookup: Lookup): boolean {
  return draft.pending.has(id) || findKnown(draft, id, lookup) !== null;
}

function isGivenUp(draft: Draft, event: EventFacts, id: Hex): boolean {
  // It is here and waits for something itself: whoever cites it waits with it.
  if (draft.pending.has(id)) return false;
  if (draft.missing.get(id)?.isReleased === true) return true;
  const before = event.sequence - 1;
  return (
    id === event.previous && authorOf(draft, event.author).lost.some(({ from, to }) => from <= before && before <= to)
  );
}

function noticeForkMutable(draft: Draft, event: EventFacts, lookup: Lookup): void {
  const { author, sequence, id, previous } = event;
  const { tip, lost } = authorOf(draft, author);
  const sibling =
    lookup.at(author, sequence) ??
    (tip?.sequence === sequence ? tip.id : null) ??
    lost.find((range) => range.to === sequence)?.endId ??
    [...draft.pending.values()].find((held) => held.author === author && held.sequence === sequence)?.id;
  if (sibling != null && sibling !== id) reportForkMutable(draft, author, sequence, [sibling, id]);
  else if (tip?.sequence === sequence - 1 && previous !== null && tip.id !== previous) {
    reportForkMutable(draft, author, sequence - 1, [tip.id, previous]);
  }
}

// ---- showing

/** A queue and no recursion: a chain of held events may be as long as the bound. */
function settleMutable(draft: Draft, now: number): void {
  for (let next = draft.ready.shift(); next !== undefined; next = draft.ready.shift()) {
    if (next.isChainBroken) refuseAndReleaseMutable(draft, next.event, "chain-broken", now);
    else integrateMutable(draft, next.event, now);
  }
}

function integrateMutable(draft: Draft, event: PendingEvent, now: number): void {
  if (!isDepthTrue(draft, event)) return refuseAndReleaseMutable(draft, event, "bad-depth", now);
  closeGapMutable(draft, event, now);
  showMutable(draft, event);
  owesAckMutable(draft, event, now);
  drainMutable(draft, event, now);
}

function owesAckMutable(draft: Draft, { author, sequence, id }: EventFacts, now: number): void {
  const { tip, forks, beside } = authorOf(draft, author);
  if (author === draft.self || tip === null) return;
  // LG18: the tip says nothing of another branch.
  const isBeside = forks > 0 && id !== tip.id;
  updateAuthorMutable(draft, author, { isAckDue: true, beside: isBeside ? { sequence, id } : beside });
  draft.ackDueSince ??= now;
}

/** Exact where all that it refers to is known; within bounds where something was given up. */
function isDepthTrue(draft: Draft, event: PendingEvent): boolean {
  if (!event.isIncomplete) return event.depth === event.deepest + 1;
  const base = Math.max(event.deepest, authorOf(draft, event.author).tip?.depth ?? 0);
  return event.depth > event.deepest && event.depth - base <= MAX_DEPTH_JUMP;
}

function showMutable(draft: Draft, event: EventFacts): void {
  const { id, author, sequence, depth } = event;
  const { tip } = authorOf(draft, author);
  const isNewest = tip === null || sequence > tip.sequence;
  if (isNewest) updateAuthorMutable(draft, author, { tip: { sequence, id, depth } });
  const cited = new Set(event.parents).add(event.previous ?? "");
  const heads = draft.heads.filter((head) => !cited.has(head.id));
  // What was asked for has been cited, and what lies behind its author's tip is an ancestor of it: neither is a head.
  if (isNewest && !draft.missing.has(id)) heads.push({ id, depth });
  draft.heads = heads.length <= MAX_HEADS ? heads : heads.toSorted((a, b) => b.depth - a.depth).slice(0, MAX_HEADS);
  draft.effects.push({ kind: "show", id, author, sequence, depth });
}

/** Tells which numbers the chat goes on without, or which of those this event brings back. */
function closeGapMutable(draft: Draft, event: PendingEvent, now: number): void {
  const { author, sequence, previous } = event;
  const { tip, lost, claimed } = authorOf(draft, author);
  const next = tip === null ? 0 : tip.sequence + 1;
  const range = lost.find(({ from, to }) => from <= sequence && sequence <= to);
  if (sequence > next && previous !== null) {
    // From before: nobody is asked, but for a while it may still come, and is not acknowledged.
    const unasked = isFromBefore(draft, event) ? exhausted(now) : newRepair(now);
    const { since, tries, nextAt } = draft.missing.get(previous) ?? unasked;
    draft.missing.delete(previous);
    const place = { from: next, to: sequence - 1, endId: previous, depth: event.depth - 1 };
    // One that was refused is not asked for; what lies before it is.
    if (!draft.refused.has(previous) || next < sequence - 1)
      addLostMutable(draft, author, { ...place, since, tries, nextAt });
  } else if (range !== undefined && (sequence !== range.to || event.id === range.endId))
    splitLostMutable(draft, event, range, now);
  if (claimed !== null && claimed.sequence <= sequence) updateAuthorMutable(draft, author, { claimed: null });
}

function addLostMutable(draft: Draft, author: Hex, range: LostRange): void {
  const all = [...authorOf(draft, author).lost, range].toSorted((a, b) => a.from - b.from);
  for (const { endId } of all.splice(0, all.length - MAX_LOST_RANGES)) draft.effects.push({ kind: "lost", id: endId });
  updateAuthorMutable(draft, author, { lost: all });
}

function splitLostMutable(draft: Draft, event: PendingEvent, range: LostRange, now: number): void {
  const { author, sequence, previous } = event;
  const isBefore = isFromBefore(draft, event);
  const { since, tries, nextAt } = isBefore ? range : afterProgress(range, now);
  const repair = { since, tries, nextAt };
  const parts: LostRange[] = [];
  if (range.from < sequence && previous !== null) {
    parts.push({ ...repair, from: range.from, to: sequence - 1, endId: previous, depth: event.depth - 1 });
  }
  if (sequence < range.to) parts.push({ ...range, ...repair, from: sequence + 1 });
  const others = authorOf(draft, author).lost.filter((other) => other !== range);
  updateAuthorMutable(draft, author, { lost: others });
  for (const part of parts.map((one) => endingBeforeHeld(draft, author, one)).filter((one) => one !== null)) {
    addLostMutable(draft, author, part);
    if (isBefore) continue;
    draft.effects.push({
      kind: "placeholder",
      id: part.endId,
      author,
      from: part.from,
      to: part.to,
      depth: part.depth,
    });
  }
  if (sequence === range.to) draft.effects.push({ kind: "gap-closed", id: range.endId });
}

/**
 * A gap never ends with an event that is here and waits for something else: its placeholder has the name of its last event,
 * and would be put in the place of that.
 */
function endingBeforeHeld(draft: Draft, author: Hex, range: LostRange): LostRange | null {
  const held = draft.pending.get(range.endId);
  if (held === undefined || held.author !== author) return range;
  if (held.previous === null || held.sequence <= range.from) return null;
  return endingBeforeHeld(draft, author, {
    ...range,
    to: held.sequence - 1,
    endId: held.previous,
    depth: held.depth - 1,
  });
}

// ---- what waited

function drainMutable(draft: Draft, event: EventFacts, now: number): void {
  if (draft.missing.delete(event.id)) draft.effects.push({ kind: "gap-closed", id: event.id });
  const isNewest = authorOf(draft, event.author).tip?.id === event.id;
  for (const missing of draft.missing.values()) {
    const isShrunk = isNewest && missing.position?.author === event.author && missing.position.to > event.sequence;
    if (isShrunk && !missing.isReleased) draft.missing.set(missing.id, { ...missing, ...afterProgress(missing, now) });
  }
  resolveWaitingMutable(draft, event.id, event);
}

/** `event` null: given up. */
function resolveWaitingMutable(draft: Draft, id: Hex, event: KnownEvent | null): void {
  for (const held of draft.pending.values()) {
    if (!held.unresolved.includes(id)) continue;
    const unresolved = held.unresolved.filter((other) => other !== id);
    const isIncomplete = held.isIncomplete || event === null;
    const waiting = { ...held, unresolved, deepest: Math.max(held.deepest, event?.depth ?? 0), isIncomplete };
    const isChainBroken = event !== null && id === held.previous && !isPreviousOf(event, held);
    if (unresolved.length > 0 && !isChainBroken) {
      draft.pending.set(held.id, waiting);
      continue;
    }
    draft.pending.delete(held.id);
    draft.ready.push({ event: waiting, isChainBroken });
  }
}

function refuseMutable(draft: Draft, event: EventFacts, reason: EventRefusal): void {
  draft.effects.push({ kind: "refused", id: event.id, reason });
}

/** Nothing better will come under this id, so those that wait for it need not, and nobody is asked for it again. */
function refuseAndReleaseMutable(draft: Draft, event: EventFacts, reason: EventRefusal, now: number): void {
  refuseMutable(draft, event, reason);
  draft.refused.add(event.id);
  refreshMissingMutable(draft, now);
  releaseMutable(draft, event.id);
  if (draft.missing.delete(event.id)) draft.effects.push({ kind: "lost", id: event.id });
}
