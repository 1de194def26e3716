/** Somebody without an identity here looks for the backups of their words, and becomes the person of one of them. */
import { IntentError, type BackupSearchView, type IntentInput } from "../api.ts";
import type { StoreChange } from "../ports.ts";
import { restoredChanges, type RestorePorts } from "./restore.ts";
import { backupId, searchBackups, type Search, type SearchPorts } from "./search.ts";

export type RecoveryPorts = RestorePorts & SearchPorts;

export class Recovery {
  readonly #ports: RecoveryPorts;
  #search: Search | null = null;

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
  }

  async find(input: IntentInput<"findBackups">): Promise<BackupSearchView> {
    this.forget();
    this.#search = await searchBackups(this.#ports, input);
    return this.#search.view;
  }

  /** To be written as a new store's first transaction. `backup`: one of those that were found last. */
  async changes(backup: string): Promise<readonly StoreChange[]> {
    const search = this.#search;
    const found = search?.choice.ranked ?? [];
    const chosen = found.find((one) => backupId(this.#ports.provider, one) === backup);
    if (search === null || chosen === undefined) throw new IntentError("backup-gone");
    return restoredChanges(this.#ports, { entropy: search.entropy, chosen, found });
  }

  /** What was found, and the words. */
  forget(): void {
    this.#search?.entropy.fill(0);
    this.#search = null;
  }
}
