/**
 * The store: the queue of writes, the one connection, and what must be tidied.
 *
 * Writes that are given close together become one transaction, and so one sync. A read first commits what has been
 * given before it (S3). Where something is to happen meanwhile, the sync comes after that.
 */
import {
  StoreError,
  type EventPage,
  type EventPosition,
  type EventRecord,
  type HeldRecord,
  type MarkRecord,
  type PartRecord,
  type Store,
  type StoreChange,
  type TableName,
  type Tables,
} from "@xchat/client/ports";
import type { Connection } from "./connection.ts";
import { checkIntegrity, checkpoint, MAX_LOG_BYTES, type Engine } from "./database.ts";
import { STORE_FILES, sizeOf } from "./disk.ts";
import { isEnvironmentFailure, toStoreError } from "./failure.ts";
import * as read from "./reader.ts";
import { UnreadCounts } from "./unread.ts";
import { prepareChange, type Step } from "./writer.ts";

/** When to commit and when to tidy: a platform knows what its event loop does between two tasks. */
export interface Schedule {
  /** After what is already waiting to run. */
  readonly soon: (call: () => void) => void;
  /** After a pause of about a second; `null` where nothing may happen by itself (simulations). */
  readonly later: ((call: () => void) => { cancel(): void }) | null;
}

/** What the store asks of its keeper, which owns keys and files. */
export interface Keeper {
  hasPassphrase(): boolean;
  /** Re-encrypts everything under a new key. @throws StoreError, with the store as it was. */
  rekey(source: Connection, current: string | null, next: string | null): Promise<() => Connection>;
  /** Writes everything anew behind the same passphrase. @throws StoreError, with the store as it was. */
  rewrite(source: Connection): Connection;
  /** Gives the disk back. */
  release(): void;
}

interface PendingWrite {
  readonly steps: readonly Step[];
  readonly meanwhile: (() => Promise<void>) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const EXPORT_PAGE = 200;
/** So often a log waits once more because something was written meanwhile: three pauses are the most (S4). */
const MOST_PUT_OFF = 2;

export class SqliteStore implements Store {
  readonly #engine: Engine;
  readonly #schedule: Schedule;
  readonly #keeper: Keeper;
  readonly #unread = new UnreadCounts();
  #connection: Connection;
  #queue: PendingWrite[] = [];
  /** Made, and not safe yet. */
  #unsynced: PendingWrite[] = [];
  #isFlushPlanned = false;
  #tidying: { cancel(): void } | null = null;
  #hasWritten = false;
  #stopped: StoreError | null = null;
  #rewriting: Promise<void> = Promise.resolve();

  constructor(engine: Engine, connection: Connection, keeper: Keeper, schedule: Schedule) {
    this.#engine = engine;
    this.#connection = connection;
    this.#keeper = keeper;
    this.#schedule = schedule;
  }

  // ---- writing

  write(changes: readonly StoreChange[], meanwhile?: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const failure = this.#writeFailure();
      if (failure !== null) throw failure;
      this.#queue.push({ steps: changes.map(prepareChange), meanwhile, resolve, reject });
      this.#planFlush();
    });
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    // Whoever comes first does not wait; what comes while that is written goes together.
    queueMicrotask(() => this.#flush());
    this.#schedule.soon(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    const writes = this.#queue;
    this.#queue = [];
    const meanwhile = writes.flatMap((write) => write.meanwhile ?? []);
    const isSyncedLater = meanwhile.length > 0;
    try {
      this.#applyFreeingRoom(writes, isSyncedLater);
      if (isSyncedLater) {
        this.#unsynced.push(...writes);
        void Promise.all(meanwhile.map((call) => call())).finally(() => this.#sync());
      } else {
        // Nothing is said of those in front: where nothing changed, nothing was synced.
        for (const write of writes) write.resolve();
      }
    } catch (error) {
      this.#refuse(writes, error);
    }
    this.#afterCommit();
  }

  #sync(): void {
    if (this.#unsynced.length === 0) return;
    const isSafe = this.#engine.vfs.syncLogs();
    for (const write of this.#unsynced.splice(0)) {
      if (isSafe) write.resolve();
      else write.reject(this.#writeFailure());
    }
  }

  /** On a full disk the log may be what takes the room: once it has been moved into the database, it is tried again. */
  #applyFreeingRoom(writes: readonly PendingWrite[], isSyncedLater: boolean): void {
    try {
      this.#apply(writes, isSyncedLater);
    } catch (error) {
      if (!isEnvironmentFailure(error) || toStoreError(error).code !== "store-full") throw error;
      this.#tidy();
      if (this.#engine.vfs.logBytes() > 0) throw error;
      this.#apply(writes, isSyncedLater);
    }
  }

  /** Only the transaction's own sync may come later: tidying relies on those that it makes itself. */
  #apply(writes: readonly PendingWrite[], isSyncedLater = false): void {
    const failure = this.#writeFailure();
    if (failure !== null) throw failure;
    const context = { connection: this.#connection, unread: this.#unread };
    const { vfs } = this.#engine;
    vfs.putsSyncOff = isSyncedLater;
    try {
      this.#connection.transaction(() => {
        for (const write of writes) for (const step of write.steps) step(context);
      });
    } catch (error) {
      this.#unread.clear();
      if (this.#connection.isInTransaction()) vfs.needsReopening = true;
      throw error;
    } finally {
      vfs.putsSyncOff = false;
    }
  }

  /** A failure of the disk fails all that went together; a change that is wrong in itself fails alone. */
  #refuse(writes: readonly PendingWrite[], error: unknown): void {
    if (isEnvironmentFailure(error)) {
      for (const write of writes) write.reject(toStoreError(error));
    } else if (writes.length === 1) {
      writes[0]?.reject(error);
    } else {
      for (const write of writes) {
        try {
          this.#apply([write]);
          void (write.meanwhile?.() ?? Promise.resolve()).finally(write.resolve);
        } catch (own) {
          this.#refuse([write], own);
        }
      }
    }
  }

  /** After a failed sync nobody knows what the disk holds: only opening the store again finds out. */
  #writeFailure(): StoreError | null {
    if (this.#stopped !== null) return this.#stopped;
    return this.#engine.vfs.needsReopening ? new StoreError("store-failed", this.#engine.vfs.lastFailure) : null;
  }

  #afterCommit(): void {
    const bytes = this.#engine.vfs.logBytes();
    this.#hasWritten = true;
    if (bytes > MAX_LOG_BYTES) this.#tidy();
    else if (bytes > 0 && this.#tidying === null) this.#tidyWhenQuiet(MOST_PUT_OFF);
  }

  /** Not between messages that follow each other: it takes several syncs, and whoever writes waits for them. */
  #tidyWhenQuiet(putOffs: number): void {
    this.#hasWritten = false;
    const wake = (): void => {
      if (this.#hasWritten && putOffs > 0) this.#tidyWhenQuiet(putOffs - 1);
      else this.#tidy();
    };
    this.#tidying = this.#schedule.later?.(wake) ?? null;
  }

  /** S4: what the log still holds of old contents goes. When the disk is full it stays until there is room. */
  #tidy(): void {
    this.#tidying?.cancel();
    this.#tidying = null;
    if (this.#stopped !== null || this.#engine.vfs.needsReopening) return;
    try {
      checkpoint(this.#connection);
    } catch (error) {
      if (!isEnvironmentFailure(error)) throw error;
    }
  }

  // ---- reading

  document(name: string): Promise<Uint8Array | null> {
    return this.#read((connection) => read.readDocument(connection, name));
  }

  all<T extends Exclude<TableName, "event" | "held" | "group">>(table: T): Promise<readonly Tables[T][]> {
    return this.#read((connection) => read.readAll(connection, table));
  }

  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | null> {
    return this.#read((connection) => read.readRecord(connection, table, key));
  }

  seen(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#read((connection) => read.readSeen(connection, hashes));
  }

  held(conversationId: string): Promise<readonly HeldRecord[]> {
    return this.#read((connection) => read.readHeld(connection, conversationId));
  }

  parts(conversationId: string, kinds: readonly string[]): Promise<readonly PartRecord[]> {
    return this.#read((connection) => read.readParts(connection, conversationId, kinds));
  }

  eventsBefore(conversationId: string, before: EventPosition | null, limit: number): Promise<EventPage> {
    return this.#read((connection) => read.readEventsBefore(connection, conversationId, before, limit));
  }

  eventsAfter(conversationId: string, after: EventPosition, limit: number): Promise<EventPage> {
    return this.#read((connection) => read.readEventsAfter(connection, conversationId, after, limit));
  }

  eventsById(ids: readonly string[]): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readEventsById(connection, ids));
  }

  eventsOfAuthor(
    conversationId: string,
    author: string,
    fromSequence: number,
    limit: number,
  ): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readEventsOfAuthor(connection, conversationId, author, fromSequence, limit));
  }

  pendingEvents(conversationId: string): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readPendingEvents(connection, conversationId));
  }

  eventsAbout(conversationId: string, ids: readonly string[]): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readEventsAbout(connection, conversationId, ids));
  }

  pins(conversationId: string, limit: number): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readPins(connection, conversationId, limit));
  }

  disappearing(conversationId: string, limit: number): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readDisappearing(connection, conversationId, limit));
  }

  waitingForReading(conversationId: string, upTo: EventPosition): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readWaitingForReading(connection, conversationId, upTo));
  }

  marks(eventIds: readonly string[]): Promise<readonly MarkRecord[]> {
    return this.#read((connection) => read.readMarks(connection, eventIds));
  }

  starred(conversationId: string | null, limit: number): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.readStarred(connection, conversationId, limit));
  }

  summary(
    conversationId: string,
    readUpTo: EventPosition | null,
  ): Promise<{ readonly last: EventRecord | null; readonly unread: number }> {
    return this.#read((connection) => ({
      last: read.readLastEvent(connection, conversationId),
      unread: this.#unread.count(connection, conversationId, readUpTo),
    }));
  }

  search(text: string, conversationId: string | null, limit: number): Promise<readonly EventRecord[]> {
    return this.#read((connection) => read.searchEvents(connection, text, conversationId, limit));
  }

  async *everyEvent(conversationId: string, behind?: EventPosition): AsyncIterable<EventRecord> {
    let after: EventPosition | null = behind ?? null;
    for (;;) {
      const from: EventPosition | null = after;
      const page: readonly EventRecord[] = await this.#read((connection) =>
        read.readEveryEventAfter(connection, conversationId, from, EXPORT_PAGE),
      );
      yield* page;
      if (page.length < EXPORT_PAGE) return;
      after = page.at(-1) ?? null;
    }
  }

  /** What is read is what has been committed: the queue goes first. */
  async #read<T>(action: (connection: Connection) => T): Promise<T> {
    if (this.#stopped !== null) throw this.#stopped;
    this.#flush();
    try {
      return action(this.#connection);
    } catch (error) {
      throw isEnvironmentFailure(error) ? toStoreError(error) : error;
    }
  }

  // ---- keeping

  setPassphrase(current: string | null, next: string | null): Promise<void> {
    // One after the other: each proves that it knows the passphrase of its own moment.
    return this.#inTurn(() => this.#changePassphrase(current, next));
  }

  rewrite(): Promise<void> {
    return this.#inTurn(async () => {
      this.#save();
      const failure = this.#writeFailure();
      if (failure !== null) throw failure;
      try {
        this.#connection = this.#keeper.rewrite(this.#connection);
      } catch (error) {
        throw isEnvironmentFailure(error) ? toStoreError(error) : error;
      }
    });
  }

  /** Everything that has been given, whatever is still to happen meanwhile. */
  #save(): void {
    this.#flush();
    this.#sync();
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const run = this.#rewriting.then(action);
    this.#rewriting = run.catch(() => {});
    return run;
  }

  async #changePassphrase(current: string | null, next: string | null): Promise<void> {
    if (this.#stopped !== null) throw this.#stopped;
    this.#save();
    try {
      const failure = this.#writeFailure();
      if (failure !== null) throw failure;
      // Stretching the passphrases is awaited; from here on nothing is, so no write can slip between copy and switch.
      const switchOver = await this.#keeper.rekey(this.#connection, current, next);
      if (this.#stopped !== null) throw this.#stopped;
      this.#save();
      this.#connection = switchOver();
    } catch (error) {
      throw isEnvironmentFailure(error) ? toStoreError(error) : error;
    }
  }

  hasPassphrase(): boolean {
    return this.#keeper.hasPassphrase();
  }

  health(check: "quick" | "full"): Promise<{ readonly bytes: number; readonly problems: readonly string[] }> {
    return this.#read((connection) => {
      const bytes = STORE_FILES.reduce((sum, name) => sum + sizeOf(this.#engine.disk, name), 0);
      const problems = this.#engine.vfs.needsReopening ? ["the disk failed to save; open the store again"] : [];
      return { bytes, problems: check === "full" ? [...problems, ...findProblems(connection)] : problems };
    });
  }

  async close(): Promise<void> {
    if (this.#stopped !== null) return;
    this.#save();
    this.#tidy();
    this.#stopped = new StoreError("store-failed", new Error("the store is closed"));
    this.#connection.close();
    this.#keeper.release();
  }
}

function findProblems(connection: Connection): readonly string[] {
  try {
    return checkIntegrity(connection);
  } catch (error) {
    return [error instanceof Error ? error.message : "unreadable"];
  }
}
