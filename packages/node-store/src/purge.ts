/**
 * Takes away what has expired, in slices, each a turn of the store's lane, so that writers do not wait for a whole hour's
 * rows. Rows go first, the file last: a crash between the two repeats work that changes nothing.
 */
import type { Index } from "./index-db.ts";
import {
  decodeBlobRow,
  decodeDedupe,
  decodeMailboxRow,
  decodePointer,
  dedupeKey,
  encodeMailboxRow,
  entryKey,
  hourKey,
  partKey,
  type MailboxRow,
} from "./rows.ts";
import { blobPartCount } from "./plan.ts";
import type { RecordHead, Segments } from "./segments.ts";

const SLICE = 512;
type Lane = <T>(change: () => Promise<T>) => Promise<T>;

export async function purgeSegment(index: Index, segments: Segments, hour: number, inLane: Lane): Promise<void> {
  let slice: RecordHead[] = [];
  const flush = async (): Promise<void> => {
    const heads = slice;
    slice = [];
    await inLane(() => purgeHeads(index, hour, heads));
  };
  for await (const head of segments.heads(hour)) {
    slice.push(head);
    if (slice.length === SLICE) await flush();
  }
  await flush();
  await inLane(async () => {
    await index.write(() => void index.segments.remove(hourKey(hour)));
    await segments.remove(hour);
  });
}

async function purgeHeads(index: Index, hour: number, heads: readonly RecordHead[]): Promise<void> {
  const mailboxes = new Map<string, { readonly key: Buffer; row: MailboxRow }>();
  const gone: { readonly head: RecordHead; readonly dropHash: boolean }[] = [];
  for (const head of heads) {
    if (!isIndexed(index, head, hour)) continue;
    const dedupe = index.hashes.get(dedupeKey(head.mailbox, head.hash));
    gone.push({ head, dropHash: dedupe !== undefined && decodeDedupe(dedupe).cursor === head.cursor });
    // A slot has space of its own, outside the quota.
    if (head.kind === "slot") continue;
    const key = Buffer.from(head.mailbox);
    const id = key.toString("latin1");
    const stored = index.mailboxes.get(key);
    const known = mailboxes.get(id) ?? (stored === undefined ? undefined : { key, row: decodeMailboxRow(stored) });
    if (known === undefined) continue;
    known.row = { ...known.row, count: known.row.count - 1, bytes: known.row.bytes - head.length };
    mailboxes.set(id, known);
  }
  if (gone.length === 0) return;
  await index.write(() => {
    for (const { head, dropHash } of gone) {
      if (head.kind === "slot") void index.slots.remove(partKey(head.mailbox, head.part));
      void index.entries.remove(entryKey(head.mailbox, head.cursor));
      if (dropHash) void index.hashes.remove(dedupeKey(head.mailbox, head.hash));
    }
    for (const { key, row } of mailboxes.values()) void index.mailboxes.put(key, encodeMailboxRow(row));
  });
}

/** A record counts only while the index points at it: one that was written over after a crash, or purged, does not. */
function isIndexed(index: Index, head: RecordHead, hour: number): boolean {
  const stored = index.entries.get(entryKey(head.mailbox, head.cursor));
  if (stored === undefined) return false;
  const pointer = decodePointer(stored);
  return pointer.expiresHour === hour && pointer.offset === head.offset;
}

export async function purgeMailboxes(index: Index, hour: number, inLane: Lane): Promise<void> {
  await eachSlice(index.mailboxes, inLane, async (rows) => {
    const expired = rows.filter(({ value }) => decodeMailboxRow(value).expiresHour <= hour);
    // A mailbox with envelopes left keeps its row, and so its cursor, until the last of them is purged.
    const empty = expired.filter(({ value }) => decodeMailboxRow(value).count === 0);
    if (empty.length > 0) await index.write(() => empty.forEach(({ key }) => void index.mailboxes.remove(key)));
  });
}

export async function purgeBlobs(index: Index, hour: number, inLane: Lane): Promise<void> {
  await eachSlice(index.blobs, inLane, async (rows) => {
    const expired = rows
      .map(({ key, value }) => ({ key, row: decodeBlobRow(value) }))
      .filter(({ row }) => row.expiresHour <= hour);
    if (expired.length === 0) return;
    await index.write(() => {
      for (const { key, row } of expired) {
        void index.blobs.remove(key);
        for (let part = 0; part < blobPartCount(row.length); part++) void index.blobParts.remove(partKey(key, part));
      }
    });
  });
}

interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

async function eachSlice(
  table: Index["blobs"],
  inLane: Lane,
  visit: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  let start: Buffer | undefined;
  for (let isMore = true; isMore;) {
    isMore = await inLane(async () => {
      const range = start === undefined ? { limit: SLICE } : { start, limit: SLICE };
      const rows = [...table.getRange(range)].map(({ key, value }) => ({
        key: Buffer.from(key),
        value: Buffer.from(value),
      }));
      await visit(rows);
      const last = rows.at(-1);
      if (last === undefined || rows.length < SLICE) return false;
      // The first key behind the last one.
      start = Buffer.concat([last.key, Buffer.of(0)]);
      return true;
    });
  }
}
