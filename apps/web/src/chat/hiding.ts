/** Messages that were deleted for oneself and can still be had back: not shown, and not deleted yet. */
let ids: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function set(next: ReadonlySet<string>): void {
  ids = next;
  for (const listener of listeners) listener();
}

export const hiding = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  ids: (): ReadonlySet<string> => ids,
  add: (id: string): void => set(new Set([...ids, id])),
  remove: (id: string): void => set(new Set([...ids].filter((one) => one !== id))),
};
