/**
 * The embedded storage: an LMDB index and segment files, in one folder, owned by one process.
 *
 * A batch is decided in memory, then its envelopes are appended and synced, then the index is committed and synced, then
 * it is answered: whatever instant it stops at, the index never names bytes that are not on the disk.
 */
import { join } from "node:path";
import { openIndex, type Index } from "./index-db.ts";
import { BatchPlan, BLOB_PART_BYTES, blobPartCount, readBlobParts } from "./plan.ts";
import {
  StoreUnavailable,
  type MailboxState,
  type NodeStore,
  type StoredBlob,
  type StoredRow,
  type StoredSlot,
  type StoreLimits,
  type StoreOperation,
  type StoreOutcome,
  type StoreUsage,
} from "./port.ts";
import { purgeBlobs, purgeMailboxes, purgeSegment } from "./purge.ts";
import {
  cursorOfKey,
  decodeBlobRow,
  decodeMailboxRow,
  decodePointer,
  encodeBlobRow,
  encodeDedupe,
  encodeMailboxRow,
  encodePointer,
  entryKey,
  hourKey,
  partKey,
} from "./rows.ts";
import { segmentFiles, type SegmentFiles } from "./segment-files.ts";
import { RECORD_HEADER_LENGTH, Segments, type Placed } from "./segments.ts";
import { EXPIRY_HOURS, MAX_CURSOR } from "@xchat/protocol";

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  totalBytes: 20 * 2 ** 30,
  mailboxes: 2_000_000,
  blobs: 200_000,
  mailboxBytes: 64 * 2 ** 20,
  inboxBytes: 8 * 2 ** 20,
  inboxEnvelopes: 256,
};

/** Free space that is left alone: the index needs room to take things away. */
const RESERVED_BYTES = 128 * 2 ** 20;
const FREE_SPACE_CHECK_BYTES = 32 * 2 ** 20;

export interface EmbeddedStoreOptions {
  readonly folder: string;
  /** SHA-256. */
  readonly hash: (data: Uint8Array) => Uint8Array;
  readonly limits?: Partial<StoreLimits>;
  /** For tests. */
  readonly files?: SegmentFiles;
}

export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<NodeStore> {
  const files = options.files ?? (await segmentFiles(join(options.folder, "segments")));
  const index = openIndex(join(options.folder, "index"));
  const ends = new Map<number, number>();
  for (const { key, value } of index.segments.getRange({})) {
    ends.set(Buffer.from(key).readUInt32BE(0), Number(Buffer.from(value).readBigUInt64BE(0)));
  }
  const segments = new Segments(files, options.hash, ends);
  // A file that the index does not know was made just before a crash: nothing in it was ever answered.
  for (const hour of await files.hours()) if (!ends.has(hour)) await files.remove(hour);
  return new EmbeddedStore(index, segments, files, { ...DEFAULT_STORE_LIMITS, ...options.limits });
}

class EmbeddedStore implements NodeStore {
  readonly #index: Index;
  readonly #segments: Segments;
  readonly #files: SegmentFiles;
  readonly #limits: StoreLimits;
  readonly #usage: { bytes: number; mailboxes: number; blobs: number };
  /** One change at a time. */
  #lane: Promise<unknown> = Promise.resolve();
  /** After a sync that failed nobody knows what the disk holds: only a restart can tell. */
  #isBroken = false;
  #bytesUntilCheck = 0;

  constructor(index: Index, segments: Segments, files: SegmentFiles, limits: StoreLimits) {
    this.#index = index;
    this.#segments = segments;
    this.#files = files;
    this.#limits = limits;
    const countOf = (table: Index["blobs"]): number => (table.getStats() as { entryCount: number }).entryCount;
    this.#usage = {
      bytes: segments.bytes + countOf(index.blobParts) * BLOB_PART_BYTES,
      mailboxes: countOf(index.mailboxes),
      blobs: countOf(index.blobs),
    };
  }

  apply(batch: readonly StoreOperation[]): Promise<readonly StoreOutcome[]> {
    return this.#inLane(() => this.#apply(batch));
  }

  foresee(operation: StoreOperation): StoreOutcome {
    return new BatchPlan(this.#index, this.#limits, this.#usage).decide(operation);
  }

  mailbox(mailbox: Uint8Array, hour: number): MailboxState | null {
    const stored = this.#index.mailboxes.get(Buffer.from(mailbox));
    if (stored === undefined) return null;
    const row = decodeMailboxRow(stored);
    if (row.expiresHour <= hour) return null;
    return { kind: row.kind, lastCursor: row.nextCursor - 1, hasSlot: row.slot !== null };
  }

  async read(mailbox: Uint8Array, after: number, limit: number, hour: number): Promise<readonly StoredRow[]> {
    let from = after;
    // Rows whose envelope is gone are stepped over; without this a page of them would look like the end.
    for (;;) {
      const rows = [
        ...this.#index.entries.getRange({
          start: entryKey(mailbox, Math.min(from + 1, MAX_CURSOR)),
          end: entryKey(mailbox, MAX_CURSOR),
          limit,
        }),
      ].map(({ key, value }) => ({ cursor: cursorOfKey(key), pointer: decodePointer(value) }));
      const read = await Promise.all(
        rows
          .filter(({ pointer }) => pointer.expiresHour > hour)
          .map(async ({ cursor, pointer }) => ({ cursor, envelope: await this.#segments.read(pointer) })),
      );
      const present = read.filter((row): row is StoredRow => row.envelope !== null);
      if (present.length > 0 || rows.length < limit) return present;
      from = (rows.at(-1) as { cursor: number }).cursor;
    }
  }

  slot(mailbox: Uint8Array, hour: number): StoredSlot | null {
    const stored = this.#index.mailboxes.get(Buffer.from(mailbox));
    const slot = stored === undefined ? null : decodeMailboxRow(stored).slot;
    if (slot === null || slot.expiresHour <= hour) return null;
    return {
      commitHash: slot.commitHash,
      count: slot.count,
      hour: slot.expiresHour - EXPIRY_HOURS,
      expiresHour: slot.expiresHour,
      envelope: async (part) => {
        const pointer = this.#index.slots.get(partKey(mailbox, part));
        return pointer === undefined ? null : this.#segments.read(decodePointer(pointer));
      },
    };
  }

  isPlaceTaken(place: Uint8Array, hour: number): boolean {
    const stored = this.#index.blobs.get(Buffer.from(place));
    return stored !== undefined && decodeBlobRow(stored).expiresHour > hour;
  }

  blob(place: Uint8Array, hour: number): StoredBlob | null {
    const stored = this.#index.blobs.get(Buffer.from(place));
    if (stored === undefined) return null;
    const row = decodeBlobRow(stored);
    if (row.isRemoved || row.expiresHour <= hour) return null;
    return { version: row.version, blob: readBlobParts(this.#index, place, row.length) };
  }

  async expire(hour: number): Promise<void> {
    for (const expired of this.#segments.hours().filter((segment) => segment <= hour)) {
      await purgeSegment(this.#index, this.#segments, expired, (change) => this.#inLane(change));
    }
    await purgeMailboxes(this.#index, hour, (change) => this.#inLane(change));
    await purgeBlobs(this.#index, hour, (change) => this.#inLane(change));
    this.#recount();
  }

  usage(): StoreUsage {
    return { ...this.#usage };
  }

  async close(): Promise<void> {
    await this.#lane.catch(() => {});
    await this.#segments.close();
    await this.#index.close();
  }

  async #apply(batch: readonly StoreOperation[]): Promise<readonly StoreOutcome[]> {
    if (this.#isBroken) throw new StoreUnavailable("store-failed");
    const plan = new BatchPlan(this.#index, this.#limits, this.#usage);
    const outcomes = batch.map((operation) => plan.decide(operation));
    await this.#expectFreeSpace(plan.addedBytes);
    const placed: Placed[] = [];
    const ends = new Map<number, number>();
    for (const [hour, records] of plan.records) {
      const place = this.#segments.place(hour, records);
      await this.#append(hour, records);
      placed.push(...place.placed);
      ends.set(hour, place.end);
    }
    await this.#commitIndex(plan, placed, ends);
    for (const [hour, end] of ends) this.#segments.confirm(hour, end);
    this.#usage.bytes += plan.addedBytes + placed.length * RECORD_HEADER_LENGTH;
    this.#usage.mailboxes += plan.addedMailboxes;
    this.#usage.blobs += plan.addedBlobs;
    return outcomes;
  }

  async #append(hour: number, records: Parameters<Segments["append"]>[1]): Promise<void> {
    try {
      await this.#segments.append(hour, records);
    } catch (error) {
      const isFull =
        (error as NodeJS.ErrnoException).code === "ENOSPC" || (error as NodeJS.ErrnoException).code === "EDQUOT";
      this.#isBroken ||= !isFull;
      throw new StoreUnavailable(isFull ? "store-full" : "store-failed", error);
    }
  }

  async #commitIndex(plan: BatchPlan, placed: readonly Placed[], ends: ReadonlyMap<number, number>): Promise<void> {
    const index = this.#index;
    const isEmpty = placed.length === 0 && plan.mailboxes.size === 0 && plan.blobs.size === 0;
    if (isEmpty) return;
    try {
      await index.write(() => {
        for (const { record, pointer } of placed) {
          void index.entries.put(entryKey(record.mailbox, record.cursor), encodePointer(pointer));
          if (record.kind === "slot")
            void index.slots.put(partKey(record.mailbox, record.part), encodePointer(pointer));
        }
        for (const { key, row } of plan.hashes.values()) void index.hashes.put(key, encodeDedupe(row));
        for (const { key, row } of plan.mailboxes.values()) void index.mailboxes.put(key, encodeMailboxRow(row));
        for (const { key, row, blob, oldLength } of plan.blobs.values()) {
          void index.blobs.put(key, encodeBlobRow(row));
          for (let part = 0; part < blobPartCount(blob.length); part++) {
            const bytes = blob.subarray(part * BLOB_PART_BYTES, (part + 1) * BLOB_PART_BYTES);
            void index.blobParts.put(partKey(key, part), Buffer.from(bytes));
          }
          for (let part = blobPartCount(blob.length); part < blobPartCount(oldLength); part++) {
            void index.blobParts.remove(partKey(key, part));
          }
        }
        for (const [hour, end] of ends) {
          const value = Buffer.alloc(8);
          value.writeBigUInt64BE(BigInt(end), 0);
          void index.segments.put(hourKey(hour), value);
        }
      });
    } catch (error) {
      throw new StoreUnavailable("store-failed", error);
    }
  }

  /** Asks the file system once for every 32 MiB, so that the index is never the first to find the disk full. */
  async #expectFreeSpace(bytes: number): Promise<void> {
    this.#bytesUntilCheck -= bytes;
    if (this.#bytesUntilCheck > 0) return;
    if ((await this.#files.freeBytes()) < RESERVED_BYTES) throw new StoreUnavailable("store-full");
    this.#bytesUntilCheck = FREE_SPACE_CHECK_BYTES;
  }

  #recount(): void {
    const countOf = (table: Index["blobs"]): number => (table.getStats() as { entryCount: number }).entryCount;
    this.#usage.bytes = this.#segments.bytes + countOf(this.#index.blobParts) * BLOB_PART_BYTES;
    this.#usage.mailboxes = countOf(this.#index.mailboxes);
    this.#usage.blobs = countOf(this.#index.blobs);
  }

  #inLane<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#lane.then(change, change);
    this.#lane = done.catch(() => {});
    return done;
  }
}
