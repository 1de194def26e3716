/** For tests: a client whose views are set and whose intents are answered by hand, behind the real daemon and socket. */
import type { Client } from "@xchat/client";
import {
  IntentError,
  NO_MARKS,
  type ClientApi,
  type IntentName,
  type GroupChatView,
  type GroupView,
  type MemberView,
  type MessageView,
  type NodeView,
  type PairChatView,
  type PersonView,
  type Query,
  type RequestView,
  type ViewTypes,
} from "@xchat/client/api";

type Views = { [V in Exclude<Query["view"], "messages">]: ViewTypes[V] };

export interface ScriptedClient extends Client {
  readonly calls: { readonly intent: IntentName; readonly input: unknown }[];
  readonly isClosed: () => boolean;
  /** What intents answer, by name; one that is not there answers "internal". */
  readonly answers: Partial<Record<IntentName, (input: never) => unknown>>;
  show<V extends keyof Views>(view: V, shown: Views[V]): void;
  say(chat: string, changed: readonly MessageView[]): void;
  /** Resolves when somebody follows the messages of this chat. */
  followed(chat: string): Promise<void>;
}

export const ready: ViewTypes["profile"] = {
  state: "ready",
  name: "Alice",
  accountId: "xc1test",
  deviceName: "Terminal",
  hasPassphrase: false,
  recoveryWords: "unwritten",
  settings: { directAllowed: true, shareReadState: true },
};

export const chat = (fields: Partial<PairChatView> = {}): PairChatView => ({
  kind: "pair",
  id: "c0ffee00c0ffee00",
  name: "Bob",
  theirName: "Bob",
  petname: null,
  accountId: "xc1bob",
  state: "active",
  isVerified: false,
  isBlocked: false,
  mayDirect: false,
  way: "nodes",
  unread: 0,
  draft: "",
  last: null,
  activeAt: 0,
  missing: 0,
  homeNodes: [],
  disappearAfter: null,
  notices: [],
  ...fields,
});

export const groupChat = (fields: Partial<GroupChatView> = {}): GroupChatView => ({
  kind: "group",
  id: "9a0b9a0b9a0b9a0b",
  name: "Choir",
  picture: null,
  memberCount: 2,
  role: "member",
  mayWrite: true,
  disappearAfter: null,
  state: "active",
  way: "nodes",
  unread: 0,
  draft: "",
  last: null,
  activeAt: 0,
  missing: 0,
  homeNodes: [],
  notices: [],
  ...fields,
});

export const person = (name: string, fields: Partial<PersonView> = {}): PersonView => ({
  accountId: `xc1${name.toLowerCase()}`,
  name,
  isSelf: false,
  isContact: true,
  ...fields,
});

export const member = (name: string, fields: Partial<MemberView> = {}): MemberView => ({
  ...person(name),
  role: "member",
  devices: 1,
  isLeaving: false,
  isVerified: false,
  canRemove: true,
  canSetRole: true,
  ...fields,
});

export const group = (fields: Partial<GroupView> = {}): GroupView => ({
  name: "Choir",
  description: "",
  picture: null,
  members: [member("Alice", { role: "owner", isSelf: true }), member("Bob")],
  role: "owner",
  permissions: { write: "everyone", add: "everyone", info: "admins", pin: "admins" },
  may: { write: true, add: true, info: true, pin: true, administrate: true, passOn: true },
  disappearAfter: null,
  links: [],
  joinRequests: [],
  pending: [],
  hold: null,
  ...fields,
});

export const message = (text: string, fields: Partial<MessageView> = {}): MessageView => ({
  id: `id of ${text}`,
  isOwn: false,
  author: null,
  order: text,
  content: { kind: "text", text, mentions: [] },
  sentAt: 0,
  receivedAt: 0,
  delivery: null,
  via: "nodes",
  ...NO_MARKS,
  ...fields,
});

export const request = (fields: Partial<RequestView> = {}): RequestView => ({
  id: "feedbeef01",
  accountId: "xc1carol",
  name: "Carol",
  greeting: "",
  receivedAt: 0,
  invitationLabel: "",
  known: null,
  ...fields,
});

export const network = (...states: readonly NodeView["state"][]): ViewTypes["network"] => ({
  nodes: states.map((state, i) => ({ address: `wss://n${i}.example/x`, keyHash: "", state, via: null, retryAt: null })),
  relays: [],
  whenNoRelay: "wait",
  isSingleNode: states.length <= 1,
  isLocalOnly: states.length === 0,
  clockError: null,
});

export function scriptedClient(): ScriptedClient {
  const views: Views = {
    profile: ready,
    chats: [],
    group: group(),
    requests: [],
    invitations: [],
    network: network(),
    backup: { state: "off" },
    recovery: null,
    link: { kind: "none" },
    devices: { devices: [], isRemoved: false, work: null, history: { take: null, give: [], isOffered: false } },
    joining: [],
  };
  const watchers = new Map<(view: never) => void, Query>();
  const followers: { readonly chat: string; readonly tell: () => void }[] = [];
  const calls: { intent: IntentName; input: unknown }[] = [];
  const answers: ScriptedClient["answers"] = {};
  let isClosed = false;
  const tell = (matches: (query: Query) => boolean, shown: unknown): void => {
    for (const [listener, query] of watchers) if (matches(query)) listener(shown as never);
  };
  const api: ClientApi = {
    call: (async (intent: IntentName, input: never) => {
      calls.push({ intent, input });
      const answer = answers[intent];
      if (answer === undefined) throw new IntentError("internal");
      return answer(input);
    }) as ClientApi["call"],
    watch: (query, listener) => {
      watchers.set(listener as never, query);
      if (query.view !== "messages") {
        const { view } = query;
        queueMicrotask(() => {
          if (watchers.has(listener as never)) listener(views[view as keyof Views] as never);
        });
      } else for (const follower of followers) if (follower.chat === query.chat) follower.tell();
      return () => watchers.delete(listener as never);
    },
  };
  return {
    api,
    close: async () => void (isClosed = true),
    isClosed: () => isClosed,
    calls,
    answers,
    show: (view, shown) => {
      views[view] = shown;
      tell((query) => query.view === view, shown);
    },
    say: (id, changed) => tell((query) => query.view === "messages" && query.chat === id, { changed, removed: [] }),
    followed: (id) =>
      new Promise((resolve) => {
        const isThere = [...watchers.values()].some((query) => query.view === "messages" && query.chat === id);
        if (isThere) resolve();
        else followers.push({ chat: id, tell: resolve });
      }),
  };
}
