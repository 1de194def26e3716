/** What a step reads of the events that are there: those in the store, as the step has changed them so far. */
import type { Hex, Lookup, SequenceRange } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import type { Step } from "./step.ts";

const PAGE = 200;

/** Answers about shown events, read beforehand: a transition of the log does not wait. */
export async function lookupOf(
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
    ({ state, header, conversationId }) => state !== "pending" && header.length > 0 && conversationId === step.id,
  );
  const byId = new Map(shown.map((event) => [event.id, event]));
  return {
    event: (id) => byId.get(id) ?? null,
    at: (author, sequence) => shown.find((event) => event.author === author && event.sequence === sequence)?.id ?? null,
  };
}

/** A lookup that can also answer for one more position. */
export async function alsoAt(step: Step, lookup: Lookup, author: Hex, sequence: number): Promise<Lookup> {
  const more = await lookupOf(step, [], { author, sequence });
  return {
    event: (id) => lookup.event(id) ?? more.event(id),
    at: (who, number) => lookup.at(who, number) ?? more.at(who, number),
  };
}

export async function ownEvents(step: Step, ranges: readonly SequenceRange[]): Promise<readonly EventRecord[]> {
  const author = step.state.log.self;
  const found = new Map<string, EventRecord>();
  for (const { from, to } of ranges) {
    for (let next = from; next <= to;) {
      const page = await step.core.store.eventsOfAuthor(step.id, author, next, PAGE);
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
