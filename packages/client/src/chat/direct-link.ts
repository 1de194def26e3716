/**
 * The direct connection of a chat to the other device: when both people have said yes, the device with the lesser leaf
 * key offers and the other answers, so two offers never cross. Signals travel inside the conversation.
 *
 * D1 Nothing that could show an address is gathered or sent before both have said yes.
 * D2 An envelope that comes is acknowledged after it has been saved.
 * D3 One session at a time: signals of another are ignored, a new offer replaces it.
 */
import { bytesToHex, compareBytes, equalBytes } from "@xchat/codec";
import { decodeDirectFrame, encodeDirectFrame, envelopeHash, type PayloadItem } from "@xchat/protocol";
import { backoff, type BackoffLimits } from "../base/backoff.ts";
import type { DirectPeer, DirectSignal, Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { ChatState } from "./step.ts";

type SignalItem = Extract<PayloadItem, { kind: "signal" }>;

/** Between offers that nobody answers. */
const OFFER_BACKOFF: BackoffLimits = { first: 5_000, most: 10 * 60_000 };
/** How long a session may take to open. */
const CONNECT_PATIENCE = 20_000;
/** How long the other device has to acknowledge before the nodes are used. */
export const DIRECT_CHANCE = 2_000;

export interface DirectLinkDeps {
  readonly state: () => ChatState;
  readonly isWanted: () => boolean;
  readonly sendSignal: (items: readonly PayloadItem[]) => void;
  /** `done` is called when the envelope has been saved. */
  readonly onEnvelope: (envelope: Uint8Array, done: () => void) => void;
  readonly onChange: () => void;
}

export interface SendCallbacks {
  readonly onAcknowledged: () => void;
  readonly onFailed: () => void;
}

interface Session {
  readonly id: Uint8Array;
  readonly peer: DirectPeer;
  state: "connecting" | "open";
  timer: Timer | null;
}

interface Waiting extends SendCallbacks {
  readonly hashes: Set<string>;
  readonly timer: Timer;
}

export class DirectLink {
  readonly #core: SessionCore;
  readonly #deps: DirectLinkDeps;
  #session: Session | null = null;
  #failures = 0;
  #retry: Timer | null = null;
  #hasGreeted = false;
  #isClosed = false;
  readonly #waiting = new Set<Waiting>();

  constructor(core: SessionCore, deps: DirectLinkDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#session?.state === "open";
  }

  /** Something that decides about the connection may have changed: consent, a switch, the network. */
  update(): void {
    if (this.#isClosed || this.#core.direct === null) return;
    if (!this.#isWanted()) {
      this.#end();
      return;
    }
    if (this.#session !== null) return;
    if (this.#isOfferer()) {
      if (this.#retry === null) this.#offer();
    } else if (!this.#hasGreeted) {
      // The other device makes the offers, and cannot know that this one has come back.
      this.#hasGreeted = true;
      this.#send(this.#core.provider.randomBytes(16), { kind: "close" });
    }
  }

  acceptSignal({ to, session, signal }: SignalItem): void {
    if (this.#isClosed || !this.#isWanted() || !equalBytes(to, this.#ownKey())) return;
    const isCurrent = this.#session !== null && equalBytes(this.#session.id, session);
    if (signal.kind === "close") {
      if (this.#isOfferer() && !this.isOpen) this.#offer();
      return;
    }
    const isNewOffer = signal.kind === "description" && signal.type === "offer" && !this.#isOfferer() && !isCurrent;
    if (isNewOffer) this.#open(session, "answerer");
    else if (!isCurrent) return;
    this.#session?.peer.acceptSignal(signal);
  }

  /** Sends sealed envelopes; exactly one of the callbacks comes. */
  send(envelopes: readonly Uint8Array[], callbacks: SendCallbacks): void {
    const session = this.#session;
    const frames = envelopes.map((envelope) => encodeDirectFrame({ kind: "envelope", envelope }));
    if (session?.state !== "open" || !frames.every((frame) => session.peer.send(frame))) {
      callbacks.onFailed();
      return;
    }
    const hashes = new Set(envelopes.map((envelope) => bytesToHex(envelopeHash(this.#core.provider, envelope))));
    const waiting: Waiting = {
      ...callbacks,
      hashes,
      timer: this.#core.clock.after(DIRECT_CHANCE, () => this.#give(waiting)),
    };
    this.#waiting.add(waiting);
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  // ---- below: sessions

  #offer(): void {
    this.#retry?.cancel();
    this.#retry = null;
    this.#open(this.#core.provider.randomBytes(16), "offerer");
  }

  #open(id: Uint8Array, role: "offerer" | "answerer"): void {
    this.#dropSession();
    const { direct, clock } = this.#core;
    if (direct === null) return;
    const session: { current: Session | null } = { current: null };
    const isCurrent = (): boolean => session.current !== null && this.#session === session.current;
    const peer = direct.createPeer({
      stunAddresses: this.#stunAddresses(),
      role,
      onSignal: (signal) => isCurrent() && this.#send(id, signal),
      onState: (state) => isCurrent() && this.#changed(state),
      onMessage: (message) => isCurrent() && this.#receive(message),
    });
    session.current = { id, peer, state: "connecting", timer: clock.after(CONNECT_PATIENCE, () => this.#failed()) };
    this.#session = session.current;
  }

  #changed(state: "connecting" | "open" | "closed"): void {
    if (this.#session === null || state === "connecting") return;
    if (state === "closed") {
      this.#failed();
      return;
    }
    this.#session.timer?.cancel();
    this.#session.timer = null;
    this.#session.state = "open";
    this.#failures = 0;
    this.#deps.onChange();
  }

  #failed(): void {
    this.#dropSession();
    this.#hasGreeted = false;
    if (this.#isClosed || !this.#isOfferer()) return;
    this.#failures++;
    const wait = backoff(this.#core.provider, OFFER_BACKOFF, this.#failures);
    this.#retry?.cancel();
    this.#retry = this.#core.clock.after(wait, () => {
      this.#retry = null;
      this.update();
    });
  }

  #end(): void {
    this.#retry?.cancel();
    this.#retry = null;
    this.#dropSession();
  }

  #dropSession(): void {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.timer?.cancel();
    session.peer.close();
    for (const waiting of this.#waiting) this.#give(waiting);
    this.#deps.onChange();
  }

  #receive(message: Uint8Array): void {
    const frame = decodeDirectFrame(message);
    if (!frame.ok) {
      this.#failed();
      return;
    }
    if (frame.value.kind === "envelope") {
      const { envelope } = frame.value;
      const hash = envelopeHash(this.#core.provider, envelope);
      this.#deps.onEnvelope(envelope, () => this.#session?.peer.send(encodeDirectFrame({ kind: "ack", hash })));
    } else if (frame.value.kind === "ack") {
      this.#acknowledged(bytesToHex(frame.value.hash));
    }
  }

  #acknowledged(hash: string): void {
    for (const waiting of this.#waiting) {
      if (!waiting.hashes.delete(hash) || waiting.hashes.size > 0) continue;
      this.#waiting.delete(waiting);
      waiting.timer.cancel();
      waiting.onAcknowledged();
    }
  }

  #give(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    waiting.timer.cancel();
    waiting.onFailed();
  }

  #send(session: Uint8Array, signal: DirectSignal | { readonly kind: "close" }): void {
    this.#deps.sendSignal([{ kind: "signal", to: this.#deps.state().shared.peerLeafKey, session, signal }]);
  }

  #isWanted(): boolean {
    return (
      this.#deps.isWanted() && this.#deps.state().shared.theyMayDirect && this.#deps.state().record.state === "active"
    );
  }

  #ownKey(): Uint8Array {
    return this.#core.cipher.ownLeafKey(this.#deps.state().group).publicKey;
  }

  #isOfferer(): boolean {
    return compareBytes(this.#ownKey(), this.#deps.state().shared.peerLeafKey) < 0;
  }

  /** Of nodes that are no home node of this chat where there are such, and never of a third party. */
  #stunAddresses(): readonly string[] {
    const home = new Set(
      this.#deps
        .state()
        .epochs.at(-1)
        ?.nodes.map(({ hint }) => bytesToHex(hint.keyHash)),
    );
    const own = this.#core.pool.own;
    const others = own.filter(({ keyHash }) => !home.has(bytesToHex(keyHash)));
    const addresses = (others.length > 0 ? others : own).map((hint) => this.#core.pool.access(hint).stunAddress());
    return addresses.filter((address) => address !== null).slice(0, 2);
  }
}
