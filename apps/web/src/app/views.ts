/** One subscription for each view, shared by all that show it; the last view stays at hand for whoever comes later. */
import type { ClientApi, Query, ViewTypes } from "@xchat/client/api";

/** `messages` sends changes and not a whole, so it is watched by the open chat alone. */
export type WholeView = Exclude<Query["view"], "messages">;

export class Views {
  readonly #api: ClientApi;
  readonly #last = new Map<WholeView, unknown>();
  readonly #listeners = new Map<WholeView, Set<() => void>>();
  readonly #ends = new Map<WholeView, () => void>();

  constructor(api: ClientApi) {
    this.#api = api;
  }

  last<V extends WholeView>(view: V): ViewTypes[V] | undefined {
    return this.#last.get(view) as ViewTypes[V] | undefined;
  }

  /** The watch ends a moment after its last listener, so that a change of screens does not open it anew. */
  subscribe(view: WholeView, listener: () => void): () => void {
    const listeners = this.#listeners.get(view) ?? new Set();
    this.#listeners.set(view, listeners);
    listeners.add(listener);
    if (!this.#ends.has(view)) this.#ends.set(view, this.#watch(view, listeners));
    return () => {
      listeners.delete(listener);
      setTimeout(() => this.#endIfUnused(view), LINGER_MILLISECONDS);
    };
  }

  #watch(view: WholeView, listeners: ReadonlySet<() => void>): () => void {
    return this.#api.watch({ view }, (value) => {
      this.#last.set(view, value);
      for (const tell of listeners) tell();
    });
  }

  #endIfUnused(view: WholeView): void {
    if ((this.#listeners.get(view)?.size ?? 0) > 0) return;
    this.#ends.get(view)?.();
    this.#ends.delete(view);
    this.#last.delete(view);
  }
}

const LINGER_MILLISECONDS = 5_000;
