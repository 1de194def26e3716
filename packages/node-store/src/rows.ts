/**
 * Rows of the index: fixed layouts, big-endian, so that the order of keys is the order of cursors. They are written and
 * read by this program alone; a row of another length is a damaged store.
 */
import type { Pointer } from "./segments.ts";

export interface MailboxRow {
  readonly kind: "mailbox" | "inbox";
  readonly nextCursor: number;
  readonly count: number;
  readonly bytes: number;
  /** Forgotten then. */
  readonly expiresHour: number;
  readonly slot: SlotRow | null;
}

export interface SlotRow {
  readonly commitHash: Uint8Array;
  readonly expiresHour: number;
  readonly count: number;
}

export interface DedupeRow {
  readonly cursor: number;
  readonly expiresHour: number;
}

export interface BlobRow {
  readonly owner: Uint8Array;
  readonly version: number;
  readonly expiresHour: number;
  readonly length: number;
  readonly isRemoved: boolean;
}

const MAILBOX_ROW = 60;

export function encodeMailboxRow(row: MailboxRow): Buffer {
  const bytes = Buffer.alloc(MAILBOX_ROW);
  bytes.writeUInt8(row.kind === "mailbox" ? 0 : 1, 0);
  bytes.writeUIntBE(row.nextCursor, 1, 6);
  bytes.writeUInt32BE(row.count, 7);
  bytes.writeUIntBE(row.bytes, 11, 6);
  bytes.writeUInt32BE(row.expiresHour, 17);
  if (row.slot !== null) {
    bytes.writeUInt8(row.slot.count, 21);
    bytes.writeUInt32BE(row.slot.expiresHour, 22);
    bytes.set(row.slot.commitHash, 26);
  }
  return bytes;
}

export function decodeMailboxRow(bytes: Buffer): MailboxRow {
  expectLength(bytes, MAILBOX_ROW);
  const slotCount = bytes.readUInt8(21);
  return {
    kind: bytes.readUInt8(0) === 0 ? "mailbox" : "inbox",
    nextCursor: bytes.readUIntBE(1, 6),
    count: bytes.readUInt32BE(7),
    bytes: bytes.readUIntBE(11, 6),
    expiresHour: bytes.readUInt32BE(17),
    slot:
      slotCount === 0
        ? null
        : { count: slotCount, expiresHour: bytes.readUInt32BE(22), commitHash: new Uint8Array(bytes.subarray(26, 58)) },
  };
}

export function encodePointer(pointer: Pointer): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt32BE(pointer.expiresHour, 0);
  bytes.writeUIntBE(pointer.offset, 4, 6);
  bytes.writeUInt32BE(pointer.length, 10);
  return bytes;
}

export function decodePointer(bytes: Buffer): Pointer {
  expectLength(bytes, 14);
  return { expiresHour: bytes.readUInt32BE(0), offset: bytes.readUIntBE(4, 6), length: bytes.readUInt32BE(10) };
}

export function encodeDedupe(row: DedupeRow): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUIntBE(row.cursor, 0, 6);
  bytes.writeUInt32BE(row.expiresHour, 6);
  return bytes;
}

export function decodeDedupe(bytes: Buffer): DedupeRow {
  expectLength(bytes, 10);
  return { cursor: bytes.readUIntBE(0, 6), expiresHour: bytes.readUInt32BE(6) };
}

export function encodeBlobRow(row: BlobRow): Buffer {
  const bytes = Buffer.alloc(47);
  bytes.set(row.owner, 0);
  bytes.writeUIntBE(row.version, 32, 6);
  bytes.writeUInt32BE(row.expiresHour, 38);
  bytes.writeUInt32BE(row.length, 42);
  bytes.writeUInt8(row.isRemoved ? 1 : 0, 46);
  return bytes;
}

export function decodeBlobRow(bytes: Buffer): BlobRow {
  expectLength(bytes, 47);
  return {
    owner: new Uint8Array(bytes.subarray(0, 32)),
    version: bytes.readUIntBE(32, 6),
    expiresHour: bytes.readUInt32BE(38),
    length: bytes.readUInt32BE(42),
    isRemoved: bytes.readUInt8(46) === 1,
  };
}

/** mailbox ‖ cursor */
export function entryKey(mailbox: Uint8Array, cursor: number): Buffer {
  const key = Buffer.alloc(38);
  key.set(mailbox, 0);
  key.writeUIntBE(cursor, 32, 6);
  return key;
}

export const cursorOfKey = (key: Uint8Array): number =>
  Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(32, 6);

/** mailbox ‖ first half of the hash: 128 bits tell the envelopes of one mailbox apart. */
export function dedupeKey(mailbox: Uint8Array, hash: Uint8Array): Buffer {
  const key = Buffer.alloc(48);
  key.set(mailbox, 0);
  key.set(hash.subarray(0, 16), 32);
  return key;
}

/** mailbox or place ‖ index */
export function partKey(owner: Uint8Array, index: number): Buffer {
  const key = Buffer.alloc(33);
  key.set(owner, 0);
  key.writeUInt8(index, 32);
  return key;
}

export function hourKey(hour: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(hour, 0);
  return key;
}

function expectLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length)
    throw Object.assign(new Error("a row of the node's index is damaged"), { code: "store-damaged" });
}
