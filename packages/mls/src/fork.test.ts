/** [G5] Commits of one epoch, weighed side by side: snapshots, candidates, and going on with the one that wins. */
import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { expect, test } from "vitest";
import { asMlsGroup, MAX_PAST_EPOCHS } from "./mls-group.ts";
import { takeSendingKey } from "./secret-tree.ts";
import { kdfOf } from "./suite.ts";
import { accepted, device, exporterOf, groupOf, NOTHING, opened, restarted, type Device } from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const hello = utf8ToBytes("hello");
const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => device(name, provider)) as [Device, Device, Device];
const three = async () => (await groupOf(alice, bob, carol)) as [Group, Group, Group];

const says = async ({ cipher }: Device, group: Group, words: string) => cipher.seal(group, utf8ToBytes(words), NOTHING);
const hears = async (one: Device, group: Group, message: Uint8Array) =>
  (await opened(one, group, message, "application")).group;
const keyOf = (group: Group): string => {
  const { tree, ownLeaf } = asMlsGroup(group);
  return bytesToHex(takeSendingKey(kdfOf(provider), tree, ownLeaf, "application").messageKey.key);
};

test("[GE15] two candidates are weighed against one snapshot, and neither changes anything", async () => {
  const [alices, bobs, carols] = await three();
  const bySet = await alice.cipher.commit(alices, { policy: hello, authenticatedData: hello });
  const byUpdate = await bob.cipher.commit(bobs, {});
  const snapshot = restarted(carol, carol.cipher.snapshot(carols));
  const before = carol.cipher.save(snapshot);
  const [a, b] = [
    accepted(await carol.cipher.evaluate(snapshot, bySet.commit)),
    accepted(await carol.cipher.evaluate(snapshot, byUpdate.commit)),
  ];
  expect([a.commitKind, b.commitKind]).toEqual(["policy", "update"]);
  expect([a.change, b.change]).toEqual([bySet.change, byUpdate.change]);
  expect(a).toMatchObject({ parentEpoch: 1, authenticatedData: hello });
  expect(await exporterOf(carol, a.group)).toEqual(await exporterOf(alice, bySet.group));
  expect(await exporterOf(carol, b.group)).toEqual(await exporterOf(bob, byUpdate.group));
  // The rank of a fork rule comes from the parent epoch.
  expect(await exporterOf(carol, snapshot)).toEqual(await exporterOf(alice, alices));
  expect(carol.cipher.save(snapshot)).toEqual(before);
  // A second look gives the same.
  expect(accepted(await carol.cipher.evaluate(snapshot, bySet.commit)).change).toEqual(a.change);
});

test("[GE15] kinds of commits: a removal that adds is a removal, an external one is that and nothing else", async () => {
  const [alices, bobs, carols] = await three();
  const newcomer = device("dave", provider);
  const { keyPackage } = await newcomer.newBundle();
  const snapshot = bob.cipher.snapshot(bobs);
  const kindOf = async (input: Parameters<typeof alice.cipher.commit>[1]) => {
    const made = await alice.cipher.commit(alices, input);
    expect(accepted(await bob.cipher.evaluate(snapshot, made.commit)).commitKind).toBe(made.commitKind);
    return made.commitKind;
  };
  expect(await kindOf({})).toBe("update");
  expect(await kindOf({ add: [keyPackage] })).toBe("addition");
  expect(await kindOf({ add: [keyPackage], policy: hello })).toBe("policy");
  expect(await kindOf({ add: [keyPackage], removeLeaves: [carols.ownLeaf] })).toBe("removal");
  const made = accepted(
    await carol.cipher.externalRejoin({
      groupInfo: await alice.cipher.exportGroupInfo(alices),
      keyPackage: await carol.newBundle(),
      replacedLeaf: carols.ownLeaf,
    }),
  );
  const got = accepted(await bob.cipher.evaluate(snapshot, made.commit));
  expect([made.commitKind, got.commitKind]).toEqual(["external", "external"]);
  expect(await exporterOf(bob, got.group)).toEqual(await exporterOf(carol, made.group));
});

test("[GE14] a snapshot opens no message, seals and commits nothing, and holds no key to a message", async () => {
  const [alices, bobs] = await three();
  const said = await says(alice, alices, "hello");
  const made = await alice.cipher.commit(said.group, {});
  const snapshot = bob.cipher.snapshot(bobs);
  expect(bob.cipher.save(snapshot).epochPart).toBe(bob.cipher.save(bobs).epochPart);
  expect(bob.cipher.save(snapshot).ratchetPart.length).toBeLessThan(250);
  for (const one of [snapshot, restarted(bob, snapshot)]) {
    expect(await bob.cipher.open(one, said.message)).toMatchObject({ error: { reason: "already-opened" } });
    await expect(bob.cipher.seal(one, hello, NOTHING)).rejects.toMatchObject({ code: "removed-from-group" });
    await expect(bob.cipher.commit(one, {})).rejects.toMatchObject({ code: "not-committable" });
    await expect(bob.cipher.exportGroupInfo(one)).rejects.toMatchObject({ code: "removed-from-group" });
    expect(() => bob.cipher.adopt(one, bobs)).toThrow(TypeError);
    expect(await bob.cipher.evaluate(one, said.message)).toMatchObject({ error: { reason: "unsupported" } });
    accepted(await bob.cipher.evaluate(one, made.commit));
    expect(asMlsGroup(one).tree.folded.size).toBe(0);
    for (const { application } of asMlsGroup(one).tree.leaves.values()) expect(application.secret).toEqual(NOTHING);
  }
  const after = (await opened(bob, bobs, made.commit, "commit")).group;
  expect(await bob.cipher.evaluate(after, made.commit)).toMatchObject({ error: { reason: "epoch-too-old" } });
  expect(await bob.cipher.evaluate(snapshot, (await alice.cipher.commit(made.group, {})).commit)).toMatchObject({
    error: { reason: "epoch-ahead" },
  });
});

test("[GE16] one's own commit waits as a group of its own; what came in between is carried over", async () => {
  const [alices, bobs] = await three();
  const first = await says(bob, bobs, "before");
  const second = await says(bob, first.group, "while it waits");
  let alicesNow = await hears(alice, alices, first.message);
  const pending = await alice.cipher.commit(alicesNow, {});
  const kept = restarted(alice, pending.group);
  alicesNow = await hears(alice, alicesNow, second.message);
  const mine = await says(alice, alicesNow, "mine");
  const next = alice.cipher.adopt(mine.group, kept);
  expect(next.epoch).toBe(2);
  for (const { message } of [first, second]) {
    expect(await alice.cipher.open(next, message)).toMatchObject({ error: { reason: "already-opened" } });
  }
  const late = await says(bob, second.group, "late");
  await hears(alice, restarted(alice, next), late.message);
  expect(alice.cipher.adopt(next, kept)).toBe(next);
});

test("[GE16] a better sibling: go back, go on with it, and still read the branch that lost", async () => {
  const [alices, bobs, carols] = await three();
  const snapshot = restarted(carol, carol.cipher.snapshot(carols));
  const losing = await alice.cipher.commit(alices, {});
  const winning = await bob.cipher.commit(bobs, { policy: hello });
  const parentWords = await says(bob, bobs, "in the parent epoch");
  const first = await says(alice, losing.group, "on the branch that lost");
  const second = await says(alice, first.group, "there too");
  let carolsNow = (await opened(carol, carols, losing.commit, "commit")).group;
  carolsNow = await hears(carol, carolsNow, first.message);
  carolsNow = (await says(carol, carolsNow, "carol on the branch that lost")).group;
  const lostKey = keyOf(carolsNow);
  const child = await alice.cipher.commit(second.group, {});
  const deep = await says(alice, child.group, "deeper");
  const carolsDeep = restarted(carol, (await opened(carol, carolsNow, child.commit, "commit")).group);

  const better = accepted(await carol.cipher.evaluate(snapshot, winning.commit));
  let back = restarted(carol, carol.cipher.adopt(carolsDeep, better.group));
  expect(back.epoch).toBe(2);
  expect(await exporterOf(carol, back)).toEqual(await exporterOf(bob, winning.group));
  back = await hears(carol, back, (await says(bob, winning.group, "on the branch that won")).message);
  back = await hears(carol, back, second.message);
  back = await hears(carol, back, deep.message);
  back = await hears(carol, back, parentWords.message);
  for (const { message } of [first, second, deep, parentWords]) {
    expect(await carol.cipher.open(back, message)).toMatchObject({ error: { reason: "already-opened" } });
  }

  // A certificate for the other one turns up: the ratchets go on where they stood.
  const again = accepted(await carol.cipher.evaluate(snapshot, losing.commit));
  const returned = restarted(carol, carol.cipher.adopt(back, again.group));
  expect(keyOf(again.group)).not.toBe(lostKey);
  expect(keyOf(returned)).toBe(lostKey);
  expect(await carol.cipher.open(returned, first.message)).toMatchObject({ error: { reason: "already-opened" } });
  expect(await carol.cipher.open(returned, second.message)).toMatchObject({ error: { reason: "already-opened" } });
  const third = await says(alice, second.group, "still there");
  await hears(carol, returned, third.message);
  const onward = accepted(await carol.cipher.open(returned, child.commit));
  expect(await exporterOf(carol, onward.group)).toEqual(await exporterOf(alice, child.group));
});

test("[GE16] an epoch that was given up long ago is entered again without using a generation twice", async () => {
  const [alices, bobs, carols] = await three();
  const snapshot = carol.cipher.snapshot(carols);
  const losing = await alice.cipher.commit(alices, {});
  const winning = await bob.cipher.commit(bobs, {});
  let carolsNow = (await opened(carol, carols, losing.commit, "commit")).group;
  for (const words of ["one", "two", "three"]) carolsNow = (await says(carol, carolsNow, words)).group;
  const fourthKey = keyOf(carolsNow);
  let alicesNow = losing.group;
  for (let i = 0; i <= MAX_PAST_EPOCHS; i++) {
    const made = await alice.cipher.commit(alicesNow, {});
    carolsNow = restarted(carol, (await opened(carol, carolsNow, made.commit, "commit")).group);
    alicesNow = made.group;
  }
  expect(asMlsGroup(carolsNow).fixed.past.map(({ view }) => view.epoch)).not.toContain(2);
  const better = accepted(await carol.cipher.evaluate(snapshot, winning.commit));
  const back = restarted(carol, carol.cipher.adopt(carolsNow, better.group));
  expect(keyOf(back)).toBe(keyOf(better.group));
  const again = accepted(await carol.cipher.evaluate(snapshot, losing.commit));
  expect(keyOf(carol.cipher.adopt(back, again.group))).toBe(fourthKey);
});

test("[GE16] a candidate that removes this device can lose, and can win", async () => {
  const [alices, bobs, carols] = await three();
  const snapshot = carol.cipher.snapshot(carols);
  const removal = await alice.cipher.commit(alices, { removeLeaves: [carols.ownLeaf] });
  const update = await bob.cipher.commit(bobs, {});
  const candidate = accepted(await carol.cipher.evaluate(snapshot, removal.commit));
  expect(candidate.change.removed.map(({ leaf }) => leaf)).toEqual([carols.ownLeaf]);

  const heard = await says(bob, bobs, "heard");
  const late = await says(bob, heard.group, "late");
  const live = await hears(carol, carols, heard.message);
  const out = restarted(carol, carol.cipher.adopt(live, candidate.group));
  await expect(carol.cipher.seal(out, hello, NOTHING)).rejects.toMatchObject({ code: "removed-from-group" });
  expect(await carol.cipher.open(out, heard.message)).toMatchObject({ error: { reason: "already-opened" } });
  const outAndRead = await hears(carol, out, late.message);
  expect(await exporterOf(carol, out)).not.toEqual(await exporterOf(alice, removal.group));

  const winner = accepted(await carol.cipher.evaluate(snapshot, update.commit));
  const inAgain = restarted(carol, carol.cipher.adopt(outAndRead, winner.group));
  const words = await says(carol, inAgain, "in again");
  expect((await opened(bob, update.group, words.message, "application")).plaintext).toEqual(utf8ToBytes("in again"));
  expect(await carol.cipher.open(inAgain, late.message)).toMatchObject({ error: { reason: "already-opened" } });

  // From the other branch the removal wins after all.
  const outAgain = restarted(carol, carol.cipher.adopt(words.group, candidate.group));
  await expect(carol.cipher.seal(outAgain, hello, NOTHING)).rejects.toMatchObject({ code: "removed-from-group" });
  expect(outAgain.epoch).toBe(1);
});
