/** Chance from a seed: everything in a simulated world that is not decided by the protocol is decided here. */

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The same name and seed give the same numbers; different names give streams that do not know of each other. */
  constructor(seed: number, name: string) {
    this.#a = seed | 0;
    this.#b = hashOf(name);
    this.#c = ~this.#b ^ Math.imul(seed, 0x9e3779b1);
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 bits, signed (sfc32). */
  readonly word = (): number => {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  };

  /** 0 ≤ x < 1. */
  readonly next = (): number => (this.word() >>> 0) / 4_294_967_296;

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer of these, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** @throws RangeError when there is nothing to pick from. */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /** By weight: null when nothing has any. */
  weighted<T>(from: readonly T[], weightOf: (one: T) => number): T | null {
    let rest = this.next() * from.reduce((sum, one) => sum + weightOf(one), 0);
    for (const one of from) {
      rest -= weightOf(one);
      if (rest < 0) return one;
    }
    return null;
  }

  shuffle<T>(from: readonly T[]): T[] {
    const shuffled = [...from];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}
