/** Direct connections of people with several devices (spec/conversation.md, section 6). */
import type { ConversationId, PairChatView } from "@xchat/client/api";
import { test } from "vitest";
import { GroupWorld } from "./group-world.ts";
import { allMessages, present, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { memoryDirect } from "./memory-direct.ts";
import { memoryNodes } from "./memory-nodes.ts";

const newWorld = madeForEachTest(() => new GroupWorld(memoryNodes(1), memoryDirect()));

async function chatOf({ who }: TestDevice): Promise<PairChatView | null> {
  const [chat] = await present(who.api, { view: "chats" });
  return chat?.kind === "pair" ? chat : null;
}

/** From then on the newcomer counts among those that are to be connected. */
async function knowsOfNewcomer(device: TestDevice): Promise<boolean> {
  const messages = await allMessages(device.who.api, (await chatOf(device))?.id as ConversationId);
  return messages.some(
    ({ content }) => content.kind === "record" && content.record.actions.some(({ kind }) => kind === "device-added"),
  );
}

/** Every device of the other person is connected. */
const untilDirect = (world: GroupWorld, device: TestDevice): Promise<true> =>
  world.until(async () => ((await chatOf(device))?.way === "direct" ? true : null), 120);

test("[DS9] a device that comes into a chat hears what both people allow there, and is connected too", async () => {
  const world = newWorld();
  const [alice, bob] = await world.people("Alice", "Bob");
  for (const one of [alice, bob]) {
    const chat = (await chatOf(one))?.id as ConversationId;
    await one.who.api.call("setMayDirect", { chat, mayDirect: true });
  }
  for (const one of [alice, bob]) await untilDirect(world, one);

  await world.link(alice, "laptop");
  await world.until(async () => ((await knowsOfNewcomer(bob)) ? true : null));
  await untilDirect(world, bob);
});
