/** Receipts are believed only when they say what was asked for, under the pinned key. */
import type { CryptoProvider } from "@xchat/crypto";
import { isStatementFor, openReceipt, type Statement } from "@xchat/protocol";

/** Roots whose signature was verified: the receipts of one batch share one. */
const MAX_KNOWN_ROOTS = 256;

export class ReceiptCheck {
  readonly #provider: CryptoProvider;
  readonly #identityKey: Uint8Array;
  readonly #knownRoots = new Set<string>();

  constructor(provider: CryptoProvider, identityKey: Uint8Array) {
    this.#provider = provider;
    this.#identityKey = identityKey;
  }

  /** `null` when it is good; else what is wrong with it. */
  async judge(receipt: Uint8Array, wanted: Pick<Statement, "mailbox" | "hash" | "kind">): Promise<string | null> {
    if (this.#knownRoots.size > MAX_KNOWN_ROOTS) this.#knownRoots.clear();
    const opened = await openReceipt(this.#provider, this.#identityKey, receipt, this.#knownRoots);
    if (!opened.ok) return `receipt: ${opened.error.reason}`;
    if (!isStatementFor(opened.value, wanted)) return "receipt: speaks of something else";
    return opened.value.expiresHour > opened.value.hour ? null : "receipt: expired when it was made";
  }
}
