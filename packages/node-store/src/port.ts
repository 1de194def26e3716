/**
 * Storage of a node as a port. The embedded adapter is in this package; every adapter passes `contract-suite.ts`.
 *
 * ST1 What `apply` has answered with is durable: no crash, and no loss of writes that were never synced, takes it back.
 * ST2 A batch is applied in its order; each operation sees those before it. A batch that fails has done nothing that
 *     a reader can see.
 * ST3 The same envelope again in one mailbox keeps the first copy, its cursor and its hours.
 * ST4 A slot is given once. The envelopes of the commit that has it are read like ordinary ones too, outside the quota.
 *     It stays taken when its envelopes have expired, for as long as its mailbox is known.
 * ST5 Reads see every batch that was answered. Expired things are never read, purged or not.
 * Keys, hashes and envelopes that go in are not copied: the caller leaves them alone until the answer.
 */

export type StoreOperation =
  | { readonly kind: "open-mailbox"; readonly mailbox: Uint8Array; readonly hour: number }
  | { readonly kind: "open-inbox"; readonly mailbox: Uint8Array; readonly expiresHour: number; readonly hour: number }
  | {
      readonly kind: "deposit";
      readonly to: "mailbox" | "inbox";
      readonly mailbox: Uint8Array;
      readonly envelope: Uint8Array;
      /** SHA-256 of the envelope. */
      readonly hash: Uint8Array;
      readonly hour: number;
    }
  | {
      readonly kind: "commit";
      readonly mailbox: Uint8Array;
      readonly envelopes: readonly Uint8Array[];
      readonly hashes: readonly Uint8Array[];
      /** What tells this commit from another. */
      readonly commitHash: Uint8Array;
      readonly hour: number;
    }
  | {
      readonly kind: "put-blob";
      readonly place: Uint8Array;
      readonly owner: Uint8Array;
      readonly version: number;
      readonly blob: Uint8Array;
      readonly expiresHour: number;
      /** Whether the stamp of a new place was paid. */
      readonly mayTakePlace: boolean;
      readonly hour: number;
    }
  | {
      readonly kind: "remove-blob";
      readonly place: Uint8Array;
      readonly owner: Uint8Array;
      readonly version: number;
      readonly hour: number;
    };

export type StoreRefusal =
  | "mailbox-unknown"
  | "mailbox-full"
  | "inbox-unknown"
  | "inbox-full"
  | "slot-taken"
  | "place-taken"
  | "version-old"
  | "stamp-needed"
  /** The node as a whole: not a refusal for good. */
  | "node-full";

export type StoreOutcome =
  /** `hour` and `expiresHour` are those of the first copy. */
  | { readonly kind: "stored"; readonly isNew: boolean; readonly hour: number; readonly expiresHour: number }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly reason: StoreRefusal };

export interface MailboxState {
  readonly kind: "mailbox" | "inbox";
  /** Of the envelope that came last; 0 when none has. */
  readonly lastCursor: number;
  readonly hasSlot: boolean;
}

export interface StoredRow {
  readonly cursor: number;
  readonly envelope: Uint8Array;
}

export interface StoredSlot {
  readonly commitHash: Uint8Array;
  readonly hour: number;
  readonly expiresHour: number;
  readonly count: number;
  /** The part with this index, from 0; `null` when it can no longer be read. */
  envelope(index: number): Promise<Uint8Array | null>;
}

export interface StoredBlob {
  readonly version: number;
  readonly blob: Uint8Array;
}

export interface StoreUsage {
  readonly bytes: number;
  readonly mailboxes: number;
  readonly blobs: number;
}

export interface NodeStore {
  /** @throws StoreUnavailable when the disk is full or fails: nothing of the batch was done, and it may be tried later. */
  apply(batch: readonly StoreOperation[]): Promise<readonly StoreOutcome[]>;
  /** What `apply` would answer to it alone, by what is stored now. Does nothing. */
  foresee(operation: StoreOperation): StoreOutcome;
  mailbox(mailbox: Uint8Array, hour: number): MailboxState | null;
  /** Ascending by cursor, after `after`; at most `limit`, and at least one if there is any. */
  read(mailbox: Uint8Array, after: number, limit: number, hour: number): Promise<readonly StoredRow[]>;
  /** `null` when the slot is free, or its envelopes have expired. */
  slot(mailbox: Uint8Array, hour: number): StoredSlot | null;
  isPlaceTaken(place: Uint8Array, hour: number): boolean;
  /** `null` when nobody took the place, or its blob was removed. */
  blob(place: Uint8Array, hour: number): StoredBlob | null;
  /** Purges what expired before or at `hour`. May take long; other calls go on meanwhile. */
  expire(hour: number): Promise<void>;
  usage(): StoreUsage;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export interface StoreLimits {
  /** Of everything, in bytes. */
  readonly totalBytes: number;
  readonly mailboxes: number;
  readonly blobs: number;
  /** Ordinary envelopes of one mailbox; its slot has space of its own. */
  readonly mailboxBytes: number;
  readonly inboxBytes: number;
  readonly inboxEnvelopes: number;
}

export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly code: "store-full" | "store-failed";
  constructor(code: "store-full" | "store-failed", cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}
