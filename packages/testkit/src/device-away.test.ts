/** Two devices of one person that are never awake at the same time: what begins on one is on the other all the same. */
import type { ChatView, ConversationId, MessageView } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, send, stateOf, textsOf, viewOf } from "./group-world.ts";
import { present, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new GroupWorld());

const untilIdle = (world: GroupWorld, { who }: TestDevice) =>
  world.until(async () => ((await present(who.api, { view: "devices" })).work === null ? true : null));

/** Alice with a laptop, and Bob; the devices have had time to know each other, and the laptop is off. */
async function withLaptop(world: GroupWorld) {
  const [alice, bob] = await world.people("Alice", "Bob");
  const laptop = await world.link(alice, "laptop");
  await untilIdle(world, alice);
  await world.clock.pass(5_000);
  await laptop.close();
  return { alice, bob, laptop };
}

/** One sleeps, the other wakes up. */
async function change(world: GroupWorld, from: TestDevice, to: TestDevice, blank: boolean): Promise<void> {
  await world.clock.pass(5_000);
  await from.close();
  await to.open(blank ? "blank" : "with-profile");
}

async function groupOf(maker: TestDevice, name: string, ...members: readonly TestDevice[]): Promise<ConversationId> {
  const ids = await Promise.all(members.map(accountId));
  return (await maker.who.api.call("createGroup", { name, description: "", members: ids })).chat;
}

const devicesOf = async (by: TestDevice, chat: ConversationId, name: string): Promise<number> =>
  (await viewOf(by.who, chat))?.members.find((member) => member.name === name)?.devices ?? 0;

const messageOf = async ({ who }: TestDevice, chat: ConversationId, text: string): Promise<MessageView> => {
  const { messages } = await who.api.call("messages", { chat, before: null, limit: 100 });
  return messages.find(({ content }) => content.kind === "text" && content.text === text) as MessageView;
};

/** A laptop that is off, and of which nothing is in stock. */
async function withEmptyShelf(world: GroupWorld, alice: TestDevice): Promise<TestDevice> {
  const laptop = await world.link(alice, "laptop");
  await untilIdle(world, alice);
  await world.clock.pass(5_000);
  for (const one of [laptop, alice]) await one.close();
  await alice.inspect(async (store) => {
    const parts = (await store.all("part")).filter(({ kind }) => kind === "sibling-shelf");
    await store.write(parts.map(({ id }) => ({ delete: "part", key: id })));
  });
  await alice.open();
  return laptop;
}

/** It hears that a key package of its own is wanted, and is brought in while it sleeps again. */
async function comeIn(world: GroupWorld, by: TestDevice, laptop: TestDevice, chat: ConversationId): Promise<void> {
  await change(world, by, laptop, true);
  await world.clock.pass(30_000);
  await change(world, laptop, by, false);
  await world.until(async () => ((await devicesOf(by, chat, "Alice")) === 2 ? true : null));
}

describe("devices of one person that are never awake together", () => {
  test("[DV39] [DV37] a group that begins on one is on the other, with what was said before it came", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    const chat = await groupOf(alice, "Choir", bob);
    await send(alice, chat, "said at once");
    await world.untilGroup(alice, chat, ({ members }) => members.length === 2);
    await world.until(async () => ((await devicesOf(alice, chat, "Alice")) === 2 ? true : null));
    await send(alice, chat, "said later");
    await world.untilTexts(bob, chat, ["said at once", "said later"]);

    await change(world, alice, laptop, true);
    await world.untilTexts(laptop, chat, ["said at once", "said later"]);
    await send(laptop, chat, "from the laptop");
    await world.untilTexts(bob, chat, ["said at once", "said later", "from the laptop"]);
    const second = await groupOf(laptop, "Band", bob);
    await send(laptop, second, "the other way round");
    await world.until(async () => ((await devicesOf(laptop, second, "Alice")) === 2 ? true : null));

    await change(world, laptop, alice, false);
    await world.untilTexts(alice, chat, ["said at once", "said later", "from the laptop"]);
    await world.untilTexts(alice, second, ["the other way round"]);
    await send(alice, second, "heard");
    await world.untilTexts(bob, second, ["the other way round", "heard"]);
  });

  test("[DV39] a chat with somebody new, and a group that somebody else begins, are on the other device too", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    const dave = await world.person("Dave");
    await world.meet(alice, dave);
    const pair = (await present(alice.who.api, { view: "chats" })).find(({ name }) => name === "Dave")?.id as string;
    const chat = await groupOf(bob, "Choir", alice);
    await send(bob, chat, "welcome");
    await world.untilTexts(alice, chat, ["welcome"]);
    await send(dave, pair, "hello");
    await world.until(async () => ((await textsOf(alice.who, pair)).includes("hello") ? true : null));

    await change(world, alice, laptop, true);
    await world.untilTexts(laptop, chat, ["welcome"]);
    await world.until(async () => ((await textsOf(laptop.who, pair)).includes("hello") ? true : null));
    expect(await stateOf(laptop, pair)).toBe("active");
    await send(laptop, pair, "it is me");
    await world.until(async () => ((await textsOf(dave.who, pair)).includes("it is me") ? true : null));
  });

  test("[DV39] more groups than there are key packages: that of last resort serves them, and the stock is filled up", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    const chats: ConversationId[] = [];
    for (let i = 0; i < 9; i++) chats.push(await groupOf(alice, `Group ${i}`, bob));
    for (const chat of chats) {
      await world.until(async () => ((await devicesOf(alice, chat, "Alice")) === 2 ? true : null));
      await send(alice, chat, chat);
    }
    await change(world, alice, laptop, true);
    for (const chat of chats) await world.untilTexts(laptop, chat, [chat]);
    await world.clock.pass(60_000);
    await laptop.close();
    const stock = await laptop.inspect((store) => store.all("keyPackage"));
    const left = (owner: string) => stock.filter(({ invitationId }) => invitationId.startsWith(owner)).length;
    expect([left("sibling-stock/"), left("sibling-last/")]).toEqual([6, 2]);
    await alice.open();
    const more = await groupOf(alice, "One more", bob);
    await world.until(async () => ((await devicesOf(alice, more, "Alice")) === 2 ? true : null));
  });

  test("[DV37] what was said since the link comes along where nothing was in stock, and nothing from before", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const pair = (await present(bob.who.api, { view: "chats" }))[0]?.id as string;
    await send(bob, pair, "before the link");
    await world.until(async () => ((await textsOf(alice.who, pair)).includes("before the link") ? true : null));
    const laptop = await withEmptyShelf(world, alice);
    const chat = await groupOf(alice, "Choir", bob);
    await world.untilGroup(bob, chat, ({ members }) => members.length === 2);
    for (const [one, text] of [
      [alice, "one"],
      [bob, "two"],
      [alice, "three"],
    ] as const) {
      await send(one, chat, text);
      for (const other of [alice, bob])
        await world.until(async () => ((await textsOf(other.who, chat)).includes(text) ? true : null));
    }
    const id = (await messageOf(bob, chat, "two")).id;
    await bob.who.api.call("editMessage", { chat, id, text: "two, better" });
    await alice.who.api.call("setReaction", { chat, id, reaction: "👍", isOn: true });
    await world.untilTexts(alice, chat, ["one", "two, better", "three"]);
    await comeIn(world, alice, laptop, chat);
    await bob.close();
    await change(world, alice, laptop, true);
    await world.untilTexts(laptop, chat, ["one", "two, better", "three"]);
    const { reactions, earlier } = await messageOf(laptop, chat, "two, better");
    expect(reactions.map(({ reaction }) => reaction)).toEqual(["👍"]);
    expect(earlier.map(({ text }) => text)).toEqual(["two"]);
    const { unread } = (await present(laptop.who.api, { view: "chats" })).find(
      ({ id: one }) => one === chat,
    ) as ChatView;
    expect(unread).toBeLessThan(2);
    expect(await textsOf(laptop.who, pair)).not.toContain("before the link");
    await laptop.close();
    expect((await laptop.inspect((store) => store.all("part"))).filter(({ kind }) => kind === "said-due")).toEqual([]);
  });

  test("[DV37] of more than fits the newest comes along, also of somebody who has gone", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const laptop = await withEmptyShelf(world, alice);
    const chat = await groupOf(alice, "Choir", bob, carol);
    await world.untilGroup(carol, chat, ({ members }) => members.length === 3);
    const texts = Array.from({ length: 10 }, (_, i) => `${i} ${"long ".repeat(6_000)}`);
    for (const text of texts) await send(bob, chat, text);
    await send(carol, chat, "goodbye");
    await world.until(async () => ((await textsOf(alice.who, chat)).length === 11 ? true : null));
    await carol.who.api.call("leaveGroup", { chat });
    await world.untilGroup(alice, chat, ({ members }) => members.length === 2);
    await comeIn(world, alice, laptop, chat);
    for (const one of [bob, carol]) await one.close();
    await change(world, alice, laptop, true);
    const came = await world.until(async () => {
      const found = await textsOf(laptop.who, chat);
      return found.includes("goodbye") ? found : null;
    });
    expect(came).toHaveLength(9);
    expect([...texts, "goodbye"].slice(-9)).toEqual(came);
  });

  test("[DV38] a Welcome that opens nothing is told, and the device comes in by another", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    // As where an older copy of Alice's store had used them before.
    await laptop.inspect(async (store) => {
      const own = (await store.all("keyPackage")).filter(({ invitationId }) => invitationId.startsWith("sibling-"));
      await store.write(own.map(({ id }) => ({ delete: "keyPackage", key: id })));
    });
    const chat = await groupOf(alice, "Choir", bob);
    await world.until(async () => ((await devicesOf(alice, chat, "Alice")) === 2 ? true : null));
    await send(alice, chat, "said into a void");
    await change(world, alice, laptop, true);
    await world.clock.pass(30_000);
    expect(await stateOf(laptop, chat)).toBe("missing");
    await change(world, laptop, alice, false);
    await world.clock.pass(60_000);
    expect(await devicesOf(alice, chat, "Alice")).toBe(2);
    await change(world, alice, laptop, true);
    await world.untilTexts(laptop, chat, ["said into a void"]);
    await send(laptop, chat, "here");
    await world.untilTexts(bob, chat, ["said into a void", "here"]);
  });

  test("[DV39] [SB3] one that is removed while it is away comes into nothing, and what was in stock is thrown away", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    const { devices } = await present(alice.who.api, { view: "devices" });
    const id = devices.find(({ isThis }) => !isThis)?.id ?? "";
    await alice.who.api.call("removeDevice", { id, passphrase: null });
    const chat = await groupOf(alice, "Choir", bob);
    await world.untilGroup(bob, chat, ({ members }) => members.length === 2);
    await send(alice, chat, "without the laptop");
    await untilIdle(world, alice);
    await world.clock.pass(60_000);
    expect(await devicesOf(alice, chat, "Alice")).toBe(1);
    await change(world, alice, laptop, true);
    await world.clock.pass(60_000);
    expect(await stateOf(laptop, chat)).toBe("missing");
    const kept = await alice.inspect(async (store) => [
      ...(await store.all("part")).map(({ kind }) => kind),
      ...(await store.all("keyPackage")).map(({ invitationId }) => invitationId),
    ]);
    expect(kept.filter((one) => one.startsWith("sibling-"))).toEqual([]);
  });

  test("[DV39] [SK3] an older copy of a store uses nothing of what it still has in stock", async () => {
    const world = newWorld();
    const { alice, bob, laptop } = await withLaptop(world);
    await alice.close();
    const copy = alice.copy();
    await alice.open();
    const chat = await groupOf(alice, "Choir", bob);
    await send(alice, chat, "by the store that is lost");
    await world.until(async () => ((await devicesOf(alice, chat, "Alice")) === 2 ? true : null));
    await change(world, alice, laptop, true);
    await world.untilTexts(laptop, chat, ["by the store that is lost"]);
    await change(world, laptop, copy, false);
    await world.clock.pass(60_000);
    const second = await groupOf(copy, "Band", bob);
    await send(copy, second, "by the older copy");
    await world.clock.pass(60_000);
    for (let i = 0; i < 3; i++) {
      await change(world, copy, laptop, true);
      await world.clock.pass(60_000);
      await change(world, laptop, copy, false);
      await world.clock.pass(180_000);
    }
    expect(await devicesOf(copy, second, "Alice")).toBe(2);
    await change(world, copy, laptop, true);
    await world.untilTexts(laptop, second, ["by the older copy"]);
    await laptop.close();
    await alice.open();
  });
});
