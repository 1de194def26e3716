/**
 * A disk in memory, for simulations and tests. Everything is durable at once: faults come from `disk.fault.ts`.
 */
import { StoreError } from "@xchat/client/ports";
import type { Disk, DiskFile, DiskPlace } from "./disk.ts";

const SMALLEST_BLOCK = 4096;

/** Bytes that grow. Bytes beyond `size` are zero (D3). */
export class MemoryFile {
  #bytes = new Uint8Array(0);
  size = 0;

  read(into: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - offset));
    into.set(this.#bytes.subarray(offset, offset + count));
    return count;
  }

  write(from: Uint8Array, offset: number): void {
    const end = offset + from.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2, SMALLEST_BLOCK));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(from, offset);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    else this.write(new Uint8Array(size - this.size), this.size);
    this.size = size;
  }

  /** A copy. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.size);
  }
}

export class MemoryDisk implements Disk, DiskPlace {
  readonly files = new Map<string, MemoryFile>();
  #isHeld = false;

  async acquireIfThere(): Promise<Disk | null> {
    return this.files.size === 0 ? null : this.acquire();
  }

  async acquire(): Promise<Disk> {
    if (this.#isHeld) throw new StoreError("store-in-use");
    this.#isHeld = true;
    return this;
  }

  /** As when the process that held the disk has died: the lock is free again. */
  abandon(): void {
    this.#isHeld = false;
  }

  close(): void {
    this.#isHeld = false;
  }

  async peek(name: string, limit: number): Promise<Uint8Array | null> {
    return this.files.get(name)?.bytes().subarray(0, limit) ?? null;
  }

  async destroy(): Promise<void> {
    if (this.#isHeld) throw new StoreError("store-in-use");
    this.files.clear();
  }

  open(name: string, create: boolean): DiskFile | null {
    let file = this.files.get(name);
    if (file === undefined) {
      if (!create) return null;
      file = new MemoryFile();
      this.files.set(name, file);
    }
    const open = file;
    return {
      read: (into, offset) => open.read(into, offset),
      write: (from, offset) => open.write(from, offset),
      truncate: (size) => open.truncate(size),
      sync: () => {},
      size: () => open.size,
      close: () => {},
    };
  }

  exists(name: string): boolean {
    return this.files.has(name);
  }

  remove(name: string): void {
    this.files.delete(name);
  }
}
