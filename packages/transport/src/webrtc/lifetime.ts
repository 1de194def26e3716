/**
 * The life of one connection: connecting, then open or not, then closed for good. Each state is told once and never
 * within the call that caused it, so that a caller has the peer in hand before it hears of it.
 */
import type { Clock } from "@xchat/client/ports";

export type PeerState = "connecting" | "open" | "closed";

/** Milliseconds in which a connection must open: an offer that nobody answers is not kept for ever. */
export const OPENING_LIMIT = 30_000;
/** Bytes that wait in the channel before `send` says no. */
export const MAX_BUFFERED = 4 * 1024 * 1024;
/** The channel is negotiated by this constant, not by the peer. */
export const CHANNEL = { label: "xchat", id: 1 } as const;

const MAX_STUN_ADDRESSES = 4;
const STUN_ADDRESS = /^stun:(?:\[[0-9a-f:]{2,45}\]|[A-Za-z0-9.-]{1,253}):[0-9]{1,5}$/u;

/** Those of the right form: addresses come from nodes, and a library throws at a bad one. */
export const usableStunAddresses = (addresses: readonly string[]): string[] =>
  addresses.filter((address) => STUN_ADDRESS.test(address)).slice(0, MAX_STUN_ADDRESSES);

export const systemAfter: Clock["after"] = (milliseconds, call) => {
  const timer: unknown = setTimeout(call, milliseconds);
  // In Node a connection that is being made does not keep a process alive.
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
  return { cancel: () => clearTimeout(timer as number) };
};

export class PeerLifetime {
  readonly #tell: (state: PeerState) => void;
  readonly #release: () => void;
  readonly #openingLimit: { cancel(): void };
  #state: PeerState = "connecting";

  /** `release` frees what the connection holds, once, at the close. */
  constructor(tell: (state: PeerState) => void, release: () => void, after: Clock["after"]) {
    this.#tell = tell;
    this.#release = release;
    this.#openingLimit = after(OPENING_LIMIT, () => this.close());
    queueMicrotask(() => tell("connecting"));
  }

  get state(): PeerState {
    return this.#state;
  }

  open(): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#openingLimit.cancel();
    queueMicrotask(() => {
      if (this.#state === "open") this.#tell("open");
    });
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#openingLimit.cancel();
    this.#release();
    queueMicrotask(() => this.#tell("closed"));
  }
}
