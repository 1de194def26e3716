/** What SQLite or a disk reports, in the words of the port. */
import { StoreError, type StoreErrorCode } from "@xchat/client/ports";
import { SqliteError } from "./connection.ts";
import { DiskError } from "./disk.ts";

const PRIMARY = 0xff;
const CORRUPT = 11;
const FULL = 13;
const IO_ERROR = 10;
const NO_MEMORY = 7;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
const IO_DATA = 8202;
const IO_CORRUPT_FILE_SYSTEM = 8458;

/** `null` when it is no failure of the environment but a misuse: one write is at fault, not the store. */
function codeOf(error: unknown): StoreErrorCode | null {
  if (error instanceof DiskError) return error.code === "full" ? "store-full" : "store-failed";
  if (!(error instanceof SqliteError)) return null;
  if (error.code === IO_DATA || error.code === IO_CORRUPT_FILE_SYSTEM) return "store-damaged";
  switch (error.code & PRIMARY) {
    case CORRUPT:
    case NOT_A_DATABASE:
      return "store-damaged";
    case FULL:
      return "store-full";
    case IO_ERROR:
    case NO_MEMORY:
    case CANNOT_OPEN:
      return "store-failed";
    default:
      return null;
  }
}

export const isEnvironmentFailure = (error: unknown): boolean =>
  error instanceof StoreError || codeOf(error) !== null || error instanceof WebAssembly.RuntimeError;

export function toStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError(codeOf(error) ?? "store-failed", error);
}
