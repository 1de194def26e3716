/** Somebody with whom there are two chats, since each has followed the other's invitation: who is blocked, and who is added to groups. */
import type { ConversationId } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { allMessages, passUntil, untilTexts, type Person } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { PairWorld } from "./pair-world.ts";

const MINUTE = 60_000;

const newWorld = madeForEachTest(() => new PairWorld());

const invite = async ({ api }: Person): Promise<string> =>
  (await api.call("createInvitation", { label: "", isLasting: true, days: 1 })).code;

async function follow({ api }: Person, text: string): Promise<ConversationId> {
  const { chat } = await api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  return chat;
}

const send = ({ api }: Person, chat: ConversationId, text: string): Promise<unknown> =>
  api.call("sendMessage", { chat, text });

/** Each has followed the other's invitation, and neither has said yes. */
async function crossed(
  world: PairWorld,
): Promise<{ alice: Person; bob: Person; fromAlice: ConversationId; fromBob: ConversationId }> {
  const [alice, bob] = await Promise.all(["Alice", "Bob"].map((name): Promise<Person> => world.device(name).open()));
  if (alice === undefined || bob === undefined) throw new Error("two were made");
  const [alices, bobs] = [await invite(alice), await invite(bob)];
  const [fromAlice, fromBob] = [await follow(alice, bobs), await follow(bob, alices)];
  for (const { api } of [alice, bob])
    await passUntil(world.clock, api, { view: "requests" }, ([one]) => one !== undefined);
  return { alice, bob, fromAlice, fromBob };
}

async function sayYes(world: PairWorld, { api }: Person): Promise<void> {
  const [request] = await passUntil(world.clock, api, { view: "requests" }, ([one]) => one !== undefined);
  await api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
}

describe("a block is of a person, whatever chat it is set in", () => {
  test("[CV16] nothing of theirs is read in either chat, and both go on when it is lifted", async () => {
    const world = newWorld();
    const { alice, bob, fromAlice, fromBob } = await crossed(world);
    for (const one of [alice, bob]) await sayYes(world, one);
    await world.clock.pass(MINUTE);
    await alice.api.call("setBlocked", { chat: fromAlice, isBlocked: true });
    for (const chat of [fromAlice, fromBob]) await send(bob, chat, "while blocked");
    await world.clock.pass(MINUTE);
    for (const chat of [fromAlice, fromBob]) expect(await allMessages(alice.api, chat)).toEqual([]);
    await alice.api.call("setBlocked", { chat: fromAlice, isBlocked: false });
    for (const chat of [fromAlice, fromBob]) await untilTexts(alice.api, chat, ["while blocked"]);
  });

  test("[CV16] who answers a request of theirs with yes reads them again everywhere", async () => {
    const world = newWorld();
    const { alice, bob, fromAlice } = await crossed(world);
    await sayYes(world, bob);
    await world.clock.pass(MINUTE);
    await alice.api.call("setBlocked", { chat: fromAlice, isBlocked: true });
    await send(bob, fromAlice, "while blocked");
    await world.clock.pass(MINUTE);
    await sayYes(world, alice);
    await untilTexts(alice.api, fromAlice, ["while blocked"]);
  });

  test("[CV16] who answers a request of theirs with a block reads them no more in the other chat", async () => {
    const world = newWorld();
    const { alice, bob, fromAlice } = await crossed(world);
    await sayYes(world, bob);
    await world.clock.pass(MINUTE);
    const [request] = await passUntil(world.clock, alice.api, { view: "requests" }, ([one]) => one !== undefined);
    await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "block", mayDirect: false });
    await send(bob, fromAlice, "while blocked");
    await world.clock.pass(MINUTE);
    expect(await allMessages(alice.api, fromAlice)).toEqual([]);
  });
});

describe("a group with somebody with whom there are two chats", () => {
  test("[GR29] key packages that were given in one let them in by the other", async () => {
    const world = newWorld();
    const { alice, bob } = await crossed(world);
    for (const one of [alice, bob]) await sayYes(world, one);
    await world.clock.pass(MINUTE);
    const [chat] = await passUntil(world.clock, alice.api, { view: "chats" }, (all) => all.length === 2);
    const members = chat?.kind === "pair" ? [chat.accountId, chat.accountId] : [];
    // As many groups as there are ways for the two to differ in which chat they take.
    for (const name of ["one", "two", "three"]) {
      const { chat: group } = await alice.api.call("createGroup", { name, description: "", members });
      await passUntil(world.clock, bob.api, { view: "chats" }, (all) => all.some(({ id }) => id === group));
      const view = await passUntil(
        world.clock,
        bob.api,
        { view: "group", chat: group },
        ({ members: all }) => all.length === 2,
      );
      expect(view.members.map(({ devices }) => devices)).toEqual([1, 1]);
    }
  });
});
