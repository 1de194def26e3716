/** Coming back into conversations, with the real client (spec/rejoin.md): real MLS and stores, nodes in memory that forget. */
import type { ChatNotice, ChatView, ConversationId, GroupView, MessageView } from "@xchat/client/api";
import { afterEach, describe, expect, test } from "vitest";
import { allMessages, meet, memoryConnector, memoryNodes, present, TestDevice, VirtualClock } from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

class World {
  readonly clock = new VirtualClock(NOW);
  readonly nodes = memoryNodes(3, () => this.clock.now());

  async person(name: string): Promise<TestDevice> {
    const made = this.device(name);
    await made.open();
    return made;
  }

  device(name: string): TestDevice {
    const nodes = this.nodes.map(({ hint }) => hint);
    const made = new TestDevice({ name, nodes, connector: () => memoryConnector(this.nodes), clock: this.clock });
    open.push(made);
    return made;
  }

  async pair(): Promise<{ alice: TestDevice; bob: TestDevice; chat: ConversationId }> {
    const [alice, bob] = [await this.person("Alice"), await this.person("Bob")];
    const { bobsChat } = await this.during(meet(alice.who, bob.who));
    return { alice, bob, chat: bobsChat };
  }

  /** The first is the owner. */
  async group(...names: readonly string[]): Promise<{ devices: readonly TestDevice[]; chat: ConversationId }> {
    const devices: TestDevice[] = [];
    for (const name of names) devices.push(await this.person(name));
    const [first, ...others] = devices as [TestDevice, ...TestDevice[]];
    for (const other of others) await this.during(meet(first.who, other.who));
    const members = await Promise.all(others.map(accountId));
    const { chat } = await first.who.api.call("createGroup", { name: "Choir", description: "", members });
    for (const one of devices) await this.until(one, chat, (view) => view.members.length === names.length);
    return { devices, chat };
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const done = work.finally(() => {
      state.isOver = true;
    });
    while (!state.isOver) await this.clock.pass(500);
    return done;
  }

  until({ who }: TestDevice, chat: ConversationId, isSo: (view: GroupView) => boolean): Promise<GroupView> {
    return this.come(async () => {
      const view = await present(who.api, { view: "group", chat });
      return view !== null && isSo(view) ? view : null;
    });
  }

  async untilTexts(device: TestDevice, chat: ConversationId, wanted: readonly string[]): Promise<void> {
    let found: readonly string[] = [];
    await this.come(async () => {
      found = await textsOf(device, chat);
      return JSON.stringify(found) === JSON.stringify(wanted) ? true : null;
    }).catch(() => expect(found).toEqual(wanted));
  }

  async untilNotice(device: TestDevice, chat: ConversationId, what: string): Promise<void> {
    await this.come(async () => ((await forkNotices(device, chat)).includes(what) ? true : null));
  }

  untilDelivered(device: TestDevice, chat: ConversationId, text: string): Promise<unknown> {
    return this.come(async () => {
      const all = await allMessages(device.who.api, chat);
      const found = all.find(({ content }) => content.kind === "text" && content.text === text);
      return found?.delivery?.state === "delivered" ? found : null;
    });
  }

  async come<T>(look: () => Promise<T | null>): Promise<T> {
    for (let i = 0; i < 500; i++) {
      const found = await look().catch(() => null);
      if (found !== null) return found;
      await this.clock.pass(i < 200 ? 500 : 10_000);
    }
    throw new Error("did not come to what was waited for");
  }
}

async function accountId({ who }: TestDevice): Promise<string> {
  const profile = await present(who.api, { view: "profile" });
  return profile.state === "ready" ? profile.accountId : "";
}

async function chatOf({ who }: TestDevice, chat: ConversationId): Promise<ChatView | undefined> {
  return (await present(who.api, { view: "chats" })).find(({ id }) => id === chat);
}

const noticesOf = async (device: TestDevice, chat: ConversationId): Promise<readonly ChatNotice[]> =>
  (await chatOf(device, chat))?.notices ?? [];

const forkNotices = async (device: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await noticesOf(device, chat)).flatMap((notice) => (notice.kind === "fork" ? [notice.what] : []));

const textsOf = async ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

const say = ({ who }: TestDevice, chat: ConversationId, text: string): Promise<unknown> =>
  who.api.call("sendMessage", { chat, text });

const actionsOf = ({ content }: MessageView): readonly string[] =>
  content.kind === "record"
    ? content.record.actions.map(({ kind }) => `${content.record.by?.name ?? "nobody"}: ${kind}`)
    : [];

const linesOf = async ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(actionsOf);

describe("coming back into a group", () => {
  test("[RJ9] [FR12] who was away for three weeks is back by themselves, and lacks nothing of what was said", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    await say(carol, chat, "see you");
    for (const one of [alice, bob]) await world.untilTexts(one, chat, ["see you"]);
    await carol.close();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await world.until(bob, chat, ({ name }) => name === "Band");
    await say(alice, chat, "while you were away");
    await world.untilTexts(bob, chat, ["see you", "while you were away"]);
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.until(carol, chat, ({ name }) => name === "Band");
    await world.untilNotice(carol, chat, "back");
    await world.untilTexts(carol, chat, ["see you", "while you were away"]);
    await say(carol, chat, "here again");
    for (const one of devices) await world.untilTexts(one, chat, ["see you", "while you were away", "here again"]);
    for (const one of devices) expect((await linesOf(one, chat)).at(-1)).toBe("Carol: rejoined");
  }, 120_000);

  test("[GE17] [CB1] an old copy of the store finds out, and is back with all that it had written", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    await say(carol, chat, "one");
    for (const one of [alice, bob]) await world.untilTexts(one, chat, ["one"]);
    await carol.close();
    const old = carol.copy();
    open.push(old);
    await carol.open();
    await say(carol, chat, "two, by the first");
    for (const one of [alice, bob]) await world.untilTexts(one, chat, ["one", "two, by the first"]);
    await carol.close();
    await old.open();
    await world.untilNotice(old, chat, "back");
    await world.untilTexts(old, chat, ["one", "two, by the first"]);
    await say(old, chat, "three");
    for (const one of [alice, bob, old]) await world.untilTexts(one, chat, ["one", "two, by the first", "three"]);
    await world.untilDelivered(old, chat, "three");
  }, 120_000);

  test("[LG18] [RJ12] what an old copy wrote before it found out is known to have arrived, beside what it had forgotten", async () => {
    const world = new World();
    const { alice: bob, bob: carol, chat } = await world.pair();
    await say(carol, chat, "one");
    await world.untilTexts(bob, chat, ["one"]);
    await carol.close();
    const old = carol.copy();
    open.push(old);
    await carol.open();
    await say(carol, chat, "two, by the first");
    await world.untilTexts(bob, chat, ["one", "two, by the first"]);
    await carol.close();
    for (const node of world.nodes) node.goDown();
    await old.open();
    await say(old, chat, "two, by the old one");
    await world.clock.pass(2 * HOUR);
    for (const node of world.nodes) node.comeBack();
    await world.untilNotice(old, chat, "back");
    await world.come(async () => ((await textsOf(bob, chat)).includes("two, by the old one") ? true : null));
    await world.untilDelivered(old, chat, "two, by the old one");
  }, 120_000);

  test("[CB1] [RA1] what was written and reached nobody is sent again, whenever the device is switched off on the way", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    await carol.close();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await world.until(bob, chat, ({ name }) => name === "Band");
    await bob.close();
    await alice.close();
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.clock.pass(5 * MINUTE);
    // Nobody reads any more where this goes.
    await say(carol, chat, "into the void");
    for (let i = 0; i < 3; i++) {
      await world.clock.pass(MINUTE);
      await carol.reopen();
    }
    await alice.open();
    for (let i = 0; i < 6; i++) {
      await world.clock.pass(7_000);
      await carol.reopen();
    }
    await world.untilTexts(alice, chat, ["into the void"]);
    await bob.open();
    await world.untilTexts(bob, chat, ["into the void"]);
    await world.until(carol, chat, ({ name, members }) => name === "Band" && members.length === 3);
    expect((await linesOf(alice, chat)).filter((line) => line === "Carol: rejoined")).toHaveLength(1);
    // [LG18]
    await world.untilDelivered(carol, chat, "into the void");
  }, 120_000);

  test("[RJ9] who was away and has missed nothing stays who they are", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, , carol] = devices as [TestDevice, TestDevice, TestDevice];
    await carol.close();
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.clock.pass(10 * MINUTE);
    await say(carol, chat, "still here");
    await world.untilTexts(alice, chat, ["still here"]);
    expect(await linesOf(alice, chat)).not.toContain("Carol: rejoined");
    expect(await forkNotices(carol, chat)).toEqual([]);
  }, 120_000);

  test("[GR27] [GR28] after a removal the admins' devices read and name a new inbox, and whoever knows only the old one is answered", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol", "Dave");
    const [alice, bob, carol, dave] = devices as [TestDevice, TestDevice, TestDevice, TestDevice];
    await carol.close();
    await alice.who.api.call("removeMember", { chat, accountId: await accountId(dave) });
    await world.until(bob, chat, ({ members }) => members.length === 3);
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.until(carol, chat, ({ members }) => members.length === 3);
    await world.untilNotice(carol, chat, "back");
  }, 120_000);
});

describe("being out", () => {
  test("[RJ13] [RJ14] who was removed while away, for longer than nodes keep it, is told so within hours, and may be added again", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    const carolsId = await accountId(carol);
    await carol.close();
    await alice.who.api.call("removeMember", { chat, accountId: carolsId });
    await world.until(bob, chat, ({ members }) => members.length === 2);
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.clock.pass(30 * MINUTE);
    // A former superior must not be faster than those who would let her in.
    expect((await chatOf(carol, chat))?.state).toBe("active");
    await world.clock.pass(HOUR);
    await world.come(async () => ((await chatOf(carol, chat))?.state === "ended" ? true : null));
    await alice.who.api.call("addMembers", { chat, members: [carolsId] });
    await world.come(async () => ((await chatOf(carol, chat))?.state === "active" ? true : null));
    await say(carol, chat, "here again");
    for (const one of devices) await world.untilTexts(one, chat, ["here again"]);
  }, 120_000);

  test("[RJ14] a plain member cannot tell another that they are out", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol", "Dave");
    const [alice, bob, carol, dave] = devices as [TestDevice, TestDevice, TestDevice, TestDevice];
    const carolsId = await accountId(carol);
    await carol.close();
    await alice.who.api.call("removeMember", { chat, accountId: carolsId });
    for (const one of [bob, dave]) await world.until(one, chat, ({ members }) => members.length === 3);
    await alice.close();
    await world.clock.pass(21 * DAY);
    await carol.open();
    await world.clock.pass(3 * HOUR);
    expect((await chatOf(carol, chat))?.state).toBe("active");
    await alice.open();
    await world.come(async () => ((await chatOf(carol, chat))?.state === "ended" ? true : null));
  }, 120_000);
});

describe("coming back into a chat of two", () => {
  test("[RJ9] after a month, when the other side has a second device that this one has never seen", async () => {
    const world = new World();
    const { alice, bob, chat } = await world.pair();
    await say(alice, chat, "one");
    await world.untilTexts(bob, chat, ["one"]);
    await bob.close();
    await alice.who.api.call("setDisappearing", { chat, seconds: 365 * 86_400 });
    await world.come(async () => ((await chatOf(alice, chat))?.disappearAfter === 365 * 86_400 ? true : null));
    await say(alice, chat, "two");
    await world.clock.pass(30 * DAY);
    await bob.open();
    await world.untilNotice(bob, chat, "back");
    await world.untilTexts(bob, chat, ["one", "two"]);
    await say(bob, chat, "three");
    await world.untilTexts(alice, chat, ["one", "two", "three"]);
    expect((await linesOf(alice, chat)).at(-1)).toBe("Bob: rejoined");
    expect((await chatOf(bob, chat))?.disappearAfter).toBe(365 * 86_400);
  }, 120_000);

  test("[GE17] a restored laptop is back within minutes, and both sides read on", async () => {
    const world = new World();
    const { alice, bob, chat } = await world.pair();
    await say(alice, chat, "one");
    await world.untilTexts(bob, chat, ["one"]);
    await bob.close();
    const old = bob.copy();
    open.push(old);
    await bob.open();
    await say(bob, chat, "two");
    await world.untilTexts(alice, chat, ["one", "two"]);
    await bob.close();
    await old.open();
    await world.untilNotice(old, chat, "back");
    await world.untilTexts(old, chat, ["one", "two"]);
    await say(alice, chat, "three");
    await say(old, chat, "four");
    for (const one of [alice, old]) {
      await world.come(async () => ((await textsOf(one, chat)).length === 4 ? true : null));
    }
    expect(await linesOf(alice, chat)).toEqual(["Bob: rejoined"]);
  }, 120_000);
});
