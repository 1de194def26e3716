/* oxlint-disable no-underscore-dangle -- the engine's own names */
/**
 * One connection to one database: statements are prepared once and kept, run to their end in one call, and reset
 * whatever happens, so that none holds a read transaction open.
 *
 * Text is bound and read with its length: SQLite's habit of ending it at the first NUL would cut what a person wrote.
 */
import type { SqliteModule } from "./sqlite-module.ts";

export type SqlValue = string | number | Uint8Array | null;
export type Row = readonly SqlValue[];

const OK = 0;
const ROW = 100;
const DONE = 101;
/** With names read as URIs: the key of a copy is a parameter of its name. */
const OPEN_READ_WRITE_CREATE_URI = 0x46;
const PREPARE_PERSISTENT = 0x1;
const TWO_TO_32 = 0x1_0000_0000;

/** `code` is SQLite's extended result code. The message names tables and columns, never values. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export class Connection {
  readonly #module: SqliteModule;
  readonly #database: number;
  readonly #statements = new Map<string, Statement>();
  #isOpen = true;

  constructor(module: SqliteModule, file: string, vfs: string) {
    this.#module = module;
    const names = [file, vfs].map((name) => copyText(module, name).pointer) as [number, number];
    const result = module._sqlite3_malloc(4);
    const code = module._sqlite3_open_v2(names[0], result, OPEN_READ_WRITE_CREATE_URI, names[1]);
    this.#database = readPointer(module, result);
    for (const pointer of [...names, result]) module._sqlite3_free(pointer);
    if (code !== OK) {
      const error = this.#error(code);
      module._sqlite3_close_v2(this.#database);
      throw error;
    }
    module._sqlite3_extended_result_codes(this.#database, 1);
  }

  /** Runs a statement that is used again and again; it is prepared the first time. */
  run(sql: string, values: readonly SqlValue[] = []): void {
    this.#statement(sql).each(values, () => true);
  }

  all(sql: string, values: readonly SqlValue[] = []): readonly Row[] {
    const rows: Row[] = [];
    this.#statement(sql).each(values, (row) => rows.push(row) > 0);
    return rows;
  }

  first(sql: string, values: readonly SqlValue[] = []): Row | null {
    let first: Row | null = null;
    this.#statement(sql).each(values, (row) => {
      first = row;
      return false;
    });
    return first;
  }

  /** Runs statements that are used once, such as pragmas and migrations, and answers the rows of the last. */
  script(sql: string): readonly Row[] {
    let rows: Row[] = [];
    const text = copyText(this.#module, sql);
    try {
      let position = text.pointer;
      const end = text.pointer + text.length;
      while (position < end) {
        const { statement, tail } = this.#prepare(position, end - position, 0);
        position = tail;
        if (statement === null) continue;
        rows = [];
        try {
          statement.each([], (row) => rows.push(row) > 0);
        } finally {
          statement.finalize();
        }
      }
    } finally {
      // A key may have stood in it.
      this.#module.HEAPU8.fill(0, text.pointer, text.pointer + text.length);
      this.#module._sqlite3_free(text.pointer);
    }
    return rows;
  }

  /** Rows that the last statement changed. */
  changes(): number {
    return this.#module._sqlite3_changes(this.#database);
  }

  /**
   * All or nothing.
   *
   * @throws whatever `action` throws, after the rollback. When even that fails, `isInTransaction` stays true.
   */
  transaction<T>(action: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = action();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  isInTransaction(): boolean {
    return this.#module._sqlite3_get_autocommit(this.#database) === 0;
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors (a full disk is one).
    if (!this.isInTransaction()) return;
    try {
      this.run("ROLLBACK");
    } catch (error) {
      if (!(error instanceof SqliteError)) throw error;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#module._sqlite3_close_v2(this.#database);
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      const text = copyText(this.#module, sql);
      try {
        statement = this.#prepare(text.pointer, text.length, PREPARE_PERSISTENT).statement ?? undefined;
      } finally {
        this.#module._sqlite3_free(text.pointer);
      }
      if (statement === undefined) throw new TypeError("empty statement");
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #prepare(sql: number, bytes: number, flags: number): { statement: Statement | null; tail: number } {
    if (!this.#isOpen) throw new SqliteError(21, "connection is closed");
    const module = this.#module;
    const results = module._sqlite3_malloc(8);
    try {
      const code = module._sqlite3_prepare_v3(this.#database, sql, bytes, flags, results, results + 4);
      if (code !== OK) throw this.#error(code);
      const pointer = readPointer(module, results);
      const statement = pointer === 0 ? null : new Statement(module, pointer, (failed) => this.#error(failed));
      return { statement, tail: readPointer(module, results + 4) };
    } finally {
      module._sqlite3_free(results);
    }
  }

  #error(code: number): SqliteError {
    return new SqliteError(code, this.#module.UTF8ToString(this.#module._sqlite3_errmsg(this.#database)));
  }
}

class Statement {
  readonly #module: SqliteModule;
  readonly #pointer: number;
  readonly #error: (code: number) => SqliteError;

  constructor(module: SqliteModule, pointer: number, error: (code: number) => SqliteError) {
    this.#module = module;
    this.#pointer = pointer;
    this.#error = error;
  }

  /** Goes through the rows until `use` answers `false`. */
  each(values: readonly SqlValue[], use: (row: Row) => boolean): void {
    try {
      values.forEach((value, index) => this.#bind(index + 1, value));
      for (;;) {
        const code = this.#module._sqlite3_step(this.#pointer);
        if (code === DONE) return;
        if (code !== ROW) throw this.#error(code);
        if (!use(this.#row())) return;
      }
    } finally {
      this.#module._sqlite3_reset(this.#pointer);
      this.#module._sqlite3_clear_bindings(this.#pointer);
    }
  }

  finalize(): void {
    this.#module._sqlite3_finalize(this.#pointer);
  }

  #bind(index: number, value: SqlValue): void {
    const code = this.#bindValue(index, value);
    if (code !== OK) throw this.#error(code);
  }

  #bindValue(index: number, value: SqlValue): number {
    const module = this.#module;
    if (value === null) return module._sqlite3_bind_null(this.#pointer, index);
    if (typeof value === "number") {
      return module._sqlite3_bind_int64(this.#pointer, index, value | 0, Math.floor(value / TWO_TO_32));
    }
    const free = module._getSqliteFree();
    if (typeof value === "string") {
      const text = copyText(module, value);
      return module._sqlite3_bind_text(this.#pointer, index, text.pointer, text.length, free);
    }
    const pointer = allocate(module, value.length);
    module.HEAPU8.set(value, pointer);
    return module._sqlite3_bind_blob(this.#pointer, index, pointer, value.length, free);
  }

  #row(): Row {
    const count = this.#module._sqlite3_column_count(this.#pointer);
    const row: SqlValue[] = [];
    for (let index = 0; index < count; index++) row.push(this.#column(index));
    return row;
  }

  #column(index: number): SqlValue {
    const module = this.#module;
    switch (module._sqlite3_column_type(this.#pointer, index)) {
      case 1: {
        const low = module._sqlite3_column_int64(this.#pointer, index);
        return module.getTempRet0() * TWO_TO_32 + (low >>> 0);
      }
      case 3: {
        const pointer = module._sqlite3_column_text(this.#pointer, index);
        const length = module._sqlite3_column_bytes(this.#pointer, index);
        return decoder.decode(module.HEAPU8.subarray(pointer, pointer + length));
      }
      case 4: {
        const pointer = module._sqlite3_column_blob(this.#pointer, index);
        const length = module._sqlite3_column_bytes(this.#pointer, index);
        return module.HEAPU8.slice(pointer, pointer + length);
      }
      default:
        return null;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Length in bytes, without the NUL that follows. */
function copyText(module: SqliteModule, text: string): { readonly pointer: number; readonly length: number } {
  // Each UTF-16 unit takes at most three bytes; short texts are written straight to their place.
  if (text.length <= 256) {
    const room = text.length * 3 + 1;
    const pointer = allocate(module, room);
    const length = encoder.encodeInto(text, module.HEAPU8.subarray(pointer, pointer + room)).written;
    module.HEAPU8[pointer + length] = 0;
    return { pointer, length };
  }
  const bytes = encoder.encode(text);
  const pointer = allocate(module, bytes.length + 1);
  module.HEAPU8.set(bytes, pointer);
  module.HEAPU8[pointer + bytes.length] = 0;
  return { pointer, length: bytes.length };
}

function allocate(module: SqliteModule, bytes: number): number {
  const pointer = module._sqlite3_malloc(Math.max(bytes, 1));
  if (pointer === 0) throw new SqliteError(7, "out of memory");
  return pointer;
}

const readPointer = (module: SqliteModule, at: number): number =>
  new DataView(module.HEAPU8.buffer, module.HEAPU8.byteOffset).getUint32(at, true);
