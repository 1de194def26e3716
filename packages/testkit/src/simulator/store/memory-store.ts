/**
 * The store port in memory, for simulations that make thousands of worlds. What a write has changed is seen at once and
 * becomes safe when it resolves, or when something is read (as in the real store, which commits before it reads). A
 * crash keeps what is safe and a prefix of the rest (S2 of the port).
 */
import {
  AFTER_READING,
  StoreError,
  type EventPage,
  type EventPosition,
  type EventRecord,
  type Store,
  type StoreChange,
  type StoreOpener,
  type TableName,
  type Tables,
} from "@xchat/client/ports";
import { searchQuery } from "@xchat/store-sqlite/search-text";
import { firstFrom, isBefore, MemoryTables, withOwnBytes, wordsOf, type Undo } from "./memory-tables.ts";

/** Where a store lies; it outlives whoever has it open. */
export class MemoryPlace {
  tables: MemoryTables | null = null;
  passphrase: string | null = null;
  isHeld = false;
  /** Given and not safe yet, oldest first. */
  readonly unsafe: { readonly undo: Undo }[] = [];

  /** The power goes: nobody holds it any more, and of what was not safe the first `kept` writes have made it. */
  crash(kept: (count: number) => number): void {
    for (const { undo } of this.unsafe.splice(kept(this.unsafe.length)).toReversed()) undo();
    this.unsafe.length = 0;
    this.isHeld = false;
  }

  /** As a copy of the disk has it. */
  image(): MemoryPlace {
    const image = new MemoryPlace();
    image.passphrase = this.passphrase;
    image.tables = this.tables?.copy() ?? null;
    return image;
  }
}

export interface MemoryStoreInput {
  readonly place: MemoryPlace;
  /** Calls when the disk has what was given; never at once. */
  readonly synced: (call: () => void) => void;
}

export function memoryOpener(input: MemoryStoreInput): StoreOpener {
  const { place } = input;
  return {
    state: async () => (place.tables === null ? "none" : place.passphrase === null ? "open-key" : "passphrase"),
    create: async (passphrase) => {
      if (place.tables !== null) throw new StoreError(place.isHeld ? "store-in-use" : "store-failed");
      place.tables = new MemoryTables();
      place.passphrase = passphrase;
      return new MemoryStore(input);
    },
    open: async (passphrase) => {
      if (place.tables === null) throw new StoreError("store-missing");
      if (place.isHeld) throw new StoreError("store-in-use");
      checkPassphrase(place, passphrase);
      return new MemoryStore(input);
    },
    destroy: async () => {
      if (place.isHeld) throw new StoreError("store-in-use");
      place.tables = null;
    },
  };
}

function checkPassphrase({ passphrase }: MemoryPlace, given: string | null): void {
  if (passphrase === given) return;
  throw new StoreError(given === null ? "passphrase-needed" : "wrong-passphrase");
}

class MemoryStore implements Store {
  readonly #place: MemoryPlace;
  readonly #synced: MemoryStoreInput["synced"];
  #isOpen = true;

  constructor({ place, synced }: MemoryStoreInput) {
    this.#place = place;
    this.#synced = synced;
    place.isHeld = true;
  }

  async write(changes: readonly StoreChange[], meanwhile?: () => Promise<void>): Promise<void> {
    const entry = { undo: this.#tables.apply(changes) };
    this.#place.unsafe.push(entry);
    await Promise.all([meanwhile?.(), new Promise<void>((resolve) => this.#synced(resolve))]);
    // In their order: what was given before is safe too.
    const { unsafe } = this.#place;
    const at = unsafe.indexOf(entry);
    if (at >= 0) unsafe.splice(0, at + 1);
  }

  async document(name: string): Promise<Uint8Array | null> {
    return this.#read().documents.get(name)?.slice() ?? null;
  }

  async all<T extends Exclude<TableName, "event" | "held" | "group">>(table: T): Promise<readonly Tables[T][]> {
    const records = [...this.#read().table(table).values()].map(withOwnBytes);
    const orderOf = (record: object): number => (record as { readonly sequence?: number }).sequence ?? 0;
    const nameOf = (record: object): string => String(Object.values(record)[0]);
    return records.toSorted((a, b) => orderOf(a) - orderOf(b) || compare(nameOf(a), nameOf(b)));
  }

  async get<T extends TableName>(table: T, key: string): Promise<Tables[T] | null> {
    const found = this.#read().table(table).get(key);
    return found === undefined ? null : withOwnBytes(found);
  }

  async seen(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    const { seen } = this.#read();
    return new Set(hashes.filter((hash) => seen.has(hash)));
  }

  async held(conversationId: string): Promise<readonly Tables["held"][]> {
    return (await this.#ofConversation("held", conversationId)).toSorted(
      (a, b) => a.expiresAt - b.expiresAt || compare(a.id, b.id),
    );
  }

  async parts(conversation: string, kinds: readonly string[]): Promise<readonly Tables["part"][]> {
    return [...this.#read().table("part").values()]
      .filter((part) => part.conversationId === conversation && kinds.includes(part.kind))
      .toSorted((a, b) => compare(a.id, b.id))
      .map(withOwnBytes);
  }

  async eventsBefore(conversation: string, before: EventPosition | null, limit: number): Promise<EventPage> {
    const shown = this.#shown(conversation);
    const end = before === null ? shown.length : firstFrom(shown, before);
    const start = Math.max(0, end - checkedLimit(limit));
    return page(shown, start, end, before === null ? { hasNewer: false } : {});
  }

  async eventsAfter(conversation: string, after: EventPosition, limit: number): Promise<EventPage> {
    const shown = this.#shown(conversation);
    let start = firstFrom(shown, after);
    const [first] = shown.slice(start, start + 1);
    if (first !== undefined && !isBefore(after, first)) start++;
    return page(shown, start, Math.min(shown.length, start + checkedLimit(limit)));
  }

  async eventsById(ids: readonly string[]): Promise<readonly EventRecord[]> {
    const events = this.#read().table("event");
    return [...new Set(ids)].flatMap((id) => {
      const found = events.get(id);
      return found === undefined ? [] : [withOwnBytes(found)];
    });
  }

  async eventsOfAuthor(
    conversation: string,
    author: string,
    fromSequence: number,
    limit: number,
  ): Promise<readonly EventRecord[]> {
    return this.#events(conversation)
      .filter((event) => event.author === author && event.sequence >= fromSequence)
      .toSorted((a, b) => a.sequence - b.sequence || compare(a.id, b.id))
      .slice(0, checkedLimit(limit))
      .map(withOwnBytes);
  }

  async pendingEvents(conversation: string): Promise<readonly EventRecord[]> {
    return this.#events(conversation)
      .filter(({ state }) => state === "pending")
      .toSorted((a, b) => a.receivedAt - b.receivedAt || compare(a.id, b.id))
      .map(withOwnBytes);
  }

  async eventsAbout(conversation: string, ids: readonly string[]): Promise<readonly EventRecord[]> {
    const about = new Set(ids.filter((id) => id !== ""));
    return this.#inOrder(conversation, ({ target, replaces }) => about.has(target) || about.has(replaces));
  }

  async pins(conversation: string, limit: number): Promise<readonly EventRecord[]> {
    const pins = this.#inOrder(conversation, ({ kind }) => kind === "pin");
    return pins.toReversed().slice(0, checkedLimit(limit));
  }

  async disappearing(conversation: string, limit: number): Promise<readonly EventRecord[]> {
    const hasLeft = (delivery: string): boolean => delivery !== "queued" && delivery !== "unsent";
    return this.#inOrder(conversation, ({ disappearsAt, delivery }) => disappearsAt > 0 && hasLeft(delivery))
      .toSorted((a, b) => a.disappearsAt - b.disappearsAt || compare(a.id, b.id))
      .slice(0, checkedLimit(limit));
  }

  async waitingForReading(conversation: string, upTo: EventPosition): Promise<readonly EventRecord[]> {
    return this.#inOrder(conversation, (event) => event.disappearsAt === AFTER_READING && !isBefore(upTo, event));
  }

  async marks(ids: readonly string[]): Promise<readonly Tables["mark"][]> {
    const marks = this.#read().table("mark");
    return [...new Set(ids)].flatMap((id) => marks.get(id) ?? []).map(withOwnBytes);
  }

  async starred(conversation: string | null, limit: number): Promise<readonly EventRecord[]> {
    const tables = this.#read();
    return [...tables.table("mark").values()]
      .filter((mark) => mark.isStarred && (conversation ?? mark.conversationId) === mark.conversationId)
      .toSorted((a, b) => b.changedAt - a.changedAt || compare(b.id, a.id))
      .flatMap(({ id }) => tables.table("event").get(id) ?? [])
      .filter((event) => isRow(event) && event.row === "counted")
      .slice(0, checkedLimit(limit))
      .map(withOwnBytes);
  }

  async summary(
    conversation: string,
    readUpTo: EventPosition | null,
  ): Promise<{ readonly last: EventRecord | null; readonly unread: number }> {
    const shown = this.#shown(conversation);
    const last = shown.at(-1);
    let unread = 0;
    for (let i = shown.length - 1; i >= 0; i--) {
      const event = shown[i] as EventRecord;
      if (readUpTo !== null && !isBefore(readUpTo, event)) break;
      if (!event.isOwn && event.row === "counted") unread++;
    }
    return { last: last === undefined ? null : withOwnBytes(last), unread };
  }

  async search(text: string, conversation: string | null, limit: number): Promise<readonly EventRecord[]> {
    const query = searchQuery(text);
    if (query === null) return [];
    const phrases = query.split(" AND ").map((phrase) => ({
      words: phrase.slice(1, phrase.lastIndexOf('"')).split(" "),
      isOpen: phrase.endsWith("*"),
    }));
    return [...this.#read().table("event").values()]
      .filter((event) => isRow(event) && (conversation ?? event.conversationId) === event.conversationId)
      .filter((event) => phrases.every((phrase) => hasPhrase(wordsOf(event), phrase)))
      .toSorted((a, b) => b.sentAt - a.sentAt || compare(b.id, a.id))
      .slice(0, checkedLimit(limit))
      .map(withOwnBytes);
  }

  async *everyEvent(conversation: string, after?: EventPosition): AsyncIterable<EventRecord> {
    const isBehind = ({ depth, id }: EventRecord): boolean =>
      after === undefined || depth > after.depth || (depth === after.depth && id > after.id);
    for (const event of [...this.#events(conversation)].filter(isBehind)) yield withOwnBytes(event);
  }

  async setPassphrase(current: string | null, next: string | null): Promise<void> {
    this.#read();
    checkPassphrase(this.#place, current);
    this.#place.passphrase = next;
  }

  hasPassphrase(): boolean {
    return this.#place.passphrase !== null;
  }

  async rewrite(): Promise<void> {
    this.#read();
  }

  async health(): Promise<{ readonly bytes: number; readonly problems: readonly string[] }> {
    let bytes = 0;
    for (const records of this.#read().records.values()) bytes += 256 * records.size;
    return { bytes, problems: [] };
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#place.unsafe.length = 0;
    this.#isOpen = false;
    this.#place.isHeld = false;
  }

  async #ofConversation<T extends "held">(table: T, conversation: string): Promise<Tables[T][]> {
    return [...this.#read().table(table).values()]
      .filter(({ conversationId }) => conversationId === conversation)
      .map(withOwnBytes);
  }

  get #tables(): MemoryTables {
    if (!this.#isOpen) throw new StoreError("store-failed", new Error("the store is closed"));
    return this.#place.tables as MemoryTables;
  }

  /** Nobody acts on what a crash could take back. */
  #read(): MemoryTables {
    this.#place.unsafe.length = 0;
    return this.#tables;
  }

  #events(conversation: string): readonly EventRecord[] {
    return this.#read().events.get(conversation) ?? [];
  }

  #shown(conversation: string): readonly EventRecord[] {
    return this.#events(conversation).filter(isRow);
  }

  #inOrder(conversation: string, isWanted: (event: EventRecord) => boolean): readonly EventRecord[] {
    return this.#events(conversation)
      .filter((event) => event.state === "shown" && isWanted(event))
      .map(withOwnBytes);
  }
}

const isRow = ({ state, row }: EventRecord): boolean => state === "shown" && row !== "none";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const page = (
  shown: readonly EventRecord[],
  start: number,
  end: number,
  { hasNewer = end < shown.length }: { readonly hasNewer?: boolean } = {},
): EventPage => ({ events: shown.slice(start, end).map(withOwnBytes), hasOlder: start > 0, hasNewer });

function checkedLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError("limit must be at least 1");
  return limit;
}

function hasPhrase(
  words: readonly string[],
  phrase: { readonly words: readonly string[]; readonly isOpen: boolean },
): boolean {
  const last = phrase.words.length - 1;
  const fits = (word: string | undefined, wanted: string, isLast: boolean): boolean =>
    isLast && phrase.isOpen ? word?.startsWith(wanted) === true : word === wanted;
  return words.some((_, at) => phrase.words.every((wanted, i) => fits(words[at + i], wanted, i === last)));
}
