/**
 * The columns of each table, listed once: statements, and the way from record to row and back, are made from this. The
 * compiler holds the lists to the records of the port, a test holds them to the schema.
 */
import type { TableName, Tables } from "@xchat/client/ports";
import type { Row, SqlValue } from "./connection.ts";

/** `group` lies in two tables, so that moving its ratchets does not write its epoch again (see `writer.ts`). */
export type PlainTable = Exclude<TableName, "group">;

type ColumnKind<V> = [V] extends [boolean]
  ? "flag"
  : [V] extends [number]
    ? "integer"
    : [V] extends [string]
      ? "text"
      : [V] extends [string | null]
        ? "text or null"
        : [V] extends [Uint8Array]
          ? "blob"
          : [V] extends [Uint8Array | null]
            ? "blob or null"
            : never;

type Columns<R> = { readonly [K in keyof R]-?: ColumnKind<R[K]> };

interface TableShape<T extends PlainTable> {
  readonly key: keyof Tables[T] & string;
  readonly order: string;
  readonly columns: Columns<Tables[T]>;
}

export const TABLES: { readonly [T in PlainTable]: TableShape<T> } = {
  invitation: {
    key: "id",
    order: "id",
    columns: {
      id: "text",
      label: "text",
      isLasting: "flag",
      state: "text",
      createdAt: "integer",
      expiresAt: "integer",
      uses: "integer",
      secrets: "blob",
    },
  },
  keyPackage: {
    key: "id",
    order: "id",
    columns: {
      id: "text",
      invitationId: "text",
      keyPackage: "blob",
      privatePart: "blob",
      createdAt: "integer",
      expiresAt: "integer",
    },
  },
  request: {
    key: "id",
    order: "id",
    columns: {
      id: "text",
      invitationId: "text",
      accountId: "text",
      name: "text",
      greeting: "text",
      receivedAt: "integer",
      state: "text",
      body: "blob",
    },
  },
  contact: {
    key: "accountId",
    order: "accountId",
    columns: {
      accountId: "text",
      name: "text",
      petname: "text or null",
      isVerified: "flag",
      isBlocked: "flag",
      mayDirect: "flag",
      chain: "blob",
    },
  },
  conversation: {
    key: "id",
    order: "id",
    columns: {
      id: "text",
      accountId: "text",
      state: "text",
      createdAt: "integer",
      activeAt: "integer",
      draft: "text",
      readDepth: "integer",
      readId: "text",
      log: "blob",
      shared: "blob",
    },
  },
  event: {
    key: "id",
    order: "depth, id",
    columns: {
      id: "text",
      conversationId: "text",
      author: "text",
      sequence: "integer",
      depth: "integer",
      state: "text",
      isOwn: "flag",
      sentAt: "integer",
      receivedAt: "integer",
      kind: "text",
      text: "text",
      header: "blob",
      body: "blob or null",
      delivery: "text",
      storedCount: "integer",
      storedOf: "integer",
      via: "text",
      row: "text",
      target: "text",
      replaces: "text",
      readAt: "integer",
      disappearsAt: "integer",
    },
  },
  mark: {
    key: "id",
    order: "id",
    columns: { id: "text", conversationId: "text", isStarred: "flag", isHidden: "flag", changedAt: "integer" },
  },
  outbox: {
    key: "id",
    order: "sequence, id",
    columns: { id: "text", conversationId: "text", sequence: "integer", item: "blob", createdAt: "integer" },
  },
  mailbox: {
    key: "id",
    order: "id",
    columns: {
      id: "text",
      conversationId: "text",
      invitationId: "text",
      epoch: "integer",
      secrets: "blob",
      createdAt: "integer",
      retireAt: "integer",
    },
  },
  cursor: { key: "id", order: "id", columns: { id: "text", cursor: "integer" } },
  held: {
    key: "id",
    order: "expiresAt, id",
    columns: { id: "text", conversationId: "text", reason: "text", envelope: "blob", expiresAt: "integer" },
  },
  part: {
    key: "id",
    order: "id",
    columns: { id: "text", conversationId: "text", kind: "text", value: "blob", createdAt: "integer" },
  },
};

export interface TableSql {
  readonly put: string;
  readonly delete: string;
  readonly byKey: string;
  readonly all: string;
  /** `SELECT … FROM …`, for conditions of the reader's own. */
  readonly select: string;
}

const names = (table: PlainTable): readonly string[] => Object.keys(TABLES[table].columns);
const kinds = (table: PlainTable): readonly [string, string][] => Object.entries(TABLES[table].columns);
const quote = (name: string): string => `"${name}"`;

/** Columns in the order of the description, for a select list. */
export const columnList = (table: PlainTable): string => names(table).map(quote).join(", ");

function tableSql(table: PlainTable): TableSql {
  const { key, order } = TABLES[table];
  const columns = names(table);
  const updates = columns.filter((name) => name !== key).map((name) => `${quote(name)} = excluded.${quote(name)}`);
  const select = `SELECT ${columnList(table)} FROM ${quote(table)}`;
  return {
    put:
      `INSERT INTO ${quote(table)} (${columnList(table)}) VALUES (${columns.map(() => "?").join(", ")}) ` +
      `ON CONFLICT (${quote(key)}) DO UPDATE SET ${updates.join(", ")}`,
    delete: `DELETE FROM ${quote(table)} WHERE ${quote(key)} = ?`,
    byKey: `${select} WHERE ${quote(key)} = ?`,
    all: `${select} ORDER BY ${order}`,
    select,
  };
}

export const SQL = Object.fromEntries(
  (Object.keys(TABLES) as PlainTable[]).map((table) => [table, tableSql(table)]),
) as unknown as { readonly [T in PlainTable]: TableSql };

/**
 * The values of a record, in the order of its columns.
 *
 * @throws TypeError when a field has the wrong type: it names the column, never the value.
 */
export function recordToRow<T extends PlainTable>(table: T, record: Tables[T]): readonly SqlValue[] {
  return kinds(table).map(([name, kind]) =>
    toSql(kind, (record as unknown as Record<string, unknown>)[name], `${table}.${name}`),
  );
}

export function rowToRecord<T extends PlainTable>(table: T, row: Row): Tables[T] {
  const record: Record<string, unknown> = {};
  kinds(table).forEach(([name, kind], index) => {
    record[name] = kind === "flag" ? row[index] === 1 : row[index];
  });
  return record as unknown as Tables[T];
}

function toSql(kind: string, value: unknown, what: string): SqlValue {
  if (kind.endsWith("or null") && value === null) return null;
  if (kind === "flag" && typeof value === "boolean") return value ? 1 : 0;
  if (kind === "integer") return checkedInteger(value, what);
  if (kind.startsWith("text")) return checkedText(value, what);
  if (kind.startsWith("blob")) return checkedBytes(value, what);
  throw new TypeError(`${what} has the wrong type`);
}

export function checkedInteger(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new TypeError(`${what} must be an integer`);
}

export function checkedText(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`${what} must be text`);
}

export function checkedBytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${what} must be bytes`);
}
