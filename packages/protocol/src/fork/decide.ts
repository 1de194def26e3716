/**
 * The fork rule of a conversation (spec/fork-rule.md, section 4): which of several commits of one epoch counts. A function
 * of the set of facts: not of the order in which they came, of a clock, or of the length of a branch.
 *
 * From the root on, epoch by epoch, each candidate is weighed with all that was built on it (its branch):
 *
 * FR7  Levels are those of the epoch where the fork is, so that no branch can promote its own authors. What one of higher
 *      level granted within the branch lends their level to it.
 * FR8  Authority: a branch is overruled when somebody decreed, in any branch, who outranks everyone who committed in it.
 *      Witnesses do not count here: nodes must not be able to undo a removal.
 * FR9  Witnesses: of the others, one with a certificate goes before those without. Two certificates prove a node guilty:
 *      then the receipts of those nodes count that signed once.
 * FR10 Weight: then the greatest authority with which policy or membership was changed, in the branch.
 * FR11 Order: then the least rank, then the least id.
 */
import {
  compareHex,
  levelOf,
  type Candidate,
  type EpochPolicy,
  type ForkEvidence,
  type ForkFacts,
  type Hex,
} from "./facts.ts";
import { buildTree, type ForkTree } from "./tree.ts";

export type DecidedBy = "alone" | "authority" | "witnesses" | "weight" | "order";

export interface ForkVerdict {
  readonly epoch: Hex;
  readonly winner: Hex;
  /** The first rule that left one. */
  readonly by: DecidedBy;
  readonly losers: readonly { readonly id: Hex; readonly reason: Exclude<DecidedBy, "alone"> }[];
}

export interface Decision {
  /** The winners from the root on; the last one, or else the root, is where the conversation stands. */
  readonly path: readonly Hex[];
  readonly head: Hex;
  /** One for each epoch on the path that a commit ends. */
  readonly verdicts: readonly ForkVerdict[];
  readonly evidence: readonly ForkEvidence[];
}

export const decide = (facts: ForkFacts): Decision => decideTree(buildTree(facts));

export function decideTree(tree: ForkTree): Decision {
  const verdicts: ForkVerdict[] = [];
  let head = tree.root;
  for (let siblings = tree.children(head); siblings.length > 0; siblings = tree.children(head)) {
    const verdict = resolveFork(tree, head, siblings);
    verdicts.push(verdict);
    head = verdict.winner;
  }
  return { path: verdicts.map(({ winner }) => winner), head, verdicts, evidence: tree.evidence };
}

/** More than half of the epoch's home nodes have signed for this candidate. */
export const isCertified = (tree: ForkTree, candidate: Candidate): boolean =>
  signersOf(tree, candidate).length * 2 > tree.policy(candidate.parent).homeNodes.length;

// ---- one fork

function resolveFork(tree: ForkTree, epoch: Hex, siblings: readonly Candidate[]): ForkVerdict {
  const losers: ForkVerdict["losers"][number][] = [];
  let left = siblings.map((top) => weigh(tree, top));
  let by: DecidedBy = "alone";
  for (const [rule, keep] of RULES) {
    if (left.length === 1) break;
    const kept = keep(left);
    for (const { top } of left.filter((branch) => !kept.includes(branch))) losers.push({ id: top.id, reason: rule });
    left = kept;
    by = rule;
  }
  return { epoch, winner: (left[0] as Branch).top.id, by, losers };
}

/** Each keeps at least one of what it is given, the last exactly one. */
const RULES: readonly (readonly [Exclude<DecidedBy, "alone">, (branches: readonly Branch[]) => Branch[]])[] = [
  ["authority", (branches) => branches.filter(({ level }) => level >= greatest(branches, (one) => one.decree))],
  [
    "witnesses",
    (branches) =>
      mostOf(
        mostOf(branches, (one) => (one.isCertified ? 1 : 0)),
        certificateStrength,
      ),
  ],
  ["weight", (branches) => mostOf(branches, (one) => one.weight)],
  ["order", (branches) => branches.toSorted(byOrder).slice(0, 1)],
];

const greatest = (branches: readonly Branch[], of: (branch: Branch) => number): number => Math.max(...branches.map(of));

function mostOf(branches: readonly Branch[], of: (branch: Branch) => number): Branch[] {
  const most = greatest(branches, of);
  return branches.filter((branch) => of(branch) === most);
}

/** Without a certificate receipts say nothing: one node alone must not decide while the others are down. */
const certificateStrength = (branch: Branch): number => (branch.isCertified ? branch.innocent : 0);

const byOrder = (a: Branch, b: Branch): number => compareHex(a.top.rank, b.top.rank) || compareHex(a.top.id, b.top.id);

// ---- weighing

/** A candidate with everything that was built on it, seen from the epoch that it ends. */
interface Branch {
  readonly top: Candidate;
  /** Of the highest author; `OUTSIDE` where all came from outside. */
  readonly level: number;
  /** Of the highest author of a decree that has force; `OUTSIDE` where there is none. */
  readonly decree: number;
  readonly weight: number;
  readonly isCertified: boolean;
  /** Receipts of nodes that signed once. */
  readonly innocent: number;
}

/** Below a member: who comes from outside, and acts that are discounted. */
const OUTSIDE = -1;

function weigh(tree: ForkTree, top: Candidate): Branch {
  const base = tree.policy(top.parent);
  let level = OUTSIDE;
  let decree = OUTSIDE;
  let weight = 0;
  const open = [{ act: top, granted: OUTSIDE }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { act, granted } = next;
    const own = levelOfAct(tree, base, act, granted);
    // A proof against an author takes the force from what he did, not the protection from those who built on it:
    // otherwise a former owner could fork his own chain to undo his stepping down.
    const force = tree.isDiscounted(act) ? OUTSIDE : own;
    level = Math.max(level, own);
    if (act.isDecree) decree = Math.max(decree, force);
    weight = Math.max(weight, weightOf(act, force));
    const grants = act.kind === "policy" ? Math.max(granted, force) : granted;
    for (const child of tree.children(act.id)) open.push({ act: child, granted: grants });
  }
  const signers = signersOf(tree, top);
  const innocent = signers.filter((node) => !tree.isGuilty(node, top.parent)).length;
  return { top, level, decree, weight, isCertified: isCertified(tree, top), innocent };
}

/**
 * FR7. Of somebody who rose within the branch: the level of who raised them, at most.
 *
 * An external commit has none: whoever lost their state can be lured into any branch, with the rank of their account.
 */
function levelOfAct(tree: ForkTree, base: EpochPolicy, act: Candidate, granted: number): number {
  if (act.kind === "external") return OUTSIDE;
  const there = levelOf(tree.policy(act.parent), act.account);
  return Math.min(there, Math.max(levelOf(base, act.account), granted));
}

/** FR10: 0 from outside, 1 a member's, 2 a change by an admin or of own devices, 3 a change by the owner. */
function weightOf(act: Candidate, level: number): number {
  if (level === OUTSIDE) return 0;
  if (act.kind === "removal") return Math.max(2, level + 1);
  return act.kind === "policy" ? level + 1 : 1;
}

function signersOf(tree: ForkTree, candidate: Candidate): readonly Hex[] {
  const signed = tree.receipts(candidate.parent).filter((receipt) => receipt.candidate === candidate.id);
  return [...new Set(signed.map(({ node }) => node))];
}
