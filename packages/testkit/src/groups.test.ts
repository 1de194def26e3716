/** Groups as people have them: made, joined, written in, renamed, left (spec/group.md). Real MLS, real stores, nodes in memory. */
import type { ConversationId, GroupView, MessageView } from "@xchat/client/api";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  TestDevice,
  VirtualClock,
  type MemoryNode,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

class World {
  readonly clock = new VirtualClock(NOW);
  readonly nodes = memoryNodes(1);
  readonly node = this.nodes[0] as MemoryNode;

  async person(name: string): Promise<TestDevice> {
    const made = new TestDevice({
      name,
      nodes: [this.node.hint],
      connector: () => memoryConnector(this.nodes),
      clock: this.clock,
    });
    open.push(made);
    await made.open();
    return made;
  }

  /** Alice has met everybody else. */
  async people<const N extends readonly string[]>(...names: N): Promise<{ readonly [K in keyof N]: TestDevice }> {
    const devices: TestDevice[] = [];
    for (const name of names) devices.push(await this.person(name));
    const [first, ...others] = devices;
    for (const other of others) await this.meet(first as TestDevice, other);
    return devices as never;
  }

  async meet(one: TestDevice, other: TestDevice): Promise<void> {
    const met = { isOver: false };
    const meeting = meet(one.who, other.who).finally(() => {
      met.isOver = true;
    });
    while (!met.isOver) await this.clock.pass(500);
    await meeting;
  }

  async group(by: TestDevice, name: string, ...members: readonly TestDevice[]): Promise<ConversationId> {
    const ids = await Promise.all(members.map(accountId));
    const { chat } = await by.who.api.call("createGroup", { name, description: "", members: ids });
    for (const one of [by, ...members])
      await this.untilGroup(one, chat, ({ members: all }) => all.length === members.length + 1);
    return chat;
  }

  untilGroup({ who }: TestDevice, chat: ConversationId, isSo: (view: GroupView) => boolean): Promise<GroupView> {
    return this.until(async () => {
      const view = await viewOf(who, chat);
      return view !== null && isSo(view) ? view : null;
    });
  }

  async untilTexts({ who }: TestDevice, chat: ConversationId, wanted: readonly string[]): Promise<void> {
    let found: readonly string[] = [];
    await this.until(async () => {
      found = await textsOf(who, chat);
      return JSON.stringify(found) === JSON.stringify(wanted) ? true : null;
    }).catch(() => expect(found).toEqual(wanted));
  }

  async until<T>(look: () => Promise<T | null>): Promise<T> {
    for (let i = 0; i < 400; i++) {
      const found = await look().catch(() => null);
      if (found !== null) return found;
      await this.clock.pass(500);
    }
    throw new Error("did not come to what was waited for");
  }
}

const viewOf = ({ api }: Person, chat: ConversationId): Promise<GroupView | null> =>
  new Promise((resolve) => {
    let isOver = false;
    const end = (view: GroupView | null): void => {
      if (isOver) return;
      isOver = true;
      queueMicrotask(() => stop());
      resolve(view);
    };
    const stop = api.watch({ view: "group", chat }, end);
    // A view comes in the turn of the question, or not at all.
    setTimeout(() => end(null), 0);
  });

const accountId = async ({ who }: TestDevice): Promise<string> =>
  new Promise((resolve) => {
    const stop = who.api.watch({ view: "profile" }, (profile) => {
      if (profile.state !== "ready") return;
      queueMicrotask(() => stop());
      resolve(profile.accountId);
    });
  });

const send = ({ who }: TestDevice, chat: ConversationId, text: string): Promise<unknown> =>
  who.api.call("sendMessage", { chat, text });

const textsOf = async ({ api }: Person, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

const lineOf = ({ content }: MessageView): readonly string[] => {
  if (content.kind !== "record") return [];
  const by = content.record.by?.name ?? "nobody";
  return content.record.actions.map(
    (action) => `${by}: ${action.kind}${"person" in action ? ` ${action.person.name}` : ""}`,
  );
};

const linesOf = async ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(lineOf);

const stateOf = (device: TestDevice, chat: ConversationId): Promise<string> =>
  new Promise((resolve) => {
    const stop = device.who.api.watch({ view: "chats" }, (chats) => {
      queueMicrotask(() => stop());
      resolve(chats.find(({ id }) => id === chat)?.state ?? "missing");
    });
  });

describe("groups", () => {
  test("[GR29] contacts who are added are in, by whoever's message they read it, and what was written before waits for them", async () => {
    const world = new World();
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
    const world = new World();
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
    const world = new World();
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
    const world = new World();
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

  test("[GR28] a restart in the middle of everything loses no wish and no introduction", async () => {
    const world = new World();
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
    const world = new World();
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
