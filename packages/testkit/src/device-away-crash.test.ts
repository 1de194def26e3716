/**
 * Two devices of one person that are never awake together, and stop at any instant, with the loss of writes that were never
 * synced: each group that one of them has acknowledged is on both in the end, with what was said there, and no key is used
 * twice.
 */
import type { ConversationId } from "@xchat/client/api";
import { seededRandom } from "@xchat/store-sqlite/fault";
import { describe, expect, test } from "vitest";
import { textsOf } from "./group-world.ts";
import { memoryNodes, present, VirtualClock } from "./index.ts";
import { linkDevice } from "./link.ts";
import { Machine } from "./machine.ts";

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 4);
/** The same each time: a failure tells of a change. In the last of them a message is saved whose saving failed. */
const FIRST_SEED = Number(process.env["XCHAT_SEED"] ?? 67_100);
const NOW = 1_795_512_600_000;
const ROUNDS = 8;

async function pass(clock: VirtualClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) await clock.pass(1_000);
}

async function linked(clock: VirtualClock, phone: Machine, laptop: Machine): Promise<void> {
  const state = { isOver: false };
  const work = linkDevice(phone.who.api, laptop.who.api, "laptop").finally(() => {
    state.isOver = true;
  });
  work.catch(() => {});
  while (!state.isOver) await clock.pass(500);
  await work;
  await pass(clock, 10);
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const events: string[] = [];
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(1);
  const phone = new Machine("Alice", nodes, clock);
  const laptop = new Machine("laptop", nodes, clock, true);
  for (const machine of [phone, laptop]) await machine.start();
  await linked(clock, phone, laptop);
  await laptop.who.close();
  let [awake, asleep] = [phone, laptop];
  const acknowledged = new Map<ConversationId, string[]>();
  /** What was not acknowledged may be there all the same: the disk may have it when the machine stops. */
  const tried = new Map<ConversationId, string[]>();
  const change = async (): Promise<void> => {
    await awake.who.close();
    [awake, asleep] = [asleep, awake];
    await awake.start();
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const operations = 1 + Math.floor(random() * 120);
      events.push(`${awake.name} fails after ${operations}`);
      awake.failAfter(operations);
      const made = await awake.who.api
        .call("createGroup", { name: `Group ${round}`, description: "", members: [] })
        .catch(() => null);
      if (made !== null) {
        acknowledged.set(made.chat, []);
        tried.set(made.chat, []);
      }
      const said = `round ${round}`;
      for (const [chat, texts] of acknowledged) {
        const isSaid = await awake.who.api.call("sendMessage", { chat, text: said }).then(
          () => true,
          () => false,
        );
        (isSaid ? texts : (tried.get(chat) as string[])).push(said);
        events.push(`${awake.name} ${isSaid ? "said" : "could not say"} ${said} in ${chat.slice(0, 6)}`);
        await pass(clock, Math.floor(random() * 3));
      }
      await pass(clock, 5);
      await awake.restart(random);
      await pass(clock, Math.floor(random() * 20));
      if (random() < 0.7) await change();
    }
    const sorted = (texts: readonly string[]): readonly string[] => texts.toSorted();
    const lacking = async (): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const [chat, texts] of acknowledged) {
        const here = await textsOf(awake.who, chat).catch(() => ["no such chat"]);
        const more = here.filter((text) => tried.get(chat)?.includes(text) === true && !texts.includes(text));
        if (JSON.stringify(sorted(here)) !== JSON.stringify(sorted([...texts, ...new Set(more)])))
          found.push(`${awake.name} ${chat.slice(0, 6)}: ${here.join(", ")} for ${texts.join(", ")}`);
      }
      return found;
    };
    let left: readonly string[] = ["not looked yet"];
    for (let i = 0; i < 12 && left.length > 0; i++) {
      await pass(clock, 200);
      left = await lacking();
      await change();
      await pass(clock, 200);
      left = [...left, ...(await lacking())];
    }
    expect(left).toEqual([]);
    const chats = await present(awake.who.api, { view: "chats" });
    expect(chats.filter(({ kind }) => kind === "group").length).toBeGreaterThanOrEqual(acknowledged.size);
    for (const { keys } of [phone, laptop]) expect(keys.judge(nodes.flatMap(({ held }) => held)).reused).toEqual([]);
  } catch (error) {
    throw new Error(`seed ${seed}\n${events.join("\n")}`, { cause: error });
  } finally {
    await awake.who.close().catch(() => undefined);
  }
}

describe(`[SK1] [SK2] [SD1] devices that are never awake together, and stop at any instant (seeds from ${FIRST_SEED})`, () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", run, 120_000);
});
