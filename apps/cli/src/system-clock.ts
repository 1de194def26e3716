import type { Clock } from "@xchat/client/ports";

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, call) => {
    // Longer waits than a timer can hold are cut: whoever waits looks at the clock again.
    const timer = setTimeout(call, Math.min(milliseconds, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
};
