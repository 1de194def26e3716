/** Time as an argument, so that a simulation can own it. */
export interface Clock {
  /** Milliseconds since 1970. May jump, in both directions. */
  now(): number;
  /** Calls once after `milliseconds`; never early. */
  after(milliseconds: number, call: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
