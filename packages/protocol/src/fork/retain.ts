/**
 * What is kept, and for how long (spec/fork-rule.md, section 7): which candidate goes when there are too many, and when
 * the tree loses its oldest epoch.
 */
import { decide, decideTree, isCertified } from "./decide.ts";
import { compareHex, type Candidate, type ForkFacts, type Hex } from "./facts.ts";
import { FINALITY, MAX_CANDIDATES, MAX_OPEN_EPOCHS, UNCERTIFIED_FINALITY, type ForkSession } from "./session-state.ts";
import { ancestry, buildTree, type ForkTree } from "./tree.ts";

/**
 * FR19: takes a candidate in; another goes where there are too many. The path stays what it is with all of them: only an
 * end of a losing branch goes, of the author who has most of them first.
 */
export function admit(facts: ForkFacts, candidate: Candidate, isKept: (id: Hex) => boolean): ForkFacts {
  if (facts.candidates.some(({ id }) => id === candidate.id)) return facts;
  const all = { ...facts, candidates: [...facts.candidates, candidate] };
  if (all.candidates.length <= MAX_CANDIDATES) return all;
  const { path } = decide(all);
  const onPath = new Set(path);
  const parents = new Set(all.candidates.map(({ parent }) => parent));
  const counts = new Map<Hex, number>();
  for (const { author } of all.candidates) counts.set(author, (counts.get(author) ?? 0) + 1);
  const ends = all.candidates
    .filter(({ id }) => !onPath.has(id) && !parents.has(id) && !isKept(id))
    .toSorted((a, b) => (counts.get(b.author) ?? 0) - (counts.get(a.author) ?? 0) || compareHex(b.id, a.id));
  for (const end of ends) {
    const without = { ...all, candidates: all.candidates.filter((one) => one !== end) };
    if (decide(without).path.join() === path.join()) return without;
  }
  return facts;
}

/** FR18, FR19: the epochs from the root on that are final, with the commit that ended each. */
export function finalEpochs(
  session: ForkSession,
  tree: ForkTree,
  members: readonly Hex[],
  now: number,
): readonly Hex[] {
  const { path } = decideTree(tree);
  const line = ancestry(tree, session.head);
  const applied = path.filter((id) => line.includes(id));
  const final: Hex[] = [];
  for (const [i, id] of applied.entries()) {
    const winner = tree.candidates.get(id) as Candidate;
    const age = now - (session.seenAt.get(id) ?? now);
    const certified = isCertified(tree, winner);
    const isPast = certified && members.every((member) => isHeadPast(session, tree, member, id));
    const isOld = age >= (certified ? FINALITY : UNCERTIFIED_FINALITY);
    if (!isPast && !isOld && applied.length - i <= MAX_OPEN_EPOCHS) break;
    final.push(id);
  }
  return final;
}

function isHeadPast({ heads }: ForkSession, tree: ForkTree, member: Hex, winner: Hex): boolean {
  const head = heads.get(member);
  return head !== undefined && ancestry(tree, head.epoch).includes(winner);
}

/** The facts without what lies before `root`, a winner, or beside it. */
export function closeUpTo(facts: ForkFacts, root: Hex): { readonly facts: ForkFacts; readonly gone: readonly Hex[] } {
  const winner = facts.candidates.find(({ id }) => id === root) as Candidate;
  const rest = { ...facts, root: { id: root, ...winner.policy } };
  const kept = buildTree(rest).candidates;
  return {
    facts: {
      ...rest,
      candidates: facts.candidates.filter(({ id }) => kept.has(id)),
      receipts: facts.receipts.filter(({ epoch }) => epoch === root || kept.has(epoch)),
    },
    gone: facts.candidates.filter(({ id }) => !kept.has(id)).map(({ id }) => id),
  };
}
