/** Everything that a stranger can spend, with what the node grants by default. */
export interface NodeLimits {
  readonly connections: number;
  /** From one address; loopback is not counted, since a reverse proxy comes from there. */
  readonly connectionsPerAddress: number;
  readonly exchangesPerConnection: number;
  readonly exchanges: number;
  /** Openings a second on one connection, and how many may come at once. */
  readonly openingsPerSecond: number;
  readonly openingsBurst: number;
  /** Seconds without a whole frame, after which a connection is closed. */
  readonly idleSeconds: number;
  /** Seconds until the first frame. */
  readonly firstFrameSeconds: number;
  /** Age at which an exchange ends, whatever it does, and idle time without a subscription. */
  readonly exchangeSeconds: number;
  readonly exchangeIdleSeconds: number;
  readonly requestsPerExchange: number;
  /** Bytes that wait for the disk, over all connections. */
  readonly waitingBytes: number;
  /** Bytes of commits that came in part, over all connections. */
  readonly partialBytes: number;
  /** Bytes that one connection may have in its socket before nothing more is sealed for it. */
  readonly socketBytes: number;
  /** Stamps that wait to be checked. */
  readonly waitingStamps: number;
  /** Encapsulations remembered against replay: openings within half an hour. */
  readonly rememberedOpenings: number;
  /** Delay of the event loop beyond which new exchanges are put off, in milliseconds. */
  readonly overloadMilliseconds: number;
  readonly stunPerSecond: number;
  readonly httpPerSecond: number;
  /** Streams that go on at other nodes, over all clients, and openings of one client. */
  readonly relayStreams: number;
  readonly relayOpeningsPerSecond: number;
  readonly relayOpeningsBurst: number;
  /** Age at which a relayed stream ends: more than an exchange may have at its node. */
  readonly relaySeconds: number;
  /** Nodes that are connected to at a time, connections to one of them, and streams on one connection. */
  readonly relayTargets: number;
  readonly relayConnectionsPerTarget: number;
  readonly relayStreamsPerUpstream: number;
  /** Connections that are begun, over all clients; one client may begin a tenth of them, and a quarter of the burst. */
  readonly relayConnectsPerSecond: number;
  readonly relayConnectsBurst: number;
  /** Seconds without a stream, after which a connection to a node is closed. */
  readonly relayIdleSeconds: number;
  /** Bytes that nodes have sent and clients have not taken, over all clients and of one. */
  readonly relayBufferedBytes: number;
  readonly relayBufferedBytesPerClient: number;
}

export const DEFAULT_NODE_LIMITS: NodeLimits = {
  connections: 18_000,
  connectionsPerAddress: 256,
  exchangesPerConnection: 256,
  exchanges: 60_000,
  openingsPerSecond: 200,
  openingsBurst: 400,
  idleSeconds: 180,
  firstFrameSeconds: 60,
  exchangeSeconds: 4_200,
  exchangeIdleSeconds: 300,
  requestsPerExchange: 100_000,
  waitingBytes: 64 * 2 ** 20,
  partialBytes: 128 * 2 ** 20,
  socketBytes: 256 * 2 ** 10,
  waitingStamps: 64,
  rememberedOpenings: 3_000_000,
  overloadMilliseconds: 1_000,
  stunPerSecond: 2_000,
  httpPerSecond: 2_000,
  relayStreams: 60_000,
  relayOpeningsPerSecond: 20,
  relayOpeningsBurst: 400,
  relaySeconds: 4_500,
  relayTargets: 2_000,
  relayConnectionsPerTarget: 64,
  relayStreamsPerUpstream: 240,
  relayConnectsPerSecond: 20,
  relayConnectsBurst: 200,
  relayIdleSeconds: 60,
  relayBufferedBytes: 128 * 2 ** 20,
  relayBufferedBytesPerClient: 16 * 2 ** 20,
};

/** Tokens that grow with time; nothing is kept for each taker. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** `now` in milliseconds; a clock that jumps back gives nothing. */
  take(now: number): boolean {
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passed * this.#perSecond) / 1_000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
