/**
 * Decides a batch: which operations are done, which are refused, and what must be written for it. Reads the index, but
 * writes nothing: what it planned is thrown away when the disk refuses.
 */
import { equalBytes } from "@xchat/codec";
import { EXPIRY_HOURS, MAILBOX_HOURS } from "@xchat/protocol";
import type { Index } from "./index-db.ts";
import type { StoreLimits, StoreOperation, StoreOutcome, StoreRefusal } from "./port.ts";
import {
  decodeBlobRow,
  decodeDedupe,
  decodeMailboxRow,
  dedupeKey,
  type BlobRow,
  type DedupeRow,
  type MailboxRow,
} from "./rows.ts";
import type { SegmentRecord } from "./segments.ts";

type Operation<K extends StoreOperation["kind"]> = Extract<StoreOperation, { kind: K }>;

export interface PlannedRow<Row> {
  readonly key: Buffer;
  readonly row: Row;
}

export interface PlannedBlob extends PlannedRow<BlobRow> {
  /** Empty for a place whose blob is removed. */
  readonly blob: Uint8Array;
  readonly oldLength: number;
}

const idOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const refused = (reason: StoreRefusal): StoreOutcome => ({ kind: "refused", reason });
const DONE: StoreOutcome = { kind: "done" };

export class BatchPlan {
  readonly mailboxes = new Map<string, PlannedRow<MailboxRow>>();
  readonly hashes = new Map<string, PlannedRow<DedupeRow>>();
  readonly blobs = new Map<string, PlannedBlob>();
  /** By hour of expiry, in order. */
  readonly records = new Map<number, SegmentRecord[]>();
  addedBytes = 0;
  addedMailboxes = 0;
  addedBlobs = 0;

  readonly #index: Index;
  readonly #limits: StoreLimits;
  readonly #usage: { readonly bytes: number; readonly mailboxes: number; readonly blobs: number };

  constructor(
    index: Index,
    limits: StoreLimits,
    usage: { readonly bytes: number; readonly mailboxes: number; readonly blobs: number },
  ) {
    this.#index = index;
    this.#limits = limits;
    this.#usage = usage;
  }

  decide(operation: StoreOperation): StoreOutcome {
    switch (operation.kind) {
      case "open-mailbox":
        return this.#openMailbox(operation.mailbox, "mailbox", operation.hour, operation.hour + MAILBOX_HOURS);
      case "open-inbox":
        return this.#openMailbox(operation.mailbox, "inbox", operation.hour, operation.expiresHour);
      case "deposit":
        return this.#deposit(operation);
      case "commit":
        return this.#commit(operation);
      case "put-blob":
        return this.#putBlob(operation);
      case "remove-blob":
        return this.#removeBlob(operation);
    }
  }

  #openMailbox(mailbox: Uint8Array, kind: MailboxRow["kind"], hour: number, expiresHour: number): StoreOutcome {
    const known = this.#mailboxRow(mailbox, hour);
    if (known !== null) {
      // A key opened as one kind stays that kind: an inbox is no mailbox that anybody may write to with a stamp.
      if (known.kind !== kind) return refused(kind === "inbox" ? "inbox-unknown" : "mailbox-unknown");
      this.#setMailbox(mailbox, { ...known, expiresHour: Math.max(known.expiresHour, expiresHour) });
      return DONE;
    }
    if (this.#usage.mailboxes + this.addedMailboxes >= this.#limits.mailboxes) return refused("node-full");
    // A mailbox that was forgotten may have left entries that are not purged yet: its cursors go on behind them.
    const nextCursor = this.#firstFreeCursor(mailbox, hour);
    this.addedMailboxes++;
    this.#setMailbox(mailbox, { kind, nextCursor, count: 0, bytes: 0, expiresHour, slot: null });
    return DONE;
  }

  #deposit(operation: Operation<"deposit">): StoreOutcome {
    const { mailbox, envelope, hash, hour } = operation;
    const row = this.#mailboxRow(mailbox, hour);
    if (row === null || row.kind !== operation.to) {
      return refused(operation.to === "mailbox" ? "mailbox-unknown" : "inbox-unknown");
    }
    const key = dedupeKey(mailbox, hash);
    const before = this.#dedupeRow(key);
    if (before !== null && before.expiresHour > hour) {
      return { kind: "stored", isNew: false, hour: before.expiresHour - EXPIRY_HOURS, expiresHour: before.expiresHour };
    }
    const { mailboxBytes, inboxBytes, inboxEnvelopes } = this.#limits;
    const isInbox = row.kind === "inbox";
    const isFull = row.bytes + envelope.length > (isInbox ? inboxBytes : mailboxBytes);
    if (isFull || (isInbox && row.count >= inboxEnvelopes)) return refused(isInbox ? "inbox-full" : "mailbox-full");
    if (!this.#hasRoomFor(envelope.length)) return refused("node-full");

    const expiresHour = hour + EXPIRY_HOURS;
    this.#append(expiresHour, { kind: "envelope", mailbox, cursor: row.nextCursor, part: 0, hash, envelope });
    this.hashes.set(idOf(key), { key, row: { cursor: row.nextCursor, expiresHour } });
    this.#setMailbox(mailbox, {
      ...row,
      nextCursor: row.nextCursor + 1,
      count: row.count + 1,
      bytes: row.bytes + envelope.length,
      expiresHour: isInbox ? row.expiresHour : Math.max(row.expiresHour, hour + MAILBOX_HOURS),
    });
    return { kind: "stored", isNew: true, hour, expiresHour };
  }

  #commit(operation: Operation<"commit">): StoreOutcome {
    const { mailbox, envelopes, hashes, commitHash, hour } = operation;
    const row = this.#mailboxRow(mailbox, hour);
    if (row === null || row.kind !== "mailbox") return refused("mailbox-unknown");
    if (row.slot !== null) {
      if (!equalBytes(row.slot.commitHash, commitHash)) return refused("slot-taken");
      const { expiresHour } = row.slot;
      return { kind: "stored", isNew: false, hour: expiresHour - EXPIRY_HOURS, expiresHour };
    }
    if (!this.#hasRoomFor(envelopes.reduce((sum, envelope) => sum + envelope.length, 0))) return refused("node-full");
    const expiresHour = hour + EXPIRY_HOURS;
    envelopes.forEach((envelope, part) => {
      const hash = hashes[part] as Uint8Array;
      const cursor = row.nextCursor + part;
      this.#append(expiresHour, { kind: "slot", mailbox, cursor, part, hash, envelope });
      const key = dedupeKey(mailbox, hash);
      this.hashes.set(idOf(key), { key, row: { cursor, expiresHour } });
    });
    this.#setMailbox(mailbox, {
      ...row,
      nextCursor: row.nextCursor + envelopes.length,
      expiresHour: Math.max(row.expiresHour, hour + MAILBOX_HOURS),
      slot: { commitHash, expiresHour, count: envelopes.length },
    });
    return { kind: "stored", isNew: true, hour, expiresHour };
  }

  #putBlob(operation: Operation<"put-blob">): StoreOutcome {
    const { place, owner, version, blob, expiresHour, hour } = operation;
    const before = this.#blobRow(place, hour);
    if (before === null) {
      if (!operation.mayTakePlace) return refused("stamp-needed");
      if (this.#usage.blobs + this.addedBlobs >= this.#limits.blobs) return refused("node-full");
      this.addedBlobs++;
    } else {
      if (!equalBytes(before.owner, owner)) return refused("place-taken");
      const isRepeat = version === before.version && !before.isRemoved && this.#isSameBlob(place, blob);
      if (version <= before.version && !isRepeat) return refused("version-old");
    }
    if (!this.#hasRoomFor(blob.length)) return refused("node-full");
    this.#setBlob(place, { owner, version, expiresHour, length: blob.length, isRemoved: false }, blob);
    return DONE;
  }

  #removeBlob(operation: Operation<"remove-blob">): StoreOutcome {
    const { place, owner, version, hour } = operation;
    const before = this.#blobRow(place, hour);
    // Removing what is not there is done: the place of a card that never was says nothing.
    if (before === null) return DONE;
    if (!equalBytes(before.owner, owner)) return refused("place-taken");
    if (before.isRemoved && version === before.version) return DONE;
    if (version <= before.version) return refused("version-old");
    this.#setBlob(place, { ...before, version, length: 0, isRemoved: true }, new Uint8Array(0));
    return DONE;
  }

  #hasRoomFor(bytes: number): boolean {
    if (this.#usage.bytes + this.addedBytes + bytes > this.#limits.totalBytes) return false;
    this.addedBytes += bytes;
    return true;
  }

  #append(expiresHour: number, record: SegmentRecord): void {
    const records = this.records.get(expiresHour);
    if (records === undefined) this.records.set(expiresHour, [record]);
    else records.push(record);
  }

  #mailboxRow(mailbox: Uint8Array, hour: number): MailboxRow | null {
    const planned = this.mailboxes.get(idOf(mailbox));
    if (planned !== undefined) return planned.row;
    const stored = this.#index.mailboxes.get(bufferOf(mailbox));
    if (stored === undefined) return null;
    const row = decodeMailboxRow(stored);
    return row.expiresHour > hour ? row : null;
  }

  /** Grows with the hour too, so that readers do not miss what comes after a node has lost its disk. */
  #firstFreeCursor(mailbox: Uint8Array, hour: number): number {
    const stored = this.#index.mailboxes.get(bufferOf(mailbox));
    const known = stored === undefined ? 1 : decodeMailboxRow(stored).nextCursor;
    return Math.max(known, hour * CURSORS_PER_HOUR + 1);
  }

  #dedupeRow(key: Buffer): DedupeRow | null {
    const planned = this.hashes.get(idOf(key));
    if (planned !== undefined) return planned.row;
    const stored = this.#index.hashes.get(key);
    return stored === undefined ? null : decodeDedupe(stored);
  }

  #blobRow(place: Uint8Array, hour: number): BlobRow | null {
    const planned = this.blobs.get(idOf(place));
    if (planned !== undefined) return planned.row;
    const stored = this.#index.blobs.get(bufferOf(place));
    if (stored === undefined) return null;
    const row = decodeBlobRow(stored);
    return row.expiresHour > hour ? row : null;
  }

  #isSameBlob(place: Uint8Array, blob: Uint8Array): boolean {
    const planned = this.blobs.get(idOf(place));
    return equalBytes(planned === undefined ? readBlobParts(this.#index, place, blob.length) : planned.blob, blob);
  }

  #setMailbox(mailbox: Uint8Array, row: MailboxRow): void {
    this.mailboxes.set(idOf(mailbox), { key: bufferOf(mailbox), row });
  }

  #setBlob(place: Uint8Array, row: BlobRow, blob: Uint8Array): void {
    const stored = this.#index.blobs.get(bufferOf(place));
    const oldLength = stored === undefined ? 0 : decodeBlobRow(stored).length;
    this.blobs.set(idOf(place), { key: bufferOf(place), row, blob, oldLength });
  }
}

/** 2^16 × 500,000 hours are 35 of the 48 bits of a cursor. */
const CURSORS_PER_HOUR = 65_536;

/** Under the page size of LMDB, so that no value needs pages of its own. */
export const BLOB_PART_BYTES = 3_900;
export const blobPartCount = (length: number): number => Math.ceil(length / BLOB_PART_BYTES);

export function readBlobParts(index: Index, place: Uint8Array, length: number): Uint8Array {
  const blob = new Uint8Array(length);
  for (let part = 0; part < blobPartCount(length); part++) {
    const key = Buffer.alloc(33);
    key.set(place, 0);
    key.writeUInt8(part, 32);
    const bytes = index.blobParts.get(key);
    if (bytes !== undefined) blob.set(bytes.subarray(0, length - part * BLOB_PART_BYTES), part * BLOB_PART_BYTES);
  }
  return blob;
}
