/**
 * One WebSocket to a node and the streams on it, at the client's end. Frames are hostile: any fault closes the socket.
 *
 * LC1 A stream is closed once, with a reason; after that nothing of it is heard.
 * LC2 The socket is asked for a sign of life when it has been silent; a socket that gives none is closed.
 */
import type { Clock, Timer } from "@xchat/client/ports";
import {
  encodeFrame,
  MESSAGE_COST,
  Multiplexer,
  WIRE_SUBPROTOCOL,
  type MultiplexerEvent,
  type RelayedKind,
  type ResetReason,
  type StreamKind,
} from "@xchat/protocol";

/** What is used of the global `WebSocket`. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: Uint8Array): void;
  close(code?: number): void;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
}
export type SocketConstructor = new (address: string, protocols: string[]) => SocketLike;

export type StreamEnd =
  | { readonly kind: "ended" }
  | { readonly kind: "reset"; readonly reason: ResetReason; readonly afterSeconds: number }
  /** With the whole connection. */
  | { readonly kind: "lost" };

export interface StreamHandlers {
  /** Call `release(cost)` when done with the message. */
  readonly onMessage: (payload: Uint8Array, cost: number) => void;
  readonly onEnd: (end: StreamEnd) => void;
}

export interface LinkStream {
  /** False when the stream is gone. Messages leave in the order of the calls. */
  send(message: Uint8Array): Promise<boolean>;
  release(cost: number): void;
  close(): void;
}

/** A way to a node on which streams can be opened: a socket to it, or streams through a relay. */
export interface NodeWay {
  readonly isClosed: boolean;
  /** `null` when the way is gone. Waits while too much is under way. */
  open(kind: RelayedKind, payload: Uint8Array, handlers: StreamHandlers): Promise<LinkStream | null>;
  close(): void;
}

const CONNECT_MILLISECONDS = 15_000;
const SILENCE_MILLISECONDS = 45_000;
const PONG_MILLISECONDS = 20_000;
const MAX_STREAMS = 256;

interface OpenStream {
  readonly handlers: StreamHandlers;
  wake: (() => void) | null;
}

export class LinkConnection implements NodeWay {
  readonly #socket: SocketLike;
  readonly #clock: Clock;
  readonly #multiplexer = new Multiplexer({ role: "client", maxStreams: MAX_STREAMS });
  readonly #streams = new Map<number, OpenStream>();
  readonly #onLost: () => void;
  #waitingToOpen: (() => void)[] = [];
  #timer: Timer | null = null;
  #heardAt: number;
  #isPinged = false;
  #isClosed = false;

  private constructor(socket: SocketLike, clock: Clock, onLost: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onLost = onLost;
    this.#heardAt = clock.now();
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => this.#lost());
    socket.addEventListener("error", () => this.close());
    this.#watch(SILENCE_MILLISECONDS);
  }

  /** `null` when there is no connection in time. */
  static connect(input: {
    readonly WebSocket: SocketConstructor;
    readonly clock: Clock;
    readonly address: string;
    readonly signal: AbortSignal | null;
    readonly onLost: () => void;
  }): Promise<LinkConnection | null> {
    const { clock, address, signal, onLost } = input;
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve(null);
      let socket: SocketLike;
      try {
        socket = new input.WebSocket(address, [WIRE_SUBPROTOCOL]);
      } catch {
        // An address that the browser does not allow, such as plain ws: from an https: page.
        return resolve(null);
      }
      socket.binaryType = "arraybuffer";
      const giveUp = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", giveUp);
        resolve(null);
        socket.close();
      };
      const timer = clock.after(CONNECT_MILLISECONDS, giveUp);
      signal?.addEventListener("abort", giveUp);
      socket.addEventListener("error", giveUp);
      socket.addEventListener("close", giveUp);
      socket.addEventListener("open", () => {
        timer.cancel();
        signal?.removeEventListener("abort", giveUp);
        resolve(new LinkConnection(socket, clock, onLost));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** `null` when the connection is gone. Waits while too much is under way. */
  async open(kind: StreamKind, payload: Uint8Array, handlers: StreamHandlers): Promise<LinkStream | null> {
    while (!this.#isClosed) {
      const opened = this.#multiplexer.open(kind, payload);
      if (opened !== null) {
        this.#streams.set(opened.stream, { handlers, wake: null });
        this.#socket.send(opened.frame);
        return this.#streamOf(opened.stream);
      }
      await new Promise<void>((resolve) => this.#waitingToOpen.push(resolve));
    }
    return null;
  }

  close(): void {
    this.#socket.close();
    this.#lost();
  }

  #streamOf(stream: number): LinkStream {
    return {
      send: (message) => this.#send(stream, message),
      release: (cost) => this.#release(stream, cost),
      close: () => {
        if (!this.#streams.delete(stream) || this.#isClosed) return;
        const frame = this.#multiplexer.reset(stream, "cancelled");
        if (frame !== null) this.#socket.send(frame);
        this.#wakeOpeners();
      },
    };
  }

  /** One caller at a time for each stream. */
  async #send(stream: number, message: Uint8Array): Promise<boolean> {
    for (;;) {
      const open = this.#streams.get(stream);
      if (this.#isClosed || open === undefined) return false;
      if (this.#multiplexer.canSend(stream, message.length)) break;
      await new Promise<void>((resolve) => {
        open.wake = resolve;
      });
    }
    this.#socket.send(this.#multiplexer.send(stream, message));
    return true;
  }

  #release(stream: number, cost: number): void {
    if (this.#isClosed) return;
    for (const frame of this.#multiplexer.release(stream, cost)) this.#socket.send(frame);
  }

  #receive(data: unknown): void {
    if (this.#isClosed) return;
    if (!(data instanceof ArrayBuffer)) return this.close();
    this.#heardAt = this.#clock.now();
    this.#isPinged = false;
    const received = this.#multiplexer.receive(new Uint8Array(data));
    if (!received.ok) return this.close();
    this.#handle(received.value);
  }

  #handle(event: MultiplexerEvent): void {
    switch (event.kind) {
      case "message": {
        const open = this.#streams.get(event.stream);
        if (open === undefined) return this.#release(event.stream, event.payload.length + MESSAGE_COST);
        return open.handlers.onMessage(event.payload, event.cost);
      }
      case "ended":
        this.#multiplexer.reset(event.stream, "cancelled");
        return this.#end(event.stream, { kind: "ended" });
      case "reset":
        return this.#end(event.stream, event);
      case "credit":
        if (event.stream !== 0) return this.#streams.get(event.stream)?.wake?.();
        for (const { wake } of this.#streams.values()) wake?.();
        return this.#wakeOpeners();
      case "answer":
        return this.#socket.send(event.frame);
      case "opened":
      case "pong":
      case "nothing":
        return;
    }
  }

  #end(stream: number, end: StreamEnd): void {
    const open = this.#streams.get(stream);
    if (!this.#streams.delete(stream)) return;
    open?.wake?.();
    open?.handlers.onEnd(end);
    this.#wakeOpeners();
  }

  #wakeOpeners(): void {
    const waiting = this.#waitingToOpen;
    this.#waitingToOpen = [];
    for (const wake of waiting) wake();
  }

  #watch(milliseconds: number): void {
    this.#timer = this.#clock.after(milliseconds, () => {
      const silent = this.#clock.now() - this.#heardAt;
      if (this.#isPinged) return this.close();
      // A clock that jumped says nothing about the socket: asking costs nothing.
      if (silent >= 0 && silent < SILENCE_MILLISECONDS) return this.#watch(SILENCE_MILLISECONDS - silent);
      this.#isPinged = true;
      this.#socket.send(encodeFrame({ kind: "ping", token: 0 }));
      this.#watch(PONG_MILLISECONDS);
    });
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const stream of [...this.#streams.keys()]) this.#end(stream, { kind: "lost" });
    this.#wakeOpeners();
    this.#onLost();
  }
}
