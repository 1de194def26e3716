/**
 * Does what is to be done after the account's list of devices has changed (spec/devices.md, section 10): the decision is
 * `deviceWorkStep`, computed anew from the chain and the conversations each time; this carries it out, one look at a time,
 * and keeps only what was tried and when.
 *
 * DD1 What is under way is saved before it begins, so that a crash is no reason to do it twice at once.
 * DD2 A failure of one conversation holds up no other, and is tried again for as long as the chain asks for it.
 */
import {
  decodeDeviceWork,
  deviceWorkStep,
  encodeDeviceWork,
  noteDeviceWork,
  startDeviceWork,
  type AccountFacts,
  type Chore,
  type ConversationFacts,
  type DeviceWork,
  type DeviceWorkEffect,
  type DeviceWorkOutcome,
  type DeviceWorkStep,
} from "@xchat/protocol";
import type { CryptoProvider } from "@xchat/crypto";
import { randomFraction } from "../base/backoff.ts";
import type { Background } from "../base/background.ts";
import { Lane } from "../base/lane.ts";
import type { Clock, Timer } from "../ports.ts";

export interface DeviceWorkHost {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly background: Background;
  /** Resolves when every chain that has been shown is taken: a leaf that came with one is no stranger's. */
  chainRead(): Promise<void>;
  account(): AccountFacts;
  conversations(): readonly ConversationFacts[];
  /** The chain, as a payload item. Resolves when it is saved to be sent. */
  tell(conversation: string): Promise<void>;
  /** Resolves when the epoch in which they are out has begun. */
  remove(conversation: string, devices: readonly string[]): Promise<void>;
  /** Resolves when the epoch in which they are in has begun. */
  add(conversation: string, devices: readonly string[]): Promise<void>;
  wantPackages(device: string, conversations: readonly string[]): Promise<void>;
  chore(chore: Chore): Promise<void>;
  /** The chain does not list this device any more. */
  expelled(): void;
  load(): Promise<Uint8Array | null>;
  save(work: Uint8Array): Promise<void>;
  onProgress(): void;
}

export type WorkProgress = DeviceWorkStep["progress"];

/** A word for the person, where the cause has none of its own. */
const UNKNOWN_REASON = "failed";
const MAX_REASON = 40;

export class DeviceWorkDriver {
  readonly #host: DeviceWorkHost;
  readonly #lane = new Lane();
  readonly #choresUnderWay = new Set<Chore>();
  #work: DeviceWork | null = null;
  #progress: WorkProgress | null = null;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(host: DeviceWorkHost) {
    this.#host = host;
  }

  /** Null where everything is as the chain has it. */
  progress(): WorkProgress | null {
    const progress = this.#progress;
    return progress === null || progress.done === progress.total ? null : progress;
  }

  /** The chain, a conversation or the supply of key packages may be another than before. */
  look(): void {
    if (!this.#isClosed) this.#host.background.run(this.#run());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#lane.idle();
  }

  // ---- below

  #run(): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#isClosed) return;
      const { clock } = this.#host;
      const before = await this.#held();
      await this.#host.chainRead();
      if (this.#isClosed) return;
      const step = deviceWorkStep(before, this.#host.account(), this.#host.conversations(), clock.now());
      const begun = step.effects.filter(isCommit);
      const work = begun.reduce(
        (held, { conversation }) => this.#noted(held, { kind: "started", conversation }),
        step.work,
      );
      await this.#save(work);
      this.#showProgress(step.progress);
      for (const effect of step.effects) this.#carryOut(effect);
      this.#wakeAt(step.wakeAt);
    });
  }

  async #held(): Promise<DeviceWork> {
    if (this.#work !== null) return this.#work;
    const stored = await this.#host.load();
    const read = stored === null ? null : decodeDeviceWork(stored);
    this.#work = read?.ok === true ? read.value : startDeviceWork(this.#host.account(), this.#host.clock.now());
    return this.#work;
  }

  #carryOut(effect: DeviceWorkEffect): void {
    const { background } = this.#host;
    switch (effect.kind) {
      case "expelled":
        return this.#host.expelled();
      case "want-packages":
        return background.run(this.#host.wantPackages(effect.device, effect.conversations));
      case "chore":
        return this.#doChore(effect.chore);
      case "tell":
        return background.run(this.#try(effect.conversation, "told", () => this.#host.tell(effect.conversation)));
      case "remove":
      case "add": {
        const { kind, conversation, devices } = effect;
        return background.run(this.#try(conversation, "committed", () => this.#host[kind](conversation, devices)));
      }
    }
  }

  #doChore(chore: Chore): void {
    if (this.#choresUnderWay.has(chore)) return;
    this.#choresUnderWay.add(chore);
    const work = this.#host.chore(chore).then(() => this.#note({ kind: "chore-done", chore }));
    this.#host.background.run(work.finally(() => this.#choresUnderWay.delete(chore)));
  }

  async #try(conversation: string, done: "told" | "committed", work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await this.#note({ kind: done, conversation });
    } catch (error) {
      await this.#note({ kind: "failed", conversation, reason: reasonOf(error) });
    }
    this.look();
  }

  #note(outcome: DeviceWorkOutcome): Promise<void> {
    return this.#lane.run(async () => this.#save(this.#noted(await this.#held(), outcome)));
  }

  #noted(work: DeviceWork, outcome: DeviceWorkOutcome): DeviceWork {
    const { clock, provider } = this.#host;
    return noteDeviceWork(work, outcome, clock.now(), randomFraction(provider));
  }

  async #save(work: DeviceWork): Promise<void> {
    if (work === this.#work) return;
    await this.#host.save(encodeDeviceWork(work));
    this.#work = work;
  }

  #showProgress(progress: WorkProgress): void {
    const before = this.#progress;
    this.#progress = progress;
    if (JSON.stringify(before) !== JSON.stringify(progress)) this.#host.onProgress();
  }

  #wakeAt(at: number | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (at === null || this.#isClosed) return;
    const { clock } = this.#host;
    this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.look());
  }
}

const isCommit = (effect: DeviceWorkEffect): effect is Extract<DeviceWorkEffect, { kind: "remove" | "add" }> =>
  effect.kind === "remove" || effect.kind === "add";

/** Refusals of the law are words; what else may be in an error is nobody's business. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && code.length > 0 && code.length <= MAX_REASON ? code : UNKNOWN_REASON;
}
