/** A client that keeps everything in memory and answers by script, for looking at the app without a network. */
import {
  IntentError,
  type BackupView,
  NO_MARKS,
  type ChatView,
  type ClientApi,
  type DevicesView,
  type GroupView,
  type IntentInput,
  type IntentName,
  type InvitationView,
  type JoiningView,
  type LinkView,
  type MessageView,
  type NetworkView,
  type PairChatView,
  type ProfileView,
  type Query,
  type RecoveryView,
  type RequestView,
} from "@xchat/client/api";
import type { ClientStatus, PageClient } from "../app/client.ts";
import { DEVICES, LINKS } from "./device-scenes.ts";
import { GROUP_CHATS, GROUP_PREVIEW, GROUPS, groupTalks, JOINING } from "./group-scenes.ts";
import { groupDeed, pictured } from "./scripted-groups.ts";
import {
  arabicTalk,
  BACKUP,
  BACKUP_BEHIND,
  CHATS,
  CLOCK,
  DOWN,
  INVITATIONS,
  longTalk,
  MANY_NODES,
  message,
  MIRA,
  ONE_NODE,
  READY,
  RECOVERY,
  REQUESTS,
  SEARCH,
  ROBIN,
  shortTalk,
  WORDS,
} from "./scenes.ts";

interface World {
  profile: ProfileView;
  chats: readonly ChatView[];
  requests: readonly RequestView[];
  invitations: readonly InvitationView[];
  network: NetworkView;
  backup: BackupView;
  recovery: RecoveryView;
  link: LinkView;
  devices: DevicesView;
  joining: readonly JoiningView[];
  readonly messages: Map<string, MessageView[]>;
  readonly groups: Map<string, GroupView>;
}

const NETWORKS: { readonly [scene: string]: NetworkView } = { down: DOWN, nodes: MANY_NODES, clock: CLOCK };

function worldOf(scene: string): World {
  const empty: World = {
    profile: READY,
    chats: [],
    requests: [],
    invitations: [],
    network: ONE_NODE,
    backup: BACKUP,
    recovery: null,
    link: LINKS[scene] ?? { kind: "none" },
    devices: scene === "removed" ? { ...DEVICES, isRemoved: true, work: null } : DEVICES,
    joining: [],
    messages: new Map(),
    groups: new Map(),
  };
  if (scene.startsWith("new-")) return { ...empty, profile: { state: "none" } };
  switch (scene) {
    case "none":
      return { ...empty, profile: { state: "none" } };
    case "locked":
      return { ...empty, profile: { state: "locked" } };
    case "empty":
      return empty;
    case "backup-off":
      return { ...empty, backup: { state: "off" } };
    case "backup-behind":
      return { ...empty, backup: BACKUP_BEHIND };
    case "recovered":
      return { ...empty, recovery: RECOVERY };
    default: {
      const messages = new Map([
        ["first", shortTalk()],
        ["long", longTalk(12_000)],
        ["layla", arabicTalk()],
      ]);
      const network = NETWORKS[scene] ?? ONE_NODE;
      const profile: ProfileView = scene === "quiet" ? { ...READY, recoveryWords: "forgotten" } : READY;
      const whole = {
        ...empty,
        profile,
        chats: CHATS,
        requests: REQUESTS,
        invitations: INVITATIONS,
        network,
        messages,
      };
      if (scene !== "groups") return whole;
      for (const [id, talk] of groupTalks()) messages.set(id, talk);
      const chats = [...GROUP_CHATS, ...CHATS].toSorted((a, b) => b.activeAt - a.activeAt);
      return { ...whole, chats, joining: JOINING, groups: new Map(Object.entries(GROUPS)) };
    }
  }
}

function reacted(reactions: MessageView["reactions"], reaction: string, isOn: boolean): MessageView["reactions"] {
  const before = reactions.find((one) => one.reaction === reaction);
  const others = (before?.people ?? []).filter(({ isSelf }) => !isSelf);
  const people = isOn ? [...others, ROBIN] : others;
  const rest = reactions.filter((one) => one !== before);
  return people.length === 0 ? rest : [...rest, { reaction, people, isOwn: isOn }];
}

export function scriptedClient(scene: string): PageClient {
  const code = /^failed-(.+)$/u.exec(scene)?.[1];
  const status: ClientStatus =
    code !== undefined
      ? { kind: "failed", code: code as "internal" }
      : scene === "yielded"
        ? { kind: "yielded" }
        : { kind: "ready" };
  const api =
    scene === "starting" ? { call: () => new Promise<never>(() => {}), watch: () => () => {} } : new ScriptedApi(scene);
  return { api, status: () => status, onStatus: () => () => {}, onResume: () => () => {} };
}

class ScriptedApi implements ClientApi {
  readonly #world: World;
  readonly #watches = new Set<{ readonly query: Query; readonly listener: (view: never) => void }>();

  readonly #scene: string;

  constructor(scene: string) {
    this.#scene = scene;
    this.#world = worldOf(scene);
  }

  watch(query: Query, listener: (view: never) => void): () => void {
    const watch = { query, listener };
    this.#watches.add(watch);
    if (query.view === "group") this.#tellGroup(query.chat);
    else if (query.view !== "messages") listener(this.#world[query.view] as never);
    return () => this.#watches.delete(watch);
  }

  async call<N extends IntentName>(intent: N, input: IntentInput<N>): Promise<never> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const deed = this.#changeGroup(intent, input);
    return ((deed === null ? this.#answer(intent, input as never) : deed.answer) ?? {}) as never;
  }

  #show(part: Partial<World>): void {
    Object.assign(this.#world, part);
    for (const { query, listener } of this.#watches) {
      if (query.view !== "messages" && query.view !== "group" && query.view in part)
        listener(this.#world[query.view] as never);
    }
  }

  #patchChat(id: string, part: Partial<PairChatView>): void {
    this.#show({
      chats: this.#world.chats.map((chat) => (chat.id === id ? ({ ...chat, ...part } as ChatView) : chat)),
    });
  }

  #tellGroup(chat: string): void {
    const group = this.#world.groups.get(chat);
    for (const { query, listener } of this.#watches)
      if (query.view === "group" && query.chat === chat && group !== undefined) listener(group as never);
  }

  /** What every intent about a group does; null for the others. */
  #changeGroup(intent: IntentName, input: any): { readonly answer: unknown } | null {
    const group = this.#world.groups.get(input.chat);
    const deed = group === undefined ? null : groupDeed(group, intent, input);
    if (deed === null) return null;
    this.#world.groups.set(input.chat, deed.group);
    if (deed.record !== null) this.#put(input.chat, deed.record);
    this.#show({
      chats: this.#world.chats.map((chat) =>
        chat.id === input.chat ? pictured({ ...chat, name: deed.group.name }, deed.group) : chat,
      ),
    });
    this.#tellGroup(input.chat);
    return deed;
  }

  #put(chat: string, changed: MessageView): void {
    const messages = this.#world.messages.get(chat) ?? [];
    const at = messages.findIndex(({ id }) => id === changed.id);
    this.#world.messages.set(chat, at === -1 ? [...messages, changed] : messages.with(at, changed));
    for (const { query, listener } of this.#watches) {
      if (query.view === "messages" && query.chat === chat)
        (listener as (view: unknown) => void)({ changed: [changed], removed: [] });
    }
  }

  #page(chat: string, from: number, to: number): unknown {
    const messages = this.#world.messages.get(chat) ?? [];
    const start = Math.max(0, from);
    const end = Math.min(messages.length, to);
    return { messages: messages.slice(start, end), hasOlder: start > 0, hasNewer: end < messages.length };
  }

  // One arm for each intent: splitting it would only spread the script.
  #answer(intent: IntentName, input: any): unknown {
    const messages = this.#world.messages.get(input.chat) ?? [];
    switch (intent) {
      case "createProfile":
        return this.#show({ profile: { ...READY, name: input.name, hasPassphrase: input.passphrase !== null } });
      case "findBackups":
        return input.words.includes("zoo") ? { ...SEARCH, found: [], level: 0 } : SEARCH;
      case "recoverAccount":
        return this.#show({ profile: { ...READY, recoveryWords: "forgotten" }, recovery: RECOVERY });
      case "dropRecoveredChat":
        return this.#show({
          recovery: { ...RECOVERY, chats: RECOVERY.chats.filter(({ id }) => id !== input.chat) },
        });
      case "changeWords":
        return this.#show({ profile: { ...READY, recoveryWords: "unwritten" } });
      case "turnOnBackup":
        return this.#show({ backup: BACKUP });
      case "unlock":
        if (input.passphrase !== "correct horse") throw new IntentError("wrong-passphrase");
        return this.#show({ profile: READY });
      case "lock":
        return this.#show({ profile: { state: "locked" } });
      case "setName":
        return this.#show({ profile: { ...READY, name: input.name } });
      case "setSettings":
        return this.#show({ profile: { ...READY, settings: { ...READY.settings, ...input } } });
      case "recoveryWords":
        return { words: WORDS };
      case "confirmRecoveryWords":
        return this.#show({ profile: { ...READY, recoveryWords: input.forget ? "forgotten" : "written" } });
      case "createInvitation": {
        const made = { ...INVITATIONS[0]!, ...input, id: `i${Math.random()}` };
        this.#show({ invitations: [made, ...this.#world.invitations] });
        return made;
      }
      case "revokeInvitation":
        return this.#show({
          invitations: this.#world.invitations.map((one) =>
            one.id === input.id ? { ...one, state: "revoked" as const } : one,
          ),
        });
      case "previewGroupLink":
        return { ...GROUP_PREVIEW, isAsked: this.#world.joining.some(({ group }) => group === GROUP_PREVIEW.group) };
      case "joinGroup": {
        const { group, name, needsApproval } = GROUP_PREVIEW;
        const asked = { group, name, by: "Jonas", needsApproval, askedAt: Date.now(), state: "waiting" } as const;
        this.#show({ joining: [asked, ...this.#world.joining.filter((one) => one.group !== group)] });
        return { group, chat: null };
      }
      case "giveUpJoining":
        return this.#show({ joining: this.#world.joining.filter(({ group }) => group !== input.group) });
      case "previewInvitation":
        if (/g1\./u.test(input.text)) throw new IntentError("invitation-is-group-link");
        if (!/i1\./u.test(input.text)) throw new IntentError("invitation-malformed");
        return {
          name: "Amara",
          accountId: "xc1q5h8t2n7amara",
          isLasting: false,
          expiresAt: Date.now() + 86_400_000,
          nodes: ["wss://one.node.example"],
          existingChat: null,
        };
      case "acceptInvitation":
        return { chat: "wait" };
      case "answerRequest":
        this.#show({ requests: this.#world.requests.filter(({ id }) => id !== input.id) });
        return { chat: input.answer === "accept" ? "first" : null };
      case "sendMessage":
        if (this.#scene === "full") throw new IntentError("store-full");
        return this.#send(input.chat, input.text, this.#quote(messages, input.replyTo ?? null));
      case "editMessage":
        return this.#change(input.chat, input.id, (one) => ({
          ...one,
          content: { kind: "text", text: input.text, mentions: [] },
          earlier: [...one.earlier, { text: one.content.kind === "text" ? one.content.text : "", at: one.sentAt }],
        }));
      case "deleteMessage":
        return input.who === "me"
          ? this.#remove(input.chat, input.id)
          : this.#change(input.chat, input.id, (one) => ({ ...one, ...NO_MARKS, content: { kind: "deleted" } }));
      case "setReaction":
        return this.#change(input.chat, input.id, (one) => ({
          ...one,
          reactions: reacted(one.reactions, input.reaction, input.isOn),
        }));
      case "setStarred":
        return this.#change(input.chat, input.id, (one) => ({ ...one, isStarred: input.isStarred }));
      case "setPinned":
        return this.#change(input.chat, input.id, (one) => ({ ...one, isPinned: input.isPinned }));
      case "setDisappearing":
        return this.#patchChat(input.chat, { disappearAfter: input.seconds });
      case "pinnedMessages":
        return { messages: messages.filter(({ isPinned }) => isPinned) };
      case "starredMessages":
        return {
          hits: [...this.#world.messages].flatMap(([id, all]) =>
            all.filter(({ isStarred }) => isStarred).map((one) => ({ chat: id, message: one })),
          ),
        };
      case "messages": {
        const to = input.before === null ? messages.length : messages.findIndex(({ order }) => order >= input.before);
        return this.#page(input.chat, to - input.limit, to);
      }
      case "messagesAround": {
        const at = messages.findIndex(({ id }) => id === input.id);
        return this.#page(input.chat, at - input.limit / 2, at + input.limit / 2);
      }
      case "messagesAfter": {
        const from = messages.findIndex(({ order }) => order > input.after);
        return this.#page(input.chat, from, from + input.limit);
      }
      case "search":
        return this.#search(input);
      case "markRead":
        return this.#patchChat(input.chat, { unread: 0 });
      case "setDraft":
        return this.#patchChat(input.chat, { draft: input.text });
      case "setPetname":
        return this.#patchChat(input.chat, { petname: input.petname, name: input.petname ?? "Mira" });
      case "setMayDirect":
        return this.#patchChat(input.chat, { mayDirect: input.mayDirect, way: input.mayDirect ? "direct" : "nodes" });
      case "setBlocked":
        return this.#patchChat(input.chat, { isBlocked: input.isBlocked });
      case "deleteChat":
        return this.#show({ chats: this.#world.chats.filter(({ id }) => id !== input.chat) });
      case "createGroup":
        return { chat: "alone" };
      case "safetyNumber":
        return {
          digits: "0418362957 1830264915 7392018465 2910384756 1029384756 5647382910".replaceAll(" ", ""),
          code: `xchat-safety:1:${"Zm9vYmFy".repeat(8)}`,
        };
      case "checkSafetyCode":
        return { matches: true };
      case "setVerified":
        return this.#patchChat(input.chat, { isVerified: input.isVerified });
      case "addNode":
        throw new IntentError("node-unreachable");
      case "addRelay":
        throw new IntentError("not-a-relay");
      case "removeRelay":
      case "setWhenNoRelay":
        return undefined;
      case "removeNode":
        throw new IntentError("node-last");
      case "export":
        return { json: "{}" };
      case "doctor":
        return {
          checks: [
            { name: "store", state: "good", detail: "opens, 12043 messages, integrity checked" },
            { name: "nodes", state: "warning", detail: "1 of 1 ready; a single node hides no address" },
            { name: "clock", state: "good", detail: "within 2 s of the nodes" },
          ],
        };
      default:
        return undefined;
    }
  }

  #change(chat: string, id: string, change: (message: MessageView) => MessageView): void {
    const found = this.#world.messages.get(chat)?.find((one) => one.id === id);
    if (found === undefined) throw new IntentError("message-gone");
    this.#put(chat, change(found));
  }

  #remove(chat: string, id: string): void {
    this.#world.messages.set(
      chat,
      (this.#world.messages.get(chat) ?? []).filter((one) => one.id !== id),
    );
    for (const { query, listener } of this.#watches) {
      if (query.view === "messages" && query.chat === chat)
        (listener as (view: unknown) => void)({ changed: [], removed: [id] });
    }
  }

  #quote(messages: readonly MessageView[], id: string | null): MessageView["replyTo"] {
    const found = messages.find((one) => one.id === id);
    if (found === undefined || found.content.kind !== "text") return null;
    return { state: "there", id: found.id, person: found.isOwn ? ROBIN : MIRA, text: found.content.text };
  }

  #send(chat: string, text: string, replyTo: MessageView["replyTo"]): unknown {
    const sent = message(text, Date.now(), { state: "queued", why: "sending" }, { replyTo });
    this.#put(chat, sent);
    this.#patchChat(chat, {
      draft: "",
      last: { kind: "text", text, at: Date.now(), isOwn: true, author: null, delivery: sent.delivery },
    });
    const later = (delay: number, delivery: MessageView["delivery"]): void =>
      void setTimeout(() => this.#put(chat, { ...sent, delivery }), delay);
    later(300, { state: "stored", count: 1, of: 1 });
    later(900, { state: "delivered", via: "direct" });
    later(1800, { state: "read", via: "direct" });
    return { id: sent.id };
  }

  #search({ text, chat, limit }: IntentInput<"search">): unknown {
    const wanted = text.toLowerCase();
    const hits = [...this.#world.messages]
      .filter(([id]) => chat === null || chat === id)
      .flatMap(([id, messages]) => messages.map((one) => ({ chat: id, message: one })))
      .filter(({ message: { content } }) => content.kind === "text" && content.text.toLowerCase().includes(wanted))
      .toReversed()
      .slice(0, limit);
    return { hits };
  }
}
