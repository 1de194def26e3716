/** What a person keeps for themselves is the same on all of their devices (spec/devices.md, section 8). */
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, send, textsOf } from "./group-world.ts";
import { allMessages, memoryNodes, present, type MemoryNode, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest((nodes?: readonly MemoryNode[]) => new GroupWorld(nodes));

const untilIdle = (world: GroupWorld, { who }: TestDevice) =>
  world.until(async () => ((await present(who.api, { view: "devices" })).work === null ? true : null));

const chatOf = async ({ who }: TestDevice, id: string) =>
  (await present(who.api, { view: "chats" })).find((chat) => chat.id === id);

const messageOf = async ({ who }: TestDevice, chat: string, text: string) =>
  (await allMessages(who.api, chat)).find(({ content }) => content.kind === "text" && content.text === text);

describe("registers among the devices of one person", () => {
  test("[DV21] [DV23] stars, what is deleted for oneself, drafts and read positions, in groups too", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    for (const text of ["one", "two"]) await send(bob, chat, text);
    await world.untilTexts(alice, chat, ["one", "two"]);
    const early = await messageOf(alice, chat, "one");
    // Before there is another device, and before that one has the message.
    await alice.who.api.call("setStarred", { chat, id: early?.id ?? "", isStarred: true });
    await alice.who.api.call("markRead", { chat, upTo: early?.id ?? "" });
    const laptop = await world.link(alice, "laptop");
    await untilIdle(world, alice);
    await world.untilGroup(laptop, chat, ({ members }) => members.length === 2);
    for (const text of ["three", "four", "five"]) await send(bob, chat, text);
    await world.untilTexts(laptop, chat, ["three", "four", "five"]);
    await world.untilTexts(alice, chat, ["one", "two", "three", "four", "five"]);
    const [three, four, five] = await Promise.all(
      ["three", "four", "five"].map((text) => messageOf(laptop, chat, text)),
    );
    await laptop.who.api.call("setStarred", { chat, id: three?.id ?? "", isStarred: true });
    await laptop.who.api.call("deleteMessage", { chat, id: four?.id ?? "", who: "me" });
    await laptop.who.api.call("setDraft", { chat, text: "half a line" });
    await world.untilTexts(alice, chat, ["one", "two", "three", "five"]);
    await world.until(async () => ((await messageOf(alice, chat, "three"))?.isStarred === true ? true : null));
    await world.until(async () => ((await chatOf(alice, chat))?.draft === "half a line" ? true : null));
    await alice.who.api.call("setStarred", { chat, id: three?.id ?? "", isStarred: false });
    await world.until(async () => ((await messageOf(laptop, chat, "three"))?.isStarred === false ? true : null));
    await alice.who.api.call("markRead", { chat, upTo: five?.id ?? "" });
    await world.until(async () => ((await chatOf(laptop, chat))?.unread === 0 ? true : null));
    // What was starred before the laptop came is starred there once it has it.
    const { devices } = await present(laptop.who.api, { view: "devices" });
    const [phone, own] = [
      devices.find(({ isThis }) => !isThis)?.id ?? "",
      devices.find(({ isThis }) => isThis)?.id ?? "",
    ];
    await laptop.who.api.call("askHistory", { id: phone });
    await world.until(async () => {
      const { give } = (await present(alice.who.api, { view: "devices" })).history;
      return give.length > 0 ? true : null;
    });
    await alice.who.api.call("answerHistory", { id: own, isAllowed: true });
    await world.until(async () => ((await messageOf(laptop, chat, "one"))?.isStarred === true ? true : null));
    expect(await textsOf(laptop.who, chat)).toEqual(["one", "two", "three", "five"]);
  });

  test("[DV21] a contact who takes another name does not become one with a petname", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const pair = (await present(alice.who.api, { view: "chats" }))[0]?.id as string;
    const laptop = await world.link(alice, "laptop");
    await world.until(async () => ((await chatOf(laptop, pair))?.name === "Bob" ? true : null));
    await laptop.close();
    await bob.who.api.call("setName", { name: "Robert" });
    await world.until(async () => ((await chatOf(alice, pair))?.name === "Robert" ? true : null));
    await world.clock.pass(5_000);
    await laptop.open("blank");
    for (const one of [alice, laptop]) {
      const chat = await world.until(async () => {
        const found = await chatOf(one, pair);
        return found?.name === "Robert" ? found : null;
      });
      expect(chat).toMatchObject({ petname: null, theirName: "Robert" });
    }
    await world.clock.pass(5_000);
    await laptop.who.api.call("setPetname", { chat: pair, petname: "Bobby" });
    await world.until(async () => ((await chatOf(alice, pair))?.name === "Bobby" ? true : null));
    await bob.who.api.call("setName", { name: "Rob" });
    for (const one of [alice, laptop]) {
      await world.until(async () => {
        const found = await chatOf(one, pair);
        return found?.kind === "pair" && found.theirName === "Rob" ? found : null;
      });
      expect(await chatOf(one, pair)).toMatchObject({ petname: "Bobby", name: "Bobby" });
    }
    // And a name of one's own, given on the newer device, reaches the contact.
    await laptop.who.api.call("setName", { name: "Alicia" });
    await world.until(async () =>
      (await present(bob.who.api, { view: "chats" }))[0]?.name === "Alicia" ? true : null,
    );
    await alice.who.api.call("setName", { name: "Ali" });
    await world.until(async () => ((await present(bob.who.api, { view: "chats" }))[0]?.name === "Ali" ? true : null));
    expect(await accountId(laptop)).toBe(await accountId(alice));
  });

  test("[DV21] [DV27] a linked device writes the backup under the same words, and takes other keys only with other words", async () => {
    const world = newWorld();
    const [alice] = await world.people("Alice", "Bob");
    const backupOf = async ({ who }: TestDevice) => present(who.api, { view: "backup" });
    await world.until(async () => {
      const backup = await backupOf(alice);
      return backup.state === "on" && backup.storedAt === 1 ? true : null;
    });
    const laptop = await world.link(alice, "laptop");
    await world.until(async () => ((await backupOf(laptop)).state === "on" ? true : null));
    await laptop.who.api.call("writeBackup", {});
    await world.until(async () => {
      const backup = await backupOf(laptop);
      return backup.state === "on" && backup.storedAt === 1 ? true : null;
    });
    const { words } = await alice.who.api.call("recoveryWords", {});
    const keysOf = async (device: TestDevice, how: "blank" | "with-profile"): Promise<string> => {
      await device.close();
      const value = await device.inspect((store) => store.document("backup-keys"));
      await device.open(how);
      return JSON.stringify([...(value ?? [])]);
    };
    const before = await keysOf(laptop, "blank");
    expect(before).toBe(await keysOf(alice, "with-profile"));
    await alice.who.api.call("changeWords", { words: null });
    const after = await keysOf(alice, "with-profile");
    expect(after).not.toBe(before);
    let found = before;
    await world.until(async () => {
      found = await keysOf(laptop, "blank");
      await world.clock.pass(3_000);
      return found === after ? true : null;
    });
    const { words: next } = await alice.who.api.call("recoveryWords", {});
    expect(next).not.toEqual(words);
  });

  test("[DV21] nodes are the same on all, but for those that only their own machine reaches", async () => {
    const world = newWorld([...memoryNodes(3, null, "wss://node.example"), ...memoryNodes(5).slice(4)]);
    const [first, second, third, local] = world.nodes.map(({ hint }) => hint.address);
    const [alice] = await world.people("Alice", "Bob");
    const nodesOf = async ({ who }: TestDevice) =>
      (await present(who.api, { view: "network" })).nodes.map(({ address }) => address);
    const untilNodes = (device: TestDevice, wanted: readonly (string | undefined)[]) =>
      world.until(async () => ((await nodesOf(device)).join() === wanted.join() ? true : null));
    await world.during(alice.who.api.call("addNode", { address: second ?? "" }));
    await world.during(alice.who.api.call("addNode", { address: local ?? "" }));
    const laptop = await world.link(alice, "laptop");
    // The code names nodes to meet at: one that only this machine reaches is among them here.
    await world.during(laptop.who.api.call("removeNode", { address: local ?? "" }));
    await untilNodes(laptop, [first, second]);
    await world.during(laptop.who.api.call("addNode", { address: third ?? "" }));
    await untilNodes(alice, [first, second, local, third]);
    await laptop.who.api.call("removeNode", { address: first ?? "" });
    await untilNodes(alice, [second, third, local]);
    await untilNodes(laptop, [second, third]);
  });

  test("[DV21] relays, and what is done without one, are the same on all, also on one that is linked later", async () => {
    const world = newWorld(memoryNodes(4, null, "wss://node.example"));
    const [, second, third, fourth] = world.nodes.map(({ hint }) => hint.address);
    const [alice] = await world.people("Alice", "Bob");
    const untilRelays = (device: TestDevice, way: string, wanted: readonly (string | undefined)[]) =>
      world.until(async () => {
        const { relays, whenNoRelay } = await present(device.who.api, { view: "network" });
        return whenNoRelay === way && relays.map(({ address }) => address).join() === wanted.join() ? true : null;
      });
    await world.during(alice.who.api.call("addRelay", { address: second ?? "" }));
    await alice.who.api.call("setWhenNoRelay", { way: "direct" });
    const laptop = await world.link(alice, "laptop");
    await untilRelays(laptop, "direct", [second]);
    await world.during(laptop.who.api.call("addRelay", { address: third ?? "" }));
    await untilRelays(alice, "direct", [second, third]);
    await laptop.who.api.call("setWhenNoRelay", { way: "wait" });
    await laptop.who.api.call("removeRelay", { address: second ?? "" });
    await untilRelays(alice, "wait", [third]);
    await laptop.who.api.call("removeRelay", { address: third ?? "" });
    await untilRelays(alice, "wait", []);
    for (const address of [second, third, fourth])
      await world.during(alice.who.api.call("addRelay", { address: address ?? "" }));
    await untilRelays(laptop, "wait", [second, third, fourth]);
    const more = alice.who.api.call("addRelay", { address: world.nodes[0]?.hint.address ?? "" });
    await expect(world.during(more)).rejects.toMatchObject({ code: "too-many-relays" });
  });
});
