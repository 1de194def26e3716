/** What the transitions of the log say, done with the records of a step. The log itself is pure (protocol/log). */
import {
  nothingMoreOf,
  rightsAt,
  type Hex,
  type LogEffect,
  type LogStep,
  type RightsHistory,
  type SequenceRange,
} from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { wantOf } from "./gaps.ts";
import { ownAccount } from "./authors.ts";
import { againReachOf, stepReach, takenBack, withReach } from "./deliveries.ts";
import { ownEvents } from "./lookup.ts";
import { noticesOfEffects } from "./notices.ts";
import type { Step } from "./step.ts";

/** So many own events are looked at again where one member has read nothing for long, and when somebody has left. */
const MAX_READ_BACK = 1_000;

export interface TakeCallbacks {
  readonly via?: "direct" | "nodes";
  readonly onDelivered?: (eventIds: ReadonlySet<string>) => void;
}

/** Takes the log as a transition left it, and does what it says. */
export async function take(step: Step, { log, effects }: LogStep, callbacks: TakeCallbacks = {}): Promise<void> {
  step.set({ log });
  for (const effect of effects) await perform(step, effect, callbacks);
  const { notices } = step.state.shared;
  const told = noticesOfEffects(notices, effects, log, step.core.clock.now());
  if (told !== notices) step.setShared({ notices: told });
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
    case "lost":
      return giveUp(step, effect.id);
    case "want":
      step.replies.push({ kind: "want", want: wantOf(effect) });
      return;
    case "delivered":
      return delivered(step, effect.ranges, via, onDelivered);
    case "delivered-again":
      return deliveredAgain(step, effect.ids, via, onDelivered);
    case "read":
      return readUpTo(step, effect.upTo, via);
    case "equivocation":
      step.forkedAuthors.push(effect.author);
      return;
    case "behind":
      step.isCopied = true;
      return;
    default:
      // Gaps are counted from the log, and what is refused leaves a notice and nothing else.
      return;
  }
}

async function show(step: Step, { id, depth }: Extract<LogEffect, { kind: "show" }>): Promise<void> {
  const record = step.arrived.get(id) ?? (await step.event(id));
  if (record === null) return;
  if (step.state.side.state.kind === "devices" && record.author !== step.state.log.self) {
    step.core.siblings.heard(step, { ...record, depth });
  }
  // Who may not write may still react and delete (GR25): what each event is worth is judged with what it is about.
  step.putEvent({ ...record, depth, state: "shown" });
  step.content.placed.add(id);
  const isWritten = record.row === "counted" && mayBeShown(step.state.roster.rights, record);
  if (isWritten) step.setRecord({ activeAt: Math.max(step.state.record.activeAt, record.receivedAt) });
}

/** LG15, GR25: what its author had no right to say is known to the log, so that what cites it finds it, and shown to nobody. */
export const mayBeShown = (rights: RightsHistory, { author, sequence }: EventRecord): boolean =>
  rightsAt(rights, author, sequence).say === "write";

async function giveUp(step: Step, id: Hex): Promise<void> {
  step.givenUp.add(id);
  const record = await step.event(id);
  if (record?.kind === "lost") step.putEvent({ ...record, delivery: "given-up" });
}

/** What has been acknowledged is looked at again with what the others have said. */
async function delivered(
  step: Step,
  ranges: readonly SequenceRange[],
  via: "direct" | "nodes",
  onDelivered?: (eventIds: ReadonlySet<Hex>) => void,
): Promise<void> {
  const reach = stepReach(step);
  const events = await ownEvents(step, ranges);
  for (const event of events) {
    const reached = withReach(event, reach, via);
    const now = reach.isEverywhere(event.sequence) ? takenBack(reached, step.epoch.nodes.length) : reached;
    if (now !== event) step.putEvent(now);
  }
  onDelivered?.(new Set(events.filter(({ sequence }) => reach.isEverywhere(sequence)).map(({ id }) => id)));
}

/** LG18. */
async function deliveredAgain(
  step: Step,
  ids: readonly Hex[],
  via: "direct" | "nodes",
  onDelivered?: (eventIds: ReadonlySet<Hex>) => void,
): Promise<void> {
  const everywhere = new Set<Hex>();
  for (const id of ids) {
    const event = await step.event(id);
    if (event === null) continue;
    const reach = againReachOf(step.state, ownAccount(step.core), event);
    const isOpen = event.delivery === "queued" || event.delivery === "stored";
    if (reach.isDelivered && isOpen) {
      const way = event.via === "" ? (event.delivery === "stored" ? "nodes" : via) : event.via;
      step.putEvent({ ...event, delivery: "delivered", via: way });
    } else if (reach.isEverywhere) step.putEvent(takenBack(event, step.epoch.nodes.length));
    if (reach.isEverywhere) everywhere.add(id);
  }
  step.set({ log: nothingMoreOf(step.state.log, [...everywhere]) });
  if (everywhere.size > 0) onDelivered?.(everywhere);
}

async function readUpTo(step: Step, upTo: number, via: "direct" | "nodes"): Promise<void> {
  const { readCount } = step.state.shared;
  const reach = stepReach(step);
  let next = readCount;
  const range = { from: Math.max(readCount, upTo - MAX_READ_BACK), to: upTo };
  for (const event of (await ownEvents(step, [range])).toSorted(bySequence)) {
    const now = withReach(event, reach, via);
    if (now !== event) step.putEvent(now);
    if (event.sequence === next && now.delivery === "read") next++;
  }
  if (next > readCount) step.setShared({ readCount: next });
}

const bySequence = (a: EventRecord, b: EventRecord): number => a.sequence - b.sequence;

/** After somebody has left: what waited for their word alone waits no longer. */
export async function reviewDeliveries(step: Step): Promise<void> {
  const newest = step.state.log.authors.get(step.state.log.self)?.tip?.sequence ?? -1;
  const range = { from: Math.max(step.state.shared.readCount, newest - MAX_READ_BACK), to: newest };
  if (range.to >= range.from) await delivered(step, [range], "nodes");
  await deliveredAgain(step, [...step.state.log.again.keys()], "nodes");
}

const lostRecord = (
  step: Step,
  { id, depth, author, from, to }: Extract<LogEffect, { kind: "placeholder" }>,
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
  delivery: "asked",
  storedCount: 0,
  storedOf: author === null ? 0 : to - from + 1,
  via: "",
  row: "counted",
  target: "",
  replaces: "",
  readAt: 0,
  disappearsAt: 0,
});
