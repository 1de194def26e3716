/**
 * One WebSocket: frames in, streams with their exchanges, frames out (spec/node-api.md).
 *
 * CN1 Any fault of the wire ends the connection; a fault inside an exchange ends that exchange only.
 * CN2 Nothing is sealed or read from the store for a socket that has more than `socketBytes` unsent.
 * CN3 What is held of a stream that ends is given back to the connection, whatever became of it.
 */
import type { RawData, WebSocket } from "ws";
import {
  acceptExchange,
  decodeRelayOpening,
  Multiplexer,
  STREAM_CREDIT,
  type MultiplexerEvent,
  type ResetReason,
} from "@xchat/protocol";
import { ExchangeSession, type SessionLink, type StreamSession } from "./exchange-session.ts";
import { TokenBucket } from "./limits.ts";
import type { NodeContext } from "./node-context.ts";
import type { RelayClient } from "./relay/relay.ts";
import { RelayedStream } from "./relay/relayed-stream.ts";

const PROTOCOL_ERROR = 1002;
const GOING_AWAY = 1001;
const RETRY_SECONDS = 5;

interface OpenStream {
  readonly kind: "exchange" | "relay";
  session: StreamSession | null;
  /** Cost of what has come and is not done with. */
  held: number;
  /** Messages that came while the opening was being judged. */
  readonly early: { readonly payload: Uint8Array; readonly cost: number }[];
}

export class Connection {
  readonly #context: NodeContext;
  readonly #socket: WebSocket;
  readonly #multiplexer: Multiplexer;
  readonly #openedAt: number;
  #frameAt = 0;
  #streams: Map<number, OpenStream> | null = null;
  #openings: TokenBucket | null = null;
  #relayClient: RelayClient | null = null;
  /** Exchanges that have opened: each may have its own credit under way (N7). */
  #exchanges = 0;
  /** Sessions that wait for credit or for the socket. */
  #waiters: (() => void)[] = [];
  #isClosed = false;
  readonly #onClosed: (connection: Connection) => void;

  constructor(context: NodeContext, socket: WebSocket, onClosed: (connection: Connection) => void) {
    this.#context = context;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#openedAt = context.clock.now();
    this.#multiplexer = new Multiplexer({ role: "node", maxStreams: context.limits.exchangesPerConnection });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("close", () => this.#closed());
    socket.on("error", () => this.#socket.terminate());
    // The protocol has pings of its own; those of the WebSocket are answered only while the socket takes it.
    socket.on("ping", () => {
      if (socket.bufferedAmount === 0) socket.pong();
    });
  }

  /** Called now and then: ends what is idle or over. */
  sweep(now: number): void {
    const { idleSeconds, firstFrameSeconds } = this.#context.limits;
    const isSilent =
      this.#frameAt === 0
        ? now - this.#openedAt > firstFrameSeconds * 1_000
        : now - this.#frameAt > idleSeconds * 1_000;
    if (isSilent) return this.#socket.terminate();
    for (const [stream, { session }] of this.#streams ?? []) {
      if (session?.isOver(now) === true) this.#reset(stream, "exchange-over");
    }
  }

  stop(): void {
    this.#socket.close(GOING_AWAY);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isClosed) return;
    if (!isBinary || !(data instanceof Buffer)) return this.#fault();
    this.#frameAt = this.#context.clock.now();
    const received = this.#multiplexer.receive(data);
    if (!received.ok) return this.#fault();
    this.#handle(received.value);
  }

  #handle(event: MultiplexerEvent): void {
    switch (event.kind) {
      case "opened":
        return this.#open(event);
      case "message": {
        const open = this.#streams?.get(event.stream);
        if (open === undefined) return this.#release(event.stream, event.cost);
        open.held += event.cost;
        if (open.session === null) open.early.push(event);
        else open.session.receive(event.payload, event.cost);
        return;
      }
      case "ended":
      case "reset":
        this.#drop(event.stream);
        this.#sendIfAny(this.#multiplexer.end(event.stream));
        return;
      case "credit":
        return this.#wakeWaiters();
      case "answer":
        // An answer to a ping is not owed to somebody who does not read.
        if (this.#socket.bufferedAmount < this.#context.limits.socketBytes) this.#socket.send(event.frame);
        return;
      case "pong":
      case "nothing":
        return;
    }
  }

  #open(event: Extract<MultiplexerEvent, { kind: "opened" }>): void {
    const { stream, cost } = event;
    switch (event.streamKind) {
      case "descriptor":
        return this.#sendDescriptor(stream, event.payload, cost);
      case "exchange":
        void this.#openExchange(stream, event.payload, cost);
        return;
      case "relay":
        return this.#openRelayed(stream, event.payload, cost);
      default:
        this.#release(stream, cost);
        this.#reset(stream, "unknown-kind");
    }
  }

  #sendDescriptor(stream: number, payload: Uint8Array, cost: number): void {
    this.#release(stream, cost);
    if (payload.length > 0) return this.#reset(stream, "malformed");
    const now = this.#context.clock.now();
    if (!this.#mayOpen(now) || this.#socket.bufferedAmount > this.#context.limits.socketBytes) {
      return this.#reset(stream, "try-later", RETRY_SECONDS);
    }
    const descriptor = this.#context.descriptor();
    const message = new Uint8Array(4 + descriptor.length);
    new DataView(message.buffer).setUint32(0, Math.floor(now / 60_000));
    message.set(descriptor, 4);
    if (!this.#multiplexer.canSend(stream, message.length)) return this.#reset(stream, "try-later", RETRY_SECONDS);
    this.#socket.send(this.#multiplexer.send(stream, message));
    this.#sendIfAny(this.#multiplexer.end(stream));
    // Forgotten without a word: the client has nothing to say on it.
    this.#multiplexer.reset(stream, "cancelled");
  }

  async #openExchange(stream: number, payload: Uint8Array, cost: number): Promise<void> {
    const { provider, nodeId, dayKeyById, replays, clock, limits, counts } = this.#context;
    const now = clock.now();
    if (!this.#mayOpen(now) || counts.exchanges >= limits.exchanges || this.#context.isOverloaded()) {
      this.#release(stream, cost);
      counts.refusedOpenings++;
      return this.#reset(stream, "try-later", RETRY_SECONDS);
    }
    const open = this.#begin(stream, "exchange", cost);
    counts.exchanges++;
    counts.openings++;
    const nowSeconds = Math.floor(now / 1_000);
    const accepted = await acceptExchange({ provider, nodeId, dayKeyById, replays, nowSeconds }, payload);
    if (!accepted.ok) {
      counts.refusedOpenings++;
      return this.#reset(stream, accepted.error.reason, accepted.error.reason === "try-later" ? RETRY_SECONDS : 0);
    }
    if (this.#streams?.get(stream) !== open) return;
    this.#exchanges++;
    this.#widen();
    const session = new ExchangeSession(this.#context, accepted.value.exchange, this.#linkOf(stream, open));
    open.session = session;
    session.begin(accepted.value.first, cost);
    for (const early of open.early) open.session.receive(early.payload, early.cost);
    open.early.length = 0;
  }

  #openRelayed(stream: number, payload: Uint8Array, cost: number): void {
    const { relay, clock, limits, counts } = this.#context;
    const refuse = (reason: ResetReason, afterSeconds = 0): void => {
      this.#release(stream, cost);
      this.#reset(stream, reason, afterSeconds);
    };
    if (relay === null) return refuse("unknown-kind");
    const opening = decodeRelayOpening(payload);
    if (!opening.ok) return refuse("malformed");
    const now = clock.now();
    if (!this.#mayOpen(now) || this.#context.isOverloaded()) return refuse("try-later", RETRY_SECONDS);
    this.#relayClient ??= relay.newClient();
    const open = this.#begin(stream, "relay", cost);
    counts.relayed++;
    const overAt = now + limits.relaySeconds * 1_000;
    const session = new RelayedStream(relay, this.#relayClient, this.#linkOf(stream, open), overAt);
    open.session = session;
    session.begin(opening.value, cost);
  }

  #begin(stream: number, kind: OpenStream["kind"], cost: number): OpenStream {
    const open: OpenStream = { kind, session: null, held: cost, early: [] };
    this.#streams ??= new Map();
    this.#streams.set(stream, open);
    return open;
  }

  #widen(): void {
    for (const frame of this.#multiplexer.setWindow(this.#exchanges * STREAM_CREDIT)) this.#sendIfAny(frame);
  }

  #mayOpen(now: number): boolean {
    const { openingsPerSecond, openingsBurst } = this.#context.limits;
    this.#openings ??= new TokenBucket(openingsPerSecond, openingsBurst, now);
    return this.#openings.take(now);
  }

  #linkOf(stream: number, open: OpenStream): SessionLink {
    return {
      writable: (length) => this.#canSend(stream, length) || this.#whenWritable(stream, length),
      send: (message) => {
        if (this.#isClosed || !this.#multiplexer.isOpen(stream)) return;
        this.#socket.send(this.#multiplexer.send(stream, message), this.#onSent);
      },
      release: (cost) => {
        if (this.#streams?.get(stream) !== open) return;
        open.held -= cost;
        this.#release(stream, cost);
      },
      end: () => {
        this.#sendIfAny(this.#multiplexer.end(stream));
        this.#multiplexer.reset(stream, "cancelled");
        this.#drop(stream);
      },
      reset: (reason, afterSeconds) => this.#reset(stream, reason, afterSeconds),
    };
  }

  readonly #onSent = (): void => {
    if (this.#waiters.length > 0 && this.#socket.bufferedAmount < this.#context.limits.socketBytes) this.#wakeWaiters();
  };

  #canSend(stream: number, length: number): boolean {
    return this.#socket.bufferedAmount < this.#context.limits.socketBytes && this.#multiplexer.canSend(stream, length);
  }

  async #whenWritable(stream: number, length: number): Promise<boolean> {
    while (!this.#canSend(stream, length)) {
      if (this.#isClosed || !this.#multiplexer.isOpen(stream)) return false;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return true;
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #release(stream: number, cost: number): void {
    if (this.#isClosed || cost === 0) return;
    for (const frame of this.#multiplexer.release(stream, cost)) this.#socket.send(frame);
  }

  #reset(stream: number, reason: ResetReason, afterSeconds = 0): void {
    this.#sendIfAny(this.#multiplexer.reset(stream, reason, afterSeconds));
    this.#drop(stream);
  }

  #sendIfAny(frame: Uint8Array | null): void {
    if (frame !== null && !this.#isClosed) this.#socket.send(frame);
  }

  #drop(stream: number): void {
    const open = this.#streams?.get(stream);
    if (open === undefined) return;
    this.#streams?.delete(stream);
    if (open.kind === "relay") {
      this.#context.counts.relayed--;
    } else {
      this.#context.counts.exchanges--;
      if (open.session !== null) this.#exchanges--;
    }
    open.session?.close();
    this.#release(stream, open.held);
    this.#widen();
    this.#wakeWaiters();
  }

  #fault(): void {
    this.#context.counts.faults++;
    this.#socket.close(PROTOCOL_ERROR);
    this.#closed();
    // Whoever sent it need not be waited for.
    this.#socket.terminate();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of [...(this.#streams?.keys() ?? [])]) this.#drop(stream);
    this.#wakeWaiters();
    this.#onClosed(this);
  }
}
