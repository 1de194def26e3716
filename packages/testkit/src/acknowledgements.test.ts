/** What one real client says to another of how far it has come, where the nodes lose what carries it (spec/event.md, section 8). */
import type { ConversationId, Delivery } from "@xchat/client/api";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  TestDevice,
  untilTexts,
  VirtualClock,
  type MemoryNode,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

async function pair() {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(2) as [MemoryNode, MemoryNode];
  const hints = nodes.map(({ hint }) => hint);
  const device = (name: string): TestDevice => {
    const made = new TestDevice({ name, nodes: hints, connector: () => memoryConnector(nodes), clock });
    open.push(made);
    return made;
  };
  const [alice, bob] = [device("Alice"), device("Bob")];
  const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
  await clock.pass(MINUTE);
  return { clock, nodes, alice: alice.who, bob: bob.who, alicesChat, bobsChat };
}

const send = ({ api }: Person, chat: ConversationId, text: string): Promise<unknown> =>
  api.call("sendMessage", { chat, text });

async function deliveryOf({ api }: Person, chat: ConversationId, text: string): Promise<Delivery | null | undefined> {
  const messages = await allMessages(api, chat);
  return messages.find(({ content }) => content.kind === "text" && content.text === text)?.delivery;
}

describe("acknowledgements", () => {
  test("[LG13] one that rides on a message comes, though the message itself came by another way first", async () => {
    const { clock, nodes, alice, bob, alicesChat, bobsChat } = await pair();
    const [losing, down] = nodes;
    await send(bob, bobsChat, "one");
    await untilTexts(alice.api, alicesChat, ["one"]);
    // The acknowledgement of "one" rides on "two", which one node loses, and the other does not get yet.
    losing.isLosing = true;
    down.goDown();
    await send(alice, alicesChat, "two");
    await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "stored");
    losing.isLosing = false;
    // So Bob learns of "two" by "three", and is given it by itself.
    await send(alice, alicesChat, "three");
    await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "delivered");
    expect(await deliveryOf(alice, alicesChat, "two")).toMatchObject({ state: "delivered" });
    expect(await deliveryOf(bob, bobsChat, "one")).toMatchObject({ state: "stored" });
    down.comeBack();
    await clock.pass(5 * MINUTE);
    expect(await deliveryOf(bob, bobsChat, "one")).toMatchObject({ state: "delivered" });
  });
});
