/**
 * A clock that stands still until a test moves it. Timers fire in the order of their times; between two of them whatever
 * they have started gets a turn, so that the next timer it sets is not overlooked.
 */
import type { ClientApi, Query, ViewTypes } from "@xchat/client/api";
import type { Clock, Timer } from "@xchat/client/ports";

/** Beyond it Node and browsers call at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Waiting {
  at: number;
  readonly call: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  readonly #waiting = new Set<Waiting>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): Timer {
    if (milliseconds > LONGEST_TIMER) throw new RangeError("a timer of a platform would be over at once");
    const waiting = { at: this.#now + Math.ceil(milliseconds), call };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** As when a person sets the clock: timers do not notice. */
  set(now: number): void {
    const jump = now - this.#now;
    this.#now = now;
    for (const waiting of this.#waiting) waiting.at += jump;
  }

  /** Lets this much time pass. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
      await aTurn();
    }
    this.#now = end;
    await aTurn();
  }

  #next(end: number): Waiting | undefined {
    return [...this.#waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}

/**
 * Lets time pass, `step` milliseconds at once, until the view is so.
 *
 * @throws Error with the last view when it is not so after `atMost`.
 */
export async function passUntil<Q extends Exclude<Query, { view: "messages" }>>(
  clock: VirtualClock,
  api: ClientApi,
  query: Q,
  isSo: (view: ViewTypes[Q["view"]]) => boolean,
  { step = 500, atMost = 600_000 }: { readonly step?: number; readonly atMost?: number } = {},
): Promise<ViewTypes[Q["view"]]> {
  for (let passed = 0; ; passed += step) {
    const view = await present(api, query);
    if (isSo(view)) return view;
    if (passed >= atMost) throw new Error(`${query.view} did not come to what was waited for: ${JSON.stringify(view)}`);
    await clock.pass(step);
    for (let i = 0; i < TURNS_OF_A_STEP; i++) await aTurn();
  }
}

/** The view as it is now. */
export function present<Q extends Exclude<Query, { view: "messages" }>>(
  api: ClientApi,
  query: Q,
): Promise<ViewTypes[Q["view"]]> {
  return new Promise((resolve) => {
    const stop = api.watch(query, (view) => {
      queueMicrotask(() => stop());
      resolve(view);
    });
  });
}

/** Enough for a message to be opened, saved and answered. */
const TURNS_OF_A_STEP = 20;

/** Native cryptography answers from other threads: a turn of the loop, and one more for what it has started. */
async function aTurn(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
