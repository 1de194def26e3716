/* oxlint-disable no-underscore-dangle -- the engine's own names */
/**
 * The part of the compiled SQLite (SQLite3MultipleCiphers in WebAssembly, synchronous build) that the store calls. Its
 * own wrapper is asynchronous throughout, which costs a turn of the event loop for each row and lets statements of one
 * connection interleave; over a synchronous disk neither is needed.
 */
// @ts-expect-error -- the package has no types for its compiled modules
import createModule from "@journeyapps/wa-sqlite/dist/mc-wa-sqlite.mjs";

type Pointer = number;

export interface SqliteModule {
  /** A new view whenever the memory has grown: never keep it. */
  readonly HEAPU8: Uint8Array;
  UTF8ToString(pointer: Pointer): string;
  getTempRet0(): number;
  ccall(name: string, result: string | null, types: readonly string[], values: readonly unknown[]): number;
  vfs_register(vfs: object, makeDefault: boolean): number;

  _getSqliteFree(): Pointer;
  _sqlite3_initialize(): number;
  _sqlite3_malloc(bytes: number): Pointer;
  _sqlite3_free(pointer: Pointer): void;
  _sqlite3_open_v2(name: Pointer, result: Pointer, flags: number, vfs: Pointer): number;
  _sqlite3_close_v2(database: Pointer): number;
  _sqlite3_extended_result_codes(database: Pointer, on: number): number;
  _sqlite3_errmsg(database: Pointer): Pointer;
  _sqlite3_get_autocommit(database: Pointer): number;
  _sqlite3_changes(database: Pointer): number;
  _sqlite3_prepare_v3(
    database: Pointer,
    sql: Pointer,
    bytes: number,
    flags: number,
    result: Pointer,
    tail: Pointer,
  ): number;
  _sqlite3_finalize(statement: Pointer): number;
  _sqlite3_step(statement: Pointer): number;
  _sqlite3_reset(statement: Pointer): number;
  _sqlite3_clear_bindings(statement: Pointer): number;
  _sqlite3_bind_null(statement: Pointer, index: number): number;
  _sqlite3_bind_int64(statement: Pointer, index: number, low: number, high: number): number;
  _sqlite3_bind_text(statement: Pointer, index: number, text: Pointer, bytes: number, free: Pointer): number;
  _sqlite3_bind_blob(statement: Pointer, index: number, blob: Pointer, bytes: number, free: Pointer): number;
  _sqlite3_column_count(statement: Pointer): number;
  _sqlite3_column_type(statement: Pointer, index: number): number;
  _sqlite3_column_int64(statement: Pointer, index: number): number;
  _sqlite3_column_text(statement: Pointer, index: number): Pointer;
  _sqlite3_column_blob(statement: Pointer, index: number): Pointer;
  _sqlite3_column_bytes(statement: Pointer, index: number): number;
}

type InstantiateWasm = (
  imports: WebAssembly.Imports,
  use: (instance: WebAssembly.Instance) => void,
) => Record<string, never>;

/** A fresh instance: its memory (17 MB at first) is shared with no other store. */
export async function createSqlite(options: { readonly instantiateWasm?: InstantiateWasm }): Promise<SqliteModule> {
  const module: SqliteModule = await createModule(options);
  const result = module._sqlite3_initialize();
  if (result !== 0) throw new Error(`SQLite did not start: ${result}`);
  return module;
}

/** Brings the engine up; twins for each platform know where the WebAssembly lies. */
export type LoadSqlite = () => Promise<SqliteModule>;
