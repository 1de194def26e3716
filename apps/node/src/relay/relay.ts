/**
 * The relay of a node (spec/relay.md): connections to other nodes, shared by all clients, and who may have how much of
 * them. What goes through is sealed to the other node; nothing of it is kept, counted by client, or logged.
 */
import type { CryptoProvider } from "@xchat/crypto";
import type { RelayOpening, ResetReason } from "@xchat/protocol";
import type { NodeClock } from "../clock.ts";
import { TokenBucket, type NodeLimits } from "../limits.ts";
import { Targets, type RelayOptions, type Target } from "./targets.ts";
import { Upstream, type UpstreamFailure, type UpstreamHandlers, type UpstreamStream } from "./upstream.ts";

export interface RelayDeps {
  readonly provider: CryptoProvider;
  readonly nodeId: Uint8Array;
  readonly clock: NodeClock;
  readonly limits: NodeLimits;
}

/** What one client has of the relay. */
export interface RelayClient {
  /** Bytes that nodes have sent and it has not taken. */
  buffered: number;
  readonly openings: TokenBucket;
  readonly connects: TokenBucket;
}

export interface RelayRefusal {
  readonly reason: ResetReason;
  readonly afterSeconds: number;
}

interface Held {
  readonly target: Target;
  readonly upstreams: Upstream[];
  connecting: Promise<Upstream | UpstreamFailure> | null;
  failure: { readonly reason: UpstreamFailure; readonly until: number } | null;
}

/** How long a failure is remembered: somebody who asks again is answered without a new attempt. */
const DOWN_SECONDS = 10;
const NOT_RELAYED_SECONDS = 300;
const BUSY_SECONDS = 5;
const busy: RelayRefusal = { reason: "try-later", afterSeconds: BUSY_SECONDS };
/** Between choosing a connection and opening a stream on it, others may have filled it. */
const MAX_TRIES = 4;

export class Relay {
  readonly #deps: RelayDeps;
  readonly #targets: Targets;
  readonly #held = new Map<string, Held>();
  readonly #connects: TokenBucket;
  #streams = 0;
  #buffered = 0;
  #isClosed = false;

  constructor(deps: RelayDeps, options: RelayOptions) {
    this.#deps = deps;
    this.#targets = new Targets(options, deps.nodeId);
    const { relayConnectsPerSecond, relayConnectsBurst } = deps.limits;
    this.#connects = new TokenBucket(relayConnectsPerSecond, relayConnectsBurst, deps.clock.now());
  }

  newClient(): RelayClient {
    const { limits, clock } = this.#deps;
    const now = clock.now();
    return {
      buffered: 0,
      openings: new TokenBucket(limits.relayOpeningsPerSecond, limits.relayOpeningsBurst, now),
      connects: new TokenBucket(limits.relayConnectsPerSecond / 10, limits.relayConnectsBurst / 4, now),
    };
  }

  /** Opens a stream at the node that the opening names. The caller closes it, also once it has ended. */
  async open(
    client: RelayClient,
    opening: RelayOpening,
    handlers: UpstreamHandlers,
  ): Promise<UpstreamStream | RelayRefusal> {
    const { limits, clock } = this.#deps;
    if (!client.openings.take(clock.now()) || this.#streams >= limits.relayStreams) return busy;
    const target = this.#targets.find(opening.nodeId, opening.address);
    if (target === null) return { reason: "not-relayed", afterSeconds: 0 };
    this.#streams++;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const upstream = await this.#upstreamFor(client, target, opening.message.length);
      const stream = upstream instanceof Upstream ? upstream.open(opening.kind, opening.message, handlers) : null;
      if (stream !== null) return this.#counted(stream);
      if (upstream instanceof Upstream) continue;
      this.#streams--;
      return upstream;
    }
    this.#streams--;
    return busy;
  }

  /** Whether a message that has come for a client may be kept until it takes it. */
  hold(client: RelayClient, bytes: number): boolean {
    const { relayBufferedBytes, relayBufferedBytesPerClient } = this.#deps.limits;
    if (this.#buffered + bytes > relayBufferedBytes || client.buffered + bytes > relayBufferedBytesPerClient)
      return false;
    this.#buffered += bytes;
    client.buffered += bytes;
    return true;
  }

  letGo(client: RelayClient, bytes: number): void {
    this.#buffered -= bytes;
    client.buffered -= bytes;
  }

  sweep(now: number): void {
    for (const [id, held] of this.#held) {
      for (const upstream of [...held.upstreams]) upstream.sweep(now);
      const isUsed = held.upstreams.length > 0 || held.connecting !== null || (held.failure?.until ?? 0) > now;
      if (!isUsed) this.#held.delete(id);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { upstreams } of this.#held.values()) for (const upstream of [...upstreams]) upstream.close();
    this.#held.clear();
  }

  #counted(stream: UpstreamStream): UpstreamStream {
    let isOpen = true;
    return {
      ...stream,
      close: () => {
        if (isOpen) this.#streams--;
        isOpen = false;
        stream.close();
      },
    };
  }

  async #upstreamFor(client: RelayClient, target: Target, length: number): Promise<Upstream | RelayRefusal> {
    const { clock, limits } = this.#deps;
    const now = clock.now();
    const known = this.#held.get(target.id);
    if (known === undefined && this.#held.size >= limits.relayTargets) return busy;
    const held: Held = known ?? { target, upstreams: [], connecting: null, failure: null };
    const free = held.upstreams.find((one) => one.hasRoom(length));
    if (free !== undefined) return free;
    if (held.failure !== null && held.failure.until > now) {
      const left = Math.max(1, Math.ceil((held.failure.until - now) / 1_000));
      return { reason: held.failure.reason, afterSeconds: left };
    }
    if (held.connecting === null) {
      if (held.upstreams.length >= limits.relayConnectionsPerTarget) return busy;
      if (!client.connects.take(now) || !this.#connects.take(now)) return busy;
      this.#held.set(target.id, held);
      held.connecting = this.#connect(held).finally(() => {
        held.connecting = null;
      });
    }
    const upstream = await held.connecting;
    if (upstream instanceof Upstream) return upstream;
    return { reason: upstream, afterSeconds: upstream === "target-down" ? DOWN_SECONDS : 0 };
  }

  async #connect(held: Held): Promise<Upstream | UpstreamFailure> {
    const { clock } = this.#deps;
    const upstream = await Upstream.connect({ ...this.#deps, targets: this.#targets }, held.target, (closed) => {
      const at = held.upstreams.indexOf(closed);
      if (at >= 0) held.upstreams.splice(at, 1);
    });
    if (upstream instanceof Upstream) {
      if (this.#isClosed) {
        upstream.close();
        return "target-down";
      }
      held.failure = null;
      if (!upstream.isClosed) held.upstreams.push(upstream);
    } else {
      const seconds = upstream === "target-down" ? DOWN_SECONDS : NOT_RELAYED_SECONDS;
      held.failure = { reason: upstream, until: clock.now() + seconds * 1_000 };
    }
    return upstream;
  }
}
