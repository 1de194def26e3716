/**
 * The network between devices and nodes, around nodes in memory. Whatever method `NodeAccess` has is carried: later, or
 * not at all, or twice, or with its answer lost. What streams keeps its order on one stream, as over a socket; a
 * node that is not honest is another matter (`node-behaviour.ts`).
 *
 * A link is cut and mended by whoever plays the world. A cut is noticed late, as a real one is: by silence.
 */
import type { NodeAccess, NodeConnector, NodeHint, NodeOutcome, StoredEnvelope } from "@xchat/client/ports";
import { bytesToHex } from "@xchat/codec";
import { memoryRelays, type MemoryNode } from "../memory-nodes.ts";
import { NEVER, type Boot } from "./boot.ts";
import type { NodeBehaviour } from "./node-behaviour.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

export interface Weather {
  /** Of a message one way, in milliseconds. */
  readonly latency: readonly [least: number, most: number];
  readonly loss: number;
  readonly duplicates: number;
}

export interface NetworkInput {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly weather: Weather;
  readonly nodes: readonly MemoryNode[];
  readonly behaviourOf: (node: MemoryNode) => NodeBehaviour;
  readonly onDelivered: (device: string, node: string, envelopes: readonly StoredEnvelope[]) => void;
  /** Everything that leaves a device, as the wire sees it. */
  readonly onWire: (device: string, bytes: Uint8Array) => void;
  readonly note: (what: string) => void;
}

const unreachable = { ok: false, error: { kind: "unreachable" } } as const;
/** How long it takes to notice that nobody answers. */
const PATIENCE = [500, 10_000] as const;
type Call = (input: object) => Promise<NodeOutcome<unknown>>;
type Subscription = Parameters<NodeAccess["subscribe"]>[0];
/** What is no request to a node. */
const LOCAL = new Set(["hint", "state", "via", "onStateChange", "clockAhead", "hearClock", "stunAddress", "close"]);

class Link {
  isUp = true;
  readonly listeners = new Set<() => void>();
  readonly breakers = new Set<() => void>();
}

export class Network {
  readonly #input: NetworkInput;
  readonly #links = new Map<string, Link>();

  constructor(input: NetworkInput) {
    this.#input = input;
  }

  isUp(device: string, node: MemoryNode): boolean {
    return this.#link(device, node).isUp;
  }

  setUp(device: string, node: MemoryNode, isUp: boolean): void {
    const link = this.#link(device, node);
    if (link.isUp === isUp) return;
    link.isUp = isUp;
    if (!isUp) for (const breakOff of link.breakers) breakOff();
    for (const listener of link.listeners) listener();
  }

  /** For everybody who talks to this node. */
  nodeChanged(node: MemoryNode): void {
    for (const [name, link] of this.#links) {
      if (name.endsWith(`/${node.hint.address}`)) for (const listener of link.listeners) listener();
    }
  }

  connector(device: string, boot: Boot): NodeConnector {
    const opened = new Map<MemoryNode, NodeAccess>();
    return {
      discover: async (address) => {
        const node = this.#input.nodes.find(({ hint }) => hint.address === address);
        if (node === undefined) return unreachable;
        return this.#request(device, boot, node, "discover", {}, async () => ({ ok: true, value: node.hint }));
      },
      ...memoryRelays(() => null),
      access: (hint) => {
        const node = this.#nodeOf(hint);
        const access = opened.get(node) ?? this.#access(device, boot, node);
        opened.set(node, access);
        return access;
      },
    };
  }

  #nodeOf({ keyHash }: NodeHint): MemoryNode {
    const name = bytesToHex(keyHash);
    return this.#input.nodes.find(({ hint }) => bytesToHex(hint.keyHash) === name) as MemoryNode;
  }

  #link(device: string, node: MemoryNode): Link {
    const name = `${device}/${node.hint.address}`;
    const link = this.#links.get(name) ?? new Link();
    this.#links.set(name, link);
    return link;
  }

  #access(device: string, boot: Boot, node: MemoryNode): NodeAccess {
    const { schedule, behaviourOf } = this.#input;
    const link = this.#link(device, node);
    const inner = behaviourOf(node).access(node.access(), device);
    const requests: Record<string, Call> = {};
    for (const [name, call] of Object.entries(inner) as [string, Call][]) {
      if (LOCAL.has(name) || name === "subscribe") continue;
      requests[name] = (input) => this.#request(device, boot, node, name, input, () => call(input));
    }
    const isUp = (): boolean => link.isUp && !node.isDown;
    const state = (): NodeAccess["state"] => (isUp() ? "ready" : "down");
    return {
      ...(requests as unknown as NodeAccess),
      hint: node.hint,
      get state() {
        return state();
      },
      onStateChange: (listener) => {
        const told = (): void =>
          void schedule.after(1 + this.#input.random.between(0, 3_000), () => boot.isAlive && listener());
        link.listeners.add(told);
        return () => link.listeners.delete(told);
      },
      via: null,
      clockAhead: null,
      hearClock: async () => {},
      subscribe: (input) => this.#subscribe(device, boot, node, inner, input),
      stunAddress: () => null,
      close: () => {},
    };
  }

  async #request<T>(
    device: string,
    boot: Boot,
    node: MemoryNode,
    name: string,
    input: object,
    call: () => Promise<NodeOutcome<T>>,
  ): Promise<NodeOutcome<T>> {
    const { schedule, random, weather, note } = this.#input;
    if (!boot.effect()) return NEVER;
    this.#seeWire(device, input);
    const outcome = await this.#carry(device, node, call);
    const isLost = outcome === null || random.chance(weather.loss);
    await schedule.wait(random.between(...(isLost ? PATIENCE : weather.latency)));
    if (!boot.effect()) return NEVER;
    note(`${device} ${name} ${node.hint.address.slice(15, 19)} ${isLost ? "silence" : outcome.ok}`);
    return isLost ? unreachable : outcome;
  }

  /** There and done; null when it never came there. */
  async #carry<T>(
    device: string,
    node: MemoryNode,
    call: () => Promise<NodeOutcome<T>>,
  ): Promise<NodeOutcome<T> | null> {
    const { schedule, random, weather } = this.#input;
    const link = this.#link(device, node);
    await schedule.wait(random.between(...weather.latency));
    if (!link.isUp || node.isDown || random.chance(weather.loss)) return null;
    const outcome = await call();
    if (random.chance(weather.duplicates)) schedule.after(random.between(...weather.latency), () => void call());
    return link.isUp ? outcome : null;
  }

  /** Bytes of a request, however deep: keys stay where they are, so only what is sealed or said counts. */
  #seeWire(device: string, input: object): void {
    const { envelope, envelopes, blob } = input as {
      envelope?: Uint8Array;
      envelopes?: readonly Uint8Array[];
      blob?: Uint8Array;
    };
    for (const bytes of [envelope, blob, ...(envelopes ?? [])]) {
      if (bytes !== undefined) this.#input.onWire(device, bytes);
    }
  }

  async #subscribe(
    device: string,
    boot: Boot,
    node: MemoryNode,
    inner: NodeAccess,
    input: Subscription,
  ): Promise<NodeOutcome<void>> {
    const { schedule, random, weather } = this.#input;
    const link = this.#link(device, node);
    if (!boot.effect()) return NEVER;
    await schedule.wait(random.between(...weather.latency));
    if (!link.isUp || node.isDown || random.chance(weather.loss)) {
      await schedule.wait(random.between(...PATIENCE));
      return boot.isAlive ? unreachable : NEVER;
    }
    return this.#stream(device, boot, node, inner, input);
  }

  #stream(
    device: string,
    boot: Boot,
    node: MemoryNode,
    inner: NodeAccess,
    input: Subscription,
  ): Promise<NodeOutcome<void>> {
    const { schedule, random, weather } = this.#input;
    const link = this.#link(device, node);
    const abort = new AbortController();
    let isOpen = true;
    let clearAt = 0;
    /** In order: nothing on this stream overtakes what was before it. */
    const carry = (deliver: () => void): void => {
      clearAt = Math.max(clearAt, schedule.now + random.between(...weather.latency));
      schedule.after(clearAt - schedule.now, () => {
        if (isOpen && boot.isAlive && !input.signal.aborted) deliver();
      });
    };
    return new Promise((resolve) => {
      const end = (outcome: NodeOutcome<void>): void => {
        if (!isOpen) return;
        isOpen = false;
        link.breakers.delete(breakOff);
        abort.abort();
        if (boot.isAlive) resolve(outcome);
      };
      const breakOff = (): void => {
        isOpen = false;
        link.breakers.delete(breakOff);
        abort.abort();
        schedule.after(random.between(1_000, 60_000), () => boot.isAlive && resolve(unreachable));
      };
      link.breakers.add(breakOff);
      input.signal.addEventListener("abort", () => end({ ok: true, value: undefined }), { once: true });
      const onEnvelopes = (envelopes: readonly StoredEnvelope[]): void => {
        if (random.chance(weather.loss / 4)) return breakOff();
        const times = random.chance(weather.duplicates / 4) ? 2 : 1;
        for (let i = 0; i < times; i++) {
          carry(() => {
            if (!boot.effect()) return;
            this.#input.onDelivered(device, node.hint.address, envelopes);
            input.onEnvelopes(envelopes);
          });
        }
      };
      const stream = { ...input, signal: abort.signal, onEnvelopes, onCaughtUp: () => carry(input.onCaughtUp) };
      void inner.subscribe(stream).then((outcome) => carry(() => end(outcome)));
    });
  }
}
