/**
 * A chat at work: runs the steps of one conversation, one at a time, and drives what they start.
 *
 * CH1 Every step is saved before anything of it leaves the device or is shown.
 * CH2 A step that cannot be saved changes nothing: the state in memory is that of the store.
 * CH3 What a peer sends never throws out of a step; it is refused, counted and seen.
 *
 * What a step does lies beside this file: `items.ts` what the other side says, `sealing.ts` what this side says,
 * `commits.ts` how the group changes, `arrivals.ts` how envelopes come in.
 */
import { expectOk } from "@xchat/codec";
import { decodeLog, emptyReassembly } from "@xchat/protocol";
import { IntentError, type ChatView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import { decodeItem, encodeItem, isCertified, storedCount, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import type { Delivered } from "../delivery/readers.ts";
import type { ContactRecord, ConversationRecord, NodeHint, OutboxRecord, Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { nextDue, noteGaps, noteRead } from "./acknowledgements.ts";
import { Arrivals, type Arrival } from "./arrivals.ts";
import { chatView, queuedReason, type ChatSummary } from "./chat-view.ts";
import { applyForeignCommit, settleCommit } from "./commits.ts";
import { takeLeafChains } from "./contact-news.ts";
import { DIRECT_CHANCE, DirectLink } from "./direct-link.ts";
import { epochsOfRecords, epochOfMailbox, policyOf, readerTargets } from "./epochs.ts";
import { appendOwn } from "./events.ts";
import { applyItems } from "./items.ts";
import { messageView, orderOf, type QueuedReason } from "./message-view.ts";
import { openMessage } from "./open-message.ts";
import { advance, isSettled, mayDirect, sealConsent, sealName, sealOrQueue, sealSignals } from "./sealing.ts";
import { decodeShared } from "./shared.ts";
import { Step, type ChatState } from "./step.ts";
import { forgetPastEpochs, renewExpired } from "./upkeep.ts";

/** Before reading again after a write that failed. */
const STORE_PATIENCE = 10_000;
/** What comes directly names no mailbox; its epoch is one of the newest. */
const EPOCHS_TO_TRY = 3;

export class Chat {
  readonly #core: SessionCore;
  readonly #lane = new Lane();
  readonly #link: DirectLink;
  readonly #arrivals: Arrivals;
  #state: ChatState;
  #summary: ChatSummary = { last: null, unread: 0 };
  #timer: Timer | null = null;
  #closed = false;

  constructor(core: SessionCore, state: ChatState) {
    this.#core = core;
    this.#state = state;
    this.#arrivals = new Arrivals(core, {
      chat: state.record.id,
      isClosed: () => this.#closed,
      step: (work) => this.#step(work),
      receive: (step, arrival) => this.#receive(step, arrival),
      onTrouble: () => this.#readAgainLater(),
    });
    this.#link = new DirectLink(core, {
      state: () => this.#state,
      isAllowed: () => mayDirect(core, this.#state.record.accountId),
      sendSignal: (items) => core.background.run(this.#step((step) => sealSignals(step, items))),
      onEnvelope: (envelope, done) => this.#arrivals.addLoose(envelope, { isLive: true, done }),
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
      queued: [],
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
    this.#readMailboxes();
    await this.#step(async () => undefined);
    await this.#arrivals.tryHeld();
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
      await sealOrQueue(step, event);
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

  /** In a step, so that it does not overtake what the chat itself learns of the contact. */
  async setContact(part: Parameters<Step["setContact"]>[0]): Promise<void> {
    await this.#step(async (step) => step.setContact(part));
    this.#core.topics.mark("chats");
  }

  /** After the contact has been saved. */
  async consentChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (isSettled(step.state)) await sealConsent(step);
    });
    this.#link.update();
  }

  async nameChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (isSettled(step.state)) await sealName(step);
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

  /** Called at load for each unsealed entry of the outbox, in order. */
  queued(record: OutboxRecord): void {
    const item = decodeItem(record.item);
    if (item.kind === "unsealed") this.#state = { ...this.#state, queued: [...this.#state.queued, item.eventId] };
  }

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
    for (const envelope of slot.value.envelopes) {
      this.#arrivals.addLoose(envelope, { mailbox: target.publicKey, isLive: false });
    }
  }

  /** Called from time to time. */
  async tidy(): Promise<void> {
    await this.#step(async (step) => {
      if (forgetPastEpochs(step)) step.after.push(() => this.#readMailboxes());
      await renewExpired(step);
      await this.#arrivals.forgetExpired(step);
    });
  }

  // ---- what a person sees

  queuedReason(): QueuedReason {
    return queuedReason(this.#core, this.#state);
  }

  view(): ChatView {
    return chatView(this.#state, this.contact, this.#summary, this.queuedReason(), this.#link.isOpen);
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
      const before = this.#state;
      const step = new Step(this.#core, before);
      const result = await work(step);
      await advance(step);
      noteGaps(step, before);
      const changes = step.allChanges();
      if (changes.length > 0) await this.#core.store.write(changes);
      this.#state = step.state;
      for (const run of step.after) run();
      for (const entry of step.outgoing) this.#dispatch(entry);
      await this.#show(step, before);
      this.#schedule();
      return result;
    });
  }

  /** After the save: over the direct connection first where one is open, else to the nodes at once. */
  #dispatch(entry: OutboxEntry): void {
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

  // ---- below: receiving

  /** What could not be saved was not counted as read: it comes again. */
  #readAgainLater(): void {
    this.#core.readers.remove(this.id);
    this.#core.clock.after(STORE_PATIENCE, () => this.#readMailboxes());
  }

  #readMailboxes(): void {
    if (this.#closed || this.contact.isBlocked || this.#state.record.state === "ended") return;
    this.#core.readers.set(this.id, readerTargets(this.#state.epochs), ({ hint, envelopes, isLive }: Delivered) =>
      this.#arrivals.add(envelopes.map((envelope) => ({ hint, envelope, isLive, done: () => {} }))),
    );
  }

  async #receive(step: Step, { hint, envelope: { mailbox, envelope }, isLive }: Arrival): Promise<boolean> {
    const known = epochOfMailbox(step.state.epochs, mailbox);
    const epochs = known === undefined ? step.state.epochs.toReversed().slice(0, EPOCHS_TO_TRY) : [known];
    const opened = await openMessage(step, epochs, envelope);
    switch (opened.kind) {
      case "commit": {
        const dropped = await applyForeignCommit(step, opened.group);
        if (dropped !== null) this.#core.outbox.drop(dropped);
        takeLeafChains(step);
        step.after.push(() => {
          this.#readMailboxes();
          this.#arrivals.tryHeldIfAny();
        });
        this.#acceptedBy(step);
        return true;
      }
      case "items":
        await applyItems(step, opened.sender, opened.items, {
          via: hint === null ? "direct" : "nodes",
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
}
