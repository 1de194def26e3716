/** The few file operations that segments need, so that a test can make them fail, tear or forget. */
import { constants } from "node:fs";
import { mkdir, open, readdir, statfs, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

export interface SegmentFile {
  /** Writes all of it at this place. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  sync(): Promise<void>;
  /** Fewer bytes than asked for at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface SegmentFiles {
  /** Makes the file durable in its folder if it is new. */
  open(hour: number): Promise<SegmentFile>;
  hours(): Promise<readonly number[]>;
  remove(hour: number): Promise<void>;
  freeBytes(): Promise<number>;
}

const NAME = /^(\d{1,10})\.segment$/;
/** IOV_MAX is 1,024 on Linux. */
const MAX_PARTS = 1_000;

export async function segmentFiles(folder: string): Promise<SegmentFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (hour: number): string => join(folder, `${hour}.segment`);
  return {
    open: async (hour) => {
      const handle = await open(pathOf(hour), constants.O_RDWR | constants.O_CREAT, 0o600);
      await syncFolder(folder);
      return segmentFile(handle);
    },
    hours: async () => {
      const names = await readdir(folder);
      return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
    },
    remove: async (hour) => {
      await unlink(pathOf(hour));
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

function segmentFile(handle: FileHandle): SegmentFile {
  return {
    write: async (parts, position) => {
      let at = position;
      for (let from = 0; from < parts.length; from += MAX_PARTS) {
        const some = parts.slice(from, from + MAX_PARTS);
        const length = some.reduce((sum, part) => sum + part.length, 0);
        const { bytesWritten } = await handle.writev(some as Uint8Array[], at);
        // A short write means that the disk is full: the next one would have said so.
        if (bytesWritten !== length) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
        at += length;
      }
    },
    sync: () => handle.datasync(),
    read: async (position, length) => {
      const buffer = new Uint8Array(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
