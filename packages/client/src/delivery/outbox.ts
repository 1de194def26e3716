/**
 * Brings sealed messages to the nodes, however long it takes.
 *
 * O1 An item is saved before its first byte leaves the device, and the same bytes are sent at every try: a message
 *    that arrives twice is one message.
 * O2 An item stays until every target has it, until its receiver has acknowledged all of it, or until it expires.
 * O3 A receipt counts once it is saved.
 * O4 One node's trouble does not hold up another; a node that is down is asked again after its own back-off.
 *
 * The outbox decides when to send; what a receipt means for a conversation is told to `onProgress`, which saves it.
 */
import { bytesToHex } from "@xchat/codec";
import type { NodeHint } from "@xchat/protocol";
import type { Background } from "../base/background.ts";
import type { Clock, NodeFailure, NodeOutcome, OutboxRecord, Receipt } from "../ports.ts";
import { decodeItem, storedCount, type SendableItem } from "./outbox-item.ts";
import { nodeId, type NodePool } from "./nodes.ts";

/** At once for each node: enough to fill a group commit there, few enough that nothing waits behind them. */
const IN_FLIGHT_PER_NODE = 16;
const REFUSED_RETRY = 10 * 60_000;

export interface OutboxEntry {
  readonly record: OutboxRecord;
  readonly item: SendableItem;
}

/** What a node has answered. */
export interface Stored {
  readonly hint: NodeHint;
  readonly receipt: Uint8Array;
}

export interface OutboxDeps {
  readonly pool: NodePool;
  readonly clock: Clock;
  readonly background: Background;
  /** Saves the entry as it now is (or deletes it, when all targets have it). */
  readonly onProgress: (entry: OutboxEntry, stored: Stored) => Promise<void>;
  /** A node's answer that needs a decision, such as "slot-taken". */
  readonly onRefused: (entry: OutboxEntry, hint: NodeHint, failure: NodeFailure & { kind: "refused" }) => void;
}

interface Held {
  entry: OutboxEntry;
  /** Of each target, in their order: its node, and that at the address that the target names. */
  readonly nodes: readonly { readonly node: string; readonly place: string }[];
  /** Not before: a direct connection is tried first. */
  notBefore: number;
  /** Nodes that have refused it, and when they may be asked again. */
  readonly refusedUntil: Map<string, number>;
  readonly inFlight: Set<string>;
}

export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #held = new Map<string, Held>();
  readonly #busy = new Map<string, number>();
  #closed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  load(records: readonly OutboxRecord[]): void {
    for (const record of records.toSorted((a, b) => a.sequence - b.sequence)) {
      const item = decodeItem(record.item);
      if (item.kind !== "unsealed") this.add({ record, item });
    }
  }

  /** The entry has been saved. `delay` gives a direct connection the first chance. */
  add(entry: OutboxEntry, delay = 0): void {
    const notBefore = delay === 0 ? 0 : this.#deps.clock.now() + delay;
    const nodes = entry.item.targets.map(({ hint }) => ({
      node: nodeId(hint),
      place: `${nodeId(hint)}/${hint.address}`,
    }));
    this.#held.set(entry.record.id, { entry, nodes, notBefore, refusedUntil: new Map(), inFlight: new Set() });
    if (delay > 0) this.#deps.clock.after(delay, () => this.#pump());
    this.#pump();
  }

  /** Deposits at once what waited for a direct connection. */
  release(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined || held.notBefore === 0) return;
    held.notBefore = 0;
    this.#pump();
  }

  /** It has arrived by another way, or is void; its record is deleted by the caller. */
  drop(id: string): void {
    this.#held.delete(id);
  }

  entries(): readonly OutboxEntry[] {
    return [...this.#held.values()].map(({ entry }) => entry);
  }

  retryNow(): void {
    for (const held of this.#held.values()) {
      held.notBefore = 0;
      held.refusedUntil.clear();
    }
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#held.clear();
  }

  readonly #pump = (): void => {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    // Asked once for each place and not for each message: a long outbox is gone through at every answer.
    const closed = new Set<string>();
    for (const held of this.#held.values()) {
      if (held.notBefore <= now) this.#pumpOne(held, now, closed);
    }
  };

  #pumpOne(held: Held, now: number, closed: Set<string>): void {
    held.nodes.forEach(({ node, place }, index) => {
      if (closed.has(place)) return;
      const target = held.entry.item.targets[index] as SendableItem["targets"][number];
      if (target.isStored || held.inFlight.has(node) || (held.refusedUntil.get(node) ?? 0) > now) return;
      if ((this.#busy.get(node) ?? 0) >= IN_FLIGHT_PER_NODE || !this.#deps.pool.mayTry(target.hint, this.#pump)) {
        closed.add(place);
        return;
      }
      this.#deps.background.run(this.#attempt(held, index, node));
    });
  }

  async #attempt(held: Held, index: number, node: string): Promise<void> {
    const { hint } = held.entry.item.targets[index] as { readonly hint: NodeHint };
    held.inFlight.add(node);
    this.#busy.set(node, (this.#busy.get(node) ?? 0) + 1);
    try {
      const outcome = await this.#deposit(held.entry, index);
      this.#deps.pool.report(hint, outcome);
      if (!this.#held.has(held.entry.record.id)) return;
      if (outcome.ok) await this.#stored(held, index, outcome.value.bytes);
      else this.#failed(held, hint, outcome.error);
    } finally {
      held.inFlight.delete(node);
      this.#busy.set(node, (this.#busy.get(node) ?? 1) - 1);
      this.#pump();
    }
  }

  async #deposit({ record, item }: OutboxEntry, index: number): Promise<NodeOutcome<Receipt>> {
    if (item.kind === "request") {
      const { hint } = item.targets[index] as SendableItem["targets"][number];
      return this.#deps.pool
        .access(hint)
        .depositInbox({ inboxPublicKey: item.inboxPublicKey, envelope: item.envelope });
    }
    const { hint, seed, publicKey } = item.targets[index] as (typeof item.targets)[number];
    const access = this.#deps.pool.access(hint);
    const mailbox = { seed, publicKey };
    // A node is not to see that an answer to a stranger belongs to the conversation.
    const context = item.purpose === "answer" ? `answer/${bytesToHex(publicKey)}` : record.conversationId;
    if (item.purpose === "commit") return access.depositCommit({ context, mailbox, envelopes: item.envelopes });
    let outcome: NodeOutcome<Receipt> | undefined;
    for (const envelope of item.envelopes) {
      outcome = await access.deposit({ context, mailbox, envelope });
      if (!outcome.ok) return outcome;
    }
    return outcome as NodeOutcome<Receipt>;
  }

  async #stored(held: Held, index: number, receipt: Uint8Array): Promise<void> {
    const { item, record } = held.entry;
    const targets = item.targets.map((target, at) => (at === index ? { ...target, isStored: true } : target));
    const entry: OutboxEntry = { record, item: { ...item, targets } as SendableItem };
    held.entry = entry;
    if (storedCount(entry.item) === targets.length) this.#held.delete(record.id);
    const { hint } = item.targets[index] as { readonly hint: NodeHint };
    await this.#deps.onProgress(entry, { hint, receipt });
  }

  #failed(held: Held, hint: NodeHint, failure: NodeFailure): void {
    if (failure.kind !== "refused") return;
    held.refusedUntil.set(nodeId(hint), this.#deps.clock.now() + REFUSED_RETRY);
    this.#deps.clock.after(REFUSED_RETRY, this.#pump);
    this.#deps.onRefused(held.entry, hint, failure);
  }
}
