import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expect, it } from "vitest";
import type { Connection, SqlValue } from "./connection.ts";
import { createDatabase, startEngine } from "./database.ts";
import { MemoryDisk } from "./disk.memory.ts";
import * as read from "./reader.ts";
import { loadSqliteNode } from "./wasm.node.ts";

const provider = nodeCryptoProvider();
const engine = startEngine(await loadSqliteNode(), new MemoryDisk(), {
  randomBytes: provider.randomBytes,
  now: () => 0,
});
const connection = createDatabase(engine, "a", provider.randomBytes(32));

/** How SQLite goes about what `reads` asks of it: the lines of its plan that touch events. */
function planOf(reads: (connection: Connection) => unknown): readonly string[] {
  const lines: string[] = [];
  const explained = (sql: string, values: readonly SqlValue[] = []): void => {
    for (const row of connection.all(`EXPLAIN QUERY PLAN ${sql}`, values)) lines.push(String(row[3]));
  };
  const told = Object.create(connection, {
    all: {
      value: (sql: string, values?: readonly SqlValue[]) => (explained(sql, values), connection.all(sql, values)),
    },
    first: {
      value: (sql: string, values?: readonly SqlValue[]) => (explained(sql, values), connection.first(sql, values)),
    },
  }) as Connection;
  reads(told);
  return lines.filter((line) => /^(SCAN|SEARCH) event\b/.test(line));
}

const place = { depth: 3, id: "e3" };
const READS: Readonly<Record<string, readonly [reads: (connection: Connection) => unknown, index: RegExp]>> = {
  "the newest": [(c) => read.readEventsBefore(c, "c1", null, 10), /eventOrder \(conversationId=\?\)/],
  "before a place": [
    (c) => read.readEventsBefore(c, "c1", place, 10),
    /eventOrder \(conversationId=\? AND \(depth,id\)/,
  ],
  "after a place": [(c) => read.readEventsAfter(c, "c1", place, 10), /eventOrder \(conversationId=\? AND \(depth,id\)/],
  "by id": [(c) => read.readEventsById(c, ["e1"]), /\(id=\?\)/],
  "of an author": [(c) => read.readEventsOfAuthor(c, "c1", "a", 1, 10), /eventAuthor/],
  "that wait for their parents": [(c) => read.readPendingEvents(c, "c1"), /eventPending/],
  "the last": [(c) => read.readLastEvent(c, "c1"), /eventOrder/],
  "about others": [(c) => read.readEventsAbout(c, "c1", ["e1"]), /event(Target \(target|Replaces \(replaces)=\?\)/],
  pins: [(c) => read.readPins(c, "c1", 10), /eventPin/],
  "that disappear": [(c) => read.readDisappearing(c, "c1", 10), /eventDisappears/],
  "that begin to disappear when read": [(c) => read.readWaitingForReading(c, "c1", place), /eventDisappears/],
  starred: [(c) => read.readStarred(c, null, 10), /\(id=\?\)/],
  "every one after a place": [
    (c) => read.readEveryEventAfter(c, "c1", place, 10),
    /eventOrder \(conversationId=\? AND \(depth,id\)/,
  ],
  found: [(c) => read.searchEvents(c, "words", null, 10), /PRIMARY KEY \(rowid=\?\)/],
};

it.each(Object.entries(READS))("events %s are read through an index that leads to them", (_name, [reads, index]) => {
  const plan = planOf(reads);
  expect(plan).not.toHaveLength(0);
  for (const line of plan) expect(line).toMatch(index);
});
