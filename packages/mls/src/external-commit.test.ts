/** Rejoining by an external commit: what a member that lost its state does, and what nobody gets by it. */
import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group, GroupRefusal } from "@xchat/protocol";
import { describe, expect, test } from "vitest";
import {
  accepted,
  device,
  expectText,
  exporterOf,
  groupOf,
  NOTHING,
  opened,
  POLICY,
  restarted,
} from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const hello = utf8ToBytes("hello");
const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => device(name, provider)) as [
  ReturnType<typeof device>,
  ReturnType<typeof device>,
  ReturnType<typeof device>,
  ReturnType<typeof device>,
];
const three = async () => (await groupOf(alice, bob, carol)) as [Group, Group, Group];

/** Carol, who has nothing but what alice gives her, replaces `replacedLeaf`. */
async function rejoin(alices: Group, replacedLeaf: number, authenticatedData: Uint8Array = NOTHING) {
  const groupInfo = await alice.cipher.exportGroupInfo(alices);
  return carol.cipher.externalRejoin({
    groupInfo,
    keyPackage: await carol.newBundle(),
    replacedLeaf,
    authenticatedData,
  });
}

describe("a member that lost its state", () => {
  test("sees who is there, replaces its own leaf, and everybody agrees", async () => {
    const [alices, bobs, carols] = await three();
    const groupInfo = await alice.cipher.exportGroupInfo(alices);
    const preview = accepted(await carol.cipher.inspectGroupInfo(groupInfo));
    expect(preview).toMatchObject({ groupId: alices.groupId, epoch: 1, policy: POLICY });
    expect(expectText(preview.signer.credential)).toBe("alice");
    expect(preview.members).toEqual(alice.cipher.members(alices));
    const own = preview.members.find(({ credential }) => expectText(credential) === "carol");
    const made = accepted(await rejoin(alices, own!.leaf, hello));
    for (const [member, group] of [
      [alice, alices],
      [bob, bobs],
    ] as const) {
      const got = await opened(member, group, made.commit, "commit");
      expect(got).toMatchObject({ commitKind: "external", parentEpoch: 1, authenticatedData: hello });
      expect(got.change).toEqual(made.change);
      expect(got.change).toMatchObject({ isExternal: true, hasPath: true, policy: null });
      expect(got.change.removed.map(({ leaf }) => leaf)).toEqual([carols.ownLeaf]);
      expect(got.change.added).toEqual([got.change.committer]);
      expect(await exporterOf(member, got.group)).toEqual(await exporterOf(carol, made.group));
      const { message } = await carol.cipher.seal(restarted(carol, made.group), hello, NOTHING);
      expect((await opened(member, got.group, message, "application")).plaintext).toEqual(hello);
    }
  });

  test("[GE12] its old copy learns that it was replaced, and cannot derive the next exporter", async () => {
    const [alices, , carols] = await three();
    const made = accepted(await rejoin(alices, carols.ownLeaf));
    const got = await opened(carol, carols, made.commit, "commit");
    expect(got.change.removed.map(({ leaf }) => leaf)).toEqual([carols.ownLeaf]);
    expect(await exporterOf(carol, got.group)).not.toEqual(await exporterOf(carol, made.group));
    await expect(carol.cipher.seal(got.group, hello, NOTHING)).rejects.toMatchObject({ code: "removed-from-group" });
  });

  test("takes the leftmost empty leaf, and is named with it", async () => {
    const [alices, bobs, carols] = await three();
    const removal = await alice.cipher.commit(alices, { removeLeaves: [bobs.ownLeaf] });
    const made = accepted(await rejoin(removal.group, carols.ownLeaf));
    expect(made.group.ownLeaf).toBe(1);
    const got = await opened(alice, removal.group, made.commit, "commit");
    expect(got.change.committer.leaf).toBe(1);
    expect(got.change.removed[0]?.leaf).toBe(2);
  });

  test("commits, adds and is removed like any other afterwards", async () => {
    const [alices, bobs, carols] = await three();
    const made = accepted(await rejoin(alices, carols.ownLeaf));
    let alicesNow = (await opened(alice, alices, made.commit, "commit")).group;
    let bobsNow = (await opened(bob, bobs, made.commit, "commit")).group;
    const bundle = await dave.newBundle();
    for (const input of [{}, { add: [bundle.keyPackage] }, { policy: hello }]) {
      const next = await carol.cipher.commit(made.group, input);
      await opened(alice, alicesNow, next.commit, "commit");
    }
    const update = await bob.cipher.commit(bobsNow, {});
    alicesNow = (await opened(alice, alicesNow, update.commit, "commit")).group;
    const carolsNow = (await opened(carol, made.group, update.commit, "commit")).group;
    bobsNow = update.group;
    const removal = await alice.cipher.commit(alicesNow, { removeLeaves: [carolsNow.ownLeaf] });
    const out = await opened(carol, carolsNow, removal.commit, "commit");
    expect(await exporterOf(carol, out.group)).not.toEqual(await exporterOf(alice, removal.group));
    expect(await exporterOf(bob, (await opened(bob, bobsNow, removal.commit, "commit")).group)).toEqual(
      await exporterOf(alice, removal.group),
    );
  });
});

describe("[GE10] whose leaf it replaces", () => {
  const refused = (reason: GroupRefusal["reason"]) => ({ ok: false, error: { reason } });

  test("another's is refused by the maker itself", async () => {
    const [alices, bobs] = await three();
    expect(await rejoin(alices, bobs.ownLeaf)).toMatchObject(refused("not-own-leaf"));
    expect(await rejoin(alices, 7)).toMatchObject(refused("not-own-leaf"));
  });

  test("another's is refused by every member, whatever the maker thinks", async () => {
    const [alices, bobs, carols] = await three();
    carol.rules.mayRejoin = () => true;
    try {
      const stolen = accepted(await rejoin(alices, bobs.ownLeaf));
      expect(await alice.cipher.open(alices, stolen.commit)).toMatchObject(refused("not-own-leaf"));
      expect(await bob.cipher.open(bobs, stolen.commit)).toMatchObject(refused("not-own-leaf"));
    } finally {
      delete carol.rules.mayRejoin;
    }
    // A second device of the same name may, where the rules say so.
    const made = accepted(await rejoin(alices, carols.ownLeaf));
    alice.rules.mayRejoin = () => false;
    expect(await alice.cipher.open(alices, made.commit)).toMatchObject(refused("not-own-leaf"));
    delete alice.rules.mayRejoin;
    await opened(alice, alices, made.commit, "commit");
  });

  test("a removed member has no leaf to replace", async () => {
    const [alices, , carols] = await three();
    const groupInfo = await alice.cipher.exportGroupInfo(alices);
    const removal = await alice.cipher.commit(alices, { removeLeaves: [carols.ownLeaf] });
    expect(await rejoin(removal.group, carols.ownLeaf)).toMatchObject(refused("not-own-leaf"));
    const keyPackage = await carol.newBundle();
    const late = accepted(await carol.cipher.externalRejoin({ groupInfo, keyPackage, replacedLeaf: carols.ownLeaf }));
    expect(await alice.cipher.open(removal.group, late.commit)).toMatchObject(refused("epoch-too-old"));
  });

  test("[K3] the rules judge it with a description of everything it does", async () => {
    const [alices, , carols] = await three();
    const made = accepted(await rejoin(alices, carols.ownLeaf));
    alice.rules.judgeCommit = (before, change) => {
      expect(before.members.length).toBe(3);
      expect(expectText(change.committer.credential)).toBe("carol");
      return change.isExternal ? "no-externals-here" : null;
    };
    expect(await alice.cipher.open(alices, made.commit)).toMatchObject({
      error: { reason: "policy-refused", detail: "no-externals-here" },
    });
    alice.rules.judgeCommit = () => null;
    alice.rules.verifyCredential = (_credential, key) =>
      bytesToHex(key) !== bytesToHex(made.change.committer.signatureKey);
    expect(await alice.cipher.open(alices, made.commit)).toMatchObject(refused("credential-refused"));
    alice.rules.verifyCredential = (credential) => credential.length > 0;
  });
});
