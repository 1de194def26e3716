/**
 * Changes as statements. A change is checked and turned into values when it is given, so that a malformed one fails
 * alone and at once; it is applied later, inside a transaction. The bytes of a change must not be altered before that.
 */
import type { EventRecord, GroupRecord, StoreChange, TableName } from "@xchat/client/ports";
import type { Connection, SqlValue } from "./connection.ts";
import { indexedWords } from "./search-text.ts";
import { checkedBytes, checkedInteger, checkedText, recordToRow, SQL, TABLES, type PlainTable } from "./tables.ts";
import type { CountedEvent, UnreadCounts } from "./unread.ts";

interface WriteContext {
  readonly connection: Connection;
  readonly unread: UnreadCounts;
}

export type Step = (context: WriteContext) => void;

/** @throws TypeError when the change is malformed. */
export function prepareChange(change: StoreChange): Step {
  if ("put" in change) return preparePut(change);
  if ("delete" in change) return prepareDelete(change.delete, checkedText(change.key, "key"));
  if ("ratchet" in change) return prepareRatchet(change.ratchet, checkedBytes(change.ratchetPart, "ratchetPart"));
  if ("forget" in change) return prepareForget(checkedText(change.forget, "forget"));
  if ("forgetParts" in change) return prepareForgetParts(checkedText(change.forgetParts, "forgetParts"), change.kinds);
  if ("seen" in change) return prepareSeen(change.seen, checkedInteger(change.until, "until"));
  if ("forgetSeenBefore" in change) {
    const time = checkedInteger(change.forgetSeenBefore, "forgetSeenBefore");
    return ({ connection }) => connection.run("DELETE FROM seen WHERE until < ?", [time]);
  }
  if ("document" in change) return prepareDocument(checkedText(change.document, "document"), change.value);
  throw new TypeError("unknown change");
}

function preparePut(change: Extract<StoreChange, { readonly put: TableName }>): Step {
  if (change.put === "group") return prepareGroup(change.record);
  if (change.put === "event") return prepareEvent(change.record);
  if (!Object.hasOwn(TABLES, change.put)) throw new TypeError("unknown table");
  const row = recordToRow(change.put, change.record as never);
  return ({ connection }) => connection.run(SQL[change.put as PlainTable].put, row);
}

function prepareDelete(table: TableName, key: string): Step {
  if (table === "group") return ({ connection }) => deleteGroup(connection, key);
  if (table === "event") return (context) => deleteEvent(context, key);
  if (!Object.hasOwn(TABLES, table)) throw new TypeError("unknown table");
  return ({ connection }) => connection.run(SQL[table].delete, [key]);
}

// ---- groups: the epoch part is large and seldom changes, the ratchets are small and change with each message

const GROUP_TABLES = ["groupEpoch", "groupRatchet"] as const;

function prepareGroup(record: GroupRecord): Step {
  const id = checkedText(record.conversationId, "group.conversationId");
  const epochPart = checkedBytes(record.epochPart, "group.epochPart");
  const ratchetPart = checkedBytes(record.ratchetPart, "group.ratchetPart");
  return ({ connection }) => {
    connection.run("INSERT INTO groupEpoch VALUES (?, ?) ON CONFLICT DO UPDATE SET epochPart = excluded.epochPart", [
      id,
      epochPart,
    ]);
    connection.run(
      "INSERT INTO groupRatchet VALUES (?, ?) ON CONFLICT DO UPDATE SET ratchetPart = excluded.ratchetPart",
      [id, ratchetPart],
    );
  };
}

function prepareRatchet(group: string, ratchetPart: Uint8Array): Step {
  const id = checkedText(group, "ratchet");
  return ({ connection }) => {
    connection.run("UPDATE groupRatchet SET ratchetPart = ? WHERE conversationId = ?", [ratchetPart, id]);
    // Losing a ratchet's step without a word could use one message key twice.
    if (connection.changes() !== 1) throw new TypeError("ratchet of a group that is not there");
  };
}

function deleteGroup(connection: Connection, id: string): void {
  for (const table of GROUP_TABLES) connection.run(`DELETE FROM ${table} WHERE conversationId = ?`, [id]);
}

// ---- events: with each goes its entry in the full-text index, and the count of unread ones

interface StoredEvent extends CountedEvent {
  readonly number: number;
  readonly text: string;
}

const EVENT_UPDATE = (() => {
  const assignments = Object.keys(TABLES.event.columns).map((name) => `"${name}" = ?`);
  return `UPDATE event SET ${assignments.join(", ")} WHERE number = ?`;
})();

const EVENT_INSERT = `${SQL.event.put.slice(0, SQL.event.put.indexOf(" ON CONFLICT"))} RETURNING number`;

function prepareEvent(record: EventRecord): Step {
  const row = recordToRow("event", record);
  const words = indexedWords(record.text);
  const counted = toCounted(record);
  return (context) => {
    const before = storedEvent(context.connection, record.id);
    if (before === null) insertEvent(context.connection, row, record.conversationId, words);
    else updateEvent(context.connection, before, row, record, words);
    context.unread.move(before, counted);
  };
}

function insertEvent(connection: Connection, row: readonly SqlValue[], conversationId: string, words: string): void {
  const number = connection.first(EVENT_INSERT, row)?.[0] as number;
  indexEvent(connection, number, conversationId, words);
}

function updateEvent(
  connection: Connection,
  before: StoredEvent,
  row: readonly SqlValue[],
  record: EventRecord,
  words: string,
): void {
  connection.run(EVENT_UPDATE, [...row, before.number]);
  if (before.text === record.text && before.conversationId === record.conversationId) return;
  unindexEvent(connection, before);
  indexEvent(connection, before.number, record.conversationId, words);
}

function deleteEvent({ connection, unread }: WriteContext, id: string): void {
  const before = storedEvent(connection, id);
  if (before === null) return;
  connection.run("DELETE FROM event WHERE number = ?", [before.number]);
  unindexEvent(connection, before);
  unread.move(before, null);
}

function indexEvent(connection: Connection, number: number, conversationId: string, words: string): void {
  if (words === "") return;
  connection.run("INSERT INTO search (rowid, conversation, words) VALUES (?, ?, ?)", [number, conversationId, words]);
}

function unindexEvent(connection: Connection, event: StoredEvent): void {
  if (event.text !== "") connection.run("DELETE FROM search WHERE rowid = ?", [event.number]);
}

/** Clearing one entry without a trace takes as long (0.7 ms) as making so many anew. */
const ENTRIES_REBUILT_PER_ENTRY_CLEARED = 40;

function unindexConversation(connection: Connection, conversationId: string): void {
  const row = connection.first("SELECT count(*), (SELECT max(number) FROM event) FROM event WHERE conversationId = ?", [
    conversationId,
  ]);
  const [count, total] = row as [number, number | null];
  const unindex = (): void =>
    connection.run("DELETE FROM search WHERE rowid IN (SELECT number FROM event WHERE conversationId = ?)", [
      conversationId,
    ]);
  if (count * ENTRIES_REBUILT_PER_ENTRY_CLEARED < (total ?? 0)) return unindex();
  // Marked as deleted is not gone (neither is it after merging): only a new index has nothing of them.
  connection.run("INSERT INTO search (search, rank) VALUES ('secure-delete', 0)");
  unindex();
  connection.run("INSERT INTO search (search) VALUES ('rebuild')");
  connection.run("INSERT INTO search (search, rank) VALUES ('secure-delete', 1)");
}

type StoredRow = [
  number: number,
  conversationId: string,
  depth: number,
  state: string,
  isOwn: number,
  text: string,
  row: string,
];

function storedEvent(connection: Connection, id: string): StoredEvent | null {
  const row = connection.first(
    "SELECT number, conversationId, depth, state, isOwn, text, row FROM event WHERE id = ?",
    [id],
  );
  if (row === null) return null;
  const [number, conversationId, depth, state, isOwn, text, kind] = row as StoredRow;
  const counts = state === "shown" && isOwn === 0 && kind === "counted";
  return { id, number, conversationId, depth, counts, text };
}

const toCounted = (record: EventRecord): CountedEvent => ({
  id: record.id,
  conversationId: record.conversationId,
  depth: record.depth,
  counts: record.state === "shown" && !record.isOwn && record.row === "counted",
});

// ---- the rest

/** `/` and what follows it: the cursors of a mailbox are `mailboxId/nodeId`. */
const FORGET_CURSORS =
  "DELETE FROM cursor WHERE EXISTS " +
  "(SELECT 1 FROM mailbox WHERE conversationId = ?1 AND cursor.id >= mailbox.id || '/' AND cursor.id < mailbox.id || '0')";

function prepareForget(id: string): Step {
  return ({ connection, unread }) => {
    unindexConversation(connection, id);
    connection.run("DELETE FROM event WHERE conversationId = ?", [id]);
    connection.run(FORGET_CURSORS, [id]);
    for (const table of ["mark", "mailbox", "outbox", "held", "part"]) {
      connection.run(`DELETE FROM ${table} WHERE conversationId = ?`, [id]);
    }
    deleteGroup(connection, id);
    connection.run("DELETE FROM conversation WHERE id = ?", [id]);
    unread.forget(id);
  };
}

function prepareForgetParts(id: string, kinds: readonly string[]): Step {
  const values = JSON.stringify(kinds.map((kind) => checkedText(kind, "kind")));
  return ({ connection }) => {
    connection.run("DELETE FROM part WHERE conversationId = ? AND kind IN (SELECT value FROM json_each(?))", [
      id,
      values,
    ]);
  };
}

function prepareSeen(hashes: readonly string[], until: number): Step {
  const values = hashes.map((hash) => checkedText(hash, "seen"));
  return ({ connection }) => {
    for (const hash of values) {
      // A longer promise is never shortened.
      connection.run("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)", [
        hash,
        until,
      ]);
    }
  };
}

function prepareDocument(name: string, value: Uint8Array | null): Step {
  if (value === null) return ({ connection }) => connection.run("DELETE FROM document WHERE name = ?", [name]);
  const bytes = checkedBytes(value, "document.value");
  return ({ connection }) => {
    connection.run("INSERT INTO document VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [
      name,
      bytes,
    ]);
  };
}
