/** One person's devices in their groups: all of them are in all of them, whoever began it and whatever came between. */
import type { ConversationId } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, linesOf, send, stateOf, textsOf, viewOf } from "./group-world.ts";
import { allMessages, present, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new GroupWorld());

/** How many devices somebody has in a group, as `by` sees it. */
async function devicesIn(by: TestDevice, chat: ConversationId, of: TestDevice): Promise<number> {
  const id = await accountId(of);
  return (await viewOf(by.who, chat))?.members.find((member) => member.accountId === id)?.devices ?? 0;
}

const untilDevices = (world: GroupWorld, by: TestDevice, chat: ConversationId, of: TestDevice, count: number) =>
  world.until(async () => ((await devicesIn(by, chat, of)) === count ? true : null));

const untilIdle = (world: GroupWorld, { who }: TestDevice) =>
  world.until(async () => ((await present(who.api, { view: "devices" })).work === null ? true : null));

async function removeOther(from: TestDevice): Promise<void> {
  const { devices } = await present(from.who.api, { view: "devices" });
  await from.who.api.call("removeDevice", { id: devices.find(({ isThis }) => !isThis)?.id ?? "", passphrase: null });
}

describe("the devices of one person in groups", () => {
  test("[DV30] [DV35] one that is linked comes into every group, knows who is there, and is heard by all", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const chat = await world.group(alice, "Choir", bob, carol);
    await send(bob, chat, "before");
    for (const one of [alice, carol]) await world.untilTexts(one, chat, ["before"]);
    // Bob knows Carol from the group alone, and so does his laptop.
    const laptop = await world.link(bob, "laptop");
    const view = await world.untilGroup(laptop, chat, ({ members }) => members.length === 3);
    expect([view.name, view.role]).toEqual(["Choir", "member"]);
    expect(view.members.map(({ name }) => name).toSorted()).toEqual(["Alice", "Bob", "Carol"]);
    await untilDevices(world, alice, chat, bob, 2);
    await send(laptop, chat, "from the laptop");
    for (const one of [alice, bob, carol]) await world.untilTexts(one, chat, ["before", "from the laptop"]);
    const [own] = (await allMessages(bob.who.api, chat)).filter(
      ({ content }) => content.kind === "text" && content.text === "from the laptop",
    );
    expect(own?.isOwn).toBe(true);
    await send(carol, chat, "to both");
    await world.untilTexts(laptop, chat, ["from the laptop", "to both"]);
    await world.untilTexts(bob, chat, ["before", "from the laptop", "to both"]);
    expect((await linesOf(alice, chat)).at(-1)).toBe("Bob: device-added Bob");
  });

  test("[DV31] a group that begins on either device is on both, though the other one was linked just now", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const laptop = await world.link(alice, "laptop");
    await world.until(async () => {
      const chats = await present(laptop.who.api, { view: "chats" });
      return chats.some(({ kind, state }) => kind === "pair" && state === "active") ? true : null;
    });
    await untilIdle(world, alice);
    for (const [maker, name] of [
      [alice, "Choir"],
      [laptop, "Band"],
    ] as const) {
      const { chat } = await maker.who.api.call("createGroup", {
        name,
        description: "",
        members: [await accountId(bob)],
      });
      for (const one of [alice, laptop, bob]) {
        await world.untilGroup(one, chat, ({ members }) => members.length === 2);
        await untilDevices(world, one, chat, alice, 2);
      }
      await send(bob, chat, `hello ${name}`);
      for (const one of [alice, laptop]) {
        await world.until(async () => ((await textsOf(one.who, chat)).includes(`hello ${name}`) ? true : null));
      }
    }
  });

  test("[GR6] [DV30] who is added by somebody else is there with both devices", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const laptop = await world.link(bob, "laptop");
    await untilIdle(world, bob);
    const { chat } = await alice.who.api.call("createGroup", {
      name: "Choir",
      description: "",
      members: [await accountId(bob)],
    });
    for (const one of [bob, laptop]) await world.untilGroup(one, chat, ({ members }) => members.length === 2);
    await untilDevices(world, alice, chat, bob, 2);
    await send(alice, chat, "to both");
    for (const one of [bob, laptop]) await world.untilTexts(one, chat, ["to both"]);
    await send(laptop, chat, "thank you");
    for (const one of [alice, bob]) await world.untilTexts(one, chat, ["to both", "thank you"]);
  });

  test("[DV30] one that is removed leaves every group, and reads nothing of what follows", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chats = [await world.group(alice, "Choir", bob), await world.group(bob, "Band", alice)];
    const laptop = await world.link(bob, "laptop");
    for (const chat of chats) await untilDevices(world, alice, chat, bob, 2);
    await untilIdle(world, bob);
    await removeOther(bob);
    await world.until(async () => ((await present(laptop.who.api, { view: "devices" })).isRemoved ? true : null));
    for (const chat of chats) {
      await untilDevices(world, alice, chat, bob, 1);
      await send(alice, chat, "without the laptop");
      await world.until(async () => ((await textsOf(bob.who, chat)).includes("without the laptop") ? true : null));
      expect(await textsOf(laptop.who, chat)).toEqual([]);
      expect(await stateOf(laptop, chat)).toBe("ended");
    }
    await untilIdle(world, bob);
  });

  test("[DV36] one that was removed knows it, though the list was never told where it still reads", async () => {
    const world = newWorld();
    const [alice] = await world.people("Alice", "Bob");
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    // Its commits lie in their slots, and what it says besides is lost.
    const honest = world.node.access();
    const receipt = { ok: true, value: { bytes: new Uint8Array(0) } } as const;
    world.node.access = () => ({ ...honest, deposit: async () => receipt });
    await laptop.reopenBlank();
    await removeOther(laptop);
    await world.until(async () => ((await present(alice.who.api, { view: "devices" })).isRemoved ? true : null));
    await alice.reopen();
    expect((await present(alice.who.api, { view: "devices" })).isRemoved).toBe(true);
    await untilIdle(world, laptop);
  });

  test("[LG10] what was on its way when a device came in comes to it too", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    world.node.goDown();
    await send(bob, chat, "written on the train");
    await bob.close();
    world.node.comeBack();
    await alice.who.api.call("retryNow", {});
    for (const text of ["one", "two"]) await send(alice, chat, text);
    const laptop = await world.link(alice, "laptop");
    await world.untilGroup(laptop, chat, ({ members }) => members.length === 2);
    for (const text of ["three", "four"]) await send(alice, chat, text);
    await world.untilTexts(laptop, chat, ["three", "four"]);
    await bob.open();
    await world.until(async () => ((await textsOf(alice.who, chat)).includes("written on the train") ? true : null));
    // Its parents are that, and what the laptop knows.
    await send(alice, chat, "five");
    await world.untilTexts(laptop, chat, ["written on the train", "three", "four", "five"]);
    await world.clock.pass(90_000);
    const kinds = (await allMessages(laptop.who.api, chat)).map(({ content }) => content.kind);
    expect(kinds).not.toContain("lost");
  });

  test("[DD1] [SB1] a restart in the middle of coming and going loses no group", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chats = [
      await world.group(alice, "Choir", bob),
      await world.group(alice, "Band", bob),
      await world.group(bob, "Trio", alice),
    ];
    const laptop = await world.link(bob, "laptop");
    await Promise.all([bob.reopen(), laptop.reopenBlank()]);
    await world.clock.pass(1_000);
    await bob.reopen();
    for (const chat of chats) await world.untilGroup(laptop, chat, ({ members }) => members.length === 2);
    for (const chat of chats) await untilDevices(world, alice, chat, bob, 2);
    world.node.goDown();
    await removeOther(bob);
    const { work } = await present(bob.who.api, { view: "devices" });
    expect(work?.done).toBeLessThan(work?.total ?? 0);
    await bob.reopen();
    world.node.comeBack();
    for (const { who } of [alice, bob]) await who.api.call("retryNow", {});
    for (const chat of chats) await untilDevices(world, alice, chat, bob, 1);
    await untilIdle(world, bob);
  });
});
