/** An open store at work: loads what is in it, starts reading and sending, and holds the parts together. */
import {
  accountIdToBytes,
  isSuccessorCredential,
  judgePairCommit,
  judgePinned,
  parseAccountId,
  verifyLeafCredential,
  type GroupRules,
} from "@xchat/protocol";
import { IntentError, type Query, type RequestView, type ViewTypes } from "./api.ts";
import { Background } from "./base/background.ts";
import type { MessageFeed } from "./base/feed.ts";
import { Lane } from "./base/lane.ts";
import { decodeProfile, encodeProfile, PROFILE_DOCUMENT, type Profile } from "./base/profile.ts";
import { rewriteDaily } from "./base/rewrite.ts";
import type { Topics } from "./base/topics.ts";
import { Chat } from "./chat/chat.ts";
import type { NewChat } from "./chat/new-chat.ts";
import type { ClientPorts } from "./client.ts";
import { Invitations } from "./contact/invitations.ts";
import { NodePool } from "./delivery/nodes.ts";
import { Outbox, type OutboxEntry } from "./delivery/outbox.ts";
import { decodeItem } from "./delivery/outbox-item.ts";
import { Readers } from "./delivery/readers.ts";
import { makeIntents, type SessionIntents } from "./intents.ts";
import type { ContactRecord, NodeConnector, NodeHint, NodeOutcome, Store, StoreChange, Timer } from "./ports.ts";
import type { SessionCore } from "./session-core.ts";

export interface SessionInput extends ClientPorts {
  readonly store: Store;
  readonly topics: Topics;
  readonly feed: MessageFeed;
}

const MAINTENANCE_INTERVAL = 60 * 60_000;
const FIRST_REWRITE = 2 * 60_000;

export class Session {
  readonly intents: SessionIntents;
  readonly core: SessionCore;
  readonly invitations: Invitations;
  readonly chats = new Map<string, Chat>();
  readonly #connector: NodeConnector;
  #profile: Profile;
  #closed = false;
  #maintenance: Timer | null = null;
  #rewriting: Timer | null = null;

  private constructor(input: SessionInput, profile: Profile, firstSequence: number) {
    this.#profile = profile;
    this.#connector = input.connector;
    const { provider, clock, store, topics, feed, connector, direct, linkBase } = input;
    const pool = new NodePool({ provider, clock, connector, topics });
    const cursors = new Map<string, number>();
    const background = new Background();
    let sequence = firstSequence;
    this.core = {
      provider,
      clock,
      store,
      topics,
      feed,
      direct,
      linkBase,
      pool,
      cursors,
      cipher: input.cipher(this.#rules(input)),
      readers: new Readers({ pool, cursors, clock, provider }),
      outbox: new Outbox({
        pool,
        clock,
        background,
        onProgress: (entry) => this.#progress(entry),
        onRefused: (entry, hint, failure) => {
          const chat = this.chats.get(entry.record.conversationId);
          if (failure.reason === "slot-taken" && chat !== undefined) background.run(chat.slotTaken(entry, hint));
        },
      }),
      contacts: new Map<string, ContactRecord>(),
      lane: new Lane(),
      background,
      ownIdHash: provider.sha256(ownIdBytes(profile)),
      profile: () => this.#profile,
      isClosed: () => this.#closed,
      nextSequence: () => sequence++,
    };
    this.invitations = new Invitations(this.core);
    this.intents = makeIntents(this);
  }

  static async open(input: SessionInput): Promise<Session> {
    const { store } = input;
    const profile = await store.document(PROFILE_DOCUMENT);
    if (profile === null) throw new IntentError("profile-missing");
    const outbox = await store.all("outbox");
    const firstSequence = 1 + Math.max(0, ...outbox.map(({ sequence }) => sequence));
    const session = new Session(input, decodeProfile(profile), firstSequence);
    await session.#load();
    return session;
  }

  view(view: Exclude<Query["view"], "messages">): ViewTypes[keyof ViewTypes] {
    switch (view) {
      case "profile": {
        const { name, accountId, deviceName, words, directAllowed, shareReadState } = this.#profile;
        return {
          state: "ready",
          name,
          accountId,
          deviceName,
          hasPassphrase: this.core.store.hasPassphrase(),
          recoveryWords: words,
          settings: { directAllowed, shareReadState },
        };
      }
      case "chats":
        return [...this.chats.values()].map((chat) => chat.view()).toSorted((a, b) => b.activeAt - a.activeAt);
      case "requests":
        return this.invitations
          .pendingRequests()
          .map(({ id, accountId, name, greeting, receivedAt, invitationId }): RequestView => ({
            id,
            accountId,
            name,
            greeting,
            receivedAt,
            invitationLabel: this.invitations.label(invitationId),
          }));
      case "invitations":
        return this.invitations.views();
      case "network":
        return this.core.pool.view();
    }
  }

  chat(id: string): Chat {
    const chat = this.chats.get(id);
    if (chat === undefined) throw new IntentError("chat-missing");
    return chat;
  }

  async setProfile(part: Partial<Profile>): Promise<void> {
    const profile = { ...this.#profile, ...part };
    await this.core.store.write([{ document: PROFILE_DOCUMENT, value: encodeProfile(profile) }]);
    this.#profile = profile;
    this.core.topics.mark("profile");
  }

  async setContact(contact: ContactRecord): Promise<void> {
    await this.core.store.write([{ put: "contact", record: contact }]);
    this.core.contacts.set(contact.accountId, contact);
    this.core.topics.mark("chats");
  }

  /** Saves a chat that begins, with what else belongs to that transaction, and sets it to work. */
  async beginChat({ state, contact, changes }: NewChat, more: readonly StoreChange[] = []): Promise<Chat> {
    await this.core.store.write([...changes, ...more]);
    this.core.contacts.set(contact.accountId, contact);
    const chat = new Chat(this.core, state);
    this.chats.set(chat.id, chat);
    await chat.start();
    return chat;
  }

  discover(address: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>> {
    return this.#connector.discover(address, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#maintenance?.cancel();
    this.#rewriting?.cancel();
    this.core.outbox.close();
    this.core.readers.close();
    for (const chat of this.chats.values()) chat.close();
    await Promise.all([...this.chats.values()].map((chat) => chat.idle()));
    await this.core.lane.idle();
    this.core.pool.close();
    await this.core.store.close();
  }

  async #load(): Promise<void> {
    const { store, pool, contacts, cursors, outbox } = this.core;
    await pool.load(store);
    for (const contact of await store.all("contact")) contacts.set(contact.accountId, contact);
    for (const { id, cursor } of await store.all("cursor")) cursors.set(id, cursor);
    for (const record of await store.all("conversation")) {
      const chat = await Chat.load(this.core, record);
      if (chat !== null) this.chats.set(record.id, chat);
    }
    const entries = (await store.all("outbox")).toSorted((a, b) => a.sequence - b.sequence);
    for (const record of entries) {
      if (decodeItem(record.item).kind === "unsealed") this.chats.get(record.conversationId)?.queued(record);
    }
    outbox.load(entries);
    await this.invitations.load();
    for (const chat of this.chats.values()) await chat.start();
    this.#maintain();
    this.#rewriteIn(FIRST_REWRITE);
  }

  #progress(entry: OutboxEntry): Promise<void> {
    const { record, item } = entry;
    const chat = this.chats.get(record.conversationId);
    if (item.kind === "message") return chat?.stored(entry) ?? Promise.resolve();
    // One node with the request is enough: the accepter reads them all.
    this.core.outbox.drop(record.id);
    return this.core.store.write([{ delete: "outbox", key: record.id }]);
  }

  /** Who may be in a group, and what they may do there: never the defaults of a library (spec/conversation.md). */
  #rules({ provider, clock }: SessionInput): GroupRules {
    return {
      verifyCredential: async (credential, signatureKey) => {
        const leaf = await verifyLeafCredential(provider, credential, signatureKey, clock.now());
        if (!leaf.ok) return false;
        // Whoever is known is held to the chain that is pinned: an old one would bring removed devices back.
        const pinned = this.core.contacts.get(leaf.value.accountId)?.chain;
        return pinned === undefined || pinned.length === 0 || judgePinned(pinned, leaf.value).ok;
      },
      isSuccessor: isSuccessorCredential,
      judgeCommit: (before, change) => judgePairCommit(before, change),
      now: () => clock.now(),
    };
  }

  #maintain(): void {
    this.#maintenance = this.core.clock.after(MAINTENANCE_INTERVAL, () => this.#maintain());
    this.core.background.run(this.core.lane.run(() => this.#tidy()));
  }

  /** Takes away what has expired. */
  async #tidy(): Promise<void> {
    const { clock, store, outbox } = this.core;
    const now = clock.now();
    const gone: StoreChange[] = [{ forgetSeenBefore: now }];
    for (const { record, item } of outbox.entries()) {
      if (item.kind !== "request" || item.expiresAt >= now) continue;
      outbox.drop(record.id);
      gone.push({ delete: "outbox", key: record.id });
    }
    await store.write(gone);
    for (const chat of this.chats.values()) await chat.tidy();
    await this.invitations.maintain();
  }

  /** Not at the opening, when somebody waits. */
  #rewriteIn(delay: number): void {
    const { clock, store, lane, background } = this.core;
    this.#rewriting = clock.after(delay, () => {
      this.#rewriteIn(MAINTENANCE_INTERVAL);
      background.run(lane.run(() => rewriteDaily(store, clock.now())));
    });
  }
}

function ownIdBytes(profile: Profile): Uint8Array {
  const id = parseAccountId(profile.accountId);
  if (!id.ok) throw new IntentError("store-damaged");
  return accountIdToBytes(id.value);
}
