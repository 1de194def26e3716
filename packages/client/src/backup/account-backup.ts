/**
 * Writes the account backup of this device to the person's own nodes, as often as its content changes and as the
 * schedule allows (spec/account-backup.md, section 5).
 *
 * BW1 What is sent has been saved: the sealed parts lie in the store until the node has them, so that after a crash the
 *     same bytes go under the same version.
 * BW2 A change is noticed by its fingerprint, whatever made it, and also when the device was closed before it could be
 *     noted.
 * BW3 No node holds up another, and none holds up the person.
 */
import { equalBytes } from "@xchat/codec";
import {
  backupStep,
  noteBackup,
  sealBackup,
  type BackupEffect,
  type BackupKeys,
  type BackupOutcome,
} from "@xchat/protocol";
import type { AccountCore } from "../account-core.ts";
import type { BackupView } from "../api.ts";
import { randomFraction } from "../base/backoff.ts";
import { Lane } from "../base/lane.ts";
import { nodeId } from "../delivery/nodes.ts";
import type { NodeHint, StoreChange, Timer } from "../ports.ts";
import { backupContent, fingerprints, type BackupSource } from "./backup-content.ts";
import { BACKUP_KEYS_DOCUMENT, backupKeysChange, decodeBackupKeys, keysOfWords } from "./backup-keys.ts";
import {
  BACKUP_STATE_DOCUMENT,
  backupStateChange,
  decodeBackupState,
  decodeParts,
  partsChange,
  partsDocument,
  startBackupState,
  type BackupState,
} from "./backup-state.ts";
import { putBackup, type PutResult } from "./put-backup.ts";
import { RetiredPlaces, type RetiredCopy } from "./retired-places.ts";

/** After something has moved, before it is looked at: a burst of messages is looked at once. */
const LOOK_DELAY = 20_000;
/** Before a store that failed is tried again. */
const STORE_PATIENCE = 60_000;
/** Topics whose marks can mean that something of the content has changed. */
const WATCHED = ["chats", "profile", "network", "recovery"];
const HOUR_MS = 3_600_000;
const LONGEST_SLEEP = 6 * HOUR_MS;

type Put = Extract<BackupEffect, { kind: "put" }>;

export class AccountBackup {
  readonly #core: AccountCore;
  readonly #source: () => BackupSource;
  readonly #lane = new Lane();
  readonly #retired: RetiredPlaces;
  readonly #putting = new Set<string>();
  readonly #stops: (() => void)[] = [];
  #keys: BackupKeys | null = null;
  #state: BackupState;
  #isCut = false;
  #look: Timer | null = null;
  #wake: Timer | null = null;
  #isClosed = false;

  constructor(core: AccountCore, source: () => BackupSource) {
    this.#core = core;
    this.#source = source;
    this.#state = startBackupState(core.clock.now());
    this.#retired = new RetiredPlaces(core);
  }

  /** Begins the work, if it has not begun. */
  async load(): Promise<void> {
    if (this.#stops.length > 0) return;
    const { store, profile, provider, topics } = this.#core;
    const keys = await store.document(BACKUP_KEYS_DOCUMENT);
    const state = await store.document(BACKUP_STATE_DOCUMENT);
    if (state !== null) this.#state = decodeBackupState(state);
    await this.#retired.load();
    const { recoveryEntropy } = profile();
    if (keys !== null) this.#keys = decodeBackupKeys(keys);
    // A profile of before there were backups.
    else if (recoveryEntropy !== null) await this.turnOn(await keysOfWords(provider, recoveryEntropy));
    for (const topic of WATCHED) this.#stops.push(topics.watch(topic, () => this.#lookSoon()));
    this.#goOn();
  }

  /** Keys of the words, where there were none, or new ones in their place: then all is written anew. */
  async turnOn(keys: BackupKeys, more: readonly StoreChange[] = []): Promise<void> {
    const { store, clock } = this.#core;
    await this.#lane.run(async () => {
      const { schedule, knownCounter } = this.#state;
      const state = startBackupState(clock.now(), Math.max(schedule.counter, knownCounter));
      const { change, kept } = this.#retired.change(this.#copiesOfBefore());
      await store.write([backupKeysChange(keys), backupStateChange(state), change, ...more]);
      kept();
      this.#keys = keys;
      this.#state = state;
    });
    this.#goOn();
  }

  /** Writes now what has changed, and tries again what failed. */
  async writeNow(): Promise<void> {
    await this.#lane.run(async () => {
      if (this.#keys === null) return;
      await this.#noticeChange();
      const { schedule } = this.#state;
      const copies = [...schedule.copies].map(([node, copy]) => [node, { ...copy, nextAt: 0 }] as const);
      // As if the change were as old as it has to be.
      const change = schedule.changedAt === null ? {} : { changedAt: 0, isUrgent: true };
      await this.#save({ schedule: { ...schedule, ...change, copies: new Map(copies) } });
    });
    this.#goOn();
  }

  /** Takes away what lies under words of before. */
  async tidy(): Promise<void> {
    await this.#retired.tidy();
  }

  get keys(): BackupKeys | null {
    return this.#keys;
  }

  /** The greatest that is known of any device of the account. */
  get counter(): number {
    return Math.max(this.#state.schedule.counter, this.#state.knownCounter);
  }

  /** Another device has written one with this number. */
  async knowCounter(counter: number): Promise<void> {
    await this.#lane.run(async () => {
      if (counter > this.#state.knownCounter) await this.#save({ knownCounter: counter });
    });
  }

  view(): BackupView {
    if (this.#keys === null) return { state: "off" };
    const { schedule } = this.#state;
    const copies = this.#core.pool.own.map((hint) => ({ hint, copy: schedule.copies.get(nodeId(hint)) }));
    const nodes = copies.map(({ hint, copy }) => ({
      address: hint.address,
      isStored: schedule.counter > 0 && copy?.counter === schedule.counter,
    }));
    const expiries = copies.flatMap(({ copy }) => (copy === undefined || copy.counter === 0 ? [] : [copy.expiresHour]));
    return {
      state: "on",
      madeAt: schedule.madeAt,
      isBehind: schedule.changedAt !== null,
      nodes,
      storedAt: nodes.filter(({ isStored }) => isStored).length,
      expiresAt: expiries.length === 0 ? null : Math.min(...expiries) * HOUR_MS,
      isCut: this.#isCut,
    };
  }

  /** What there is lies at one node at least, or nothing is to be written. */
  get isWritten(): boolean {
    const view = this.view();
    return view.state !== "on" || (!view.isBehind && view.storedAt > 0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#look?.cancel();
    this.#wake?.cancel();
    await this.#lane.idle();
  }

  #copiesOfBefore(): readonly RetiredCopy[] {
    const { pool, clock } = this.#core;
    const { schedule } = this.#state;
    const { placeSecret } = this.#keys ?? {};
    return pool.own.flatMap((hint) => {
      const copy = schedule.copies.get(nodeId(hint));
      if (placeSecret === undefined || copy === undefined || copy.slot === null) return [];
      return [{ hint, placeSecret, slot: copy.slot, counter: schedule.counter, since: clock.now() }];
    });
  }

  // ---- below: looking and deciding

  #lookSoon(): void {
    if (this.#isClosed || this.#keys === null || this.#look !== null) return;
    this.#look = this.#core.clock.after(LOOK_DELAY, () => {
      this.#look = null;
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#isClosed) return;
    // A disk that is full is tried again when something moves, or when the next time has come.
    this.#core.background.run(this.#lane.run(() => this.#step()));
  }

  async #step(): Promise<void> {
    if (this.#isClosed || this.#keys === null) return;
    await this.#noticeChange();
    const { clock, pool } = this.#core;
    const input = { homeNodes: pool.own.map(nodeId), knownCounter: this.#state.knownCounter };
    let step = backupStep(this.#state.schedule, input, clock.now());
    const [first] = step.effects;
    if (first?.kind === "make") {
      await this.#make(first.counter, this.#keys);
      step = backupStep(this.#state.schedule, input, clock.now());
    }
    for (const effect of step.effects) if (effect.kind === "put") this.#put(effect, this.#keys);
    this.#wakeAt(step.wakeAt);
  }

  #wakeAt(time: number | null): void {
    const { clock } = this.#core;
    this.#wake?.cancel();
    // Timers of platforms hold 24 days at most, and do not count while a device sleeps.
    const wait = time === null ? null : Math.min(LONGEST_SLEEP, Math.max(0, time - clock.now()));
    this.#wake = wait === null ? null : clock.after(wait, () => this.#goOn());
  }

  /** BW2. */
  async #noticeChange(): Promise<void> {
    const { made, schedule } = this.#state;
    if (made === null || (schedule.changedAt !== null && schedule.isUrgent)) return;
    const now = fingerprints(this.#core.provider, this.#content(schedule.counter));
    const isUrgent = !equalBytes(now.urgent, made.urgent);
    if (!isUrgent && (schedule.changedAt !== null || equalBytes(now.all, made.all))) return;
    await this.#note({ kind: "changed", isUrgent });
  }

  #content(counter: number): ReturnType<typeof backupContent>["content"] {
    const { provider, clock } = this.#core;
    const { content, isCut } = backupContent(provider, this.#source(), { counter, now: clock.now() });
    this.#isCut = isCut;
    return content;
  }

  async #make(counter: number, keys: BackupKeys): Promise<void> {
    const { provider, clock, pool, profile } = this.#core;
    const content = this.#content(counter);
    const { deviceSeed } = profile();
    const changes: StoreChange[] = [];
    for (const hint of pool.own) {
      const parts = await sealBackup(provider, keys.sealKey, { content, deviceSeed });
      changes.push(partsChange(nodeId(hint), { counter, parts }));
    }
    const schedule = noteBackup(this.#state.schedule, { kind: "made", counter }, clock.now(), 0);
    await this.#save({ schedule, made: fingerprints(provider, content) }, changes);
  }

  // ---- below: one node

  #put(effect: Put, keys: BackupKeys): void {
    if (this.#putting.has(effect.node)) return;
    const hint = this.#core.pool.own.find((one) => nodeId(one) === effect.node);
    if (hint === undefined) return;
    this.#putting.add(effect.node);
    const { background, clock } = this.#core;
    const work = this.#bring(hint, effect, keys).finally(() => this.#putting.delete(effect.node));
    background.run(
      work.then(
        () => this.#goOn(),
        (error: unknown) => {
          // At once it would fail again, for ever, and leave nobody a turn.
          if (!this.#isClosed) this.#wakeAt(clock.now() + STORE_PATIENCE);
          throw error;
        },
      ),
    );
  }

  async #bring(hint: NodeHint, { node, slot, counter }: Put, keys: BackupKeys): Promise<void> {
    const { store, provider, clock, pool, profile } = this.#core;
    const stored = await store.document(partsDocument(node));
    const backup = stored === null ? null : decodeParts(stored);
    const result: PutResult | null =
      backup?.counter !== counter
        ? null
        : await putBackup(provider, pool.access(hint), {
            keys,
            deviceSeed: profile().deviceSeed,
            slot,
            backup,
            now: clock.now(),
          });
    if (this.#isClosed) return;
    await this.#lane.run(() => this.#noteResult(node, counter, result, keys));
  }

  async #noteResult(node: string, counter: number, result: PutResult | null, keys: BackupKeys): Promise<void> {
    // New words came in between, and with them other places.
    if (this.#isClosed || keys !== this.#keys) return;
    switch (result?.kind) {
      case "stored": {
        const { slot, expiresHour } = result;
        await this.#note({ kind: "stored", node, slot, counter, expiresHour }, [partsChange(node, null)]);
        return;
      }
      case "overtaken":
        await this.#save({ knownCounter: Math.max(this.#state.knownCounter, result.version) });
        await this.#note({ kind: "failed", node });
        await this.#note({ kind: "changed", isUrgent: true });
        return;
      case "failed":
      case "no-slot":
        await this.#note({ kind: "failed", node });
        return;
      default:
        // A node that was added since has no parts of its own yet: the next backup is sealed for it too.
        await this.#note({ kind: "failed", node });
        await this.#note({ kind: "changed", isUrgent: true });
    }
  }

  async #note(outcome: BackupOutcome, changes: readonly StoreChange[] = []): Promise<void> {
    const { clock, provider } = this.#core;
    const schedule = noteBackup(this.#state.schedule, outcome, clock.now(), randomFraction(provider));
    await this.#save({ schedule }, changes);
  }

  async #save(part: Partial<BackupState>, changes: readonly StoreChange[] = []): Promise<void> {
    const state = { ...this.#state, ...part };
    await this.#core.store.write([backupStateChange(state), ...changes]);
    this.#state = state;
    this.#core.topics.mark("backup");
  }
}

/** For reports: how it stands, without a name. */
export const backupDetail = (view: BackupView): string =>
  view.state === "on" ? `at ${view.storedAt} of ${view.nodes.length} nodes` : view.state;
