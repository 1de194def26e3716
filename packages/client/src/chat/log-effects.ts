/** What the transitions of the log say, done with the records of a step. The log itself is pure (protocol/log). */
import type { Hex, LogEffect, LogStep, SequenceRange } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { wantOf } from "./gaps.ts";
import { ownEvents } from "./lookup.ts";
import { noticesOfEffects } from "./notices.ts";
import type { Step } from "./step.ts";

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
    case "read":
      return readUpTo(step, effect.upTo, via);
    default:
      // Gaps are counted from the log, and what is refused leaves a notice and nothing else.
      return;
  }
}

async function show(step: Step, { id, depth }: Extract<LogEffect, { kind: "show" }>): Promise<void> {
  const record = step.arrived.get(id) ?? (await step.event(id));
  if (record === null) return;
  step.putEvent({ ...record, depth, state: "shown" });
  step.setRecord({ activeAt: Math.max(step.state.record.activeAt, record.receivedAt) });
}

async function giveUp(step: Step, id: Hex): Promise<void> {
  step.givenUp.add(id);
  const record = await step.event(id);
  if (record?.kind === "lost") step.putEvent({ ...record, delivery: "given-up" });
}

async function delivered(
  step: Step,
  ranges: readonly SequenceRange[],
  via: "direct" | "nodes",
  onDelivered?: (eventIds: ReadonlySet<Hex>) => void,
): Promise<void> {
  const events = await ownEvents(step, ranges);
  for (const event of events) {
    if (event.delivery === "queued" || event.delivery === "stored") {
      step.putEvent({ ...event, delivery: "delivered", via: wayOf(event, via) });
    }
  }
  onDelivered?.(new Set(events.map(({ id }) => id)));
}

async function readUpTo(step: Step, upTo: number, via: "direct" | "nodes"): Promise<void> {
  const { readCount } = step.state.shared;
  for (const event of await ownEvents(step, [{ from: readCount, to: upTo }])) {
    step.putEvent({ ...event, delivery: "read", via: event.via === "" ? wayOf(event, via) : event.via });
  }
  step.setShared({ readCount: Math.max(readCount, upTo + 1) });
}

/** How an own event went: what a node has stored went there, whichever way the word of its arrival came. */
const wayOf = ({ delivery }: EventRecord, ofTheWord: "direct" | "nodes"): "direct" | "nodes" =>
  delivery === "stored" ? "nodes" : ofTheWord;

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
