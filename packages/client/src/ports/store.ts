/**
 * The store as a port. A write is a list of changes: it is applied whole or not at all, and is on the disk when it
 * resolves. Writes are applied in the order in which they were given; an adapter may put several into one transaction.
 *
 * S1 After `write` resolves, no crash and no loss of unsynced writes can undo it.
 * S2 A crash at any instant leaves the store as it was after some prefix of the writes.
 * S3 Reads see every write that was given before them, though it may not be safe yet: whoever acts on others by what
 *    they read has written something themselves, and waits for that.
 * S4 What is deleted or replaced does not linger in free pages or, after three seconds, in the journal. An engine that moves
 *    rows may leave copies of them in the middle of pages that are in use: `rewrite` takes all of these away.
 *
 * Failures of the environment are thrown as `StoreError`; the client turns them into words.
 */
import type {
  ContactRecord,
  ConversationRecord,
  CursorRecord,
  EventRecord,
  GroupRecord,
  HeldRecord,
  InvitationRecord,
  KeyPackageRecord,
  MailboxRecord,
  MarkRecord,
  OutboxRecord,
  PartRecord,
  RequestRecord,
} from "./records.ts";

/** Records that are put whole under their key. */
export interface Tables {
  invitation: InvitationRecord;
  keyPackage: KeyPackageRecord;
  request: RequestRecord;
  contact: ContactRecord;
  conversation: ConversationRecord;
  group: GroupRecord;
  event: EventRecord;
  mark: MarkRecord;
  outbox: OutboxRecord;
  mailbox: MailboxRecord;
  cursor: CursorRecord;
  held: HeldRecord;
  part: PartRecord;
}

export type TableName = keyof Tables;

export type StoreChange =
  | { [T in TableName]: { readonly put: T; readonly record: Tables[T] } }[TableName]
  /** `key` as the record names it (see `records.ts`). Deleting what is not there is no error. */
  | { readonly delete: TableName; readonly key: string }
  /** Moves the ratchets of a group without writing its epoch again. */
  | { readonly ratchet: string; readonly ratchetPart: Uint8Array }
  /** Takes everything of a conversation away: events, marks, group, mailboxes, cursors, outbox, held, parts. Not the contact. */
  | { readonly forget: string }
  /** Takes parts of a conversation away, of these kinds. */
  | { readonly forgetParts: string; readonly kinds: readonly string[] }
  /** Envelope hashes (hex) that need not be opened again before `until`. */
  | { readonly seen: readonly string[]; readonly until: number }
  | { readonly forgetSeenBefore: number }
  /** Small single things by name: profile, nodes, settings. `null` deletes. */
  | { readonly document: string; readonly value: Uint8Array | null };

export interface EventPosition {
  readonly depth: number;
  readonly id: string;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: readonly EventRecord[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export interface Store {
  /**
   * @param meanwhile runs once when the changes can be read, before they are safe: for what acts on nobody outside, such as
   *   the screen. What it does is waited for, and must not fail. Not called where the changes cannot be made.
   */
  write(changes: readonly StoreChange[], meanwhile?: () => Promise<void>): Promise<void>;

  document(name: string): Promise<Uint8Array | null>;
  /** All records of a table that is not large. Not for `event`, `held` and `group`. */
  all<T extends Exclude<TableName, "event" | "held" | "group">>(table: T): Promise<readonly Tables[T][]>;
  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | null>;

  /** Which of these envelope hashes have been seen. */
  seen(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  held(conversationId: string): Promise<readonly HeldRecord[]>;
  /** Of these kinds, ascending by id. */
  parts(conversationId: string, kinds: readonly string[]): Promise<readonly PartRecord[]>;

  /** Rows in the order (depth, id), strictly before or after a position; `null` before = the newest. */
  eventsBefore(conversationId: string, before: EventPosition | null, limit: number): Promise<EventPage>;
  eventsAfter(conversationId: string, after: EventPosition, limit: number): Promise<EventPage>;
  eventsById(ids: readonly string[]): Promise<readonly EventRecord[]>;
  /** Of one author, `fromSequence` on, ascending by sequence number. */
  eventsOfAuthor(
    conversationId: string,
    author: string,
    fromSequence: number,
    limit: number,
  ): Promise<readonly EventRecord[]>;
  /** Events with `state` "pending": parents are missing. Ascending by receivedAt. */
  pendingEvents(conversationId: string): Promise<readonly EventRecord[]>;
  /** Shown events whose `target` or `replaces` is one of these. In no order. */
  eventsAbout(conversationId: string, ids: readonly string[]): Promise<readonly EventRecord[]>;
  /** Events of kind "pin", the latest place first. */
  pins(conversationId: string, limit: number): Promise<readonly EventRecord[]>;
  /** Those that disappear at a moment that is known, the next one first. Own ones that have gone nowhere yet stay. */
  disappearing(conversationId: string, limit: number): Promise<readonly EventRecord[]>;
  /** Those that disappear after reading and have not been read, up to and with a position. */
  waitingForReading(conversationId: string, upTo: EventPosition): Promise<readonly EventRecord[]>;
  marks(eventIds: readonly string[]): Promise<readonly MarkRecord[]>;
  /** Starred rows that are messages still, the latest star first. */
  starred(conversationId: string | null, limit: number): Promise<readonly EventRecord[]>;
  /** The newest row, and how many of other people lie after the read position and count. */
  summary(
    conversationId: string,
    readUpTo: EventPosition | null,
  ): Promise<{ readonly last: EventRecord | null; readonly unread: number }>;
  /** Words as a person types them (prefixes of words, any case, marks ignored), newest first. */
  search(text: string, conversationId: string | null, limit: number): Promise<readonly EventRecord[]>;
  /** All events of a conversation, or those behind a position, oldest first, in pages. */
  everyEvent(conversationId: string, after?: EventPosition): AsyncIterable<EventRecord>;

  /** Sets, changes (re-encrypting the store's key) or takes away the passphrase. */
  setPassphrase(current: string | null, next: string | null): Promise<void>;
  hasPassphrase(): boolean;
  /**
   * Writes everything that is there into a new place and removes the old one (S4). Blocks the store for about 15 ms a
   * megabyte and needs as much room again for the time. To be called now and then, when nobody waits.
   *
   * @throws StoreError, with everything as it was
   */
  rewrite(): Promise<void>;
  /** Bytes in use, and a full integrity check when asked. */
  health(check: "quick" | "full"): Promise<{ readonly bytes: number; readonly problems: readonly string[] }>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | "wrong-passphrase"
  | "passphrase-needed"
  | "store-missing"
  | "store-damaged"
  | "store-newer-version"
  | "store-full"
  | "store-in-use"
  | "store-failed";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/** Where stores of one profile live. `open` creates nothing; `create` refuses where one is. */
export interface StoreOpener {
  state(): Promise<"none" | "open-key" | "passphrase">;
  create(passphrase: string | null): Promise<Store>;
  /** Looks for itself, so that nobody need ask for the state before. @throws StoreError */
  open(passphrase: string | null): Promise<Store>;
  /** Takes the whole store off the device. */
  destroy(): Promise<void>;
}
