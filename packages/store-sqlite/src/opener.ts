/**
 * Finds, makes, opens and removes the store of one profile, and changes its passphrase.
 *
 * The passphrase protects the database's key, not the database: but when it is set, changed or taken away, everything
 * is written anew under a new key, since the old one has lain on the disk less well protected. Writing anew also takes
 * away what SQLite itself leaves: a row that moves from one page to another stays behind in the unused middle of the
 * first until that is written over, however `secure_delete` is set.
 *
 * R1 Re-encryption writes a second database and then the key file that names it (K2). Before that instant the old
 *    database counts, after it the new one; at no instant neither. What is left of the other is removed at the next
 *    opening.
 * R2 A key file without its database, or a database without its key file, is damage: nothing of it is touched.
 */
import { StoreError, type Store, type StoreOpener } from "@xchat/client/ports";
import { unwrapKey, wrapKey, type CryptoProvider, type PassphraseParameters } from "@xchat/crypto";
import type { Connection } from "./connection.ts";
import { copyDatabase, createDatabase, openDatabase, removeDatabase, startEngine, type Engine } from "./database.ts";
import { databaseFile, DATABASES, KEY_FILES, sizeOf, type DatabaseName, type Disk, type DiskPlace } from "./disk.ts";
import { isEnvironmentFailure, toStoreError } from "./failure.ts";
import {
  chooseKeyFile,
  commitKeyFile,
  DATABASE_KEY_LENGTH,
  MAX_KEY_FILE,
  readKeyFile,
  settleKeyFile,
  type KeyFileState,
  type KeyRecord,
  type StoredKey,
} from "./key-file.ts";
import type { LoadSqlite } from "./sqlite-module.ts";
import { SqliteStore, type Keeper, type Schedule } from "./store.ts";

export interface OpenerInput {
  readonly place: DiskPlace;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly loadSqlite: LoadSqlite;
  readonly schedule: Schedule;
  /** For tests, which cannot wait for the real ones. */
  readonly passphraseParameters?: PassphraseParameters;
}

export function createOpener(input: OpenerInput): StoreOpener {
  const { place } = input;
  return {
    state: () => findState(input),
    create: async (passphrase) => withDisk(await place.acquire(), (disk) => create(input, disk, passphrase)),
    async open(passphrase) {
      const disk = await place.acquireIfThere();
      if (disk === null) throw noStore();
      return withDisk(disk, () => open(input, disk, passphrase));
    },
    destroy: () => place.destroy(),
  };
}

async function findState({ place, provider }: OpenerInput): Promise<"none" | "open-key" | "passphrase"> {
  try {
    const files = await Promise.all(KEY_FILES.map((name) => place.peek(name, MAX_KEY_FILE + 1)));
    const beginnings = await Promise.all(DATABASES.map((name) => place.peek(databaseFile(name), 1)));
    const record = presentRecord(chooseKeyFile(provider, files), () => beginnings.some((bytes) => bytes?.length === 1));
    if (record === null || record.state === "creating") return "none";
    return record.key.kind === "bare" ? "open-key" : "passphrase";
  } catch (error) {
    throw toStoreError(error);
  }
}

async function create(input: OpenerInput, disk: Disk, passphrase: string | null): Promise<Store> {
  const { provider } = input;
  const present = readPresentRecord(provider, disk);
  if (present?.state === "ready") throw new StoreError("store-failed", new Error("there is a store already"));
  const module = await input.loadSqlite();
  const key = provider.randomBytes(DATABASE_KEY_LENGTH);
  const record: KeyRecord = {
    sequence: (present?.sequence ?? 0) + 1,
    state: "creating",
    database: "a",
    key: await storeKey(input, key, passphrase),
  };
  commitKeyFile(provider, disk, record);
  const engine = startEngine(module, disk, environmentOf(input));
  const connection = createDatabase(engine, record.database, key);
  const ready: KeyRecord = { ...record, sequence: record.sequence + 1, state: "ready" };
  try {
    commitKeyFile(provider, disk, ready);
  } catch (error) {
    connection.close();
    throw error;
  }
  return makeStore(input, engine, connection, ready, key);
}

async function open(input: OpenerInput, disk: Disk, passphrase: string | null): Promise<Store> {
  const record = readPresentRecord(input.provider, disk);
  if (record === null || record.state === "creating") throw noStore();
  // Before the engine is brought up: whoever has a passphrase opens once without it, to hear that there is one.
  if (record.key.kind !== "bare" && passphrase === null) throw new StoreError("passphrase-needed");
  const [module, key] = await Promise.all([input.loadSqlite(), recoverKey(input.provider, record.key, passphrase)]);
  const engine = startEngine(module, disk, environmentOf(input));
  const connection = openDatabase(engine, record.database, key);
  return makeStore(input, engine, connection, record, key);
}

function makeStore(
  input: OpenerInput,
  engine: Engine,
  connection: Connection,
  record: KeyRecord,
  key: Uint8Array,
): Store {
  tidyFiles(input.provider, engine.disk, record);
  return new SqliteStore(engine, connection, keeperOf(input, engine, record, key), input.schedule);
}

/** Takes away what a crash, or the key before, has left. A full disk must not keep anybody from reading. */
function tidyFiles(provider: CryptoProvider, disk: Disk, record: KeyRecord): void {
  try {
    settleKeyFile(provider, disk, record);
    removeDatabase(disk, otherDatabase(record.database));
  } catch (error) {
    // The next opening does it again.
    if (!isEnvironmentFailure(error)) throw error;
  }
}

function keeperOf(input: OpenerInput, engine: Engine, firstRecord: KeyRecord, firstKey: Uint8Array): Keeper {
  const { provider } = input;
  let record = firstRecord;
  let key = firstKey;
  const switchTo = (source: Connection, nextKey: Uint8Array, stored: StoredKey): Connection => {
    const changed: KeyRecord = {
      sequence: record.sequence + 1,
      state: "ready",
      database: otherDatabase(record.database),
      key: stored,
    };
    const copy = switchDatabase(provider, engine, source, changed, nextKey);
    record = changed;
    key = nextKey;
    return copy;
  };
  return {
    hasPassphrase: () => record.key.kind === "wrapped",
    release: () => {
      engine.vfs.closeFiles();
      engine.disk.close();
    },
    async rekey(source, current, next) {
      if (record.key.kind === "wrapped") await recoverKey(provider, record.key, current);
      const nextKey = provider.randomBytes(DATABASE_KEY_LENGTH);
      const stored = await storeKey(input, nextKey, next);
      return () => switchTo(source, nextKey, stored);
    },
    rewrite(source) {
      // A wrapped key cannot be replaced without its passphrase; a bare one can, and takes old copies of pages with it.
      if (record.key.kind === "wrapped") return switchTo(source, key, record.key);
      const nextKey = provider.randomBytes(DATABASE_KEY_LENGTH);
      return switchTo(source, nextKey, { kind: "bare", key: nextKey });
    },
  };
}

/** R1, without awaiting anything. */
function switchDatabase(
  provider: CryptoProvider,
  engine: Engine,
  source: Connection,
  record: KeyRecord,
  key: Uint8Array,
): Connection {
  const { disk, vfs } = engine;
  let copy: Connection;
  try {
    copy = copyDatabase(engine, source, record.database, key);
  } catch (error) {
    removeCopy(disk, record.database);
    throw error;
  }
  try {
    commitKeyFile(provider, disk, record);
  } catch (error) {
    // Nobody knows which of the two the next opening will find, so neither may be written to any more.
    vfs.needsReopening = true;
    vfs.lastFailure = error;
    copy.close();
    throw error;
  }
  source.close();
  tidyFiles(provider, disk, record);
  return copy;
}

/** Of a copy that came to nothing: it may be what filled the disk. */
function removeCopy(disk: Disk, name: DatabaseName): void {
  try {
    removeDatabase(disk, name);
  } catch (error) {
    if (!isEnvironmentFailure(error)) throw error;
  }
}

async function storeKey(input: OpenerInput, key: Uint8Array, passphrase: string | null): Promise<StoredKey> {
  if (passphrase === null) return { kind: "bare", key };
  return {
    kind: "wrapped",
    wrapped: await wrapKey(input.provider, passphrase, key, input.passphraseParameters),
  };
}

async function recoverKey(provider: CryptoProvider, stored: StoredKey, passphrase: string | null): Promise<Uint8Array> {
  if (stored.kind === "bare") return stored.key;
  if (passphrase === null) throw new StoreError("passphrase-needed");
  const key = await unwrapKey(provider, passphrase, stored.wrapped);
  if (key.ok) return key.value;
  switch (key.error.reason) {
    case "wrong-passphrase":
      throw new StoreError("wrong-passphrase");
    case "unknown-version":
      throw new StoreError("store-newer-version");
    default:
      throw new StoreError("store-damaged", key.error);
  }
}

const readPresentRecord = (provider: CryptoProvider, disk: Disk): KeyRecord | null =>
  presentRecord(readKeyFile(provider, disk), () => DATABASES.some((name) => sizeOf(disk, databaseFile(name)) > 0));

/** R2. A key file that was torn while nothing else was there is the beginning of a store that never came to be. */
function presentRecord(state: KeyFileState, hasDatabase: () => boolean): KeyRecord | null {
  if (state.kind === "newer") throw new StoreError("store-newer-version");
  if (state.kind === "record") return state.record;
  if (hasDatabase()) throw new StoreError("store-damaged", new Error("a database without its key file"));
  return null;
}

/** Failures come out as `StoreError` with the disk given back; misuse comes out as it is. */
async function withDisk(disk: Disk, action: (disk: Disk) => Promise<Store>): Promise<Store> {
  try {
    return await action(disk);
  } catch (error) {
    disk.close();
    throw error instanceof RangeError || error instanceof TypeError ? error : toStoreError(error);
  }
}

const noStore = (): StoreError => new StoreError("store-missing");

const environmentOf = ({ provider, now }: OpenerInput): Parameters<typeof startEngine>[2] => ({
  randomBytes: (length) => provider.randomBytes(length),
  now,
});

const otherDatabase = (name: DatabaseName): DatabaseName => (name === "a" ? "b" : "a");
