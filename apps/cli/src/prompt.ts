/** Questions at the terminal. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { IntentError, MIN_PASSPHRASE_LENGTH } from "@xchat/client/api";

/** What a person who breaks a question off is told: nothing. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** Without echo. Null where there is nobody to ask. */
export async function askPassphrase(question: string): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  // Only now, when the terminal does not echo any more: what is typed at once would be seen.
  process.stderr.write(question);
  try {
    const cancelled = new Promise<never>((_, reject) => {
      lines.once("SIGINT", () => reject(new Cancelled()));
      lines.once("close", () => reject(new Cancelled()));
    });
    return await Promise.race([lines.question(""), cancelled]);
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** With echo. Null where there is nobody to ask. */
export async function askLine(question: string): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr, historySize: 0 });
  try {
    const cancelled = new Promise<never>((_, reject) => {
      lines.once("SIGINT", () => reject(new Cancelled()));
      lines.once("close", () => reject(new Cancelled()));
    });
    return await Promise.race([lines.question(question), cancelled]);
  } finally {
    lines.close();
  }
}

/**
 * Asked for twice, but for one that is too short. Null is none: an empty answer, or nobody to ask.
 *
 * @throws IntentError
 */
export async function askNewPassphrase(question: string, ask = askPassphrase): Promise<string | null | "differs"> {
  const first = await ask(question);
  if (first === null || first === "") return null;
  if (first.length < MIN_PASSPHRASE_LENGTH) throw new IntentError("passphrase-too-short");
  return (await ask("Once more: ")) === first ? first : "differs";
}

/** A line, seen as it is typed; from a pipe as well. Null at the end of the input, or when `signal` ends the question. */
export async function askWhile(question: string, signal: AbortSignal): Promise<string | null> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: process.stdin.isTTY === true,
  });
  try {
    const ended = new Promise<null>((resolve, reject) => {
      lines.once("SIGINT", () => reject(new Cancelled()));
      lines.once("close", () => resolve(null));
      signal.addEventListener("abort", () => resolve(null), { once: true });
    });
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}
