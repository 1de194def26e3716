/** Remembered tree hashes against those made from nothing, and the patched functions against their readable twins. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { CiphersuiteImpl } from "ts-mls";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import { getCommitSecret } from "ts-mls/pathSecrets.js";
import { removeLeaves, type RatchetTree } from "ts-mls/ratchetTree.js";
import { treeHash, treeHashRoot, treeHashWithout } from "ts-mls/treeHash.js";
import { toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { expect, test } from "vitest";
import { xwingSuite } from "./suite.ts";
import { seededRandom, type Random } from "./testing/random.ts";

const provider = nodeCryptoProvider();
const suite: CiphersuiteImpl = xwingSuite(provider);
const firstSeed = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

type Node = NonNullable<RatchetTree[number]>;
const bytes = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));

const newLeaf = (random: Random): Node => ({
  nodeType: "leaf",
  leaf: {
    leafNodeSource: "update",
    hpkePublicKey: bytes(random, 8),
    signaturePublicKey: bytes(random, 8),
    credential: { credentialType: "basic", identity: bytes(random, 4) },
    capabilities: { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: [] },
    extensions: [],
    signature: bytes(random, 8),
  },
});

const newParent = (random: Random, unmergedLeaves: number[]): Node => ({
  nodeType: "parent",
  parent: { hpkePublicKey: bytes(random, 8), parentHash: bytes(random, 8), unmergedLeaves },
});

/** The leaves under a node: its index, and half of its subtree's width to either side. */
function leavesUnder(node: number): number[] {
  const reach = node & ~(node + 1);
  return Array.from({ length: reach + 1 }, (_, i) => (node - reach) / 2 + i);
}

function changeNode(random: Random, tree: RatchetTree): RatchetTree {
  // Trees end with a leaf.
  const node = random.below(tree.length - 1);
  if (random.chance(0.3)) return tree.with(node, undefined);
  if (node % 2 === 0) return tree.with(node, newLeaf(random));
  const unmerged = leavesUnder(node).filter((leaf) => tree[leaf * 2] !== undefined && random.chance(0.3));
  return tree.with(node, newParent(random, unmerged));
}

test.each([1, 2, firstSeed])("what is remembered is what is computed: seed %i", async (seed) => {
  const random = seededRandom(seed);
  let trees: RatchetTree[] = [Array.from({ length: 31 }, (_, i) => (i === 30 ? newLeaf(random) : undefined))];
  for (let step = 0; step < 120; step++) {
    // Branches, so that memories of one tree meet another.
    const tree = changeNode(random, random.pick(trees));
    trees = [...trees, tree].slice(-3);
    // A hash object of its own knows nothing from before.
    const fresh = { ...suite.hash };
    expect(await treeHashRoot(tree, suite.hash)).toEqual(await treeHashRoot(tree, fresh));
    const left = Array.from({ length: 15 }, (_, leaf) => leaf).filter(() => random.chance(0.2));
    const node = toNodeIndex(random.below(31));
    const without = removeLeaves(tree, left.map(toLeafIndex));
    const whole: RatchetTree = Array.from({ length: 31 }, (_, i) => without[i]);
    expect(await treeHashWithout(tree, node, left, suite.hash)).toEqual(await treeHash(whole, node, { ...suite.hash }));
  }
});

test("a parent that no chain of parent hashes covers is refused, also under a blank root", async () => {
  const random = seededRandom(3);
  const leaves = Array.from({ length: 4 }, () => newLeaf(random));
  const tree: RatchetTree = [leaves[0], newParent(random, []), leaves[1], undefined, leaves[2], undefined, leaves[3]];
  expect(await verifyParentHashes(tree, suite.hash)).toBe(false);
  expect(await verifyParentHashes(tree.with(1, undefined), suite.hash)).toBe(true);
});

test("the commit secret follows the last secret of the filtered path, where the root is blank", async () => {
  const random = seededRandom(4);
  const [secret, a, b] = [bytes(random, 64), newLeaf(random), newLeaf(random)];
  const step = (from: Uint8Array): Promise<Uint8Array> => deriveSecret(from, "path", suite.kdf);
  const half: RatchetTree = [undefined, undefined, undefined, undefined, a, newParent(random, []), b];
  expect(await getCommitSecret(half, toNodeIndex(5), secret, suite.kdf)).toEqual(await step(secret));
  const whole = half.with(0, newLeaf(random)).with(3, newParent(random, []));
  expect(await getCommitSecret(whole, toNodeIndex(5), secret, suite.kdf)).toEqual(await step(await step(secret)));
});
