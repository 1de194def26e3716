/**
 * The schema, as the steps that lead to it. A step that has been released is never changed: stores of its version
 * exist. `user_version` says how many steps a database has taken; each is one transaction.
 */
import type { Connection } from "./connection.ts";

const VERSION_1 = `
CREATE TABLE invitation (
  id TEXT NOT NULL PRIMARY KEY, label TEXT NOT NULL, isLasting INTEGER NOT NULL, state TEXT NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, uses INTEGER NOT NULL, secrets BLOB NOT NULL
) STRICT;
CREATE TABLE keyPackage (
  id TEXT NOT NULL PRIMARY KEY, invitationId TEXT NOT NULL, keyPackage BLOB NOT NULL, privatePart BLOB NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL
) STRICT;
CREATE TABLE request (
  id TEXT NOT NULL PRIMARY KEY, invitationId TEXT NOT NULL, accountId TEXT NOT NULL, name TEXT NOT NULL,
  greeting TEXT NOT NULL, receivedAt INTEGER NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE contact (
  accountId TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, petname TEXT, isVerified INTEGER NOT NULL,
  isBlocked INTEGER NOT NULL, mayDirect INTEGER NOT NULL, chain BLOB NOT NULL
) STRICT;
CREATE TABLE conversation (
  id TEXT NOT NULL PRIMARY KEY, accountId TEXT NOT NULL, state TEXT NOT NULL, createdAt INTEGER NOT NULL,
  activeAt INTEGER NOT NULL, draft TEXT NOT NULL, readDepth INTEGER NOT NULL, readId TEXT NOT NULL,
  log BLOB NOT NULL, shared BLOB NOT NULL
) STRICT;
CREATE TABLE groupEpoch (conversationId TEXT NOT NULL PRIMARY KEY, epochPart BLOB NOT NULL) STRICT;
CREATE TABLE groupRatchet (conversationId TEXT NOT NULL PRIMARY KEY, ratchetPart BLOB NOT NULL) STRICT;

-- number: the order of arrival, and what the full-text index knows an event by.
CREATE TABLE event (
  number INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversationId TEXT NOT NULL, author TEXT NOT NULL,
  sequence INTEGER NOT NULL, depth INTEGER NOT NULL, state TEXT NOT NULL, isOwn INTEGER NOT NULL,
  sentAt INTEGER NOT NULL, receivedAt INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  header BLOB NOT NULL, body BLOB, delivery TEXT NOT NULL, storedCount INTEGER NOT NULL, storedOf INTEGER NOT NULL,
  via TEXT NOT NULL
) STRICT;
CREATE INDEX eventOrder ON event (conversationId, depth, id, state, isOwn);
CREATE INDEX eventAuthor ON event (conversationId, author, sequence);
CREATE INDEX eventPending ON event (conversationId, receivedAt, id) WHERE state = 'pending';

CREATE TABLE outbox (
  id TEXT NOT NULL PRIMARY KEY, conversationId TEXT NOT NULL, sequence INTEGER NOT NULL, item BLOB NOT NULL,
  createdAt INTEGER NOT NULL
) STRICT;
CREATE TABLE mailbox (
  id TEXT NOT NULL PRIMARY KEY, conversationId TEXT NOT NULL, invitationId TEXT NOT NULL, epoch INTEGER NOT NULL,
  secrets BLOB NOT NULL, createdAt INTEGER NOT NULL, retireAt INTEGER NOT NULL
) STRICT;
CREATE TABLE cursor (id TEXT NOT NULL PRIMARY KEY, cursor INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE held (
  id TEXT NOT NULL PRIMARY KEY, conversationId TEXT NOT NULL, reason TEXT NOT NULL, envelope BLOB NOT NULL,
  expiresAt INTEGER NOT NULL
) STRICT;
CREATE INDEX heldConversation ON held (conversationId, expiresAt, id);
CREATE TABLE seen (hash TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX seenUntil ON seen (until);
CREATE TABLE document (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;

-- Words come normalised and cut (search-text.ts); marks that are left belong to their words. Beginnings of one and two
-- letters have an index of their own: without it the first key that a person types reads half of the words.
CREATE VIRTUAL TABLE search USING fts5(
  conversation, words, columnsize = 0, prefix = '1 2', tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);
-- Otherwise the words of a deleted message stay in the index until its segments happen to be merged.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
`;

/** Messages that are edited, deleted, answered with an emoji, pinned and starred, and that disappear. */
const VERSION_2 = `
ALTER TABLE event ADD COLUMN row TEXT NOT NULL DEFAULT 'counted';
ALTER TABLE event ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN readAt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN disappearsAt INTEGER NOT NULL DEFAULT 0;
DROP INDEX eventOrder;
CREATE INDEX eventOrder ON event (conversationId, depth, id, state, row, isOwn);
CREATE INDEX eventTarget ON event (target) WHERE target <> '';
CREATE INDEX eventReplaces ON event (replaces) WHERE replaces <> '';
CREATE INDEX eventPin ON event (conversationId, depth, id) WHERE kind = 'pin';
CREATE INDEX eventDisappears ON event (conversationId, disappearsAt, id) WHERE disappearsAt <> 0;
CREATE TABLE mark (
  id TEXT NOT NULL PRIMARY KEY, conversationId TEXT NOT NULL, isStarred INTEGER NOT NULL, isHidden INTEGER NOT NULL,
  changedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX markConversation ON mark (conversationId);
CREATE INDEX markStarred ON mark (changedAt, id) WHERE isStarred = 1;
`;

/** Groups: what of a conversation does not change with each message lies apart, so that a message does not write it anew. */
const VERSION_3 = `
CREATE TABLE part (
  id TEXT NOT NULL PRIMARY KEY, conversationId TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL,
  createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX partConversation ON part (conversationId);
`;

const MIGRATIONS: readonly string[] = [VERSION_1, VERSION_2, VERSION_3];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Marks the file as a store of X Chat ("XCht"). */
const APPLICATION_ID = 0x58436874;

export const schemaVersion = (connection: Connection): number =>
  connection.script("PRAGMA user_version")[0]?.[0] as number;

/** Takes the steps that are missing. Each is applied whole or not at all. */
export function migrate(connection: Connection): void {
  for (let version = schemaVersion(connection); version < SCHEMA_VERSION; version++) {
    connection.transaction(() => {
      connection.script(MIGRATIONS[version] as string);
      connection.script(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1}`);
    });
  }
}
