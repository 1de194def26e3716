/** Groups that go apart and come together again, with the real client (spec/fork-rule.md): real MLS and stores, nodes in memory. */
import type { ChatNotice, ChatView, ConversationId, GroupView } from "@xchat/client/api";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  present,
  TestDevice,
  VirtualClock,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

class World {
  readonly clock = new VirtualClock(NOW);
  readonly nodes = memoryNodes(3);

  async person(name: string): Promise<TestDevice> {
    const hints = this.nodes.map(({ hint }) => hint);
    const made = new TestDevice({
      name,
      nodes: hints,
      connector: () => memoryConnector(this.nodes),
      clock: this.clock,
    });
    open.push(made);
    await made.open();
    return made;
  }

  /** The first is the owner, the second an admin. */
  async group(...names: readonly string[]): Promise<{ devices: readonly TestDevice[]; chat: ConversationId }> {
    const devices: TestDevice[] = [];
    for (const name of names) devices.push(await this.person(name));
    const [first, ...others] = devices as [TestDevice, ...TestDevice[]];
    for (const other of others) await this.during(meet(first.who, other.who));
    const members = await Promise.all(others.map(accountId));
    const { chat } = await first.who.api.call("createGroup", { name: "Choir", description: "", members });
    for (const one of devices) await this.until(one, chat, (view) => view.members.length === names.length);
    const [second] = others as [TestDevice];
    await first.who.api.call("setRole", { chat, accountId: await accountId(second), role: "admin" });
    for (const one of devices) await this.until(one, chat, (view) => view.members.some(({ role }) => role === "admin"));
    return { devices, chat };
  }

  async during(work: Promise<unknown>): Promise<void> {
    const state = { isOver: false };
    const done = work.finally(() => {
      state.isOver = true;
    });
    while (!state.isOver) await this.clock.pass(500);
    await done;
  }

  async until({ who }: TestDevice, chat: ConversationId, isSo: (view: GroupView) => boolean): Promise<GroupView> {
    return this.come(async () => {
      const view = await present(who.api, { view: "group", chat });
      return view !== null && isSo(view) ? view : null;
    });
  }

  async come<T>(look: () => Promise<T | null>): Promise<T> {
    for (let i = 0; i < 600; i++) {
      const found = await look().catch(() => null);
      if (found !== null) return found;
      await this.clock.pass(i < 100 ? 500 : 20_000);
    }
    throw new Error("did not come to what was waited for");
  }

  down(): void {
    for (const node of this.nodes) node.goDown();
  }

  async up(...devices: readonly TestDevice[]): Promise<void> {
    for (const node of this.nodes) node.comeBack();
    for (const { who } of devices) await who.api.call("retryNow", {});
  }
}

async function accountId({ who }: TestDevice): Promise<string> {
  const profile = await present(who.api, { view: "profile" });
  return profile.state === "ready" ? profile.accountId : "";
}

async function noticesOf({ who }: TestDevice, chat: ConversationId): Promise<readonly ChatNotice[]> {
  const chats: readonly ChatView[] = await present(who.api, { view: "chats" });
  return chats.find(({ id }) => id === chat)?.notices ?? [];
}

const textsOf = async ({ api }: Person, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

/** What lines of who did what say, in order. */
const deedsOf = async ({ api }: Person, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(api, chat)).flatMap(({ content }) =>
    content.kind === "record" ? [content.record.actions.map(({ kind }) => kind).join("+")] : [],
  );

const say = ({ who }: TestDevice, chat: ConversationId, text: string): Promise<unknown> =>
  who.api.call("sendMessage", { chat, text });

describe("a group among forks", () => {
  test("[FR12] [FR14] [GR32] both sides of a cut network go on by themselves, and come together with nothing lost", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    world.down();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await bob.who.api.call("setPermission", { chat, name: "info", holder: "admins" });
    await world.clock.pass(70 * MINUTE);
    await world.until(alice, chat, ({ name }) => name === "Band");
    await world.until(bob, chat, ({ permissions, name }) => permissions.info === "admins" && name === "Choir");
    await say(alice, chat, "by Alice");
    await say(bob, chat, "by Bob");
    await bob.reopen();
    await world.up(alice, bob, carol);
    for (const one of devices) {
      const view = await world.until(
        one,
        chat,
        ({ name, permissions }) => name === "Band" && permissions.info === "admins",
      );
      expect(view.pending).toEqual([]);
      await world.come(async () => ((await textsOf(one.who, chat)).length === 2 ? true : null));
    }
    const shown = await Promise.all(devices.map(({ who }) => textsOf(who, chat)));
    expect(new Set(shown.map((texts) => texts.join())).size).toBe(1);
    expect([...(shown[0] as readonly string[])].toSorted()).toEqual(["by Alice", "by Bob"]);
    const told = await Promise.all(devices.map((one) => noticesOf(one, chat)));
    expect(told.flat().some((notice) => notice.kind === "fork" && notice.what === "healed")).toBe(true);
    expect(told.flat().some((notice) => notice.kind === "fork" && notice.what === "outside")).toBe(false);
    // One of the two had to go back: its line says so, and the same was done once more.
    const deeds = await Promise.all([alice, bob].map(({ who }) => deedsOf(who, chat)));
    const undone = deeds.flat().filter((deed) => deed.endsWith("+undone"));
    expect(["name+undone", "permission+undone"]).toContain(undone.join());
    const [again = ""] = undone.map((deed) => deed.replace("+undone", ""));
    for (const own of deeds) expect(own.filter((deed) => deed === again)).toHaveLength(1);
    // And on from there, together.
    await say(carol, chat, "all together");
    for (const one of devices) {
      await world.come(async () => ((await textsOf(one.who, chat)).includes("all together") ? true : null));
    }
  }, 120_000);

  test("[FR16] what has lost is offered no more: it gets no certificate later that takes everybody back", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    world.down();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await bob.who.api.call("setPermission", { chat, name: "info", holder: "admins" });
    await world.clock.pass(70 * MINUTE);
    await world.until(bob, chat, ({ permissions, name }) => permissions.info === "admins" && name === "Choir");
    // Over one node of three they hear of each other. Alice is the owner: hers weighs more.
    world.nodes[0]?.comeBack();
    for (const { who } of devices) await who.api.call("retryNow", {});
    await world.until(bob, chat, ({ name }) => name === "Band");
    await alice.close();
    await world.up(bob, carol);
    await world.clock.pass(5 * MINUTE);
    await alice.open();
    for (const one of devices) {
      await world.until(one, chat, ({ name, permissions }) => name === "Band" && permissions.info === "admins");
    }
    await world.clock.pass(5 * MINUTE);
    expect((await deedsOf(alice.who, chat)).filter((deed) => deed.includes("undone"))).toEqual([]);
    expect((await deedsOf(carol.who, chat)).filter((deed) => deed === "name")).toHaveLength(1);
  }, 120_000);

  test("[FR12] what was said once on a branch that is left is said again: how far its people had come and read, and who they are", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    await say(carol, chat, "who sings?");
    for (const one of [alice, bob])
      await world.come(async () => ((await textsOf(one.who, chat)).length === 1 ? true : null));
    world.down();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await bob.who.api.call("setPermission", { chat, name: "info", holder: "admins" });
    await world.clock.pass(70 * MINUTE);
    await world.until(alice, chat, ({ name }) => name === "Band");
    await world.until(bob, chat, ({ permissions }) => permissions.info === "admins");
    for (const { who } of [alice, bob]) {
      const question = (await allMessages(who.api, chat)).find(({ content }) => content.kind === "text");
      await who.api.call("markRead", { chat, upTo: question?.id ?? "" });
      await who.api.call("setName", { name: `${who.name} the Great` });
    }
    await world.clock.pass(MINUTE);
    await world.up(alice, bob, carol);
    for (const one of devices) {
      await world.until(one, chat, ({ name, permissions }) => name === "Band" && permissions.info === "admins");
    }
    await world.come(async () => {
      const question = (await allMessages(carol.who.api, chat)).find(({ content }) => content.kind === "text");
      return question?.delivery?.state === "read" ? true : null;
    });
    await world.until(
      carol,
      chat,
      ({ members }) => members.filter(({ name }) => name.endsWith(" the Great")).length === 2,
    );
  }, 120_000);

  test("[GR33] who left on a branch that lost is out all the same, and says nothing meanwhile", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob", "Carol");
    const [alice, bob, carol] = devices as [TestDevice, TestDevice, TestDevice];
    world.down();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await carol.who.api.call("leaveGroup", { chat });
    await world.clock.pass(70 * MINUTE);
    await world.until(alice, chat, ({ name }) => name === "Band");
    await world.until(carol, chat, ({ members }) => members.some(({ isSelf, isLeaving }) => isSelf && isLeaving));
    // On her own branch it is done, and nobody else can have heard of it.
    const own = async (): Promise<ChatView | undefined> =>
      (await present(carol.who.api, { view: "chats" })).find(({ id }) => id === chat);
    expect(await own()).toMatchObject({ state: "active", mayWrite: false });
    await expect(say(carol, chat, "one more thing")).rejects.toThrow();
    await carol.reopen();
    await world.up(alice);
    await world.clock.pass(10_000);
    await world.up(bob, carol);
    for (const one of [alice, bob]) {
      await world.until(one, chat, ({ name, members }) => name === "Band" && members.length === 2);
    }
    await world.come(async () => ((await own())?.state === "ended" ? true : null));
  }, 120_000);

  test("[FR9] one node of three is enough to be told of a change, and two to count it", async () => {
    const world = new World();
    const { devices, chat } = await world.group("Alice", "Bob");
    const [alice, bob] = devices as [TestDevice, TestDevice];
    world.nodes[0]?.goDown();
    world.nodes[1]?.goDown();
    await alice.who.api.call("setGroupInfo", { chat, name: "Band" });
    await world.clock.pass(2 * MINUTE);
    expect((await present(bob.who.api, { view: "group", chat }))?.name).toBe("Choir");
    world.nodes[1]?.comeBack();
    for (const { who } of devices) await who.api.call("retryNow", {});
    for (const one of devices) await world.until(one, chat, ({ name }) => name === "Band");
    expect((await noticesOf(bob, chat)).filter(({ kind }) => kind === "fork")).toEqual([]);
  }, 60_000);
});
