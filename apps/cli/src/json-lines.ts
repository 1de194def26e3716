/** A channel of JSON lines over a local socket. A line that is too long or no JSON ends the connection. */
import type { Channel } from "@xchat/client/rpc";
import type { Socket } from "node:net";

/** An export of a large profile is one message. */
const MAX_LINE = 512 * 1024 * 1024;

export function lineChannel(socket: Socket): Channel {
  const listeners = new Set<(message: unknown) => void>();
  const closers = new Set<() => void>();
  let isClosed = false;
  let parts: string[] = [];
  let held = 0;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    socket.destroy();
    for (const closer of closers) closer();
  };
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = chunk.split("\n");
    for (const [index, line] of lines.entries()) {
      parts.push(line);
      held += line.length;
      if (held > MAX_LINE) return close();
      if (index === lines.length - 1) return;
      const whole = parts.join("");
      parts = [];
      held = 0;
      if (!deliver(whole, listeners)) return close();
    }
  });
  socket.on("error", close);
  socket.on("close", close);
  return {
    send: (message) => {
      if (!isClosed) socket.write(`${JSON.stringify(message)}\n`);
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
  };
}

function deliver(line: string, listeners: ReadonlySet<(message: unknown) => void>): boolean {
  try {
    const message: unknown = JSON.parse(line);
    for (const listener of listeners) listener(message);
    return true;
  } catch {
    return false;
  }
}
