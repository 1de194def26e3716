/**
 * The origin private file system as a disk, in a dedicated worker: only there are its calls synchronous. Files must be
 * opened ahead, so all the names that a store can use are, and an empty file counts as none. The browser gives each
 * file to one holder at a time: that is the lock (D4), and it goes with its tab.
 */
import { StoreError } from "@xchat/client/ports";
import { DiskError, KEY_FILES, STORE_FILES, type Disk, type DiskFile, type DiskPlace } from "./disk.ts";

const FOLDER = "xchat-store";

/** What TypeScript's library for pages leaves out, because pages do not have it. */
export interface SyncAccessHandle {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}
export interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

export class OpfsDiskPlace implements DiskPlace {
  readonly #name: string;

  /** @param name of the profile, within this origin. */
  constructor(name: string) {
    this.#name = name;
  }

  async acquire(): Promise<Disk> {
    return this.#acquire(await this.#folder(true));
  }

  async acquireIfThere(): Promise<Disk | null> {
    let folder: FileSystemDirectoryHandle;
    try {
      folder = await this.#folder(false);
    } catch (error) {
      if (hasName(error, "NotFoundError")) return null;
      throw toDiskError(error);
    }
    return this.#acquire(folder);
  }

  async #acquire(folder: FileSystemDirectoryHandle): Promise<Disk> {
    const handles = new Map<string, SyncAccessHandle>();
    const [first = "", ...others] = STORE_FILES;
    const open = async (name: string): Promise<void> => void handles.set(name, await openHandle(folder, name));
    try {
      // Before the others, which come together: of two that come at once one fails here.
      await open(first);
      const opened = await Promise.allSettled(others.map(open));
      for (const one of opened) if (one.status === "rejected") throw one.reason;
    } catch (error) {
      for (const handle of handles.values()) handle.close();
      throw hasName(error, "NoModificationAllowedError") ? new StoreError("store-in-use", error) : toDiskError(error);
    }
    return new OpfsDisk(handles);
  }

  async peek(name: string, limit: number): Promise<Uint8Array | null> {
    try {
      const folder = await this.#folder(false);
      const file = await (await folder.getFileHandle(name)).getFile();
      return file.size === 0 ? null : new Uint8Array(await file.slice(0, limit).arrayBuffer());
    } catch (error) {
      if (hasName(error, "NotFoundError")) return null;
      throw toDiskError(error);
    }
  }

  async destroy(): Promise<void> {
    const disk = await this.acquireIfThere();
    if (disk === null) return;
    // The keys go first: without them the rest is noise, whatever happens next.
    for (const name of [...KEY_FILES, ...STORE_FILES]) disk.remove(name);
    disk.close();
    const parent = await this.#parent(false);
    await parent.removeEntry(this.#name, { recursive: true });
  }

  async #parent(create: boolean): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(FOLDER, { create });
  }

  async #folder(create: boolean): Promise<FileSystemDirectoryHandle> {
    return (await this.#parent(create)).getDirectoryHandle(this.#name, { create });
  }
}

async function openHandle(folder: FileSystemDirectoryHandle, name: string): Promise<SyncAccessHandle> {
  const file = await folder.getFileHandle(name, { create: true });
  return (file as unknown as SyncFileHandle).createSyncAccessHandle();
}

class OpfsDisk implements Disk {
  readonly #handles: ReadonlyMap<string, SyncAccessHandle>;

  constructor(handles: ReadonlyMap<string, SyncAccessHandle>) {
    this.#handles = handles;
  }

  open(name: string, create: boolean): DiskFile | null {
    const handle = this.#handle(name);
    return create || guard(() => handle.getSize()) > 0 ? new OpfsFile(handle) : null;
  }

  exists(name: string): boolean {
    return guard(() => this.#handle(name).getSize()) > 0;
  }

  remove(name: string): void {
    guard(() => {
      const handle = this.#handle(name);
      handle.truncate(0);
      handle.flush();
    });
  }

  close(): void {
    for (const handle of this.#handles.values()) handle.close();
  }

  #handle(name: string): SyncAccessHandle {
    const handle = this.#handles.get(name);
    if (handle === undefined) throw new DiskError("io", new Error("no file of a store has this name"));
    return handle;
  }
}

class OpfsFile implements DiskFile {
  readonly #handle: SyncAccessHandle;

  constructor(handle: SyncAccessHandle) {
    this.#handle = handle;
  }

  read(into: Uint8Array, offset: number): number {
    return guard(() => this.#handle.read(into, { at: offset }));
  }

  write(from: Uint8Array, offset: number): void {
    const count = guard(() => this.#handle.write(from, { at: offset }));
    if (count !== from.length) throw new DiskError("full", new Error("short write"));
  }

  truncate(size: number): void {
    guard(() => this.#handle.truncate(size));
  }

  sync(): void {
    guard(() => this.#handle.flush());
  }

  size(): number {
    return guard(() => this.#handle.getSize());
  }

  /** The handle belongs to the disk. */
  close(): void {}
}

function guard<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toDiskError(error);
  }
}

const toDiskError = (error: unknown): Error =>
  error instanceof StoreError || error instanceof DiskError
    ? error
    : new DiskError(hasName(error, "QuotaExceededError") ? "full" : "io", error);

const hasName = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;
