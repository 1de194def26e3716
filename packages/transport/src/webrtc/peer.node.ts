/**
 * Direct connections in Node, by the native module node-datachannel (libdatachannel).
 */
import type { Clock, DirectPeer, DirectSignal, DirectTransport } from "@xchat/client/ports";
import type { DataChannel, PeerConnection } from "node-datachannel";
import { CHANNEL, MAX_BUFFERED, PeerLifetime, systemAfter, usableStunAddresses } from "./lifetime.ts";
import { MAX_MESSAGE } from "./session-description.ts";
import { SECTION, SignalOrder, type SignalStep } from "./signals.ts";

type Library = Pick<typeof import("node-datachannel"), "PeerConnection" | "cleanup">;
type PeerInput = Parameters<DirectTransport["createPeer"]>[0];

export interface NodeDirectTransport extends DirectTransport {
  /** Closes every connection and ends the library's threads, which would keep the process alive. Not to be used after. */
  close(): void;
}

/**
 * Loads the native module. `null` where it is missing or does not run on this machine: then there are no direct
 * connections, and everything goes by nodes.
 */
export async function loadNodeDirectTransport(
  after: Clock["after"] = systemAfter,
  load: () => Promise<Library> = () => import("node-datachannel"),
): Promise<NodeDirectTransport | null> {
  try {
    const library = await load();
    // A module can load and yet not work: one connection is made and dropped before anything depends on it.
    new library.PeerConnection("probe", { iceServers: [] }).close();
    return nodeDirectTransport(library, after);
  } catch {
    return null;
  }
}

function nodeDirectTransport(library: Library, after: Clock["after"]): NodeDirectTransport {
  const peers = new Set<NodePeer>();
  return {
    createPeer: (input) => {
      const peer = new NodePeer(library, input, after, () => peers.delete(peer));
      peers.add(peer);
      return peer;
    },
    close: () => {
      for (const peer of peers) peer.close();
      library.cleanup();
    },
  };
}

class NodePeer implements DirectPeer {
  readonly #input: PeerInput;
  readonly #connection: PeerConnection;
  readonly #channel: DataChannel;
  readonly #order: SignalOrder;
  readonly #lifetime: PeerLifetime;

  constructor(library: Library, input: PeerInput, after: Clock["after"], onClosed: () => void) {
    this.#input = input;
    this.#order = new SignalOrder(input.role);
    this.#connection = new library.PeerConnection(CHANNEL.label, {
      iceServers: usableStunAddresses(input.stunAddresses),
      // Else creating the channel would make an offer on the answering side too.
      disableAutoNegotiation: true,
      maxMessageSize: MAX_MESSAGE,
    });
    this.#lifetime = new PeerLifetime(
      input.onState,
      () => {
        this.#release();
        onClosed();
      },
      after,
    );
    this.#listen();
    this.#channel = this.#connection.createDataChannel(CHANNEL.label, { negotiated: true, id: CHANNEL.id });
    this.#listenToChannel();
    // Later, as in a browser: no signal comes before the caller has the peer.
    if (input.role === "offerer")
      queueMicrotask(() => this.#guard(() => this.#connection.setLocalDescription("offer")));
  }

  acceptSignal(signal: DirectSignal): void {
    if (this.#lifetime.state === "closed") return;
    const accepted = this.#order.accept(signal);
    if (!accepted.ok) this.close();
    else this.#guard(() => accepted.value.forEach((step) => this.#apply(step)));
  }

  send(message: Uint8Array): boolean {
    if (this.#lifetime.state !== "open" || message.length > MAX_MESSAGE) return false;
    try {
      if (!this.#channel.isOpen() || this.#channel.bufferedAmount() + message.length > MAX_BUFFERED) return false;
      // The library answers false when it has queued the message instead of handing it to the socket at once.
      this.#channel.sendMessageBinary(message);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#lifetime.close();
  }

  #listen(): void {
    const connection = this.#connection;
    connection.onLocalDescription((sdp, type) => {
      if (type === "offer" || type === "answer") this.#tellDescription(type, sdp);
    });
    connection.onLocalCandidate((candidate) => this.#tell(this.#order.tell(candidate)));
    connection.onStateChange((state) => {
      if (state === "failed" || state === "closed") this.close();
    });
    connection.onDataChannel(() => this.close());
    connection.onTrack(() => this.close());
  }

  #listenToChannel(): void {
    this.#channel.onOpen(() => this.#lifetime.open());
    this.#channel.onClosed(() => this.close());
    this.#channel.onError(() => this.close());
    this.#channel.onMessage((message) => this.#receive(message));
  }

  #receive(message: string | Buffer | ArrayBuffer): void {
    // Messages and the opening come from different threads: one may be told before the other.
    this.#lifetime.open();
    if (this.#lifetime.state !== "open") return;
    if (typeof message === "string" || message.byteLength > MAX_MESSAGE) this.close();
    else if (message.byteLength === 0) return;
    else if (message instanceof ArrayBuffer) this.#input.onMessage(new Uint8Array(message));
    else this.#input.onMessage(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
  }

  #apply(step: SignalStep): void {
    if (step.kind === "candidate") {
      this.#connection.addRemoteCandidate(step.candidate, SECTION);
      return;
    }
    this.#connection.setRemoteDescription(step.sdp, step.type);
    if (step.type === "offer") this.#connection.setLocalDescription("answer");
    else this.#tell(this.#order.release());
  }

  #tellDescription(type: "offer" | "answer", sdp: string): void {
    const described = this.#order.describe(type, sdp);
    if (!described.ok) {
      this.close();
      return;
    }
    this.#tell([described.value]);
    if (type === "answer") this.#tell(this.#order.release());
  }

  #tell(signals: readonly DirectSignal[]): void {
    for (const signal of signals) if (this.#lifetime.state !== "closed") this.#input.onSignal(signal);
  }

  #guard(step: () => void): void {
    if (this.#lifetime.state === "closed") return;
    try {
      step();
    } catch {
      // The library refused what a peer sent.
      this.close();
    }
  }

  #release(): void {
    this.#channel.close();
    this.#connection.close();
  }
}
