/** The clock of the machine. */
import type { Clock } from "@xchat/client/ports";

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};
