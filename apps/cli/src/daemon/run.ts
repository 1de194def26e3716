/** The background process: takes the profile, serves it, gives it back. */
import type { Client } from "@xchat/client";
import { StoreError, type Clock } from "@xchat/client/ports";
import { takeLock } from "@xchat/store-sqlite/lock";
import { makeFolders, type ProfileFolder } from "../profile-folder.ts";
import { serveProfile } from "./serve.ts";

export interface DaemonInput {
  readonly folder: ProfileFolder;
  readonly open: (folder: ProfileFolder) => Promise<Client>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly idleLifetime?: number;
  /** Told once: it can be reached, or why it cannot. */
  readonly onStart: (start: DaemonStart) => void;
}

export type DaemonStart =
  | { readonly state: "ready" }
  | { readonly state: "failed"; readonly code: string; readonly words: string };

/** Resolves when it has ended; what went wrong has been told then. */
export async function runDaemon({ folder, open, onStart, ...rest }: DaemonInput): Promise<void> {
  // Whatever is made here is for its owner alone, from the first moment.
  process.umask(0o077);
  try {
    makeFolders(folder);
    const giveBack = takeLock(folder.directory);
    try {
      const client = await open(folder);
      await serveProfile({ client, folder, ...rest, onListening: () => onStart({ state: "ready" }) });
    } finally {
      giveBack();
    }
  } catch (error) {
    const code = error instanceof StoreError ? error.code : "internal";
    onStart({ state: "failed", code, words: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
