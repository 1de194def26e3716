/** Who waits for what: tells the readers of a mailbox that there is more. */
const idOf = (mailbox: Uint8Array): string =>
  Buffer.from(mailbox.buffer, mailbox.byteOffset, mailbox.length).toString("latin1");

export class SubscriptionHub {
  readonly #listeners = new Map<string, Set<() => void>>();

  add(mailbox: Uint8Array, listener: () => void): () => void {
    const id = idOf(mailbox);
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  notify(mailbox: Uint8Array): void {
    for (const listener of this.#listeners.get(idOf(mailbox)) ?? []) listener();
  }
}
