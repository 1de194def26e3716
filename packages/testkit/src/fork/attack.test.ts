/** The driver among people who do what they should not: with real group encryption, real receipts and real credentials. */
import { bytesToHex } from "@xchat/codec";
import { allowHeld, decodePieces, partId, placeOf, proofName, sealing, takeSlot, weigh } from "@xchat/client/fork";
import { decodeGroupState, epochWrapKey, sealEnvelopes, type Group } from "@xchat/protocol";
import { expect, test } from "vitest";
import { commitInputOf, type Change } from "./changes.ts";
import type { ForkDevice } from "./fork-device.node.ts";
import { ForkWorld, HOUR, MINUTE } from "./fork-world.node.ts";

const headsOf = (world: ForkWorld, ...names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => world.get(name).state.session.head));

const exportersOf = async (world: ForkWorld): Promise<ReadonlySet<string>> => {
  const all = world.members.map(async ({ cipher, group }) =>
    bytesToHex(await cipher.exportSecret(group, "test", new Uint8Array(0), 32)),
  );
  return new Set(await Promise.all(all));
};

interface Sibling {
  readonly epoch: string;
  readonly envelopes: readonly Uint8Array[];
  readonly group: Group;
}

/** A commit that this device makes in some epoch that it has the group of, outside of its driver. */
async function sibling(device: ForkDevice, group: Group, epoch: string, change: Change, events = 0): Promise<Sibling> {
  const { cipher, world } = device;
  const input = await commitInputOf({ cipher, group, events, keyPackageOf: world.keyPackageOf }, change);
  if (input === null) throw new Error("nothing to do");
  const made = await cipher.commit(group, input);
  const wrapKey = await epochWrapKey((...args) => cipher.exportSecret(group, ...args));
  return { epoch, envelopes: await sealEnvelopes(world.provider, wrapKey, made.commit), group: made.group };
}

test("[FR8] [FR18] a removed admin's commits at every retained epoch change nothing", async () => {
  const world = await ForkWorld.of(20, ["ada", "bob", "cem", "dia"], ["bob"]);
  const [ada, bob, dia] = [world.get("ada"), world.get("bob"), world.get("dia")];
  // One member is away, so that no epoch becomes final.
  dia.isOnline = false;
  const kept: { readonly epoch: string; readonly group: Group }[] = [];
  for (let i = 0; i < 3; i++) {
    kept.push({ epoch: bob.state.session.head, group: bob.group });
    await ada.want({ kind: "name", to: `Name ${i}` });
    await world.settle(3);
  }
  kept.push({ epoch: bob.state.session.head, group: bob.group });
  await ada.want({ kind: "remove", account: bob.account.accountId });
  await world.settle(3);
  expect(bob.isMember).toBe(false);
  const before = ada.state.session.head;
  // With two colluding nodes that give him a certificate for each.
  for (const node of world.nodes.slice(0, 2)) node.isCorrupt = true;
  const cems = world.get("cem").account.accountId;
  for (const { epoch, group } of kept) {
    const made = await sibling(bob, group, epoch, { kind: "remove", account: cems });
    for (const device of [ada, world.get("cem")]) await device.hand(epoch, made.envelopes);
    for (const node of world.nodes) {
      const place = placeOf(ada.state, epoch)?.nodes.find(({ hint }) => bytesToHex(hint.keyHash) === node.id);
      if (place !== undefined) await node.offer(place.mailbox.publicKey, made.envelopes);
    }
  }
  dia.isOnline = true;
  await world.settle(30);
  expect(headsOf(world, "ada", "cem", "dia")).toEqual(new Set([before]));
  expect(world.members).toHaveLength(3);
  const evidence = ada.told.flatMap((action) => (action.kind === "evidence" ? [action.evidence] : []));
  expect(evidence.map(({ kind }) => kind)).toContain("node-signed-twice");
  // FR5, FR6: with the signed bytes.
  for (const one of evidence)
    expect(ada.records.has(partId(ada.state.conversation, "proof", proofName(one)))).toBe(true);
});

test("[FR17] a removal that was undone holds what is sealed, until it is done again", async () => {
  const world = await ForkWorld.of(21, ["ada", "bob", "cem", "eve"], ["bob"]);
  const [ada, bob, cem, eve] = ["ada", "bob", "cem", "eve"].map((name) => world.get(name)) as ForkDevice[];
  const before = { epoch: ada!.state.session.head };
  for (const node of world.nodes) node.isUp = false;
  // Bob, an admin, removes Eve; the owner, who has not seen it, changes something in the same epoch.
  await bob!.want({ kind: "remove", account: eve!.account.accountId });
  await ada!.want({ kind: "name", to: "By the owner" });
  await world.pass(4_000);
  const [removal] = [...bob!.state.commits.keys()];
  const sealedBy = async (device: ForkDevice, id: string): Promise<readonly Uint8Array[]> => {
    return decodePieces(device.records.get(partId(device.state.conversation, "sealed", id))!.value);
  };
  await cem!.hand(before.epoch, await sealedBy(bob!, removal as string));
  await world.pass(2 * MINUTE);
  expect(cem!.state.session.head).toBe(removal);
  expect(sealing(cem!.state)).toBe("open");
  // By itself Ada's driver would wait for nothing: no node is there to say that the epoch has ended.
  const [byOwner] = [...ada!.state.commits.keys()];
  const owners = { envelopes: await sealedBy(ada!, byOwner as string) };
  await cem!.hand(before.epoch, owners.envelopes);
  await world.pass(2 * HOUR);
  // The owner outranks who decreed, so the owner's branch is not overruled, and weighs more.
  expect(cem!.state.session.head).not.toBe(removal);
  expect(sealing(cem!.state)).toBe("held");
  await cem!.act();
  expect(cem!.told.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["moved", "hold", "healed"]));
  expect(sealing(allowHeld(cem!.state))).toBe("open");
  // What was written on the branch that was left is still readable, and Bob's wish comes true in the end.
  for (const node of world.nodes) node.isUp = true;
  await world.settle(30);
  expect(eve!.isMember).toBe(false);
  expect(sealing(cem!.state)).toBe("open");
  expect(headsOf(world, "ada", "bob", "cem").size).toBe(1);
});

test("[FR12] [FR21] an old copy of the store, whose device has committed since, comes in again from outside", async () => {
  const world = await ForkWorld.of(22, ["ada", "bob"]);
  const bob = world.get("bob");
  const restore = bob.image();
  await bob.want({ kind: "update" });
  await world.settle(3);
  const head = world.get("ada").state.session.head;
  expect(bob.state.session.head).toBe(head);
  restore();
  expect(bob.state.session.head).not.toBe(head);
  await bob.poll();
  expect(bob.state.session.standing).toBe("outside");
  expect(bob.told).toContainEqual({ kind: "rejoin", reason: "own-commit-unknown" });
  const leaf = bob.state.session.self;
  await world.settle(10);
  expect(sealing(bob.state)).toBe("open");
  expect(bob.state.session.self).not.toBe(leaf);
  expect((await exportersOf(world)).size).toBe(1);
});

test("[FR12] a message of the own leaf that this device has not sealed: it comes in again from outside", async () => {
  const world = await ForkWorld.of(23, ["ada", "bob"]);
  const bob = world.get("bob");
  await bob.step((work) => work.take({ kind: "copied" }));
  await bob.act();
  expect(bob.told).toContainEqual({ kind: "rejoin", reason: "copied" });
  expect(sealing(bob.state)).toBe("outside");
  bob.crash();
  expect(sealing(bob.state)).toBe("outside");
});

test("[FR6] [FR9] two certificates of one epoch: nodes are guilty, and it is proved", async () => {
  const world = await ForkWorld.of(24, ["ada", "bob", "cem"]);
  const [ada, bob, cem] = [world.get("ada"), world.get("bob"), world.get("cem")];
  const { head: epoch } = ada.state.session;
  const first = await sibling(ada, ada.group, epoch, { kind: "update" });
  const second = await sibling(bob, bob.group, epoch, { kind: "update" });
  for (const node of world.nodes) node.isCorrupt = true;
  for (const { envelopes } of [first, second]) {
    for (const node of world.nodes.slice(0, 2)) {
      const place = placeOf(cem.state, epoch)?.nodes.find(({ hint }) => bytesToHex(hint.keyHash) === node.id);
      if (place === undefined) throw new Error("no such node");
      await node.offer(place.mailbox.publicKey, envelopes);
    }
    await cem.poll();
  }
  await cem.act();
  const proved = cem.told.flatMap((action) => (action.kind === "evidence" ? [action.evidence] : []));
  expect(proved.filter(({ kind }) => kind === "node-signed-twice")).toHaveLength(2);
});

test("[FR3] a receipt that speaks of something else counts for nothing", async () => {
  const world = await ForkWorld.of(25, ["ada", "bob"]);
  const [ada, bob] = [world.get("ada"), world.get("bob")];
  const { head: epoch } = bob.state.session;
  const made = await sibling(ada, ada.group, epoch, { kind: "update" });
  const [node, other] = world.nodes;
  const [place] = placeOf(bob.state, epoch)!.nodes;
  const receipt = (await node!.offer(place!.mailbox.publicKey, made.envelopes)) as Uint8Array;
  const verdict = async (change: object): Promise<string> => {
    const reading = { epoch, node: node!.id, envelopes: made.envelopes, receipt, ...change };
    return (await bob.step((work) => takeSlot(work, reading))).kind;
  };
  expect(await verdict({ node: other!.id })).toBe("wrong-receipt");
  expect(await verdict({ envelopes: [...made.envelopes, ...made.envelopes] })).toBe("wrong-receipt");
  for (let length = 0; length < receipt.length; length += 7) {
    expect(await verdict({ receipt: receipt.slice(0, length) })).toBe("wrong-receipt");
  }
  expect(bob.state.session.facts.receipts).toHaveLength(0);
  expect(await verdict({})).toBe("candidate");
  expect(bob.state.session.facts.receipts).toHaveLength(1);
});

test("[FR1] what no member can have made is refused with a reason, and nothing of it is kept", async () => {
  const world = await ForkWorld.of(26, ["ada", "bob"]);
  const [ada, bob] = [world.get("ada"), world.get("bob")];
  const { head: epoch } = bob.state.session;
  const wrapKey = placeOf(bob.state, epoch)!.wrapKey;
  const made = await ada.cipher.commit(ada.group, {});
  const before = bob.records.size;
  for (let bit = 0; bit < made.commit.length * 8; bit += 4_099) {
    const flipped = made.commit.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const envelopes = await sealEnvelopes(world.world.provider, wrapKey, flipped);
    const weighed = await bob.step((work) => weigh(work, epoch, envelopes));
    expect(weighed.kind, `bit ${bit}`).toBe("refused");
  }
  expect(await bob.step((work) => weigh(work, "ff".repeat(32), []))).toEqual({ kind: "held" });
  expect(await bob.step((work) => weigh(work, epoch, []))).toEqual({ kind: "refused", reason: "no-commit" });
  expect(bob.records.size).toBe(before);
  expect(bob.isMember).toBe(true);
});

test("[FD2] an own commit that was saved and not sent is offered again, and one that was lost is wanted again", async () => {
  const world = await ForkWorld.of(27, ["ada", "bob"]);
  const [ada, bob] = [world.get("ada"), world.get("bob")];
  for (const node of world.nodes) node.isUp = false;
  await ada.want({ kind: "name", to: "Ada's" });
  await world.pass(4_000);
  expect(ada.state.session.own.size).toBe(1);
  ada.crash();
  expect(ada.state.session.own.size).toBe(1);
  // Meanwhile Bob's is the one that has the slots.
  ada.isOnline = false;
  for (const node of world.nodes) node.isUp = true;
  await bob.want({ kind: "update" });
  await world.pass(4_000);
  expect(bob.state.session.head).not.toBe(ada.state.session.head);
  ada.isOnline = true;
  await world.settle(30);
  expect(headsOf(world, "ada", "bob").size).toBe(1);
  const state = decodeGroupState(bob.cipher.policy(bob.group));
  expect(state.ok && state.value.name).toBe("Ada's");
});

test("[FR21] without a certificate a commit in one's own name is nothing", async () => {
  const world = await ForkWorld.of(28, ["ada", "bob"]);
  const bob = world.get("bob");
  const restore = bob.image();
  const { head: epoch } = bob.state.session;
  const made = await sibling(bob, bob.group, epoch, { kind: "update" });
  restore();
  await world.nodes[0]!.offer(placeOf(bob.state, epoch)!.nodes[0]!.mailbox.publicKey, made.envelopes);
  await world.settle(3);
  expect(bob.isMember).toBe(true);
  expect(bob.state.session.facts.receipts.map(({ candidate }) => candidate)).toEqual([null]);
  await world.nodes[1]!.offer(placeOf(bob.state, epoch)!.nodes[1]!.mailbox.publicKey, made.envelopes);
  await bob.poll();
  expect(bob.state.session.standing).toBe("outside");
});
