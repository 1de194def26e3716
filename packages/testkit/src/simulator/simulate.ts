/** One seed, one world, from its first moment to the end at which all must have come together. */
import { ACTIONS, answer, darkness, FATE, follow, invite, type Action } from "./actions.ts";
import { DEVICE_ACTIONS, linkOne } from "./device-actions.ts";
import { GROUP_ACTIONS, makeGroup } from "./group-actions.ts";
import { settle } from "./settle.ts";
import { World, type WorldInput } from "./world.ts";

export interface SimulationReport {
  readonly seed: number;
  /** Null where everything held. */
  readonly failure: string | null;
  /** Envelopes that were delivered to a device. */
  readonly events: number;
  readonly messages: number;
  /** Keys of messages that left a device. */
  readonly generations: number;
  readonly hash: string;
  readonly story: readonly string[];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export async function simulate(input: WorldInput): Promise<SimulationReport> {
  const world = new World(input);
  let failure: string | null = null;
  try {
    await live(world);
    await settle(world);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Error && error.name === "Violation")) failure = String((error as Error).stack);
  }
  for (const device of world.devices) device.crash();
  return {
    seed: input.seed,
    failure,
    events: world.delivered,
    messages: world.ledger.size,
    generations: world.generations,
    hash: world.trace.hash,
    story: world.trace.story,
  };
}

async function live(world: World): Promise<void> {
  world.tell(
    `a world: ${JSON.stringify(world.plan)}, ${world.nodes.map((node) => world.behaviourOf(node).name).join(" ")}`,
  );
  for (const device of world.devices) world.switchOn(device);
  await world.schedule.runUntil(world.schedule.now + SECOND);
  world.check();
  if (world.plan.knowEachOther) await meet(world);
  const actions = actionsOf(world);
  for (let step = 0; step < world.plan.steps; step++) {
    act(world, actions);
    // Several at once, as only many do.
    if (world.plan.hasGroups) for (let more = world.random.pick([0, 0, 1, 2]); more > 0; more--) act(world, actions);
    await world.schedule.runUntil(world.schedule.now + pause(world));
    world.check();
  }
}

const actionsOf = ({ plan }: World): readonly Action[] => [
  ...ACTIONS,
  ...(plan.hasGroups ? GROUP_ACTIONS : []),
  ...(plan.hasDevices ? DEVICE_ACTIONS : []),
  ...(plan.troubles.darkness ? [darkness] : []),
];

/** Most stories begin with people who know each other, as far as the weather lets them. */
async function meet(world: World): Promise<void> {
  for (const device of world.devices.slice(1)) {
    const from = world.random.pick(world.devices.slice(0, world.devices.indexOf(device)));
    for (const [who, action] of [
      [from, invite],
      [device, follow],
      [from, answer],
    ] as const) {
      if (who.api !== null) action.act(world, who);
      await world.schedule.runUntil(world.schedule.now + 20 * SECOND);
      world.check();
    }
  }
  if (world.plan.hasDevices && linkOne.act(world, world.random.pick(world.devices)))
    await world.schedule.runUntil(world.schedule.now + 3 * MINUTE);
  if (!world.plan.hasGroups) return;
  const knowing = world.devices.filter((device) => device.api !== null && makeGroup.act(world, device));
  if (knowing.length > 0) await world.schedule.runUntil(world.schedule.now + 20 * SECOND);
}

function act(world: World, actions: readonly Action[]): void {
  const on = world.devices.filter((device) => device.api !== null);
  if (on.length === 0) return;
  for (let tries = 0; tries < 10; tries++) {
    const device = world.random.pick(on);
    const action = world.random.weighted(actions, ({ weight }) => weight);
    // What belongs to nobody yet, or not any more, is in the hands of fate alone.
    if (action === null || (!world.household.isIn(device) && !FATE.includes(action))) continue;
    if (action.act(world, device)) return;
  }
}

/** Mostly people are quick; now and then nothing happens for long, and who cannot send writes less. */
function pause({ random, isDark }: World): number {
  if (isDark && random.chance(0.3)) return random.between(1, 20) * HOUR;
  const kind = random.next();
  if (kind < 0.6) return random.between(10, 3 * SECOND);
  if (kind < 0.9) return random.between(3 * SECOND, 90 * SECOND);
  if (kind < 0.98) return random.between(2 * MINUTE, 40 * MINUTE);
  return random.between(1, 20) * HOUR;
}
