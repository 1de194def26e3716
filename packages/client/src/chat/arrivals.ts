/**
 * What arrives for a chat, from its mailboxes and directly: taken in batches, each one transaction, so that catching up
 * costs one save for many messages.
 *
 * AR1 A cursor moves with the save of what lay before it; what could not be saved comes again.
 * AR2 What cannot be opened yet is held, in the order of its coming, and tried again after each commit.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { cursorId } from "../delivery/readers.ts";
import type { NodeHint, StoredEnvelope } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { MAILBOX_LIFETIME } from "./epochs.ts";
import type { Step } from "./step.ts";

/** Stands for what did not come by a mailbox. */
const NO_MAILBOX = new Uint8Array(0);
/** Envelopes that are saved in one transaction. */
const BATCH = 256;
/** Kept at most, whoever sends: 64 fragments of 64 KiB, and as much again. */
const MAX_HELD = 128;

export interface Arrival {
  /** Null for what came directly. */
  readonly hint: NodeHint | null;
  readonly envelope: StoredEnvelope;
  /** False for what lay there before this device came to read. */
  readonly isLive: boolean;
  /** It has been saved. */
  readonly done: () => void;
}

export interface ArrivalsDeps {
  readonly chat: string;
  readonly isClosed: () => boolean;
  readonly step: (work: (step: Step) => Promise<void>) => Promise<void>;
  /** What these can be spared waiting for, before they are received one after the other. */
  readonly lookAhead: (step: Step, arrivals: readonly Arrival[]) => Promise<void>;
  /** Whether it has been dealt with for good. */
  readonly receive: (step: Step, arrival: Arrival) => Promise<boolean>;
  /** The store could not save it. */
  readonly onTrouble: () => void;
}

export class Arrivals {
  readonly #core: SessionCore;
  readonly #deps: ArrivalsDeps;
  #waiting: Arrival[] = [];
  #taking: Promise<void> = Promise.resolve();
  /** Hashes of envelopes that are kept because they cannot be opened yet. */
  readonly #held = new Set<string>();

  constructor(core: SessionCore, deps: ArrivalsDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  add(arrivals: readonly Arrival[]): void {
    const isIdle = this.#waiting.length === 0;
    this.#waiting.push(...arrivals);
    if (!isIdle) return;
    this.#taking = this.#takeAll();
    this.#core.background.run(this.#taking, this.#deps.onTrouble);
  }

  /** What has come so far is in the store, or will have to come again. */
  async idle(): Promise<void> {
    await this.#taking.catch(() => {});
  }

  /** By no cursor: a direct connection, a commit slot, or the store. */
  addLoose(
    envelope: Uint8Array,
    more: { readonly mailbox?: Uint8Array; readonly isLive: boolean; done?: () => void },
  ): void {
    const { mailbox = NO_MAILBOX, isLive, done = () => {} } = more;
    this.add([{ hint: null, envelope: { mailbox, cursor: 0, envelope }, isLive, done }]);
  }

  /** Tries what was kept once more: at the start, and after each commit. */
  async tryHeld(): Promise<void> {
    const held = await this.#core.store.held(this.#deps.chat);
    for (const { id } of held) this.#held.add(id);
    for (const { reason, envelope } of held) {
      this.addLoose(envelope, { mailbox: expectOk(hexToBytes(reason), "held envelope"), isLive: false });
    }
  }

  tryHeldIfAny(): void {
    if (this.#held.size > 0) this.#core.background.run(this.tryHeld());
  }

  /** What could not be opened while it lay at a node will not be opened any more. */
  async forgetExpired(step: Step): Promise<void> {
    for (const { id, expiresAt } of await this.#core.store.held(this.#deps.chat)) {
      if (expiresAt >= this.#core.clock.now()) continue;
      step.changes.push({ delete: "held", key: id });
      step.after.push(() => this.#held.delete(id));
    }
  }

  async #takeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#deps.isClosed()) {
      const batch = this.#waiting.slice(0, BATCH);
      try {
        await this.#deps.step((step) => this.#takeBatch(step, batch));
      } catch (error) {
        // The store could not save it (a full disk): nothing is acknowledged, and it comes again from where it lies.
        this.#waiting = [];
        throw error;
      }
      this.#waiting.splice(0, batch.length);
    }
  }

  async #takeBatch(step: Step, batch: readonly Arrival[]): Promise<void> {
    const { provider, store } = this.#core;
    const named = batch.map(({ envelope }) => provider.sha256Aside(envelope.envelope));
    const hashes = (await Promise.all(named)).map(bytesToHex);
    const seen = new Set(await store.seen(hashes));
    await this.#deps.lookAhead(
      step,
      batch.filter((_, index) => !seen.has(hashes[index] as string)),
    );
    for (const [index, arrival] of batch.entries()) {
      const hash = hashes[index] as string;
      if (!seen.has(hash)) {
        const isDone = await this.#deps.receive(step, arrival);
        if (isDone) {
          step.seen([hash]);
          seen.add(hash);
        }
        this.#hold(step, hash, arrival.envelope, isDone);
      }
      step.atLast.push(arrival.done);
    }
    this.#moveCursors(step, batch);
  }

  #moveCursors(step: Step, batch: readonly Arrival[]): void {
    const { cursors } = this.#core;
    const reached = new Map<string, number>();
    for (const { hint, envelope } of batch) {
      if (hint === null || envelope.cursor === 0) continue;
      const id = cursorId(envelope.mailbox, hint);
      if (envelope.cursor > (reached.get(id) ?? cursors.get(id) ?? 0)) reached.set(id, envelope.cursor);
    }
    for (const [id, cursor] of reached) {
      step.changes.push({ put: "cursor", record: { id, cursor } });
      step.after.push(() => cursors.set(id, Math.max(cursors.get(id) ?? 0, cursor)));
    }
  }

  /** What cannot be opened yet is kept: its cursor moves on, and the node may not have it for ever. */
  #hold(step: Step, hash: string, { mailbox, envelope }: StoredEnvelope, isDone: boolean): void {
    if (isDone) {
      if (this.#held.delete(hash)) step.changes.push({ delete: "held", key: hash });
      return;
    }
    if (this.#held.has(hash) || this.#held.size >= MAX_HELD) return;
    this.#held.add(hash);
    const expiresAt = this.#core.clock.now() + MAILBOX_LIFETIME;
    step.changes.push({
      put: "held",
      record: { id: hash, conversationId: this.#deps.chat, reason: bytesToHex(mailbox), envelope, expiresAt },
    });
  }
}
