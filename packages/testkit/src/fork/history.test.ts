/** Random histories of a group on a network that fails, with devices that lose their memory after any step. */
import { bytesToHex } from "@xchat/codec";
import { decodeGroupState } from "@xchat/protocol";
import { expect, test } from "vitest";
import type { Change } from "./changes.ts";
import { ForkWorld, MINUTE } from "./fork-world.node.ts";

const SEEDS = Number(process.env["FORK_SEEDS"] ?? 3);
const FIRST = Number(process.env["FORK_SEED"] ?? 1);
const STEPS = 25;
const NAMES = ["ada", "bob", "cem", "dia"] as const;

function nextChange(world: ForkWorld, step: number): Change {
  const { random } = world;
  const kind = random.below(10);
  if (kind < 5) return { kind: "name", to: `Name ${step}` };
  if (kind < 8) return { kind: "update" };
  const account = world.get(random.pick(NAMES.slice(1))).account.accountId;
  return { kind: "admin", account, isAdmin: random.chance(0.6) };
}

async function oneStep(world: ForkWorld, step: number): Promise<string> {
  const { random } = world;
  const device = random.pick(world.members);
  const kind = random.below(8);
  if (kind < 3) {
    const change = nextChange(world, step);
    await device.want(change);
    return `${device.account.name} wants ${JSON.stringify(change)}`;
  }
  if (kind === 3) {
    const node = random.pick(world.nodes);
    node.isUp = !node.isUp;
    return `node ${node.id.slice(0, 4)} ${node.isUp ? "up" : "down"}`;
  }
  if (kind === 4) {
    device.isOnline = !device.isOnline;
    return `${device.account.name} ${device.isOnline ? "online" : "offline"}`;
  }
  if (kind === 5) {
    device.crash();
    return `${device.account.name} restarts`;
  }
  const time = random.pick([1_000, 5_000, 40_000, 2 * MINUTE, 11 * MINUTE, 70 * MINUTE]);
  await world.pass(time);
  return `${time / 1_000} s pass`;
}

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  test(`[FR4] [FR12] all come to one epoch, and nobody is stranded (seed ${seed})`, async () => {
    const world = await ForkWorld.of(seed, NAMES, ["bob"]);
    const steps: string[] = [];
    try {
      for (let step = 0; step < STEPS; step++) steps.push(await oneStep(world, step));
      for (const node of world.nodes) node.isUp = true;
      for (const device of world.devices.values()) device.isOnline = true;
      await world.settle(35);
      expect(world.members).toHaveLength(NAMES.length);
      expect(new Set(world.members.map(({ state }) => state.session.head)).size).toBe(1);
      const secrets = world.members.map(({ cipher, group }) =>
        cipher.exportSecret(group, "test", new Uint8Array(0), 32).then(bytesToHex),
      );
      expect(new Set(await Promise.all(secrets)).size).toBe(1);
      const names = world.members.map(({ cipher, group }) => decodeGroupState(cipher.policy(group)));
      expect(new Set(names.map((state) => (state.ok ? state.value.name : state.error.reason))).size).toBe(1);
      // What was wanted has been done, or was done already, or was not allowed.
      for (const { state } of world.members) expect([state.session.intents, state.session.making]).toEqual([[], null]);
    } catch (error) {
      throw new Error(`seed ${seed}:\n${steps.join("\n")}`, { cause: error });
    }
  });
}
