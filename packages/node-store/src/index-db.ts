/** The index: an LMDB environment with one table for each kind of row. Values stay under 4,000 bytes. */
import { open, type Database, type RootDatabase } from "lmdb";

export interface Index {
  /** mailbox → MailboxRow */
  readonly mailboxes: Database<Buffer, Uint8Array>;
  /** mailbox ‖ cursor → Pointer */
  readonly entries: Database<Buffer, Uint8Array>;
  /** mailbox ‖ hash → DedupeRow */
  readonly hashes: Database<Buffer, Uint8Array>;
  /** mailbox ‖ part → Pointer */
  readonly slots: Database<Buffer, Uint8Array>;
  /** place → BlobRow */
  readonly blobs: Database<Buffer, Uint8Array>;
  /** place ‖ part → bytes */
  readonly blobParts: Database<Buffer, Uint8Array>;
  /** expiry hour → end of the segment (8 bytes) */
  readonly segments: Database<Buffer, Uint8Array>;
  /** All puts and removes of `change` in one transaction; resolves when it is on the disk. */
  write(change: () => void): Promise<void>;
  bytes(): number;
  close(): Promise<void>;
}

export function openIndex(folder: string): Index {
  const root: RootDatabase<Buffer, Uint8Array> = open({
    path: folder,
    noSubdir: false,
    maxDbs: 8,
    encoding: "binary",
    keyEncoding: "binary",
    // A commit is answered when it is synced, not before: nobody may hold a receipt for less.
    overlappingSync: false,
  });
  const table = (name: string): Database<Buffer, Uint8Array> =>
    root.openDB<Buffer, Uint8Array>({ name, encoding: "binary", keyEncoding: "binary" });
  return {
    mailboxes: table("mailboxes"),
    entries: table("entries"),
    hashes: table("hashes"),
    slots: table("slots"),
    blobs: table("blobs"),
    blobParts: table("blobParts"),
    segments: table("segments"),
    write: async (change) => {
      await root.batch(change);
    },
    bytes: () => {
      const stats = root.getStats() as { mapSize?: number; lastPageNumber?: number; pageSize?: number };
      return (stats.lastPageNumber ?? 0) * (stats.pageSize ?? 4_096);
    },
    close: () => root.close(),
  };
}
