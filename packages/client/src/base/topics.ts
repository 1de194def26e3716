/**
 * Who watches what. A change marks a topic; watchers are told once for all changes of a turn, each with a view made at
 * that moment, so that a burst of messages costs one view.
 */
export class Topics {
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #marked = new Set<string>();

  /** Calls at every later change, until the answered function is called. */
  watch(topic: string, onChange: () => void): () => void {
    const watchers = this.#watchers.get(topic) ?? new Set();
    this.#watchers.set(topic, watchers.add(onChange));
    return () => {
      watchers.delete(onChange);
      if (watchers.size === 0 && this.#watchers.get(topic) === watchers) this.#watchers.delete(topic);
    };
  }

  mark(topic: string): void {
    if (!this.#watchers.has(topic) || this.#marked.has(topic)) return;
    this.#marked.add(topic);
    queueMicrotask(() => {
      this.#marked.delete(topic);
      for (const onChange of this.#watchers.get(topic) ?? []) onChange();
    });
  }
}
