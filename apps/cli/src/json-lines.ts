/**
 * A channel of JSON lines over a local socket.
 *
 * L1 A line that is too long, or no JSON, ends the connection; nothing that comes makes this side throw.
 * L2 A reader that does not read ends its connection: what waits for it is bounded.
 */
import type { Socket } from "node:net";
import type { Channel } from "@xchat/client/rpc";

/** Characters of one line towards the process that owns the profile: the longest text of an intent, escaped. */
export const MAX_REQUEST_LINE = 8 * 1024 * 1024;
/** Towards a command: an export of a large profile is one line, and no string can be longer than this. */
export const MAX_ANSWER_LINE = 512 * 1024 * 1024 - 32;
/** Bytes that may wait for a reader before another message is added. */
const MAX_WAITING = 64 * 1024 * 1024;

export interface LineChannel extends Channel {
  close(): void;
}

export function lineChannel(socket: Socket, maxLine: number): LineChannel {
  const listeners = new Set<(message: unknown) => void>();
  const closers = new Set<() => void>();
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    socket.destroy();
    for (const closer of closers) closer();
    closers.clear();
  };
  const deliver = (line: string): void => {
    const message = parse(line);
    if (message === undefined) close();
    else for (const listener of listeners) listener(message);
  };
  const take = lineReader(maxLine, deliver, close);
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    if (!isClosed) take(chunk);
  });
  socket.on("error", close);
  socket.on("close", close);
  return {
    send: (message) => {
      if (isClosed) return;
      if (socket.writableLength > MAX_WAITING) close();
      else socket.write(`${JSON.stringify(message)}\n`);
    },
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onClose: (listener) => {
      if (isClosed) listener();
      else closers.add(listener);
      return () => closers.delete(listener);
    },
    close,
  };
}

/** Puts chunks together to lines, each chunk looked at once. */
function lineReader(maxLine: number, onLine: (line: string) => void, onTooLong: () => void): (chunk: string) => void {
  let parts: string[] = [];
  let held = 0;
  return (chunk) => {
    const pieces = chunk.split("\n");
    const rest = pieces.pop() as string;
    for (const piece of pieces) {
      if (held + piece.length > maxLine) return onTooLong();
      const line = parts.length === 0 ? piece : parts.join("") + piece;
      parts = [];
      held = 0;
      onLine(line);
    }
    held += rest.length;
    if (held > maxLine) onTooLong();
    else if (rest !== "") parts.push(rest);
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
