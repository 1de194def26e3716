/** Remembers the last values asked for, at most `limit`: the oldest leaves first. A peer can therefore never grow it. */
export class BoundedCache<K, V> {
  readonly #limit: number;
  readonly #values = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  set(key: K, value: V): V {
    if (this.#values.size >= this.#limit) {
      const oldest = this.#values.keys().next();
      if (!oldest.done) this.#values.delete(oldest.value);
    }
    this.#values.set(key, value);
    return value;
  }
}

/** A map key that holds the bytes themselves: short, exact, and fast in every engine. */
export function bytesToCacheKey(bytes: Uint8Array): string {
  let key = "";
  // In pieces: an argument list of many thousands overflows the stack of some engines.
  for (let i = 0; i < bytes.length; i += 1024) key += String.fromCharCode(...bytes.subarray(i, i + 1024));
  return key;
}
