/** The store of a profile folder, in Node. */
import type { StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider, PassphraseParameters } from "@xchat/crypto";
import { NodeDiskPlace } from "./disk.node.ts";
import { createOpener } from "./opener.ts";
import type { Schedule } from "./store.ts";
import { loadSqliteNode } from "./wasm.node.ts";

export interface NodeStoreInput {
  /** Made, for its owner alone, when the store is created. */
  readonly directory: string;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly passphraseParameters?: PassphraseParameters;
}

/** Pause before the log is tidied (S4). */
const TIDY_AFTER_MS = 1000;

export const NODE_SCHEDULE: Schedule = {
  // After the input that is already there has been handled: what it asks to be written goes into one transaction.
  soon: (call) => void setImmediate(call),
  later: (call) => {
    const timer = setTimeout(call, TIDY_AFTER_MS);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const nodeStoreOpener = ({ directory, ...rest }: NodeStoreInput): StoreOpener =>
  createOpener({ ...rest, place: new NodeDiskPlace(directory), loadSqlite: loadSqliteNode, schedule: NODE_SCHEDULE });
