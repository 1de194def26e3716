/**
 * One step of a chat: what it changes is gathered here, saved as one transaction, and only then becomes the state and
 * leaves the device (creed: saved before sent, acknowledged after saved).
 */
import { bytesToHex, concatBytes } from "@xchat/codec";
import {
  encodeLog,
  encodePayload,
  envelopeHash,
  sealEnvelopes,
  type Group,
  type Log,
  type PayloadItem,
  type Reassembly,
} from "@xchat/protocol";
import { encodeItem, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import type { ConversationRecord, EventRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { epochToRecords, MAILBOX_LIFETIME, type Epoch } from "./epochs.ts";
import { encodeShared, type Shared } from "./shared.ts";

export interface ChatState {
  readonly record: ConversationRecord;
  readonly shared: Shared;
  readonly log: Log;
  readonly group: Group;
  /** Ascending; the last is the present one. */
  readonly epochs: readonly Epoch[];
  readonly reassembly: Reassembly;
}

export type Purpose = MessageItem["purpose"];

/** Ephemeral things need not outlive a minute. */
const NOTICE_LIFETIME = 10 * 60_000;

export class Step {
  readonly core: SessionCore;
  readonly changes: StoreChange[] = [];
  /** Runs after the step is saved, in order. */
  readonly after: (() => void)[] = [];
  readonly events = new Map<string, EventRecord>();
  /** Events that came in this step, before the log has placed them. */
  readonly arrived = new Map<string, EventRecord>();
  /** To be said with what is sent next; lost with the step if nothing can be sent: it is asked for again. */
  readonly replies: PayloadItem[] = [];
  state: ChatState;
  readonly #before: ChatState;

  constructor(core: SessionCore, state: ChatState) {
    this.core = core;
    this.state = state;
    this.#before = state;
  }

  get id(): string {
    return this.state.record.id;
  }

  get epoch(): Epoch {
    return this.state.epochs.at(-1) as Epoch;
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
  enterEpoch(group: Group, epoch: Epoch): void {
    const retireAt = this.core.clock.now() + MAILBOX_LIFETIME;
    const past = this.state.epochs.map((one) => (one.retireAt === 0 ? { ...one, retireAt } : one));
    this.set({ group, epochs: [...past, epoch] });
    for (const one of [...past.slice(-1), epoch]) {
      for (const record of epochToRecords(this.id, one)) this.changes.push({ put: "mailbox", record });
    }
  }

  /** Seals items to the present epoch and puts them into the outbox. */
  async seal(items: readonly PayloadItem[], purpose: Exclude<Purpose, "commit">, eventId = ""): Promise<OutboxEntry> {
    const { cipher } = this.core;
    const { message, group } = await cipher.seal(this.state.group, encodePayload(items), new Uint8Array(0));
    this.set({ group });
    return this.enqueue(await sealEnvelopes(this.core.provider, this.epoch.wrapKey, message), purpose, eventId);
  }

  /** Puts sealed envelopes of the present epoch into the outbox; own ones need not be opened when they come back. */
  enqueue(envelopes: readonly Uint8Array[], purpose: Purpose, eventId: string): OutboxEntry {
    const { clock, provider } = this.core;
    const now = clock.now();
    const item: MessageItem = {
      kind: "message",
      purpose,
      eventId,
      epoch: this.epoch.epoch,
      envelopes,
      targets: this.epoch.nodes.map(({ hint, mailbox }) => ({ hint, ...mailbox, isStored: false })),
      expiresAt: now + (purpose === "notice" ? NOTICE_LIFETIME : MAILBOX_LIFETIME),
    };
    const id = bytesToHex(provider.sha256(concatBytes(...envelopes)));
    const record = {
      id,
      conversationId: this.id,
      sequence: this.core.nextSequence(),
      item: encodeItem(item),
      createdAt: now,
    };
    this.changes.push({ put: "outbox", record });
    this.seen(envelopes.map((envelope) => bytesToHex(envelopeHash(provider, envelope))));
    return { record, item };
  }

  seen(hashes: readonly string[]): void {
    if (hashes.length > 0) this.changes.push({ seen: hashes, until: this.core.clock.now() + MAILBOX_LIFETIME });
  }

  /** All changes of the step, those of the state included. */
  allChanges(): readonly StoreChange[] {
    const { state, core } = this;
    const before = this.#before;
    const changes: StoreChange[] = [...this.changes];
    if (state.group !== before.group) changes.push(groupChange(core, state, before));
    for (const record of this.events.values()) changes.push({ put: "event", record });
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
  return group.epoch === before.group.epoch
    ? { ratchet: record.id, ratchetPart: saved.ratchetPart }
    : { put: "group", record: { conversationId: record.id, ...saved } };
}
