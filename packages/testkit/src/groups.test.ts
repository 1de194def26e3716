/** Groups as people have them: made, joined, written in, renamed, left (spec/group.md). Real MLS, real stores, nodes in memory. */
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, linesOf, send, stateOf, textsOf, viewOf } from "./group-world.ts";
import { allMessages, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new GroupWorld());

describe("groups", () => {
  test("[GR29] contacts who are added are in, by whoever's message they read it, and what was written before waits for them", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const ids = await Promise.all([bob, carol].map(accountId));
    const { chat } = await alice.who.api.call("createGroup", { name: "Choir", description: "We sing", members: ids });
    await send(alice, chat, "hello");
    for (const one of [bob, carol]) {
      const view = await world.untilGroup(one, chat, ({ members }) => members.length === 3);
      expect([view.name, view.description, view.role]).toEqual(["Choir", "We sing", "member"]);
      await world.untilTexts(one, chat, ["hello"]);
    }
    await send(bob, chat, "from bob");
    // Carol and Bob do not know each other, and read one another all the same.
    await world.untilTexts(carol, chat, ["hello", "from bob"]);
    const message = (await allMessages(carol.who.api, chat)).find(
      ({ content }) => content.kind === "text" && content.text === "from bob",
    );
    expect(message?.author).toMatchObject({ name: "Bob", isContact: false, isSelf: false });
    expect(await linesOf(carol, chat)).toEqual(["Alice: added Carol"]);
    const lines = await linesOf(alice, chat);
    expect(lines[0]).toBe("Alice: created");
    expect(lines.slice(1).toSorted()).toEqual(["Alice: added Bob", "Alice: added Carol"]);
    await world.until(async () => {
      const own = (await allMessages(alice.who.api, chat)).find(
        ({ content }) => content.kind === "text" && content.text === "hello",
      );
      return own?.delivery?.state === "delivered" ? own : null;
    });
  });

  test("[GR5] [GR25] one is away during a rename and a removal, and sees both; the removed one is told, and says no more", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const chat = await world.group(alice, "Choir", bob, carol);
    await send(carol, chat, "before");
    for (const one of [alice, bob]) await world.untilTexts(one, chat, ["before"]);
    await bob.close();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await alice.who.api.call("removeMember", { chat, accountId: await accountId(carol) });
    await world.until(async () => ((await stateOf(carol, chat)) === "ended" ? true : null));
    await expect(send(carol, chat, "too late")).rejects.toMatchObject({ code: "chat-ended" });
    expect((await linesOf(carol, chat)).at(-1)).toBe("Alice: removed Carol");
    await world.untilGroup(alice, chat, ({ members }) => members.length === 2);
    await send(alice, chat, "without carol");
    await bob.open();
    const view = await world.untilGroup(bob, chat, ({ members }) => members.length === 2);
    expect(view.name).toBe("Band");
    await world.untilTexts(bob, chat, ["before", "without carol"]);
    expect((await linesOf(bob, chat)).slice(-2)).toEqual(["Alice: name", "Alice: removed Carol"]);
    expect(await textsOf(carol.who, chat)).toEqual(["before"]);
    // Read, and not lost with the leaf: who wrote it is still known.
    const old = (await allMessages(bob.who.api, chat)).find(({ content }) => content.kind === "text");
    expect(old?.author?.name).toBe("Carol");
  });

  test("[GR13] [CM2] two admins act at once, and both things happen", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const chat = await world.group(alice, "Choir", bob, carol);
    await alice.who.api.call("setRole", { chat, accountId: await accountId(bob), role: "admin" });
    await world.untilGroup(bob, chat, ({ role }) => role === "admin");
    await expect(
      bob.who.api.call("setRole", { chat, accountId: await accountId(carol), role: "admin" }),
    ).rejects.toMatchObject({
      code: "group-not-permitted",
    });
    await Promise.all([
      alice.who.api.call("setGroupInfo", { chat, name: "Band" }),
      bob.who.api.call("setPermission", { chat, name: "write", holder: "admins" }),
      send(carol, chat, "in between"),
    ]);
    for (const one of [alice, bob, carol]) {
      const view = await world.untilGroup(
        one,
        chat,
        ({ name, permissions }) => name === "Band" && permissions.write === "admins",
      );
      expect(view.pending).toEqual([]);
    }
    await expect(send(carol, chat, "not allowed")).rejects.toMatchObject({ code: "group-not-permitted" });
    await send(bob, chat, "allowed");
    for (const one of [alice, bob, carol]) await world.untilGroup(one, chat, () => true);
    const shown = await world.until(async () => {
      const texts = await Promise.all([alice, bob, carol].map(({ who }) => textsOf(who, chat)));
      return texts.every((one) => one.includes("allowed")) ? texts : null;
    });
    expect(new Set(shown.map((one) => one.join("|"))).size).toBe(1);
  });

  test("[GR15] who leaves is out at once, taken out by whoever sees it, and can be added again", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const chat = await world.group(alice, "Choir", bob, carol);
    await send(alice, chat, "one");
    await world.untilTexts(bob, chat, ["one"]);
    await bob.who.api.call("leaveGroup", { chat });
    await world.until(async () => ((await stateOf(bob, chat)) === "ended" ? true : null));
    for (const one of [alice, carol]) await world.untilGroup(one, chat, ({ members }) => members.length === 2);
    expect((await linesOf(carol, chat)).slice(-2).map((line) => line.replace(/^\w+: /u, ""))).toEqual([
      "leaving Bob",
      "left Bob",
    ]);
    await send(carol, chat, "two");
    await world.untilTexts(alice, chat, ["one", "two"]);
    await alice.who.api.call("addMembers", { chat, members: [await accountId(bob)] });
    await world.untilGroup(bob, chat, ({ role }) => role === "member");
    await send(bob, chat, "three");
    await world.untilTexts(alice, chat, ["one", "two", "three"]);
    // What was said without him is not handed to him.
    await world.untilTexts(bob, chat, ["one", "three"]);
  });

  test("[GR29] who was removed and added again while away comes in, though the chat with who added them is read first", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    await send(bob, chat, "before");
    await world.untilTexts(alice, chat, ["before"]);
    const bobsId = await accountId(bob);
    await bob.close();
    await alice.who.api.call("removeMember", { chat, accountId: bobsId });
    await world.untilGroup(alice, chat, ({ members }) => members.length === 1);
    await alice.who.api.call("addMembers", { chat, members: [bobsId] });
    await world.untilGroup(alice, chat, ({ members }) => members.length === 2);
    await world.clock.pass(60_000);
    await bob.open();
    await world.until(async () => ((await linesOf(bob, chat)).length === 3 ? true : null));
    await send(bob, chat, "after");
    await world.untilTexts(alice, chat, ["before", "after"]);
    expect(await linesOf(bob, chat)).toEqual(["Alice: added Bob", "Alice: removed Bob", "Alice: added Bob"]);
  });

  test("[GR31] what waited to be sent when somebody left is told as not sent, and is not sent when they are in again", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    await send(bob, chat, "one");
    await world.untilTexts(alice, chat, ["one"]);
    const stateOfText = async (text: string): Promise<string | undefined> =>
      (await allMessages(bob.who.api, chat)).find(({ content }) => content.kind === "text" && content.text === text)
        ?.delivery?.state;
    world.node.goDown();
    await bob.who.api.call("leaveGroup", { chat });
    await send(bob, chat, "too late");
    expect(await stateOfText("too late")).toBe("queued");
    world.node.comeBack();
    for (const one of [alice, bob]) await one.who.api.call("retryNow", {});
    await world.until(async () => ((await stateOf(bob, chat)) === "ended" ? true : null));
    expect(await stateOfText("too late")).toBe("unsent");
    await world.untilGroup(alice, chat, ({ members }) => members.length === 1);
    await alice.who.api.call("addMembers", { chat, members: [await accountId(bob)] });
    await world.untilGroup(bob, chat, ({ role }) => role === "member");
    await bob.reopen();
    await send(bob, chat, "here again");
    await world.untilTexts(alice, chat, ["one", "here again"]);
    expect(await stateOfText("too late")).toBe("unsent");
  });

  test("[GR28] a restart in the middle of everything loses no wish and no introduction", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const ids = await Promise.all([bob, carol].map(accountId));
    await carol.close();
    world.node.goDown();
    const { chat } = await alice.who.api.call("createGroup", { name: "Choir", description: "", members: ids });
    await send(alice, chat, "hello");
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    expect((await viewOf(alice.who, chat))?.pending.map(({ action }) => action.kind)).toEqual([
      "added",
      "added",
      "name",
    ]);
    await alice.reopen();
    world.node.comeBack();
    for (const one of [alice, bob]) await one.who.api.call("retryNow", {});
    await world.untilGroup(bob, chat, ({ name, members }) => name === "Band" && members.length === 3);
    await alice.reopen();
    await bob.reopen();
    await carol.open();
    await world.untilGroup(carol, chat, ({ members }) => members.length === 3);
    // Else the two words know nothing of each other, and their order is that of their ids.
    await world.untilTexts(carol, chat, ["hello"]);
    await send(carol, chat, "late");
    for (const one of [alice, bob, carol]) await world.untilTexts(one, chat, ["hello", "late"]);
    await alice.close();
    const parts = await alice.inspect((store) => store.all("part"));
    expect(parts.filter(({ kind }) => kind === "out")).toEqual([]);
  });

  test("a group of twenty: one deposit for each message, and everybody reads it", async () => {
    const world = newWorld();
    const names = Array.from({ length: 20 }, (_, i) => `Person ${i}`);
    const people = await world.people(...names);
    const [first, ...others] = people as readonly TestDevice[] as [TestDevice, ...TestDevice[]];
    const chat = await world.group(first, "Twenty", ...others);
    const before = world.node.held.length;
    await send(others[0] as TestDevice, chat, "to all");
    await world.until(async () => (world.node.held.length > before ? true : null));
    for (const one of people as readonly TestDevice[]) await world.untilTexts(one, chat, ["to all"]);
  }, 120_000);
});
