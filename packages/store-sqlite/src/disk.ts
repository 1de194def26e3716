/**
 * The few things that the store needs of a disk. All calls but those of a `DiskPlace` are synchronous, because SQLite's
 * are: a place does what must be awaited (finding files, taking the lock) before it hands out a disk.
 *
 * D1 What was written before `sync` returned survives any crash; what was not may be lost, kept, torn or kept in part.
 * D2 `remove` is durable when it returns.
 * D3 Bytes of a file that were never written, below its size, are zero.
 * D4 One disk of a place is open at a time; the lock of a process or tab that is gone does not count.
 */
export interface DiskFile {
  /** Fills `into` from `offset` on as far as the file goes; answers how many bytes it was. */
  read(into: Uint8Array, offset: number): number;
  write(from: Uint8Array, offset: number): void;
  truncate(size: number): void;
  /** Returns when the file's bytes, size and name are on the medium. */
  sync(): void;
  size(): number;
  close(): void;
}

/** Names are short plain words: a disk is one flat folder. Opening an open name answers a handle on the same file. */
export interface Disk {
  /** `null` when it is not there and `create` is false. */
  open(name: string, create: boolean): DiskFile | null;
  exists(name: string): boolean;
  remove(name: string): void;
  /** Gives the lock back. Nothing of the disk can be used afterwards. */
  close(): void;
}

export interface DiskPlace {
  /** Makes the place where there is none. @throws StoreError `store-in-use` */
  acquire(): Promise<Disk>;
  /** Null where there is no such place: none is made. @throws StoreError `store-in-use` */
  acquireIfThere(): Promise<Disk | null>;
  /** At most the first `limit` bytes of a file, without the lock; `null` when it is not there. */
  peek(name: string, limit: number): Promise<Uint8Array | null>;
  /** Removes everything. @throws StoreError `store-in-use` */
  destroy(): Promise<void>;
}

/** `full` when the medium or the quota has no room, `io` for everything else. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: "full" | "io";
  constructor(code: "full" | "io", cause?: unknown) {
    super(code === "full" ? "no room on the disk" : "the disk failed", { cause });
    this.code = code;
  }
}

/** Files of a store. Fixed names, so that a platform that must open its files ahead knows them all. */
export const KEY_FILES = ["key-1", "key-2"] as const;
export const DATABASES = ["a", "b"] as const;
export type DatabaseName = (typeof DATABASES)[number];
export const databaseFile = (name: DatabaseName): string => `store-${name}.db`;
/** The database itself and what SQLite may keep beside it. */
export const databaseFiles = (name: DatabaseName): readonly string[] =>
  ["", "-wal", "-journal"].map((suffix) => databaseFile(name) + suffix);
export const STORE_FILES: readonly string[] = [...KEY_FILES, ...DATABASES.flatMap(databaseFiles)];

/** The whole of a small file; `null` when it is not there. */
export function readWhole(disk: Disk, name: string): Uint8Array | null {
  const file = disk.open(name, false);
  if (file === null) return null;
  try {
    const bytes = new Uint8Array(file.size());
    return bytes.subarray(0, file.read(bytes, 0));
  } finally {
    file.close();
  }
}

/** Writes the whole of a small file in place and syncs it. A crash may tear it: the caller keeps a second copy. */
export function writeWhole(disk: Disk, name: string, bytes: Uint8Array): void {
  const file = disk.open(name, true);
  if (file === null) throw new DiskError("io", new Error(`could not create ${name}`));
  try {
    file.write(bytes, 0);
    file.truncate(bytes.length);
    file.sync();
  } finally {
    file.close();
  }
}

export const sizeOf = (disk: Disk, name: string): number => {
  const file = disk.open(name, false);
  if (file === null) return 0;
  try {
    return file.size();
  } finally {
    file.close();
  }
};
