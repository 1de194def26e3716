/** An open store at work: loads what is in it, starts reading and sending, and holds the parts together. */
import {
  accountIdToBytes,
  extendsChain,
  isSameAccount,
  isSuccessorCredential,
  judgeChainPin,
  judgePinned,
  parseAccountId,
  refuseCommit,
  verifyLeafCredential,
  type GroupCipher,
  type GroupRules,
} from "@xchat/protocol";
import type { Account, SoleView } from "./account.ts";
import type { AccountCore } from "./account-core.ts";
import { IntentError, type RequestView, type ViewTypes } from "./api.ts";
import type { AccountBackup } from "./backup/account-backup.ts";
import type { BackupSource } from "./backup/backup-content.ts";
import { RecoveredChats } from "./backup/recovered-chats.ts";
import { Recovered } from "./backup/recovered.ts";
import type { MessageFeed } from "./base/feed.ts";
import type { Profile } from "./base/profile.ts";
import { rewriteDaily } from "./base/rewrite.ts";
import { Chat, type Bounds } from "./chat/chat.ts";
import type { NewChat } from "./chat/new-chat.ts";
import type { ClientPorts } from "./client.ts";
import { Invitations } from "./contact/invitations.ts";
import { Devices } from "./devices/devices.ts";
import { Siblings } from "./devices/siblings.ts";
import { Outbox, type OutboxEntry, type Stored } from "./delivery/outbox.ts";
import { decodeItem, encodeItem, storedCount } from "./delivery/outbox-item.ts";
import { Readers } from "./delivery/readers.ts";
import { Introductions, type WholeParcel } from "./group/introductions.ts";
import { joinIntroduced } from "./group/join.ts";
import { GroupPictures } from "./group/pictures.ts";
import { GroupLinks } from "./group-link/group-links.ts";
import { isJoiningOwner } from "./group-link/joining-record.ts";
import { Joinings } from "./group-link/joinings.ts";
import { Stock } from "./group/stock.ts";
import { makeIntents, type SessionIntents } from "./intents.ts";
import type { ContactRecord, NodeConnector, NodeHint, NodeOutcome, OutboxRecord, StoreChange, Timer } from "./ports.ts";
import type { SessionCore } from "./session-core.ts";

export interface SessionInput extends Pick<ClientPorts, "connector" | "direct" | "linkBase" | "pause"> {
  readonly account: Account;
  readonly feed: MessageFeed;
  readonly cipher: (rules: GroupRules) => GroupCipher;
}

const MAINTENANCE_INTERVAL = 60 * 60_000;
const FIRST_REWRITE = 2 * 60_000;
const STRANGER: Bounds = { isBlocked: false, mayDirect: false };

export class Session {
  readonly intents: SessionIntents;
  readonly account: Account;
  readonly core: SessionCore;
  readonly invitations: Invitations;
  readonly recovered: Recovered;
  readonly recoveredChats: RecoveredChats;
  readonly siblings: Siblings;
  readonly devices: Devices;
  readonly links: GroupLinks;
  readonly pictures: GroupPictures;
  readonly joinings: Joinings;
  readonly chats = new Map<string, Chat>();
  readonly #connector: NodeConnector;
  #started: Promise<void> = Promise.resolve();
  #maintenance: Timer | null = null;
  #rewriting: Timer | null = null;

  private constructor(input: SessionInput, firstSequence: number) {
    const { account, feed, direct, linkBase } = input;
    const { provider, clock, pool, background } = account.core;
    this.account = account;
    this.#connector = input.connector;
    const cursors = new Map<string, number>();
    let sequence = firstSequence;
    this.core = {
      ...account.core,
      feed,
      direct,
      linkBase,
      cursors,
      cipher: input.cipher(this.#rules(account.core)),
      readers: new Readers({ pool, cursors, clock, provider }),
      outbox: new Outbox({
        pool,
        clock,
        background,
        onProgress: (entry, stored) => this.#progress(entry, stored),
        onRefused: (entry, hint, failure) => {
          const chat = this.#chatOf(entry.record.conversationId);
          if (failure.reason === "slot-taken" && chat !== undefined) background.run(chat.slotTaken(entry, hint));
        },
      }),
      stock: new Stock((account) => this.#nudgeGroups(account)),
      introductions: new Introductions({
        sha256: (data) => provider.sha256(data),
        onDue: (account) => this.#pairWith(account)?.nudge(),
        onWhole: (parcel) => background.run(this.core.lane.run(() => this.#introduced(parcel))),
      }),
      ownIdHash: provider.sha256(ownIdBytes(account.core.profile())),
      nextSequence: () => sequence++,
      siblings: {
        heard: (step, record) => this.siblings.heard(step, record),
        groupChanged: () => this.siblings.groupChanged(),
        historyCame: (leafKey, content) => this.siblings.historyCame(leafKey, content),
        chainShown: (chain) => this.siblings.chainShown(chain),
      },
      links: {
        changed: (chat) => this.#groupChanged(chat),
        requests: (chat) => this.links.requests(chat),
        answering: (chat, account) => this.links.answering(chat, account),
        answered: (request) => this.links.answered(request),
        isUp: (chat, link) => this.links.isUp(chat, link),
        codeOf: (link, nodes) => this.links.codeOf(link, nodes),
      },
      pictures: { isHere: (chat, blob) => this.pictures.isHere(chat, blob) },
    };
    this.links = new GroupLinks(this.core, this.chats);
    this.pictures = new GroupPictures(this.core, this.chats);
    this.joinings = new Joinings({
      core: this.core,
      chats: this.chats,
      begin: (chat, more) => this.core.lane.run(() => this.#beginAgain(chat, more)),
    });
    this.siblings = new Siblings({
      core: this.core,
      chats: this.chats,
      setProfile: (part) => this.setProfile(part),
      setContact: (contact) => this.setContact(contact),
      adopt: (chat) => this.#adopt(chat),
      backup: () => this.backup,
      revokeInvitations: () => this.invitations.revokeAll(),
      chainChanged: () => this.devices.chainChanged(),
      stop: () => background.run(this.#stop()),
    });
    this.devices = new Devices(this.core, this.siblings);
    this.invitations = new Invitations(this.core);
    this.recovered = new Recovered(this.core);
    this.recoveredChats = new RecoveredChats({
      core: this.core,
      recovered: this.recovered,
      isBackedUp: () => this.backup.isWritten,
      isKnown: (id, accountId) => this.#isKnownChat(id, accountId),
      adopt: (chat) => this.#adopt(chat),
    });
    this.intents = makeIntents(this);
  }

  /** All that is there can be seen from here on; it is set to work by and by. */
  static async open(input: SessionInput): Promise<Session> {
    const outbox = await input.account.core.store.all("outbox");
    const firstSequence = 1 + Math.max(0, ...outbox.map(({ sequence }) => sequence));
    const session = new Session(input, firstSequence);
    await session.#load();
    session.#started = session.#start(input.pause ?? (async () => {}));
    session.core.background.run(session.#started);
    return session;
  }

  get backup(): AccountBackup {
    return this.account.backup;
  }

  /** What changes something waits for it. Rejects when the store does not allow to go on. */
  get started(): Promise<void> {
    return this.#started;
  }

  view(view: SoleView): ViewTypes[SoleView] {
    switch (view) {
      case "profile":
        return this.account.profileView();
      case "chats":
        return [...this.chats.values()].map((chat) => chat.view()).toSorted((a, b) => b.activeAt - a.activeAt);
      case "requests":
        return this.invitations
          .pendingRequests()
          .map(({ id, accountId, name, greeting, receivedAt, invitationId }): RequestView => ({
            known: this.invitations.knownPerson(id, accountId),
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
      case "backup":
        return this.backup.view();
      case "recovery":
        return this.recovered.view((id, accountId) => this.#isKnownChat(id, accountId));
      case "link":
        return this.devices.linkView();
      case "devices":
        return this.devices.view();
      case "joining":
        return this.joinings.views();
    }
  }

  chat(id: string): Chat {
    const chat = this.chats.get(id);
    if (chat === undefined) throw new IntentError("chat-missing");
    return chat;
  }

  setProfile(part: Partial<Profile>): Promise<void> {
    return this.account.setProfile(part);
  }

  /** Where it was saved with something else, in one transaction. */
  profileWritten(part: Partial<Profile>): void {
    this.account.profileWritten(part);
    if (part.chain !== undefined) this.core.background.run(this.siblings.chain.reload());
  }

  async setContact(contact: ContactRecord): Promise<void> {
    const before = this.core.contacts.get(contact.accountId);
    await this.core.store.write([{ put: "contact", record: contact }]);
    this.core.contacts.set(contact.accountId, contact);
    this.core.topics.mark("chats");
    await this.contactChanged(contact.accountId, before);
  }

  /**
   * After it is saved. There may be several chats with one person: where each has followed the other's invitation, and
   * where one has come back in another.
   */
  async contactChanged(accountId: string, before: Bounds = STRANGER): Promise<void> {
    for (const chat of this.chats.values()) if (chat.record.accountId === accountId) await chat.contactChanged(before);
  }

  /** Saves a chat that begins, with what else belongs to that transaction, and sets it to work. */
  async beginChat({ state, contact, changes }: NewChat, more: readonly StoreChange[] = []): Promise<Chat> {
    const before = contact === null ? undefined : this.core.contacts.get(contact.accountId);
    await this.core.store.write([...changes, ...more]);
    if (contact !== null) this.core.contacts.set(contact.accountId, contact);
    const chat = new Chat(this.core, state);
    this.chats.set(chat.id, chat);
    await chat.start();
    this.#began(chat);
    if (contact !== null) {
      await this.#met(contact, chat);
      await this.contactChanged(contact.accountId, before);
    }
    this.siblings.groupChanged();
    return chat;
  }

  /** A group that this person is in by now, which may have ended before. */
  async #beginAgain(begun: NewChat, more: readonly StoreChange[]): Promise<void> {
    const before = this.chats.get(begun.state.record.id);
    if (before !== undefined && before.record.state !== "ended") return this.core.store.write(more);
    before?.close();
    await before?.idle();
    await this.beginChat(begun, more);
  }

  #began({ id }: Chat): void {
    this.joinings.met(id);
    this.#groupChanged(id);
  }

  async #met({ accountId }: ContactRecord, chat: Chat): Promise<void> {
    for (const other of this.chats.values()) {
      if (other !== chat && other.record.accountId === accountId) await other.endIfPeerIsOut();
    }
    await this.recovered.chatBegan(accountId);
    this.core.topics.mark("recovery");
  }

  discover(address: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>> {
    return this.#connector.discover(address, signal);
  }

  discoverRelay(address: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>> {
    return this.#connector.discoverRelay(address, signal);
  }

  async close(): Promise<void> {
    await this.#started.catch(() => {});
    await this.devices.close();
    this.account.stop();
    await this.siblings.close();
    this.recoveredChats.close();
    this.#maintenance?.cancel();
    this.#rewriting?.cancel();
    this.core.outbox.close();
    this.core.readers.close();
    await this.links.close();
    this.pictures.close();
    await this.joinings.close();
    for (const chat of this.chats.values()) chat.close();
    await Promise.all([...this.chats.values()].map((chat) => chat.idle()));
    await this.account.close();
  }

  async #load(): Promise<void> {
    const { store, contacts, cursors, outbox } = this.core;
    for (const contact of await store.all("contact")) contacts.set(contact.accountId, contact);
    await this.recovered.load();
    for (const [account, pin] of this.recovered.pins()) this.core.pins.set(account, pin);
    for (const { id, cursor } of await store.all("cursor")) cursors.set(id, cursor);
    const parts = await store.all("part");
    this.core.stock.load(parts);
    this.core.introductions.load(parts);
    this.links.load(parts);
    this.pictures.load(parts);
    this.joinings.load(parts);
    const mailboxes = Map.groupBy(await store.all("mailbox"), ({ conversationId }) => conversationId);
    for (const record of await store.all("conversation")) {
      const chat = await Chat.load(this.core, record, mailboxes.get(record.id) ?? []);
      if (chat === null) continue;
      if (chat.devices.isOfDevices) await this.siblings.load(chat);
      else this.chats.set(record.id, chat);
    }
    if (this.siblings.shared === null) await this.siblings.load(null);
    const entries = (await store.all("outbox")).toSorted((a, b) => a.sequence - b.sequence);
    for (const record of entries) {
      if (decodeItem(record.item).kind === "unsealed") this.#chatOf(record.conversationId)?.queued(record);
    }
    outbox.load(entries);
    await this.invitations.load();
    await this.account.backUp(() => this.#backupSource());
  }

  async #start(pause: () => Promise<void>): Promise<void> {
    for (const chat of [...this.chats.values()]) {
      await pause();
      await chat.start();
    }
    this.core.introductions.resume();
    this.links.lookAtAll();
    this.pictures.lookAtAll();
    await this.joinings.start();
    await this.siblings.start();
    this.core.background.run(this.recoveredChats.start());
    this.#maintain();
    this.#rewriteIn(FIRST_REWRITE);
  }

  /** The conversation of the own devices too. */
  #chatOf(id: string): Chat | undefined {
    return this.chats.get(id) ?? this.siblings.chatOf(id);
  }

  /** A chat into which a sibling has brought this device; it has been saved. */
  async #adopt(chat: Chat): Promise<void> {
    this.chats.set(chat.id, chat);
    await chat.start();
    this.#began(chat);
    this.core.topics.mark("chats");
  }

  /** This device is not of the account any more: what it has is kept, and nothing comes or goes. */
  async #stop(): Promise<void> {
    await this.joinings.close();
    this.core.readers.close();
    this.core.outbox.close();
    this.siblings.shared?.chat.close();
    for (const chat of this.chats.values()) await chat.end();
    for (const topic of ["devices", "chats"]) this.core.topics.mark(topic);
  }

  // ---- below: groups

  #groupChanged(chat: string): void {
    this.links.changed(chat);
    this.pictures.changed(chat);
  }

  #pairWith(account: string): Chat | undefined {
    return [...this.chats.values()].find(({ record }) => record.accountId === account && record.state === "active");
  }

  #nudgeGroups(account: string): void {
    for (const chat of this.chats.values()) if (chat.waitsFor(account)) chat.nudge();
  }

  /** GR29. What is not followed is not kept. */
  async #introduced(parcel: WholeParcel): Promise<void> {
    const { core } = this;
    const { pair, introduction, ids } = parcel;
    const from = this.chats.get(pair);
    const existing = (id: string): Chat | undefined => this.chats.get(id);
    const joined =
      from === undefined ? null : await joinIntroduced(core, from, this.#pairsLike(from), introduction, existing);
    if (joined !== null && "waitsFor" in joined) {
      core.introductions.wait(parcel, joined.waitsFor);
      // It may have ended while this was looked at.
      if (existing(joined.waitsFor)?.record.state === "ended") core.introductions.ended(joined.waitsFor);
      existing(joined.waitsFor)?.doubt();
      return;
    }
    const gone = core.introductions.done(ids);
    if (joined === null || from === undefined) return core.store.write(gone);
    await this.#beginAgain(joined.chat, [...joined.changes, ...gone]);
    await this.chats.get(joined.from ?? "")?.renewStock();
  }

  /** Each of two has followed the other's invitation, perhaps. */
  #pairsLike({ record: { accountId } }: Chat): readonly string[] {
    return [...this.chats.values()].filter(({ record }) => record.accountId === accountId).map(({ id }) => id);
  }

  #progress(entry: OutboxEntry, stored: Stored): Promise<void> {
    const { record, item } = entry;
    const chat = this.#chatOf(record.conversationId);
    if (item.kind === "message") return chat?.stored(entry, stored) ?? Promise.resolve();
    // To each node of the card: one that says that it keeps it may throw it away.
    const isEverywhere = storedCount(item) === item.targets.length;
    const kept: OutboxRecord = { ...record, item: encodeItem(item) };
    const change: StoreChange = isEverywhere ? { delete: "outbox", key: record.id } : { put: "outbox", record: kept };
    if (isJoiningOwner(record.conversationId)) return this.joinings.stored(entry, change);
    return this.core.store.write([change]);
  }

  /** Who may be in a group, and what they may do there: never the defaults of a library (spec/conversation.md). */
  #rules({ provider, clock, profile }: AccountCore): GroupRules {
    return {
      verifyCredential: async (credential, signatureKey) => {
        const leaf = await verifyLeafCredential(provider, credential, signatureKey, clock.now());
        if (!leaf.ok) return false;
        // Whoever is known is held to the chain that is pinned: an old one would bring removed devices back.
        const { accountId, chain } = profile();
        const pinned = leaf.value.accountId === accountId ? chain : this.core.contacts.get(leaf.value.accountId)?.chain;
        // Its own lost device is there until its place is taken.
        const isOwnOld = leaf.value.accountId === accountId && extendsChain(leaf.value.chain, chain).ok;
        if (isOwnOld) return true;
        if (pinned !== undefined && pinned.length > 0) return judgePinned(pinned, leaf.value).ok;
        const pin = this.core.pins.get(leaf.value.accountId);
        const verdict = pin === undefined ? null : judgeChainPin(provider, pin, leaf.value.chain);
        return verdict === null || (verdict.ok && (verdict.value === "extends" || verdict.value === "recovered"));
      },
      isSuccessor: isSuccessorCredential,
      mayRejoin: isSameAccount,
      judgeCommit: (before, change) => refuseCommit(before, change),
      now: () => clock.now(),
    };
  }

  #backupSource(): BackupSource {
    const { pool, contacts, profile } = this.core;
    const live = [...this.chats.values()].filter(({ record }) => record.state !== "ended");
    return {
      profile: profile(),
      ownNodes: pool.own,
      relays: pool.relays.plan,
      contacts: [...contacts.values()],
      pins: this.core.pins,
      chats: live.map(({ record, agreed }) => ({ record, agreed })),
      recovered: this.recovered.conversations((id, accountId) => this.#isKnownChat(id, accountId)),
    };
  }

  /** Whether there is a chat with this id, or one with this person that has not ended. */
  #isKnownChat(id: string, accountId: string | null): boolean {
    if (this.chats.has(id)) return true;
    return [...this.chats.values()].some(({ record }) => record.accountId === accountId && record.state !== "ended");
  }

  #maintain(): void {
    this.#maintenance = this.core.clock.after(MAINTENANCE_INTERVAL, () => this.#maintain());
    this.core.background.run(this.core.lane.run(() => this.#tidy()));
  }

  /** Takes away what has expired. */
  async #tidy(): Promise<void> {
    const { clock, store, outbox } = this.core;
    const now = clock.now();
    const gone: StoreChange[] = [{ forgetSeenBefore: now }, ...this.core.introductions.expired(now)];
    for (const { record, item } of outbox.entries()) {
      if (item.kind !== "request" || item.expiresAt >= now) continue;
      outbox.drop(record.id);
      gone.push({ delete: "outbox", key: record.id });
    }
    await store.write(gone);
    for (const chat of this.chats.values()) await chat.tidy();
    await this.invitations.maintain();
    this.links.lookAtAll();
    this.pictures.lookAtAll();
    // Not waited for: what it begins waits for this lane.
    this.core.background.run(this.joinings.maintain());
    // Not waited for: it writes to the self-conversation, whose steps may wait for this lane.
    this.core.background.run(this.siblings.tidy());
    await this.backup.tidy();
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
