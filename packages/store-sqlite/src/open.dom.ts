/** The store of a profile in the browser, for a dedicated worker. */
import type { StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider, PassphraseParameters } from "@xchat/crypto";
import { OpfsDiskPlace } from "./disk.dom.ts";
import { createOpener } from "./opener.ts";
import type { LoadSqlite } from "./sqlite-module.ts";
import type { Schedule } from "./store.ts";
import { loadSqliteDom } from "./wasm.dom.ts";

export interface OpfsStoreInput {
  /** Of the profile: one folder name. */
  readonly name: string;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly passphraseParameters?: PassphraseParameters;
  /** Of `beginSqlite`, where the engine shall be on its way before anything else is known. */
  readonly loadSqlite?: LoadSqlite;
}

/** How long deleted and replaced contents may stay in the log (S4). */
const TIDY_AFTER_MS = 1000;

function browserSchedule(): Schedule {
  // A message to oneself comes after what is already waiting: what that asks to be written goes into one transaction.
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return {
    soon: (call) => {
      waiting.push(call);
      port2.postMessage(null);
    },
    later: (call) => {
      const timer = setTimeout(call, TIDY_AFTER_MS);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

export const opfsStoreOpener = ({ name, loadSqlite = loadSqliteDom, ...rest }: OpfsStoreInput): StoreOpener =>
  createOpener({ ...rest, place: new OpfsDiskPlace(name), loadSqlite, schedule: browserSchedule() });

/** Begins to load the engine at once. The first store gets that one, each later store one of its own. */
export function beginSqlite(): LoadSqlite {
  let begun: ReturnType<LoadSqlite> | null = loadSqliteDom();
  // Whoever opens a store is told.
  begun.catch(() => {});
  return () => {
    const engine = begun ?? loadSqliteDom();
    begun = null;
    return engine;
  };
}
