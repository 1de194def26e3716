/** Time as the node reads it; tests bring their own. Milliseconds since 1970. */
export interface NodeClock {
  now(): number;
}

export const systemClock: NodeClock = { now: () => Date.now() };
