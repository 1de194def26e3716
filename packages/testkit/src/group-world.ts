/** People with groups, on a clock that a test moves: real MLS, real stores, one node in memory. */
import type { ConversationId, GroupView, MessageView } from "@xchat/client/api";
import type { DirectTransport } from "@xchat/client/ports";
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
import { linkDevice } from "./link.ts";

const NOW = 1_795_512_600_000;

export class GroupWorld {
  readonly #open: TestDevice[] = [];
  readonly clock = new VirtualClock(NOW);
  readonly nodes: readonly MemoryNode[];
  /** Where everybody is at home. */
  readonly node: MemoryNode;

  readonly #direct: DirectTransport | null;

  constructor(nodes: readonly MemoryNode[] = memoryNodes(1), direct: DirectTransport | null = null) {
    this.nodes = nodes;
    this.#direct = direct;
    this.node = nodes[0] as MemoryNode;
  }

  async person(name: string): Promise<TestDevice> {
    const made = this.#device(name);
    await made.open();
    return made;
  }

  /** That belongs to nobody yet. */
  async blank(): Promise<TestDevice> {
    const made = this.#device("nobody");
    await made.open("blank");
    return made;
  }

  async close(): Promise<void> {
    for (const device of this.#open.splice(0)) await device.close();
  }

  #device(name: string): TestDevice {
    const made = new TestDevice({
      name,
      nodes: [this.node.hint],
      connector: () => memoryConnector(this.nodes),
      clock: this.clock,
      direct: this.#direct,
    });
    this.#open.push(made);
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
    await this.during(meet(one.who, other.who));
  }

  /** Another device of somebody, under this name. */
  async link(existing: TestDevice, name: string): Promise<TestDevice> {
    const fresh = await this.blank();
    await this.during(linkDevice(existing.who.api, fresh.who.api, name));
    return fresh;
  }

  /** Lets time pass until something that takes it is over. */
  async during<T>(work: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const watched = work.finally(() => {
      state.isOver = true;
    });
    watched.catch(() => {});
    while (!state.isOver) await this.clock.pass(500);
    return watched;
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
    }).catch(() => {
      throw new Error(`waited for ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    });
  }

  async until<T>(look: () => Promise<T | null>, rounds = 400): Promise<T> {
    for (let i = 0; i < rounds; i++) {
      const found = await look().catch(() => null);
      if (found !== null) return found;
      await this.clock.pass(500);
    }
    throw new Error("did not come to what was waited for");
  }
}

export const viewOf = ({ api }: Person, chat: ConversationId): Promise<GroupView | null> =>
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

export const textsOf = async ({ api }: Person, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

const lineOf = ({ content }: MessageView): readonly string[] => {
  if (content.kind !== "record") return [];
  const by = content.record.by?.name ?? "nobody";
  return content.record.actions.map(
    (action) => `${by}: ${action.kind}${"person" in action ? ` ${action.person.name}` : ""}`,
  );
};

export const linesOf = async ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(lineOf);

export const stateOf = (device: TestDevice, chat: ConversationId): Promise<string> =>
  new Promise((resolve) => {
    const stop = device.who.api.watch({ view: "chats" }, (chats) => {
      queueMicrotask(() => stop());
      resolve(chats.find(({ id }) => id === chat)?.state ?? "missing");
    });
  });
