/**
 * What the events of the self-conversation carry (spec/devices.md, section 9): writes as they are made, and snapshots
 * that stand for all of them.
 *
 * DV25 A write event holds 1 to 256 writes, of each register at most one.
 * DV26 A snapshot comes in parts, each of which is joined by itself: it is nothing but writes with the stamps that they
 *      had. Its stamps lie before the event that carries it.
 */
import {
  bytes,
  bytesToHex,
  decode,
  encode,
  err,
  hexToBytes,
  expectOk,
  list,
  literal,
  nullable,
  ok,
  struct,
  uint,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";
import { MAX_DEPTH } from "../event/header.ts";
import type { Hex } from "../log/state.ts";
import { MAX_REGISTER_KEY_BYTES, MAX_REGISTER_VALUE_BYTES, type SyncOperation } from "./sync-registers.ts";
import { writesOf, type StampedWrite, type SyncState } from "./sync-state.ts";

/** Kinds of event bodies (spec/event.md, section 3) in a conversation of devices. */
export const SYNC_BODY_KIND = 16;
export const SYNC_SNAPSHOT_BODY_KIND = 17;

export const MAX_SYNC_OPERATIONS = 256;
const MAX_SNAPSHOT_PARTS = 1_024;
const MAX_PART_ENTRIES = 1_024;
const MAX_PART_AUTHORS = 256;
const VERSION = 1 as const;

const operationFields = {
  tag: uint(0xffff),
  key: bytes({ max: MAX_REGISTER_KEY_BYTES }),
  value: nullable(bytes({ max: MAX_REGISTER_VALUE_BYTES })),
};

const writeEvent = struct({
  version: literal(VERSION, "newer-version"),
  operations: list(struct(operationFields), { min: 1, max: MAX_SYNC_OPERATIONS }),
});

const snapshotPart = struct({
  version: literal(VERSION, "newer-version"),
  /** Random: which parts belong together. */
  snapshot: bytes({ length: 16 }),
  index: uint(MAX_SNAPSHOT_PARTS - 1),
  count: uint(MAX_SNAPSHOT_PARTS),
  authors: list(bytes({ length: 32 }), { max: MAX_PART_AUTHORS }),
  entries: list(struct({ ...operationFields, depth: uint(MAX_DEPTH), author: uint(MAX_PART_AUTHORS - 1) }), {
    max: MAX_PART_ENTRIES,
  }),
});

export interface SyncSnapshotPart {
  readonly snapshot: Uint8Array;
  readonly index: number;
  readonly count: number;
  readonly writes: readonly StampedWrite[];
}

/** Heads, counts, and the fixed fields of a snapshot part. */
const OVERHEAD_BYTES = 64;
/** Heads and numbers of one entry, at most. */
const ENTRY_BYTES = 24;
const entryBytes = ({ key, value }: SyncOperation): number => key.length + (value?.length ?? 0) + ENTRY_BYTES;

/** The contents of as many write events as are needed. Of two writes of one register the later counts. */
export function encodeSyncEvents(operations: readonly SyncOperation[]): readonly Uint8Array[] {
  const latest = new Map(operations.map((one) => [registerId(one), one]));
  return pack([...latest.values()], MAX_SYNC_OPERATIONS, 0).map((part) =>
    encode(writeEvent, { version: VERSION, operations: part }),
  );
}

/** The writes of an event, under the stamp of its header. `author`: the leaf key that signed it. */
export function decodeSyncEvent(
  content: Uint8Array,
  { author, depth }: { readonly author: Hex; readonly depth: number },
): Result<readonly StampedWrite[], DecodeError> {
  const read = decode(writeEvent, content);
  if (!read.ok) return read;
  const { operations } = read.value;
  // Two writes of one register in one event would have one stamp.
  if (new Set(operations.map(registerId)).size !== operations.length) {
    return err({ reason: "repeated-register", offset: 0 });
  }
  return ok(operations.map((operation) => ({ ...operation, author, depth })));
}

/** The whole state, as contents of events. `id`: 16 random bytes. An empty state is one empty part. */
export function encodeSyncSnapshot(state: SyncState, id: Uint8Array): readonly Uint8Array[] {
  // Every entry may have an author of its own.
  const parts = pack(writesOf(state), MAX_PART_AUTHORS, 34);
  const all = parts.length === 0 ? [[]] : parts;
  return all.map((writes, index) => {
    const authors = [...new Set(writes.map(({ author }) => author))];
    const entries = writes.map((write) => ({ ...write, author: authors.indexOf(write.author) }));
    return encode(snapshotPart, {
      version: VERSION,
      snapshot: id,
      index,
      count: all.length,
      authors: authors.map((author) => expectOk(hexToBytes(author), "author")),
      entries,
    });
  });
}

/** `depth`: of the event that carries it. */
export function decodeSyncSnapshot(
  content: Uint8Array,
  { depth }: { readonly depth: number },
): Result<SyncSnapshotPart, DecodeError> {
  const read = decode(snapshotPart, content);
  if (!read.ok) return read;
  const { snapshot, index, count, authors, entries } = read.value;
  const fail = (reason: string): Result<never, DecodeError> => err({ reason, offset: 0 });
  if (index >= count) return fail("part-out-of-range");
  const writes: StampedWrite[] = [];
  for (const entry of entries) {
    const author = authors[entry.author];
    if (author === undefined) return fail("unknown-author");
    // A stamp from the future would win over all that is written until then.
    if (entry.depth >= depth) return fail("stamp-from-the-future");
    writes.push({ ...entry, author: bytesToHex(author) });
  }
  return ok({ snapshot, index, count, writes });
}

const registerId = ({ tag, key }: SyncOperation): string => `${tag} ${bytesToHex(key)}`;

function pack<T extends SyncOperation>(
  operations: readonly T[],
  most: number,
  extra: number,
): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let room = 0;
  for (const operation of operations) {
    const size = entryBytes(operation) + extra;
    const last = parts.at(-1);
    if (last !== undefined && size <= room && last.length < most) last.push(operation);
    else {
      parts.push([operation]);
      room = MAX_CONTENT_BYTES - OVERHEAD_BYTES;
    }
    room -= size;
  }
  return parts;
}
