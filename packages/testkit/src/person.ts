/** A person with a real client: real cryptography, real sockets to real nodes, a real store in memory or in a folder. */
import { createClient, type Client } from "@xchat/client";
import type { ClientApi, ConversationId, MessagePage, MessageView } from "@xchat/client/api";
import { conversations } from "@xchat/client/conversations";
import type { Clock, DirectTransport, NodeConnector, NodeHint, StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { mlsGroupCipher } from "@xchat/mls";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import { nodeStoreOpener } from "@xchat/store-sqlite/node";
import { systemClock } from "./clock.node.ts";
import { until } from "./until.ts";

export interface PersonInput {
  readonly name: string;
  readonly nodes: readonly NodeHint[];
  /** A folder; in memory when left out. */
  readonly directory?: string;
  readonly stores?: StoreOpener;
  readonly direct?: DirectTransport | null;
  readonly clock?: Clock;
  /** Nodes in memory, for simulations; else real sockets. */
  readonly connector?: NodeConnector;
  readonly provider?: CryptoProvider;
  /** Told before the greater part of the client is loaded; where it rejects, that cannot be had. */
  readonly onLoad?: () => Promise<void>;
  /** Stays nobody, as before a recovery. */
  readonly withoutProfile?: boolean;
}

export interface Person {
  readonly name: string;
  readonly api: ClientApi;
  readonly client: Client;
  close(): Promise<void>;
}

export async function person(input: PersonInput): Promise<Person> {
  const provider = input.provider ?? nodeCryptoProvider();
  const clock = input.clock ?? systemClock;
  const now = (): number => clock.now();
  const stores =
    input.stores ??
    (input.directory === undefined
      ? memoryStoreOpener({ provider, now })
      : nodeStoreOpener({ directory: input.directory, provider, now }));
  const client = await createClient({
    provider,
    loadConversations: async () => {
      await input.onLoad?.();
      return conversations((rules) => mlsGroupCipher({ provider, rules }));
    },
    stores,
    connector: input.connector ?? (await realConnector(provider, clock)),
    direct: input.direct ?? null,
    clock,
    deviceName: "test",
    defaultNodes: async () => input.nodes,
    linkBase: null,
  });
  if (input.withoutProfile !== true && (await stores.state()) === "none")
    await client.api.call("createProfile", { name: input.name, passphrase: null });
  return { name: input.name, api: client.api, client, close: () => client.close() };
}

/** First contact, from the invitation to the first "active" on both sides. */
export async function meet(
  alice: Person,
  bob: Person,
  { mayDirect = false }: { readonly mayDirect?: boolean } = {},
): Promise<{ readonly alicesChat: ConversationId; readonly bobsChat: ConversationId }> {
  const invitation = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 7 });
  const { chat: bobsChat } = await bob.api.call("acceptInvitation", {
    text: invitation.code,
    greeting: `It is ${bob.name}`,
    mayDirect,
  });
  const [request] = await until(alice.api, { view: "requests" }, (requests) => requests.length > 0);
  const answered = await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect });
  await until(bob.api, { view: "chats" }, (chats) =>
    chats.some(({ id, state }) => id === bobsChat && state === "active"),
  );
  return { alicesChat: answered.chat as ConversationId, bobsChat };
}

/** Every message of a chat, oldest first. */
export async function allMessages(api: ClientApi, chat: ConversationId): Promise<readonly MessageView[]> {
  const messages: MessageView[] = [];
  let before: string | null = null;
  for (;;) {
    const page: MessagePage = await api.call("messages", { chat, before, limit: 200 });
    messages.unshift(...page.messages);
    if (!page.hasOlder) return messages;
    before = page.messages[0]?.order ?? null;
  }
}

/** Resolves when the chat shows these texts, in this order, among its texts. */
export async function untilTexts(
  api: ClientApi,
  chat: ConversationId,
  wanted: readonly string[],
  patience = 30_000,
): Promise<void> {
  const texts = async (): Promise<readonly string[]> =>
    (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));
  await new Promise<void>((resolve, reject) => {
    const fail = setTimeout(() => {
      stop();
      void texts().then((found) =>
        reject(new Error(`waited for ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`)),
      );
    }, patience);
    const look = async (): Promise<void> => {
      if (JSON.stringify(await texts()) !== JSON.stringify(wanted)) return;
      clearTimeout(fail);
      stop();
      resolve();
    };
    const stop = api.watch({ view: "messages", chat }, () => void look());
    void look();
  });
}

/** Loaded on demand: a simulation needs no sockets. */
async function realConnector(provider: CryptoProvider, clock: Clock): Promise<NodeConnector> {
  const { nodeConnector } = await import("@xchat/transport/node");
  return nodeConnector({ provider, clock });
}
