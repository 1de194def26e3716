/**
 * The state of one conversation's event log (spec/event.md, section 6), and what its transitions answer.
 *
 * The log holds tips, heads, what is pending and what is missing; never all ids. What was shown lies in the store, and
 * a transition asks for it by `Lookup`. Ids, authors (leaf keys) and the conversation are lower-case hex here, so that
 * text order is byte order. Times are milliseconds since 1970 by this device's clock, which may jump.
 */
import { bytesToHex } from "@xchat/codec";
import type { SignedEvent } from "../event/event.ts";
import { isExhausted } from "./schedule.ts";

export type Hex = string;

// ---- limits, each with the attack that it stops

/** A stranger to the log costs an entry: members past and present of a group of 250 people with three devices. */
export const MAX_AUTHORS = 4_096;
/** Heads beyond these are never cited: only a forked author leaves more than one. */
export const MAX_HEADS = 64;
export const MAX_START = 24;
/** Events that wait, of all authors and of one: who floods loses his own, and they can be asked for again. */
export const MAX_PENDING = 1_024;
export const MAX_PENDING_OF_AUTHOR = 256;
/** Ids that the events of one author may make this device look for: sixteen bogus parents an event end here. */
export const MAX_MISSING_OF_AUTHOR = 64;
export const MAX_MISSING = 1_024;
export const MAX_LOST_RANGES = 32;
/**
 * An event whose parents nobody has may claim a depth this far past its author's own; the rest is refused. Wide enough
 * for what others have written meanwhile, and so narrow that the depths never run out.
 */
export const MAX_DEPTH_JUMP = 2 ** 24;
/** Reports of one author's forks; the first is enough to act on. */
export const MAX_FORK_REPORTS = 8;
/** Own events under a former leaf key whose arrival is still waited for, and members who have acknowledged one. */
export const MAX_AGAIN = 256;
export const MAX_AGAIN_BY = 64;

// ---- facts

/** What the log needs to know of an event. */
export interface EventFacts {
  readonly id: Hex;
  readonly conversation: Hex;
  /** Leaf key. */
  readonly author: Hex;
  readonly sequence: number;
  readonly depth: number;
  readonly previous: Hex | null;
  readonly parents: readonly Hex[];
}

export interface KnownEvent {
  readonly author: Hex;
  readonly sequence: number;
  readonly depth: number;
}

/** Shown events only, and every one shown before. `lookupKeys` tells which answers one transition can ask for. */
export interface Lookup {
  event(id: Hex): KnownEvent | null;
  at(author: Hex, sequence: number): Hex | null;
}

export const eventFacts = ({ id, header }: Pick<SignedEvent, "id" | "header">): EventFacts => ({
  id: bytesToHex(id),
  conversation: bytesToHex(header.conversation),
  author: bytesToHex(header.author.leafKey),
  sequence: header.sequence,
  depth: header.depth,
  previous: header.previous === null ? null : bytesToHex(header.previous),
  parents: header.parents.map(bytesToHex),
});

/** What to read from the store before `receiveEvent`. */
export const lookupKeys = (
  event: EventFacts,
): { readonly ids: readonly Hex[]; readonly position: { readonly author: Hex; readonly sequence: number } } => ({
  ids: [event.id, ...(event.previous === null ? [] : [event.previous]), ...event.parents],
  position: { author: event.author, sequence: event.sequence },
});

// ---- state

export interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

export interface Tip {
  readonly sequence: number;
  readonly id: Hex;
  readonly depth: number;
}

export interface StartEvent extends Tip {
  readonly author: Hex;
}

export interface Head {
  readonly id: Hex;
  readonly depth: number;
}

/** When something was noticed missing, how often it was asked for, and when it is asked for next. */
export interface Repair {
  readonly since: number;
  readonly tries: number;
  readonly nextAt: number;
}

/** Numbers of an author that the chat went on without. `endId` is the event with number `to`. */
export interface LostRange extends Repair, Range {
  readonly endId: Hex;
  /** Where the placeholder stands. */
  readonly depth: number;
}

/** An id that a pending event needs. */
export interface Missing extends Repair {
  readonly id: Hex;
  readonly citedBy: Hex;
  /** Known where it is the previous event of one that is here: then all between is missing as well. */
  readonly position: { readonly author: Hex; readonly to: number } | null;
  readonly depth: number;
  /** The chat has gone on without it; it is still asked for. */
  readonly isReleased: boolean;
}

export interface PendingEvent extends EventFacts {
  readonly unresolved: readonly Hex[];
  /** Greatest depth among the references that are known. */
  readonly deepest: number;
  /** True when a reference was given up. */
  readonly isIncomplete: boolean;
}

/** An own event under a former leaf key, said again. */
export interface SaidAgain extends Pick<EventFacts, "id" | "author" | "sequence" | "previous"> {
  /** Who has acknowledged it since. */
  readonly by: readonly Hex[];
}

/** What an acknowledgement says of one author. */
export interface AckEntryFacts {
  readonly author: Hex;
  readonly sequence: number;
  readonly id: Hex;
  readonly lacking: readonly Range[];
}

export interface AuthorLog {
  /** The shown event with the greatest number. */
  readonly tip: Tip | null;
  /** Of an author who has forked: what came last beside the tip, and is not acknowledged yet (LG18). */
  readonly beside: { readonly sequence: number; readonly id: Hex } | null;
  /** A number that the author (or, for own events, another member) says exists beyond what is here. */
  readonly claimed: (Repair & { readonly sequence: number; readonly by: Hex }) | null;
  readonly lost: readonly LostRange[];
  readonly forks: number;
  /** What of own events this author has acknowledged: all up to `upTo` but for `lacking`. */
  readonly delivered: { readonly upTo: number; readonly lacking: readonly Range[] } | null;
  /** Up to which own event this author has read. */
  readonly readUpTo: number | null;
  /** Up to which of this author's events the person here has read. */
  readonly readMark: { readonly sequence: number; readonly id: Hex } | null;
  readonly isAckDue: boolean;
  readonly isReadDue: boolean;
}

export interface Log {
  readonly conversation: Hex;
  /** Own leaf key. */
  readonly self: Hex;
  readonly authors: ReadonlyMap<Hex, AuthorLog>;
  /** Where history begins for a newcomer: events that were never here, and that others may cite; the deepest of them. */
  readonly start: readonly StartEvent[];
  /** What lies no deeper than this and is not here was said before this device came in; 0 for who was there from the start. */
  readonly startDepth: number;
  /** Shown events that no shown event cites. */
  readonly heads: readonly Head[];
  readonly pending: ReadonlyMap<Hex, PendingEvent>;
  readonly missing: ReadonlyMap<Hex, Missing>;
  /** What each member may still ask for. */
  readonly askers: ReadonlyMap<Hex, { readonly tokens: number; readonly at: number }>;
  /** Own events under former leaf keys (LG18). */
  readonly again: ReadonlyMap<Hex, SaidAgain>;
  /** Since when an acknowledgement or read position waits to be sent. */
  readonly ackDueSince: number | null;
  readonly lastWantAt: number;
}

// ---- answers

export type EventRefusal = "other-conversation" | "too-many-authors" | "chain-broken" | "bad-depth";
export type AckRefusal = "own-acknowledgement" | "beyond-own-events" | "not-own-event";

export type LogEffect =
  /** The event and everything that it needs is here. Its place in the chat is (depth, id). */
  | { readonly kind: "show"; readonly id: Hex; readonly author: Hex; readonly sequence: number; readonly depth: number }
  /** Keep it as pending: something that it needs is missing. */
  | { readonly kind: "hold"; readonly id: Hex }
  /** Do not keep it (any more): there is no room. It will be asked for again. */
  | { readonly kind: "drop"; readonly id: Hex }
  | { readonly kind: "duplicate"; readonly id: Hex }
  | { readonly kind: "refused"; readonly id: Hex; readonly reason: EventRefusal }
  /** Something is known to exist that is not here. `author` and numbers where they are known. */
  | ({ readonly kind: "gap"; readonly id: Hex } & GapPlace)
  | { readonly kind: "gap-closed"; readonly id: Hex }
  /** The chat goes on; the record with this id stands for what is missing. `show` of the same id replaces it. */
  | ({ readonly kind: "placeholder"; readonly id: Hex; readonly depth: number } & GapPlace)
  /** Nobody is asked any more. Should it come all the same, it is shown. */
  | { readonly kind: "lost"; readonly id: Hex }
  /** Two events of one author with one number: both signed headers together are the proof. */
  | {
      readonly kind: "equivocation";
      readonly author: Hex;
      readonly sequence: number;
      readonly ids: readonly [Hex, Hex];
    }
  /** Send this as a `want` item. */
  | { readonly kind: "want"; readonly asked: Hex; readonly ids: readonly Hex[]; readonly ranges: readonly WantRange[] }
  | { readonly kind: "delivered"; readonly by: Hex; readonly ranges: readonly Range[] }
  /** Of events that were said again. */
  | { readonly kind: "delivered-again"; readonly by: Hex; readonly ids: readonly Hex[] }
  | { readonly kind: "read"; readonly by: Hex; readonly upTo: number }
  /** An own event came that this store has never seen: the store is an old copy, or the device was cloned. */
  | { readonly kind: "behind"; readonly sequence: number }
  | { readonly kind: "ack-refused"; readonly by: Hex; readonly reason: AckRefusal };

export interface GapPlace {
  readonly author: Hex | null;
  /** 0 and 0 where the author is not known. */
  readonly from: number;
  readonly to: number;
}

export interface WantRange extends Range {
  readonly author: Hex;
}

export interface LogStep {
  readonly log: Log;
  readonly effects: readonly LogEffect[];
}

// ---- beginnings

export const NEW_AUTHOR: AuthorLog = {
  tip: null,
  beside: null,
  claimed: null,
  lost: [],
  forks: 0,
  delivered: null,
  readUpTo: null,
  readMark: null,
  isAckDue: false,
  isReadDue: false,
};

/** `start`: where history begins for a newcomer, as the Welcome's introduction names it; empty at the very start. */
export function startLog(input: {
  readonly conversation: Hex;
  readonly self: Hex;
  readonly start?: readonly StartEvent[];
  /** Where the line of the commit stands that brought the newcomer in: what lies before it is given to nobody (LG10). */
  readonly lineDepth?: number;
}): Log {
  const start = input.start ?? [];
  const byDepth = start.toSorted((a, b) => b.depth - a.depth);
  return {
    conversation: input.conversation,
    self: input.self,
    authors: new Map(start.map(({ author, ...tip }) => [author, { ...NEW_AUTHOR, tip }])),
    start: byDepth.slice(0, MAX_START),
    startDepth: Math.max(byDepth[0]?.depth ?? 0, (input.lineDepth ?? 0) - 1),
    heads: byDepth.slice(0, MAX_HEADS).map(({ id, depth }) => ({ id, depth })),
    pending: new Map(),
    missing: new Map(),
    askers: new Map(),
    again: new Map(),
    ackDueSince: null,
    lastWantAt: 0,
  };
}

/** Events that are known to exist, and are not here, and are not given up. */
export function missingCount(log: Log): number {
  let count = 0;
  for (const missing of log.missing.values()) {
    const { position } = missing;
    count += position === null ? 1 : position.to - gapStart(log, position.author, position.to) + 1;
  }
  for (const author of log.authors.values())
    for (const range of author.lost) if (!isExhausted(range)) count += range.to - range.from + 1;
  return count;
}

/** The first missing number of the run that ends at `to`. */
export function gapStart(log: Pick<Log, "authors" | "pending">, author: Hex, to: number): number {
  let from = 0;
  const tip = log.authors.get(author)?.tip;
  if (tip != null && tip.sequence < to) from = tip.sequence + 1;
  for (const event of log.pending.values()) {
    if (event.author === author && event.sequence < to) from = Math.max(from, event.sequence + 1);
  }
  return from;
}
