/**
 * Whether this device's clock is wrong. Nodes tell their time, unsigned, and any of them may be wrong or lie: what most
 * of those that have been heard agree on counts, and a single one is believed for want of others.
 */
import type { Clock, Timer } from "../ports.ts";

/** What exchanges allow (spec/exchange.md, X9). */
const RIGHT_ENOUGH = 15 * 60_000;
const WATCH_INTERVAL = 5_000;
/** A timer that comes a little late is no sign of anything. */
const JUMP = 60_000;

export const isFarOff = (clockAhead: number | null): boolean =>
  clockAhead !== null && Math.abs(clockAhead) > RIGHT_ENOUGH;

/** `clocksAhead`: of each node before this device. Answers with what this device is ahead, or null where it is right. */
export function clockErrorOf(clocksAhead: readonly (number | null)[]): number | null {
  const heard = clocksAhead.filter((ahead) => ahead !== null);
  for (const sign of [1, -1]) {
    const agreeing = heard.filter((ahead) => isFarOff(ahead) && Math.sign(ahead) === sign).toSorted((a, b) => a - b);
    if (agreeing.length * 2 > heard.length) return -(agreeing[Math.floor(agreeing.length / 2)] as number);
  }
  return null;
}

/** Looks, while the clock is known to be wrong, whether somebody has set it: timers do not notice. */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #isNeeded: () => boolean;
  readonly #onSet: () => void;
  #timer: Timer | null = null;

  constructor(clock: Clock, isNeeded: () => boolean, onSet: () => void) {
    this.#clock = clock;
    this.#isNeeded = isNeeded;
    this.#onSet = onSet;
  }

  start(): void {
    if (this.#timer === null) this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #look(): void {
    const expected = this.#clock.now() + WATCH_INTERVAL;
    this.#timer = this.#clock.after(WATCH_INTERVAL, () => {
      this.#timer = null;
      if (!this.#isNeeded()) return;
      const isSet = Math.abs(this.#clock.now() - expected) > JUMP;
      this.#look();
      if (isSet) this.#onSet();
    });
  }
}
