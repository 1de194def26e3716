/**
 * Virtual time of a simulated world. What happens lies in one queue, ordered by time and then by when it was asked for;
 * between two happenings everything that the first has set off runs to its end. All cryptography of a simulation is
 * synchronous, so that end is the end of the queue of microtasks: nothing is left to the machine's mood.
 */

interface Happening {
  readonly at: number;
  readonly number: number;
  run: (() => void) | null;
}

export interface Cancel {
  cancel(): void;
}

export class Schedule {
  #now: number;
  #number = 0;
  /** A binary heap: the next one first. */
  readonly #queue: Happening[] = [];
  readonly #outside = new Set<Promise<unknown>>();

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): Cancel {
    const happening: Happening = { at: this.#now + Math.max(0, Math.ceil(milliseconds)), number: this.#number++, run };
    this.#push(happening);
    return {
      cancel: () => {
        happening.run = null;
      },
    };
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve);
    });
  }

  /** Work that the machine does in its own time, such as compiling: virtual time stands still meanwhile. */
  outside<T>(work: Promise<T>): Promise<T> {
    const ended: Promise<unknown> = work.catch(() => undefined).finally(() => this.#outside.delete(ended));
    this.#outside.add(ended);
    return work;
  }

  /** Lets time pass until then. */
  async runUntil(end: number): Promise<void> {
    await this.#settled();
    for (let next = this.#queue[0]; next !== undefined && next.at <= end; next = this.#queue[0]) {
      this.#pop();
      if (next.run === null) continue;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.#settled();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** The loop comes to its next task only when no microtask is left. */
  async #settled(): Promise<void> {
    await aTask();
    while (this.#outside.size > 0) {
      await Promise.all(this.#outside);
      await aTask();
    }
  }

  #push(happening: Happening): void {
    const queue = this.#queue;
    let at = queue.push(happening) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(queue[parent] as Happening, happening)) break;
      queue[at] = queue[parent] as Happening;
      at = parent;
    }
    queue[at] = happening;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop() as Happening;
    if (queue.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queue.length) break;
      const right = queue[child + 1];
      if (right !== undefined && isBefore(right, queue[child] as Happening)) child++;
      if (isBefore(last, queue[child] as Happening)) break;
      queue[at] = queue[child] as Happening;
      at = child;
    }
    queue[at] = last;
  }
}

const isBefore = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.number < b.number);

const aTask = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
