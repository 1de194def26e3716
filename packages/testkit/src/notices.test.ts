/** What a chat finds out about gaps, forked authors and old copies is told to the person (spec/event.md, section 7). */
import type { ChatNotice, ConversationId } from "@xchat/client/api";
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
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const HOUR = 3_600_000;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

async function pair() {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(1);
  const [node] = nodes;
  const device = (name: string): TestDevice => {
    const made = new TestDevice({
      name,
      nodes: nodes.map(({ hint }) => hint),
      connector: () => memoryConnector(nodes),
      clock,
    });
    open.push(made);
    return made;
  };
  const [alice, bob] = [device("Alice"), device("Bob")];
  const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
  return { clock, node: node as NonNullable<typeof node>, alice, bob, alicesChat, bobsChat };
}

const send = ({ api }: Person, chat: ConversationId, text: string): Promise<unknown> =>
  api.call("sendMessage", { chat, text });

type World = Awaited<ReturnType<typeof pair>>;

async function untilNotice(
  { clock }: World,
  { api }: Person,
  isIt: (notice: ChatNotice) => boolean,
  times?: { readonly step?: number; readonly atMost?: number },
): Promise<ChatNotice> {
  const isSo = (notices: readonly ChatNotice[] | undefined): boolean => notices?.some(isIt) === true;
  const chats = await passUntil(clock, api, { view: "chats" }, ([chat]) => isSo(chat?.notices), times);
  return chats[0]?.notices.find(isIt) as ChatNotice;
}

/** The node takes it and loses it. */
async function sendIntoTheVoid({ clock, node, alicesChat }: World, alice: Person, text: string): Promise<void> {
  node.isLosing = true;
  await send(alice, alicesChat, text);
  await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "stored");
  node.isLosing = false;
}

describe("notices of a chat", () => {
  test("[LG7] a message that a node has lost is asked for, comes, and the gap is told as closed", async () => {
    const world = await pair();
    const { alice, bob, bobsChat, alicesChat } = world;
    await sendIntoTheVoid(world, alice.who, "one");
    await send(alice.who, alicesChat, "two");
    const closed = await untilNotice(world, bob.who, ({ kind }) => kind === "gap");
    expect(closed).toMatchObject({ kind: "gap", of: "them", count: 1 });
    await untilNotice(world, bob.who, (notice) => notice.kind === "gap" && notice.state === "closed");
    await untilTexts(bob.who.api, bobsChat, ["one", "two"]);
    // Kept with the chat.
    await bob.reopen();
    const [chat] = await passUntil(world.clock, bob.who.api, { view: "chats" }, (chats) => chats.length === 1);
    expect(chat?.notices).toMatchObject([{ kind: "gap", state: "closed" }]);
    expect(chat?.missing).toBe(0);
  });

  test("[LG8] what nobody can give is told as given up, after the last question", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    await sendIntoTheVoid(world, alice.who, "one");
    await send(alice.who, alicesChat, "two");
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state !== "queued",
    );
    await alice.close();
    const asked = await untilNotice(world, bob.who, ({ kind }) => kind === "gap");
    expect(asked).toMatchObject({ state: "asked", count: 1 });
    await untilTexts(bob.who.api, bobsChat, []);
    const placeholder = async (): Promise<unknown> =>
      (await allMessages(bob.who.api, bobsChat)).find(({ content }) => content.kind === "lost")?.content;
    expect(await placeholder()).toBeUndefined();
    await world.clock.pass(90_000);
    await untilTexts(bob.who.api, bobsChat, ["two"]);
    expect(await placeholder()).toEqual({ kind: "lost", state: "asked", count: 1 });
    await untilNotice(world, bob.who, (notice) => notice.kind === "gap" && notice.state === "given-up", {
      step: HOUR / 4,
      atMost: 60 * HOUR,
    });
    expect(await placeholder()).toEqual({ kind: "lost", state: "given-up", count: 1 });
  });

  test("[LG6] two copies of a device that both write are told to the other side", async () => {
    const world = await pair();
    const { alice, bob, alicesChat } = world;
    await send(alice.who, alicesChat, "before");
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    await alice.close();
    const copy = alice.copy();
    open.push(copy);
    await alice.open();
    await send(alice.who, alicesChat, "from the one");
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    await alice.close();
    await copy.open();
    for (const text of ["from the other", "again", "and again"]) await send(copy.who, alicesChat, text);
    const notice = await untilNotice(world, bob.who, ({ kind }) => kind === "equivocation");
    expect(notice).toMatchObject({ of: "them", sequence: 1 });
  });

  test("[LG11] a store that is an old copy of itself learns of it, and gets back what it had written", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    await send(alice.who, alicesChat, "one");
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    await alice.close();
    const old = alice.copy();
    open.push(old);
    await alice.open();
    await send(alice.who, alicesChat, "two");
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    await alice.close();
    await untilTexts(bob.who.api, bobsChat, ["one", "two"]);
    await old.open();
    const refused = await untilNotice(world, old.who, ({ kind }) => kind === "refused");
    expect(refused).toMatchObject({ what: "acknowledgement", reason: "beyond-own-events" });
    await untilNotice(world, old.who, ({ kind }) => kind === "behind");
    // GE17: what it has sealed since may have used keys twice; it goes on under another leaf.
    await untilNotice(world, old.who, (notice) => notice.kind === "fork" && notice.what === "back");
    await world.clock.pass(30_000);
    await untilTexts(old.who.api, alicesChat, ["one", "two"]);
  });
});
