/**
 * What a store in memory holds: records by table and key, the events of each conversation in their order, documents and
 * hashes that have been seen. Every change can be undone, so that a crash can take back what was not yet on the disk.
 */
import type { EventRecord, GroupRecord, StoreChange, TableName, Tables } from "@xchat/client/ports";
import { indexedWords } from "@xchat/store-sqlite/search-text";
import { recordToRow, TABLES, type PlainTable } from "@xchat/store-sqlite/tables";

export type Undo = () => void;
type AnyRecord = Tables[TableName];

const NAMES = [...Object.keys(TABLES), "group"] as readonly TableName[];

export class MemoryTables {
  readonly records = new Map<TableName, Map<string, AnyRecord>>(NAMES.map((name) => [name, new Map()]));
  readonly documents = new Map<string, Uint8Array>();
  readonly seen = new Map<string, number>();
  /** Of each conversation, by (depth, id), whatever their state. */
  readonly events = new Map<string, EventRecord[]>();

  /** What is in a record is never written to: copies share it. */
  copy(): MemoryTables {
    const copied = new MemoryTables();
    for (const [name, records] of this.records) for (const [key, one] of records) copied.table(name).set(key, one);
    for (const [name, value] of this.documents) copied.documents.set(name, value);
    for (const [hash, until] of this.seen) copied.seen.set(hash, until);
    for (const [id, events] of this.events) copied.events.set(id, [...events]);
    return copied;
  }

  table<T extends TableName>(name: T): Map<string, Tables[T]> {
    return this.records.get(name) as Map<string, Tables[T]>;
  }

  /**
   * Applies them whole or not at all, and answers with what takes them back.
   *
   * @throws TypeError for what no store could hold.
   */
  apply(changes: readonly StoreChange[]): Undo {
    const undos: Undo[] = [];
    const undoAll = (): void => {
      for (const undo of undos.splice(0).toReversed()) undo();
    };
    try {
      for (const change of changes) this.#apply(change, undos);
    } catch (error) {
      undoAll();
      throw error;
    }
    return undoAll;
  }

  #apply(change: StoreChange, undos: Undo[]): void {
    if ("put" in change) return this.#set(change.put, keyOf(change.put, change.record), owned(change), undos);
    if ("delete" in change) return this.#set(change.delete, change.key, undefined, undos);
    if ("ratchet" in change) {
      const group = this.table("group").get(change.ratchet);
      if (group === undefined) throw new TypeError("a ratchet of no group");
      return this.#set("group", change.ratchet, { ...group, ratchetPart: change.ratchetPart.slice() }, undos);
    }
    if ("forget" in change) return this.#forget(change.forget, undos);
    if ("forgetParts" in change) {
      for (const [key, { conversationId, kind }] of this.table("part")) {
        if (conversationId !== change.forgetParts || !change.kinds.includes(kind)) continue;
        this.#set("part", key, undefined, undos);
      }
      return;
    }
    if ("seen" in change) {
      for (const hash of change.seen) this.#setSeen(hash, Math.max(change.until, this.seen.get(hash) ?? 0), undos);
      return;
    }
    if ("forgetSeenBefore" in change) {
      for (const [hash, until] of this.seen) if (until < change.forgetSeenBefore) this.#setSeen(hash, null, undos);
      return;
    }
    const before = this.documents.get(change.document);
    setOrDelete(this.documents, change.document, change.value?.slice());
    undos.push(() => setOrDelete(this.documents, change.document, before));
  }

  #set(name: TableName, key: string, record: AnyRecord | undefined, undos: Undo[]): void {
    const before = this.table(name).get(key);
    this.#replace(name, key, before, record);
    undos.push(() => this.#replace(name, key, record, before));
  }

  #replace(name: TableName, key: string, before: AnyRecord | undefined, after: AnyRecord | undefined): void {
    setOrDelete(this.records.get(name) as Map<string, AnyRecord>, key, after);
    if (name !== "event") return;
    if (before !== undefined) this.#leave(before as EventRecord);
    if (after !== undefined) this.#enter(after as EventRecord);
  }

  #enter(event: EventRecord): void {
    const events = this.events.get(event.conversationId) ?? [];
    this.events.set(event.conversationId, events);
    events.splice(firstFrom(events, event), 0, event);
  }

  #leave(event: EventRecord): void {
    const events = this.events.get(event.conversationId) as EventRecord[];
    events.splice(firstFrom(events, event), 1);
  }

  #forget(id: string, undos: Undo[]): void {
    const mailboxes = [...this.table("mailbox").values()].filter((one) => one.conversationId === id);
    for (const key of this.table("cursor").keys()) {
      if (mailboxes.some((mailbox) => key.startsWith(`${mailbox.id}/`))) this.#set("cursor", key, undefined, undos);
    }
    for (const name of NAMES.filter((one) => one !== "conversation" && one !== "contact")) {
      for (const [key, record] of this.table(name)) {
        if ((record as Partial<GroupRecord>).conversationId === id) this.#set(name, key, undefined, undos);
      }
    }
    this.#set("conversation", id, undefined, undos);
  }

  #setSeen(hash: string, until: number | null, undos: Undo[]): void {
    const before = this.seen.get(hash);
    setOrDelete(this.seen, hash, until ?? undefined);
    undos.push(() => setOrDelete(this.seen, hash, before));
  }
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

const keyOf = (name: TableName, record: AnyRecord): string =>
  name === "group"
    ? (record as GroupRecord).conversationId
    : ((record as unknown as Record<string, string>)[TABLES[name as PlainTable].key] as string);

/** As a disk would have it: checked, and with bytes of its own. */
function owned(change: Extract<StoreChange, { readonly put: TableName }>): AnyRecord {
  if (change.put !== "group") recordToRow(change.put, change.record as never);
  const record = withOwnBytes(change.record);
  return record;
}

/** Whoever reads may write into what they got. */
export function withOwnBytes<R extends object>(record: R): R {
  const copy = { ...record } as Record<string, unknown>;
  for (const name in copy) {
    const value = copy[name];
    if (value instanceof Uint8Array) copy[name] = value.slice();
  }
  return copy as R;
}

const words = new WeakMap<EventRecord, readonly string[]>();

/** What search compares, made when it is first asked for. */
export function wordsOf(event: EventRecord): readonly string[] {
  const known = words.get(event) ?? (event.text === "" ? [] : indexedWords(event.text).split(" "));
  words.set(event, known);
  return known;
}

export const isBefore = (a: { depth: number; id: string }, b: { depth: number; id: string }): boolean =>
  a.depth < b.depth || (a.depth === b.depth && a.id < b.id);

/** Index of the first one that does not come before this place. */
export function firstFrom(events: readonly EventRecord[], place: { depth: number; id: string }): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(events[middle] as EventRecord, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}
