/**
 * A device asks to be let in again (spec/rejoin.md, sections 1 and 4): a request, gathering, one answer that is followed; anew
 * after longer and longer waits.
 *
 * RA1 What was asked lies in the store before it leaves the device: an answer that comes after a restart is good.
 */
import { equalBytes } from "@xchat/codec";
import {
  encodeRejoinMessage,
  makeRejoinRequest,
  openRejoinAnswer,
  type Hex,
  type KeyPackageBundle,
  type RejoinAnswer,
} from "@xchat/protocol";
import { newLeaf } from "../contact/key-packages.ts";
import type { Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { conversationBytes, type Inboxes } from "./inboxes.ts";
import {
  askingChange,
  MAX_OPEN_REQUESTS,
  type AskingReason,
  type AskingState,
  type OpenRequest,
} from "./rejoin-parts.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** After the first answer, so that somebody with a higher rank is heard too. */
export const GATHER = 15 * SECOND;
const FIRST_WAIT = MINUTE;
const LONGEST_WAIT = 60 * MINUTE;
const MOST_ATTEMPTS = 255;

export interface GatheredAnswer {
  readonly answer: RejoinAnswer;
  /** Of the request that it answers. */
  readonly bundle: KeyPackageBundle;
}

/** `followed` and `removed` have struck out the asking in their own save. `needless`: this device is in its place. */
export type Followed = "followed" | "removed" | "needless" | "none";

export interface AskingDeps {
  readonly conversation: Hex;
  readonly inboxes: Inboxes;
  readonly isClosed: () => boolean;
  /** Name of the epoch where this device stands; null where it has lost everything. */
  readonly epoch: () => Uint8Array | null;
  readonly follow: (answers: readonly GatheredAnswer[], asked: AskingState) => Promise<Followed>;
  readonly onChange: () => void;
  /** False where somebody else says when it is asked again. */
  readonly isByItself: boolean;
}

/** Before asking again, after so many times. */
const waitAfter = (attempt: number): number => Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt, 16));

export class Asking {
  readonly #core: SessionCore;
  readonly #deps: AskingDeps;
  #state: AskingState | null = null;
  #gathered: GatheredAnswer[] = [];
  #gathering: Timer | null = null;
  #again: Timer | null = null;

  constructor(core: SessionCore, deps: AskingDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  get isUnderWay(): boolean {
    return this.#state !== null;
  }

  get state(): AskingState | null {
    return this.#state;
  }

  /** As it lies in the store. */
  load(state: AskingState | null): void {
    this.#state = state;
  }

  /** Goes on with what a restart has interrupted. */
  async resume(): Promise<void> {
    const request = this.#state?.requests.at(-1);
    if (this.#state === null || this.#deps.isClosed()) return;
    const isDue = this.#deps.isByItself && this.#state.nextAt <= this.#core.clock.now();
    if (request === undefined || isDue) return this.#ask();
    await this.#deposit(request);
    this.#schedule();
  }

  async begin(reason: AskingReason): Promise<void> {
    if (this.#deps.isClosed()) return;
    if (this.#state !== null) {
      // Whoever was away and then finds out more has the more serious reason.
      if (this.#state.reason === reason || reason !== "fallen-out") return;
      this.#state = { ...this.#state, reason };
      return this.#ask();
    }
    const now = this.#core.clock.now();
    this.#state = { reason, since: now, attempt: 0, nextAt: now, requests: [] };
    this.#deps.onChange();
    await this.#ask();
  }

  /** There is nothing any more to be let into. */
  async giveUp(): Promise<void> {
    if (this.#state === null) return;
    await this.#core.store.write([askingChange(this.#deps.conversation, null, this.#core.clock.now())]);
    this.done();
  }

  /** At once, though its time has not come. */
  async askNow(): Promise<void> {
    if (this.#state !== null && this.#gathered.length === 0) await this.#ask();
  }

  close(): void {
    this.#again?.cancel();
    this.#gathering?.cancel();
  }

  /** What was followed, or is needless, is asked for no more; struck out in the store by who says so. */
  done(): void {
    this.close();
    this.#state = null;
    this.#gathered = [];
    this.#gathering = null;
    this.#deps.onChange();
  }

  async take(requestHash: Uint8Array, sealed: Uint8Array): Promise<void> {
    const request = this.#state?.requests.find(({ hash }) => equalBytes(hash, requestHash));
    if (request === undefined) return;
    const answer = await openRejoinAnswer(this.#core.provider, request, sealed);
    if (answer === null || this.#deps.isClosed()) return;
    const { keyPackage, privatePart } = request;
    this.#gathered.push({ answer, bundle: { keyPackage, privatePart } });
    this.#gathering ??= this.#core.clock.after(GATHER, () => this.#core.background.run(this.#follow()));
  }

  // ---- below

  async #follow(): Promise<void> {
    this.#gathering = null;
    const answers = this.#gathered.splice(0);
    const state = this.#state;
    if (state === null || this.#deps.isClosed() || answers.length === 0) return;
    switch (await this.#deps.follow(answers, state)) {
      case "followed":
      case "removed":
        return this.done();
      case "needless": {
        const now = this.#core.clock.now();
        await this.#core.store.write([askingChange(this.#deps.conversation, null, now)]);
        return this.done();
      }
      case "none":
    }
  }

  async #ask(): Promise<void> {
    const { provider, clock, store } = this.#core;
    const { conversation, epoch } = this.#deps;
    const { leafKey, credential, bundle } = await newLeaf(this.#core);
    const before = this.#state;
    if (before === null || this.#deps.isClosed()) return;
    const now = clock.now();
    const { request, hash, secretKey } = await makeRejoinRequest(provider, {
      conversation: conversationBytes(conversation),
      leafKey,
      credential,
      epoch: epoch(),
      attempt: before.attempt,
      now,
    });
    const made: OpenRequest = { hash, secretKey, request, ...bundle };
    const state: AskingState = {
      ...before,
      attempt: Math.min(before.attempt + 1, MOST_ATTEMPTS),
      nextAt: now + waitAfter(before.attempt),
      requests: [...before.requests, made].slice(-MAX_OPEN_REQUESTS),
    };
    await store.write([askingChange(conversation, state, now)]);
    if (this.#deps.isClosed()) return;
    this.#state = state;
    await this.#deposit(made);
    this.#schedule();
  }

  async #deposit(made: OpenRequest): Promise<void> {
    const [newest] = this.#deps.inboxes.all;
    if (newest === undefined) return;
    const isWanted = (): boolean => this.#state?.requests.includes(made) === true;
    await this.#deps.inboxes.put(newest, encodeRejoinMessage({ kind: "request", request: made.request }), isWanted);
  }

  #schedule(): void {
    this.#again?.cancel();
    if (this.#state === null || !this.#deps.isByItself) return;
    const { clock, background } = this.#core;
    const wait = Math.max(0, this.#state.nextAt - clock.now());
    this.#again = clock.after(Math.min(wait, LONGEST_WAIT), () => background.run(this.#ask()));
  }
}
