/**
 * SQLite's view of a disk: the one virtual file system of the store, the same on every platform. Locks are no business
 * of its own (D4), temporary files are refused (they would lie unencrypted; `temp_store` keeps them in memory), and
 * nothing that a disk throws passes through WebAssembly: it becomes SQLite's code, and stays here as the cause.
 *
 * V1 While frozen, nothing on the disk is changed (an empty file may appear).
 * V2 After a failed sync nothing is written until the store is opened again: the system may have thrown the unsynced
 *    bytes away and call the next sync a success.
 * V3 While syncs are put off, a log reaches the disk without one: `syncLogs` makes up for it, or the next sync of the log.
 */
import { DiskError, type Disk, type DiskFile } from "./disk.ts";
import { GatheredFile } from "./gathered-file.ts";
import { ReservedFile } from "./reserved-file.ts";
import type { SqliteModule } from "./sqlite-module.ts";

const OK = 0;
const FULL = 13;
const NOT_FOUND = 12;
const CANNOT_OPEN = 14;
const IO_READ = 266;
const IO_SHORT_READ = 522;
const IO_WRITE = 778;
const IO_SYNC = 1034;
const IO_TRUNCATE = 1546;
const IO_STAT = 1802;
const IO_DELETE = 2570;
const OPEN_CREATE = 0x4;
const OPEN_WAL = 0x80000;
/** A write harms no byte outside its range, even at a power cut: what SQLite assumes of every disk by default. */
const POWERSAFE_OVERWRITE = 0x1000;
const SECTOR_BYTES = 4096;
const TWO_TO_32 = 0x1_0000_0000;
/** Milliseconds from SQLite's epoch, noon of 24 November 4714 BC, to that of JavaScript. */
const JULIAN_EPOCH_MS = 210_866_760_000_000;
const DAY_MS = 86_400_000;

interface OpenLog {
  readonly file: GatheredFile;
  size: number;
}

export interface VfsInput {
  readonly name: string;
  readonly disk: Disk;
  readonly module: SqliteModule;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly now: () => number;
}

export class DiskVfs {
  readonly name: string;
  /** Room for the parameters with which a copy under another key is made. */
  readonly mxPathname = 512;
  /** V1 */
  isFrozen = false;
  /** V2 */
  needsReopening = false;
  /** V3 */
  putsSyncOff = false;
  /** What the disk threw last: the cause behind SQLite's next error. */
  lastFailure: unknown;

  readonly #disk: Disk;
  readonly #module: SqliteModule;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #now: () => number;
  readonly #files = new Map<number, DiskFile>();
  readonly #logs = new Map<number, OpenLog>();

  constructor(input: VfsInput) {
    this.name = input.name;
    this.#disk = input.disk;
    this.#module = input.module;
    this.#randomBytes = input.randomBytes;
    this.#now = input.now;
  }

  hasAsyncMethod(): boolean {
    return false;
  }

  xOpen(_vfs: number, name: number, file: number, flags: number, outFlags: number): number {
    if (name === 0) return CANNOT_OPEN;
    return this.#attempt(CANNOT_OPEN, () => {
      const opened = this.#disk.open(this.#module.UTF8ToString(name), (flags & OPEN_CREATE) !== 0);
      if (opened === null) return CANNOT_OPEN;
      const log = (flags & OPEN_WAL) === 0 ? null : openLog(opened);
      this.#files.set(file, log?.file ?? opened);
      if (log !== null) this.#logs.set(file, log);
      this.#setInt32(outFlags, flags);
      return OK;
    });
  }

  xClose(file: number): number {
    return this.#attempt(OK, () => {
      this.#files.get(file)?.close();
      this.#files.delete(file);
      this.#logs.delete(file);
      return OK;
    });
  }

  xRead(file: number, data: number, length: number, low: number, high: number): number {
    return this.#attempt(IO_READ, () => {
      const into = this.#module.HEAPU8.subarray(data, data + length);
      const count = this.#file(file).read(into, offsetOf(low, high));
      if (count === length) return OK;
      into.fill(0, count);
      return IO_SHORT_READ;
    });
  }

  xWrite(file: number, data: number, length: number, low: number, high: number): number {
    return this.#change(IO_WRITE, () => {
      const offset = offsetOf(low, high);
      this.#file(file).write(this.#module.HEAPU8.subarray(data, data + length), offset);
      const log = this.#logs.get(file);
      if (log !== undefined) log.size = Math.max(log.size, offset + length);
    });
  }

  xTruncate(file: number, low: number, high: number): number {
    return this.#change(IO_TRUNCATE, () => {
      const size = offsetOf(low, high);
      this.#file(file).truncate(size);
      const log = this.#logs.get(file);
      if (log !== undefined) log.size = size;
    });
  }

  xSync(file: number): number {
    // A write that fails is none of the syncs that V2 is about.
    const written = this.#change(IO_WRITE, () => this.#logs.get(file)?.file.settle());
    if (written !== OK) return written;
    if (this.putsSyncOff && this.#logs.has(file)) return OK;
    const result = this.#change(IO_SYNC, () => this.#file(file).sync());
    if (result !== OK) this.needsReopening = true;
    return result;
  }

  xFileSize(file: number, result: number): number {
    return this.#attempt(IO_STAT, () => {
      const size = this.#file(file).size();
      this.#setInt32(result, size % TWO_TO_32);
      this.#setInt32(result + 4, Math.floor(size / TWO_TO_32));
      return OK;
    });
  }

  xDelete(_vfs: number, name: number): number {
    return this.#change(IO_DELETE, () => this.#disk.remove(this.#module.UTF8ToString(name)));
  }

  xAccess(_vfs: number, name: number, _flags: number, result: number): number {
    return this.#attempt(IO_STAT, () => {
      this.#setInt32(result, this.#disk.exists(this.#module.UTF8ToString(name)) ? 1 : 0);
      return OK;
    });
  }

  xFullPathname(_vfs: number, name: number, room: number, result: number): number {
    const heap = this.#module.HEAPU8;
    const end = heap.indexOf(0, name);
    if (end - name >= room) return CANNOT_OPEN;
    heap.copyWithin(result, name, end + 1);
    return OK;
  }

  xRandomness(_vfs: number, length: number, result: number): number {
    this.#module.HEAPU8.set(this.#randomBytes(length), result);
    return length;
  }

  /** The layer that encrypts calls these without asking whether they are there: leaving one out traps. */
  xGetLastError(): number {
    return OK;
  }

  xSleep(): number {
    return 0;
  }

  xCurrentTime(_vfs: number, result: number): number {
    const heap = this.#module.HEAPU8;
    const days = (JULIAN_EPOCH_MS + this.#now()) / DAY_MS;
    new DataView(heap.buffer, heap.byteOffset).setFloat64(result, days, true);
    return OK;
  }

  xCurrentTimeInt64(_vfs: number, result: number): number {
    const time = JULIAN_EPOCH_MS + Math.floor(this.#now());
    this.#setInt32(result, time % TWO_TO_32);
    this.#setInt32(result + 4, Math.floor(time / TWO_TO_32));
    return OK;
  }

  xLock(): number {
    return OK;
  }

  xUnlock(): number {
    return OK;
  }

  xCheckReservedLock(_file: number, result: number): number {
    this.#setInt32(result, 0);
    return OK;
  }

  xFileControl(): number {
    return NOT_FOUND;
  }

  xSectorSize(): number {
    return SECTOR_BYTES;
  }

  xDeviceCharacteristics(): number {
    return POWERSAFE_OVERWRITE;
  }

  /** V3. False where that failed. */
  syncLogs(): boolean {
    return [...this.#logs.keys()].every((file) => this.xSync(file) === OK);
  }

  /** Bytes in the write-ahead logs that are open. */
  logBytes(): number {
    return [...this.#logs.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Closes what SQLite has left open. */
  closeFiles(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#logs.clear();
  }

  #file(id: number): DiskFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new DiskError("io", new Error("file is not open"));
    return file;
  }

  #change(failure: number, action: () => void): number {
    if (this.isFrozen || this.needsReopening) return failure;
    return this.#attempt(failure, () => {
      action();
      return OK;
    });
  }

  #attempt(failure: number, action: () => number): number {
    try {
      return action();
    } catch (error) {
      this.lastFailure = error;
      return error instanceof DiskError && error.code === "full" ? FULL : failure;
    }
  }

  #setInt32(pointer: number, value: number): void {
    const heap = this.#module.HEAPU8;
    new DataView(heap.buffer, heap.byteOffset).setInt32(pointer, value | 0, true);
  }
}

/** 64-bit numbers come as two signed halves. */
function openLog(file: DiskFile): OpenLog {
  const reserved = new ReservedFile(file);
  return { file: new GatheredFile(reserved), size: reserved.size() };
}

const offsetOf = (low: number, high: number): number => high * TWO_TO_32 + (low >>> 0);
