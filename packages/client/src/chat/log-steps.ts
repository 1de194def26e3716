/**
 * What the log means for a step: own events, events of others and the gaps between them, acknowledgements and read
 * positions, and what is due to be said. The log itself is pure (protocol/log); here its answers become records.
 *
 * LS1 An acknowledgement names what this very step saves, never more.
 * LS2 Whatever a peer sends is judged by the log before it is kept; what it refuses leaves no trace.
 */
import { bytesToHex, equalBytes, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdToBytes,
  answerWant,
  appended,
  createEvent,
  decodeEvent,
  encodeEvent,
  encodeMessageContent,
  eventFacts,
  lookupKeys,
  markRead,
  MAX_PAYLOAD_BYTES,
  nextAck,
  nextRepair,
  parseAccountId,
  prepareOwn,
  receiveAck,
  receiveEvent,
  receiveRead,
  textContent,
  verifyEvent,
  type Ack,
  type EventAuthor,
  type Hex,
  type LogEffect,
  type LogStep,
  type Lookup,
  type Member,
  type PayloadItem,
  type Position,
  type PositionFacts,
  type SequenceRange,
  type Want,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { randomFraction } from "../base/backoff.ts";
import type { EventRecord } from "../ports.ts";
import { eventToRecord } from "./event-records.ts";
import type { ChatState, Step } from "./step.ts";

const GIVE_BUDGET = MAX_PAYLOAD_BYTES - 8_192;
const PAIR = 2;

export interface ItemCallbacks {
  readonly via: "direct" | "nodes";
  readonly onSignal: (item: Extract<PayloadItem, { kind: "signal" }>) => void;
  readonly onConsent: () => void;
  readonly onDelivered: (eventIds: ReadonlySet<string>) => void;
}

/** Signs and shows an own message. The caller seals it. */
export async function appendOwn(step: Step, text: string): Promise<EventRecord> {
  const { provider, cipher, clock } = step.core;
  const { sequence, depth, previous, parents } = prepareOwn(step.state.log);
  const event = await createEvent(
    provider,
    {
      conversation: toBytes(step.state.log.conversation),
      author: ownAuthor(step),
      sequence,
      depth,
      previous: previous === null ? null : toBytes(previous),
      parents: parents.map(toBytes),
      sentAt: clock.now(),
      kind: "content",
      content: encodeMessageContent(textContent({ salt: provider.randomBytes(16), text })),
    },
    cipher.ownLeafKey(step.state.group).secretKey,
  );
  const record = eventToRecord({
    conversationId: step.id,
    event,
    state: "shown",
    isOwn: true,
    receivedAt: clock.now(),
    via: "",
  });
  step.putEvent(record);
  await take(step, appended(step.state.log, eventFacts(event), clock.now()));
  return record;
}

/** Takes what the other device said. */
export async function applyItems(
  step: Step,
  sender: Member,
  items: readonly PayloadItem[],
  callbacks: ItemCallbacks,
): Promise<void> {
  // Whoever else may come to be in the group: a chat of two listens to the other one only.
  if (!equalBytes(sender.signatureKey, step.state.shared.peerLeafKey)) return;
  for (const item of items) await applyItem(step, item, callbacks);
}

async function applyItem(step: Step, item: PayloadItem, callbacks: ItemCallbacks): Promise<void> {
  const { shared } = step.state;
  switch (item.kind) {
    case "event":
      return takeEvent(step, item.event, callbacks);
    case "give":
      for (const event of item.events) await takeEvent(step, event, callbacks);
      return;
    case "ack":
      return takeAck(step, item.ack, callbacks);
    case "read":
      return takeRead(step, item.positions, callbacks);
    case "want":
      return giveWanted(step, item.want);
    case "signal":
      return callbacks.onSignal(item);
    case "direct-consent":
      if (item.revision <= shared.theirConsentRevision) return;
      step.setShared({ theyMayDirect: item.isAllowed, theirConsentRevision: item.revision });
      return callbacks.onConsent();
    case "profile":
      return takeName(step, item.name, item.revision);
    default:
      // Chains come with several devices; unknown kinds are a later version's.
      return;
  }
}

// ---- events

async function takeEvent(step: Step, encoded: Uint8Array, callbacks: ItemCallbacks): Promise<void> {
  const { provider, clock } = step.core;
  const decoded = decodeEvent(provider, encoded);
  if (!decoded.ok) return;
  const event = decoded.value;
  const facts = eventFacts(event);
  const isOwn = facts.author === step.state.log.self;
  if (!(await verifyEvent(provider, event, isOwn ? ownAuthor(step) : peerAuthor(step)))) return;
  const { via } = callbacks;
  const input = { conversationId: step.id, event, state: "pending", isOwn, receivedAt: clock.now(), via } as const;
  const record = eventToRecord(input);
  const { ids, position } = lookupKeys(facts);
  step.arrived.set(record.id, record);
  await take(step, receiveEvent(step.state.log, facts, await lookupOf(step, ids, position), clock.now()), callbacks);
}

/** Answers about shown events, read beforehand: a transition of the log does not wait. */
async function lookupOf(
  step: Step,
  ids: readonly Hex[],
  position: { readonly author: Hex; readonly sequence: number },
): Promise<Lookup> {
  const { store } = step.core;
  const known = new Map((await store.eventsById(ids)).map((event) => [event.id, event]));
  for (const event of await store.eventsOfAuthor(step.id, position.author, position.sequence, 1)) {
    known.set(event.id, event);
  }
  for (const event of step.events.values()) known.set(event.id, event);
  const shown = [...known.values()].filter(
    ({ state, kind, conversationId }) => state === "shown" && kind !== "lost" && conversationId === step.id,
  );
  const byId = new Map(shown.map((event) => [event.id, event]));
  return {
    event: (id) => byId.get(id) ?? null,
    at: (author, sequence) => shown.find((event) => event.author === author && event.sequence === sequence)?.id ?? null,
  };
}

type TakeCallbacks = Partial<Pick<ItemCallbacks, "via" | "onDelivered">>;

/** Takes the log as a transition left it, and does what it says. */
async function take(step: Step, { log, effects }: LogStep, callbacks: TakeCallbacks = {}): Promise<void> {
  step.set({ log });
  for (const effect of effects) await perform(step, effect, callbacks);
}

async function perform(step: Step, effect: LogEffect, { via = "nodes", onDelivered }: TakeCallbacks): Promise<void> {
  switch (effect.kind) {
    case "show":
      return show(step, effect);
    case "hold": {
      const record = step.arrived.get(effect.id);
      if (record !== undefined) step.putEvent(record);
      return;
    }
    case "drop":
      step.events.delete(effect.id);
      step.changes.push({ delete: "event", key: effect.id });
      return;
    case "placeholder":
      step.putEvent(lostRecord(step, effect));
      return;
    case "want":
      step.replies.push({ kind: "want", want: wantOf(effect) });
      return;
    case "delivered": {
      const events = await ownEvents(step, effect.ranges);
      for (const event of events) {
        if (event.delivery === "queued" || event.delivery === "stored") {
          step.putEvent({ ...event, delivery: "delivered", via });
        }
      }
      onDelivered?.(new Set(events.map(({ id }) => id)));
      return;
    }
    case "read":
      return readUpTo(step, effect.upTo, via);
    default:
      // Gaps are counted from the log; duplicates and refusals leave nothing to do.
      return;
  }
}

async function show(step: Step, { id, depth }: Extract<LogEffect, { kind: "show" }>): Promise<void> {
  const record = step.arrived.get(id) ?? (await step.event(id));
  if (record === null) return;
  step.putEvent({ ...record, depth, state: "shown" });
  step.setRecord({ activeAt: Math.max(step.state.record.activeAt, record.receivedAt) });
}

const lostRecord = (
  step: Step,
  { id, depth, author, to }: Extract<LogEffect, { kind: "placeholder" }>,
): EventRecord => ({
  id,
  conversationId: step.id,
  author: author ?? "",
  sequence: to,
  depth,
  state: "shown",
  isOwn: author === step.state.log.self,
  sentAt: step.core.clock.now(),
  receivedAt: step.core.clock.now(),
  kind: "lost",
  text: "",
  header: new Uint8Array(0),
  body: null,
  delivery: "",
  storedCount: 0,
  storedOf: 0,
  via: "",
});

// ---- gaps

const wantOf = ({ asked, ids, ranges }: Extract<LogEffect, { kind: "want" }>): Want => ({
  asked: toBytes(asked),
  ids: ids.map(toBytes),
  ranges: ranges.map(({ author, from, to }) => ({ author: toBytes(author), from, to })),
});

/** Answers within what the log grants: no asker can make this device work for ever. */
async function giveWanted(step: Step, want: Want): Promise<void> {
  const { store, clock } = step.core;
  const granted = answerWant(
    step.state.log,
    {
      from: bytesToHex(step.state.shared.peerLeafKey),
      asked: bytesToHex(want.asked),
      ids: want.ids.map(bytesToHex),
      ranges: want.ranges.map(({ author, from, to }) => ({ author: bytesToHex(author), from, to })),
    },
    clock.now(),
  );
  step.set({ log: granted.log });
  const found = new Map<string, EventRecord>();
  for (const event of await store.eventsById(granted.ids)) found.set(event.id, event);
  for (const { author, from, to } of granted.ranges) {
    for (const event of await store.eventsOfAuthor(step.id, author, from, to - from + 1)) {
      if (event.sequence <= to) found.set(event.id, event);
    }
  }
  const events: Uint8Array[] = [];
  let size = 0;
  for (const event of [...found.values()].toSorted((a, b) => a.depth - b.depth)) {
    if (event.kind === "lost" || event.conversationId !== step.id) continue;
    const encoded = encodeEvent({ signedHeader: event.header, bodyBytes: event.body });
    size += encoded.length + 16;
    if (size > GIVE_BUDGET) break;
    events.push(encoded);
  }
  if (events.length > 0) step.replies.push({ kind: "give", events });
}

// ---- acknowledgements

async function takeAck(step: Step, ack: Ack, callbacks: ItemCallbacks): Promise<void> {
  const facts = {
    tip: ack.tip === null ? null : { sequence: ack.tip.sequence, id: bytesToHex(ack.tip.id) },
    entries: ack.entries.map((entry) => ({ ...positionFacts(entry), lacking: entry.lacking })),
  };
  const own = facts.entries.find(({ author }) => author === step.state.log.self);
  const from = bytesToHex(step.state.shared.peerLeafKey);
  const ids = [own?.id, facts.tip?.id].filter((id) => id !== undefined);
  const lookup = await lookupOf(step, ids, { author: step.state.log.self, sequence: own?.sequence ?? 0 });
  const withTip = facts.tip === null ? lookup : await alsoAt(step, lookup, from, facts.tip.sequence);
  await take(step, receiveAck(step.state.log, from, facts, withTip, step.core.clock.now()), callbacks);
}

/** A lookup that can also answer for one more position. */
async function alsoAt(step: Step, lookup: Lookup, author: Hex, sequence: number): Promise<Lookup> {
  const more = await lookupOf(step, [], { author, sequence });
  return {
    event: (id) => lookup.event(id) ?? more.event(id),
    at: (who, number) => lookup.at(who, number) ?? more.at(who, number),
  };
}

async function takeRead(step: Step, positions: readonly Position[], callbacks: ItemCallbacks): Promise<void> {
  const facts = positions.map(positionFacts);
  const own = facts.find(({ author }) => author === step.state.log.self);
  if (own === undefined) return;
  const from = bytesToHex(step.state.shared.peerLeafKey);
  const lookup = await lookupOf(step, [own.id], { author: own.author, sequence: own.sequence });
  await take(step, receiveRead(step.state.log, from, facts, lookup), callbacks);
}

async function readUpTo(step: Step, upTo: number, via: "direct" | "nodes"): Promise<void> {
  const { readCount } = step.state.shared;
  for (const event of await ownEvents(step, [{ from: readCount, to: upTo }])) {
    step.putEvent({ ...event, delivery: "read", via: event.via === "" ? via : event.via });
  }
  step.setShared({ readCount: Math.max(readCount, upTo + 1) });
}

async function ownEvents(step: Step, ranges: readonly SequenceRange[]): Promise<readonly EventRecord[]> {
  const author = step.state.log.self;
  const found = new Map<string, EventRecord>();
  for (const { from, to } of ranges) {
    for (let next = from; next <= to;) {
      const page = await step.core.store.eventsOfAuthor(step.id, author, next, 200);
      for (const event of page) if (event.sequence <= to) found.set(event.id, event);
      const last = page.at(-1);
      if (last === undefined) break;
      next = last.sequence + 1;
    }
    for (const event of step.events.values()) {
      if (event.author === author && event.sequence >= from && event.sequence <= to) found.set(event.id, event);
    }
  }
  return [...found.values()];
}

/** Notes how far the person has read; it is said with the next acknowledgement. */
export async function noteRead(step: Step, upTo: EventRecord): Promise<void> {
  const author = bytesToHex(step.state.shared.peerLeafKey);
  // The position itself belongs to what has been read: a position just behind it in the order of the chat.
  const page = await step.core.store.eventsBefore(step.id, { depth: upTo.depth, id: `${upTo.id}~` }, 50);
  const theirs = page.events.findLast((event) => event.author === author && event.kind !== "lost");
  if (theirs === undefined) return;
  const { sequence, id } = theirs;
  step.set({ log: markRead(step.state.log, { author, sequence, id }, step.core.clock.now()) });
}

// ---- what is due

/** Items to be said now. With `isSpeaking` a message goes out anyway, and what is nearly due goes along. */
export async function dueItems(step: Step, isSpeaking: boolean): Promise<readonly PayloadItem[]> {
  const now = step.core.clock.now();
  const repair = nextRepair(step.state.log, {
    now,
    members: [bytesToHex(step.state.shared.peerLeafKey)],
    random: randomFraction(step.core.provider),
  });
  await take(step, repair);
  const items: PayloadItem[] = isSpeaking ? [] : step.replies.splice(0);
  const due = nextAck(step.state.log, { now, memberCount: PAIR, isPiggyback: isSpeaking || items.length > 0 });
  step.set({ log: due.log });
  if (due.outgoing === null) return items;
  const { ack, read } = due.outgoing;
  if (ack !== null) items.push({ kind: "ack", ack: ackItem(ack) });
  if (read.length > 0) items.push({ kind: "read", positions: read.map(toPosition) });
  return items;
}

/** When `dueItems` has something to say next; null when nothing is waiting. */
export function nextDue({ log, shared }: ChatState, now: number): number | null {
  const members = [bytesToHex(shared.peerLeafKey)];
  const times = [
    nextAck(log, { now, memberCount: PAIR, isPiggyback: false }).wakeAt,
    nextRepair(log, { now, members, random: 0 }).wakeAt,
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

// ---- people

function takeName(step: Step, name: string, revision: number): void {
  if (revision <= step.state.shared.theirProfileRevision) return;
  step.setShared({ theirProfileRevision: revision });
  const contact = step.core.contacts.get(step.state.record.accountId);
  if (contact === undefined || contact.name === name) return;
  const renamed = { ...contact, name };
  step.changes.push({ put: "contact", record: renamed });
  step.after.push(() => step.core.contacts.set(contact.accountId, renamed));
}

const ownAuthor = (step: Step): EventAuthor => ({
  account: accountBytes(step.core.profile().accountId),
  leafKey: toBytes(step.state.log.self),
});

const peerAuthor = (step: Step): EventAuthor => ({
  account: accountBytes(step.state.record.accountId),
  leafKey: step.state.shared.peerLeafKey,
});

function accountBytes(text: string): Uint8Array {
  const id = parseAccountId(text);
  if (!id.ok) throw new IntentError("store-damaged");
  return accountIdToBytes(id.value);
}

// ---- the log speaks hex, the wire bytes

const toBytes = (hex: Hex): Uint8Array => expectOk(hexToBytes(hex), "id of the log");

const positionFacts = ({ author, sequence, id }: Position): PositionFacts => ({
  author: bytesToHex(author),
  sequence,
  id: bytesToHex(id),
});

const toPosition = ({ author, sequence, id }: PositionFacts): Position => ({
  author: toBytes(author),
  sequence,
  id: toBytes(id),
});

const ackItem = (ack: NonNullable<NonNullable<ReturnType<typeof nextAck>["outgoing"]>["ack"]>): Ack => ({
  tip: ack.tip === null ? null : { sequence: ack.tip.sequence, id: toBytes(ack.tip.id) },
  entries: ack.entries.map((entry) => ({ ...toPosition(entry), lacking: entry.lacking })),
});
