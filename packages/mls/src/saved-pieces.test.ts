/** [V3] Ratchets in pieces: what is written for one message, and that a store that writes no more has the group. */
import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { describe, expect, test } from "vitest";
import { changedPieces, joinPieces, type Ratchets } from "./saved-ratchets.ts";
import { startSecretTree, takeReceivingKey, type SecretTree } from "./secret-tree.ts";
import { kdfOf } from "./suite.ts";
import { device, groupOf, NOTHING, opened, type Device } from "./testing/actors.ts";
import { seededRandom } from "./testing/random.ts";

const provider = nodeCryptoProvider();
const kdf = kdfOf(provider);
const firstSeed = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

function received(tree: SecretTree, leaf: number, generation: number): SecretTree {
  const taken = takeReceivingKey(kdf, tree, leaf, "application", generation);
  if (!taken.ok) throw new Error(taken.error);
  return taken.value.tree;
}

/** A store that only ever writes what has changed. */
class PieceStore {
  readonly pieces = new Map<number, Uint8Array>();

  /** Answers with the bytes written. */
  write(changes: ReadonlyMap<number, Uint8Array | null>): number {
    let written = 0;
    for (const [number, bytes] of changes) {
      if (bytes === null) this.pieces.delete(number);
      else this.pieces.set(number, bytes);
      written += bytes?.length ?? 0;
    }
    return written;
  }
}

describe("a group of 750", () => {
  test.each([1, firstSeed])("writes less than 4 KB for each message, and restores the same trees: seed %i", (seed) => {
    const random = seededRandom(seed);
    const ratchetsOf = (tree: SecretTree): Ratchets => ({ tree, pastTrees: [], isSnapshot: false });
    const store = new PieceStore();
    let tree = startSecretTree(new Uint8Array(64).fill(seed & 0xff), 1024);
    store.write(changedPieces(ratchetsOf(tree), null));
    const generations = new Map<number, number>();
    let most = 0;
    for (let i = 0; i < 700; i++) {
      const leaf = random.below(750);
      const generation = (generations.get(leaf) ?? -1) + 1 + (random.chance(0.1) ? 1 : 0);
      generations.set(leaf, generation);
      const next = received(tree, leaf, generation);
      most = Math.max(most, store.write(changedPieces(ratchetsOf(next), ratchetsOf(tree))));
      tree = next;
    }
    expect(most).toBeLessThan(8000);
    const steady = Array.from({ length: 50 }, () => {
      const leaf = random.pick([...generations.keys()]);
      const generation = (generations.get(leaf) as number) + 1;
      generations.set(leaf, generation);
      const next = received(tree, leaf, generation);
      const written = store.write(changedPieces(ratchetsOf(next), ratchetsOf(tree)));
      tree = next;
      return written;
    });
    expect(Math.max(...steady)).toBeLessThan(4000);
    const joined = joinPieces(store.pieces).tree;
    expect(new Map([...joined.leaves].toSorted(([a], [b]) => a - b))).toEqual(
      new Map([...tree.leaves].toSorted(([a], [b]) => a - b)),
    );
    expect([...joined.folded].toSorted(([a], [b]) => a - b)).toEqual([...tree.folded].toSorted(([a], [b]) => a - b));
  });
});

const [alice, bob] = [device("alice", provider), device("bob", provider)];
const hello = utf8ToBytes("hello");
const fromPieces = ({ cipher }: Device, group: Group, { pieces }: PieceStore): Group =>
  cipher.restorePieces(cipher.saveEpoch(group), pieces);

test("a conversation out of a store of pieces is the one that was saved, over messages and epochs", async () => {
  let [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
  const store = new PieceStore();
  store.write(bob.cipher.saveRatchets(bobs, null));
  const keep = (next: Group): void => {
    store.write(bob.cipher.saveRatchets(next, bobs));
    bobs = next;
    expect(bob.cipher.save(fromPieces(bob, bobs, store))).toEqual(bob.cipher.save(bobs));
  };
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let i = 0; i < 3; i++) {
      const sealed = await alice.cipher.seal(alices, hello, NOTHING);
      alices = sealed.group;
      keep((await opened(bob, bobs, sealed.message, "application")).group);
      expect(bob.cipher.saveRatchets(bobs, bobs).size).toBe(0);
      keep((await bob.cipher.seal(bobs, hello, NOTHING)).group);
    }
    const late = await alice.cipher.seal(alices, hello, NOTHING);
    const made = await alice.cipher.commit(late.group, {});
    alices = made.group;
    keep((await opened(bob, bobs, made.commit, "commit")).group);
    keep((await opened(bob, bobs, late.message, "application")).group);
  }
});

test("[V1] what was opened is in no piece any more", async () => {
  const [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
  const store = new PieceStore();
  store.write(bob.cipher.saveRatchets(bobs, null));
  const before = [...store.pieces.values()].map(bytesToHex).join("");
  const { message } = await alice.cipher.seal(alices, hello, NOTHING);
  const { group } = await opened(bob, bobs, message, "application");
  store.write(bob.cipher.saveRatchets(group, bobs));
  expect(await bob.cipher.open(fromPieces(bob, group, store), message)).toMatchObject({
    error: { reason: "already-opened" },
  });
  expect([...store.pieces.values()].map(bytesToHex).join("")).not.toContain(before.slice(-128));
});

test("[V2] damage is told: a piece that is missing, cut, of another epoch or another group", async () => {
  const [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
  const made = await alice.cipher.commit(alices, {});
  const next = (await opened(bob, bobs, made.commit, "commit")).group;
  const store = new PieceStore();
  store.write(bob.cipher.saveRatchets(next, null));
  const epochPart = bob.cipher.saveEpoch(next);
  const damaged = expect.objectContaining({ code: "store-damaged" });
  const numbers = [...store.pieces.keys()];
  for (const number of numbers) {
    const rest = new Map([...store.pieces].filter(([one]) => one !== number));
    expect(() => bob.cipher.restorePieces(epochPart, rest)).toThrow(damaged);
    const bytes = store.pieces.get(number) as Uint8Array;
    for (let length = 0; length < bytes.length; length++) {
      const cut = new Map(store.pieces).set(number, bytes.subarray(0, length));
      expect(() => bob.cipher.restorePieces(epochPart, cut)).toThrow(damaged);
    }
  }
  for (const number of [-1, 0.5, 2 ** 40]) {
    const more = new Map(store.pieces).set(number, store.pieces.get(numbers[0] as number) as Uint8Array);
    expect(() => bob.cipher.restorePieces(epochPart, more)).toThrow(damaged);
  }
  expect(() => bob.cipher.restorePieces(bob.cipher.saveEpoch(bobs), store.pieces)).toThrow(damaged);
  expect(() => bob.cipher.saveRatchets(bob.cipher.snapshot(bobs), null)).toThrow(TypeError);
});
