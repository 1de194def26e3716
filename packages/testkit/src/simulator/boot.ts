/**
 * One run of a device's program, from its start to its close or its crash. What has effects outside of the program asks
 * here first: after a crash nothing of it goes on, since no call that it waits for ever answers.
 */
export class Boot {
  #isAlive = true;
  #effectsLeft: number | null = null;
  readonly #onCrash: () => void;

  constructor(onCrash: () => void) {
    this.#onCrash = onCrash;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The power goes at the n-th effect from now on, whatever it is. */
  failAfter(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** An effect begins or ends: false when the program does not live to see it. */
  effect(): boolean {
    if (!this.#isAlive) return false;
    if (this.#effectsLeft === null || --this.#effectsLeft > 0) return true;
    this.crash();
    return false;
  }

  crash(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#onCrash();
  }

  /** It has ended in order: what is left of it finds nothing to talk to. */
  end(): void {
    this.#isAlive = false;
  }

  /** What the program waits for, as long as there is a program. */
  async answer<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await work;
      return this.#isAlive ? value : await NEVER;
    } catch (error) {
      if (this.#isAlive) throw error;
      return NEVER;
    }
  }
}

export const NEVER = new Promise<never>(() => {});
