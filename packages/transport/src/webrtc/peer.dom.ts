/**
 * Direct connections of a page. Workers have no RTCPeerConnection: a client in a worker reaches this by `bridge.dom.ts`.
 * Candidates are gathered only once an offer is made or taken: a peer that waits tells nobody anything.
 */
import type { Clock, DirectPeer, DirectSignal, DirectTransport } from "@xchat/client/ports";
import { CHANNEL, MAX_BUFFERED, PeerLifetime, systemAfter, usableStunAddresses } from "./lifetime.ts";
import { MAX_MESSAGE } from "./session-description.ts";
import { SECTION, SignalOrder, type SignalStep } from "./signals.ts";

/** Where `onDrained` is told next: when fewer bytes wait than this. */
const DRAINED = MAX_BUFFERED / 4;

export type PeerInput = Parameters<DirectTransport["createPeer"]>[0] & { readonly onDrained?: () => void };

/** A peer that says how many bytes wait in it. */
export interface BufferedPeer extends DirectPeer {
  bufferedBytes(): number;
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
    if (this.#lifetime.state !== "open" || message.length > MAX_MESSAGE) return false;
    if (this.#channel.bufferedAmount + message.length > MAX_BUFFERED) return false;
    try {
      this.#channel.send(message as Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      // It closed meanwhile, or the browser's own buffer is full: either way the caller has another way.
      return false;
    }
  }

  bufferedBytes(): number {
    return this.#channel.bufferedAmount;
  }

  close(): void {
    this.#lifetime.close();
  }

  #listen(): void {
    const [connection, channel] = [this.#connection, this.#channel];
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = DRAINED;
    channel.addEventListener("open", () => this.#lifetime.open());
    channel.addEventListener("close", () => this.close());
    channel.addEventListener("error", () => this.close());
    channel.addEventListener("bufferedamountlow", () => this.#input.onDrained?.());
    channel.addEventListener("message", ({ data }) => this.#receive(data));
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

  #receive(data: unknown): void {
    if (this.#lifetime.state !== "open") return;
    if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_MESSAGE) this.close();
    else this.#input.onMessage(new Uint8Array(data));
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
