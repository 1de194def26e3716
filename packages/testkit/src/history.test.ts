/** What was said before a device came, given to it by another of the same person (spec/devices.md, section 7). */
import type { HistoryTakeView } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, send, textsOf } from "./group-world.ts";
import { allMessages, present, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new GroupWorld());

const devicesOf = ({ who }: TestDevice) => present(who.api, { view: "devices" });

async function otherOf(device: TestDevice): Promise<string> {
  const { devices } = await devicesOf(device);
  return devices.find(({ isThis }) => !isThis)?.id ?? "";
}

const untilTake = (
  world: GroupWorld,
  device: TestDevice,
  isSo: (take: HistoryTakeView) => boolean,
): Promise<HistoryTakeView> =>
  world.until(async () => {
    const { take } = (await devicesOf(device)).history;
    return take !== null && isSo(take) ? take : null;
  });

/** Takes the node away in the very moment in which so much has come. */
function cutAt(
  world: GroupWorld,
  { who }: TestDevice,
  isSo: (take: HistoryTakeView) => boolean,
): Promise<HistoryTakeView> {
  return world.during(
    new Promise((resolve) => {
      const stop = who.api.watch({ view: "devices" }, ({ history: { take } }) => {
        if (take === null || !isSo(take)) return;
        world.node.goDown();
        queueMicrotask(() => stop());
        resolve(take);
      });
    }),
  );
}

const untilIdle = (world: GroupWorld, device: TestDevice) =>
  world.until(async () => ((await devicesOf(device)).work === null ? true : null));

async function allow(world: GroupWorld, giver: TestDevice): Promise<void> {
  const [ask] = await world.until(async () => {
    const { give } = (await devicesOf(giver)).history;
    return give.some(({ state }) => state === "asks") ? give : null;
  });
  await giver.who.api.call("answerHistory", { id: ask?.device ?? "", isAllowed: true });
}

/** Alice and Bob, a group with Carol beside, and something said in each. */
async function written(world: GroupWorld, count: number) {
  const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
  const chat = await world.group(alice, "Choir", bob, carol);
  const pair = (await present(alice.who.api, { view: "chats" })).find(
    (one) => one.kind === "pair" && one.name === "Bob",
  )?.id as string;
  for (let i = 0; i < count; i++) await send(i % 2 === 0 ? alice : bob, pair, `pair ${i}`);
  for (let i = 0; i < count; i++) await send([alice, bob, carol][i % 3] as TestDevice, chat, `group ${i}`);
  await world.until(async () => ((await textsOf(alice.who, pair)).length === count ? true : null));
  await world.until(async () => ((await textsOf(alice.who, chat)).length === count ? true : null));
  return { alice, bob, carol, chat, pair };
}

describe("history between the devices of one person", () => {
  test("[DV14] [DV18] the person is asked on both, and then everything is there, as it is on the other", async () => {
    const world = newWorld();
    const { alice, bob, chat, pair } = await written(world, 12);
    const [first] = await allMessages(alice.who.api, pair);
    await bob.who.api.call("setReaction", { chat: pair, id: first?.id ?? "", reaction: "👍", isOn: true });
    const own = (await allMessages(alice.who.api, pair)).filter(({ isOwn }) => isOwn);
    await alice.who.api.call("deleteMessage", { chat: pair, id: own[1]?.id ?? "", who: "everyone" });
    await alice.who.api.call("deleteMessage", { chat: pair, id: own[2]?.id ?? "", who: "me" });
    await alice.who.api.call("editMessage", { chat: pair, id: own[3]?.id ?? "", text: "edited" });
    await world.until(async () => {
      const [message] = await allMessages(alice.who.api, pair);
      return message?.reactions.length === 1 ? true : null;
    });
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    await world.untilGroup(laptop, chat, ({ members }) => members.length === 3);
    expect((await devicesOf(laptop)).history).toEqual({ take: null, give: [], isOffered: true });
    await send(bob, chat, "after the link");
    await world.until(async () => ((await textsOf(laptop.who, chat)).length === 1 ? true : null));
    await laptop.who.api.call("askHistory", { id: await otherOf(laptop) });
    expect((await devicesOf(laptop)).history).toMatchObject({ take: { state: "asked" }, isOffered: false });
    await world.clock.pass(5_000);
    // Nobody gives anything before the person has said yes there.
    expect(await textsOf(laptop.who, pair)).toEqual([]);
    await allow(world, alice);
    const take = await untilTake(world, laptop, ({ state }) => state === "done");
    expect(take).toMatchObject({ refused: 0 });
    expect(take.done).toBe(take.total);
    await world.until(async () => ((await textsOf(alice.who, chat)).length === 13 ? true : null));
    for (const id of [pair, chat]) {
      const rows = async ({ who }: TestDevice) =>
        (await allMessages(who.api, id))
          .filter(({ content }) => content.kind !== "record")
          .map(({ id: message, content, isOwn, sentAt, author, reactions, earlier, replyTo }) => ({
            message,
            content,
            isOwn,
            // Of what is gone, nobody can tell to the second.
            sentAt: content.kind === "deleted" ? 0 : sentAt,
            author: author?.accountId,
            reactions: reactions.map(({ reaction, people }) => [reaction, people.map((one) => one.accountId)]),
            earlier,
            replyTo,
          }));
      expect(await rows(laptop)).toEqual(await rows(alice));
    }
    const found = await laptop.who.api.call("search", { text: "group 7", chat: null, limit: 10 });
    expect(found.hits).toHaveLength(1);
    // Given once: the giving side has nothing left to do.
    await world.until(async () => ((await devicesOf(alice)).history.give.length === 0 ? true : null));
    expect((await present(laptop.who.api, { view: "chats" })).find(({ id }) => id === chat)?.missing).toBe(0);
  });

  test("[DV16] [DV17] goes on after either side was closed in the middle, and after the node was away", async () => {
    const world = newWorld();
    const { alice, bob, chat, pair } = await written(world, 6);
    const long = "x".repeat(30_000);
    for (let i = 0; i < 60; i++) await send(bob, pair, `${i} ${long}`);
    await world.until(async () => ((await textsOf(alice.who, pair)).length === 66 ? true : null));
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    await laptop.who.api.call("askHistory", { id: await otherOf(laptop) });
    await allow(world, alice);
    const marks: number[] = [];
    for (const again of [() => laptop.reopenBlank(), () => alice.reopen(), () => world.clock.pass(30_000)]) {
      const { done, total } = await cutAt(world, laptop, (take) => take.done > (marks.at(-1) ?? 0));
      expect(done).toBeLessThan(total);
      marks.push(done);
      await again();
      world.node.comeBack();
      for (const { who } of [alice, laptop]) await who.api.call("retryNow", {});
    }
    const take = await untilTake(world, laptop, ({ state }) => state === "done");
    expect(take).toMatchObject({ refused: 0, done: take.total });
    for (const id of [pair, chat]) expect(await textsOf(laptop.who, id)).toEqual(await textsOf(alice.who, id));
  });

  test("[DV17] either side stops it, a no is told, and what came by then stays", async () => {
    const world = newWorld();
    const { alice, bob, pair } = await written(world, 4);
    const long = "x".repeat(30_000);
    for (let i = 0; i < 40; i++) await send(bob, pair, `${i} ${long}`);
    await world.until(async () => ((await textsOf(alice.who, pair)).length === 44 ? true : null));
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    const phone = await otherOf(laptop);
    await laptop.who.api.call("askHistory", { id: phone });
    const [ask] = await world.until(async () => {
      const { give } = (await devicesOf(alice)).history;
      return give.length > 0 ? give : null;
    });
    await alice.who.api.call("answerHistory", { id: ask?.device ?? "", isAllowed: false });
    await untilTake(world, laptop, ({ state }) => state === "declined");
    await laptop.who.api.call("endHistory", {});
    expect((await devicesOf(laptop)).history.take).toBeNull();

    await laptop.who.api.call("askHistory", { id: phone });
    await allow(world, alice);
    await cutAt(world, laptop, ({ done }) => done > 0);
    await laptop.who.api.call("endHistory", {});
    world.node.comeBack();
    const { state, events } = await untilTake(world, laptop, (take) => take.state === "stopped");
    expect([state, events > 0]).toEqual(["stopped", true]);
    await world.until(async () => ((await devicesOf(alice)).history.give.length === 0 ? true : null));
    const kept = (await textsOf(laptop.who, pair)).length;
    expect(kept).toBeGreaterThan(0);

    await laptop.who.api.call("askHistory", { id: phone });
    await allow(world, alice);
    await cutAt(world, laptop, ({ done }) => done > 0);
    await alice.who.api.call("stopGivingHistory", { id: ask?.device ?? "" });
    world.node.comeBack();
    await laptop.who.api.call("retryNow", {});
    await untilTake(world, laptop, (take) => take.state === "stopped");
    await laptop.who.api.call("askHistory", { id: phone });
    await allow(world, alice);
    await untilTake(world, laptop, (take) => take.state === "done");
    expect(await textsOf(laptop.who, pair)).toEqual(await textsOf(alice.who, pair));
  });

  test("[DV18] of who has left the group, it counts by what was kept of their certificate", async () => {
    const world = newWorld();
    const { alice, carol, chat } = await written(world, 6);
    await alice.who.api.call("removeMember", { chat, accountId: await accountId(carol) });
    await world.untilGroup(alice, chat, ({ members }) => members.length === 2);
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    await laptop.who.api.call("askHistory", { id: await otherOf(laptop) });
    await allow(world, alice);
    await untilTake(world, laptop, ({ state }) => state === "done");
    const theirs = (await allMessages(laptop.who.api, chat)).filter(({ author }) => author?.name === "Carol");
    expect(theirs.map(({ content }) => (content.kind === "text" ? content.text : ""))).toEqual(["group 2", "group 5"]);
    await laptop.close();
    const kept = await laptop.inspect((store) => store.parts(chat, ["past-credential"]));
    expect(kept).toHaveLength(1);
  });
});
