import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group, SavedGroup } from "@xchat/protocol";
import { expect, test } from "vitest";
import { asMlsGroup } from "./mls-group.ts";
import { device, exporterOf, groupOf, NOTHING, opened, restarted } from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const [alice, bob] = [device("alice", provider), device("bob", provider)];
const hello = utf8ToBytes("hello");

async function conversation(): Promise<{ alices: Group; bobs: Group }> {
  const [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
  return { alices, bobs };
}

test("what comes back is the group that was saved, at every step", async () => {
  let { alices, bobs } = await conversation();
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const sealed = await alice.cipher.seal(restarted(alice, alices), hello, NOTHING);
      alices = restarted(alice, sealed.group);
      bobs = restarted(bob, (await opened(bob, restarted(bob, bobs), sealed.message, "application")).group);
    }
    const made = await bob.cipher.commit(bobs, {});
    alices = restarted(alice, (await opened(alice, alices, made.commit, "commit")).group);
    bobs = restarted(bob, made.group);
    expect(await exporterOf(alice, alices)).toEqual(await exporterOf(bob, bobs));
    expect(alice.cipher.members(alices)).toEqual(bob.cipher.members(bobs));
    expect(alice.cipher.save(restarted(alice, alices))).toEqual(alice.cipher.save(alices));
  }
});

test("the epoch part is the same bytes until a commit; the ratchet part is small", async () => {
  const { alices, bobs } = await conversation();
  const before = bob.cipher.save(bobs);
  const sealed = await alice.cipher.seal(alices, hello, NOTHING);
  const { group } = await opened(bob, bobs, sealed.message, "application");
  const after = bob.cipher.save(group);
  expect(after.epochPart).toBe(before.epochPart);
  expect(after.ratchetPart).not.toEqual(before.ratchetPart);
  expect(after.ratchetPart.length).toBeLessThan(300);
  const committed = await bob.cipher.commit(group, {});
  expect(bob.cipher.save(committed.group).epochPart).not.toEqual(before.epochPart);
});

test("[V1] what is saved after a message opens it no more", async () => {
  const { alices, bobs } = await conversation();
  const first = await alice.cipher.seal(alices, hello, NOTHING);
  const second = await alice.cipher.seal(first.group, hello, NOTHING);
  const { group } = await opened(bob, bobs, second.message, "application");
  const stolen = bob.cipher.restore(structuredClone(bob.cipher.save(group)) as SavedGroup);
  expect(await bob.cipher.open(stolen, second.message)).toMatchObject({ error: { reason: "already-opened" } });
  // Skipped, so still to be opened: with its own key and nothing more.
  await opened(bob, stolen, first.message, "application");
  const hex = bytesToHex(bob.cipher.save(group).epochPart) + bytesToHex(bob.cipher.save(group).ratchetPart);
  const secret = (bobs as unknown as { tree: { folded: Map<number, Uint8Array> } }).tree.folded.get(1);
  expect(hex).not.toContain(bytesToHex(secret ?? NOTHING));
});

test("[M3] private keys of blanked nodes are not kept", async () => {
  const people = ["a", "b", "c", "d"].map((name) => device(name, provider));
  const groups = await groupOf(people[0]!, ...people.slice(1));
  // A path through the node above c and d, then the removal that blanks it.
  const path = await people[2]!.cipher.commit(groups[2]!, {});
  const applied = await opened(people[3]!, groups[3]!, path.commit, "commit");
  const removal = await people[0]!.cipher.commit((await opened(people[0]!, groups[0]!, path.commit, "commit")).group, {
    removeLeaves: [2],
  });
  const after = await opened(people[3]!, applied.group, removal.commit, "commit");
  const nodesOf = (group: Group): string[] =>
    Object.keys(
      (group as unknown as { fixed: { state: { privatePath: { privateKeys: object } } } }).fixed.state.privatePath
        .privateKeys,
    );
  expect(nodesOf(applied.group)).toContain("5");
  expect(nodesOf(after.group)).not.toContain("5");
});

test("what a commit leaves in the tree does not hold on to the commit", async () => {
  const people = Array.from({ length: 20 }, (_, i) => device(`m${i}`, provider));
  const groups = await groupOf(people[0]!, ...people.slice(1));
  const made = await people[1]!.cipher.commit(groups[1]!, {});
  const { group } = await opened(people[0]!, groups[0]!, made.commit, "commit");
  const { ratchetTree } = asMlsGroup(group).fixed.state;
  const leaf = ratchetTree[2];
  const root = ratchetTree[31];
  if (leaf?.nodeType !== "leaf" || root?.nodeType !== "parent") throw new Error("another tree");
  expect(made.commit.length).toBeGreaterThan(20_000);
  for (const bytes of [leaf.leaf.hpkePublicKey, leaf.leaf.signature, root.parent.hpkePublicKey]) {
    expect(bytes.buffer.byteLength).toBeLessThan(4_000);
  }
});
