/** The driver of forks with real group encryption: several devices, three home nodes, losses and crashes. */
import { bytesToHex } from "@xchat/codec";
import { partId, recordKind } from "@xchat/client/fork";
import { decodeGroupState } from "@xchat/protocol";
import { expect, test } from "vitest";
import { ForkWorld, HOUR, MINUTE } from "./fork-world.node.ts";

const nameOf = (world: ForkWorld, who: string): string | null => {
  const device = world.get(who);
  const state = decodeGroupState(device.cipher.policy(device.group));
  return state.ok ? state.value.name : null;
};

const exporters = async (world: ForkWorld): Promise<ReadonlySet<string>> => {
  const all = world.members.map(async ({ cipher, group }) =>
    bytesToHex(await cipher.exportSecret(group, "test", new Uint8Array(0), 32)),
  );
  return new Set(await Promise.all(all));
};

test("[FR13] [FR14] a commit takes the slots, is certified, and everybody applies it", async () => {
  const world = await ForkWorld.of(1, ["ada", "bob", "eve"]);
  await world.get("ada").want({ kind: "name", to: "Quartet" });
  await world.settle(3);
  expect(["ada", "bob", "eve"].map((who) => nameOf(world, who))).toEqual(["Quartet", "Quartet", "Quartet"]);
  expect((await exporters(world)).size).toBe(1);
  expect(world.get("bob").told.map(({ kind }) => kind)).toContain("moved");
});

test("[FR13] two commits of one epoch on a cut network: one stays, what the other was for is wanted again", async () => {
  const world = await ForkWorld.of(2, ["ada", "bob", "eve"], ["bob"]);
  for (const node of world.nodes) node.isUp = false;
  await world.get("ada").want({ kind: "name", to: "By Ada" });
  await world.get("bob").want({ kind: "admin", account: world.get("eve").account.accountId, isAdmin: false });
  await world.get("bob").want({ kind: "name", to: "By Bob" });
  await world.pass(5_000);
  for (const node of world.nodes) node.isUp = true;
  await world.settle();
  expect((await exporters(world)).size).toBe(1);
  // The loser's wish was done in the next epoch, so it is the last word.
  expect(new Set(["ada", "bob", "eve"].map((who) => nameOf(world, who))).size).toBe(1);
});

test("[FR14] with every node down, what was sent directly is applied after an hour", async () => {
  const world = await ForkWorld.of(3, ["ada", "bob"]);
  const [ada, bob] = [world.get("ada"), world.get("bob")];
  for (const node of world.nodes) node.isUp = false;
  await ada.want({ kind: "name", to: "Alone" });
  await world.pass(5_000);
  const [id] = [...ada.state.commits.keys()];
  const sealed = ada.records.get(partId(ada.state.conversation, "sealed", id as string));
  expect(sealed).toBeDefined();
  await world.pass(HOUR);
  expect(nameOf(world, "ada")).toBe("Alone");
  expect(nameOf(world, "bob")).toBe("Choir");
  for (const node of world.nodes) node.isUp = true;
  await world.settle(25);
  expect(nameOf(world, "bob")).toBe("Alone");
  expect((await exporters(world)).size).toBe(1);
  expect(bob.isMember).toBe(true);
});

test("[FR15] who is added gets the Welcome once the commit is certified", async () => {
  const world = await ForkWorld.of(4, ["ada", "bob"]);
  world.nodes[0]!.isUp = false;
  world.nodes[1]!.isUp = false;
  await world.get("ada").want({ kind: "add", who: "eve" });
  await world.pass(5_000);
  expect(world.devices.get("eve")?.isMember ?? false).toBe(false);
  world.nodes[0]!.isUp = true;
  await world.settle(25);
  expect(world.get("eve").isMember).toBe(true);
  await world.settle(3);
  expect((await exporters(world)).size).toBe(1);
});

test("[FR12] who is removed is told, and reads what was sent before", async () => {
  const world = await ForkWorld.of(5, ["ada", "bob", "eve"]);
  await world.get("ada").want({ kind: "remove", account: world.get("eve").account.accountId });
  await world.settle(3);
  expect(world.get("eve").isMember).toBe(false);
  expect(world.get("eve").told.map(({ kind }) => kind)).toContain("removed");
  expect((await exporters(world)).size).toBe(1);
  expect(world.members).toHaveLength(2);
});

test("[FR18] what is final goes, and the store does not grow", async () => {
  const world = await ForkWorld.of(6, ["ada", "bob"]);
  const sizes: number[] = [];
  for (let i = 0; i < 6; i++) {
    await world.get(i % 2 === 0 ? "ada" : "bob").want({ kind: "name", to: `Name ${i}` });
    await world.settle(4);
    sizes.push(world.get("ada").records.size);
  }
  expect(nameOf(world, "bob")).toBe("Name 5");
  expect(world.get("ada").state.session.final.length).toBeGreaterThan(3);
  expect(Math.max(...sizes)).toBeLessThan(16);
  const kinds = [...world.get("ada").records.values()].map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === recordKind("epoch")).length).toBeLessThan(3);
  await world.pass(MINUTE);
});
