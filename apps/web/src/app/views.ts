/** One subscription for each view, shared by all that show it; the last view stays at hand for whoever comes later. */
import type { ClientApi, GroupView, Query, ViewTypes } from "@xchat/client/api";
import { reuse } from "./reuse.ts";

/** `messages` sends changes and not a whole, so it is watched by the open chat alone. */
type WholeQuery = Exclude<Query, { readonly view: "messages" }>;
/** Those of which there is one. */
export type SoleView = Exclude<WholeQuery, { readonly chat: string }>["view"];

export class Views {
  readonly #api: ClientApi;
  readonly #last = new Map<string, unknown>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #ends = new Map<string, () => void>();

  constructor(api: ClientApi) {
    this.#api = api;
  }

  last<V extends SoleView>(view: V): ViewTypes[V] | undefined {
    return this.#last.get(view) as ViewTypes[V] | undefined;
  }

  lastGroup(chat: string): GroupView | undefined {
    return this.#last.get(keyOf({ view: "group", chat })) as GroupView | undefined;
  }

  /** The watch ends a moment after its last listener, so that a change of screens does not open it anew. */
  subscribe(query: WholeQuery, listener: () => void): () => void {
    const key = keyOf(query);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    if (!this.#ends.has(key)) this.#ends.set(key, this.#watch(query, key, listeners));
    return () => {
      listeners.delete(listener);
      setTimeout(() => this.#endIfUnused(key), LINGER_MILLISECONDS);
    };
  }

  #watch(query: WholeQuery, key: string, listeners: ReadonlySet<() => void>): () => void {
    return this.#api.watch(query, (value) => {
      const before = this.#last.get(key);
      const next = reuse(before, value);
      if (next === before) return;
      this.#last.set(key, next);
      for (const tell of listeners) tell();
    });
  }

  #endIfUnused(key: string): void {
    if ((this.#listeners.get(key)?.size ?? 0) > 0) return;
    this.#ends.get(key)?.();
    this.#ends.delete(key);
    this.#last.delete(key);
    this.#listeners.delete(key);
  }
}

const keyOf = (query: WholeQuery): string => ("chat" in query ? `${query.view} ${query.chat}` : query.view);

const LINGER_MILLISECONDS = 5_000;
