/**
 * Envelopes in append-only files, one for each hour of expiry, so that expiry is an unlink.
 *
 * SG1 Record: "XS" ‖ version 1 ‖ kind (1) ‖ length (4) ‖ cursor (6) ‖ part (2) ‖ mailbox (32) ‖ hash (32) ‖
 *     envelope. Only what the index knows counts; bytes behind its end are a torn tail, and are written over.
 * SG2 `append` returns after the file is synced; the index is written after that, never before.
 * SG3 What is read is checked against its hash: a damaged record is missing, not wrong.
 */
import { equalBytes } from "@xchat/codec";
import type { SegmentFile, SegmentFiles } from "./segment-files.ts";

export const RECORD_HEADER_LENGTH = 80;
const MAX_RECORD_BODY = 65_536;

export interface SegmentRecord {
  readonly kind: "envelope" | "slot";
  readonly mailbox: Uint8Array;
  readonly cursor: number;
  /** Index within a commit; 0 for an ordinary envelope. */
  readonly part: number;
  readonly hash: Uint8Array;
  readonly envelope: Uint8Array;
}

export interface Pointer {
  readonly expiresHour: number;
  readonly offset: number;
  readonly length: number;
}

export interface Placed {
  readonly record: SegmentRecord;
  readonly pointer: Pointer;
}

export type RecordHead = Omit<SegmentRecord, "envelope"> & { readonly offset: number; readonly length: number };

export class Segments {
  readonly #files: SegmentFiles;
  readonly #hash: (data: Uint8Array) => Uint8Array;
  readonly #open = new Map<number, Promise<SegmentFile>>();
  readonly #ends: Map<number, number>;

  /** `ends`: where the index says that each segment ends. */
  constructor(files: SegmentFiles, hash: (data: Uint8Array) => Uint8Array, ends: ReadonlyMap<number, number>) {
    this.#files = files;
    this.#hash = hash;
    this.#ends = new Map(ends);
  }

  get bytes(): number {
    let sum = 0;
    for (const end of this.#ends.values()) sum += end;
    return sum;
  }

  hours(): readonly number[] {
    return [...this.#ends.keys()];
  }

  endOf(hour: number): number {
    return this.#ends.get(hour) ?? 0;
  }

  /** Where each record would go; nothing is written yet. */
  place(
    expiresHour: number,
    records: readonly SegmentRecord[],
  ): { readonly placed: readonly Placed[]; readonly end: number } {
    let offset = this.endOf(expiresHour);
    const placed: Placed[] = [];
    for (const record of records) {
      placed.push({ record, pointer: { expiresHour, offset, length: record.envelope.length } });
      offset += RECORD_HEADER_LENGTH + record.envelope.length;
    }
    return { placed, end: offset };
  }

  /** Writes and syncs. A failure leaves the segment's end where it was: the next append writes over what came of it. */
  async append(expiresHour: number, records: readonly SegmentRecord[]): Promise<void> {
    const file = await this.#fileOf(expiresHour);
    await file.write(
      records.flatMap((record) => [recordHeader(record), record.envelope]),
      this.endOf(expiresHour),
    );
    await file.sync();
  }

  /** The index has it: from here on the new end counts. */
  confirm(expiresHour: number, end: number): void {
    this.#ends.set(expiresHour, end);
  }

  /** `null` when it is damaged or gone. */
  async read(pointer: Pointer): Promise<Uint8Array | null> {
    try {
      const file = await this.#fileOf(pointer.expiresHour);
      const bytes = await file.read(pointer.offset, RECORD_HEADER_LENGTH + pointer.length);
      const head = parseHeader(bytes, pointer.offset);
      if (head === null || head.length !== pointer.length) return null;
      const envelope = bytes.subarray(RECORD_HEADER_LENGTH);
      return equalBytes(this.#hash(envelope), head.hash) ? envelope : null;
    } catch {
      // Its hour passed while it was being read.
      return null;
    }
  }

  async *heads(hour: number): AsyncIterable<RecordHead> {
    const file = await this.#fileOf(hour);
    const end = this.endOf(hour);
    for (let offset = 0; offset < end;) {
      const head = parseHeader(await file.read(offset, RECORD_HEADER_LENGTH), offset);
      // A damaged head hides those behind it: their index entries are skipped by readers and cleaned with their mailbox.
      if (head === null) return;
      yield head;
      offset += RECORD_HEADER_LENGTH + head.length;
    }
  }

  async remove(hour: number): Promise<void> {
    const file = this.#open.get(hour);
    this.#open.delete(hour);
    this.#ends.delete(hour);
    await (await file)?.close();
    await this.#files.remove(hour).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    for (const file of files) await (await file).close();
  }

  #fileOf(hour: number): Promise<SegmentFile> {
    const known = this.#open.get(hour);
    if (known !== undefined) return known;
    const opened = this.#files.open(hour);
    this.#open.set(hour, opened);
    opened.catch(() => this.#open.delete(hour));
    return opened;
  }
}

function recordHeader(record: SegmentRecord): Uint8Array {
  const header = new Uint8Array(RECORD_HEADER_LENGTH);
  const view = new DataView(header.buffer);
  view.setUint16(0, 0x5853);
  view.setUint8(2, 1);
  view.setUint8(3, record.kind === "envelope" ? 0 : 1);
  view.setUint32(4, record.envelope.length);
  view.setUint16(8, Math.floor(record.cursor / 0x1_0000_0000));
  view.setUint32(10, record.cursor % 0x1_0000_0000);
  view.setUint16(14, record.part);
  header.set(record.mailbox, 16);
  header.set(record.hash, 48);
  return header;
}

function parseHeader(bytes: Uint8Array, offset: number): RecordHead | null {
  if (bytes.length < RECORD_HEADER_LENGTH) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(4);
  if (view.getUint16(0) !== 0x5853 || view.getUint8(2) !== 1 || view.getUint8(3) > 1 || length > MAX_RECORD_BODY) {
    return null;
  }
  return {
    kind: view.getUint8(3) === 0 ? "envelope" : "slot",
    cursor: view.getUint16(8) * 0x1_0000_0000 + view.getUint32(10),
    part: view.getUint16(14),
    mailbox: bytes.slice(16, 48),
    hash: bytes.slice(48, 80),
    offset,
    length,
  };
}
