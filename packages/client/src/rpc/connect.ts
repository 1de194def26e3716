import { IntentError, type ClientApi, type Query, type ViewTypes } from "../api.ts";
import type { Channel } from "./channel.ts";
import { isViewOf, readAnswer, type Answer } from "./messages.ts";

interface PendingCall {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: IntentError) => void;
}

interface OpenWatch {
  readonly query: Query;
  readonly listener: (view: never) => void;
}

/**
 * The client's interface as seen from the other end of a channel. When the channel closes, or by `close`, watches end
 * without a word and calls that wait are rejected with "not-the-leader": whether they were carried out is not known.
 * A refused watch ends likewise. Calls after the close are rejected the same way.
 */
export function connectApi(channel: Channel): ClientApi & { close(): void } {
  const calls = new Map<number, PendingCall>();
  const watches = new Map<number, OpenWatch>();
  let isOpen = true;
  let lastId = 0;

  const accept = (message: unknown): void => {
    const answer = readAnswer(message);
    if (!isOpen || answer === null) return;
    if (answer.kind === "view") {
      const watch = watches.get(answer.id);
      if (watch !== undefined && isViewOf(watch.query, answer.view)) watch.listener(answer.view as never);
      return;
    }
    settle(answer);
  };

  const settle = (answer: Exclude<Answer, { kind: "view" }>): void => {
    watches.delete(answer.id);
    const call = calls.get(answer.id);
    if (call === undefined) return;
    calls.delete(answer.id);
    if (answer.kind === "output") call.resolve(answer.output);
    else call.reject(new IntentError(answer.code));
  };

  const stopListening = channel.onMessage(accept);
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stopListening();
    watches.clear();
    for (const call of calls.values()) call.reject(new IntentError("not-the-leader"));
    calls.clear();
  };
  channel.onClose(close);

  return {
    call: (intent, input) =>
      new Promise((resolve, reject) => {
        if (!isOpen) {
          reject(new IntentError("not-the-leader"));
          return;
        }
        const id = ++lastId;
        calls.set(id, { resolve: resolve as (output: unknown) => void, reject });
        channel.send({ kind: "call", id, intent, input });
      }),
    watch: <Q extends Query>(query: Q, listener: (view: ViewTypes[Q["view"]]) => void) => {
      if (!isOpen) return () => {};
      const id = ++lastId;
      watches.set(id, { query, listener });
      channel.send({ kind: "watch", id, query });
      return () => {
        if (watches.delete(id) && isOpen) channel.send({ kind: "unwatch", id });
      };
    },
    close,
  };
}
