/** What goes when an epoch is final, or a candidate has given way (spec/fork-rule.md, section 7). */
import type { Hex } from "@xchat/protocol";
import type { Parts } from "./parts.ts";
import { membersOf, receiptName, type ForkState } from "./state.ts";

/** Material of what the session has let go. The new root is among the candidates that go, and its snapshot stays. */
export function forgetParts(
  parts: Parts,
  gone: { readonly epochs: readonly Hex[]; readonly candidates: readonly Hex[] },
  root: Hex,
): void {
  for (const id of new Set([...gone.epochs, ...gone.candidates])) if (id !== root) parts.write("epoch", id, null);
  for (const id of gone.candidates) {
    parts.write("sealed", id, null);
    parts.write("own", id, null);
  }
}

/** The tree may have a new root: its members are counted while what leads to it is still known. */
export function rooted(state: ForkState): ForkState {
  const { root } = state.session.facts;
  if (root.id === state.root.id) return state;
  const place = state.commits.get(root.id)?.place ?? state.root.place;
  return { ...state, root: { ...root, place, members: membersOf(state, root.id) } };
}

/** Keeps what the session knows, and own commits that were taken back as long as their epoch is open. */
export function pruned(parts: Parts, state: ForkState): ForkState {
  const { facts, own } = state.session;
  const present = new Set(facts.candidates.map(({ id }) => id));
  const isOpen = (epoch: Hex): boolean => epoch === facts.root.id || present.has(epoch);
  const commits = new Map(
    [...state.commits].filter(([id, { candidate }]) => present.has(id) || (own.has(id) && isOpen(candidate.parent))),
  );
  const names = new Set(facts.receipts.map(receiptName));
  const receipts = new Map([...state.receipts].filter(([name]) => names.has(name)));
  const gone = [...state.commits.keys()].filter((id) => !commits.has(id));
  for (const id of gone.filter((one) => one !== facts.root.id)) {
    for (const kind of ["sealed", "own", "epoch"] as const) parts.write(kind, id, null);
  }
  const kept = new Map([...own].filter(([id]) => commits.has(id) || id === facts.root.id));
  return {
    ...state,
    session: kept.size === own.size ? state.session : { ...state.session, own: kept },
    commits: commits.size === state.commits.size ? state.commits : commits,
    receipts: receipts.size === state.receipts.size ? state.receipts : receipts,
  };
}
