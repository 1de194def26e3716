/** What is piped into a command. */
import { IntentError } from "@xchat/client/api";

/** More than any message can hold is not read. */
const MAX_INPUT = 1 << 20;

/** @throws IntentError when it is too much. */
export async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size > MAX_INPUT) throw new IntentError("message-too-long");
  }
  return Buffer.concat(parts)
    .toString("utf8")
    .replace(/\r?\n$/u, "");
}
