/** What the parts of a step share: the session as it becomes, the effects so far, and when it wakes. */
import { decideTree, type Decision } from "./decide.ts";
import type { ForkFacts, Hex } from "./facts.ts";
import {
  COMMIT_SPREAD,
  MAX_INTENTS,
  type ForkEffect,
  type ForkEnvironment,
  type ForkSession,
  type Intent,
  type OwnCommit,
} from "./session-state.ts";
import { buildTree, type ForkTree } from "./tree.ts";

export interface Weighed {
  readonly tree: ForkTree;
  readonly decision: Decision;
}

/** Most inputs change no fact; what follows from the same facts is the same. */
const known = new WeakMap<ForkFacts, Weighed>();

export function weighed(facts: ForkFacts): Weighed {
  const before = known.get(facts);
  if (before !== undefined) return before;
  const tree = buildTree(facts);
  const made = { tree, decision: decideTree(tree) };
  known.set(facts, made);
  return made;
}

export interface Draft {
  session: ForkSession;
  readonly effects: ForkEffect[];
  wakeAt: number;
  readonly environment: ForkEnvironment;
}

export const setMutable = (draft: Draft, change: Partial<ForkSession>): void => {
  draft.session = { ...draft.session, ...change };
};

/** True when `at` has come; else the session wakes then. */
export function isDue(draft: Draft, at: number): boolean {
  if (at <= draft.environment.now) return true;
  draft.wakeAt = Math.min(draft.wakeAt, at);
  return false;
}

export function wantMutable(draft: Draft, wanted: Omit<Intent, "dueAt">): void {
  const { intents } = draft.session;
  if (intents.length >= MAX_INTENTS || intents.some(({ id }) => id === wanted.id)) return;
  const wait = wanted.isDecree ? 0 : draft.environment.random * COMMIT_SPREAD;
  setMutable(draft, { intents: [...intents, { ...wanted, dueAt: draft.environment.now + wait }] });
}

export const changeOwnMutable = (draft: Draft, commit: OwnCommit): void =>
  setMutable(draft, { own: new Map(draft.session.own).set(commit.id, commit) });

export const seenAtOf = ({ session, environment }: Draft, id: Hex): number => session.seenAt.get(id) ?? environment.now;
