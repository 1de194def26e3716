/**
 * A relay as the client uses it (spec/relay.md): pinned and verified like any node, and asked for nothing but to pass
 * streams on to others. All nodes that are reached through it share its sockets.
 */
import type { NodeHint, NodeOutcome, RelayAccess } from "@xchat/client/ports";
import {
  encodeRelayOpening,
  isNodeAddress,
  MAX_RELAYED_ADDRESS,
  type RelayedKind,
  type ResetReason,
} from "@xchat/protocol";
import { hostOfAddress } from "./address.ts";
import { LinkConnection, type LinkStream, type NodeWay, type StreamHandlers } from "./connection.ts";
import { directPath, NodeSession, type Path, type SessionDeps } from "./session.ts";

/** Streams that one socket takes before another one is opened: a node lets in 256 (node-api, N10). */
const FULL_SOCKET = 200;
/** A relay that did not answer is tried after the others for so long. */
const DISTRUST_MILLISECONDS = 60_000;
const GONE: readonly ResetReason[] = ["target-down", "not-relayed"];

const unreachable: NodeOutcome<never> = { ok: false, error: { kind: "unreachable" } };

export class RelayLink implements RelayAccess {
  readonly hint: NodeHint;
  readonly #deps: SessionDeps;
  readonly #listeners = new Set<() => void>();
  /** The first one says how the relay is. */
  readonly #sockets: RelaySocket[];
  #failedAt: number | null = null;
  #isNoRelay = false;

  constructor(deps: SessionDeps, hint: NodeHint) {
    this.#deps = deps;
    this.hint = hint;
    const first = new RelaySocket(deps, hint);
    first.session.onStateChange(() => this.#tell());
    this.#sockets = [first];
  }

  get state(): RelayAccess["state"] {
    const state = this.#session.state;
    if (state === "ready" && this.#isNoRelay) return "not-a-relay";
    return state === "no-relay" ? "down" : state;
  }

  get operator(): string | null {
    return this.#session.descriptor?.operator ?? null;
  }

  /** Whether others are better tried first. */
  get isDoubtful(): boolean {
    return this.#failedAt !== null && Math.abs(this.#deps.clock.now() - this.#failedAt) < DISTRUST_MILLISECONDS;
  }

  onStateChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stunAddress(): string | null {
    const { stun, address } = this.#session;
    if (stun === null) return null;
    return `stun:${stun.startsWith(":") ? hostOfAddress(address) : ""}${stun}`;
  }

  /** A way through it to a node; the node id may be that of whoever is there. */
  async connect(node: NodeHint, signal: AbortSignal, onLost: () => void): Promise<NodeOutcome<NodeWay>> {
    if (!isNodeAddress(node.address) || node.address.length > MAX_RELAYED_ADDRESS) return unreachable;
    const socket = this.#socketWithRoom();
    const ready = await socket.session.ready();
    const { connection } = socket;
    if (signal.aborted) return unreachable;
    if (!ready.ok || connection === null || connection.isClosed) {
      this.#failedAt = this.#deps.clock.now();
      return unreachable;
    }
    const isNoRelay = !ready.value.descriptor.roles.includes("relay");
    if (isNoRelay !== this.#isNoRelay) {
      this.#isNoRelay = isNoRelay;
      this.#tell();
    }
    this.#failedAt = isNoRelay ? this.#deps.clock.now() : null;
    return isNoRelay ? unreachable : { ok: true, value: new RelayedWay(connection, node, socket.ways, onLost) };
  }

  close(): void {
    for (const { session } of this.#sockets) session.close();
    this.#listeners.clear();
  }

  get #session(): NodeSession {
    return (this.#sockets[0] as RelaySocket).session;
  }

  #socketWithRoom(): RelaySocket {
    const free = this.#sockets.find(({ connection }) => (connection?.streams ?? 0) < FULL_SOCKET);
    if (free !== undefined) return free;
    const more = new RelaySocket(this.#deps, this.hint);
    this.#sockets.push(more);
    return more;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

class RelaySocket {
  readonly session: NodeSession;
  readonly ways = new Set<RelayedWay>();
  connection: LinkConnection | null = null;

  constructor(deps: SessionDeps, hint: NodeHint) {
    const direct = directPath(deps, hint.address);
    const path: Path = {
      ...direct,
      connect: async ({ signal, onLost }) => {
        const connected = await direct.connect({
          signal,
          onLost: () => {
            onLost();
            for (const way of [...this.ways]) way.lost();
          },
        });
        if (connected.ok && connected.value instanceof LinkConnection) this.connection = connected.value;
        return connected;
      },
    };
    this.session = new NodeSession(deps, hint, () => [path]);
  }
}

/** Streams on the socket of a relay that go on at one node. */
class RelayedWay implements NodeWay {
  readonly #connection: LinkConnection;
  readonly #node: NodeHint;
  readonly #siblings: Set<RelayedWay>;
  readonly #onLost: () => void;
  readonly #open = new Map<LinkStream, StreamHandlers>();
  #isClosed = false;

  constructor(connection: LinkConnection, node: NodeHint, siblings: Set<RelayedWay>, onLost: () => void) {
    this.#connection = connection;
    this.#node = node;
    this.#siblings = siblings;
    this.#onLost = onLost;
    siblings.add(this);
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#connection.isClosed;
  }

  async open(kind: RelayedKind, payload: Uint8Array, handlers: StreamHandlers): Promise<LinkStream | null> {
    if (this.isClosed) return null;
    const { keyHash: nodeId, address } = this.#node;
    const opening = encodeRelayOpening({ kind, nodeId, address, message: payload });
    const stream = await this.#connection.open("relay", opening, {
      onMessage: handlers.onMessage,
      onEnd: (end) => {
        if (stream !== null && !this.#open.delete(stream)) return;
        handlers.onEnd(end);
        if (end.kind === "reset" && GONE.includes(end.reason)) this.lost();
      },
    });
    if (stream === null) return null;
    if (this.#isClosed) {
      stream.close();
      return null;
    }
    this.#open.set(stream, handlers);
    return {
      send: (message) => stream.send(message),
      release: (cost) => stream.release(cost),
      close: () => {
        this.#open.delete(stream);
        stream.close();
      },
    };
  }

  /** The relay does not lead to the node any more. */
  lost(): void {
    if (this.#isClosed) return;
    this.close();
    this.#onLost();
  }

  close(): void {
    this.#isClosed = true;
    this.#siblings.delete(this);
    for (const [stream, handlers] of [...this.#open]) {
      this.#open.delete(stream);
      stream.close();
      handlers.onEnd({ kind: "lost" });
    }
  }
}
