/**
 * One step of a chat: what it changes is gathered here, saved as one transaction, and only then becomes the state and
 * leaves the device (creed: saved before sent, acknowledged after saved).
 */
import { bytesToHex, concatBytes, equalBytes } from "@xchat/codec";
import {
  encodeLog,
  encodePayload,
  envelopeHash,
  sealEnvelopes,
  sealShortEnvelope,
  type Group,
  type Hex,
  type Log,
  type PayloadItem,
  type Reassembly,
} from "@xchat/protocol";
import { encodeItem, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import { ForkWork, type ForkState, type GroupCache } from "../fork/index.ts";
import type { ContactRecord, ConversationRecord, EventRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { ContentChanges } from "./content-changes.ts";
import { epochToRecords, MAILBOX_LIFETIME, type Epoch } from "./epochs.ts";
import { Foresight } from "./foresight.ts";
import { forkDeps } from "./fork-deps.ts";
import { StoredEvents } from "./lookup.ts";
import { rosterToPart, type Roster, type Side } from "./roster.ts";
import { encodeShared, type Shared } from "./shared.ts";

export interface ChatState {
  readonly record: ConversationRecord;
  readonly shared: Shared;
  readonly log: Log;
  readonly roster: Roster;
  readonly group: Group;
  /** State and leaves of `group`. */
  readonly side: Side;
  readonly fork: ForkState;
  readonly forkCache: GroupCache;
  /** When the rule of forks has something to do, in memory only: at the opening it is asked at once. */
  readonly forkWakeAt: number | null;
  /** Ascending; the last is the present one. */
  readonly epochs: readonly Epoch[];
  readonly reassembly: Reassembly;
  /** Own events that wait to be sealed, in order. */
  readonly queued: readonly string[];
  /**
   * Since the opening nothing has been read of what lies at the nodes: this store may be an old copy of itself, and to seal would
   * use keys twice (spec/rejoin.md, RJ12). In memory only.
   */
  readonly isFresh: boolean;
  /** Somebody has come back and hears from this device where it stands (spec/rejoin.md, RJ8). */
  readonly isGreetingDue: boolean;
}

export type Purpose = MessageItem["purpose"];

/** An attempt to connect is over long before. */
const SIGNAL_LIFETIME = 10 * 60_000;

/** What a step leaves to the chat, for after the save. */
export type Errand =
  | { readonly kind: "make-commit"; readonly intent: string }
  /** Receipts of slots of epochs that have ended. */
  | { readonly kind: "ask-slots" }
  /** The slots of one epoch. */
  | { readonly kind: "read-slots"; readonly epoch: Hex }
  | { readonly kind: "moved" }
  /** This device is to ask to be let in again. */
  | { readonly kind: "rejoin" }
  /** It may stand where the others are not, says this account: it is to ask (spec/rejoin.md, RJ16). */
  | { readonly kind: "doubt"; readonly by: Hex }
  /** A change of the own devices is done, or cannot be. */
  | { readonly kind: "devices"; readonly intent: string; readonly isWon: boolean };

type Outgone = Pick<MessageItem, "purpose" | "eventId"> & { readonly short?: Outgoing["short"] };

/** What leaves the device with a step. */
export interface Outgoing extends OutboxEntry {
  /** The same message sealed for a direct connection (spec/envelope.md, EN8): null where it goes by the envelopes that nodes get. */
  readonly short: Uint8Array | null;
}

export class Step {
  readonly core: SessionCore;
  readonly errands: Errand[] = [];
  /** Leaves of whom two events with one number have turned up in this step (FR5). */
  readonly forkedAuthors: Hex[] = [];
  /** An event of the own leaf has turned up in this step that this store has never seen: it is a copy, or has one. */
  isCopied = false;
  readonly changes: StoreChange[] = [];
  /** Runs after the step is saved, in order. */
  readonly after: (() => void)[] = [];
  /** Runs last, when what the step shows is on its way to the screen. */
  readonly atLast: (() => void)[] = [];
  readonly events = new Map<string, EventRecord>();
  /** Events that came in this step, before the log has placed them. */
  readonly arrived = new Map<string, EventRecord>();
  readonly stored: StoredEvents;
  readonly foresight = new Foresight();
  /** To be said with what is sent next; lost with the step if nothing can be sent: it is asked for again. */
  readonly replies: PayloadItem[] = [];
  /** Sealed in this step: leaves the device when the step is saved. */
  readonly outgoing: Outgoing[] = [];
  /** Ids of events that nobody is asked for any more, from this step on. */
  readonly givenUp = new Set<string>();
  /** What this step changes of what messages have become. */
  readonly content = new ContentChanges();
  state: ChatState;
  /** A direct connection is open, which takes what is short. */
  readonly #goesDirectly: boolean;
  readonly #before: ChatState;
  #work: ForkWork | null = null;
  readonly #contactChanges = new Map<string, Partial<ContactRecord>>();

  constructor(core: SessionCore, state: ChatState, goesDirectly = false) {
    this.core = core;
    this.#goesDirectly = goesDirectly;
    this.state = state;
    this.#before = state;
    this.stored = new StoredEvents(core.store, state.record.id);
  }

  get id(): string {
    return this.state.record.id;
  }

  get epoch(): Epoch {
    return this.state.epochs.at(-1) as Epoch;
  }

  get before(): ChatState {
    return this.#before;
  }

  /** The driver of forks, for this step. */
  get work(): ForkWork {
    if (this.#work !== null) return this.#work;
    const { fork, forkCache, group, forkWakeAt } = this.#before;
    this.#work = new ForkWork(forkDeps(this.core, forkCache, group), fork, group, fork);
    // What is asked for nothing says nothing of when.
    this.#work.wakeAt = forkWakeAt;
    return this.#work;
  }

  /** A session that begins in this step: what the one before would have written is void. */
  begin(work: ForkWork): void {
    this.#work = work;
  }

  /** A contact, as this step leaves them. */
  contact(accountId: string): ContactRecord | undefined {
    const contact = this.core.contacts.get(accountId);
    return contact === undefined ? undefined : { ...contact, ...this.#contactChanges.get(accountId) };
  }

  setContact(accountId: string, part: Partial<Omit<ContactRecord, "accountId">>): void {
    this.#contactChanges.set(accountId, { ...this.#contactChanges.get(accountId), ...part });
  }

  set(part: Partial<ChatState>): void {
    this.state = { ...this.state, ...part };
  }

  setShared(part: Partial<Shared>): void {
    this.set({ shared: { ...this.state.shared, ...part } });
  }

  setRecord(part: Partial<ConversationRecord>): void {
    this.set({ record: { ...this.state.record, ...part } });
  }

  putEvent(event: EventRecord): void {
    this.events.set(event.id, event);
  }

  /** The event as this step leaves it. */
  async event(id: string): Promise<EventRecord | null> {
    return this.events.get(id) ?? (await this.core.store.get("event", id));
  }

  /** A group that has moved to another epoch: the epoch part is written, its mailboxes are opened and the old retired. */
  enterEpoch(group: Group, side: Side, epoch: Epoch): void {
    const retireAt = this.core.clock.now() + MAILBOX_LIFETIME;
    const others = this.state.epochs.filter(({ wrapKey }) => !equalBytes(wrapKey, epoch.wrapKey));
    const past = others.map((one) => (one.retireAt === 0 ? { ...one, retireAt } : one));
    this.set({ group, side, epochs: [...past, epoch] });
    for (const one of [...past.slice(-1), epoch]) {
      for (const record of epochToRecords(this.id, one)) this.changes.push({ put: "mailbox", record });
    }
  }

  /** Seals items to the present epoch and puts them into the outbox. */
  async seal(items: readonly PayloadItem[], purpose: Purpose, eventId = ""): Promise<void> {
    const { cipher } = this.core;
    const { message, group } = await cipher.seal(this.state.group, encodePayload(items), new Uint8Array(0));
    this.set({ group });
    const { wrapKey } = this.epoch;
    const [envelopes, short] = await Promise.all([
      sealEnvelopes(this.core.provider, wrapKey, message),
      this.#goesDirectly ? sealShortEnvelope(this.core.provider, wrapKey, message) : null,
    ]);
    this.enqueue(envelopes, { purpose, eventId, short });
  }

  /** Puts sealed envelopes of the present epoch into the outbox. Own ones need not be opened when they come back. */
  enqueue(envelopes: readonly Uint8Array[], what: Outgone): void {
    this.seen(this.enqueueTo(this.epoch.nodes, envelopes, what));
  }

  /** Puts sealed envelopes into the outbox for mailboxes of any epoch. Answers their hashes. */
  enqueueTo(
    nodes: Epoch["nodes"],
    envelopes: readonly Uint8Array[],
    { purpose, eventId, short = null }: Outgone,
  ): readonly Hex[] {
    const { clock, provider } = this.core;
    const now = clock.now();
    const item: MessageItem = {
      kind: "message",
      purpose,
      eventId,
      epoch: this.epoch.epoch,
      envelopes,
      targets: nodes.map(({ hint, mailbox }) => ({ hint, ...mailbox, isStored: false })),
      expiresAt: now + (purpose === "signal" ? SIGNAL_LIFETIME : MAILBOX_LIFETIME),
    };
    const hashes = envelopes.map((envelope) => bytesToHex(envelopeHash(provider, envelope)));
    const [only] = hashes;
    const hash =
      only !== undefined && hashes.length === 1 ? only : bytesToHex(provider.sha256(concatBytes(...envelopes)));
    const record = {
      // The same bytes may go into a slot and as ordinary ones.
      id: purpose === "commit" ? `${hash}/slot` : hash,
      conversationId: this.id,
      sequence: this.core.nextSequence(),
      item: encodeItem(item),
      createdAt: now,
    };
    this.changes.push({ put: "outbox", record });
    this.outgoing.push({ record, item, short });
    return hashes;
  }

  seen(hashes: readonly string[]): void {
    if (hashes.length > 0) this.changes.push({ seen: hashes, until: this.core.clock.now() + MAILBOX_LIFETIME });
  }

  /** All changes of the step, those of the state included. Called once, when nothing more is changed. */
  allChanges(): readonly StoreChange[] {
    const { state, core } = this;
    const before = this.#before;
    const changes: StoreChange[] = [...this.changes];
    if (this.#work !== null) changes.push(...this.#work.changes());
    if (state.group !== before.group) changes.push(groupChange(core, state, before));
    for (const record of this.events.values()) changes.push({ put: "event", record });
    for (const record of this.content.marks.values()) changes.push({ put: "mark", record });
    for (const [accountId, part] of this.#contactChanges) {
      const contact = this.contact(accountId);
      if (contact === undefined) continue;
      changes.push({ put: "contact", record: contact });
      // Another chat with them may have learned something meanwhile.
      this.after.push(() => core.contacts.set(accountId, { ...contact, ...core.contacts.get(accountId), ...part }));
    }
    if (state.roster !== before.roster) {
      changes.push({ put: "part", record: rosterToPart(this.id, state.roster, core.clock.now()) });
    }
    if (state.record !== before.record || state.shared !== before.shared || state.log !== before.log) {
      const log = state.log === before.log ? state.record.log : encodeLog(state.log);
      const shared = state.shared === before.shared ? state.record.shared : encodeShared(state.shared);
      this.setRecord({ log, shared });
      changes.push({ put: "conversation", record: this.state.record });
    }
    return changes;
  }
}

function groupChange({ cipher }: SessionCore, { record, group }: ChatState, before: ChatState): StoreChange {
  const saved = cipher.save(group);
  // The epoch part is one object until the group goes on, or back to where another branch has the same number.
  return saved.epochPart === cipher.saveEpoch(before.group)
    ? { ratchet: record.id, ratchetPart: saved.ratchetPart }
    : { put: "group", record: { conversationId: record.id, ...saved } };
}
