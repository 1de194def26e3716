import { utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { describe, expect, test } from "vitest";
import { asMlsGroup, MAX_PAST_EPOCHS, PAST_EPOCH_LIFETIME, withTree } from "./mls-group.ts";
import { MAX_SKIPPED_STEPS, takeReceivingKey } from "./secret-tree.ts";
import { kdfOf } from "./suite.ts";
import {
  accepted,
  DAY_MS,
  device,
  expectText,
  exporterOf,
  groupOf,
  NOTHING,
  opened,
  POLICY,
  restarted,
  START,
  type Device,
} from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const hello = utf8ToBytes("hello");
const aad = utf8ToBytes("bound");
const people = () => ["alice", "bob", "carol"].map((name) => device(name, provider));
const pair = async () => {
  const [alice, bob] = people();
  const [alices, bobs] = await groupOf(alice!, bob!);
  return { alice: alice!, bob: bob!, alices: alices!, bobs: bobs! };
};

/** The group of someone who has sent `count` messages. */
function skipped(given: Group, count: number): Group {
  const group = asMlsGroup(given);
  const taken = takeReceivingKey(kdfOf(provider), group.tree, group.ownLeaf, "application", count - 1);
  if (!taken.ok) throw new Error(taken.error);
  return withTree(group, taken.value.tree);
}

describe("two people", () => {
  test("write to each other, and know who wrote and what was bound to it", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const sealed = await alice.cipher.seal(alices, hello, aad);
    const got = await opened(bob, bobs, sealed.message, "application");
    expect(got.plaintext).toEqual(hello);
    expect(got.authenticatedData).toEqual(aad);
    expect(expectText(got.sender.credential)).toBe("alice");
    expect(got.sender.signatureKey).toEqual(alice.cipher.ownLeafKey(alices).publicKey);
    expect(got.epoch).toBe(1);
    const answer = await bob.cipher.seal(got.group, utf8ToBytes("hi"), NOTHING);
    expect((await opened(alice, sealed.group, answer.message, "application")).plaintext).toEqual(utf8ToBytes("hi"));
  });

  test("see the same members and policy, and derive the same secrets", async () => {
    const { alice, bob, alices, bobs } = await pair();
    expect(bob.cipher.members(bobs)).toEqual(alice.cipher.members(alices));
    expect(bob.cipher.policy(bobs)).toEqual(POLICY);
    expect(await exporterOf(bob, bobs)).toEqual(await exporterOf(alice, alices));
    expect(await bob.cipher.exportSecret(bobs, "other", NOTHING, 32)).not.toEqual(await exporterOf(bob, bobs));
  });

  test("a commit without input has a path and changes nothing but the keys", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const made = await bob.cipher.commit(bobs, {});
    const got = await opened(alice, alices, made.commit, "commit");
    expect(got.change).toMatchObject({ added: [], removed: [], policy: null, isExternal: false, hasPath: true });
    expect(expectText(got.change.committer.credential)).toBe("bob");
    expect(got.group.epoch).toBe(2);
    expect(await exporterOf(alice, got.group)).toEqual(await exporterOf(bob, made.group));
    expect(await exporterOf(alice, got.group)).not.toEqual(await exporterOf(alice, alices));
  });

  test("a change of policy has a path too, and everybody sees the new one", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const policy = utf8ToBytes("new policy");
    const made = await bob.cipher.commit(bobs, { policy });
    const got = await opened(alice, alices, made.commit, "commit");
    expect(got.change).toMatchObject({ policy, hasPath: true });
    expect(alice.cipher.policy(got.group)).toEqual(policy);
    expect(alice.cipher.policy(alices)).toEqual(POLICY);
  });
});

describe("three people", () => {
  test("a removed member sees that it is out and cannot derive the next exporter", async () => {
    const [alice, bob, carol] = people() as [
      ReturnType<typeof device>,
      ReturnType<typeof device>,
      ReturnType<typeof device>,
    ];
    const [alices, bobs, carols] = (await groupOf(alice, bob, carol)) as [Group, Group, Group];
    const made = await alice.cipher.commit(alices, { removeLeaves: [carols.ownLeaf] });
    const forBob = await opened(bob, bobs, made.commit, "commit");
    const forCarol = await opened(carol, carols, made.commit, "commit");
    expect(forCarol.change.removed.map(({ leaf }) => leaf)).toEqual([carols.ownLeaf]);
    const next = await exporterOf(alice, made.group);
    expect(await exporterOf(bob, forBob.group)).toEqual(next);
    expect(await exporterOf(carol, forCarol.group)).not.toEqual(next);
    const { message } = await bob.cipher.seal(forBob.group, hello, NOTHING);
    expect(await carol.cipher.open(forCarol.group, message)).toMatchObject({ error: { reason: "epoch-ahead" } });
    await expect(carol.cipher.seal(forCarol.group, hello, NOTHING)).rejects.toMatchObject({
      code: "removed-from-group",
    });
    await expect(carol.cipher.commit(forCarol.group, {})).rejects.toMatchObject({ code: "not-committable" });
    // What was sent before can still be read.
    const late = await bob.cipher.seal(bobs, hello, NOTHING);
    expect((await opened(carol, restarted(carol, forCarol.group), late.message, "application")).plaintext).toEqual(
      hello,
    );
  });

  test("an added member is named with its leaf, and a removal too", async () => {
    const [alice, bob, carol] = people() as [
      ReturnType<typeof device>,
      ReturnType<typeof device>,
      ReturnType<typeof device>,
    ];
    const [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
    const bundle = await carol.newBundle();
    const made = await bob.cipher.commit(bobs, { add: [bundle.keyPackage] });
    const got = await opened(alice, alices, made.commit, "commit");
    expect(got.change.added.map(({ leaf, credential }) => [leaf, expectText(credential)])).toEqual([[2, "carol"]]);
    const carols = accepted(await carol.cipher.join(made.welcome!, bundle));
    expect(carols.ownLeaf).toBe(2);
    expect(await exporterOf(carol, carols)).toEqual(await exporterOf(alice, got.group));
  });
});

describe("many at once", () => {
  const device5 = ["alice", "bob", "carol", "dave", "erin"].map((name) => device(name, provider));

  test("[GE5] one commit removes several and adds several, with one Welcome for all; the removed are shut out", async () => {
    const [alice, bob, carol, dave, erin] = device5 as [Device, Device, Device, Device, Device];
    const [alices, bobs, carols] = (await groupOf(alice, bob, carol)) as [Group, Group, Group];
    const bundles = await Promise.all([dave, erin].map((one) => one.newBundle()));
    const made = await alice.cipher.commit(alices, {
      add: bundles.map(({ keyPackage }) => keyPackage),
      removeLeaves: [bobs.ownLeaf, carols.ownLeaf],
    });
    expect(made.commitKind).toBe("removal");
    const next = await exporterOf(alice, made.group);
    for (const [i, one] of [dave, erin].entries()) {
      const joined = accepted(await one.cipher.join(made.welcome!, bundles[i]!));
      expect(await exporterOf(one, joined)).toEqual(next);
      // The leaves of the removed, taken again by the same commit.
      expect(joined.ownLeaf).toBe(i + 1);
    }
    for (const [one, group] of [
      [bob, bobs],
      [carol, carols],
    ] as const) {
      const got = await opened(one, group, made.commit, "commit");
      expect(got.change.removed.map(({ leaf }) => leaf)).toEqual([1, 2]);
      expect(await exporterOf(one, got.group)).not.toEqual(next);
      await expect(one.cipher.seal(got.group, hello, NOTHING)).rejects.toMatchObject({ code: "removed-from-group" });
    }
  });

  test("[GE5] a removal and then a policy are two epochs, each agreed on", async () => {
    const [alice, bob, carol] = device5 as [Device, Device, Device];
    const [alices, bobs, carols] = (await groupOf(alice, bob, carol)) as [Group, Group, Group];
    const removal = await alice.cipher.commit(alices, { removeLeaves: [carols.ownLeaf] });
    const policy = await alice.cipher.commit(removal.group, { policy: hello });
    let bobsNow = (await opened(bob, bobs, removal.commit, "commit")).group;
    bobsNow = (await opened(bob, bobsNow, policy.commit, "commit")).group;
    expect(await exporterOf(bob, bobsNow)).toEqual(await exporterOf(alice, policy.group));
    expect(bob.cipher.policy(bobsNow)).toEqual(hello);
    expect(await carol.cipher.open(carols, policy.commit)).toMatchObject({ error: { reason: "epoch-ahead" } });
  });

  test("[GE7] an update may bring a new credential for the same leaf key, judged by everybody", async () => {
    const [alice, bob] = device5 as [Device, Device];
    const [alices, bobs] = (await groupOf(alice, bob)) as [Group, Group];
    const credential = utf8ToBytes("alice, certified again");
    const isNewer = (before: Uint8Array, after: Uint8Array) => expectText(after).startsWith(expectText(before));
    await expect(alice.cipher.commit(alices, { credential })).rejects.toMatchObject({ code: "not-committable" });
    alice.rules.isSuccessor = isNewer;
    const made = await alice.cipher.commit(alices, { credential });
    expect(await bob.cipher.open(bobs, made.commit)).toMatchObject({ error: { reason: "credential-refused" } });
    bob.rules.isSuccessor = isNewer;
    const got = await opened(bob, bobs, made.commit, "commit");
    expect(expectText(got.change.committer.credential)).toBe("alice");
    expect(bob.cipher.members(got.group)[0]?.credential).toEqual(credential);
    expect(alice.cipher.ownLeafKey(made.group)).toEqual(alice.cipher.ownLeafKey(alices));
    const { keyPackage } = await (device5[3] as Device).newBundle();
    await expect(alice.cipher.commit(made.group, { credential, add: [keyPackage] })).rejects.toMatchObject({
      code: "not-committable",
    });
  });
});

describe("[G1] a group is immutable", () => {
  test("two futures of one group do not touch each other", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const before = alice.cipher.save(alices);
    const first = await alice.cipher.seal(alices, hello, NOTHING);
    const commit = await alice.cipher.commit(alices, {});
    expect(alice.cipher.save(alices)).toEqual(before);
    await opened(bob, bobs, commit.commit, "commit");
    expect((await opened(bob, bobs, first.message, "application")).plaintext).toEqual(hello);
  });
});

describe("[G3] why a message does not open", () => {
  test("own-message, also after the epoch ended", async () => {
    const { alice, alices } = await pair();
    const { message, group } = await alice.cipher.seal(alices, hello, NOTHING);
    expect(await alice.cipher.open(group, message)).toMatchObject({ error: { reason: "own-message" } });
    const made = await alice.cipher.commit(group, {});
    expect(await alice.cipher.open(group, made.commit)).toMatchObject({ error: { reason: "own-message" } });
    expect(await alice.cipher.open(made.group, message)).toMatchObject({ error: { reason: "own-message" } });
  });

  test("[GE17] sent-by-copy: a device restored from an old copy of its store learns of it, and nobody else can make it believe so", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const first = await alice.cipher.seal(alices, hello, NOTHING);
    const old = restarted(alice, first.group);
    const second = await alice.cipher.seal(first.group, hello, NOTHING);
    const third = await alice.cipher.seal(second.group, hello, NOTHING);
    expect(await alice.cipher.open(old, first.message)).toMatchObject({ error: { reason: "own-message" } });
    for (const { message } of [second, third]) {
      expect(await alice.cipher.open(old, message)).toMatchObject({ error: { reason: "sent-by-copy" } });
      expect(await alice.cipher.open(third.group, message)).toMatchObject({ error: { reason: "own-message" } });
    }
    // Bob knows every secret of the epoch but alice's signature key.
    const inAlicesName = { ...asMlsGroup(bobs), ownLeaf: alices.ownLeaf };
    const forged = await bob.cipher.seal(inAlicesName as Group, hello, NOTHING);
    expect(await alice.cipher.open(alices, forged.message)).toMatchObject({ error: { reason: "not-authentic" } });
    // After the epoch there is nothing left that could be used twice.
    const made = await bob.cipher.commit(bobs, {});
    const { group } = await opened(alice, old, made.commit, "commit");
    expect(await alice.cipher.open(group, third.message)).toMatchObject({ error: { reason: "own-message" } });
  });

  test("already-opened, for a message and for a commit that was applied", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const { message } = await alice.cipher.seal(alices, hello, NOTHING);
    const { group } = await opened(bob, bobs, message, "application");
    expect(await bob.cipher.open(group, message)).toMatchObject({ error: { reason: "already-opened" } });
    const made = await alice.cipher.commit(alices, {});
    const next = await opened(bob, group, made.commit, "commit");
    expect(await bob.cipher.open(next.group, message)).toMatchObject({ error: { reason: "already-opened" } });
    expect(await bob.cipher.open(next.group, made.commit)).toMatchObject({ error: { reason: "epoch-too-old" } });
  });

  test("epoch-ahead before the commit is applied, readable after", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const made = await alice.cipher.commit(alices, {});
    const { message } = await alice.cipher.seal(made.group, hello, NOTHING);
    expect(await bob.cipher.open(bobs, message)).toMatchObject({ error: { reason: "epoch-ahead" } });
    const { group } = await opened(bob, bobs, made.commit, "commit");
    expect((await opened(bob, group, message, "application")).plaintext).toEqual(hello);
  });

  test("[M1] late messages open for a number of epochs, then they are epoch-too-old", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const { message } = await alice.cipher.seal(alices, hello, aad);
    let [alicesNow, bobsNow] = [alices, bobs];
    for (let i = 0; i < MAX_PAST_EPOCHS; i++) {
      const made = await bob.cipher.commit(bobsNow, {});
      alicesNow = (await opened(alice, alicesNow, made.commit, "commit")).group;
      bobsNow = restarted(bob, made.group);
    }
    const late = await opened(bob, bobsNow, message, "application");
    expect(late).toMatchObject({ epoch: 1, plaintext: hello, authenticatedData: aad });
    expect(await bob.cipher.open(late.group, message)).toMatchObject({ error: { reason: "already-opened" } });
    const made = await bob.cipher.commit(bobsNow, {});
    expect(await bob.cipher.open(made.group, message)).toMatchObject({ error: { reason: "epoch-too-old" } });
  });

  test("[M1] an epoch that ended long ago is forgotten with the next commit, or restart", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const { message } = await alice.cipher.seal(alices, hello, NOTHING);
    const made = await bob.cipher.commit(bobs, {});
    bob.rules.now = () => START + PAST_EPOCH_LIFETIME;
    const next = await bob.cipher.commit(made.group, {});
    expect(await bob.cipher.open(made.group, message)).toMatchObject({ ok: true });
    expect(await bob.cipher.open(next.group, message)).toMatchObject({ error: { reason: "epoch-too-old" } });
    const back = restarted(bob, made.group);
    expect(await bob.cipher.open(back, message)).toMatchObject({ error: { reason: "epoch-too-old" } });
    expect(bob.cipher.save(back).epochPart.length).toBeLessThan(bob.cipher.save(made.group).epochPart.length);
  });

  test("[T3] too-many-skipped, and messages in any order before that", async () => {
    const { alice, bob, alices, bobs } = await pair();
    let [alicesNow, bobsNow] = [alices, bobs];
    const messages: Uint8Array[] = [];
    for (let i = 0; i < 5; i++) {
      const sealed = await alice.cipher.seal(alicesNow, hello, NOTHING);
      alicesNow = sealed.group;
      messages.push(sealed.message);
    }
    const far = await alice.cipher.seal(skipped(alices, MAX_SKIPPED_STEPS), hello, NOTHING);
    const tooFar = await alice.cipher.seal(far.group, hello, NOTHING);
    expect(await bob.cipher.open(bobs, tooFar.message)).toMatchObject({ error: { reason: "too-many-skipped" } });
    for (const i of [4, 0, 3, 1, 2]) {
      bobsNow = restarted(bob, (await opened(bob, bobsNow, messages[i] as Uint8Array, "application")).group);
    }
    bobsNow = (await opened(bob, bobsNow, far.message, "application")).group;
    await opened(bob, bobsNow, tooFar.message, "application");
  });

  test("wrong-group and unsupported", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const other = await alice.cipher.createGroup({
      groupId: hello,
      keyPackage: await alice.newBundle(),
      policy: POLICY,
    });
    const { message } = await alice.cipher.seal(other, hello, NOTHING);
    expect(await bob.cipher.open(bobs, message)).toMatchObject({ error: { reason: "wrong-group" } });
    const { keyPackage } = await alice.newBundle();
    expect(await bob.cipher.open(bobs, keyPackage)).toMatchObject({ error: { reason: "unsupported" } });
    const own = await alice.cipher.seal(alices, hello, NOTHING);
    const welcome = own.message.slice();
    welcome[3] = 3;
    expect(await bob.cipher.open(bobs, welcome)).toMatchObject({ error: { reason: "unsupported" } });
  });
});

describe("[G4] what the rules refuse", () => {
  test("a commit: the group stays as it was, and a later one is applied", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const seen: unknown[] = [];
    bob.rules.judgeCommit = (before, change) => {
      seen.push([before.policy, before.members.length, change.policy]);
      return change.policy === null ? null : "no-new-policy";
    };
    const refused = await alice.cipher.commit(alices, { policy: hello });
    expect(await bob.cipher.open(bobs, refused.commit)).toMatchObject({
      error: { reason: "policy-refused", detail: "no-new-policy" },
    });
    expect(seen).toEqual([[POLICY, 2, hello]]);
    await opened(bob, bobs, (await alice.cipher.commit(alices, {})).commit, "commit");
  });

  test("a credential: in a key package, of an added leaf, of a committer, and of any leaf when joining", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const carol = device("carol", provider);
    const bundle = await carol.newBundle();
    bob.rules.verifyCredential = (credential) => expectText(credential) !== "carol";
    const refusal = { error: { reason: "credential-refused" } };
    expect(await bob.cipher.inspectKeyPackage(bundle.keyPackage)).toMatchObject(refusal);
    const made = await alice.cipher.commit(alices, { add: [bundle.keyPackage] });
    expect(await bob.cipher.open(bobs, made.commit)).toMatchObject(refusal);
    await expect(bob.cipher.commit(bobs, { add: [bundle.keyPackage] })).rejects.toMatchObject({
      code: "not-committable",
    });
    carol.rules.verifyCredential = (credential) => expectText(credential) !== "bob";
    expect(await carol.cipher.join(made.welcome!, bundle)).toMatchObject(refusal);
    bob.rules.verifyCredential = (credential) => expectText(credential) !== "alice";
    expect(await bob.cipher.open(bobs, (await alice.cipher.commit(alices, {})).commit)).toMatchObject(refusal);
  });

  test("lifetimes: at most 90 days, not from the future, not over, with a day for clocks that differ", async () => {
    const [alice, bob] = people() as [Device, Device];
    await expect(alice.newBundle({ days: 91 })).rejects.toThrow(RangeError);
    const { keyPackage } = await alice.newBundle({ days: 10 });
    const at = async (days: number) => {
      bob.rules.now = () => START + days * DAY_MS;
      const result = await bob.cipher.inspectKeyPackage(keyPackage);
      return result.ok ? "ok" : result.error.reason;
    };
    const answers: string[] = [];
    for (const days of [-2, -1, 0, 10, 11, 12]) answers.push(await at(days));
    expect(answers).toEqual(["lifetime-refused", "ok", "ok", "ok", "ok", "lifetime-refused"]);
  });

  test("[GE3] whoever may be added by clocks that differ can be added: slow by minutes, or fast", async () => {
    const { alice, bob, alices, bobs } = await pair();
    for (const [name, days] of [
      ["carol", -0.01],
      ["dave", 10.5],
    ] as const) {
      const { keyPackage } = await device(name, provider).newBundle({ days: 10 });
      alice.rules.now = () => START + days * DAY_MS;
      bob.rules.now = alice.rules.now;
      const made = await alice.cipher.commit(alices, { add: [keyPackage] });
      accepted(await bob.cipher.open(bobs, made.commit));
      // What was said to ts-mls for this commit goes no further.
      expect((await alice.cipher.commit(made.group, {})).group.epoch).toBe(made.group.epoch + 1);
    }
  });

  test("a lifetime that is over is refused in a commit too, but strands nobody who joins", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const carol = device("carol", provider);
    const bundle = await carol.newBundle({ days: 10 });
    const made = await alice.cipher.commit(alices, { add: [bundle.keyPackage] });
    bob.rules.now = () => START + 12 * DAY_MS;
    expect(await bob.cipher.open(bobs, made.commit)).toMatchObject({ error: { reason: "lifetime-refused" } });
    carol.rules.now = () => START + 100 * DAY_MS;
    accepted(await carol.cipher.join(made.welcome!, bundle));
  });

  test("a rule that throws is no refusal of the peer: it comes out", async () => {
    const { alice, bob, alices, bobs } = await pair();
    const broken = new Error("store is closed");
    const { commit } = await alice.cipher.commit(alices, {});
    bob.rules.judgeCommit = () => {
      throw broken;
    };
    await expect(bob.cipher.open(bobs, commit)).rejects.toBe(broken);
    bob.rules.verifyCredential = () => {
      throw broken;
    };
    await expect(bob.cipher.open(bobs, commit)).rejects.toBe(broken);
    await expect(bob.cipher.inspectKeyPackage((await alice.newBundle()).keyPackage)).rejects.toBe(broken);
  });
});

describe("joining", () => {
  test("not-for-this-key-package", async () => {
    const [alice, bob] = people() as [Device, Device];
    const [bundle, other] = [await bob.newBundle(), await bob.newBundle()];
    const alone = await alice.cipher.createGroup({
      groupId: hello,
      keyPackage: await alice.newBundle(),
      policy: POLICY,
    });
    const { welcome } = await alice.cipher.commit(alone, { add: [bundle.keyPackage] });
    expect(await bob.cipher.join(welcome!, other)).toMatchObject({ error: { reason: "not-for-this-key-package" } });
    accepted(await bob.cipher.join(welcome!, bundle));
  });

  test("a Welcome can be cut down to some of the newcomers", async () => {
    const [alice, bob, carol] = people() as [Device, Device, Device];
    const [bobs, carols] = [await bob.newBundle(), await carol.newBundle()];
    const keyPackage = await alice.newBundle();
    const alone = await alice.cipher.createGroup({ groupId: hello, keyPackage, policy: POLICY });
    const made = await alice.cipher.commit(alone, { add: [bobs.keyPackage, carols.keyPackage] });
    const forBob = await alice.cipher.welcomeFor(made.welcome!, [bobs.keyPackage]);
    expect(forBob.length).toBeLessThan(made.welcome!.length - 1_120);
    const joined = accepted(await bob.cipher.join(forBob, bobs));
    expect(await exporterOf(bob, joined)).toEqual(await exporterOf(alice, made.group));
    expect(await carol.cipher.join(forBob, carols)).toMatchObject({ error: { reason: "not-for-this-key-package" } });
    expect(await alice.cipher.welcomeFor(made.welcome!, [bobs.keyPackage, carols.keyPackage])).toEqual(made.welcome);
    for (const [welcome, one] of [
      [made.welcome!, keyPackage.keyPackage],
      [made.welcome!, hello],
      [hello, bobs.keyPackage],
    ] as const) {
      await expect(alice.cipher.welcomeFor(welcome, [one])).rejects.toMatchObject({ code: "not-committable" });
    }
    await expect(alice.cipher.welcomeFor(hello, [])).rejects.toMatchObject({ code: "not-committable" });
  });

  test("a key package marked as last resort can be used twice", async () => {
    const [alice, bob] = people() as [Device, Device];
    const bundle = await bob.newBundle({ isLastResort: true });
    for (const id of ["one", "two"]) {
      const keyPackage = await alice.newBundle();
      const alone = await alice.cipher.createGroup({ groupId: utf8ToBytes(id), keyPackage, policy: POLICY });
      const { welcome } = await alice.cipher.commit(alone, { add: [bundle.keyPackage] });
      accepted(await bob.cipher.join(welcome!, bundle));
    }
  });

  test("[K2] a removal and a policy in one commit are misuse, and so is the removal of nobody", async () => {
    const { alice, alices, bobs } = await pair();
    await expect(alice.cipher.commit(alices, { removeLeaves: [5] })).rejects.toMatchObject({ code: "not-committable" });
    await expect(alice.cipher.commit(alices, { removeLeaves: [bobs.ownLeaf], policy: hello })).rejects.toMatchObject({
      code: "not-committable",
    });
  });
});
