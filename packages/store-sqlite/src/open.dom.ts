/** The store of a profile in the browser, for a dedicated worker. */
import type { StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider, PassphraseParameters } from "@xchat/crypto";
import { OpfsDiskPlace } from "./disk.dom.ts";
import { compileSqlite } from "./engine.dom.ts";
import { createOpener } from "./opener.ts";
import type { LoadSqlite } from "./sqlite-module.ts";
import type { Schedule } from "./store.ts";
import { loadSqliteDom } from "./wasm.dom.ts";

export type { SyncAccessHandle, SyncFileHandle } from "./disk.dom.ts";

export interface OpfsStoreInput {
  /** Of the profile: one folder name. */
  readonly name: string;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly passphraseParameters?: PassphraseParameters;
  /** Where the engine is on its way before anything else is known. Each store gets an instance of its own. */
  readonly engine?: Promise<WebAssembly.Module>;
}

/** Pause before the log is tidied (S4). */
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

export function opfsStoreOpener({ name, engine, ...rest }: OpfsStoreInput): StoreOpener {
  let compiled = engine;
  const loadSqlite: LoadSqlite = () => loadSqliteDom((compiled ??= compileSqlite()));
  return createOpener({ ...rest, place: new OpfsDiskPlace(name), loadSqlite, schedule: browserSchedule() });
}
