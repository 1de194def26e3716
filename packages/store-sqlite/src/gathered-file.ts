/**
 * A file whose writes are gathered until they are synced, and then reach the disk in one call: SQLite writes each page
 * of its log in two, and the layer that encrypts reads a part of it back. Nothing is promised before a sync (D1), so
 * nothing is promised less. What is gathered is read as if it lay there.
 */
import type { DiskFile } from "./disk.ts";

const FIRST_ROOM = 64 * 1024;
/** More than a commit of a message by far; a larger one goes to the disk in pieces. */
const MOST_GATHERED = 512 * 1024;

export class GatheredFile implements DiskFile {
  readonly #file: DiskFile;
  /** What is gathered: `#length` bytes of `#bytes`, which belong to `#offset` of the file. */
  #bytes = new Uint8Array(0);
  #offset = 0;
  #length = 0;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  read(into: Uint8Array, offset: number): number {
    if (this.#holds(offset, into.length)) {
      const start = offset - this.#offset;
      into.set(this.#bytes.subarray(start, start + into.length));
      return into.length;
    }
    if (offset < this.#end) this.settle();
    return this.#file.read(into, offset);
  }

  write(from: Uint8Array, offset: number): void {
    if (!this.#holds(offset, from.length) && (offset !== this.#end || this.#length + from.length > MOST_GATHERED)) {
      this.settle();
      this.#offset = offset;
    }
    const start = offset - this.#offset;
    this.#makeRoom(start + from.length);
    this.#bytes.set(from, start);
    this.#length = Math.max(this.#length, start + from.length);
  }

  /**
   * Brings what is gathered to the disk. What could not be written is gathered no more, as if its writes had failed one
   * by one.
   */
  settle(): void {
    if (this.#length === 0) return;
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#file.write(bytes, this.#offset);
  }

  truncate(size: number): void {
    this.settle();
    this.#file.truncate(size);
  }

  sync(): void {
    this.settle();
    this.#file.sync();
  }

  size(): number {
    return this.#length === 0 ? this.#file.size() : Math.max(this.#file.size(), this.#end);
  }

  /** What was not synced is lost. */
  close(): void {
    this.#length = 0;
    this.#file.close();
  }

  get #end(): number {
    return this.#offset + this.#length;
  }

  #holds(offset: number, length: number): boolean {
    return this.#length > 0 && offset >= this.#offset && offset + length <= this.#end;
  }

  #makeRoom(length: number): void {
    if (length <= this.#bytes.length) return;
    const room = new Uint8Array(Math.max(length, FIRST_ROOM, this.#bytes.length * 2));
    room.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = room;
  }
}
