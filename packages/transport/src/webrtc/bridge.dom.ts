/**
 * Direct connections for a client in a dedicated worker: the page owns the connections, since workers have none. The
 * channel of each is given to the worker, so that a message waits for nothing that the page draws. A browser that does
 * not give channels away keeps them in the page, and bytes cross by transfer:
 *
 * B1 The worker's `send` says yes only to what the channel will take: it counts what it has given and what the page has
 *    told of, and its count is never below the truth.
 * B2 What the worker has not taken is bounded: a connection that floods is closed.
 */
import type { DirectPeer, DirectSignal, DirectTransport } from "@xchat/client/ports";
import { knockOnChannel, listenToChannel, sendOnChannel } from "./channel.dom.ts";
import { MAX_BUFFERED, type PeerState } from "./lifetime.ts";
import { domDirectTransport, type BufferedPeer, type BufferedTransport } from "./peer.dom.ts";
import { MAX_MESSAGE } from "./session-description.ts";

/** Bytes received that the worker has not taken yet. */
const MAX_UNTAKEN = 32 * 1024 * 1024;

type ToPage =
  | {
      readonly kind: "create";
      readonly id: number;
      readonly role: "offerer" | "answerer";
      readonly stunAddresses: readonly string[];
    }
  | { readonly kind: "signal"; readonly id: number; readonly signal: DirectSignal }
  | { readonly kind: "message"; readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly kind: "taken"; readonly id: number; readonly count: number }
  /** The channel that the worker has is open. */
  | { readonly kind: "opened"; readonly id: number }
  | { readonly kind: "close"; readonly id: number };

type ToWorker =
  | { readonly kind: "channel"; readonly id: number; readonly channel: RTCDataChannel }
  | { readonly kind: "signal"; readonly id: number; readonly signal: DirectSignal }
  | { readonly kind: "state"; readonly id: number; readonly state: PeerState }
  | { readonly kind: "message"; readonly id: number; readonly bytes: ArrayBuffer }
  /** `accepted`: all bytes given so far; `waiting`: those of them that are still in the channel. */
  | { readonly kind: "buffer"; readonly id: number; readonly accepted: number; readonly waiting: number };

/**
 * In the page: serves the worker at the other end of the port. Answers the function that closes every connection and
 * ends the service; the page calls it when the worker ends.
 */
export function servePeers(port: MessagePort, transport: BufferedTransport = domDirectTransport()): () => void {
  const peers = new Map<number, ServedPeer>();
  const post = (message: ToWorker, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  const accept = ({ data }: MessageEvent<ToPage>): void => {
    if (data.kind === "create") {
      peers.set(data.id, new ServedPeer(data, transport, post, () => peers.delete(data.id)));
      return;
    }
    peers.get(data.id)?.accept(data);
  };
  const stop = (): void => {
    port.removeEventListener("message", accept);
    port.removeEventListener("close", stop);
    for (const peer of peers.values()) peer.close();
    peers.clear();
    port.close();
  };
  port.addEventListener("message", accept);
  port.addEventListener("close", stop);
  port.start();
  return stop;
}

class ServedPeer {
  readonly #id: number;
  readonly #post: (message: ToWorker, transfer?: Transferable[]) => void;
  readonly #peer: BufferedPeer;
  #accepted = 0;
  #untaken = 0;

  constructor(
    { id, role, stunAddresses }: Extract<ToPage, { kind: "create" }>,
    transport: BufferedTransport,
    post: (message: ToWorker, transfer?: Transferable[]) => void,
    onClosed: () => void,
  ) {
    this.#id = id;
    this.#post = post;
    this.#peer = transport.createPeer({
      role,
      stunAddresses,
      onSignal: (signal) => post({ kind: "signal", id, signal }),
      onState: (state) => {
        if (state === "closed") onClosed();
        post({ kind: "state", id, state });
      },
      onMessage: (message) => this.#deliver(message),
      onDrained: () => this.#tellBuffer(),
      giveAway: (channel) => this.#giveAway(channel),
    });
  }

  accept(message: Exclude<ToPage, { kind: "create" }>): void {
    switch (message.kind) {
      case "signal":
        this.#peer.acceptSignal(message.signal);
        return;
      case "message":
        this.#accepted += message.bytes.byteLength;
        // Refused only when it has closed, of which the worker hears by its state.
        this.#peer.send(new Uint8Array(message.bytes));
        this.#tellBuffer();
        return;
      case "taken":
        this.#untaken -= message.count;
        return;
      case "opened":
        this.#peer.opened();
        return;
      case "close":
        this.#peer.close();
    }
  }

  close(): void {
    this.#peer.close();
  }

  #giveAway(channel: RTCDataChannel): boolean {
    try {
      this.#post({ kind: "channel", id: this.#id, channel }, [channel]);
      return true;
    } catch {
      // A browser whose channels stay where they were made.
      return false;
    }
  }

  #deliver(message: Uint8Array): void {
    this.#untaken += message.length;
    if (this.#untaken > MAX_UNTAKEN) {
      this.#peer.close();
      return;
    }
    const bytes = message.buffer as ArrayBuffer;
    this.#post({ kind: "message", id: this.#id, bytes }, [bytes]);
  }

  #tellBuffer(): void {
    this.#post({ kind: "buffer", id: this.#id, accepted: this.#accepted, waiting: this.#peer.bufferedBytes() });
  }
}

/** In the worker: the port of the client, served by the page at the other end. */
export function workerDirectTransport(port: MessagePort): DirectTransport {
  const peers = new Map<number, WorkerPeer>();
  let lastId = 0;
  port.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => peers.get(data.id)?.accept(data));
  port.start();
  return {
    createPeer: (input) => {
      const id = ++lastId;
      const post = (message: ToPage, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
      const peer = new WorkerPeer(id, input, post, () => peers.delete(id));
      peers.set(id, peer);
      return peer;
    },
  };
}

class WorkerPeer implements DirectPeer {
  readonly #id: number;
  readonly #input: Parameters<DirectTransport["createPeer"]>[0];
  readonly #post: (message: ToPage, transfer?: Transferable[]) => void;
  readonly #onClosed: () => void;
  #state: PeerState = "connecting";
  /** Null for as long as it has not come, and where it stays in the page. */
  #channel: RTCDataChannel | null = null;
  #given = 0;
  #accepted = 0;
  #waiting = 0;

  constructor(
    id: number,
    input: Parameters<DirectTransport["createPeer"]>[0],
    post: (message: ToPage, transfer?: Transferable[]) => void,
    onClosed: () => void,
  ) {
    this.#id = id;
    this.#input = input;
    this.#post = post;
    this.#onClosed = onClosed;
    post({ kind: "create", id, role: input.role, stunAddresses: [...input.stunAddresses] });
  }

  acceptSignal(signal: DirectSignal): void {
    if (this.#state !== "closed") this.#post({ kind: "signal", id: this.#id, signal });
  }

  send(message: Uint8Array): boolean {
    if (this.#channel !== null) return this.#state === "open" && sendOnChannel(this.#channel, message);
    const buffered = this.#given - this.#accepted + this.#waiting;
    if (this.#state !== "open" || message.length > MAX_MESSAGE || buffered + message.length > MAX_BUFFERED)
      return false;
    this.#given += message.length;
    // A copy is given away: the caller keeps its bytes for the way through the nodes.
    const bytes = message.slice().buffer as ArrayBuffer;
    this.#post({ kind: "message", id: this.#id, bytes }, [bytes]);
    return true;
  }

  knock(): void {
    if (this.#channel !== null && this.#state === "open") knockOnChannel(this.#channel);
  }

  close(): void {
    if (this.#state !== "closed") this.#post({ kind: "close", id: this.#id });
  }

  accept(message: ToWorker): void {
    if (this.#state === "closed") return;
    switch (message.kind) {
      case "signal":
        this.#input.onSignal(message.signal);
        return;
      case "channel":
        this.#own(message.channel);
        return;
      case "state":
        this.#enter(message.state);
        return;
      case "message":
        this.#take(message.bytes);
        return;
      case "buffer":
        this.#accepted = message.accepted;
        this.#waiting = message.waiting;
    }
  }

  #own(channel: RTCDataChannel): void {
    this.#channel = channel;
    listenToChannel(channel, {
      onOpen: () => {
        this.#enter("open");
        this.#post({ kind: "opened", id: this.#id });
      },
      // The page closes the connection, and tells when it has.
      onClose: () => this.close(),
      onMessage: (message) => {
        if (this.#state === "open") this.#input.onMessage(message);
      },
    });
  }

  #enter(state: PeerState): void {
    // Of a channel that is here, the page is the second to say that it is open.
    if (state === this.#state && state === "open") return;
    this.#state = state;
    if (state === "closed") this.#onClosed();
    this.#input.onState(state);
  }

  #take(bytes: ArrayBuffer): void {
    // Counted first: who takes the message may keep its memory for another thread.
    const count = bytes.byteLength;
    this.#input.onMessage(new Uint8Array(bytes));
    this.#post({ kind: "taken", id: this.#id, count });
  }
}
