/**
 * A chat at work: runs the steps of one conversation, one at a time, and drives what they start.
 *
 * CH1 Every step is saved before anything of it leaves the device or is shown.
 * CH2 A step that cannot be saved changes nothing: the state in memory is that of the store.
 * CH3 What a peer sends never throws out of a step; it is refused, counted and seen.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  decodeLog,
  emptyReassembly,
  envelopeHash,
  missingCount,
  packPayloads,
  type PayloadItem,
} from "@xchat/protocol";
import { IntentError, type ChatView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import { decodeItem, encodeItem, isCertified, storedCount, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import { cursorId, type Delivered } from "../delivery/readers.ts";
import type {
  ContactRecord,
  ConversationRecord,
  EventRecord,
  NodeHint,
  OutboxRecord,
  StoredEnvelope,
  Timer,
} from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { applyForeignCommit, nextCommit, settleCommit } from "./commits.ts";
import { DIRECT_CHANCE, DirectLink } from "./direct-link.ts";
import { eventItem } from "./event-records.ts";
import { epochsOfRecords, epochOfMailbox, MAILBOX_LIFETIME, policyOf, readerTargets, type Epoch } from "./epochs.ts";
import { applyItems, appendOwn, dueItems, nextDue, noteRead } from "./log-steps.ts";
import { messageView, orderOf, type QueuedReason } from "./message-view.ts";
import { openMessage } from "./open-message.ts";
import { decodeShared } from "./shared.ts";
import { Step, type ChatState } from "./step.ts";

/** Stands for what did not come by a mailbox. */
const NO_MAILBOX = new Uint8Array(0);
/** Envelopes that are saved in one transaction. */
const BATCH = 64;
/** Kept at most, whoever sends: 64 fragments of 64 KiB, and as much again. */
const MAX_HELD = 128;
/** Before reading again after a write that failed. */
const STORE_PATIENCE = 10_000;

interface Arrival {
  /** Null for what came directly. */
  readonly hint: NodeHint | null;
  readonly envelope: StoredEnvelope;
  /** False for what lay there before this device came to read. */
  readonly isLive: boolean;
  /** It has been saved. */
  readonly done: () => void;
}

export class Chat {
  readonly #core: SessionCore;
  readonly #lane = new Lane();
  readonly #link: DirectLink;
  #state: ChatState;
  #summary: { readonly last: EventRecord | null; readonly unread: number } = { last: null, unread: 0 };
  #timer: Timer | null = null;
  #closed = false;
  #arrivals: Arrival[] = [];
  /** Hashes of envelopes that are kept because they cannot be opened yet. */
  readonly #held = new Set<string>();

  constructor(core: SessionCore, state: ChatState) {
    this.#core = core;
    this.#state = state;
    this.#link = new DirectLink(core, {
      state: () => this.#state,
      isAllowed: () => this.#mayDirect(),
      sendSignal: (items) => core.background.run(this.#send(items)),
      onEnvelope: (envelope, done) =>
        this.#arrived([{ hint: null, envelope: { mailbox: NO_MAILBOX, cursor: 0, envelope }, isLive: true, done }]),
      onChange: () => core.topics.mark("chats"),
    });
  }

  static async load(core: SessionCore, record: ConversationRecord): Promise<Chat | null> {
    const group = await core.store.get("group", record.id);
    if (group === null) return null;
    const mailboxes = (await core.store.all("mailbox")).filter(({ conversationId }) => conversationId === record.id);
    const state: ChatState = {
      record,
      shared: decodeShared(record.shared),
      log: expectOk(decodeLog(record.log), "log"),
      group: core.cipher.restore(group),
      epochs: epochsOfRecords(mailboxes),
      reassembly: emptyReassembly(),
    };
    return new Chat(core, state);
  }

  get id(): string {
    return this.#state.record.id;
  }

  get record(): ConversationRecord {
    return this.#state.record;
  }

  get contact(): ContactRecord {
    return this.#core.contacts.get(this.#state.record.accountId) as ContactRecord;
  }

  /** Starts reading, and goes on with what a crash interrupted. */
  async start(): Promise<void> {
    await this.refreshSummary();
    if (this.#state.record.state === "ended") return;
    if (!this.contact.isBlocked) this.#readMailboxes();
    await this.#step(async () => undefined);
    await this.#tryHeld();
    this.#link.update();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#link.close();
    this.#core.readers.remove(this.id);
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  // ---- what the person does

  async sendText(text: string): Promise<string> {
    if (this.#state.record.state === "ended" || this.contact.isBlocked) throw new IntentError("chat-ended");
    return this.#step(async (step) => {
      const event = await appendOwn(step, text);
      step.setRecord({ draft: "", activeAt: event.sentAt });
      await this.#sealOrQueue(step, event);
      return event.id;
    });
  }

  async markRead(upTo: string): Promise<void> {
    await this.#step(async (step) => {
      const event = await step.event(upTo);
      const { readDepth, readId } = step.state.record;
      if (event === null || orderOf(event) <= orderOf({ depth: readDepth, id: readId })) return;
      step.setRecord({ readDepth: event.depth, readId: event.id });
      if (this.#core.profile().shareReadState) await noteRead(step, event);
    });
    await this.refreshSummary();
  }

  async setDraft(text: string): Promise<void> {
    if (text === this.#state.record.draft) return;
    await this.#step(async (step) => step.setRecord({ draft: text }));
  }

  /** After the contact has been saved. */
  async consentChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (this.#isSettled(step)) await this.#sealConsent(step);
    });
    this.#link.update();
  }

  async nameChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (!this.#isSettled(step)) return;
      const revision = step.state.shared.ownProfileRevision + 1;
      step.setShared({ ownProfileRevision: revision });
      this.#dispatch(step, await step.seal([{ kind: "profile", name: this.#core.profile().name, revision }], "notice"));
    });
  }

  /** After the contact has been saved: a blocked one is not read, and gets nothing. */
  blockedChanged(): void {
    if (this.contact.isBlocked) this.#core.readers.remove(this.id);
    else this.#readMailboxes();
    this.#link.update();
    this.#core.topics.mark("chats");
  }

  // ---- what the nodes say

  /** Called by the outbox when one more node has an entry. */
  async stored(entry: OutboxEntry): Promise<void> {
    const item = entry.item as MessageItem;
    const isDone = storedCount(item) === item.targets.length;
    await this.#step(async (step) => {
      const record: OutboxRecord = { ...entry.record, item: encodeItem(item) };
      step.changes.push(isDone ? { delete: "outbox", key: record.id } : { put: "outbox", record });
      if (item.purpose === "commit") {
        if (isCertified(item) && (await settleCommit(step, item, record.id)))
          step.after.push(() => this.#readMailboxes());
      } else if (item.eventId !== "") {
        const event = await step.event(item.eventId);
        if (event === null || event.delivery === "delivered" || event.delivery === "read") return;
        step.putEvent({ ...event, delivery: "stored", storedCount: storedCount(item), storedOf: item.targets.length });
      }
    });
  }

  /** The slot of the epoch has another commit: fetch and apply it. */
  async slotTaken(entry: OutboxEntry, hint: NodeHint): Promise<void> {
    const item = entry.item as MessageItem;
    const target = item.targets.find((one) => one.hint.address === hint.address);
    if (target === undefined) return;
    const slot = await this.#core.pool.access(hint).fetchSlot({ context: this.id, mailbox: target });
    if (!slot.ok || slot.value === null) return;
    const mailbox = target.publicKey;
    this.#arrived(
      slot.value.envelopes.map((envelope) => ({
        hint: null,
        envelope: { mailbox, cursor: 0, envelope },
        isLive: false,
        done: () => {},
      })),
    );
  }

  get directIsOpen(): boolean {
    return this.#link.isOpen;
  }

  queuedReason(): QueuedReason {
    if (this.#state.record.state === "waiting") return "waiting-for-acceptance";
    const nodes = (this.#state.epochs.at(-1) as Epoch).nodes.map(({ hint }) => this.#core.pool.access(hint).state);
    if (nodes.some((state) => state === "ready")) return "sending";
    return nodes.every((state) => state === "key-changed") ? "node-refuses" : "no-node";
  }

  view(): ChatView {
    const { record, epochs } = this.#state;
    const { contact } = this;
    const { last, unread } = this.#summary;
    const way = this.#link.isOpen ? "direct" : this.queuedReason() === "no-node" ? "none" : "nodes";
    const lastView = last === null ? null : messageView(last, this.queuedReason());
    return {
      id: record.id,
      name: contact.petname ?? contact.name,
      theirName: contact.name,
      petname: contact.petname,
      accountId: record.accountId,
      state: record.state,
      isVerified: contact.isVerified,
      isBlocked: contact.isBlocked,
      mayDirect: contact.mayDirect,
      way,
      unread,
      draft: record.draft,
      last:
        last === null || lastView === null
          ? null
          : { text: last.text, at: last.sentAt, isOwn: last.isOwn, delivery: lastView.delivery },
      activeAt: record.activeAt,
      missing: missingCount(this.#state.log),
      homeNodes: (epochs.at(-1) as Epoch).nodes.map(({ hint }) => hint.address),
    };
  }

  async refreshSummary(): Promise<void> {
    const { readDepth, readId } = this.#state.record;
    this.#summary = await this.#core.store.summary(this.id, readId === "" ? null : { depth: readDepth, id: readId });
    this.#core.topics.mark("chats");
  }

  retryDirect(): void {
    this.#link.tryNow();
  }

  // ---- below: steps

  async #step<T>(work: (step: Step) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const step = new Step(this.#core, this.#state);
      const result = await work(step);
      await this.#advance(step);
      const changes = step.allChanges();
      if (changes.length > 0) await this.#core.store.write(changes);
      const before = this.#state;
      this.#state = step.state;
      for (const run of step.after) run();
      await this.#show(step, before);
      this.#schedule();
      return result;
    });
  }

  /** The one decision function: whatever the step was, what has become due is done with it. */
  async #advance(step: Step): Promise<void> {
    if (step.state.record.state === "ended") return;
    const commit = await nextCommit(step);
    if (commit !== null) this.#dispatch(step, commit);
    if (!this.#isSettled(step)) return;
    if (step.state.shared.ownConsentRevision === 0) await this.#sealConsent(step);
    await this.#sealQueued(step);
    await this.#sealNotices(step, await dueItems(step, false));
  }

  /** Accepted by both, and no own commit on its way: messages can be sealed. */
  #isSettled({ state }: Step): boolean {
    return state.record.state === "active" && state.shared.pendingCommit === null && state.shared.plan.length === 0;
  }

  async #sealOrQueue(step: Step, event: EventRecord): Promise<void> {
    if (this.#isSettled(step) && !this.#queuedIds.size) {
      await this.#sealEvent(step, event);
      return;
    }
    const id = event.id;
    this.#queuedIds.add(id);
    const record = {
      id,
      conversationId: this.id,
      sequence: this.#core.nextSequence(),
      item: encodeItem({ kind: "unsealed", eventId: id }),
      createdAt: event.sentAt,
    };
    step.changes.push({ put: "outbox", record });
  }

  /** Events that wait to be sealed, in order. */
  readonly #queuedIds = new Set<string>();

  /** Called at load for each unsealed entry of the outbox, in order. */
  queued(record: OutboxRecord): void {
    const item = decodeItem(record.item);
    if (item.kind === "unsealed") this.#queuedIds.add(item.eventId);
  }

  async #sealQueued(step: Step): Promise<void> {
    const ids = [...this.#queuedIds];
    for (const id of ids) {
      const event = await step.event(id);
      step.changes.push({ delete: "outbox", key: id });
      if (event !== null) await this.#sealEvent(step, event);
    }
    if (ids.length > 0) step.after.push(() => ids.forEach((id) => this.#queuedIds.delete(id)));
  }

  async #sealEvent(step: Step, event: EventRecord): Promise<void> {
    const item = eventItem(event);
    // What is due goes along where it fits; the event itself is alone in its envelope otherwise.
    const [first = [], ...rest] = packPayloads([item, ...(await dueItems(step, true))]);
    this.#dispatch(step, await step.seal(first, "event", event.id));
    for (const items of rest) this.#dispatch(step, await step.seal(items, "notice"));
  }

  /** As many messages as it takes: answers to several questions may not fit one. */
  async #sealNotices(step: Step, items: readonly PayloadItem[]): Promise<void> {
    for (const part of packPayloads(items)) this.#dispatch(step, await step.seal(part, "notice"));
  }

  async #sealConsent(step: Step): Promise<void> {
    const revision = step.state.shared.ownConsentRevision + 1;
    const name = this.#core.profile().name;
    const profileRevision = Math.max(1, step.state.shared.ownProfileRevision);
    step.setShared({ ownConsentRevision: revision, ownProfileRevision: profileRevision });
    const items: PayloadItem[] = [
      { kind: "direct-consent", isAllowed: this.#mayDirect(), revision },
      { kind: "profile", name, revision: profileRevision },
    ];
    this.#dispatch(step, await step.seal(items, "notice"));
  }

  async #send(items: readonly PayloadItem[]): Promise<void> {
    await this.#step(async (step) => {
      if (this.#isSettled(step)) this.#dispatch(step, await step.seal(items, "notice"));
    });
  }

  /** After the save: over the direct connection first where one is open, else to the nodes at once. */
  #dispatch(step: Step, entry: OutboxEntry): void {
    step.after.push(() => {
      const item = entry.item as MessageItem;
      if (item.purpose === "commit" || !this.#link.isOpen) {
        this.#core.outbox.add(entry);
        return;
      }
      this.#core.outbox.add(entry, DIRECT_CHANCE);
      this.#link.send(item.envelopes, {
        onFailed: () => this.#core.outbox.release(entry.record.id),
        onAcknowledged: () => this.#core.background.run(this.#arrivedDirectly(entry)),
      });
    });
  }

  /** The other device has saved it: no node needs to see it. */
  async #arrivedDirectly(entry: OutboxEntry): Promise<void> {
    const { eventId } = entry.item as MessageItem;
    this.#core.outbox.drop(entry.record.id);
    await this.#step(async (step) => {
      step.changes.push({ delete: "outbox", key: entry.record.id });
      const event = eventId === "" ? null : await step.event(eventId);
      if (event === null || event.delivery === "read") return;
      step.putEvent({ ...event, delivery: "delivered", via: "direct" });
    });
  }

  /** What could not be saved was not counted as read: it comes again. */
  #readAgainLater(): void {
    this.#core.readers.remove(this.id);
    this.#core.clock.after(STORE_PATIENCE, () => {
      if (!this.#closed) this.#readMailboxes();
    });
  }

  #readMailboxes(): void {
    this.#core.readers.set(this.id, readerTargets(this.#state.epochs), ({ hint, envelopes, isLive }: Delivered) =>
      this.#arrived(envelopes.map((envelope) => ({ hint, envelope, isLive, done: () => {} }))),
    );
  }

  // ---- below: receiving

  #arrived(arrivals: readonly Arrival[]): void {
    const isIdle = this.#arrivals.length === 0;
    this.#arrivals.push(...arrivals);
    if (isIdle) this.#core.background.run(this.#takeArrivals(), () => this.#readAgainLater());
  }

  /** Takes what has come meanwhile as one transaction, so that catching up costs one save for many messages. */
  async #takeArrivals(): Promise<void> {
    while (this.#arrivals.length > 0 && !this.#closed) {
      const batch = this.#arrivals.slice(0, BATCH);
      try {
        await this.#step((step) => this.#receiveBatch(step, batch));
      } catch (error) {
        // The store could not save it (a full disk): nothing is acknowledged, and it comes again from where it lies.
        this.#arrivals = [];
        throw error;
      }
      this.#arrivals.splice(0, batch.length);
    }
  }

  async #receiveBatch(step: Step, batch: readonly Arrival[]): Promise<void> {
    const { provider, store, cursors } = this.#core;
    const hashes = batch.map(({ envelope }) => bytesToHex(envelopeHash(provider, envelope.envelope)));
    const seen = new Set(await store.seen(hashes));
    for (const [index, { hint, envelope, isLive, done }] of batch.entries()) {
      const hash = hashes[index] as string;
      if (!seen.has(hash)) {
        const isDone = await this.#receive(step, envelope, hint === null ? "direct" : "nodes", isLive);
        if (isDone) {
          step.seen([hash]);
          seen.add(hash);
        }
        this.#hold(step, hash, envelope, isDone);
      }
      step.after.push(done);
      if (hint === null || envelope.cursor === 0) continue;
      const id = cursorId(envelope.mailbox, hint);
      if (envelope.cursor <= (cursors.get(id) ?? 0)) continue;
      step.changes.push({ put: "cursor", record: { id, cursor: envelope.cursor } });
      step.after.push(() => cursors.set(id, Math.max(cursors.get(id) ?? 0, envelope.cursor)));
    }
  }

  /** What cannot be opened yet is kept: its cursor moves on, and the node may not have it for ever. */
  #hold(step: Step, hash: string, { mailbox, envelope }: StoredEnvelope, isDone: boolean): void {
    if (isDone) {
      if (this.#held.delete(hash)) step.changes.push({ delete: "held", key: hash });
      return;
    }
    if (this.#held.has(hash) || this.#held.size >= MAX_HELD) return;
    this.#held.add(hash);
    const expiresAt = this.#core.clock.now() + MAILBOX_LIFETIME;
    step.changes.push({
      put: "held",
      record: { id: hash, conversationId: this.id, reason: bytesToHex(mailbox), envelope, expiresAt },
    });
  }

  /** Tries what was kept once more: at the start, and after each commit. */
  async #tryHeld(): Promise<void> {
    const held = await this.#core.store.held(this.id);
    for (const { id } of held) this.#held.add(id);
    this.#arrived(
      held.map(({ reason, envelope }) => ({
        hint: null,
        envelope: { mailbox: expectOk(hexToBytes(reason), "held envelope"), cursor: 0, envelope },
        isLive: false,
        done: () => {},
      })),
    );
  }

  /** Whether it has been dealt with for good. */
  async #receive(
    step: Step,
    { mailbox, envelope }: StoredEnvelope,
    via: "direct" | "nodes",
    isLive: boolean,
  ): Promise<boolean> {
    const known = epochOfMailbox(step.state.epochs, mailbox);
    const epochs = known === undefined ? step.state.epochs.toReversed().slice(0, 3) : [known];
    const opened = await openMessage(step, epochs, envelope);
    switch (opened.kind) {
      case "commit": {
        const dropped = await applyForeignCommit(step, opened.group);
        if (dropped !== null) this.#core.outbox.drop(dropped);
        step.after.push(() => {
          this.#readMailboxes();
          if (this.#held.size > 0) this.#core.background.run(this.#tryHeld());
        });
        this.#acceptedBy(step);
        return true;
      }
      case "items":
        await applyItems(step, opened.sender, opened.items, {
          via,
          onSignal: (item) => step.after.push(() => this.#link.acceptSignal(item, isLive)),
          onConsent: () => step.after.push(() => this.#link.update()),
          onDelivered: (eventIds) => this.#dropDelivered(step, eventIds),
        });
        return true;
      case "later":
        return false;
      default:
        return true;
    }
  }

  /** The newcomer learns of the yes by the policy that the accepter's commit has set. */
  #acceptedBy(step: Step): void {
    if (step.state.record.state === "waiting" && policyOf(this.#core.cipher, step.state.group).isAccepted)
      step.setRecord({ state: "active", activeAt: this.#core.clock.now() });
  }

  #dropDelivered(step: Step, eventIds: ReadonlySet<string>): void {
    for (const { record, item } of this.#core.outbox.entries()) {
      if (item.kind !== "message" || record.conversationId !== this.id || !eventIds.has(item.eventId)) continue;
      this.#core.outbox.drop(record.id);
      step.changes.push({ delete: "outbox", key: record.id });
    }
  }

  // ---- below: showing and waiting

  async #show(step: Step, before: ChatState): Promise<void> {
    const events = [...step.events.values()].filter(({ state }) => state === "shown");
    if (events.length > 0) {
      this.#core.feed.push(this.id, { changed: events.map((event) => messageView(event, this.queuedReason())) });
      await this.refreshSummary();
    } else if (step.state.record !== before.record) {
      this.#core.topics.mark("chats");
    }
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed || this.#state.record.state !== "active") return;
    const due = nextDue(this.#state, this.#core.clock.now());
    if (due === null) return;
    const wait = Math.max(0, due - this.#core.clock.now());
    this.#timer = this.#core.clock.after(wait, () => this.#core.background.run(this.#step(async () => undefined)));
  }

  #mayDirect(): boolean {
    return (
      this.#core.direct !== null &&
      this.#core.profile().directAllowed &&
      this.contact.mayDirect &&
      !this.contact.isBlocked
    );
  }
}
