/**
 * Many writers, one sync: what comes while a batch is being written goes into the next one.
 *
 * GC1 One batch at a time; results come in the order in which operations were submitted.
 * GC2 What waits is bounded in bytes: beyond it `submit` answers `null` at once, and the caller says "try later".
 */
export interface GroupCommitOptions<Operation, Outcome> {
  readonly apply: (batch: readonly Operation[]) => Promise<readonly Outcome[]>;
  readonly sizeOf: (operation: Operation) => number;
  readonly maxCount: number;
  readonly maxWaitingBytes: number;
}

interface Waiting<Operation, Outcome> {
  readonly operation: Operation;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Operation, Outcome> {
  readonly #options: GroupCommitOptions<Operation, Outcome>;
  #waiting: Waiting<Operation, Outcome>[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;

  constructor(options: GroupCommitOptions<Operation, Outcome>) {
    this.#options = options;
  }

  submit(operation: Operation): Promise<Outcome> | null {
    const size = this.#options.sizeOf(operation);
    if (this.#waitingBytes + size > this.#options.maxWaitingBytes) return null;
    this.#waitingBytes += size;
    const answer = new Promise<Outcome>((resolve, reject) => this.#waiting.push({ operation, resolve, reject }));
    this.#running ??= this.#run();
    return answer;
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the loop: what has come with the same wake-up of the socket goes into the first batch too.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.maxCount);
      for (const { operation } of batch) this.#waitingBytes -= this.#options.sizeOf(operation);
      await this.#commit(batch);
    }
    this.#running = null;
  }

  async #commit(batch: readonly Waiting<Operation, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#options.apply(batch.map(({ operation }) => operation));
      batch.forEach(({ resolve }, i) => resolve(outcomes[i] as Outcome));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
