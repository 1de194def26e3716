/** Two real clients that answer, edit, delete, react, pin and let disappear (spec/content.md): both come to see the same. */
import { IntentError, type ConversationId, type MessageView } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { allMessages, passUntil, type MemoryNode, type Person } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { PairWorld, type Acquainted } from "./pair-world.ts";

const MINUTE = 60_000;

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 4);
const FIRST_SEED = Number(process.env["XCHAT_SEED"] ?? 67_100);

const newWorld = madeForEachTest((nodeCount: number) => new PairWorld({ nodeCount }));
const pair = (nodeCount = 1): Promise<Acquainted> => newWorld(nodeCount).acquainted();

const send = async (
  { api }: Person,
  chat: ConversationId,
  text: string,
  replyTo: string | null = null,
): Promise<string> => (await api.call("sendMessage", { chat, text, replyTo })).id;

/** Rows that both are to show alike: what is each one's own (delivery, stars, names of people) left out. */
function shared(messages: readonly MessageView[]): unknown {
  return messages.map(({ id, order, content, replyTo, earlier, reactions, isPinned, isForwarded }) => ({
    id,
    order,
    content: sharedContent(content),
    replyTo: replyTo === null ? null : replyTo.state === "there" ? [replyTo.id, replyTo.text] : replyTo.state,
    earlier: earlier.map(({ text }) => text),
    reactions: reactions.map(({ reaction, people }) => [reaction, people.map(({ accountId }) => accountId)]),
    isPinned,
    isForwarded,
  }));
}

function sharedContent(content: MessageView["content"]): unknown {
  if (content.kind === "text") return content.text;
  if (content.kind !== "record") return content;
  const { by, actions } = content.record;
  return [by?.accountId, actions.map(({ kind }) => kind)];
}

/** Lets time pass until both show the same, and it is so. */
async function settled(
  world: Acquainted,
  isSo: (messages: readonly MessageView[]) => boolean,
): Promise<readonly MessageView[]> {
  const { clock, alice, bob, alicesChat, bobsChat } = world;
  let last: readonly unknown[] = [];
  for (let passed = 0; passed < 20 * MINUTE; passed += 500) {
    const [one, other] = [await allMessages(alice.who.api, alicesChat), await allMessages(bob.who.api, bobsChat)];
    last = [shared(one), shared(other)];
    if (JSON.stringify(last[0]) === JSON.stringify(last[1]) && isSo(one) && isSo(other)) return one;
    await clock.pass(500);
  }
  throw new Error(`never settled: ${JSON.stringify(last, null, 1)}`);
}

const byText = (messages: readonly MessageView[], text: string): MessageView | undefined =>
  messages.find(({ content }) => content.kind === "text" && content.text === text);

async function hits({ api }: Person, text: string): Promise<number> {
  return (await api.call("search", { text, chat: null, limit: 50 })).hits.length;
}

describe("what becomes of messages", () => {
  test("[MV1] an edit shows on both sides, keeps what was there before, and search follows it", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    const id = await send(alice.who, alicesChat, "the lake at nine");
    await settled(world, (messages) => byText(messages, "the lake at nine") !== undefined);
    await alice.who.api.call("editMessage", { chat: alicesChat, id, text: "the lake at ten" });
    const [message] = (await settled(world, (messages) => byText(messages, "the lake at ten") !== undefined)).slice(-1);
    expect(message?.earlier).toMatchObject([{ text: "the lake at nine" }]);
    for (const { who } of [alice, bob]) {
      expect([await hits(who, "nine"), await hits(who, "ten")]).toEqual([0, 1]);
    }
    const [chat] = await passUntil(world.clock, bob.who.api, { view: "chats" }, (chats) => chats.length === 1);
    expect(chat).toMatchObject({ unread: 1, last: { kind: "text", text: "the lake at ten" } });
    const refused = bob.who.api.call("editMessage", { chat: bobsChat, id, text: "never" });
    await expect(refused).rejects.toMatchObject({ code: "message-not-own" });
  });

  test("[MV2] a deletion for everyone leaves a line, and takes words, search, unread and body", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    const id = await send(alice.who, alicesChat, "unfortunate words");
    await alice.who.api.call("editMessage", { chat: alicesChat, id, text: "unfortunate words again" });
    await settled(world, (messages) => byText(messages, "unfortunate words again") !== undefined);
    await bob.who.api.call("setReaction", { chat: bobsChat, id, reaction: "👍", isOn: true });
    await bob.who.api.call("setPinned", { chat: bobsChat, id, isPinned: true });
    const answer = await send(bob.who, bobsChat, "why?", id);
    await settled(world, (messages) => messages.find((one) => one.id === id)?.reactions.length === 1);
    await alice.who.api.call("deleteMessage", { chat: alicesChat, id, who: "everyone" });
    const messages = await settled(world, (all) => all.find((one) => one.id === id)?.content.kind === "deleted");
    expect(messages.find((one) => one.id === answer)?.replyTo).toEqual({ state: "deleted", id });
    for (const { who } of [alice, bob]) expect(await hits(who, "unfortunate")).toBe(0);
    expect((await bob.who.api.call("pinnedMessages", { chat: bobsChat })).messages).toEqual([]);
    const [chat] = await passUntil(world.clock, bob.who.api, { view: "chats" }, (chats) => chats.length === 1);
    expect(chat?.unread).toBe(0);
    await bob.close();
    await alice.close();
    for (const device of [alice, bob]) {
      await device.inspect(async (store) => {
        const event = await store.get("event", id);
        expect(event).toMatchObject({ body: null, text: "" });
        for await (const one of store.everyEvent(event?.conversationId ?? "")) {
          expect(["edit", "reaction"]).not.toContain(one.kind);
        }
      });
    }
  });

  test("[MV3] [MV4] reactions and pins come and go, and a reply says what it answers", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    const id = await send(alice.who, alicesChat, "shall we?");
    await settled(world, (messages) => byText(messages, "shall we?") !== undefined);
    await send(bob.who, bobsChat, "yes!", id);
    const react = (who: Person, chat: string, reaction: string, isOn: boolean): Promise<void> =>
      who.api.call("setReaction", { chat, id, reaction, isOn });
    await react(bob.who, bobsChat, "❤️", true);
    await react(alice.who, alicesChat, "❤", true);
    await react(bob.who, bobsChat, "🎉", true);
    await react(bob.who, bobsChat, "🎉", true);
    await bob.who.api.call("setPinned", { chat: bobsChat, id, isPinned: true });
    const is = (message: MessageView | undefined, counts: readonly number[], isPinned: boolean): boolean =>
      JSON.stringify(message?.reactions.map(({ people }) => people.length)) === JSON.stringify(counts) &&
      message?.isPinned === isPinned;
    const both = await settled(world, (messages) => is(byText(messages, "shall we?"), [2, 1], true));
    expect(byText(both, "yes!")?.replyTo).toMatchObject({
      state: "there",
      id,
      text: "shall we?",
      person: { name: "Alice" },
    });
    expect(both.filter(({ content }) => content.kind === "pin")).toHaveLength(1);
    for (const [who, chat] of [
      [alice.who, alicesChat],
      [bob.who, bobsChat],
    ] as const) {
      expect((await who.api.call("pinnedMessages", { chat })).messages.map((one) => one.id)).toEqual([id]);
    }
    await react(bob.who, bobsChat, "❤️", false);
    await react(bob.who, bobsChat, "🎉", false);
    await alice.who.api.call("setPinned", { chat: alicesChat, id, isPinned: false });
    await settled(world, (messages) => is(byText(messages, "shall we?"), [1], false));
  });

  test("[MV8] what was deleted for oneself is gone here alone; a star is listed until then", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    const id = await send(alice.who, alicesChat, "only for a while");
    await settled(world, (messages) => messages.length >= 1);
    await bob.who.api.call("setStarred", { chat: bobsChat, id, isStarred: true });
    const starred = async (): Promise<number> =>
      (await bob.who.api.call("starredMessages", { chat: null, limit: 10 })).hits.length;
    expect(await starred()).toBe(1);
    const removed: string[] = [];
    bob.who.api.watch({ view: "messages", chat: bobsChat }, (changes) => void removed.push(...changes.removed));
    await bob.who.api.call("deleteMessage", { chat: bobsChat, id, who: "me" });
    expect(await starred()).toBe(0);
    expect(await hits(bob.who, "while")).toBe(0);
    expect(byText(await allMessages(bob.who.api, bobsChat), "only for a while")).toBeUndefined();
    expect(byText(await allMessages(alice.who.api, alicesChat), "only for a while")).toBeDefined();
    await Promise.resolve();
    expect(removed).toEqual([id]);
    await bob.reopen();
    expect(byText(await allMessages(bob.who.api, bobsChat), "only for a while")).toBeUndefined();
  });

  test("[CJ1] what was deleted for oneself before it left still comes to the other", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat, nodes } = world;
    (nodes[0] as MemoryNode).goDown();
    const id = await send(alice.who, alicesChat, "out of my sight");
    await alice.who.api.call("deleteMessage", { chat: alicesChat, id, who: "me" });
    expect(byText(await allMessages(alice.who.api, alicesChat), "out of my sight")).toBeUndefined();
    (nodes[0] as MemoryNode).comeBack();
    await alice.who.api.call("retryNow", {});
    await passUntil(world.clock, bob.who.api, { view: "chats" }, ([chat]) => chat?.last?.text === "out of my sight");
    expect(byText(await allMessages(bob.who.api, bobsChat), "out of my sight")).toBeDefined();
    await passUntil(world.clock, alice.who.api, { view: "network" }, ({ nodes: [node] }) => node?.state === "ready");
    await world.clock.pass(5_000);
    await alice.close();
    await alice.inspect(async (store) => expect((await store.get("event", id))?.body).toBeNull());
  });

  test("[MV5] what disappears does so on both sides, each by its own reading, also after a restart", async () => {
    const world = await pair();
    const { clock, alice, bob, alicesChat, bobsChat } = world;
    await alice.who.api.call("setDisappearing", { chat: alicesChat, seconds: 600 });
    await passUntil(clock, bob.who.api, { view: "chats" }, ([chat]) => chat?.disappearAfter === 600);
    const id = await send(alice.who, alicesChat, "for ten minutes");
    const there = await settled(world, (messages) => byText(messages, "for ten minutes") !== undefined);
    expect(byText(there, "for ten minutes")).toMatchObject({ isDisappearing: true });
    const bobs = async (): Promise<MessageView | undefined> =>
      byText(await allMessages(bob.who.api, bobsChat), "for ten minutes");
    expect((await bobs())?.disappearsAt).toBeNull();
    // On the device of who wrote it, time has run from the beginning.
    await clock.pass(11 * MINUTE);
    expect(byText(await allMessages(alice.who.api, alicesChat), "for ten minutes")).toBeUndefined();
    expect(await bobs()).toBeDefined();
    await bob.who.api.call("markRead", { chat: bobsChat, upTo: id });
    expect((await bobs())?.disappearsAt).toBe(clock.now() + 10 * MINUTE);
    await bob.close();
    await clock.pass(11 * MINUTE);
    await bob.open();
    expect(await bobs()).toBeUndefined();
    await clock.pass(1_000);
    await bob.close();
    await alice.close();
    for (const device of [alice, bob]) {
      await device.inspect(async (store) => expect((await store.get("event", id))?.body).toBeNull());
    }
  });

  test("a forward carries the words, and nothing of whose they were", async () => {
    const world = await pair();
    const { alice, bob, alicesChat, bobsChat } = world;
    const id = await send(alice.who, alicesChat, "first");
    await alice.who.api.call("editMessage", { chat: alicesChat, id, text: "second" });
    await settled(world, (messages) => byText(messages, "second") !== undefined);
    await bob.who.api.call("forwardMessages", { chat: bobsChat, ids: [id], to: [bobsChat] });
    const messages = await settled(world, (all) => all.filter(({ isForwarded }) => isForwarded).length === 1);
    const [forwarded] = messages.filter(({ isForwarded }) => isForwarded);
    expect(forwarded).toMatchObject({ content: { kind: "text", text: "second" }, replyTo: null, earlier: [] });
    const gone = bob.who.api.call("forwardMessages", { chat: bobsChat, ids: ["0".repeat(64)], to: [bobsChat] });
    await expect(gone).rejects.toMatchObject({ code: "message-gone" });
  });
});

/** A small generator with a seed: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EMOJI = ["👍", "❤️", "😂", "🎉"];

async function run(seed: number): Promise<void> {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const world = await pair(3);
  const { clock, nodes, alice, bob, alicesChat, bobsChat } = world;
  const chats = new Map([
    [alice, alicesChat],
    [bob, bobsChat],
  ]);
  const events: string[] = [];
  try {
    for (let step = 0; step < 60; step++) {
      const device = pick([alice, bob]);
      const chat = chats.get(device) as string;
      const { api } = device.who;
      const rows = (await allMessages(api, chat)).filter(({ content }) => content.kind === "text");
      const dice = random();
      const act = async (name: string, work: () => Promise<unknown>): Promise<void> => {
        events.push(`${device.who.name} ${name}`);
        await work().catch((error: unknown) => {
          // The other one's deletion came between the looking and the acting: that is what this refusal is for.
          if (!(error instanceof IntentError && error.code === "message-gone")) throw error;
          events.push("… which had gone");
        });
      };
      const row = rows.length === 0 ? undefined : pick(rows.slice(-6));
      if (row === undefined || dice < 0.3) {
        const replyTo = row !== undefined && random() < 0.4 ? row.id : null;
        await act(`sends ${step}`, () => api.call("sendMessage", { chat, text: `text ${step}`, replyTo }));
      } else if (dice < 0.42 && row.isOwn) {
        await act(`edits ${row.id}`, () => api.call("editMessage", { chat, id: row.id, text: `edit ${step}` }));
      } else if (dice < 0.6) {
        const [reaction, isOn] = [pick(EMOJI), random() < 0.7];
        await act(`reacts ${reaction} ${isOn}`, () => api.call("setReaction", { chat, id: row.id, reaction, isOn }));
      } else if (dice < 0.66) {
        const isPinned = random() < 0.7;
        await act(`pins ${isPinned}`, () => api.call("setPinned", { chat, id: row.id, isPinned }));
      } else if (dice < 0.72 && row.isOwn) {
        await act(`deletes ${row.id}`, () => api.call("deleteMessage", { chat, id: row.id, who: "everyone" }));
      } else if (dice < 0.86) {
        const node = pick(nodes);
        await act(`${node.isDown ? "up" : "down"} ${node.hint.address}`, async () =>
          node.isDown ? node.comeBack() : node.goDown(),
        );
      } else if (dice < 0.93) {
        await act("reopens", () => device.reopen());
      } else {
        await clock.pass(1_000);
      }
    }
    for (const node of nodes) node.comeBack();
    for (const device of [alice, bob]) await device.who.api.call("retryNow", {});
    await settled(world, () => true);
  } catch (error) {
    throw new Error(`seed ${seed}\n${events.join("\n")}`, { cause: error });
  }
}

describe(`[MV6] two people who do all of it while nodes fail and programs end (seeds from ${FIRST_SEED})`, () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", run, 120_000);
});
