/**
 * A log that keeps its place on the disk: it lies in room that was written before, and is emptied by overwriting. A sync
 * of bytes that make a file longer must bring the file's size and place to the disk as well, which takes about twice as
 * long.
 *
 * RF1 What is emptied has a blank beginning first, on the disk, before anything behind it changes: SQLite must never
 *     find the older part of a log without the newer, and takes a log with a blank beginning for none.
 * RF2 Everything behind is blank too when `truncate` returns (S4); what a crash left of it goes with the next write.
 */
import { DiskError, type DiskFile } from "./disk.ts";

/** Room is made in steps of so many bytes: more than a second of messages. */
const ROOM_STEP = 128 * 1024;
/** What a flood of messages has made larger is given back. */
const MOST_ROOM = 4 * ROOM_STEP;
/** Of SQLite's log. */
const HEADER_BYTES = 32;

export class ReservedFile implements DiskFile {
  readonly #file: DiskFile;
  #size: number;
  /** Bytes of the file, of which those behind `#size` are blank; null while a crash may have left something there. */
  #room: number | null;

  constructor(file: DiskFile) {
    this.#file = file;
    const header = new Uint8Array(HEADER_BYTES);
    const isBlank = file.read(header, 0) === 0 || header.every((byte) => byte === 0);
    const size = file.size();
    this.#size = isBlank ? 0 : size;
    this.#room = isBlank && size > 0 ? null : size;
  }

  read(into: Uint8Array, offset: number): number {
    const length = Math.max(0, Math.min(into.length, this.#size - offset));
    return length === 0 ? 0 : this.#file.read(into.subarray(0, length), offset);
  }

  write(from: Uint8Array, offset: number): void {
    const end = offset + from.length;
    this.#makeRoom(end);
    this.#file.write(from, offset);
    this.#size = Math.max(this.#size, end);
    this.#room = Math.max(this.#room ?? 0, end);
  }

  /** To nothing: in place. Whatever else: as any file. */
  truncate(size: number): void {
    const room = this.#room ?? 0;
    if (size > 0 || this.#size === 0 || room > MOST_ROOM) {
      this.#file.truncate(size);
      this.#room = size;
    } else {
      this.#file.write(new Uint8Array(HEADER_BYTES), 0);
      this.#file.sync();
      const rest = Math.max(0, this.#size - HEADER_BYTES);
      if (rest > 0) this.#file.write(new Uint8Array(rest), HEADER_BYTES);
    }
    this.#size = size;
  }

  sync(): void {
    this.#file.sync();
  }

  size(): number {
    return this.#size;
  }

  close(): void {
    this.#file.close();
  }

  #makeRoom(end: number): void {
    if (this.#room === null) {
      this.#file.truncate(0);
      this.#room = 0;
    }
    const room = this.#room;
    if (end <= room) return;
    const next = Math.ceil(end / ROOM_STEP) * ROOM_STEP;
    try {
      this.#file.write(new Uint8Array(next - room), room);
      this.#room = next;
    } catch (error) {
      // Where little room is left the log takes what it needs, and no more.
      if (!(error instanceof DiskError) || error.code !== "full") throw error;
      this.#file.truncate(room);
    }
  }
}
