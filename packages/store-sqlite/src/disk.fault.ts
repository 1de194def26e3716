/**
 * A disk that fails, for tests and simulations. What is written is seen at once, as through an operating system's
 * cache, but lies apart until it is synced; a crash decides what of the rest has reached the medium: nothing, all, the
 * beginning, any part in any order, and of each write any of its sectors.
 *
 * Operations that change something (write, truncate, sync, remove) are counted, so that a test can go through them all.
 */
import { StoreError } from "@xchat/client/ports";
import { MemoryFile } from "./disk.memory.ts";
import { DiskError, type Disk, type DiskFile, type DiskPlace } from "./disk.ts";

/** What a medium writes whole: the unit in which a write is torn. */
const SECTOR = 512;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number }
  | { readonly kind: "remove" };

interface FaultFile {
  /** `null` when the medium does not know the name. */
  durable: Uint8Array | null;
  /** `null` when the system does not know the name. */
  current: MemoryFile | null;
  unsynced: Change[];
}

export type Fault =
  /** The machine stops: this operation and all that follow fail, until `restart`. */
  | { readonly kind: "crash"; readonly at: number }
  /** Writes that need room fail, from this operation to that one (exclusive). */
  | { readonly kind: "full"; readonly at: number; readonly until: number }
  /** One operation fails. */
  | { readonly kind: "io"; readonly at: number }
  /** The first sync from this operation on fails: what it should have saved stays unsaved. */
  | { readonly kind: "sync"; readonly at: number };

/** @returns a number from 0 to 1, exclusive; the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class FaultDisk implements Disk, DiskPlace {
  /** How many operations have been asked for. */
  operations = 0;
  fault: Fault | null = null;
  isDown = false;

  readonly #files = new Map<string, FaultFile>();
  #isHeld = false;

  async acquireIfThere(): Promise<Disk | null> {
    return this.#files.size === 0 ? null : this.acquire();
  }

  async acquire(): Promise<Disk> {
    if (this.isDown) throw new DiskError("io");
    if (this.#isHeld) throw new StoreError("store-in-use");
    this.#isHeld = true;
    return this;
  }

  close(): void {
    this.#isHeld = false;
  }

  /** After a crash: the lock is free, and only what the medium holds is left. */
  restart(random: () => number): void {
    for (const [name, file] of this.#files) {
      const survivor = survive(file, random);
      if (survivor === null) this.#files.delete(name);
      else this.#files.set(name, { durable: survivor, current: memoryFile(survivor), unsynced: [] });
    }
    this.isDown = false;
    this.#isHeld = false;
    this.fault = null;
  }

  async peek(name: string, limit: number): Promise<Uint8Array | null> {
    return this.#files.get(name)?.current?.bytes().subarray(0, limit) ?? null;
  }

  /** Everything as it is seen now, by name. */
  contents(): ReadonlyMap<string, Uint8Array> {
    const files = [...this.#files].flatMap(([name, { current }]) =>
      current === null ? [] : [[name, current.bytes()] as const],
    );
    return new Map(files);
  }

  async destroy(): Promise<void> {
    if (this.#isHeld) throw new StoreError("store-in-use");
    for (const name of this.#files.keys()) this.remove(name);
  }

  open(name: string, create: boolean): DiskFile | null {
    this.#alive();
    let file = this.#files.get(name);
    if (file === undefined) {
      if (!create) return null;
      file = { durable: null, current: null, unsynced: [] };
      this.#files.set(name, file);
    }
    if (file.current === null) {
      if (!create) return null;
      file.current = new MemoryFile();
    }
    return this.#handle(file, file.current);
  }

  exists(name: string): boolean {
    this.#alive();
    return (this.#files.get(name)?.current ?? null) !== null;
  }

  remove(name: string): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    this.#operate(false, () => {
      file.unsynced.push({ kind: "remove" });
      file.current = null;
    });
    file.durable = null;
    file.unsynced = [];
  }

  #handle(file: FaultFile, current: MemoryFile): DiskFile {
    return {
      read: (into, offset) => {
        this.#alive();
        return current.read(into, offset);
      },
      write: (from, offset) =>
        this.#operate(true, () => {
          file.unsynced.push({ kind: "write", offset, bytes: from.slice() });
          current.write(from, offset);
        }),
      truncate: (size) =>
        this.#operate(false, () => {
          file.unsynced.push({ kind: "truncate", size });
          current.truncate(size);
        }),
      sync: () => {
        this.#operate(false, () => {
          if (this.fault?.kind !== "sync" || this.operations <= this.fault.at) return;
          this.fault = null;
          throw new DiskError("io", new Error("injected"));
        });
        file.durable = current.bytes();
        file.unsynced = [];
      },
      size: () => {
        this.#alive();
        return current.size;
      },
      close: () => {},
    };
  }

  #alive(): void {
    if (this.isDown) throw new DiskError("io", new Error("the machine is down"));
  }

  /** A crash falls after the operation has reached the cache and before it has reached the medium. */
  #operate(needsRoom: boolean, action: () => void): void {
    this.#alive();
    const number = this.operations++;
    const { fault } = this;
    if (fault?.kind === "full" && needsRoom && number >= fault.at && number < fault.until) throw new DiskError("full");
    if (fault?.kind === "io" && number === fault.at) throw new DiskError("io", new Error("injected"));
    action();
    if (fault?.kind === "crash" && number >= fault.at) {
      this.isDown = true;
      throw new DiskError("io", new Error("the machine went down"));
    }
  }
}

function memoryFile(bytes: Uint8Array): MemoryFile {
  const file = new MemoryFile();
  file.write(bytes, 0);
  return file;
}

/** `null` when the file is gone, or never came to be. */
function survive(file: FaultFile, random: () => number): Uint8Array | null {
  if (file.unsynced.length === 0 && file.durable === null)
    return random() < 0.5 || file.current === null ? null : new Uint8Array(0);
  const kept = survivingChanges(file.unsynced, random);
  if (file.durable === null && (kept.length === 0 || random() < 0.3)) return null;
  const result = memoryFile(file.durable ?? new Uint8Array(0));
  for (const change of kept) {
    if (change.kind === "remove") return null;
    if (change.kind === "truncate") result.truncate(change.size);
    else writeTorn(result, change.offset, change.bytes, random);
  }
  return result.bytes();
}

function survivingChanges(changes: readonly Change[], random: () => number): readonly Change[] {
  const way = random();
  if (way < 0.25) return [];
  if (way < 0.5) return changes;
  if (way < 0.75) return changes.slice(0, Math.floor(random() * (changes.length + 1)));
  return changes.filter(() => random() < 0.5);
}

function writeTorn(file: MemoryFile, offset: number, bytes: Uint8Array, random: () => number): void {
  if (random() < 0.6) return file.write(bytes, offset);
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + SECTOR - ((offset + start) % SECTOR));
    if (random() < 0.5) file.write(bytes.subarray(start, end), offset + start);
    start = end;
  }
}
