/**
 * The connection to one node and what it has shown of itself: made on demand, shared by all that ask at once.
 *
 * LS1 Nothing is sent to a node before its descriptor is verified under the pinned key hash.
 */
import { equalBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Clock, NodeAccess, NodeFailure, NodeHint, NodeOutcome } from "@xchat/client/ports";
import { EXCHANGE_SUITE, nodeIdOf, openDescriptor, type DayKey, type Descriptor } from "@xchat/protocol";
import { LinkConnection, type SocketConstructor } from "./connection.ts";
import { ReceiptCheck } from "./receipts.ts";

export interface SessionDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly WebSocket: SocketConstructor;
}

export interface Session {
  readonly connection: LinkConnection;
  readonly descriptor: Descriptor;
  readonly dayKey: DayKey;
  readonly receipts: ReceiptCheck;
  /** By the node's clock, which is the one that its windows are measured with. */
  readonly nowSeconds: () => number;
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

export class NodeSession {
  readonly #deps: SessionDeps;
  readonly #keyHash: Uint8Array;
  readonly address: string;
  readonly #listeners = new Set<() => void>();
  #state: NodeAccess["state"] = "idle";
  #connection: LinkConnection | null = null;
  #session: Session | null = null;
  #attempt: Promise<NodeOutcome<Session>> | null = null;
  #stun: string | null = null;
  #aheadMinutes: number | null = null;
  readonly #abort = new AbortController();

  constructor(deps: SessionDeps, hint: NodeHint) {
    this.#deps = deps;
    this.#keyHash = hint.keyHash;
    this.address = hint.address;
  }

  get state(): NodeAccess["state"] {
    return this.#state;
  }

  get stun(): string | null {
    return this.#stun;
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

  close(): void {
    this.#abort.abort();
    this.#connection?.close();
    this.#session = null;
    this.#setState("idle");
    this.#listeners.clear();
  }

  #isFresh({ connection, dayKey, nowSeconds }: Session): boolean {
    return !connection.isClosed && nowSeconds() < dayKey.notAfter - KEY_MARGIN_SECONDS;
  }

  async #establish(): Promise<NodeOutcome<Session>> {
    if (this.#abort.signal.aborted) return fail({ kind: "unreachable" });
    const connection = await this.#connect();
    if (connection === null) {
      this.#setState("down");
      return fail({ kind: "unreachable" });
    }
    const shown = await askDescriptor(this.#deps, connection);
    if (!shown.ok) {
      connection.close();
      this.#setState("down");
      return shown;
    }
    const { descriptor } = shown.value;
    if (!equalBytes(nodeIdOf(this.#deps.provider, descriptor.identityKey), this.#keyHash)) {
      connection.close();
      this.#setState("key-changed");
      return fail({ kind: "key-changed" });
    }
    this.#heardClock(shown.value.aheadMinutes);
    const wrong = clockFailure(shown.value);
    if (wrong !== null) {
      connection.close();
      this.#setState("clock-wrong");
      return fail(wrong);
    }
    const corrected = Math.abs(shown.value.aheadMinutes) > TOLERATED_MINUTES ? shown.value.aheadMinutes : 0;
    const nowSeconds = (): number => Math.floor(this.#deps.clock.now() / 1_000) + corrected * 60;
    const dayKey = descriptor.keys.find((key) => isUsableKey(key, nowSeconds()));
    if (dayKey === undefined) {
      connection.close();
      this.#setState("down");
      return fail({ kind: "misbehaved", detail: "no usable key of the day" });
    }
    const receipts = this.#session?.receipts ?? new ReceiptCheck(this.#deps.provider, descriptor.identityKey);
    const session: Session = { connection, descriptor, dayKey, receipts, nowSeconds };
    this.#session = session;
    this.#stun = descriptor.stun;
    this.#setState("ready");
    return { ok: true, value: session };
  }

  async #connect(): Promise<LinkConnection | null> {
    if (this.#connection !== null && !this.#connection.isClosed) return this.#connection;
    this.#setState("connecting");
    const { WebSocket, clock } = this.#deps;
    const connection = await LinkConnection.connect({
      WebSocket,
      clock,
      address: this.address,
      signal: this.#abort.signal,
      onLost: () => {
        if (this.#state === "ready") this.#setState("down");
      },
    });
    this.#connection = connection;
    return connection;
  }

  #heardClock(aheadMinutes: number): void {
    if (this.#aheadMinutes === aheadMinutes) return;
    this.#aheadMinutes = aheadMinutes;
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

/** Fetches and verifies what a node says of itself; whether it is the wanted node is for the caller. */
export async function askDescriptor(deps: SessionDeps, connection: LinkConnection): Promise<NodeOutcome<Shown>> {
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

function firstMessage(clock: Clock, connection: LinkConnection): Promise<NodeOutcome<Uint8Array>> {
  return new Promise((resolve) => {
    const timer = clock.after(DESCRIPTOR_MILLISECONDS, () => connection.close());
    const settle = (outcome: NodeOutcome<Uint8Array>): void => {
      timer.cancel();
      resolve(outcome);
    };
    void connection
      .open("descriptor", new Uint8Array(0), {
        onMessage: (payload) => settle({ ok: true, value: payload }),
        onEnd: (end) =>
          settle(
            end.kind === "reset" && end.reason === "try-later"
              ? fail({ kind: "try-later", afterMilliseconds: end.afterSeconds * 1_000 })
              : fail({ kind: "unreachable" }),
          ),
      })
      .then((stream) => {
        if (stream === null) settle(fail({ kind: "unreachable" }));
      });
  });
}

const isUsableKey = (key: DayKey, nowSeconds: number): boolean =>
  key.kem === EXCHANGE_SUITE.kem &&
  key.kdf === EXCHANGE_SUITE.kdf &&
  key.aead === EXCHANGE_SUITE.aead &&
  nowSeconds >= key.notBefore &&
  nowSeconds < key.notAfter - KEY_MARGIN_SECONDS;
