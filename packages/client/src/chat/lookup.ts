/** What a step reads of the events that are there: those in the store, as the step has changed them so far. */
import type { Hex, Lookup, SequenceRange } from "@xchat/protocol";
import type { EventRecord, Store } from "../ports.ts";
import type { Step } from "./step.ts";

const PAGE = 200;

interface EventPlace {
  readonly author: Hex;
  readonly sequence: number;
}

/**
 * What the store had of the events of this chat when the step began: nobody else writes them meanwhile, so that each is read
 * once.
 */
export class StoredEvents {
  readonly #store: Store;
  readonly #chat: string;
  readonly #byId = new Map<Hex, EventRecord | null>();
  readonly #byPosition = new Map<string, EventRecord | null>();

  constructor(store: Store, chat: string) {
    this.#store = store;
    this.#chat = chat;
  }

  /** From here on `byId` and `at` know them. */
  async read(ids: readonly Hex[], positions: readonly EventPlace[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#byId.has(id));
    if (unknown.length > 0) {
      for (const id of unknown) this.#byId.set(id, null);
      for (const event of await this.#store.eventsById(unknown)) this.#byId.set(event.id, event);
    }
    const wanted = Map.groupBy(
      positions.filter((place) => !this.#byPosition.has(placeName(place))),
      ({ author }) => author,
    );
    for (const [author, places] of wanted)
      await this.#readPlaces(author, new Set(places.map(({ sequence }) => sequence)));
  }

  byId(id: Hex): EventRecord | null {
    return this.#byId.get(id) ?? null;
  }

  at(place: EventPlace): EventRecord | null {
    return this.#byPosition.get(placeName(place)) ?? null;
  }

  /** What follows closely comes with one page. */
  async #readPlaces(author: Hex, sequences: ReadonlySet<number>): Promise<void> {
    const left = [...sequences].toSorted((a, b) => a - b);
    for (let first = left[0]; first !== undefined; first = left[0]) {
      const page = await this.#store.eventsOfAuthor(this.#chat, author, first, left.length);
      const found = new Map(page.toReversed().map((event) => [event.sequence, event]));
      const last = page.length < left.length ? Infinity : (page.at(-1)?.sequence ?? Infinity);
      while (left[0] !== undefined && left[0] <= last) {
        const sequence = left.shift() as number;
        this.#byPosition.set(placeName({ author, sequence }), found.get(sequence) ?? null);
      }
    }
  }
}

const placeName = ({ author, sequence }: EventPlace): string => `${author}/${sequence}`;

/** Answers about shown events, read beforehand: a transition of the log does not wait. */
export async function lookupOf(step: Step, ids: readonly Hex[], position: EventPlace): Promise<Lookup> {
  const { stored, events } = step;
  await stored.read(ids, [position]);
  const isShown = ({ state, header, conversationId }: EventRecord): boolean =>
    state !== "pending" && header.length > 0 && conversationId === step.id;
  return {
    event: (id) => {
      const event = events.get(id) ?? stored.byId(id);
      return event !== null && isShown(event) ? event : null;
    },
    at: (author, sequence) => {
      const known = stored.at({ author, sequence });
      if (known !== null && isShown(events.get(known.id) ?? known)) return known.id;
      for (const event of events.values()) {
        if (event.sequence === sequence && event.author === author && isShown(event)) return event.id;
      }
      return null;
    },
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
