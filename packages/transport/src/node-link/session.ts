/**
 * The way to one node and what it has shown of itself: made on demand, shared by all that ask at once.
 *
 * LS1 Nothing is sent to a node before its descriptor is verified under the pinned key hash.
 * LS2 Ways are tried one after the other, in their order, until one leads to the node; what one of several relays says of
 *     it is not believed when another one leads there.
 */
import { equalBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Clock, NodeAccess, NodeFailure, NodeHint, NodeOutcome } from "@xchat/client/ports";
import { EXCHANGE_SUITE, nodeIdOf, openDescriptor, type DayKey, type Descriptor } from "@xchat/protocol";
import { LinkConnection, type NodeWay, type SocketConstructor, type StreamEnd } from "./connection.ts";
import { ReceiptCheck } from "./receipts.ts";

export interface SessionDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly WebSocket: SocketConstructor;
}

export interface Session {
  readonly connection: NodeWay;
  readonly descriptor: Descriptor;
  readonly dayKey: DayKey;
  readonly receipts: ReceiptCheck;
  /** By the node's clock, which is the one that its windows are measured with. */
  readonly nowSeconds: () => number;
}

/** How a node may be reached. */
export interface Path {
  /** Null: directly. */
  readonly via: NodeHint | null;
  connect(input: { readonly signal: AbortSignal; readonly onLost: () => void }): Promise<NodeOutcome<NodeWay>>;
  /** Whether it may lead to the node that has shown itself at its end (relay, RL14). */
  isFor(descriptor: Descriptor): boolean;
}

export interface Shown {
  readonly descriptor: Descriptor;
  /** What the node's clock is ahead of ours, in minutes; unsigned (N12). */
  readonly aheadMinutes: number;
}

/** A difference of a few minutes is nobody's mistake: it is left alone, so that it does not tell clients apart. */
const TOLERATED_MINUTES = 5;
/** Made up for; beyond it certificates and cards of this device would be in danger, and the person is told (X13). */
const MOST_MINUTES = 60;
const MINUTE_MILLISECONDS = 60_000;
const DESCRIPTOR_MILLISECONDS = 15_000;
/** A key is not used in its last hour: the node may drop it while an exchange is opened. */
const KEY_MARGIN_SECONDS = 600;

const fail = (error: NodeFailure): { readonly ok: false; readonly error: NodeFailure } => ({ ok: false, error });

/** What a relay says when it does not forward to a node. */
const NOT_RELAYED: NodeFailure = { kind: "refused", reason: "not-relayed" };

export class NodeSession {
  readonly #deps: SessionDeps;
  readonly #keyHash: Uint8Array;
  readonly #paths: () => readonly Path[];
  readonly address: string;
  readonly #listeners = new Set<() => void>();
  #state: NodeAccess["state"] = "idle";
  #way: NodeWay | null = null;
  #via: NodeHint | null = null;
  #session: Session | null = null;
  #attempt: Promise<NodeOutcome<Session>> | null = null;
  #stun: string | null = null;
  #aheadMinutes: number | null = null;
  /** Of the present attempt; another one with each change of paths. */
  #abort = new AbortController();
  #isClosed = false;

  /** `paths`: in the order in which they are tried; asked anew for each attempt. */
  constructor(deps: SessionDeps, hint: NodeHint, paths: () => readonly Path[]) {
    this.#deps = deps;
    this.#keyHash = hint.keyHash;
    this.#paths = paths;
    this.address = hint.address;
  }

  get state(): NodeAccess["state"] {
    return this.#state;
  }

  get via(): NodeHint | null {
    return this.#isOpen() ? this.#via : null;
  }

  /** Null too where the node is not to see the address that asks it (relay, RL18). */
  get stun(): string | null {
    const isDirect = this.#isOpen() ? this.#via === null : this.#paths().every(({ via }) => via === null);
    return isDirect ? this.#stun : null;
  }

  get descriptor(): Descriptor | null {
    return this.#session?.descriptor ?? null;
  }

  /** Of the node's clock before ours. */
  get aheadMilliseconds(): number | null {
    return this.#aheadMinutes === null ? null : this.#aheadMinutes * MINUTE_MILLISECONDS;
  }

  onStateChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The present session, or a new one; one attempt for all who ask. */
  ready(): Promise<NodeOutcome<Session>> {
    const present = this.#session;
    if (present !== null && this.#isFresh(present)) return Promise.resolve({ ok: true, value: present });
    this.#attempt ??= this.#establish().finally(() => {
      this.#attempt = null;
    });
    return this.#attempt;
  }

  forgetDescriptor(): void {
    this.#session = null;
  }

  /** The paths are others than before: what is open, or about to be, is given up. */
  reroute(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#drop();
    if (this.#state !== "idle") this.#setState("down");
  }

  close(): void {
    this.#isClosed = true;
    this.#abort.abort();
    this.#drop();
    this.#setState("idle");
    this.#listeners.clear();
  }

  #drop(): void {
    const way = this.#way;
    this.#way = null;
    this.#session = null;
    way?.close();
  }

  #isOpen(): boolean {
    return this.#way !== null && !this.#way.isClosed;
  }

  #isFresh({ connection, dayKey, nowSeconds }: Session): boolean {
    return !connection.isClosed && nowSeconds() < dayKey.notAfter - KEY_MARGIN_SECONDS;
  }

  /** LS2. */
  async #establish(): Promise<NodeOutcome<Session>> {
    if (this.#isClosed) return fail({ kind: "unreachable" });
    const { signal } = this.#abort;
    const again = await this.#learnAgain(signal);
    if (again?.ok === true) return again;
    this.#drop();
    if (!signal.aborted) this.#setState("connecting");
    let failure: NodeFailure | null = again === null || again.error === NOT_RELAYED ? null : again.error;
    for (const path of this.#paths()) {
      const outcome = await this.#take(path, signal);
      if (signal.aborted) break;
      if (outcome.ok) return outcome;
      if (outcome.error === NOT_RELAYED) continue;
      if (failure === null || failure.kind === "unreachable") failure = outcome.error;
    }
    if (signal.aborted) return fail({ kind: "unreachable" });
    this.#setState(failure === null ? "no-relay" : stateAfter(failure));
    return fail(failure ?? { kind: "unreachable" });
  }

  /** Where there is a way still, and only the descriptor is old. Null where there is none. */
  async #learnAgain(signal: AbortSignal): Promise<NodeOutcome<Session> | null> {
    const way = this.#way;
    if (way === null || way.isClosed) return null;
    return this.#learn(way, signal, () => true);
  }

  async #take(path: Path, signal: AbortSignal): Promise<NodeOutcome<Session>> {
    let way: NodeWay | null = null;
    const connected = await path.connect({
      signal,
      onLost: () => {
        if (this.#way === way && this.#state === "ready") this.#setState("down");
      },
    });
    // Of a relay that cannot be used nothing is said: the node behind it is not to blame.
    if (!connected.ok) return path.via === null ? connected : fail(NOT_RELAYED);
    way = connected.value;
    const learnt = await this.#learn(way, signal, (descriptor) => path.isFor(descriptor));
    if (!learnt.ok || signal.aborted) {
      way.close();
      return learnt;
    }
    this.#way = way;
    this.#via = path.via;
    this.#setState("ready");
    return learnt;
  }

  async #learn(
    way: NodeWay,
    signal: AbortSignal,
    isAllowed: (descriptor: Descriptor) => boolean,
  ): Promise<NodeOutcome<Session>> {
    const shown = await askDescriptor(this.#deps, way);
    if (!shown.ok) return shown;
    if (signal.aborted) return fail({ kind: "unreachable" });
    const { descriptor } = shown.value;
    if (!equalBytes(nodeIdOf(this.#deps.provider, descriptor.identityKey), this.#keyHash)) {
      return fail({ kind: "key-changed" });
    }
    if (!isAllowed(descriptor)) return fail(NOT_RELAYED);
    const wrong = clockFailure(shown.value);
    this.#heardClock(shown.value.aheadMinutes, wrong);
    if (wrong !== null) return fail(wrong);
    const corrected = Math.abs(shown.value.aheadMinutes) > TOLERATED_MINUTES ? shown.value.aheadMinutes : 0;
    const nowSeconds = (): number => Math.floor(this.#deps.clock.now() / 1_000) + corrected * 60;
    const dayKey = descriptor.keys.find((key) => isUsableKey(key, nowSeconds()));
    if (dayKey === undefined) return fail({ kind: "misbehaved", detail: "no usable key of the day" });
    this.#receipts ??= new ReceiptCheck(this.#deps.provider, descriptor.identityKey);
    const session: Session = { connection: way, descriptor, dayKey, receipts: this.#receipts, nowSeconds };
    this.#session = session;
    this.#stun = descriptor.stun;
    return { ok: true, value: session };
  }

  /** By the pinned key: the same whatever the way. */
  #receipts: ReceiptCheck | null = null;

  /** By how much, and what that makes of the node, are told in one: nobody sees a wrong clock at a node that is connecting. */
  #heardClock(aheadMinutes: number, wrong: NodeFailure | null): void {
    const state = wrong === null ? this.#state : stateAfter(wrong);
    if (this.#aheadMinutes === aheadMinutes && this.#state === state) return;
    this.#aheadMinutes = aheadMinutes;
    this.#state = state;
    this.#tell();
  }

  #setState(state: NodeAccess["state"]): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function stateAfter({ kind }: NodeFailure): NodeAccess["state"] {
  return kind === "key-changed" || kind === "clock-wrong" ? kind : "down";
}

/** A socket of our own to the node. */
export function directPath({ WebSocket, clock }: SessionDeps, address: string): Path {
  return {
    via: null,
    isFor: () => true,
    connect: async ({ signal, onLost }) => {
      const connection = await LinkConnection.connect({ WebSocket, clock, address, signal, onLost });
      return connection === null ? fail({ kind: "unreachable" }) : { ok: true, value: connection };
    },
  };
}

/** Fetches and verifies what a node says of itself; whether it is the wanted node is for the caller. */
export async function askDescriptor(deps: SessionDeps, connection: NodeWay): Promise<NodeOutcome<Shown>> {
  const answer = await firstMessage(deps.clock, connection);
  if (!answer.ok) return answer;
  const message = answer.value;
  if (message.length < 5) return fail({ kind: "misbehaved", detail: "descriptor" });
  const nodeMinute = new DataView(message.buffer, message.byteOffset, message.length).getUint32(0);
  const nowSeconds = Math.floor(deps.clock.now() / 1_000);
  // By the node's clock: whether ours is near enough to it is judged apart, and told in other words.
  const opened = await openDescriptor(deps.provider, message.subarray(4), nodeMinute * 60);
  if (!opened.ok) return fail({ kind: "misbehaved", detail: `descriptor: ${opened.error.reason}` });
  return { ok: true, value: { descriptor: opened.value, aheadMinutes: nodeMinute - Math.floor(nowSeconds / 60) } };
}

/** `null` where the clocks are near enough to be made up for. */
export const clockFailure = ({ aheadMinutes }: Shown): NodeFailure | null =>
  Math.abs(aheadMinutes) <= MOST_MINUTES
    ? null
    : { kind: "clock-wrong", aheadMilliseconds: aheadMinutes * MINUTE_MILLISECONDS };

function firstMessage(clock: Clock, connection: NodeWay): Promise<NodeOutcome<Uint8Array>> {
  return new Promise((resolve) => {
    const timer = clock.after(DESCRIPTOR_MILLISECONDS, () => connection.close());
    const settle = (outcome: NodeOutcome<Uint8Array>): void => {
      timer.cancel();
      resolve(outcome);
    };
    void connection
      .open("descriptor", new Uint8Array(0), {
        onMessage: (payload) => settle({ ok: true, value: payload }),
        onEnd: (end) => settle(fail(failureOfEnd(end))),
      })
      .then((stream) => {
        if (stream === null) settle(fail({ kind: "unreachable" }));
      });
  });
}

function failureOfEnd(end: StreamEnd): NodeFailure {
  if (end.kind === "reset" && end.reason === "not-relayed") return NOT_RELAYED;
  return end.kind === "reset" && end.reason === "try-later"
    ? { kind: "try-later", afterMilliseconds: end.afterSeconds * 1_000 }
    : { kind: "unreachable" };
}

const isUsableKey = (key: DayKey, nowSeconds: number): boolean =>
  key.kem === EXCHANGE_SUITE.kem &&
  key.kdf === EXCHANGE_SUITE.kdf &&
  key.aead === EXCHANGE_SUITE.aead &&
  nowSeconds >= key.notBefore &&
  nowSeconds < key.notAfter - KEY_MARGIN_SECONDS;
