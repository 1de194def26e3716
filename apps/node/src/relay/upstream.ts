/**
 * One WebSocket of a relay to a node, with streams of many clients on it (spec/relay.md, section 4). Towards the node it is
 * a client like any other; what the node sends is hostile: any fault closes the socket.
 *
 * UP1 Nothing of a client goes out before the node has shown a descriptor by which it is the one that was asked for.
 * UP2 A stream is ended once; after that nothing of it is heard.
 */
import { WebSocket, type RawData } from "ws";
import type { CryptoProvider } from "@xchat/crypto";
import {
  encodeFrame,
  MAX_FRAME_LENGTH,
  Multiplexer,
  nodeIdOf,
  openDescriptor,
  STREAM_CREDIT,
  WIRE_SUBPROTOCOL,
  type MultiplexerEvent,
  type RelayedKind,
  type ResetReason,
} from "@xchat/protocol";
import type { NodeClock } from "../clock.ts";
import type { NodeLimits } from "../limits.ts";
import { lookupPublic } from "./public-address.ts";
import type { Target, Targets } from "./targets.ts";

export interface UpstreamDeps {
  readonly provider: CryptoProvider;
  readonly clock: NodeClock;
  readonly limits: NodeLimits;
  readonly targets: Targets;
}

export type UpstreamEnd =
  | { readonly kind: "ended" }
  | { readonly kind: "reset"; readonly reason: ResetReason; readonly afterSeconds: number };

export interface UpstreamHandlers {
  /** The bytes are the caller's only until it returns; `release` when done with the message. */
  readonly onMessage: (payload: Uint8Array, cost: number) => void;
  readonly onEnd: (end: UpstreamEnd) => void;
  /** Something that waited may go on. */
  readonly onWritable: () => void;
}

interface OpenStream {
  readonly handlers: UpstreamHandlers;
  /** Cost of what has come and is not released. */
  held: number;
}

/** After it has ended, or was closed, nothing of it does anything. */
export interface UpstreamStream {
  canSend(length: number): boolean;
  send(message: Uint8Array): void;
  release(cost: number): void;
  close(): void;
}

export type UpstreamFailure = "target-down" | "not-relayed";

const CONNECT_MILLISECONDS = 10_000;
const SILENCE_MILLISECONDS = 45_000;
const PONG_MILLISECONDS = 20_000;
const LOST: UpstreamEnd = { kind: "reset", reason: "target-down", afterSeconds: 1 };

export class Upstream {
  readonly #deps: UpstreamDeps;
  readonly #socket: WebSocket;
  readonly #multiplexer: Multiplexer;
  readonly #streams = new Map<number, OpenStream>();
  readonly #onClosed: (upstream: Upstream) => void;
  #heardAt: number;
  #pingedAt: number | null = null;
  #usedAt: number;
  #isClosed = false;

  private constructor(deps: UpstreamDeps, socket: WebSocket, onClosed: (upstream: Upstream) => void) {
    this.#deps = deps;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#heardAt = deps.clock.now();
    this.#usedAt = this.#heardAt;
    this.#multiplexer = new Multiplexer({ role: "client", maxStreams: deps.limits.relayStreamsPerUpstream });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("close", () => this.close());
  }

  /** Connects and lets the node show itself (UP1). */
  static async connect(
    deps: UpstreamDeps,
    target: Target,
    onClosed: (upstream: Upstream) => void,
  ): Promise<Upstream | UpstreamFailure> {
    const socket = await openSocket(target);
    if (socket === null) return "target-down";
    const upstream = new Upstream(deps, socket, onClosed);
    const shown = await upstream.#show(target);
    if (shown === "good") return upstream;
    upstream.close();
    return shown;
  }

  get streams(): number {
    return this.#streams.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  hasRoom(length: number): boolean {
    return !this.#isClosed && !this.#isFull() && this.#multiplexer.canOpen(length);
  }

  /** `null` when there is no room on this connection. */
  open(kind: RelayedKind, message: Uint8Array, handlers: UpstreamHandlers): UpstreamStream | null {
    if (this.#isClosed) return null;
    const opened = this.#multiplexer.open(kind, message);
    if (opened === null) return null;
    const { stream } = opened;
    this.#streams.set(stream, { handlers, held: 0 });
    this.#write(opened.frame);
    this.#widen();
    return {
      canSend: (length) => this.#streams.has(stream) && !this.#mustWait() && this.#multiplexer.canSend(stream, length),
      send: (next) => this.#write(this.#multiplexer.send(stream, next)),
      release: (cost) => this.#release(stream, cost),
      close: () => {
        const frame = this.#multiplexer.reset(stream, "cancelled");
        if (frame !== null) this.#write(frame);
        this.#forget(stream);
      },
    };
  }

  /** Called now and then: asks for a sign of life, and ends what is dead or not used. */
  sweep(now: number): void {
    const { relayIdleSeconds } = this.#deps.limits;
    if (this.#streams.size === 0 && now - this.#usedAt > relayIdleSeconds * 1_000) return this.close();
    if (this.#pingedAt !== null && now - this.#pingedAt > PONG_MILLISECONDS) return this.close();
    if (this.#pingedAt !== null || now - this.#heardAt < SILENCE_MILLISECONDS) return;
    this.#pingedAt = now;
    this.#write(encodeFrame({ kind: "ping", token: 0 }));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.terminate();
    const ended = [...this.#streams.values()];
    this.#streams.clear();
    for (const { handlers } of ended) handlers.onEnd(LOST);
    this.#onClosed(this);
  }

  #show(target: Target): Promise<"good" | UpstreamFailure> {
    const { provider, clock, targets } = this.#deps;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve("target-down"), CONNECT_MILLISECONDS);
      const judge = async (message: Uint8Array): Promise<"good" | UpstreamFailure> => {
        // By our own clock: it is a node's too.
        const opened = await openDescriptor(provider, message, Math.floor(clock.now() / 1_000));
        if (!opened.ok) return "not-relayed";
        const shownId = nodeIdOf(provider, opened.value.identityKey);
        return targets.isShown(target, shownId, opened.value) ? "good" : "not-relayed";
      };
      const settle = (outcome: "good" | UpstreamFailure): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const stream = this.open("descriptor", new Uint8Array(0), {
        onMessage: (payload, cost) => {
          stream?.release(cost);
          judge(payload.slice(4)).then(settle, () => settle("target-down"));
        },
        // After its message: then it is settled by that.
        onEnd: (end) => end.kind === "reset" && settle("target-down"),
        onWritable: () => {},
      });
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isClosed) return;
    if (!isBinary || !(data instanceof Buffer)) return this.close();
    this.#heardAt = this.#deps.clock.now();
    this.#pingedAt = null;
    const received = this.#multiplexer.receive(data);
    if (!received.ok) return this.close();
    this.#handle(received.value);
  }

  #handle(event: MultiplexerEvent): void {
    switch (event.kind) {
      case "message": {
        const open = this.#streams.get(event.stream);
        if (open === undefined) return this.#giveBack(event.stream, event.cost);
        open.held += event.cost;
        return open.handlers.onMessage(event.payload, event.cost);
      }
      case "ended":
        this.#multiplexer.reset(event.stream, "cancelled");
        return this.#end(event.stream, { kind: "ended" });
      case "reset":
        return this.#end(event.stream, event);
      case "credit":
        if (event.stream === 0) this.#wake();
        else this.#streams.get(event.stream)?.handlers.onWritable();
        return;
      case "answer":
        if (!this.#isFull()) this.#write(event.frame);
        return;
      case "opened":
      case "pong":
      case "nothing":
    }
  }

  #end(stream: number, end: UpstreamEnd): void {
    const handlers = this.#streams.get(stream)?.handlers;
    this.#forget(stream);
    handlers?.onEnd(end);
  }

  /** What was not released of it is given back to the connection: else it would have less for good. */
  #forget(stream: number): void {
    const open = this.#streams.get(stream);
    if (open === undefined) return;
    this.#streams.delete(stream);
    this.#usedAt = this.#deps.clock.now();
    if (open.held > 0) this.#giveBack(stream, open.held);
    this.#widen();
  }

  /** As the node does for us: the streams of one client never wait for those of another. */
  #widen(): void {
    for (const frame of this.#multiplexer.setWindow(this.#streams.size * STREAM_CREDIT)) this.#write(frame);
  }

  #release(stream: number, cost: number): void {
    const open = this.#streams.get(stream);
    if (open === undefined) return;
    open.held -= cost;
    this.#giveBack(stream, cost);
  }

  #giveBack(stream: number, cost: number): void {
    for (const frame of this.#multiplexer.release(stream, cost)) this.#write(frame);
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount > this.#deps.limits.socketBytes;
  }

  #write(frame: Uint8Array): void {
    if (!this.#isClosed) this.#socket.send(frame, this.#onSent);
  }

  /** Somebody may wait for the socket, and not for credit. */
  #isAwaited = false;
  readonly #onSent = (): void => {
    if (!this.#isAwaited || this.#isFull()) return;
    this.#isAwaited = false;
    this.#wake();
  };

  #mustWait(): boolean {
    const isFull = this.#isFull();
    if (isFull) this.#isAwaited = true;
    return isFull;
  }

  #wake(): void {
    for (const { handlers } of [...this.#streams.values()]) handlers.onWritable();
  }
}

/** No header tells the node anything of a client: there is none but what the handshake needs. */
function openSocket({ address, isPublicOnly }: Target): Promise<WebSocket | null> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, [WIRE_SUBPROTOCOL], {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_LENGTH,
      handshakeTimeout: CONNECT_MILLISECONDS,
      skipUTF8Validation: true,
      followRedirects: false,
      ...(isPublicOnly ? { lookup: lookupPublic } : {}),
    });
    socket.once("open", () => resolve(socket));
    // Stays: a later error is followed by the end.
    socket.on("error", () => resolve(null));
  });
}
