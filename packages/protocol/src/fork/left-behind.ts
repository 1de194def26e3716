/**
 * Who came in on a branch that lost (spec/rejoin.md, RJ13 and RJ15): they know nothing of the fork, which lies before the epoch
 * in which they came.
 *
 * RJ15 A device that knows better tells them, once it is certain: its author at once, the others where nobody has.
 * RJ13 Nobody is told that they are out by a device that might have to go back.
 */
import { isCertified, type Decision } from "./decide.ts";
import { isDue, setMutable, weighed, type Draft } from "./draft.ts";
import type { Candidate, Hex } from "./facts.ts";
import { SETTLE_PATIENCE, type ForkSession } from "./session-state.ts";
import { ancestry, type ForkTree } from "./tree.ts";

type Members = (epoch: Hex) => readonly { readonly leaf: Hex; readonly account: Hex }[];

/** Name in `reported`. */
const told = (epoch: Hex): string => `left-behind ${epoch}`;
/** Name in `triedAt`: when it is to be told. */
const waiting = (epoch: Hex): string => `${epoch} left-behind`;

/** RJ15. */
export function tellLeftBehindMutable(draft: Draft, tree: ForkTree, decision: Decision): void {
  const { head, self, own } = draft.session;
  const line = ancestry(tree, head);
  const isApplied = new Set(line);
  for (const candidate of tree.candidates.values()) {
    if (isApplied.has(candidate.id) || draft.session.reported.has(told(candidate.id))) continue;
    const branch = branchOf(tree, candidate.id, isApplied);
    if (branch === null || !branch.ids.some((id) => mayLetIn(tree, id))) continue;
    if (!isCertain(tree, decision, line, branch.from)) continue;
    const there = draft.environment.members(candidate.id);
    if (!leavesOf(there).has(self)) continue;
    const before = leavesOf(draft.environment.members(branch.from));
    // Also who is here under the same leaf, added once more: whoever added them first was followed first.
    if (there.every(({ leaf }) => before.has(leaf))) continue;
    if (
      isTime(
        draft,
        candidate.id,
        branch.ids.some((id) => own.has(id)),
      )
    )
      tellMutable(draft, candidate.id);
  }
}

/** RJ15: this device is out, and takes leave of those who came in after the fork where it stood. */
export function takeLeaveMutable(draft: Draft, left: readonly Hex[], from: Hex): void {
  const before = leavesOf(draft.environment.members(from));
  for (const epoch of left) {
    if (draft.environment.members(epoch).some(({ leaf }) => !before.has(leaf))) tellMutable(draft, epoch);
  }
}

/** Somebody else has told them. */
export const toldMutable = (draft: Draft, epoch: Hex): void =>
  setMutable(draft, { reported: new Set(draft.session.reported).add(told(epoch)) });

/** RJ13: where this device stands is where the conversation stands, whatever nodes that are silent may say yet. */
export function isSure({ standing, facts, head }: ForkSession): boolean {
  const { tree, decision } = weighed(facts);
  if (standing !== "member" || decision.head !== head) return false;
  const line = ancestry(tree, head);
  return line.slice(1).every((epoch) => isCertain(tree, decision, line, epoch));
}

/**
 * RJ15: what somebody had told there before this device stood there itself says nothing to those who came in meanwhile: they
 * asked, and were answered from there.
 */
export function stoodThereMutable(draft: Draft, left: readonly Hex[]): void {
  const reported = new Set(draft.session.reported);
  const triedAt = new Map(draft.session.triedAt);
  for (const epoch of left) {
    reported.delete(told(epoch));
    triedAt.delete(waiting(epoch));
  }
  setMutable(draft, { reported, triedAt });
}

// ---- below

const leavesOf = (members: ReturnType<Members>): ReadonlySet<Hex> => new Set(members.map(({ leaf }) => leaf));

/** By it somebody may have come in, whatever is the weightiest that it does. */
const mayLetIn = (tree: ForkTree, id: Hex): boolean => tree.candidates.get(id)?.kind !== "update";

/** From an epoch beside the line back to where it leaves it. */
function branchOf(
  tree: ForkTree,
  epoch: Hex,
  line: ReadonlySet<Hex>,
): { readonly from: Hex; readonly ids: readonly Hex[] } | null {
  const ancestors = ancestry(tree, epoch);
  const at = ancestors.findIndex((id) => line.has(id));
  return at < 0 ? null : { from: ancestors[at] as Hex, ids: ancestors.slice(0, at) };
}

/** What this device has applied in this epoch stays, as far as anybody can know: a node that comes back can still sign else. */
function isCertain(tree: ForkTree, decision: Decision, line: readonly Hex[], epoch: Hex): boolean {
  const at = line.indexOf(epoch);
  const behind = line.slice(0, at).map((id) => tree.candidates.get(id) as Candidate);
  const winner = behind.at(-1);
  if (winner === undefined) return false;
  const verdict = decision.verdicts.find((one) => one.winner === winner.id);
  if (verdict === undefined) return false;
  return winner.isDecree || verdict.by === "authority" || behind.some((one) => isCertified(tree, one));
}

function isTime(draft: Draft, epoch: Hex, isOwn: boolean): boolean {
  const { triedAt } = draft.session;
  const { now, random } = draft.environment;
  const at = triedAt.get(waiting(epoch)) ?? now + (isOwn ? 0 : SETTLE_PATIENCE * (1 + random));
  if (!triedAt.has(waiting(epoch))) setMutable(draft, { triedAt: new Map(triedAt).set(waiting(epoch), at) });
  return isDue(draft, at);
}

function tellMutable(draft: Draft, epoch: Hex): void {
  toldMutable(draft, epoch);
  draft.effects.push({ kind: "tell-left-behind", epoch });
}
