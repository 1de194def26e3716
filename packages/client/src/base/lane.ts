/**
 * One step at a time: what runs in a lane never overlaps with what else runs there, and runs in the order given.
 * A step that fails rejects its own promise and does not stop the lane.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step, step);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything given so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
