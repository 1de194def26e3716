/**
 * Acknowledgements and read positions, both ways, and what is due to be said.
 *
 * LS1 An acknowledgement names what this very step saves, never more.
 */
import { bytesToHex } from "@xchat/codec";
import {
  ackDueAt,
  markRead,
  nextAck,
  nextRepair,
  receiveAck,
  receiveRead,
  repairDueAt,
  type Ack,
  type Hex,
  type PayloadItem,
  type Position,
} from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import type { EventRecord } from "../ports.ts";
import { deviceCount, otherLeaves, positionFacts, toBytes, toPosition } from "./authors.ts";
import { take, type TakeCallbacks } from "./log-effects.ts";
import { alsoAt, lookupOf } from "./lookup.ts";
import { noticesOfGaps } from "./notices.ts";
import type { ChatState, Step } from "./step.ts";

/** Whose newest message lies further back has been told of it before, or is told with their next one. */
const READ_PAGE = 100;

/** `from`: leaf key of the sender, as MLS authenticated it. */
export async function takeAck(step: Step, from: Hex, ack: Ack, callbacks: TakeCallbacks): Promise<void> {
  const facts = {
    tip: ack.tip === null ? null : { sequence: ack.tip.sequence, id: bytesToHex(ack.tip.id) },
    entries: ack.entries.map((entry) => ({ ...positionFacts(entry), lacking: entry.lacking })),
  };
  const own = facts.entries.find(({ author }) => author === step.state.log.self);
  const ids = [own?.id, facts.tip?.id, ...ofFormer(step, facts.entries)].filter((id) => id !== undefined);
  const lookup = await lookupOf(step, ids, { author: step.state.log.self, sequence: own?.sequence ?? 0 });
  const withTip = facts.tip === null ? lookup : await alsoAt(step, lookup, from, facts.tip.sequence);
  await take(step, receiveAck(step.state.log, from, facts, withTip, step.core.clock.now()), callbacks);
}

/** LG18. */
function ofFormer({ state }: Step, entries: readonly { readonly author: Hex; readonly id: Hex }[]): readonly Hex[] {
  const former = new Set([...state.log.again.values()].map(({ author }) => author));
  return entries.filter(({ author }) => former.has(author)).map(({ id }) => id);
}

export async function takeRead(
  step: Step,
  from: Hex,
  positions: readonly Position[],
  callbacks: TakeCallbacks,
): Promise<void> {
  const facts = positions.map(positionFacts);
  const own = facts.find(({ author }) => author === step.state.log.self);
  if (own === undefined) return;
  const lookup = await lookupOf(step, [own.id], { author: own.author, sequence: own.sequence });
  await take(step, receiveRead(step.state.log, from, facts, lookup), callbacks);
}

/** Notes how far the person has read; it is said with the next acknowledgement. */
export async function noteRead(step: Step, upTo: EventRecord): Promise<void> {
  const others = new Set(otherLeaves(step.state));
  // The position itself belongs to what has been read: a position just behind it in the order of the chat.
  const page = await step.core.store.eventsBefore(step.id, { depth: upTo.depth, id: `${upTo.id}~` }, READ_PAGE);
  const newest = new Map<Hex, EventRecord>();
  for (const event of page.events)
    if (event.kind !== "lost" && others.has(event.author)) newest.set(event.author, event);
  for (const [author, { sequence, id }] of newest) {
    step.set({ log: markRead(step.state.log, { author, sequence, id }, step.core.clock.now()) });
  }
}

// ---- what is due

/** Items to be said now. With `isSpeaking` a message goes out anyway, and what is nearly due goes along. */
export async function dueItems(step: Step, isSpeaking: boolean): Promise<readonly PayloadItem[]> {
  const now = step.core.clock.now();
  const repair = nextRepair(step.state.log, {
    now,
    members: otherLeaves(step.state),
    random: randomFraction(step.core.provider),
  });
  await take(step, repair);
  const items: PayloadItem[] = isSpeaking ? [] : step.replies.splice(0);
  const due = nextAck(step.state.log, {
    now,
    memberCount: deviceCount(step.state),
    isPiggyback: isSpeaking || items.length > 0,
  });
  step.set({ log: due.log });
  if (due.outgoing === null) return items;
  const { ack, read } = due.outgoing;
  if (ack !== null) items.push({ kind: "ack", ack: ackItem(ack) });
  if (read.length > 0) items.push({ kind: "read", positions: read.map(toPosition) });
  return items;
}

/** When `dueItems` has something to say next; null when nothing is waiting. What became due during the step is past. */
export function nextDue(state: ChatState, now: number): number | null {
  const { log } = state;
  const times = [ackDueAt(log, { now, memberCount: deviceCount(state) }), repairDueAt(log, now)].filter(
    (time) => time !== null,
  );
  return times.length === 0 ? null : Math.min(...times);
}

/** Tells what has become of gaps in this step. */
export function noteGaps(step: Step, before: ChatState): void {
  const { log, shared } = step.state;
  if (log === before.log) return;
  const notices = noticesOfGaps(shared.notices, log, step.givenUp, step.core.clock.now());
  if (notices !== shared.notices) step.setShared({ notices });
}

const ackItem = (ack: NonNullable<NonNullable<ReturnType<typeof nextAck>["outgoing"]>["ack"]>): Ack => ({
  tip: ack.tip === null ? null : { sequence: ack.tip.sequence, id: toBytes(ack.tip.id) },
  entries: ack.entries.map((entry) => ({ ...toPosition(entry), lacking: entry.lacking })),
});
