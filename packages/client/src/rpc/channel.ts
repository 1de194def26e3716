/**
 * What the client's interface travels over: a message port, a socket of JSON lines, a broadcast channel with a filter.
 *
 * A channel delivers whole messages in order. `send` never throws and is without effect after the close. `onClose`
 * calls once, at once when it is closed already. Both listeners return the function that ends them.
 */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): () => void;
  onClose(listener: () => void): () => void;
}

/** The part of a `MessagePort` or of a dedicated worker that a channel needs. */
export interface MessageEndpoint {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  start?(): void;
}

/**
 * A channel over a message port or worker. Where the runtime fires no `close` event, whoever knows that the other
 * side is gone calls `close`.
 */
export function portChannel(port: MessageEndpoint): Channel & { close(): void } {
  let isClosed = false;
  const closeListeners = new Set<() => void>();
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    port.removeEventListener("close", close);
    for (const listener of closeListeners) listener();
    closeListeners.clear();
  };
  port.addEventListener("close", close);
  return {
    send: (message) => {
      if (!isClosed) port.postMessage(message);
    },
    onMessage: (listener) => {
      const deliver = (event: { readonly data?: unknown }): void => {
        if (!isClosed) listener(event.data);
      };
      port.addEventListener("message", deliver);
      port.start?.();
      return () => port.removeEventListener("message", deliver);
    },
    onClose: (listener) => {
      if (isClosed) {
        listener();
        return () => {};
      }
      closeListeners.add(listener);
      return () => closeListeners.delete(listener);
    },
    close,
  };
}
