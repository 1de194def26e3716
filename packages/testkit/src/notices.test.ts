/** What a chat finds out about gaps, forked authors and old copies is told to the person (spec/event.md, section 7). */
import type { ChatNotice, ConversationId } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { allMessages, passUntil, untilTexts, type Person, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { PairWorld, type Acquainted } from "./pair-world.ts";

const HOUR = 3_600_000;

const newWorld = madeForEachTest(() => new PairWorld());
const copyOf = madeForEachTest((device: TestDevice) => device.copy());
const pair = (): Promise<Acquainted> => newWorld().acquainted();

const send = ({ api }: Person, chat: ConversationId, text: string): Promise<unknown> =>
  api.call("sendMessage", { chat, text });

async function untilNotice(
  { clock }: Acquainted,
  { api }: Person,
  isIt: (notice: ChatNotice) => boolean,
  times?: { readonly step?: number; readonly atMost?: number },
): Promise<ChatNotice> {
  const isSo = (notices: readonly ChatNotice[] | undefined): boolean => notices?.some(isIt) === true;
  const chats = await passUntil(clock, api, { view: "chats" }, ([chat]) => isSo(chat?.notices), times);
  return chats[0]?.notices.find(isIt) as ChatNotice;
}

/** The node takes it and loses it. */
async function sendIntoTheVoid({ clock, node, alicesChat }: Acquainted, alice: Person, text: string): Promise<void> {
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
    const copy = copyOf(alice);
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
    const old = copyOf(alice);
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
