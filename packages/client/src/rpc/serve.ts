import { IntentError, type ClientApi, type IntentErrorCode } from "../api.ts";
import type { Channel } from "./channel.ts";
import { readRequest, type Answer, type Request } from "./messages.ts";

/** What one channel may have open at once; more is refused with "internal", and nothing that runs is disturbed. */
export const MAX_OPEN_CALLS = 256;
export const MAX_OPEN_WATCHES = 64;

/**
 * Serves the client's interface to whoever holds the other end of a channel. The caller decides who that may be: there
 * is no authentication here. Ends with the channel, or by the function that is answered; calls that run go on, since
 * an intent that was taken is carried out (A1), and their answers are dropped.
 */
export function serveApi(api: ClientApi, channel: Channel): () => void {
  const calls = new Set<number>();
  const watches = new Map<number, () => void>();
  let isOpen = true;

  const answer = (message: Answer): void => {
    if (isOpen) channel.send(message);
  };
  const refuse = (id: number, code: IntentErrorCode): void => answer({ kind: "failure", id, code });

  const call = async ({ id, intent, input }: Extract<Request, { kind: "call" }>): Promise<void> => {
    calls.add(id);
    try {
      const output: unknown = await api.call(intent, input as never);
      answer({ kind: "output", id, output: output ?? null });
    } catch (error) {
      refuse(id, error instanceof IntentError ? error.code : "internal");
    } finally {
      calls.delete(id);
    }
  };

  const watch = ({ id, query }: Extract<Request, { kind: "watch" }>): void => {
    // Held before the first view, which may come before `watch` returns.
    watches.set(id, () => {});
    try {
      const end = api.watch(query, (view) => {
        if (watches.has(id)) answer({ kind: "view", id, view });
      });
      if (isOpen && watches.has(id)) watches.set(id, end);
      else end();
    } catch (error) {
      watches.delete(id);
      refuse(id, error instanceof IntentError ? error.code : "internal");
    }
  };

  const accept = (message: unknown): void => {
    const request = readRequest(message);
    if (!isOpen || request === null) return;
    const { id } = request;
    if (request.kind === "unwatch") {
      watches.get(id)?.();
      watches.delete(id);
    } else if (calls.has(id) || watches.has(id)) {
      // Answering would settle the other request of this id: a caller that breaks R1 gets no answer.
      return;
    } else if (request.kind === "refused") {
      refuse(id, "internal");
    } else if (request.kind === "call") {
      if (calls.size >= MAX_OPEN_CALLS) refuse(id, "internal");
      else void call(request);
    } else if (watches.size >= MAX_OPEN_WATCHES) {
      refuse(id, "internal");
    } else {
      watch(request);
    }
  };

  const stopListening = channel.onMessage(accept);
  const stop = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stopListening();
    for (const end of watches.values()) end();
    watches.clear();
  };
  channel.onClose(stop);
  return stop;
}
