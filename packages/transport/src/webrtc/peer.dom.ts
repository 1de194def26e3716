/**
 * Direct connections of a page. Workers have no RTCPeerConnection: a client in a worker reaches this by `bridge.dom.ts`.
 * Candidates are gathered only once an offer is made or taken: a peer that waits tells nobody anything.
 */
import type { Clock, DirectPeer, DirectSignal, DirectTransport } from "@xchat/client/ports";
import { listenToChannel, sendOnChannel } from "./channel.dom.ts";
import { CHANNEL, PeerLifetime, systemAfter, usableStunAddresses } from "./lifetime.ts";
import { SECTION, SignalOrder, type SignalStep } from "./signals.ts";

export type PeerInput = Parameters<DirectTransport["createPeer"]>[0] & {
  readonly onDrained?: () => void;
  /**
   * Asked once, with the channel that nobody has touched yet: true when it was given to another thread. That thread
   * then hears, sends and counts, and tells this side `opened` and `close`.
   */
  readonly giveAway?: (channel: RTCDataChannel) => boolean;
};

/** A peer that says how many bytes wait in it. */
export interface BufferedPeer extends DirectPeer {
  bufferedBytes(): number;
  /** The channel that was given away is open. */
  opened(): void;
}

export interface BufferedTransport extends DirectTransport {
  createPeer(input: PeerInput): BufferedPeer;
}

export function domDirectTransport(after: Clock["after"] = systemAfter): BufferedTransport {
  return { createPeer: (input) => new DomPeer(input, after) };
}

class DomPeer implements BufferedPeer {
  readonly #input: PeerInput;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #order: SignalOrder;
  readonly #lifetime: PeerLifetime;
  /** The library's answers come later; what is asked of it is asked one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(input: PeerInput, after: Clock["after"]) {
    this.#input = input;
    this.#order = new SignalOrder(input.role);
    const urls = usableStunAddresses(input.stunAddresses);
    this.#connection = new RTCPeerConnection({ iceServers: urls.length === 0 ? [] : [{ urls }] });
    this.#channel = this.#connection.createDataChannel(CHANNEL.label, {
      negotiated: true,
      id: CHANNEL.id,
      ordered: true,
    });
    this.#lifetime = new PeerLifetime(input.onState, () => this.#release(), after);
    // At once: a channel can be given away only by the task that made it.
    if (input.giveAway?.(this.#channel) !== true) this.#listenToChannel();
    this.#listen();
    if (input.role === "offerer") this.#then(() => this.#describe("offer"));
  }

  acceptSignal(signal: DirectSignal): void {
    if (this.#lifetime.state === "closed") return;
    const accepted = this.#order.accept(signal);
    if (!accepted.ok) this.close();
    else for (const step of accepted.value) this.#then(() => this.#apply(step));
  }

  send(message: Uint8Array): boolean {
    return this.#lifetime.state === "open" && sendOnChannel(this.#channel, message);
  }

  bufferedBytes(): number {
    return this.#channel.bufferedAmount;
  }

  opened(): void {
    this.#lifetime.open();
  }

  close(): void {
    this.#lifetime.close();
  }

  #listenToChannel(): void {
    listenToChannel(this.#channel, {
      onOpen: () => this.opened(),
      onClose: () => this.close(),
      onMessage: (message) => {
        if (this.#lifetime.state === "open") this.#input.onMessage(message);
      },
      onDrained: () => this.#input.onDrained?.(),
    });
  }

  #listen(): void {
    const connection = this.#connection;
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate !== null) this.#tell(this.#order.tell(candidate.candidate));
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed" || connection.connectionState === "closed") this.close();
    });
    // The one channel is negotiated beforehand and media were refused: whoever opens more is no client of ours.
    connection.addEventListener("datachannel", () => this.close());
    connection.addEventListener("track", () => this.close());
  }

  async #apply(step: SignalStep): Promise<void> {
    if (step.kind === "candidate") {
      await this.#connection.addIceCandidate({ candidate: step.candidate, sdpMid: SECTION });
      return;
    }
    await this.#connection.setRemoteDescription({ type: step.type, sdp: step.sdp });
    if (step.type === "offer") await this.#describe("answer");
    this.#tell(this.#order.release());
  }

  async #describe(type: "offer" | "answer"): Promise<void> {
    const made = type === "offer" ? await this.#connection.createOffer() : await this.#connection.createAnswer();
    await this.#connection.setLocalDescription(made);
    const described = this.#order.describe(type, made.sdp ?? "");
    if (!described.ok) throw new Error(described.error.reason);
    this.#tell([described.value]);
  }

  #tell(signals: readonly DirectSignal[]): void {
    for (const signal of signals) if (this.#lifetime.state !== "closed") this.#input.onSignal(signal);
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#lifetime.state === "closed") return;
      try {
        await step();
      } catch {
        // The library refused what a peer sent, or was closed in the middle.
        this.close();
      }
    });
  }

  #release(): void {
    this.#channel.close();
    this.#connection.close();
  }
}
