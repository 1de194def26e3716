/**
 * Attacks on the rule itself: an honest history, and on top of it whatever somebody can forge who once was inside. The
 * seed is printed on failure; `XCHAT_SEED` runs one, `XCHAT_SEEDS` so many.
 */
import { describe, expect, it } from "vitest";
import { decide, isCertified, type Decision } from "./decide.ts";
import type { ForkFacts, Hex, SlotReceipt } from "./facts.ts";
import {
  accountOf,
  mixed,
  ModelNode,
  modelCommit,
  seededRandom,
  type Change,
  type ModelCommit,
  type ModelEpoch,
  type Random,
} from "./test-model.ts";
import { buildTree } from "./tree.ts";

const NODES = ["n1", "n2", "n3"] as const;
const OWNER = "olga/1";
const OLGAS_OLD_PHONE = "olga/2";
const MALLORY = "mallory/1";
const MALLORYS_LAPTOP = "mallory/2";
const ACCOMPLICES = ["max/1", "mona/1"] as const;
const HONEST = ["anna/1", "bob/1", "carol/1"] as const;

const ROOT: ModelEpoch = {
  id: mixed("root"),
  homeNodes: NODES,
  leaves: [OWNER, OLGAS_OLD_PHONE, MALLORY, MALLORYS_LAPTOP, ...ACCOMPLICES, ...HONEST],
  roles: new Map([
    ["olga", "owner"],
    ["mallory", "admin"],
    ["max", "admin"],
    ["anna", "admin"],
  ]),
};

/** How many receipts honest commits get: all, any number, or none while the nodes are down. */
type Weather = "nodes up" | "nodes flaky" | "nodes down";

class World {
  readonly random: Random;
  readonly nodes = NODES.map((name) => new ModelNode(name));
  readonly epochs = new Map<Hex, ModelEpoch>([[ROOT.id, ROOT]]);
  readonly commits: ModelCommit[] = [];
  readonly receipts: SlotReceipt[] = [];
  readonly events = new Map<Hex, number>();
  head: ModelEpoch = ROOT;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** An honest commit on the head: with what receipts, the weather says. */
  commit(author: Hex, change: Change, weather: Weather): ModelCommit {
    const made = modelCommit({ parent: this.head, author, events: this.eventsOf(author), change });
    if (made === null) throw new Error(`${author} may not ${change.kind}`);
    this.keep(made);
    this.head = made.after;
    for (const node of this.nodes) {
      const isReached = weather === "nodes up" || (weather === "nodes flaky" && this.random.chance(0.6));
      if (isReached) this.sign(node, made.parent, made.id);
    }
    return made;
  }

  honest(weather: Weather, count = this.random.below(4)): void {
    for (let i = 0; i < count; i++) {
      const present = [...HONEST, ...ACCOMPLICES].filter((leaf) => this.head.leaves.includes(leaf));
      this.commit(this.random.pick(present), { kind: "update" }, weather);
    }
  }

  /** Events that the author has written by now: some write between their commits, some do not. */
  eventsOf(author: Hex): number {
    const events = (this.events.get(author) ?? 0) + this.random.below(3);
    this.events.set(author, events);
    return events;
  }

  keep(made: ModelCommit): void {
    this.commits.push(made);
    this.epochs.set(made.id, made.after);
  }

  sign(node: ModelNode, epoch: Hex, candidate: Hex | null): void {
    const receipt = node.sign(epoch, candidate);
    if (receipt !== null) this.receipts.push(receipt);
  }

  /** Anything valid in any epoch that one of them was in; and every slot that can be had for it. */
  forge(attackers: readonly Hex[], count: number): void {
    for (let i = 0; i < count; i++) {
      const author = this.random.pick(attackers);
      const entered = [...this.epochs.values()].filter((epoch) => epoch.leaves.includes(author));
      const parent = this.random.pick(entered);
      const change = this.anyChange(parent, author);
      const signer = change.kind === "external" ? `${accountOf(author)}/new${i}` : author;
      const events = this.random.chance(0.5) ? this.random.below(6) : this.eventsOf(signer);
      const isForked = this.random.chance(0.2);
      const made = modelCommit({ parent, author: signer, events, isForked, change, salt: i });
      if (made === null) continue;
      this.keep(made);
      for (const node of this.nodes) if (this.random.chance(0.8)) this.sign(node, made.parent, made.id);
    }
  }

  anyChange(parent: ModelEpoch, author: Hex): Change {
    const { random } = this;
    const leaf = random.pick(parent.leaves);
    return random.pick<Change>([
      { kind: "update" },
      { kind: "removal", leaves: [leaf] },
      { kind: "removal", leaves: random.shuffle(parent.leaves).slice(0, 3) },
      {
        kind: "removal",
        leaves: parent.leaves.filter((one) => accountOf(one) === "bob" || accountOf(one) === "carol"),
      },
      { kind: "addition", leaf: `puppet${random.below(100)}/1` },
      { kind: "role", account: accountOf(leaf), role: random.pick(["admin", "member"]) },
      { kind: "transfer", to: accountOf(leaf) },
      { kind: "name", name: "ha" },
      { kind: "nodes", homeNodes: random.shuffle(NODES).slice(0, 1 + random.below(3)) },
      { kind: "external", replaced: author },
    ]);
  }

  facts(): ForkFacts {
    return {
      root: { id: ROOT.id, homeNodes: ROOT.homeNodes, roles: ROOT.roles },
      candidates: this.random.shuffle(this.commits),
      receipts: this.random.shuffle(this.receipts),
      forkedAuthors: [],
    };
  }
}

/** FR6. */
function expectTwoCertificatesProveGuilt(world: World, { evidence }: Decision): void {
  const tree = buildTree(world.facts());
  for (const epoch of world.epochs.keys()) {
    if (tree.children(epoch).filter((one) => isCertified(tree, one)).length < 2) continue;
    const proofs = evidence.filter((one) => one.kind === "node-signed-twice" && one.epoch === epoch);
    expect(proofs.length, "[FR6] two certificates, and nobody is guilty").toBeGreaterThan(0);
  }
}

/** Whatever the order in which the facts came. */
function decided(world: World): Decision {
  const decision = decide(world.facts());
  expect(decide(world.facts()), "[FR4] depends on the order of arrival").toEqual(decision);
  expectTwoCertificatesProveGuilt(world, decision);
  return decision;
}

const only = process.env["XCHAT_SEED"];
const count = Number(process.env["XCHAT_SEEDS"] ?? 300);
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];

function forSeeds(story: (world: World, seed: number) => void): void {
  for (const seed of seeds) {
    try {
      story(new World(seed), seed);
    } catch (error) {
      console.error(`seed ${seed}`);
      throw error;
    }
  }
}

describe("a removed admin, who keeps the state of every epoch that he was in", () => {
  const weathers: readonly Weather[] = ["nodes up", "nodes flaky", "nodes down"];
  for (const weather of weathers) {
    for (const colluding of [0, 1, 2, 3]) {
      it(`[FR8] does not undo his removal by the owner: ${weather}, ${colluding} of 3 nodes collude`, () => {
        forSeeds((world) => {
          world.honest(weather);
          const removal = world.commit(OWNER, { kind: "removal", leaves: [MALLORY, MALLORYS_LAPTOP] }, weather);
          world.honest(weather);
          for (const node of world.nodes.slice(0, colluding)) node.isColluding = true;
          world.forge([MALLORY, MALLORYS_LAPTOP, ...ACCOMPLICES], 1 + world.random.below(12));
          expect(decided(world).path).toContain(removal.id);
        });
      });
    }
  }

  it("[FR7] nor when the one who removed him became owner after the epoch to which he goes back", () => {
    forSeeds((world) => {
      world.honest("nodes down");
      world.commit(OWNER, { kind: "transfer", to: "anna" }, "nodes down");
      world.honest("nodes down");
      const removal = world.commit("anna/1", { kind: "removal", leaves: [MALLORY] }, "nodes down");
      for (const node of world.nodes) node.isColluding = true;
      world.forge([MALLORY, ...ACCOMPLICES], 8);
      expect(decided(world).path).toContain(removal.id);
    });
  });
});

describe("what else an owner or admin takes from somebody: [FR2] [FR8]", () => {
  const decrees: Record<string, { readonly by: Hex; readonly change: Change; readonly attackers: readonly Hex[] }> = {
    "a demotion": {
      by: OWNER,
      change: { kind: "role", account: "mallory", role: "member" },
      attackers: [MALLORY, MALLORYS_LAPTOP, ...ACCOMPLICES],
    },
    "the replacement of home nodes": {
      by: "anna/1",
      change: { kind: "nodes", homeNodes: ["n4"] },
      attackers: ["mona/1", "bob/1"],
    },
  };
  for (const [what, { by, change, attackers }] of Object.entries(decrees)) {
    it(`${what} is not undone from below, not even by all nodes`, () => {
      forSeeds((world) => {
        world.honest("nodes flaky");
        const decree = world.commit(by, change, "nodes down");
        for (const node of world.nodes) node.isColluding = true;
        world.forge(attackers, 10);
        expect(decided(world).path).toContain(decree.id);
      });
    });
  }
});

describe("a removed member", () => {
  it("[FR8] with accomplices of his own rank and all nodes does not undo his removal by an admin", () => {
    forSeeds((world) => {
      world.honest("nodes flaky");
      const removal = world.commit("anna/1", { kind: "removal", leaves: ["bob/1"] }, "nodes down");
      for (const node of world.nodes) node.isColluding = true;
      world.forge(["bob/1", "carol/1", "mona/1"], 10);
      expect(decided(world).path).toContain(removal.id);
    });
  });
});

describe("while the nodes are honest and up, a history that they have witnessed stays: [FR9]", () => {
  const displacements: Record<
    string,
    { readonly by: Hex; readonly change: Change; readonly attackers: readonly Hex[] }
  > = {
    "an admin who was removed": { by: OWNER, change: { kind: "removal", leaves: [MALLORY] }, attackers: [MALLORY] },
    "an admin who was demoted": {
      by: OWNER,
      change: { kind: "role", account: "mallory", role: "member" },
      attackers: [MALLORY],
    },
    "the thief of an admin's device that its person removed": {
      by: MALLORY,
      change: { kind: "removal", leaves: [MALLORYS_LAPTOP] },
      attackers: [MALLORYS_LAPTOP],
    },
    "the thief of the owner's device that its person removed": {
      by: OWNER,
      change: { kind: "removal", leaves: [OLGAS_OLD_PHONE] },
      attackers: [OLGAS_OLD_PHONE],
    },
    "a former owner": { by: OWNER, change: { kind: "transfer", to: "anna" }, attackers: [OWNER] },
    "any member": { by: OWNER, change: { kind: "update" }, attackers: ["bob/1", "mona/1"] },
  };
  for (const [who, { by, change, attackers }] of Object.entries(displacements)) {
    it(`whatever is forged by ${who}`, () => {
      forSeeds((world) => {
        world.honest("nodes up");
        const displacement = world.commit(by, change, "nodes up");
        const { path } = decided(world);
        world.forge(attackers, 12);
        expect(decided(world).path.slice(0, path.length)).toEqual(path);
        expect(path).toContain(displacement.id);
      });
    });
  }
});
