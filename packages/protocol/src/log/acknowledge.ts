/**
 * Acknowledgements and read positions (spec/event.md, section 8): cumulative for each author, batched, delayed, and
 * never parents of an event.
 *
 * LG11 An acknowledgement is believed only where it names an own event by number and id; what it says never shrinks.
 * LG12 What the chat went on without is not acknowledged: it is listed as lacking until it comes.
 * LG13 At most one acknowledgement is sent for all that came within `ACK_DELAY`; none in large groups.
 */
import {
  authorOf,
  freeze,
  hasRoomForAuthor,
  reportForkMutable,
  thaw,
  updateAuthorMutable,
  type Draft,
} from "./draft.ts";
import { claimMutable } from "./hold.ts";
import { hearOfAgainMutable } from "./said-again.ts";
import type { AckEntryFacts, AckRefusal, Hex, Log, LogStep, Lookup, Range } from "./state.ts";

export const ACK_DELAY = 1_000;
/** With more members than this nobody acknowledges: the cost would grow with the square. */
export const MAX_ACK_MEMBERS = 32;
const MAX_ENTRIES = 64;
const MAX_RANGES = 16;

export interface AckFacts {
  readonly tip: { readonly sequence: number; readonly id: Hex } | null;
  readonly entries: readonly AckEntryFacts[];
}

export interface PositionFacts {
  readonly author: Hex;
  readonly sequence: number;
  readonly id: Hex;
}

export interface Outgoing {
  readonly ack: AckFacts | null;
  readonly read: readonly PositionFacts[];
}

/**
 * What to send now. `isPiggyback`: a message goes out anyway, so the delay is not waited for. The log that comes back
 * counts it as sent: save it with the message that carries it.
 */
export function nextAck(
  log: Log,
  input: { readonly now: number; readonly memberCount: number; readonly isPiggyback: boolean },
): { readonly log: Log; readonly outgoing: Outgoing | null } {
  const dueAt = ackDueAt(log, input);
  const isDue = dueAt !== null && (input.isPiggyback || dueAt <= input.now);
  return isDue ? takeAck(log) : { log, outgoing: null };
}

/** When `nextAck` is to be called again; null while nothing waits. What has become due since it was asked is past. */
export function ackDueAt(
  { ackDueSince }: Log,
  { now, memberCount }: { readonly now: number; readonly memberCount: number },
): number | null {
  if (ackDueSince === null || memberCount > MAX_ACK_MEMBERS) return null;
  const dueAt = ackDueSince + ACK_DELAY;
  // A due time far ahead means that the clock was set back.
  return dueAt > now + ACK_DELAY ? now : dueAt;
}

/** The person has seen this event of another author, and all before it. */
export function markRead(log: Log, position: PositionFacts, now: number): Log {
  const state = authorOf(log, position.author);
  if (position.author === log.self || position.sequence <= (state.readMark?.sequence ?? -1)) return log;
  if (position.sequence > (state.tip?.sequence ?? -1)) return log;
  const { sequence, id } = position;
  const authors = new Map(log.authors).set(position.author, { ...state, readMark: { sequence, id }, isReadDue: true });
  return { ...log, authors, ackDueSince: log.ackDueSince ?? now };
}

/** `from`: leaf key of the member whose message carried it, as MLS authenticated it. */
export function receiveAck(log: Log, from: Hex, ack: AckFacts, lookup: Lookup, now: number): LogStep {
  const draft = thaw(log);
  if (from === log.self || !hasRoomForAuthor(draft, from)) return refuse(draft, from, "own-acknowledgement");
  if (ack.tip !== null) noteTipMutable(draft, from, ack.tip, now);
  hearOfAgainMutable(draft, from, ack.entries, lookup);
  const entry = ack.entries.find((candidate) => candidate.author === log.self);
  if (entry === undefined) return freeze(draft);
  const refusal = positionFault(draft, entry, lookup);
  if (refusal === "beyond-own-events") {
    // Either they lie, or this store is an old copy of itself: they are asked for the proof.
    claimMutable(draft, { author: log.self, sequence: entry.sequence, by: from }, now);
  }
  if (refusal !== null) return refuse(draft, from, refusal);
  const before = authorOf(draft, from).delivered;
  const lackingBefore = before ?? { upTo: -1, lacking: [] };
  const upTo = Math.max(lackingBefore.upTo, entry.sequence);
  const stillLacking = intersect(
    openEnded(lackingBefore, upTo),
    openEnded({ upTo: entry.sequence, lacking: entry.lacking }, upTo),
  );
  const delivered = { upTo, lacking: coalesce(stillLacking) };
  updateAuthorMutable(draft, from, { delivered });
  const ranges = intersect(openEnded(lackingBefore, upTo), complement(delivered.lacking, upTo));
  if (ranges.length > 0) draft.effects.push({ kind: "delivered", by: from, ranges });
  return freeze(draft);
}

export function receiveRead(log: Log, from: Hex, positions: readonly PositionFacts[], lookup: Lookup): LogStep {
  const draft = thaw(log);
  if (from === log.self || !hasRoomForAuthor(draft, from)) return refuse(draft, from, "own-acknowledgement");
  const position = positions.find((candidate) => candidate.author === log.self);
  if (position === undefined) return freeze(draft);
  const refusal = positionFault(draft, position, lookup);
  if (refusal !== null) return refuse(draft, from, refusal);
  if (position.sequence <= (authorOf(draft, from).readUpTo ?? -1)) return freeze(draft);
  updateAuthorMutable(draft, from, { readUpTo: position.sequence });
  draft.effects.push({ kind: "read", by: from, upTo: position.sequence });
  return freeze(draft);
}

function refuse(draft: Draft, by: Hex, reason: AckRefusal): LogStep {
  draft.effects.push({ kind: "ack-refused", by, reason });
  return freeze(draft);
}

/** What the sender says of own events: one beyond what is here is a gap at the end. */
function noteTipMutable(
  draft: Draft,
  from: Hex,
  claim: { readonly sequence: number; readonly id: Hex },
  now: number,
): void {
  const { tip } = authorOf(draft, from);
  if (tip !== null && tip.sequence === claim.sequence && tip.id !== claim.id) {
    reportForkMutable(draft, from, claim.sequence, [tip.id, claim.id]);
  }
  claimMutable(draft, { author: from, sequence: claim.sequence, by: from }, now);
}

function positionFault(draft: Draft, position: PositionFacts, lookup: Lookup): AckRefusal | null {
  const { tip } = authorOf(draft, draft.self);
  if (tip === null || position.sequence > tip.sequence) return "beyond-own-events";
  const id = position.sequence === tip.sequence ? tip.id : lookup.at(draft.self, position.sequence);
  return id === null || id === position.id ? null : "not-own-event";
}

function takeAck(log: Log): { readonly log: Log; readonly outgoing: Outgoing } {
  const authors = new Map(log.authors);
  const entries: AckEntryFacts[] = [];
  const read: PositionFacts[] = [];
  for (const [author, state] of log.authors) {
    const { tip, beside, lost, readMark } = state;
    const acks = state.isAckDue && tip !== null && entries.length < MAX_ENTRIES - 1;
    const reads = state.isReadDue && readMark !== null && read.length < MAX_ENTRIES;
    if (acks) entries.push({ author, sequence: tip.sequence, id: tip.id, lacking: coalesce(lost) });
    if (acks && beside !== null) entries.push({ author, ...beside, lacking: coalesce(lost) });
    if (reads) read.push({ author, ...readMark });
    if (acks || reads) {
      const left = { isAckDue: state.isAckDue && !acks, isReadDue: state.isReadDue && !reads };
      authors.set(author, { ...state, ...left, beside: acks ? null : beside });
    }
  }
  const isMore = [...authors.values()].some((state) => state.isAckDue || state.isReadDue);
  const tip = authorOf(log, log.self).tip;
  const ack = entries.length === 0 ? null : { tip: tip && { sequence: tip.sequence, id: tip.id }, entries };
  return { log: { ...log, authors, ackDueSince: isMore ? log.ackDueSince : null }, outgoing: { ack, read } };
}

// ---- sets of numbers, as ascending disjoint ranges

/** The numbers up to `limit` that are not delivered. */
function openEnded(
  { upTo, lacking }: { readonly upTo: number; readonly lacking: readonly Range[] },
  limit: number,
): readonly Range[] {
  const within = lacking.filter(({ from }) => from <= upTo).map(({ from, to }) => ({ from, to: Math.min(to, upTo) }));
  return upTo < limit ? [...within, { from: upTo + 1, to: limit }] : within;
}

function intersect(a: readonly Range[], b: readonly Range[]): readonly Range[] {
  const common: Range[] = [];
  for (const one of a) {
    for (const other of b) {
      const from = Math.max(one.from, other.from);
      const to = Math.min(one.to, other.to);
      if (from <= to) common.push({ from, to });
    }
  }
  return common.toSorted((x, y) => x.from - y.from);
}

function complement(ranges: readonly Range[], limit: number): readonly Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const { from, to } of ranges) {
    if (next < from) rest.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  return next <= limit ? [...rest, { from: next, to: limit }] : rest;
}

/** Joins the nearest until they fit: rather call something lacking that came than the other way round. */
function coalesce(ranges: readonly Range[]): readonly Range[] {
  const joined = ranges.map(({ from, to }) => ({ from, to })).toSorted((a, b) => a.from - b.from);
  for (let i = 1; i < joined.length;) {
    const [before, here] = [joined[i - 1] as Range, joined[i] as Range];
    if (here.from <= before.to + 1) joined.splice(i - 1, 2, { from: before.from, to: Math.max(before.to, here.to) });
    else i++;
  }
  while (joined.length > MAX_RANGES) {
    let nearest = 1;
    for (let i = 2; i < joined.length; i++) if (gapBefore(joined, i) < gapBefore(joined, nearest)) nearest = i;
    const [before, here] = [joined[nearest - 1] as Range, joined[nearest] as Range];
    joined.splice(nearest - 1, 2, { from: before.from, to: here.to });
  }
  return joined;
}

const gapBefore = (ranges: readonly Range[], i: number): number =>
  (ranges[i] as Range).from - (ranges[i - 1] as Range).to;
