/** Reads, as statements. Every one that can be long has an index to walk; pages go by position, never by offset. */
import type {
  EventPage,
  EventPosition,
  EventRecord,
  GroupRecord,
  HeldRecord,
  MarkRecord,
  PartRecord,
  TableName,
  Tables,
} from "@xchat/client/ports";
import type { Connection, Row, SqlValue } from "./connection.ts";
import { searchQuery } from "./search-text.ts";
import { checkedInteger, checkedText, columnList, rowToRecord, SQL, type PlainTable } from "./tables.ts";

/**
 * How many matches, the last to arrive first, are looked at before they are sorted by time: a query of one letter finds
 * half of a long history.
 */
const MAX_SEARCH_CANDIDATES = 2000;

const SHOWN = `${SQL.event.select} WHERE conversationId = ? AND state = 'shown' AND row <> 'none'`;
const IS_THERE = "SELECT 1 FROM event WHERE conversationId = ? AND state = 'shown' AND row <> 'none'";

const EVENT_COLUMNS = columnList("event")
  .split(", ")
  .map((name) => `event.${name}`)
  .join(", ");

const toEvent = (row: Row): EventRecord => rowToRecord("event", row);
const toEvents = (rows: readonly Row[]): EventRecord[] => rows.map(toEvent);

export function readDocument(connection: Connection, name: string): Uint8Array | null {
  const row = connection.first("SELECT value FROM document WHERE name = ?", [name]);
  return row === null ? null : (row[0] as Uint8Array);
}

export const readAll = <T extends PlainTable>(connection: Connection, table: T): readonly Tables[T][] =>
  connection.all(SQL[table].all).map((row) => rowToRecord(table, row));

export function readRecord<T extends TableName>(connection: Connection, table: T, key: string): Tables[T] | null {
  if (table === "group") return readGroup(connection, key) as Tables[T] | null;
  const plain = table as PlainTable;
  const row = connection.first(SQL[plain].byKey, [key]);
  return row === null ? null : (rowToRecord(plain, row) as Tables[T]);
}

function readGroup(connection: Connection, id: string): GroupRecord | null {
  const row = connection.first(
    "SELECT epochPart, ratchetPart FROM groupEpoch JOIN groupRatchet USING (conversationId) WHERE conversationId = ?",
    [id],
  );
  if (row === null) return null;
  return { conversationId: id, epochPart: row[0] as Uint8Array, ratchetPart: row[1] as Uint8Array };
}

export function readSeen(connection: Connection, hashes: readonly string[]): ReadonlySet<string> {
  const rows = connection.all("SELECT hash FROM seen WHERE hash IN (SELECT value FROM json_each(?))", [
    JSON.stringify(hashes),
  ]);
  return new Set(rows.map((row) => row[0] as string));
}

export const readHeld = (connection: Connection, conversationId: string): readonly HeldRecord[] =>
  connection
    .all(`${SQL.held.select} WHERE conversationId = ? ORDER BY expiresAt, id`, [conversationId])
    .map((row) => rowToRecord("held", row));

export const readParts = (
  connection: Connection,
  conversationId: string,
  kinds: readonly string[],
): readonly PartRecord[] =>
  connection
    .all(`${SQL.part.select} WHERE conversationId = ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY id`, [
      conversationId,
      JSON.stringify(kinds),
    ])
    .map((row) => rowToRecord("part", row));

export function readEventsBefore(
  connection: Connection,
  conversationId: string,
  before: EventPosition | null,
  limit: number,
): EventPage {
  const more = checkedLimit(limit) + 1;
  const rows =
    before === null
      ? connection.all(`${SHOWN} ORDER BY depth DESC, id DESC LIMIT ?`, [conversationId, more])
      : connection.all(`${SHOWN} AND (depth, id) < (?, ?) ORDER BY depth DESC, id DESC LIMIT ?`, [
          ...place(conversationId, before),
          more,
        ]);
  return {
    events: toEvents(rows.slice(0, limit)).toReversed(),
    hasOlder: rows.length > limit,
    hasNewer:
      before !== null &&
      connection.first(`${IS_THERE} AND (depth, id) >= (?, ?) LIMIT 1`, place(conversationId, before)) !== null,
  };
}

export function readEventsAfter(
  connection: Connection,
  conversationId: string,
  after: EventPosition,
  limit: number,
): EventPage {
  const position = place(conversationId, after);
  const rows = connection.all(`${SHOWN} AND (depth, id) > (?, ?) ORDER BY depth, id LIMIT ?`, [
    ...position,
    checkedLimit(limit) + 1,
  ]);
  return {
    events: toEvents(rows.slice(0, limit)),
    hasOlder: connection.first(`${IS_THERE} AND (depth, id) <= (?, ?) LIMIT 1`, position) !== null,
    hasNewer: rows.length > limit,
  };
}

/** In the order in which they were asked for; those that are not there are left out. */
export function readEventsById(connection: Connection, ids: readonly string[]): readonly EventRecord[] {
  const rows = connection.all(`${SQL.event.select} WHERE id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(ids),
  ]);
  const byId = new Map(toEvents(rows).map((event) => [event.id, event]));
  return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
}

export const readEventsOfAuthor = (
  connection: Connection,
  conversationId: string,
  author: string,
  fromSequence: number,
  limit: number,
): readonly EventRecord[] =>
  toEvents(
    connection.all(
      `${SQL.event.select} WHERE conversationId = ? AND author = ? AND sequence >= ? ORDER BY sequence, id LIMIT ?`,
      [conversationId, author, checkedInteger(fromSequence, "fromSequence"), checkedLimit(limit)],
    ),
  );

export const readPendingEvents = (connection: Connection, conversationId: string): readonly EventRecord[] =>
  toEvents(
    connection.all(`${SQL.event.select} WHERE conversationId = ? AND state = 'pending' ORDER BY receivedAt, id`, [
      conversationId,
    ]),
  );

export function readLastEvent(connection: Connection, conversationId: string): EventRecord | null {
  const row = connection.first(`${SHOWN} ORDER BY depth DESC, id DESC LIMIT 1`, [conversationId]);
  return row === null ? null : toEvent(row);
}

/** Left to choose, SQLite walks the whole conversation for the few ids: it takes that to be ten rows long. */
const ABOUT = (column: "target" | "replaces", index: string): string =>
  `${SQL.event.select} INDEXED BY ${index} WHERE ${column} IN (SELECT value FROM json_each(?1)) AND ${column} <> '' ` +
  "AND conversationId = ?2 AND state = 'shown'";

export const readEventsAbout = (
  connection: Connection,
  conversationId: string,
  ids: readonly string[],
): readonly EventRecord[] =>
  toEvents(
    connection.all(`${ABOUT("target", "eventTarget")} UNION ${ABOUT("replaces", "eventReplaces")}`, [
      JSON.stringify(ids),
      conversationId,
    ]),
  );

export const readPins = (connection: Connection, conversationId: string, limit: number): readonly EventRecord[] =>
  toEvents(
    connection.all(
      `${SQL.event.select} WHERE conversationId = ? AND kind = 'pin' AND state = 'shown' ` +
        "ORDER BY depth DESC, id DESC LIMIT ?",
      [conversationId, checkedLimit(limit)],
    ),
  );

export const readDisappearing = (
  connection: Connection,
  conversationId: string,
  limit: number,
): readonly EventRecord[] =>
  toEvents(
    connection.all(
      `${SQL.event.select} WHERE conversationId = ? AND disappearsAt <> 0 AND disappearsAt > 0 AND state = 'shown' ` +
        "AND delivery NOT IN ('queued', 'unsent') ORDER BY disappearsAt, id LIMIT ?",
      [conversationId, checkedLimit(limit)],
    ),
  );

export const readWaitingForReading = (
  connection: Connection,
  conversationId: string,
  upTo: EventPosition,
): readonly EventRecord[] =>
  toEvents(
    connection.all(
      `${SQL.event.select} INDEXED BY eventDisappears WHERE conversationId = ? AND disappearsAt = -1 AND disappearsAt <> 0 ` +
        "AND (depth, id) <= (?, ?) AND state = 'shown'",
      place(conversationId, upTo),
    ),
  );

export const readMarks = (connection: Connection, ids: readonly string[]): readonly MarkRecord[] =>
  connection
    .all(`${SQL.mark.select} WHERE id IN (SELECT value FROM json_each(?))`, [JSON.stringify(ids)])
    .map((row) => rowToRecord("mark", row));

export const readStarred = (
  connection: Connection,
  conversationId: string | null,
  limit: number,
): readonly EventRecord[] =>
  toEvents(
    connection.all(
      `SELECT ${EVENT_COLUMNS} FROM mark JOIN event ON event.id = mark.id
       WHERE mark.isStarred = 1 AND mark.conversationId = ifnull(?, mark.conversationId)
         AND event.state = 'shown' AND event.row = 'counted'
       ORDER BY mark.changedAt DESC, mark.id DESC LIMIT ?`,
      [conversationId, checkedLimit(limit)],
    ),
  );

/** Events of any state, strictly after a position; the next page starts after the last one. */
export function readEveryEventAfter(
  connection: Connection,
  conversationId: string,
  after: EventPosition | null,
  limit: number,
): readonly EventRecord[] {
  const condition = `${SQL.event.select} WHERE conversationId = ?`;
  return toEvents(
    after === null
      ? connection.all(`${condition} ORDER BY depth, id LIMIT ?`, [conversationId, limit])
      : connection.all(`${condition} AND (depth, id) > (?, ?) ORDER BY depth, id LIMIT ?`, [
          ...place(conversationId, after),
          limit,
        ]),
  );
}

export function searchEvents(
  connection: Connection,
  text: string,
  conversationId: string | null,
  limit: number,
): readonly EventRecord[] {
  const words = searchQuery(text);
  if (words === null) return [];
  // The column filter keeps a conversation with few matches from being lost among the candidates of the others.
  const inConversation = conversationId === null ? "" : `conversation : "${conversationId.replaceAll('"', '""')}" AND `;
  const found = connection.all(
    `WITH candidate AS MATERIALIZED (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?)
     SELECT ${columnList("event")} FROM candidate JOIN event ON event.number = candidate.rowid
     WHERE state = 'shown' AND row <> 'none' AND conversationId = ifnull(?, conversationId)
     ORDER BY sentAt DESC, id DESC LIMIT ?`,
    [`${inConversation}words : (${words})`, MAX_SEARCH_CANDIDATES, conversationId, checkedLimit(limit)],
  );
  return toEvents(found);
}

const place = (conversationId: string, { depth, id }: EventPosition): readonly SqlValue[] => [
  conversationId,
  checkedInteger(depth, "depth"),
  checkedText(id, "id"),
];

function checkedLimit(limit: number): number {
  if (checkedInteger(limit, "limit") < 1) throw new RangeError("limit must be at least 1");
  return limit;
}
