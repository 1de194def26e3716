/** A log under change. Lives inside one transition and is never handed out. */
import {
  MAX_AUTHORS,
  MAX_FORK_REPORTS,
  NEW_AUTHOR,
  type AuthorLog,
  type Head,
  type Hex,
  type Log,
  type LogEffect,
  type LogStep,
  type Missing,
  type PendingEvent,
  type SaidAgain,
  type StartEvent,
} from "./state.ts";

export interface Draft {
  readonly conversation: Hex;
  readonly self: Hex;
  readonly start: readonly StartEvent[];
  readonly startDepth: number;
  readonly authors: Map<Hex, AuthorLog>;
  readonly pending: Map<Hex, PendingEvent>;
  readonly missing: Map<Hex, Missing>;
  readonly askers: Map<Hex, { readonly tokens: number; readonly at: number }>;
  readonly again: Map<Hex, SaidAgain>;
  heads: readonly Head[];
  ackDueSince: number | null;
  lastWantAt: number;
  readonly effects: LogEffect[];
  /** Ids that were refused in this transition: nobody is asked for them again. */
  readonly refused: Set<Hex>;
  /** Everything that they need is here, or was given up; or their previous event is not what they say. */
  readonly ready: { readonly event: PendingEvent; readonly isChainBroken: boolean }[];
}

export const thaw = (log: Log): Draft => ({
  ...log,
  authors: new Map(log.authors),
  pending: new Map(log.pending),
  missing: new Map(log.missing),
  askers: new Map(log.askers),
  again: new Map(log.again),
  effects: [],
  refused: new Set(),
  ready: [],
});

export function freeze(draft: Draft): LogStep {
  const { effects, refused: _refused, ready: _ready, ...log } = draft;
  return { log, effects };
}

export const authorOf = (draft: Pick<Log, "authors">, author: Hex): AuthorLog =>
  draft.authors.get(author) ?? NEW_AUTHOR;

export function updateAuthorMutable(draft: Draft, author: Hex, change: Partial<AuthorLog>): void {
  draft.authors.set(author, { ...authorOf(draft, author), ...change });
}

export const hasRoomForAuthor = (draft: Draft, author: Hex): boolean =>
  draft.authors.has(author) || draft.authors.size < MAX_AUTHORS;

export function reportForkMutable(draft: Draft, author: Hex, sequence: number, ids: readonly [Hex, Hex]): void {
  const { forks } = authorOf(draft, author);
  if (forks >= MAX_FORK_REPORTS) return;
  updateAuthorMutable(draft, author, { forks: forks + 1 });
  draft.effects.push({ kind: "equivocation", author, sequence, ids });
}
