/** Coming back from outside, with real group encryption and the messages of the rejoin inbox. */
import { bytesToHex } from "@xchat/codec";
import { recordKind, sealing } from "@xchat/client/fork";
import { OUT_PATIENCE } from "@xchat/protocol";
import { expect, test } from "vitest";
import type { ForkDevice } from "./fork-device.node.ts";
import { ForkWorld, MINUTE } from "./fork-world.node.ts";

const oneEpoch = async (world: ForkWorld): Promise<boolean> => {
  const all = world.members.map(async ({ cipher, group }) =>
    bytesToHex(await cipher.exportSecret(group, "test", new Uint8Array(0), 32)),
  );
  return new Set(await Promise.all(all)).size === 1;
};

const fallOut = async (device: ForkDevice): Promise<void> => {
  await device.step((work) => work.take({ kind: "copied" }));
  await device.act();
};

test("[FR12] [RJ4] a device that fell out comes back, and is silent until others have seen it", async () => {
  const world = await ForkWorld.of(40, ["ada", "bob", "cem"]);
  const bob = world.get("bob");
  await fallOut(bob);
  await bob.comeBack([world.get("ada"), world.get("cem")]);
  expect(sealing(bob.state)).toBe("knocking");
  bob.crash();
  expect(sealing(bob.state)).toBe("knocking");
  await world.settle(5);
  expect(sealing(bob.state)).toBe("open");
  expect(world.members).toHaveLength(3);
  expect(await oneEpoch(world)).toBe(true);
  // Nothing of the session before is left but what the new one writes.
  const candidates = [...bob.records.values()].filter(({ kind }) => kind === recordKind("candidate"));
  expect(candidates.length).toBeLessThan(2);
  await bob.want({ kind: "update" });
  await world.settle(5);
  expect(await oneEpoch(world)).toBe(true);
});

test("[FR20] what it wanted goes along", async () => {
  const world = await ForkWorld.of(41, ["ada", "bob"]);
  const ada = world.get("ada");
  ada.isOnline = false;
  await ada.step((work) =>
    work.take({ kind: "want", intent: JSON.stringify([0.5, { kind: "name", to: "Later" }]), isDecree: false }),
  );
  await fallOut(ada);
  ada.isOnline = true;
  await world.settle(10);
  expect(sealing(ada.state)).toBe("open");
  expect(ada.state.session.intents).toEqual([]);
  expect(await oneEpoch(world)).toBe(true);
});

test("[FR20] another commit has the slots: it asks anew, and comes in behind it", async () => {
  const world = await ForkWorld.of(42, ["ada", "bob", "cem"]);
  const [ada, bob, cem] = [world.get("ada"), world.get("bob"), world.get("cem")];
  await fallOut(bob);
  bob.isOnline = false;
  await bob.comeBack([cem]);
  await ada.want({ kind: "name", to: "First" });
  await world.settle(3);
  bob.isOnline = true;
  await bob.repeatKnock();
  expect(bob.told).toContainEqual({ kind: "rejoin", reason: "slots-taken" });
  expect(sealing(bob.state)).toBe("outside");
  await world.settle(10);
  expect(sealing(bob.state)).toBe("open");
  expect(world.members).toHaveLength(3);
  expect(await oneEpoch(world)).toBe(true);
});

test("[RJ7] [RJ13] [RJ14] who was removed meanwhile is told so by somebody with a rank, and by nobody else", async () => {
  const world = await ForkWorld.of(43, ["ada", "bob", "cem"]);
  const [ada, bob, cem] = [world.get("ada"), world.get("bob"), world.get("cem")];
  await fallOut(bob);
  bob.isOnline = false;
  await ada.want({ kind: "remove", account: bob.account.accountId });
  await world.settle(3);
  bob.isOnline = true;
  await bob.comeBack([cem], OUT_PATIENCE);
  await bob.comeBack([cem, ada], OUT_PATIENCE - 1);
  expect(bob.told.some(({ kind }) => kind === "removed")).toBe(false);
  await bob.comeBack([cem, ada], OUT_PATIENCE);
  expect(bob.told.some(({ kind }) => kind === "removed")).toBe(true);
});

test("[FR12] several fall out at once, at random, and all come back", async () => {
  for (const seed of [50, 51]) {
    const world = await ForkWorld.of(seed, ["ada", "bob", "cem", "dia"], ["bob"]);
    for (const device of world.random.shuffle([...world.devices.values()]).slice(0, 2)) await fallOut(device);
    await world.get("ada").act();
    const member = world.members[0] as ForkDevice;
    await member.want({ kind: "update" });
    await world.settle(12);
    await world.pass(20 * MINUTE);
    expect(
      world.members.map(({ state }) => sealing(state)),
      `seed ${seed}`,
    ).toEqual(Array(4).fill("open"));
    expect(await oneEpoch(world), `seed ${seed}`).toBe(true);
  }
});
