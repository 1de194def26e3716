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
import { bytesToHex } from "@xchat/codec";
import { standing, type GroupState, type MessageContent, type Standing, type WishedChange } from "@xchat/protocol";
import { IntentError, type ChatView, type GroupView, type MessageView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import { decodeItem, encodeItem, storedCount, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry, Stored } from "../delivery/outbox.ts";
import type { Delivered } from "../delivery/readers.ts";
import type {
  ContactRecord,
  ConversationRecord,
  EventRecord,
  MailboxRecord,
  NodeHint,
  OutboxRecord,
  Timer,
} from "../ports.ts";
import { groupView, mayWrite } from "../group/group-view.ts";
import { commitAskedFor } from "../fork/index.ts";
import { Rejoin } from "../rejoin/rejoin.ts";
import type { SessionCore } from "../session-core.ts";
import { nextDue, noteGaps, noteRead } from "./acknowledgements.ts";
import { Arrivals, type Arrival } from "./arrivals.ts";
import { readAccountId } from "./authors.ts";
import { ChatDevices } from "./chat-devices.ts";
import { groupChatView, messageContext, pairView, type ChatSummary } from "./chat-view.ts";
import { takeBack } from "./commits.ts";
import { isCommitting } from "./committing.ts";
import { takeChain } from "./contact-news.ts";
import { DIRECT_CHANCE } from "./direct-link.ts";
import { DirectLinks } from "./direct-links.ts";
import { epochOfMailbox, readerTargets } from "./epochs.ts";
import { canComeBack, endWithoutPeer, isPeerOut } from "./gone.ts";
import { forwardable } from "./content-actions.ts";
import { Expiry, startTimers } from "./content-expiry.ts";
import { judgeContent } from "./content-judge.ts";
import { messageViews, pinnedMessages, showContent, touchNamed, type Viewing } from "./content-view.ts";
import { applyItems } from "./items.ts";
import { orderOf } from "./message-view.ts";
import { openMessage } from "./open-message.ts";
import { advance, isSettled, sealConsent, sealName, sealSignals } from "./sealing.ts";
import { runErrand, type ErrandDeps } from "./fork-errands.ts";
import { hearMember, offerElsewhere, readEpochs, takeCommit, takeStoredCommit } from "./forks.ts";
import { takeLeftBehind } from "./left-behind.ts";
import { loadState } from "./load.ts";
import { Step, type ChatState, type Outgoing } from "./step.ts";
import { keepUnsent } from "./unsent.ts";
import { automaticAt } from "./upkeep-wishes.ts";
import { forgetPastEpochs, renewExpired } from "./upkeep.ts";
import { isWaiting, refusalOf, wish, type Wish } from "./wishes.ts";

/** Before reading again after a write that failed. */
const STORE_PATIENCE = 10_000;
/** Timers of browsers count to 24 days: what is due later is looked at again. */
const LONGEST_SLEEP = 12 * 3_600_000;
const LEAST_SLEEP = 1_000;
/** What comes directly names no mailbox; its epoch is one of the newest. */
const EPOCHS_TO_TRY = 3;

const NO_SUMMARY: ChatSummary = { last: null, unread: 0 };

/** What a person lets a contact do. */
export type Bounds = Pick<ContactRecord, "isBlocked" | "mayDirect">;

export class Chat {
  /** What it has to do with the devices of this person. */
  readonly devices: ChatDevices;
  readonly #core: SessionCore;
  readonly #lane = new Lane();
  readonly #links: DirectLinks;
  readonly #arrivals: Arrivals;
  readonly #expiry: Expiry;
  readonly #errands: ErrandDeps;
  readonly #rejoin: Rejoin;
  #state: ChatState;
  /** Null until it has been read. */
  #summary: ChatSummary | null = null;
  #timer: Timer | null = null;
  #wokeAt = -1;
  #closed = false;

  constructor(core: SessionCore, state: ChatState) {
    this.#core = core;
    this.#state = state;
    this.#arrivals = new Arrivals(core, {
      chat: state.record.id,
      isClosed: () => this.#closed,
      step: (work) => this.#step(work),
      lookAhead: (step, arrivals) => this.#lookAhead(step, arrivals),
      receive: (step, arrival) => this.#receive(step, arrival),
      onTrouble: () => this.#readAgainLater(),
    });
    this.#expiry = new Expiry(core, {
      chat: state.record.id,
      isClosed: () => this.#closed,
      step: (work) => this.#step(work),
    });
    this.devices = new ChatDevices(core, {
      state: () => this.#state,
      step: (work) => this.#step(work),
      onRead: () => this.refreshSummary(),
    });
    this.#rejoin = new Rejoin(core, {
      conversation: state.record.id,
      state: () => this.#state,
      isClosed: () => this.#closed,
      step: (work) => this.#step(work),
      readMailboxes: () => this.#readMailboxes(),
      onPresent: () => this.#isPresent(),
    });
    this.#errands = {
      state: () => this.#state,
      isClosed: () => this.#closed,
      step: (work) => this.#step(work),
      readMailboxes: () => this.#readMailboxes(),
      afterCommit: () => this.#afterCommit(),
      devices: this.devices,
      rejoin: this.#rejoin,
    };
    this.#links = new DirectLinks(core, {
      state: () => this.#state,
      sendSignal: (items) => core.background.run(this.#step((step) => sealSignals(step, items))),
      onEnvelope: (envelope, done) => this.#arrivals.addLoose(envelope, { isLive: true, done }),
      onChange: () => core.topics.mark("chats"),
    });
  }

  static async load(
    core: SessionCore,
    record: ConversationRecord,
    mailboxes: readonly MailboxRecord[],
  ): Promise<Chat | null> {
    const state = await loadState(core, record, mailboxes);
    if (state === null) return null;
    const chat = new Chat(core, state);
    await chat.refreshSummary();
    return chat;
  }

  get id(): string {
    return this.#state.record.id;
  }

  get record(): ConversationRecord {
    return this.#state.record;
  }

  get kind(): "pair" | "group" | "devices" {
    return this.#state.side.state.kind;
  }

  /** The other person of a pair. */
  get contact(): ContactRecord | null {
    return this.#core.contacts.get(this.#state.record.accountId) ?? null;
  }

  /** What all of its members have agreed on. */
  get agreed(): GroupState {
    return this.#state.side.state;
  }

  /** Its state and who has a leaf. */
  get standing(): Standing {
    return standing(this.#state.side.state, this.#state.side.leaves);
  }

  get groupId(): Uint8Array {
    return this.#state.group.groupId;
  }

  /** The number of the one where it stands. */
  get epoch(): number {
    return this.#state.group.epoch;
  }

  get wishes(): readonly Wish[] {
    return this.#state.shared.wishes;
  }

  /** ID21: a chain of theirs that was seen elsewhere. */
  async learnChain(chain: Uint8Array): Promise<void> {
    await this.#step((step) => takeChain(step, readAccountId(this.record.accountId), chain));
    this.#core.topics.mark("chats");
  }

  /** Whether the contact, as this chain of theirs has it, has no device in this chat any more. */
  isPeerOut(chain: Uint8Array): boolean {
    return isPeerOut(this.#state.side, this.#state.record.accountId, chain);
  }

  /** Ends it where that is so by the chain that is pinned; its history stays. */
  async endIfPeerIsOut(): Promise<void> {
    const { contact } = this;
    if (contact === null || this.#state.record.state === "ended" || !this.isPeerOut(contact.chain)) return;
    await this.#step(async (step) => endWithoutPeer(step, contact));
    this.#links.update();
  }

  /** Starts reading, and goes on with what a crash interrupted. */
  async start(): Promise<void> {
    if (this.#summary === null) await this.refreshSummary();
    await this.#expiry.schedule();
    if (!canComeBack(this.#state.side)) await this.endIfPeerIsOut();
    if (this.#state.record.state === "ended") return;
    await this.#rejoin.load();
    this.#readMailboxes();
    await this.#step(async () => undefined);
    await this.#arrivals.tryHeld();
    await this.#rejoin.start();
    this.#links.update();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#expiry.close();
    this.#rejoin.close();
    this.#links.close();
    this.#core.readers.remove(this.id);
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  // ---- what the person does

  /** Something that the person says to the others, in one step. */
  async say<T>(work: (step: Step) => Promise<T>): Promise<T> {
    if (this.#state.record.state === "ended" || this.#isBlocked) throw new IntentError("chat-ended");
    return this.#step(work);
  }

  /** Words of one's own, where the rights of this person allow them now. */
  async write<T>(work: (step: Step) => Promise<T>): Promise<T> {
    if (this.#state.record.state !== "ended" && !mayWrite(this.#core, this.#state))
      throw new IntentError("group-not-permitted");
    return this.say(work);
  }

  /** Something that the person keeps for themselves. */
  keep<T>(work: (step: Step) => Promise<T>): Promise<T> {
    return this.#step(work);
  }

  /** Nothing comes or goes any more; what is here is kept. */
  async end(): Promise<void> {
    this.close();
    if (this.#state.record.state === "ended") return;
    await this.#step(async (step) => {
      step.setRecord({ state: "ended" });
      await keepUnsent(step);
    });
  }

  async markRead(upTo: string): Promise<void> {
    await this.#step(async (step) => {
      const event = await step.event(upTo);
      const { readDepth, readId } = step.state.record;
      if (event !== null) await startTimers(step, event);
      if (event === null || orderOf(event) <= orderOf({ depth: readDepth, id: readId })) return;
      step.setRecord({ readDepth: event.depth, readId: event.id });
      if (this.#core.profile().shareReadState) await noteRead(step, event);
    });
    await this.refreshSummary();
  }

  async setDraft(text: string): Promise<void> {
    await this.#step(async (step) => {
      // Sending empties it too, and may be under way: what changes nothing is not saved.
      if (text !== step.state.record.draft) step.setRecord({ draft: text });
    });
  }

  /** In a step, so that it does not overtake what the chat itself learns of the contact. */
  async setContact(part: Parameters<Step["setContact"]>[1]): Promise<void> {
    await this.#step(async (step) => step.setContact(this.record.accountId, part));
    this.#core.topics.mark("chats");
  }

  /** After the contact, who was `before` until now, has been saved: a blocked one is not read, and gets nothing. */
  async contactChanged(before: Bounds): Promise<void> {
    const { contact } = this;
    if (contact === null) return;
    if (contact.isBlocked && !before.isBlocked) this.#core.readers.remove(this.id);
    if (!contact.isBlocked && before.isBlocked) this.#readMailboxes();
    if (contact.mayDirect !== before.mayDirect && !contact.isBlocked) await this.consentChanged();
    this.#links.update();
    this.#core.topics.mark("chats");
  }

  /** After the contact has been saved. */
  async consentChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (isSettled(step.core, step.state)) await sealConsent(step);
    });
    this.#links.update();
  }

  /** After the own chain has been saved: it is told as soon as something can be sealed. */
  async chainChanged(): Promise<void> {
    await this.#step(async () => undefined);
  }

  async nameChanged(): Promise<void> {
    await this.#step(async (step) => {
      if (isSettled(step.core, step.state)) await sealName(step);
    });
  }

  /** What the person wants changed. @throws IntentError with "group-not-permitted" where the law refuses it now. */
  async want(changes: readonly WishedChange[]): Promise<void> {
    await this.#step(async (step) => {
      for (const change of changes) {
        const refusal = await refusalOf(step, change);
        if (refusal !== null) throw new IntentError("group-not-permitted", refusal);
        wish(step, change);
      }
    });
    this.#core.topics.mark(`group/${this.id}`);
  }

  async leave(): Promise<void> {
    await this.want([{ kind: "state", change: { kind: "leaving", isLeaving: true } }]);
  }

  /** False when it is gone: done, refused, or never there. */
  async takeBack(id: string): Promise<boolean> {
    const isTaken = await this.#step(async (step) => takeBack(step, id));
    this.#core.topics.mark(`group/${this.id}`);
    return isTaken;
  }

  /** Somebody brings this person into a group of this id that is not the one where they stand (spec/rejoin.md, RJ16). */
  doubt(): void {
    if (!this.#closed) this.#rejoin.doubt(null);
  }

  /** Something elsewhere may have made due what waits here. */
  nudge(): void {
    if (!this.#closed && this.#state.record.state === "active") {
      this.#core.background.run(this.#step(async () => undefined));
    }
  }

  /** Somebody is to be added who has given no key packages yet. */
  waitsFor(account: string): boolean {
    return this.#state.shared.wishes.some(
      (one) => isWaiting(one) && one.change.kind === "add" && one.change.account === account,
    );
  }

  /** A key package of the stock that was given here has been used. */
  async renewStock(): Promise<void> {
    await this.#step(async (step) => step.setShared({ stockGivenAt: 0 }));
  }

  // ---- what the nodes say

  /** Called at load for each unsealed entry of the outbox, in order. */
  queued(record: OutboxRecord): void {
    const item = decodeItem(record.item);
    if (item.kind === "unsealed") this.#state = { ...this.#state, queued: [...this.#state.queued, item.eventId] };
  }

  /** Called by the outbox when one more node has an entry. */
  async stored(entry: OutboxEntry, { hint, receipt }: Stored): Promise<void> {
    const item = entry.item as MessageItem;
    const isDone = storedCount(item) === item.targets.length;
    await this.#step(async (step) => {
      const record: OutboxRecord = { ...entry.record, item: encodeItem(item) };
      step.changes.push(isDone ? { delete: "outbox", key: record.id } : { put: "outbox", record });
      if (item.purpose === "commit") {
        await takeStoredCommit(step, item, bytesToHex(hint.keyHash), receipt);
      } else if (item.eventId !== "") {
        const event = await step.event(item.eventId);
        if (event === null || event.delivery === "delivered" || event.delivery === "read") return;
        step.putEvent({ ...event, delivery: "stored", storedCount: storedCount(item), storedOf: item.targets.length });
      }
    });
  }

  /** The slot has another commit. */
  async slotTaken(entry: OutboxEntry, hint: NodeHint): Promise<void> {
    this.#core.outbox.drop(entry.record.id);
    await this.#step((step) => offerElsewhere(step, entry, hint));
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

  /** For whoever reads an export. */
  authorName(event: EventRecord): string {
    return messageContext(this.#core, this.#state).author(event)?.name ?? "them";
  }

  messages(records: readonly EventRecord[]): Promise<readonly MessageView[]> {
    return messageViews(this.#viewing(), records);
  }

  /** What of a message goes on to other chats. */
  forwardable(id: string): Promise<MessageContent> {
    return forwardable(this.#core, this.#state.roster.rights, this.id, id);
  }

  pinned(): Promise<readonly MessageView[]> {
    return pinnedMessages(this.#viewing());
  }

  #viewing(): Viewing {
    const messages = messageContext(this.#core, this.#state);
    return { core: this.#core, chat: this.id, messages, rights: this.#state.roster.rights };
  }

  view(): ChatView {
    const messages = messageContext(this.#core, this.#state);
    const input = { state: this.#state, summary: this.#summary ?? NO_SUMMARY, messages, isDirect: this.#links.isOpen };
    const { contact } = this;
    return contact === null ? groupChatView(input, this.#core) : pairView(input, contact);
  }

  groupView(): GroupView {
    return groupView(this.#core, this.#state);
  }

  async refreshSummary(): Promise<void> {
    const { readDepth, readId } = this.#state.record;
    this.#summary = await this.#core.store.summary(this.id, readId === "" ? null : { depth: readDepth, id: readId });
    this.#core.topics.mark("chats");
  }

  retryDirect(): void {
    this.#links.tryNow();
  }

  // ---- below: steps

  async #step<T>(work: (step: Step) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const before = this.#state;
      const step = new Step(this.#core, before, this.#links.isOpen);
      const result = await work(step);
      await advance(step);
      await judgeContent(step);
      noteGaps(step, before);
      const changes = step.allChanges();
      // While it is being saved the way wakes up.
      if (step.outgoing.some(({ short }) => short !== null)) this.#links.knock();
      const shown = mayShowFirst(step) ? this.#showFirst(step, before) : null;
      if (changes.length > 0) await this.#core.store.write(changes, shown?.run);
      this.#state = step.state;
      this.devices.moved(before);
      for (const run of step.after) run();
      for (const entry of step.outgoing) this.#dispatch(entry);
      for (const errand of step.errands) this.#core.background.run(runErrand(this.#core, this.#errands, errand));
      try {
        await (shown?.outcome() ?? this.#show(step, before));
      } finally {
        // Whoever waits for the answer does not wait for the screen, and a screen of this device does not wait for them.
        for (const run of step.atLast) run();
      }
      this.#schedule();
      return result;
    });
  }

  /** After the save: over the direct connection first where one is open, else to the nodes at once. */
  #dispatch({ short, ...entry }: Outgoing): void {
    const item = entry.item as MessageItem;
    if (item.purpose === "commit" || item.purpose === "answer" || !this.#links.isOpen) {
      this.#core.outbox.add(entry);
      return;
    }
    this.#core.outbox.add(entry, DIRECT_CHANCE);
    this.#links.send(short === null ? item.envelopes : [short], {
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

  /** While it is being saved. What fails in it fails the step when it has been. */
  #showFirst(
    step: Step,
    before: ChatState,
  ): { readonly run: () => Promise<void>; readonly outcome: () => Promise<void> | null } {
    let showing: Promise<void> | null = null;
    return {
      run: () => {
        this.#state = step.state;
        showing = this.#show(step, before);
        return showing.catch(() => {});
      },
      outcome: () => showing,
    };
  }

  async #show(step: Step, before: ChatState): Promise<void> {
    const events = [...step.events.values()].filter(({ state }) => state === "shown");
    const removed = [...step.events.values()].filter(({ state }) => state === "void").map(({ id }) => id);
    if (removed.length > 0) this.#core.feed.push(this.id, { removed });
    await touchNamed(step, before.roster);
    if (events.length + removed.length > 0 || step.content.touched.size > 0) {
      await showContent(this.#viewing(), step);
      if (events.some(({ disappearsAt }) => disappearsAt > 0)) await this.#expiry.schedule();
      await this.refreshSummary();
    } else if (step.state.record !== before.record) {
      this.#core.topics.mark("chats");
    }
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed || this.#state.record.state !== "active") return;
    const { forkWakeAt } = this.#state;
    const automatic = this.#state.isFresh || isCommitting(this.#state) ? null : automaticAt(this.#state);
    // What may not be said yet wakes nobody: what lets it be said is a step of its own.
    const spoken = isSettled(this.#core, this.#state) ? nextDue(this.#state, this.#core.clock.now()) : null;
    const times = [spoken, automatic, forkWakeAt];
    const due = Math.min(...times.map((time) => time ?? Infinity));
    if (due === Infinity) return;
    // What was due when it woke and is due still cannot be done now: it must not keep the device awake.
    const least = due <= this.#wokeAt ? LEAST_SLEEP : 0;
    const wait = Math.min(LONGEST_SLEEP, Math.max(least, due - this.#core.clock.now()));
    this.#timer = this.#core.clock.after(wait, () => {
      this.#wokeAt = this.#core.clock.now();
      this.#core.background.run(this.#step(async () => undefined));
    });
  }

  // ---- below: receiving

  /** What could not be saved was not counted as read: it comes again. */
  #readAgainLater(): void {
    this.#core.readers.remove(this.id);
    this.#core.clock.after(STORE_PATIENCE, () => this.#readMailboxes());
  }

  #afterCommit(): void {
    if (this.#state.record.state === "ended") {
      this.#core.readers.remove(this.id);
      this.#core.introductions.ended(this.id);
    }
    this.#readMailboxes();
    this.#arrivals.tryHeldIfAny();
    this.#links.update();
    this.#core.background.run(this.#rejoin.moved());
    this.devices.changed();
    this.#core.links.changed(this.id);
  }

  get #isBlocked(): boolean {
    return this.contact?.isBlocked === true;
  }

  #readMailboxes(): void {
    if (this.#closed || this.#isBlocked || this.#state.record.state === "ended") return;
    const read = [...readEpochs(this.#state), ...this.#rejoin.places];
    const take = (delivered: Delivered): void => {
      const { hint, envelopes, isLive } = this.#rejoin.take(delivered);
      this.#arrivals.add(envelopes.map((envelope) => ({ hint, envelope, isLive, done: () => {} })));
    };
    const onCaughtUp = (): void => this.#core.background.run(this.#caughtUp());
    this.#core.readers.set(this.id, readerTargets(read), take, { onCaughtUp });
  }

  async #caughtUp(): Promise<void> {
    await this.#arrivals.idle();
    if (!this.#closed) await this.#rejoin.caughtUp();
  }

  /** What lay at a node has been read: nothing speaks against going on, and what waited for that goes on. */
  async #isPresent(): Promise<void> {
    if (!this.#state.isFresh || this.#closed) return;
    await this.#step(async (step) => {
      step.set({ isFresh: false });
      const asked = commitAskedFor(step.state.fork);
      if (asked?.kind === "make-commit") step.errands.push(asked);
    });
    if (this.devices.isOfDevices) this.devices.changed();
  }

  async #lookAhead(step: Step, arrivals: readonly Arrival[]): Promise<void> {
    const epochs = readEpochs(step.state);
    const known = arrivals.flatMap(({ envelope: { mailbox, envelope } }) => {
      const epoch = epochOfMailbox(epochs, mailbox);
      return epoch === undefined ? [] : [{ envelope, wrapKey: epoch.wrapKey }];
    });
    if (known.length > 1) await step.foresight.look(step, known);
  }

  async #receive(step: Step, { hint, envelope: { mailbox, envelope }, isLive }: Arrival): Promise<boolean> {
    const all = readEpochs(step.state);
    const known = epochOfMailbox(all, mailbox);
    const epochs = known === undefined ? all.toReversed().slice(0, EPOCHS_TO_TRY) : [known];
    const opened = await openMessage(step, epochs, envelope);
    switch (opened.kind) {
      case "commit":
        return takeCommit(step, opened.epoch, opened.envelopes);
      case "items":
        await hearMember(step, opened.sender, opened.wrapKey);
        await applyItems(step, opened.sender, opened.items, {
          via: hint === null ? "direct" : "nodes",
          onSignal: (item, from) => step.after.push(() => this.#links.acceptSignal(item, from, isLive)),
          onConsent: () => step.after.push(() => this.#links.update()),
          onDelivered: (eventIds) => this.#dropDelivered(step, eventIds),
        });
        return true;
      case "left-behind":
        await takeLeftBehind(step, opened.epoch, opened.word);
        return true;
      case "later":
        return false;
      default:
        return true;
    }
  }

  /** LG13: not where something rides on the event; that it has come says nothing of the rest. */
  #dropDelivered(step: Step, eventIds: ReadonlySet<string>): void {
    for (const { record, item } of this.#core.outbox.entries()) {
      if (item.kind !== "message" || record.conversationId !== this.id || !eventIds.has(item.eventId)) continue;
      if (item.purpose !== "event") continue;
      this.#core.outbox.drop(record.id);
      step.changes.push({ delete: "outbox", key: record.id });
    }
  }
}

/** What has come and changes nothing but this chat can be looked at while the disk works; what goes out waits for it. */
const mayShowFirst = (step: Step): boolean =>
  step.outgoing.length === 0 && step.errands.length === 0 && step.after.length === 0;
