/**
 * One encrypted database on a disk: opened, checked, made, copied under another key, checkpointed.
 *
 * Cipher: ChaCha20-Poly1305 page by page with the raw 32-byte key (the engine's default; WebAssembly has no AES
 * instructions). Journal: a write-ahead log, synced at each commit, so a commit costs one sync where a rollback journal
 * costs four. Every checkpoint leaves the log empty (S4).
 */
import { StoreError } from "@xchat/client/ports";
import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import { Connection, SqliteError } from "./connection.ts";
import { databaseFile, databaseFiles, DiskError, sizeOf, type DatabaseName, type Disk } from "./disk.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import type { SqliteModule } from "./sqlite-module.ts";
import { DiskVfs } from "./vfs.ts";

const VFS_NAME = "disk";
/** The layer that encrypts, which SQLite3MultipleCiphers puts on top of a file system under this name. */
const CIPHER_VFS_NAME = `multipleciphers-${VFS_NAME}`;
const CACHE_KIB = 8192;
/** A log beyond this is checkpointed at once. */
export const MAX_LOG_BYTES = 4 * 1024 * 1024;
const PLAIN_HEADER = utf8ToBytes("SQLite format 3\0");

export interface Engine {
  readonly module: SqliteModule;
  readonly vfs: DiskVfs;
  readonly disk: Disk;
}

export function startEngine(
  module: SqliteModule,
  disk: Disk,
  environment: { readonly randomBytes: (length: number) => Uint8Array; readonly now: () => number },
): Engine {
  const vfs = new DiskVfs({ name: VFS_NAME, disk, module, ...environment });
  const registered = module.vfs_register(vfs, false);
  const wrapped = module.ccall("sqlite3mc_vfs_create", "number", ["string", "number"], [VFS_NAME, 0]);
  if (registered !== 0 || wrapped !== 0) throw new StoreError("store-failed", new Error("file system not accepted"));
  return { module, vfs, disk };
}

/**
 * Opens a database that is there and brings its schema up to date. Until its key has been seen to fit and its version
 * to be known, nothing on the disk is changed.
 *
 * @throws StoreError `store-damaged`, `store-newer-version`; whatever SQLite and the disk throw.
 */
export function openDatabase(engine: Engine, name: DatabaseName, key: Uint8Array): Connection {
  // SQLite would take an empty file for a new database, and throw its log away.
  if (sizeOf(engine.disk, databaseFile(name)) === 0) throw new StoreError("store-damaged");
  return connect(engine, name, key, (connection) => {
    engine.vfs.isFrozen = true;
    unlock(connection, key);
    const version = schemaVersion(connection);
    connection.script("SELECT count(*) FROM sqlite_schema");
    if (version > SCHEMA_VERSION) throw new StoreError("store-newer-version");
    if (version === 0) throw new StoreError("store-damaged");
    engine.vfs.isFrozen = false;
    configure(connection);
    migrate(connection);
  });
}

/** Makes an empty database in place of whatever files of its name are left. */
export function createDatabase(engine: Engine, name: DatabaseName, key: Uint8Array): Connection {
  removeDatabase(engine.disk, name);
  return connect(engine, name, key, (connection) => {
    unlock(connection, key);
    configure(connection);
    migrate(connection);
    checkpoint(connection);
    assertEncrypted(engine.disk, name);
  });
}

/** Writes everything into a new database under another key and opens that. The source stays as it is. */
export function copyDatabase(engine: Engine, source: Connection, to: DatabaseName, key: Uint8Array): Connection {
  removeDatabase(engine.disk, to);
  const parameter = bytesToHex(utf8ToBytes(rawKey(key)));
  try {
    source.script(`VACUUM INTO 'file:${databaseFile(to)}?cipher=chacha20&hexkey=${parameter}'`);
  } catch (error) {
    // SQLite names the file in its message, and the key with it.
    throw error instanceof SqliteError ? new SqliteError(error.code, "the copy could not be written") : error;
  }
  assertEncrypted(engine.disk, to);
  const copy = openDatabase(engine, to, key);
  // The copy's own journal is gone, but nothing says that all of the file is on the disk.
  const file = engine.disk.open(databaseFile(to), false);
  if (file === null) throw new DiskError("io");
  file.sync();
  file.close();
  return copy;
}

export function removeDatabase(disk: Disk, name: DatabaseName): void {
  for (const file of databaseFiles(name)) if (disk.exists(file)) disk.remove(file);
}

/** Moves the log into the database and empties it: what was deleted or replaced is then nowhere (S4). */
export function checkpoint(connection: Connection): void {
  connection.script("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Problems that SQLite finds in the whole file, at most twenty; reads all of it. */
export function checkIntegrity(connection: Connection): readonly string[] {
  const found = connection.script("PRAGMA integrity_check(20)").map((row) => String(row[0]));
  connection.script("INSERT INTO search (search) VALUES ('integrity-check')");
  return found.filter((line) => line !== "ok");
}

function connect(
  engine: Engine,
  name: DatabaseName,
  key: Uint8Array,
  prepare: (connection: Connection) => void,
): Connection {
  if (key.length !== 32) throw new RangeError("a database key has 32 bytes");
  const connection = new Connection(engine.module, databaseFile(name), CIPHER_VFS_NAME);
  try {
    prepare(connection);
    return connection;
  } catch (error) {
    // Closing would move the log into the database: not when it was refused.
    connection.close();
    throw error;
  } finally {
    engine.vfs.isFrozen = false;
  }
}

function unlock(connection: Connection, key: Uint8Array): void {
  // First of all: a file with one handle has no shared memory, and the log's index stays in our own.
  connection.script("PRAGMA locking_mode = EXCLUSIVE");
  connection.script(`PRAGMA cipher = 'chacha20'; PRAGMA key = '${rawKey(key)}'`);
  // A temporary file would be outside the encryption.
  connection.script("PRAGMA temp_store = MEMORY");
}

function configure(connection: Connection): void {
  connection.script(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL`);
  const mode = connection.script("PRAGMA journal_mode = WAL")[0]?.[0];
  if (mode !== "wal") throw new StoreError("store-failed", new Error("no write-ahead log"));
  connection.script("PRAGMA wal_autocheckpoint = 0");
}

/** 32 bytes that are used as they are: no derivation from a passphrase. */
const rawKey = (key: Uint8Array): string => `raw:${bytesToHex(key)}`;

/** The engine takes a key that it could not apply for no key at all. */
function assertEncrypted(disk: Disk, name: DatabaseName): void {
  const header = new Uint8Array(PLAIN_HEADER.length);
  const file = disk.open(databaseFile(name), false);
  const count = file?.read(header, 0) ?? 0;
  file?.close();
  if (count < header.length || header.every((byte, index) => byte === PLAIN_HEADER[index])) {
    throw new StoreError("store-failed", new Error("the database is not encrypted"));
  }
}
