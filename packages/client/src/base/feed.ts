/** Changes of messages, chat by chat; those of one turn reach each listener together. */
import type { ConversationId, EventId, MessageView } from "../api.ts";

export interface MessageChanges {
  readonly changed: readonly MessageView[];
  readonly removed: readonly EventId[];
}

export class MessageFeed {
  readonly #listeners = new Map<ConversationId, Set<(changes: MessageChanges) => void>>();
  readonly #pending = new Map<ConversationId, { changed: Map<EventId, MessageView>; removed: Set<EventId> }>();

  watch(chat: ConversationId, listener: (changes: MessageChanges) => void): () => void {
    const listeners = this.#listeners.get(chat) ?? new Set();
    this.#listeners.set(chat, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(chat) === listeners) this.#listeners.delete(chat);
    };
  }

  isWatched(chat: ConversationId): boolean {
    return this.#listeners.has(chat);
  }

  push(chat: ConversationId, changes: Partial<MessageChanges>): void {
    if (!this.#listeners.has(chat)) return;
    let pending = this.#pending.get(chat);
    if (pending === undefined) {
      pending = { changed: new Map(), removed: new Set() };
      this.#pending.set(chat, pending);
      queueMicrotask(() => this.#flush(chat));
    }
    for (const message of changes.changed ?? []) pending.changed.set(message.id, message);
    for (const id of changes.removed ?? []) pending.removed.add(id);
  }

  #flush(chat: ConversationId): void {
    const pending = this.#pending.get(chat);
    this.#pending.delete(chat);
    if (pending === undefined) return;
    const changes = { changed: [...pending.changed.values()], removed: [...pending.removed] };
    for (const listener of this.#listeners.get(chat) ?? []) listener(changes);
  }
}
