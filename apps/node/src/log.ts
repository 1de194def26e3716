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

/** An error of the system as a word: its text may name paths and addresses. */
export function errorWord(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[A-Za-z_-]{1,40}$/.test(code) ? code : "unknown";
}
