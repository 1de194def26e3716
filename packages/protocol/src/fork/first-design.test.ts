/**
 * The attacks that beat the rule as it was first designed, and that the rule of today withstands: each is a history, and
 * what both rules make of it (docs/decisions/0010-fork-rule.md).
 */
import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import { compareHex, type Candidate, type ForkFacts, type Hex, type SlotReceipt } from "./facts.ts";
import { mixed, modelCommit, type Change, type ModelCommit, type ModelEpoch } from "./test-model.ts";

const OWNER = "olga/1";
const MALLORY = "mallory/1";
const MAX = "max/1";
const BOB = "bob/1";

const ROOT: ModelEpoch = {
  id: mixed("root"),
  homeNodes: ["n1", "n2", "n3"],
  leaves: [OWNER, MALLORY, MAX, BOB],
  roles: new Map([
    ["olga", "owner"],
    ["mallory", "admin"],
  ]),
};

/**
 * The first design: one certificate wins; else who is removed by higher authority yields, unless an ancestor of that
 * removal; else the class of the commit alone, rank, id.
 */
function firstDesign({ root, candidates, receipts }: ForkFacts): readonly Hex[] {
  const path: Hex[] = [];
  for (let head = root.id; ;) {
    const siblings = candidates.filter(({ parent }) => parent === head);
    if (siblings.length === 0) return path;
    const certified = siblings.filter(
      ({ id }) =>
        receipts.filter((one) => one.epoch === head && one.candidate === id).length * 2 > root.homeNodes.length,
    );
    const isAncestor = (one: Candidate, of: Candidate): boolean =>
      one.id === of.parent || candidates.some((next) => next.id === of.parent && isAncestor(one, next));
    const isVoid = (one: Candidate): boolean =>
      candidates.some(
        (removal) =>
          removal.isDecree && removal.removes.some(({ leaf }) => leaf === one.author) && !isAncestor(one, removal),
      );
    const open = certified.length === 1 ? certified : siblings.filter((one) => !isVoid(one));
    const [winner] = open.toSorted(
      (a, b) => classOf(a) - classOf(b) || compareHex(a.rank, b.rank) || compareHex(a.id, b.id),
    );
    // Nothing valid to go on with: everybody waits.
    if (winner === undefined) return path;
    path.push(winner.id);
    head = winner.id;
  }
}

const classOf = ({ kind }: Candidate): number =>
  kind === "external" ? 2 : kind === "removal" || kind === "policy" ? 0 : 1;

/** Commits by name, each with the number of nodes that gave it the slot. */
class Story {
  readonly commits: ModelCommit[] = [];
  readonly receipts: SlotReceipt[] = [];

  /** `events`: how many the author has written by then. */
  commit(
    parent: ModelEpoch,
    author: Hex,
    change: Change,
    nodes: readonly Hex[] = [],
    events = this.commits.length,
  ): ModelCommit {
    const made = modelCommit({ parent, author, events, change, salt: this.salt });
    if (made === null) throw new Error(`${author} may not ${change.kind}`);
    this.commits.push(made);
    for (const node of nodes) this.receipts.push({ node, epoch: parent.id, hash: made.id, candidate: made.id });
    return made;
  }

  /** Varied until the attacker has the luck that he needs: half of all epochs give it. */
  salt = 0;

  facts(): ForkFacts {
    return { root: ROOT, candidates: this.commits, receipts: this.receipts, forkedAuthors: [] };
  }
}

const UPDATE: Change = { kind: "update" };
const REMOVE_MALLORY: Change = { kind: "removal", leaves: [MALLORY] };

/** Both rules; the first one with whatever luck the attacker can have among a few epochs. */
function expectMended(story: (world: Story) => ModelCommit): void {
  let beaten = 0;
  for (let salt = 0; salt < 16; salt++) {
    const world = new Story();
    world.salt = salt;
    const removal = story(world);
    if (!firstDesign(world.facts()).includes(removal.id)) beaten++;
    expect(decide(world.facts()).path).toContain(removal.id);
  }
  expect(beaten, "the first design withstands this: it is no attack").toBeGreaterThan(0);
}

describe("attacks that beat the first design", () => {
  it("[FR8] a race for the slots: the nodes were down when he was removed, and he is there first when they are back", () => {
    expectMended((world) => {
      const removal = world.commit(ROOT, OWNER, REMOVE_MALLORY);
      world.commit(removal.after, BOB, UPDATE, ["n1", "n2", "n3"]);
      world.commit(ROOT, MALLORY, UPDATE, ["n1", "n2", "n3"]);
      return removal;
    });
  });

  it("[FR8] two of three nodes refuse the removal and give the slot to a sibling", () => {
    expectMended((world) => {
      const removal = world.commit(ROOT, OWNER, REMOVE_MALLORY, ["n1"]);
      world.commit(ROOT, MALLORY, { kind: "removal", leaves: [BOB] }, ["n2", "n3"]);
      return removal;
    });
  });

  it("[FR8] [FR10] an accomplice who was not removed commits beside an ancestor of the removal", () => {
    expectMended((world) => {
      const before = world.commit(ROOT, BOB, UPDATE);
      const removal = world.commit(before.after, OWNER, REMOVE_MALLORY);
      const sibling = world.commit(ROOT, MAX, UPDATE);
      world.commit(sibling.after, MALLORY, { kind: "name", name: "mine" });
      return removal;
    });
  });

  it("[FR9] one node signs twice, another had not heard of the first: two certificates", () => {
    expectMended((world) => {
      const before = world.commit(ROOT, BOB, UPDATE, ["n1", "n2"]);
      const removal = world.commit(before.after, OWNER, REMOVE_MALLORY, ["n1", "n2", "n3"]);
      world.commit(ROOT, MAX, UPDATE, ["n2", "n3"]);
      return removal;
    });
  });

  it("[FR9] and where all three had signed for the first, two guilty nodes change nothing, even among equals", () => {
    const world = new Story();
    const first = world.commit(ROOT, BOB, UPDATE, ["n1", "n2", "n3"]);
    world.commit(ROOT, MALLORY, { kind: "name", name: "mine" }, ["n2", "n3"]);
    const decision = decide(world.facts());
    expect(decision.path).toEqual([first.id]);
    expect(decision.evidence.map(({ kind }) => kind)).toEqual(["node-signed-twice", "node-signed-twice"]);
  });

  it("[FR5] an author forks his own chain, and voids by it what others have built on his commit", () => {
    expectMendedByFork((world) => {
      const his = world.commit(ROOT, MALLORY, { kind: "name", name: "ours" });
      world.commit(ROOT, BOB, UPDATE);
      return world.commit(his.after, OWNER, REMOVE_MALLORY);
    });
  });
});

/** The first design calls every candidate of a forked author void: then nothing is left of what came after. */
function expectMendedByFork(story: (world: Story) => ModelCommit): void {
  const world = new Story();
  const removal = story(world);
  const facts = { ...world.facts(), forkedAuthors: [MALLORY] };
  const withoutForked = { ...facts, candidates: facts.candidates.filter(({ author }) => author !== MALLORY) };
  expect(firstDesign(withoutForked)).not.toContain(removal.id);
  expect(decide(facts).path).toContain(removal.id);
}
