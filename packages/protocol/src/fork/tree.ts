/**
 * The candidates as a tree, and what can be proved against nodes and authors (spec/fork-rule.md, sections 2 and 3).
 *
 * Candidates whose parent is not in the tree are left out: they wait until it is.
 */
import {
  compareHex,
  type Candidate,
  type EpochPolicy,
  type ForkEvidence,
  type ForkFacts,
  type Hex,
  type SlotReceipt,
} from "./facts.ts";

export interface ForkTree {
  readonly root: Hex;
  readonly candidates: ReadonlyMap<Hex, Candidate>;
  policy(epoch: Hex): EpochPolicy;
  /** In the order of their ids. */
  children(epoch: Hex): readonly Candidate[];
  /** The slot receipts of an epoch, of its own home nodes alone. */
  receipts(epoch: Hex): readonly SlotReceipt[];
  /** FR6: nodes that have signed for two things in the slot of this epoch. */
  isGuilty(node: Hex, epoch: Hex): boolean;
  /** FR5: acts that count for nothing: their author forked, committed twice, or went back. */
  isDiscounted(candidate: Candidate): boolean;
  readonly evidence: readonly ForkEvidence[];
}

export function buildTree(facts: ForkFacts): ForkTree {
  const { candidates, children } = connected(facts);
  const policy = (epoch: Hex): EpochPolicy => candidates.get(epoch)?.policy ?? facts.root;
  const receipts = receiptsByEpoch(facts, policy, (epoch) => epoch === facts.root.id || candidates.has(epoch));
  const nodes = guiltyNodes(receipts);
  const faults = faultyAuthors(candidates);
  const forked = new Set(facts.forkedAuthors);
  const discounted = new Set<Hex>();
  for (const fault of faults) {
    if (fault.kind === "author-forked") forked.add(fault.author);
    else if (fault.kind === "author-went-back") discounted.add(fault.later);
    else for (const id of fault.candidates) discounted.add(id);
  }
  const guilty = new Set(nodes.map(({ node, epoch }) => `${node} ${epoch}`));
  return {
    root: facts.root.id,
    candidates,
    policy,
    children: (epoch) => children.get(epoch) ?? [],
    receipts: (epoch) => receipts.get(epoch) ?? [],
    isGuilty: (node, epoch) => guilty.has(`${node} ${epoch}`),
    isDiscounted: ({ id, author }) => forked.has(author) || discounted.has(id),
    evidence: [...nodes, ...faults],
  };
}

/** From an epoch up to the root, both included. */
export function ancestry(tree: Pick<ForkTree, "candidates">, epoch: Hex): readonly Hex[] {
  const line = [epoch];
  for (let at = tree.candidates.get(epoch); at !== undefined; at = tree.candidates.get(at.parent)) line.push(at.parent);
  return line;
}

// ---- building

interface Connected {
  readonly candidates: ReadonlyMap<Hex, Candidate>;
  readonly children: ReadonlyMap<Hex, readonly Candidate[]>;
}

function connected(facts: ForkFacts): Connected {
  const byParent = new Map<Hex, Candidate[]>();
  const inOrder = [...new Map(facts.candidates.map((one) => [one.id, one])).values()];
  for (const one of inOrder.toSorted((a, b) => compareHex(a.id, b.id))) {
    byParent.set(one.parent, [...(byParent.get(one.parent) ?? []), one]);
  }
  const candidates = new Map<Hex, Candidate>();
  const children = new Map<Hex, readonly Candidate[]>();
  const open = [facts.root.id];
  for (let epoch = open.pop(); epoch !== undefined; epoch = open.pop()) {
    const here = (byParent.get(epoch) ?? []).filter(({ id }) => id !== facts.root.id && !candidates.has(id));
    children.set(epoch, here);
    for (const one of here) {
      candidates.set(one.id, one);
      open.push(one.id);
    }
  }
  return { candidates, children };
}

function receiptsByEpoch(
  facts: ForkFacts,
  policy: (epoch: Hex) => EpochPolicy,
  isKnown: (epoch: Hex) => boolean,
): ReadonlyMap<Hex, readonly SlotReceipt[]> {
  const byEpoch = new Map<Hex, SlotReceipt[]>();
  for (const receipt of facts.receipts) {
    if (!isKnown(receipt.epoch) || !policy(receipt.epoch).homeNodes.includes(receipt.node)) continue;
    byEpoch.set(receipt.epoch, [...(byEpoch.get(receipt.epoch) ?? []), receipt]);
  }
  return byEpoch;
}

// ---- evidence

type Of<K extends ForkEvidence["kind"]> = Extract<ForkEvidence, { readonly kind: K }>;

/** FR6. */
function guiltyNodes(receipts: ReadonlyMap<Hex, readonly SlotReceipt[]>): readonly Of<"node-signed-twice">[] {
  const inOrder = [...receipts].toSorted(([a], [b]) => compareHex(a, b));
  return inOrder.flatMap(([epoch, here]) =>
    [...new Set(here.map(({ node }) => node))].toSorted(compareHex).flatMap((node) => {
      const signed = here.filter((receipt) => receipt.node === node).map(({ hash }) => hash);
      const [first, second] = [...new Set(signed)].toSorted(compareHex);
      if (first === undefined || second === undefined) return [];
      return [{ kind: "node-signed-twice" as const, node, epoch, hashes: [first, second] as const }];
    }),
  );
}

type AuthorEvidence = Of<"author-forked"> | Of<"author-committed-twice"> | Of<"author-went-back">;

/** FR5. */
function faultyAuthors(candidates: ReadonlyMap<Hex, Candidate>): readonly AuthorEvidence[] {
  const byAuthor = Map.groupBy(candidates.values(), ({ author }) => author);
  const authors = [...byAuthor.keys()].toSorted(compareHex);
  return authors.flatMap((author) => faultsOf(author, byAuthor.get(author) ?? [], candidates));
}

function faultsOf(
  author: Hex,
  commits: readonly Candidate[],
  candidates: ReadonlyMap<Hex, Candidate>,
): readonly AuthorEvidence[] {
  const faults: AuthorEvidence[] = [];
  /** Each epoch that the author had left or ended, with the first commit that shows it. */
  const left = new Map<Hex, Hex>();
  const moments = Map.groupBy(commits, sequenceOf);
  for (const moment of [...moments.keys()].toSorted((a, b) => a - b)) {
    const together = (moments.get(moment) ?? []).toSorted((a, b) => compareHex(a.id, b.id));
    const [first] = together as [Candidate];
    const other = together.find(({ previous }) => previous?.id !== first.previous?.id);
    if (other !== undefined) faults.push({ kind: "author-forked", author, candidates: [first.id, other.id] });
    for (const { id, parent } of together) {
      const earlier = left.get(parent);
      if (earlier !== undefined) faults.push({ kind: "author-went-back", author, earlier, later: id });
      const twin = together.find((one) => one.parent === parent && one.id !== id);
      if (twin !== undefined) faults.push({ kind: "author-committed-twice", author, candidates: [id, twin.id] });
    }
    for (const { id, parent } of together) {
      for (const epoch of ancestry({ candidates }, parent)) if (!left.has(epoch)) left.set(epoch, id);
    }
  }
  return faults;
}

const sequenceOf = ({ previous }: Candidate): number => previous?.sequence ?? -1;
