/**
 * Work that nobody waits for. What fails there is a trouble of the environment (a full disk, a closed store): it is
 * kept for the report of `doctor` as its code, and whoever started the work starts it again.
 */
import { StoreError } from "../ports.ts";

const MAX_TROUBLES = 20;

export class Background {
  readonly #troubles: string[] = [];

  run(work: Promise<unknown>, onTrouble?: () => void): void {
    work.catch((error: unknown) => {
      this.#troubles.push(codeOf(error));
      if (this.#troubles.length > MAX_TROUBLES) this.#troubles.shift();
      onTrouble?.();
    });
  }

  /** Codes only, newest last. */
  troubles(): readonly string[] {
    return this.#troubles;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof StoreError) return error.code;
  return error instanceof Error ? error.name : "unknown";
}
