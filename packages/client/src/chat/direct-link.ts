/**
 * The direct connection to one other device of a chat: runs what the state machine of the protocol decides (spec/conversation.md, section
 * 6). Signals travel inside the conversation; an envelope that comes is acknowledged after it has been saved.
 */
import { bytesToHex } from "@xchat/codec";
import {
  decodeDirectFrame,
  directStep,
  encodeDirectFrame,
  envelopeHash,
  isDirectOpen,
  MAX_IN_FLIGHT,
  startDirect,
  type DirectEffect,
  type DirectInput,
  type DirectState,
  type PayloadItem,
} from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import type { DirectPeer, Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { ChatState } from "./step.ts";

/** Envelopes that came and are not saved yet, beyond all that an honest device sends ahead (DS5): a flood, or a full disk. */
const MAX_UNSAVED = 4 * MAX_IN_FLIGHT;

type SignalItem = Extract<PayloadItem, { kind: "signal" }>;

export { ACK_PATIENCE as DIRECT_CHANCE } from "@xchat/protocol";

export interface DirectLinkDeps {
  readonly state: () => ChatState;
  /** Leaf key of the other device. */
  readonly peer: Uint8Array;
  /** What this person allows, and what the other one has allowed. */
  readonly isAllowed: () => boolean;
  readonly theyAllow: () => boolean;
  readonly sendSignal: (items: readonly PayloadItem[]) => void;
  /** `done` is called when the envelope has been saved. */
  readonly onEnvelope: (envelope: Uint8Array, done: () => void) => void;
  readonly onChange: () => void;
}

export interface SendCallbacks {
  readonly onAcknowledged: () => void;
  readonly onFailed: () => void;
}

/** One message on its way: done when all its envelopes are acknowledged, given to the nodes when one is not. */
interface Parcel extends SendCallbacks {
  readonly waiting: Set<string>;
}

export class DirectLink {
  readonly #core: SessionCore;
  readonly #deps: DirectLinkDeps;
  #state: DirectState;
  #peer: { readonly session: string; readonly peer: DirectPeer; unsaved: number } | null = null;
  #timer: Timer | null = null;
  #isClosed = false;
  readonly #envelopes = new Map<string, { readonly envelope: Uint8Array; readonly parcel: Parcel }>();

  constructor(core: SessionCore, deps: DirectLinkDeps) {
    this.#core = core;
    this.#deps = deps;
    this.#state = startDirect(core.cipher.ownLeafKey(deps.state().group).publicKey, deps.peer);
  }

  get isOpen(): boolean {
    return isDirectOpen(this.#state);
  }

  /** Consent or a switch may have changed. */
  update(): void {
    const { record } = this.#deps.state();
    this.#input({
      kind: "permissions",
      isSwitchedOn: this.#core.direct !== null && record.state === "active",
      ownConsent: this.#deps.isAllowed(),
      theirConsent: this.#deps.theyAllow(),
    });
  }

  tryNow(): void {
    this.update();
    this.#input({ kind: "try-now" });
  }

  acceptSignal({ to, session, signal }: SignalItem, isLive: boolean): void {
    if (bytesToHex(to) === bytesToHex(this.#state.selfKey)) this.#input({ kind: "signal", session, signal, isLive });
  }

  /** Sends sealed envelopes; exactly one of the callbacks comes. */
  send(envelopes: readonly Uint8Array[], callbacks: SendCallbacks): void {
    const parcel: Parcel = { ...callbacks, waiting: new Set() };
    const hashes = envelopes.map((envelope) => {
      const hash = bytesToHex(envelopeHash(this.#core.provider, envelope));
      this.#envelopes.set(hash, { envelope, parcel });
      parcel.waiting.add(hash);
      return hash;
    });
    for (const hash of hashes) if (this.#envelopes.has(hash)) this.#input({ kind: "send", hash });
  }

  /** Something is about to be sent. */
  knock(): void {
    if (this.isOpen) this.#peer?.peer.knock?.();
  }

  close(): void {
    this.#input({ kind: "permissions", isSwitchedOn: false, ownConsent: false, theirConsent: false });
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  // ---- below: the machine and what it decides

  #input(input: DirectInput): void {
    if (this.#isClosed) return;
    const wasOpen = this.isOpen;
    const { clock, provider } = this.#core;
    const { state, effects, wakeAt } = directStep(this.#state, input, {
      now: clock.now(),
      session: provider.randomBytes(16),
      random: randomFraction(provider),
    });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#timer?.cancel();
    this.#timer =
      wakeAt === null ? null : clock.after(Math.max(0, wakeAt - clock.now()), () => this.#input({ kind: "tick" }));
    if (wasOpen !== this.isOpen) this.#deps.onChange();
  }

  #perform(effect: DirectEffect): void {
    switch (effect.kind) {
      case "create-peer":
        return this.#createPeer(effect);
      case "close-peer":
        if (this.#peer?.session === bytesToHex(effect.session)) this.#dropPeer();
        return;
      case "accept-signal":
        if (effect.signal.kind !== "close") this.#peer?.peer.acceptSignal(effect.signal);
        return;
      case "send-signal": {
        const { session, signal } = effect;
        return this.#deps.sendSignal([{ kind: "signal", to: this.#state.peerKey, session, signal }]);
      }
      case "send-envelope":
        return this.#sendEnvelope(effect.hash);
      case "send-frame":
        this.#peer?.peer.send(encodeDirectFrame({ kind: effect.frame, number: effect.number }));
        return;
      case "delivered":
        return this.#delivered(effect.hash);
      case "deposit":
        return this.#deposit(effect.hash);
    }
  }

  #createPeer({ session, role }: Extract<DirectEffect, { kind: "create-peer" }>): void {
    this.#dropPeer();
    const name = bytesToHex(session);
    // What a platform tells while it makes the peer comes before the peer is ours: it is told afterwards.
    const later = (input: DirectInput): void =>
      queueMicrotask(() => {
        if (this.#peer?.session === name) this.#input(input);
      });
    const peer = this.#core.direct?.createPeer({
      stunAddresses: this.#stunAddresses(),
      role,
      onSignal: (signal) => later({ kind: "peer-signal", session, signal }),
      onState: (state) => {
        if (state !== "connecting") later({ kind: "peer-state", session, state });
      },
      onMessage: (message) => {
        if (this.#peer?.session === name) this.#receive(message, session);
      },
    });
    if (peer !== undefined) this.#peer = { session: name, peer, unsaved: 0 };
  }

  #dropPeer(): void {
    const dropped = this.#peer;
    this.#peer = null;
    dropped?.peer.close();
  }

  #receive(message: Uint8Array, session: Uint8Array): void {
    const frame = decodeDirectFrame(message);
    const isFlooded = (this.#peer?.unsaved ?? 0) >= MAX_UNSAVED;
    if (!frame.ok || isFlooded) {
      this.#dropPeer();
      this.#input({ kind: "peer-state", session, state: "closed" });
      return;
    }
    const { value } = frame;
    if (value.kind === "ack") {
      this.#input({ kind: "acknowledged", hash: bytesToHex(value.hash) });
      return;
    }
    if (value.kind === "envelope") {
      const from = this.#peer as { readonly peer: DirectPeer; unsaved: number };
      const hash = envelopeHash(this.#core.provider, value.envelope);
      from.unsaved++;
      this.#deps.onEnvelope(value.envelope, () => {
        from.unsaved--;
        from.peer.send(encodeDirectFrame({ kind: "ack", hash }));
      });
      this.#input({ kind: "frame", frame: "envelope" });
      return;
    }
    this.#input({ kind: "frame", frame: value.kind, number: value.number });
  }

  #sendEnvelope(hash: string): void {
    const found = this.#envelopes.get(hash);
    const isSent =
      found !== undefined &&
      this.#peer?.peer.send(encodeDirectFrame({ kind: "envelope", envelope: found.envelope })) === true;
    // Not from within a step: the machine takes one input at a time.
    if (!isSent) queueMicrotask(() => this.#input({ kind: "refused", hash }));
  }

  #delivered(hash: string): void {
    const parcel = this.#envelopes.get(hash)?.parcel;
    this.#envelopes.delete(hash);
    if (parcel?.waiting.delete(hash) === true && parcel.waiting.size === 0) parcel.onAcknowledged();
  }

  #deposit(hash: string): void {
    const parcel = this.#envelopes.get(hash)?.parcel;
    if (parcel === undefined) return;
    for (const one of parcel.waiting) this.#envelopes.delete(one);
    this.#envelopes.delete(hash);
    parcel.waiting.clear();
    parcel.onFailed();
  }

  /**
   * Of nodes that are no home node of this chat where there are such, and never of a third party; of relays where there are
   * any, which know the address of this device already (relay, RL18).
   */
  #stunAddresses(): readonly string[] {
    const { relays } = this.#core.pool;
    if (relays.plan.relays.length > 0) return relays.stunAddresses().slice(0, 2);
    const home = new Set(
      this.#deps
        .state()
        .epochs.at(-1)
        ?.nodes.map(({ hint }) => bytesToHex(hint.keyHash)),
    );
    const { own } = this.#core.pool;
    const others = own.filter(({ keyHash }) => !home.has(bytesToHex(keyHash)));
    const addresses = (others.length > 0 ? others : own).map((hint) => this.#core.pool.access(hint).stunAddress());
    return addresses.filter((address) => address !== null).slice(0, 2);
  }
}
