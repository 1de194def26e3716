/** A store in memory, on the same engine, for simulations and tests in Node. Nothing happens by itself. */
import type { StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider, PassphraseParameters } from "@xchat/crypto";
import { MemoryDisk } from "./disk.memory.ts";
import type { DiskPlace } from "./disk.ts";
import { createOpener } from "./opener.ts";
import type { Schedule } from "./store.ts";
import { loadSqliteNode } from "./wasm.node.ts";

export interface MemoryStoreInput {
  /** Kept by the caller, a disk outlives its stores; without one each opener has its own. */
  readonly disk?: DiskPlace;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly passphraseParameters?: PassphraseParameters;
}

export const MEMORY_SCHEDULE: Schedule = { soon: (call) => queueMicrotask(call), later: null };

export const memoryStoreOpener = ({ disk = new MemoryDisk(), ...rest }: MemoryStoreInput): StoreOpener =>
  createOpener({ ...rest, place: disk, loadSqlite: loadSqliteNode, schedule: MEMORY_SCHEDULE });
