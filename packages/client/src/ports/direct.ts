/**
 * A direct connection to another device, by WebRTC. Signalling is carried by the conversation, so that the DTLS
 * fingerprint in it is authenticated. Data channels are reliable and ordered, and carry whole binary messages.
 */
export interface DirectTransport {
  createPeer(input: {
    /** `stun:host:port` entries; empty means host candidates only. */
    readonly stunAddresses: readonly string[];
    /** The impolite side makes the first offer. */
    readonly role: "offerer" | "answerer";
    readonly onSignal: (signal: DirectSignal) => void;
    readonly onState: (state: "connecting" | "open" | "closed") => void;
    readonly onMessage: (message: Uint8Array) => void;
  }): DirectPeer;
}

export type DirectSignal =
  | { readonly kind: "description"; readonly type: "offer" | "answer"; readonly sdp: string }
  | { readonly kind: "candidate"; readonly candidate: string; readonly mid: string };

export interface DirectPeer {
  /** Signals of a peer are hostile: a bad one closes the connection and never throws. */
  acceptSignal(signal: DirectSignal): void;
  /** False when it is not open or the buffer is full: the caller falls back to nodes. At most 256 KiB. */
  send(message: Uint8Array): boolean;
  /**
   * A message follows within milliseconds: wakes what rests on the way, and is told to nobody at the other end. Where it is
   * missing nothing is woken.
   */
  knock?(): void;
  close(): void;
}
