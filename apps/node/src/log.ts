/**
 * Structured logs: one JSON object a line. An event is a word of this program, and its details are counts, durations and
 * words of this program: never an address, a key, an id, a path of a request, or the size of a message.
 */
export type LogDetails = Readonly<Record<string, number | boolean | string>>;

export interface Log {
  info(event: string, details?: LogDetails): void;
  warn(event: string, details?: LogDetails): void;
}

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const line = (level: string, event: string, details: LogDetails = {}): void =>
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...details })}\n`);
  return {
    info: (event, details) => line("info", event, details),
    warn: (event, details) => line("warn", event, details),
  };
}

const WARNINGS: Readonly<Record<string, string>> = {
  "exchange-failed": "An exchange with a client failed",
  "request-failed": "A request of a client could not be carried out",
  "store-refused": "The store refused what was to be kept",
  "stun-unavailable": "No STUN: direct connections may not come about",
  "upkeep-failed": "Clearing away what has expired failed",
};

/** For somebody at a terminal: warnings, in words. That it runs and that it stops is said to them anyway. */
export function wordLog(write: (line: string) => void, now: () => number): Log {
  return {
    info: () => {},
    warn: (event, details = {}) => {
      const more = Object.entries(details).map(([name, value]) => `${name} ${value}`);
      const time = new Date(now()).toTimeString().slice(0, 8);
      write(`  ${time}  ${WARNINGS[event] ?? event}${more.length === 0 ? "" : ` (${more.join(", ")})`}.\n`);
    },
  };
}

/** An error of the system as a word: its text may name paths and addresses. */
export function errorWord(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[A-Za-z_-]{1,40}$/.test(code) ? code : "unknown";
}
