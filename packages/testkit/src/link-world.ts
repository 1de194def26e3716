/** A group of people in memory, and others who come to it by links, for the tests of group links. */
import type { ConversationId, GroupView } from "@xchat/client/api";
import { allMessages, meet, memoryConnector, memoryNodes, TestDevice, VirtualClock, type MemoryNode } from "./index.ts";

const NOW = 1_795_512_600_000;

export class LinkWorld {
  readonly clock = new VirtualClock(NOW);
  readonly #open: TestDevice[] = [];
  readonly nodes = memoryNodes(1);
  readonly node = this.nodes[0] as MemoryNode;

  async person(name: string): Promise<TestDevice> {
    const made = new TestDevice({
      name,
      nodes: [this.node.hint],
      connector: () => memoryConnector(this.nodes),
      clock: this.clock,
    });
    this.#open.push(made);
    await made.open();
    return made;
  }

  async close(): Promise<void> {
    for (const device of this.#open.splice(0)) await device.close();
  }

  async meet(one: TestDevice, other: TestDevice): Promise<void> {
    const met = { isOver: false };
    const meeting = meet(one.who, other.who).finally(() => {
      met.isOver = true;
    });
    while (!met.isOver) await this.clock.pass(500);
    await meeting;
  }

  /** Alice's group with Bob and Carol, who are her contacts; Dave knows nobody. */
  async choir(): Promise<{
    readonly alice: TestDevice;
    readonly bob: TestDevice;
    readonly carol: TestDevice;
    readonly dave: TestDevice;
    readonly chat: ConversationId;
  }> {
    const [alice, bob, carol, dave] = await Promise.all(
      ["Alice", "Bob", "Carol", "Dave"].map((one) => this.person(one)),
    );
    const [a, b, c, d] = [alice, bob, carol, dave] as [TestDevice, TestDevice, TestDevice, TestDevice];
    await this.meet(a, b);
    await this.meet(a, c);
    const members = await Promise.all([b, c].map(accountId));
    const { chat } = await a.who.api.call("createGroup", { name: "Choir", description: "Tuesdays at seven", members });
    for (const one of [a, b, c]) await this.untilGroup(one, chat, ({ members: all }) => all.length === 3);
    return { alice: a, bob: b, carol: c, dave: d, chat };
  }

  /** Until its card is at the node. */
  async link(
    by: TestDevice,
    chat: ConversationId,
    how: { needsApproval?: boolean; days?: number | null } = {},
  ): Promise<Made> {
    const { needsApproval = false, days = 7 } = how;
    const made = await by.who.api.call("createGroupLink", { chat, needsApproval, days });
    await this.untilGroup(by, chat, ({ links }) => links.some(({ id, state }) => id === made.id && state === "open"));
    return made;
  }

  untilGroup(device: TestDevice, chat: ConversationId, isSo: (view: GroupView) => boolean): Promise<GroupView> {
    return this.until(async () => {
      const view = await groupOf(device, chat);
      return view !== null && isSo(view) ? view : null;
    });
  }

  async untilIn(device: TestDevice, chat: ConversationId, count: number): Promise<GroupView> {
    return this.untilGroup(device, chat, ({ members, role }) => role !== null && members.length === count);
  }

  async until<T>(look: () => Promise<T | null>, rounds = 400): Promise<T> {
    for (let i = 0; i < rounds; i++) {
      const found = await look().catch(() => null);
      if (found !== null) return found;
      await this.clock.pass(500);
    }
    throw new Error("did not come to what was waited for");
  }

  /** Long enough for everybody to have answered who would. */
  async aWhile(): Promise<void> {
    for (let i = 0; i < 60; i++) await this.clock.pass(500);
  }

  async days(count: number): Promise<void> {
    for (let hour = 0; hour < count * 24; hour++) await this.clock.pass(3_600_000);
  }
}

export interface Made {
  readonly id: string;
  readonly code: string;
}

export const groupOf = ({ who }: TestDevice, chat: ConversationId): Promise<GroupView | null> =>
  new Promise((resolve) => {
    let isOver = false;
    const end = (view: GroupView | null): void => {
      if (isOver) return;
      isOver = true;
      queueMicrotask(() => stop());
      resolve(view);
    };
    const stop = who.api.watch({ view: "group", chat }, end);
    // A view comes in the turn of the question, or not at all.
    setTimeout(() => end(null), 0);
  });

export const accountId = async ({ who }: TestDevice): Promise<string> =>
  new Promise((resolve) => {
    const stop = who.api.watch({ view: "profile" }, (profile) => {
      if (profile.state !== "ready") return;
      queueMicrotask(() => stop());
      resolve(profile.accountId);
    });
  });

export const send = ({ who }: TestDevice, chat: ConversationId, text: string): Promise<unknown> =>
  who.api.call("sendMessage", { chat, text });

export const textsOf = async ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

export const ask = (
  { who }: TestDevice,
  code: string,
  greeting = "",
): Promise<{ group: string; chat: string | null }> => who.api.call("joinGroup", { text: code, greeting });
