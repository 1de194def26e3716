/**
 * Removals that were undone (spec/fork-rule.md, section 6).
 *
 * FR17 Nothing is sealed for who was removed on a branch that was left, until that is done again.
 */
import { setMutable, weighed, type Draft } from "./draft.ts";
import { levelOf, type Candidate } from "./facts.ts";
import { MAX_INTENTS, type ForkSession, type UndoneRemoval } from "./session-state.ts";
import { ancestry, type ForkTree } from "./tree.ts";

/** FR17: what was removed on the way that was left and is not on the new one. */
export function remembered(
  undone: readonly UndoneRemoval[],
  left: readonly Candidate[],
  entered: readonly Candidate[],
): readonly UndoneRemoval[] {
  let kept = [...undone, ...left.flatMap(removalsOf)];
  for (const { kind, removes, author } of entered) {
    const gone = new Set(removes.map(({ leaf }) => leaf));
    // Who is to be out does not come back in by a new leaf; nor by the old one, should that commit be left again.
    kept = kept.flatMap((one) =>
      !gone.has(one.leaf) ? [one] : kind === "external" ? [one, { ...one, leaf: author }] : [],
    );
  }
  return kept.filter((one, i) => kept.findIndex(({ leaf, by }) => leaf === one.leaf && by === one.by) === i);
}

export const removalsOf = ({ kind, removes, account }: Candidate): readonly UndoneRemoval[] =>
  kind === "removal" ? removes.map((one) => ({ ...one, by: account })) : [];

/** For the session that follows when this device has to rejoin: every removal that it has applied, and what it wanted. */
export function carryOver(session: ForkSession): Pick<ForkSession, "undone" | "intents"> {
  const { facts, head, undone, removedBefore, own, making, intents } = session;
  const { tree } = weighed(facts);
  const line = ancestry(tree, head);
  const applied = line.flatMap((id) => tree.candidates.get(id) ?? []);
  // What was applied here need not be so where this device goes: the shell drops what is.
  const open = [...own.values()].flatMap(({ intent }) => intent ?? []);
  const wanted = [...intents, ...(making === null ? [] : [making]), ...open];
  return { undone: remembered([...undone, ...removedBefore], applied, []), intents: wanted.slice(0, MAX_INTENTS) };
}

/** FR17: only while whoever removed them could do it again, and they are there. */
export function holdMutable(draft: Draft, tree: ForkTree): void {
  const { undone, held, head } = draft.session;
  const policy = tree.policy(head);
  const inForce = undone.filter(({ leaf, account, by }) => {
    const mayRemove = by === account || levelOf(policy, by) > levelOf(policy, account);
    return mayRemove && draft.environment.members(head).some((one) => one.leaf === leaf);
  });
  const now = [...new Set(inForce.map(({ leaf }) => leaf))].toSorted();
  if (now.join() === held.join()) return;
  setMutable(draft, { held: now });
  draft.effects.push(now.length > 0 ? { kind: "hold", leaves: now } : { kind: "release" });
}
