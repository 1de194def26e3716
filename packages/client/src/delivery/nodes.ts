/**
 * The person's own nodes, and access to every node that a conversation names. Keeps one back-off for each node, shared
 * by all that wants to reach it, so that a node which is down is asked by one call at a time, not by every message.
 */
import { bytesToBase64Url, bytesToHex, decode, encode, equalBytes, expectOk, list } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeHintCodec, type NodeHint } from "@xchat/protocol";
import { IntentError, type NetworkView, type NodeView } from "../api.ts";
import { backoff, CLOCK_BACKOFF, NODE_BACKOFF } from "../base/backoff.ts";
import type { Topics } from "../base/topics.ts";
import { clockErrorOf, ClockWatch, isFarOff } from "./clock-error.ts";
import { Relays } from "./relays.ts";
import type { Clock, NodeAccess, NodeConnector, NodeFailure, NodeOutcome, Store, Timer } from "../ports.ts";

export const MAX_OWN_NODES = 16;
export const NODES_DOCUMENT = "nodes";
const nodesCodec = list(nodeHintCodec, { max: MAX_OWN_NODES });

export const encodeNodes = (hints: readonly NodeHint[]): Uint8Array => encode(nodesCodec, hints);

interface Health {
  readonly access: NodeAccess;
  failures: number;
  retryAt: number;
  timer: Timer | null;
  readonly waiting: Set<() => void>;
}

export interface NodePoolDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly connector: NodeConnector;
  readonly topics: Topics;
}

export const nodeId = (hint: NodeHint): string => bytesToHex(hint.keyHash);

export class NodePool {
  readonly #deps: NodePoolDeps;
  readonly #health = new Map<string, Health>();
  readonly #clockWatch: ClockWatch;
  readonly relays: Relays;
  #own: readonly NodeHint[] = [];
  #isClosed = false;

  constructor(deps: NodePoolDeps) {
    this.#deps = deps;
    this.relays = new Relays(deps.connector, deps.topics);
    this.#clockWatch = new ClockWatch(
      deps.clock,
      () => [...this.#health.values()].some(({ access }) => isFarOff(access.clockAhead)),
      () => this.#clockWasSet(),
    );
  }

  async load(store: Store): Promise<void> {
    await this.relays.load(store);
    const stored = await store.document(NODES_DOCUMENT);
    this.#own = stored === null ? [] : expectOk(decode(nodesCodec, stored), "nodes");
    for (const hint of this.#own) void this.#greet(hint);
  }

  get own(): readonly NodeHint[] {
    return this.#own;
  }

  access(hint: NodeHint): NodeAccess {
    return this.#healthOf(hint).access;
  }

  /** Whether a call may be tried now; if not, `wake` is called once when it may. */
  mayTry(hint: NodeHint, wake: () => void): boolean {
    const health = this.#healthOf(hint);
    if (this.#deps.clock.now() >= health.retryAt) return true;
    health.waiting.add(wake);
    return false;
  }

  /** Tells how a call went. Only failures of the node itself count; a refusal of one request does not. */
  report(hint: NodeHint, outcome: NodeOutcome<unknown>): void {
    const health = this.#healthOf(hint);
    const wait = outcome.ok ? 0 : this.#waitAfter(health, outcome.error);
    if (wait === 0) {
      if (health.failures > 0) this.#wake(health);
      health.failures = 0;
      return;
    }
    health.retryAt = this.#deps.clock.now() + wait;
    health.timer?.cancel();
    health.timer = this.#deps.clock.after(wait, () => this.#wake(health));
    this.#deps.topics.mark("network");
  }

  /** Ends every back-off. */
  retryNow(): void {
    for (const health of this.#health.values()) this.#wake(health);
  }

  async add(store: Store, hint: NodeHint): Promise<void> {
    if (this.#own.some((known) => equalBytes(known.keyHash, hint.keyHash))) return;
    if (this.#own.length === MAX_OWN_NODES) throw new IntentError("node-refused");
    await this.#save(store, [...this.#own, hint]);
    void this.#greet(hint);
  }

  async remove(store: Store, address: string): Promise<void> {
    const rest = this.#own.filter((hint) => hint.address !== address);
    if (rest.length === 0) throw new IntentError("node-last");
    await this.#save(store, rest);
  }

  /** As another device of this person has them. There is always one left. */
  async replace(store: Store, hints: readonly NodeHint[]): Promise<void> {
    const next = hints.slice(0, MAX_OWN_NODES);
    const isSame =
      next.length === this.#own.length &&
      next.every(
        (hint, i) => nodeId(hint) === nodeId(this.#own[i] as NodeHint) && hint.address === this.#own[i]?.address,
      );
    if (next.length === 0 || isSame) return;
    const known = new Set(this.#own.map(nodeId));
    await this.#save(store, next);
    for (const hint of next) if (!known.has(nodeId(hint))) void this.#greet(hint);
  }

  view(): NetworkView {
    const nodes = this.#own.map((hint) => this.viewOf(hint));
    return {
      nodes,
      relays: this.relays.views(),
      whenNoRelay: this.relays.plan.whenNone,
      isSingleNode: nodes.length <= 1,
      isLocalOnly: this.#own.every((hint) => isLoopback(hint.address)),
      clockError: this.#clockError(),
    };
  }

  viewOf(hint: NodeHint): NodeView {
    const { access, retryAt } = this.#healthOf(hint);
    return {
      address: hint.address,
      keyHash: bytesToBase64Url(hint.keyHash).slice(0, 12),
      state: access.state === "idle" ? "connecting" : access.state,
      via: access.via?.address ?? null,
      retryAt: access.state === "ready" || retryAt <= this.#deps.clock.now() ? null : retryAt,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#clockWatch.stop();
    this.relays.close();
    for (const health of this.#health.values()) {
      health.timer?.cancel();
      health.access.close();
    }
    this.#health.clear();
  }

  /**
   * Until a node of the person's own has answered once: whoever has no chat yet wants to know too whether it is there,
   * and whether their clock is right before anything is signed by it.
   */
  async #greet(hint: NodeHint): Promise<void> {
    const { access } = this.#healthOf(hint);
    await access.hearClock();
    if (this.#isClosed || access.state === "ready") return;
    this.report(hint, { ok: false, error: failureOfState(access) });
    const again = (): void => {
      if (this.#isClosed || access.state === "ready") return;
      if (this.mayTry(hint, again)) void this.#greet(hint);
    };
    again();
  }

  /**
   * By key and address: a hint is a claim of whoever wrote it, and a contact who names a wrong address for a node of
   * somebody else's must cut off only their own chat. What the person says of a node of their own goes before all claims.
   */
  #healthOf(claimed: NodeHint): Health {
    const hint = this.#own.find(({ keyHash }) => equalBytes(keyHash, claimed.keyHash)) ?? claimed;
    const id = `${nodeId(hint)}/${hint.address}`;
    const known = this.#health.get(id);
    if (known !== undefined) return known;
    const access = this.#deps.connector.access(hint);
    const health: Health = { access, failures: 0, retryAt: 0, timer: null, waiting: new Set() };
    this.#health.set(id, health);
    access.onStateChange(() => {
      if (access.state === "ready" && health.failures > 0) this.#wake(health);
      if (isFarOff(access.clockAhead)) this.#clockWatch.start();
      this.#deps.topics.mark("network");
      this.#deps.topics.mark("chats");
    });
    return health;
  }

  #clockError(): number | null {
    return clockErrorOf([...this.#health.values()].map(({ access }) => access.clockAhead));
  }

  #clockWasSet(): void {
    for (const health of this.#health.values()) void health.access.hearClock().then(() => this.#wake(health));
  }

  #waitAfter(health: Health, failure: NodeFailure): number {
    if (failure.kind === "refused") return 0;
    const wait = this.#ownWait(health, failure);
    return failure.kind === "try-later" ? Math.max(wait, Math.min(failure.afterMilliseconds, NODE_BACKOFF.most)) : wait;
  }

  /**
   * What was under way to a node fails with it: that is one failure, however many calls there were. Only a clock that was
   * set back shows more left than the longest wait.
   */
  #ownWait(health: Health, failure: NodeFailure): number {
    const left = health.retryAt - this.#deps.clock.now();
    if (left > 0) return Math.min(left, NODE_BACKOFF.most);
    health.failures++;
    return backoff(this.#deps.provider, failure.kind === "clock-wrong" ? CLOCK_BACKOFF : NODE_BACKOFF, health.failures);
  }

  #wake(health: Health): void {
    health.timer?.cancel();
    health.timer = null;
    health.retryAt = 0;
    const waiting = [...health.waiting];
    health.waiting.clear();
    for (const wake of waiting) wake();
    this.#deps.topics.mark("network");
  }

  async #save(store: Store, own: readonly NodeHint[]): Promise<void> {
    await store.write([{ document: NODES_DOCUMENT, value: encodeNodes(own) }]);
    this.#own = own;
    this.#deps.topics.mark("network");
  }
}

function failureOfState({ state, clockAhead }: NodeAccess): NodeFailure {
  if (state === "key-changed") return { kind: "key-changed" };
  return state === "clock-wrong"
    ? { kind: "clock-wrong", aheadMilliseconds: clockAhead ?? 0 }
    : { kind: "unreachable" };
}

/** Whether an address can be reached from its own machine only. */
export function isLoopback(address: string): boolean {
  return /^wss?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/u.test(address);
}
