/**
 * What a message to a large group asks of its home nodes: real clients of all members, with nodes in memory that count.
 */
import type { ClientApi, ConversationId } from "@xchat/client/api";
import type { NodeConnector } from "@xchat/client/ports";
import { bytesToHex } from "@xchat/codec";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  person,
  VirtualClock,
  type Person,
} from "@xchat/testkit";

const NOW = 1_795_512_600_000;
const HOME_NODES = 3;
const MINUTE = 60_000;
const PATIENCE = 60 * MINUTE;
const TEXT = "We sing on Tuesday";

/** Deposits at the home node that had the most of them, for one message that all of `people` have got. */
export async function depositsForOneMessage(people: number): Promise<number> {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(HOME_NODES);
  const deposits = new Map<string, number>();
  const someone = (name: string, connector: NodeConnector): Promise<Person> =>
    person({ name, nodes: nodes.map(({ hint }) => hint), clock, connector });
  const founder = await someone("Founder", counting(memoryConnector(nodes), deposits));
  const others: Person[] = [];
  while (others.length < people - 1) {
    const other = await someone(`Member ${others.length}`, memoryConnector(nodes));
    await during(clock, meet(founder, other));
    others.push(other);
  }
  try {
    const members = await Promise.all(others.map(({ api }) => accountId(api)));
    const { chat } = await founder.api.call("createGroup", { name: "Choir", description: "", members });
    for (const { api } of [founder, ...others]) await untilMembers(clock, api, chat, people);
    // What follows a founding has been said.
    await clock.pass(MINUTE);
    deposits.clear();
    await founder.api.call("sendMessage", { chat, text: TEXT });
    await clock.pass(MINUTE);
    for (const { api } of others) await expectHeard(api, chat);
    if (deposits.size !== HOME_NODES) throw new Error("a home node has not got the message");
    return Math.max(...deposits.values());
  } finally {
    for (const { close } of [founder, ...others]) await close();
  }
}

/** The same connector, with each deposit counted at its node. */
function counting(connector: NodeConnector, deposits: Map<string, number>): NodeConnector {
  const access: NodeConnector["access"] = (hint) => {
    const own = connector.access(hint);
    const id = bytesToHex(hint.keyHash);
    const deposit: typeof own.deposit = (input) => {
      deposits.set(id, (deposits.get(id) ?? 0) + 1);
      return own.deposit(input);
    };
    return new Proxy(own, {
      get: (_, name: keyof typeof own) => {
        const value = own[name];
        return name === "deposit" ? deposit : typeof value === "function" ? value.bind(own) : value;
      },
    });
  };
  return { ...connector, access };
}

async function during<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const state = { isOver: false };
  const watched = work.finally(() => {
    state.isOver = true;
  });
  watched.catch(() => {});
  while (!state.isOver) await clock.pass(500);
  return watched;
}

async function untilMembers(clock: VirtualClock, api: ClientApi, chat: ConversationId, count: number): Promise<void> {
  await passUntil(clock, api, { view: "chats" }, (chats) => chats.some(({ id }) => id === chat), { atMost: PATIENCE });
  await passUntil(clock, api, { view: "group", chat }, ({ members }) => members.length === count, { atMost: PATIENCE });
}

async function expectHeard(api: ClientApi, chat: ConversationId): Promise<void> {
  const texts = (await allMessages(api, chat)).map(({ content }) => (content.kind === "text" ? content.text : ""));
  if (!texts.includes(TEXT)) throw new Error("a member has not got the message");
}

const accountId = (api: ClientApi): Promise<string> =>
  new Promise((resolve) => {
    const stop = api.watch({ view: "profile" }, (profile) => {
      if (profile.state !== "ready") return;
      queueMicrotask(() => stop());
      resolve(profile.accountId);
    });
  });
