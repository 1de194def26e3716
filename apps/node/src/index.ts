/** A node as a value: what the program starts, and what tests and benchmarks start in their own process. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { bytesToBase64Url } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import { DEFAULT_STAMP } from "@xchat/crypto";
import { pooledNodeProvider } from "@xchat/crypto/pooled";
import {
  EXPIRY_HOURS,
  hourOf,
  MAX_BLOB_HOURS,
  nodeIdOf,
  ReplayWindow,
  signDescriptor,
  type Descriptor,
} from "@xchat/protocol";
import { DEFAULT_STORE_LIMITS, openEmbeddedStore, type NodeStore, type StoreLimits } from "@xchat/node-store";
import { systemClock, type NodeClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { DAY_SECONDS, DayKeys } from "./day-keys.ts";
import { createHttpServer, isLoopback, SOCKET_PATH } from "./http/server.ts";
import { loadStaticFiles } from "./http/static-files.ts";
import { DEFAULT_NODE_LIMITS, type NodeLimits } from "./limits.ts";
import { errorWord, type Log } from "./log.ts";
import { MailboxService } from "./mailbox-service.ts";
import type { NodeContext, NodeCounts } from "./node-context.ts";
import { Relay } from "./relay/relay.ts";
import type { RelayOptions } from "./relay/targets.ts";
import { StampCheck, type StampPrices } from "./stamp-check.ts";
import { startStun, type StunResponder } from "./stun.ts";
import { SubscriptionHub } from "./subscriptions.ts";

export { DataFolderError } from "./data-folder.ts";
export { DEFAULT_NODE_LIMITS, type NodeLimits } from "./limits.ts";
export { jsonLog, wordLog, type Log } from "./log.ts";
export { parseNodeList, type RelayOptions } from "./relay/targets.ts";

export interface NodeOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly host: string;
  readonly publicUrl: URL | null;
  readonly dataFolder: string;
  readonly appFolder: string | null;
  readonly log: Log;
  /** What it says of who runs it. */
  readonly operator?: string | null;
  /** None where it is no relay. */
  readonly relay?: RelayOptions | null;
  readonly clock?: NodeClock;
  readonly limits?: Partial<NodeLimits>;
  readonly storeLimits?: Partial<StoreLimits>;
  readonly stampPrices?: Partial<StampPrices>;
}

export interface RunningNode {
  readonly port: number;
  /** `http://localhost:8787/` or the public URL. */
  readonly webAddress: string;
  /** `ws(s)://…/x` */
  readonly socketAddress: string;
  /** SHA-256 of the identity key. */
  readonly nodeId: Uint8Array;
  readonly hasApp: boolean;
  readonly hasStun: boolean;
  readonly isRelay: boolean;
  readonly counts: Readonly<NodeCounts>;
  /** Takes nothing new, finishes what waits for the disk, then stops. */
  stop(): Promise<void>;
}

const SWEEP_MILLISECONDS = 5_000;
const UPKEEP_MILLISECONDS = 60_000;
/** How long a descriptor says that it holds: the person's clock may be off by an hour, and a key lasts a day. */
const DESCRIPTOR_SECONDS = DAY_SECONDS;
const CLOCK_TOLERANCE_SECONDS = 3_600;
const RENEW_SECONDS = 3_600;
const VERSION = 1;

/** @throws DataFolderError, or an error of the system such as EADDRINUSE. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const provider = pooledNodeProvider();
  const folder = await openDataFolder(options.dataFolder, provider.randomBytes);
  let store: NodeStore | null = null;
  try {
    store = await openEmbeddedStore({
      folder: join(folder.path, "store"),
      hash: provider.sha256,
      limits: options.storeLimits ?? {},
    });
    return await new Assembly(options, provider, folder, store).start();
  } catch (error) {
    await store?.close();
    await folder.release();
    throw error;
  }
}

class Assembly {
  readonly #options: NodeOptions;
  readonly #provider: CryptoProvider;
  readonly #folder: DataFolder;
  readonly #store: NodeStore;
  readonly #clock: NodeClock;
  readonly #limits: NodeLimits;
  readonly #prices: StampPrices;
  readonly #dayKeys = new DayKeys(pooledNodeProvider);
  readonly #connections = new Set<Connection>();
  readonly #counts: NodeCounts = {
    connections: 0,
    exchanges: 0,
    relayed: 0,
    openings: 0,
    refusedOpenings: 0,
    faults: 0,
  };
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  #timers: NodeJS.Timeout[] = [];
  #descriptor: { readonly signed: Uint8Array; readonly renewAt: number } | null = null;
  #stun: StunResponder | null = null;
  #relay: Relay | null = null;
  #expiredHour = 0;
  #lastSweep = 0;
  #slowSweeps = 0;
  #isOverloaded = false;
  #stopping: Promise<void> | null = null;

  constructor(options: NodeOptions, provider: CryptoProvider, folder: DataFolder, store: NodeStore) {
    this.#options = options;
    this.#provider = provider;
    this.#folder = folder;
    this.#store = store;
    this.#clock = options.clock ?? systemClock;
    this.#limits = { ...DEFAULT_NODE_LIMITS, ...options.limits };
    this.#prices = {
      mailbox: DEFAULT_STAMP,
      inbox: DEFAULT_STAMP,
      envelope: DEFAULT_STAMP,
      blob: DEFAULT_STAMP,
      ...options.stampPrices,
    };
  }

  async start(): Promise<RunningNode> {
    const { appFolder, log } = this.#options;
    const identity = await this.#provider.ed25519KeyPair(this.#folder.identitySeed);
    const nodeId = nodeIdOf(this.#provider, identity.publicKey);
    this.#relay = this.#makeRelay(nodeId);
    const service = this.#makeContext(identity, nodeId);
    const app = appFolder === null ? null : await loadStaticFiles(appFolder);
    const server = createHttpServer({
      limits: this.#limits,
      now: () => this.#clock.now(),
      app,
      config: ({ host, isSecure }) => this.#config(nodeId, host, isSecure),
      health: () => this.#health(),
      openSockets: () => this.#connections.size,
      onSocket: (socket) => {
        this.#counts.connections++;
        const connection = new Connection(service.context, socket, (closed) => {
          this.#counts.connections--;
          this.#connections.delete(closed);
        });
        this.#connections.add(connection);
      },
    });
    const port = await listen(server, this.#options.port, this.#options.host);
    this.#stun = await this.#startStun(port);
    try {
      await this.#upkeep(identity, port);
    } catch (error) {
      server.close();
      await this.#stun?.close();
      throw error;
    }
    this.#startTimers(identity, port);
    log.info("started", { hasApp: app !== null, hasStun: this.#stun !== null, isRelay: this.#relay !== null });
    const webAddress = this.#webAddress(port);
    return {
      port,
      webAddress,
      socketAddress: new URL(SOCKET_PATH, webAddress.replace(/^http/, "ws")).href,
      nodeId,
      hasApp: app !== null,
      hasStun: this.#stun !== null,
      isRelay: this.#relay !== null,
      counts: this.#counts,
      stop: () => (this.#stopping ??= this.#stop(server, service.service)),
    };
  }

  #makeRelay(nodeId: Uint8Array): Relay | null {
    const { relay } = this.#options;
    if (relay === undefined || relay === null) return null;
    return new Relay({ provider: this.#provider, nodeId, clock: this.#clock, limits: this.#limits }, relay);
  }

  #makeContext(
    identity: KeyPair,
    nodeId: Uint8Array,
  ): { readonly context: NodeContext; readonly service: MailboxService } {
    const hub = new SubscriptionHub();
    const base = {
      provider: this.#provider,
      nodeId,
      store: this.#store,
      hub,
      clock: this.#clock,
      limits: this.#limits,
      log: this.#options.log,
    };
    const stamps = new StampCheck(this.#provider, nodeId, this.#prices, this.#limits.waitingStamps);
    const service = new MailboxService({ ...base, identity, stamps });
    const context: NodeContext = {
      ...base,
      service,
      dayKeyById: (id) => this.#dayKeys.byId(id),
      replays: new ReplayWindow(this.#provider, this.#limits.rememberedOpenings),
      partial: { bytes: 0 },
      counts: this.#counts,
      descriptor: () => {
        if (this.#descriptor === null) throw new Error("no descriptor yet");
        return this.#descriptor.signed;
      },
      isOverloaded: () => this.#isOverloaded,
      relay: this.#relay,
    };
    return { context, service };
  }

  /** Keys, descriptor and expiry: once at the start, then every minute. */
  async #upkeep(identity: KeyPair, port: number): Promise<void> {
    const now = this.#clock.now();
    const seconds = Math.floor(now / 1_000);
    const hasTurned = await this.#dayKeys.turn(seconds);
    if (hasTurned || this.#descriptor === null || seconds >= this.#descriptor.renewAt) {
      const signed = await signDescriptor(this.#provider, identity, this.#describe(identity, port, seconds));
      this.#descriptor = { signed, renewAt: seconds + RENEW_SECONDS };
    }
    const hour = hourOf(now);
    if (hour === this.#expiredHour) return;
    this.#expiredHour = hour;
    await this.#store.expire(hour);
  }

  #describe(identity: KeyPair, port: number, seconds: number): Descriptor {
    const { publicUrl, operator } = this.#options;
    const limits = { ...DEFAULT_STORE_LIMITS, ...this.#options.storeLimits };
    return {
      identityKey: identity.publicKey,
      notBefore: seconds - CLOCK_TOLERANCE_SECONDS,
      expiresAt: Math.min(seconds + DESCRIPTOR_SECONDS, this.#dayKeys.present.notAfter),
      roles: ["mailbox", "blob", ...(this.#stun === null ? [] : ["stun"]), ...(this.#relay === null ? [] : ["relay"])],
      capabilities: [],
      addresses: publicUrl === null ? [] : [new URL(SOCKET_PATH, publicUrl.href.replace(/^http/, "ws")).href],
      keys: [this.#dayKeys.present],
      limits: {
        mailboxBytes: limits.mailboxBytes,
        inboxEnvelopes: limits.inboxEnvelopes,
        expiryHours: EXPIRY_HOURS,
        blobHours: MAX_BLOB_HOURS,
        exchangeSeconds: this.#limits.exchangeSeconds,
      },
      stamps: this.#prices,
      stun: this.#stun === null ? null : `:${port}`,
      ...(operator === undefined || operator === null ? {} : { operator }),
    };
  }

  #startTimers(identity: KeyPair, port: number): void {
    this.#delay.enable();
    const sweep = setInterval(() => this.#sweep(), SWEEP_MILLISECONDS / 5);
    const upkeep = setInterval(() => {
      this.#upkeep(identity, port).catch((error: unknown) =>
        this.#options.log.warn("upkeep-failed", { reason: errorWord(error) }),
      );
    }, UPKEEP_MILLISECONDS);
    this.#timers = [sweep, upkeep];
    for (const timer of this.#timers) timer.unref();
  }

  #sweep(): void {
    const isSlow = this.#delay.mean / 1e6 > this.#limits.overloadMilliseconds;
    this.#delay.reset();
    // One pause may be the machine's; a second one in a row is ours.
    this.#slowSweeps = isSlow ? this.#slowSweeps + 1 : 0;
    this.#isOverloaded = this.#slowSweeps > 1;
    const now = this.#clock.now();
    if (now - this.#lastSweep < SWEEP_MILLISECONDS && now >= this.#lastSweep) return;
    this.#lastSweep = now;
    for (const connection of this.#connections) connection.sweep(now);
    this.#relay?.sweep(now);
  }

  async #startStun(port: number): Promise<StunResponder | null> {
    const { host, log } = this.#options;
    try {
      return await startStun({ port, host, perSecond: this.#limits.stunPerSecond, now: () => this.#clock.now() });
    } catch (error) {
      // Another program may have the UDP port; messages do not need it.
      log.warn("stun-unavailable", { reason: errorWord(error) });
      return null;
    }
  }

  #config(nodeId: Uint8Array, host: string, isSecure: boolean): unknown {
    const { publicUrl } = this.#options;
    const origin = publicUrl?.href ?? `${isSecure ? "https" : "http"}://${host}/`;
    const address = new URL(SOCKET_PATH, origin.replace(/^http/, "ws"));
    const isLocalOnly = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(address.hostname);
    return { version: VERSION, node: { address: address.href, keyHash: bytesToBase64Url(nodeId) }, isLocalOnly };
  }

  #health(): { readonly isHealthy: boolean; readonly body: unknown } {
    const isHealthy = this.#stopping === null && !this.#isOverloaded;
    return { isHealthy, body: { status: isHealthy ? "ok" : this.#stopping === null ? "overloaded" : "stopping" } };
  }

  #webAddress(port: number): string {
    const { publicUrl, host } = this.#options;
    if (publicUrl !== null) return publicUrl.href;
    const isEverywhere = host === "0.0.0.0" || host === "::";
    const name = isLoopback(host) || isEverywhere ? "localhost" : host.includes(":") ? `[${host}]` : host;
    return `http://${name}:${port}/`;
  }

  async #stop(server: Server, service: MailboxService): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#delay.disable();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    // What waits for the disk is finished, and its receipts go out, before the sockets close.
    await service.settle();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    for (const connection of this.#connections) connection.stop();
    this.#relay?.close();
    const patience = setTimeout(() => {
      for (const connection of this.#connections) connection.terminate();
      server.closeAllConnections();
    }, 500);
    await closed;
    clearTimeout(patience);
    await this.#stun?.close();
    await service.settle();
    await this.#store.close();
    await this.#folder.release();
    this.#options.log.info("stopped");
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: 4_096 }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
