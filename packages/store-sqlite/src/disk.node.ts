/**
 * A folder as a disk. `sync` is fdatasync (on macOS the runtime asks the drive itself to flush), and the folder is
 * synced where a name has come or gone.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { StoreError } from "@xchat/client/ports";
import { DiskError, STORE_FILES, type Disk, type DiskFile, type DiskPlace } from "./disk.ts";
import { takeLock } from "./lock.node.ts";
import { isNoRoom } from "./no-room.node.ts";

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

export class NodeDiskPlace implements DiskPlace {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async acquireIfThere(): Promise<Disk | null> {
    return fs.existsSync(this.#directory) ? this.acquire() : null;
  }

  async acquire(): Promise<Disk> {
    guard(() => fs.mkdirSync(this.#directory, { recursive: true, mode: OWNER_ONLY_FOLDER }));
    const release = takeLock(this.#directory);
    return new NodeDisk(this.#directory, release);
  }

  async peek(name: string, limit: number): Promise<Uint8Array | null> {
    const handle = openOrNull(join(this.#directory, name), fs.constants.O_RDONLY);
    if (handle === null) return null;
    try {
      const bytes = new Uint8Array(limit);
      return bytes.subarray(
        0,
        guard(() => readFully(handle, bytes, 0)),
      );
    } finally {
      fs.closeSync(handle);
    }
  }

  async destroy(): Promise<void> {
    if (!fs.existsSync(this.#directory)) return;
    const release = takeLock(this.#directory);
    try {
      // The keys go first: without them the rest is noise, whatever happens next.
      for (const name of STORE_FILES) guard(() => fs.rmSync(join(this.#directory, name), { force: true }));
      syncFolder(this.#directory);
    } finally {
      release();
    }
  }
}

class NodeDisk implements Disk {
  readonly #directory: string;
  readonly #release: () => void;

  constructor(directory: string, release: () => void) {
    this.#directory = directory;
    this.#release = release;
  }

  open(name: string, create: boolean): DiskFile | null {
    const path = join(this.#directory, name);
    const handle = openOrNull(path, fs.constants.O_RDWR);
    if (handle !== null) return new NodeFile(handle, null);
    if (!create) return null;
    const made = guard(() =>
      fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL, OWNER_ONLY_FILE),
    );
    return new NodeFile(made, this.#directory);
  }

  exists(name: string): boolean {
    return fs.existsSync(join(this.#directory, name));
  }

  remove(name: string): void {
    guard(() => fs.rmSync(join(this.#directory, name), { force: true }));
    syncFolder(this.#directory);
  }

  close(): void {
    this.#release();
  }
}

class NodeFile implements DiskFile {
  readonly #handle: number;
  /** The folder in which the file's name is not yet durable. */
  #unsyncedIn: string | null;

  constructor(handle: number, unsyncedIn: string | null) {
    this.#handle = handle;
    this.#unsyncedIn = unsyncedIn;
  }

  read(into: Uint8Array, offset: number): number {
    return guard(() => readFully(this.#handle, into, offset));
  }

  write(from: Uint8Array, offset: number): void {
    guard(() => {
      for (let done = 0; done < from.length;) {
        done += fs.writeSync(this.#handle, from, done, from.length - done, offset + done);
      }
    });
  }

  truncate(size: number): void {
    guard(() => fs.ftruncateSync(this.#handle, size));
  }

  sync(): void {
    guard(() => fs.fdatasyncSync(this.#handle));
    if (this.#unsyncedIn !== null) syncFolder(this.#unsyncedIn);
    this.#unsyncedIn = null;
  }

  size(): number {
    return guard(() => fs.fstatSync(this.#handle).size);
  }

  close(): void {
    guard(() => fs.closeSync(this.#handle));
  }
}

function readFully(handle: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const count = fs.readSync(handle, into, done, into.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function openOrNull(path: string, flags: number): number | null {
  try {
    return fs.openSync(path, flags);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw toDiskError(error);
  }
}

/** Windows cannot open a folder, and makes names durable by itself. */
function syncFolder(directory: string): void {
  if (process.platform === "win32") return;
  guard(() => {
    const handle = fs.openSync(directory, fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  });
}

function guard<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toDiskError(error);
  }
}

const toDiskError = (error: unknown): Error =>
  error instanceof StoreError ? error : new DiskError(isNoRoom(error) ? "full" : "io", error);

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
