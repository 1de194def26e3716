/**
 * A member answers whoever asks to be let in again (spec/rejoin.md, section 3).
 *
 * RJ13 Who has no leaf here is told so, where this device is sure of where it stands.
 * RN1 That it answers is saved before the answer leaves the device (RJ5).
 */
import { bytesToHex } from "@xchat/codec";
import {
  answerDelay,
  isAnswered,
  isAnswerWanted,
  leafToReplace,
  makeRejoinAnswer,
  makeRejoinOut,
  mayAnswer,
  noAnswers,
  openRejoinRequest,
  rankOf,
  RANK,
  readLeaf,
  standing,
  withAnswer,
  withStranger,
  type AccountId,
  type AnsweredRejoins,
  type Group,
  type GroupLeaf,
  type Hex,
  type LogStart,
  type RejoinPlace,
  type RejoinRequest,
} from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import type { Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { Side } from "../chat/roster.ts";
import { conversationBytes, type Inbox, type Inboxes } from "./inboxes.ts";
import { answeredChange } from "./rejoin-parts.ts";

/** An own commit may be on its way; it is over soon. */
const UNSETTLED_WAIT = 5_000;
const UNSETTLED_TRIES = 24;
/** Where so few leaves are, there is no crowd of answers to be spared. */
const FEW_LEAVES = 4;
const MAX_PENDING = 64;
/** By then a device that has just come has read what could make it say something else (RJ13). */
const OUT_WAIT = 2 * 60_000;
/** Whoever asked asks again. */
const ANSWER_LIFETIME = 60 * 60_000;

/** Where this device stands; null while it may not let anybody in. */
export interface AnsweringGround {
  readonly group: Group;
  readonly place: RejoinPlace;
}

export interface AnsweringDeps {
  readonly conversation: Hex;
  readonly inboxes: Inboxes;
  readonly isClosed: () => boolean;
  readonly side: () => Side;
  readonly ownAccount: () => AccountId;
  readonly ownDevice: () => Hex;
  readonly ground: () => AnsweringGround | null;
  /** Where this device stands is where the conversation stands. */
  readonly isSure: () => boolean;
  /** Where the log of whoever comes in the place of this leaf begins, as this device knows it. */
  readonly start: (replaced: Hex) => Promise<LogStart>;
  /** The chain that somebody comes with may be news. */
  readonly onAsker: (account: AccountId, chain: Uint8Array) => Promise<void>;
}

interface Pending {
  readonly request: RejoinRequest;
  readonly newcomer: GroupLeaf;
  readonly inbox: Inbox;
  readonly timer: Timer;
  readonly tries: number;
}

export class Answering {
  readonly #core: SessionCore;
  readonly #deps: AnsweringDeps;
  #answered: AnsweredRejoins = noAnswers;
  /** By account: of several requests the newest. */
  readonly #pending = new Map<AccountId, Pending>();
  /** When requests of accounts that are not here were looked at. */
  #strangers: readonly number[] = [];
  /** Answers of anybody, by request. */
  readonly #there = new Map<string, number>();

  constructor(core: SessionCore, deps: AnsweringDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  load(answered: AnsweredRejoins): void {
    this.#answered = answered;
  }

  close(): void {
    for (const { timer } of this.#pending.values()) timer.cancel();
    this.#pending.clear();
  }

  sawAnswer(requestHash: Uint8Array): void {
    const id = bytesToHex(requestHash);
    if (this.#there.size >= MAX_PENDING && !this.#there.has(id)) return;
    this.#there.set(id, (this.#there.get(id) ?? 0) + 1);
  }

  /** RJ3. */
  async take(encoded: Uint8Array, inbox: Inbox): Promise<void> {
    const { provider, clock } = this.#core;
    const { conversation, ownDevice } = this.#deps;
    const now = clock.now();
    const opened = await openRejoinRequest(provider, encoded, {
      conversation: conversationBytes(conversation),
      now,
      isWelcome: (account) => {
        if (!mayAnswer(this.#answered, account, now)) return "too-often";
        return this.#isHere(account) || this.#mayLookAtStranger(now) ? "yes" : "outside";
      },
    });
    if (!opened.ok || this.#deps.isClosed()) return;
    const request = opened.value;
    const newcomer = readLeaf({ leaf: -1, credential: request.credential, signatureKey: request.leafKey });
    if (newcomer === null || newcomer.deviceKey === ownDevice()) return;
    if (isAnswered(this.#answered, bytesToHex(request.hash))) return;
    this.#await(request, newcomer, inbox);
  }

  // ---- below

  #isHere(account: AccountId): boolean {
    return this.#deps.side().leaves.some((leaf) => leaf.account === account);
  }

  /** RJ13: who was removed knows the inbox, and can make accounts without end. */
  #mayLookAtStranger(now: number): boolean {
    if (this.#deps.side().state.kind !== "group") return false;
    const looked = withStranger(this.#strangers, now);
    this.#strangers = looked ?? this.#strangers;
    return looked !== null;
  }

  #await(request: RejoinRequest, newcomer: GroupLeaf, inbox: Inbox): void {
    const { account } = request;
    const before = this.#pending.get(account);
    if (before !== undefined && before.request.createdAt >= request.createdAt) return;
    if (before === undefined && this.#pending.size >= MAX_PENDING) return;
    before?.timer.cancel();
    const wait = answerDelay(this.#level(), randomFraction(this.#core.provider));
    this.#wake({ request, newcomer, inbox, tries: 0 }, this.#isHere(account) ? wait : wait + OUT_WAIT);
  }

  #wake(pending: Omit<Pending, "timer">, wait: number): void {
    const { clock, background } = this.#core;
    const timer = clock.after(wait, () => background.run(this.#answer(pending)));
    this.#pending.set(pending.request.account, { ...pending, timer });
  }

  /** Levels of the fork rule; where few are, everybody is as quick as those with a rank. */
  #level(): number {
    const { state, leaves } = this.#deps.side();
    if (leaves.length <= FEW_LEAVES) return 1;
    return Math.max(0, rankOf(standing(state, leaves), this.#deps.ownAccount()) - RANK.member);
  }

  async #answer(pending: Omit<Pending, "timer">): Promise<void> {
    const { provider, clock, store, cipher } = this.#core;
    const { conversation, inboxes, isClosed, ground, onAsker } = this.#deps;
    const { request, newcomer, inbox, tries } = pending;
    this.#pending.delete(request.account);
    if (isClosed()) return;
    const isIn = this.#isHere(request.account);
    if (isIn) await onAsker(request.account, newcomer.chain);
    const there = this.#there.get(bytesToHex(request.hash)) ?? 0;
    if (isClosed() || !isAnswerWanted(this.#level(), request, there)) return;
    const replaced = isIn ? leafToReplace(this.#deps.side().state, this.#deps.side().leaves, newcomer) : null;
    if (isIn && replaced === null) return;
    const here = ground();
    if (here === null || (!isIn && !this.#deps.isSure())) {
      if (tries < UNSETTLED_TRIES) this.#wake({ ...pending, tries: tries + 1 }, UNSETTLED_WAIT);
      return;
    }
    const answer =
      replaced === null
        ? await makeRejoinOut(provider, request, cipher.ownLeafKey(here.group))
        : await this.#wayIn(here, request, replaced);
    if (answer === null || isClosed()) return;
    const now = clock.now();
    this.#answered = withAnswer(this.#answered, {
      account: request.account,
      request: bytesToHex(request.hash),
      at: now,
    });
    await store.write([answeredChange(conversation, this.#answered, now)]);
    await inboxes.put(inbox, answer, () => clock.now() - now < ANSWER_LIFETIME);
  }

  async #wayIn(
    { group, place }: AnsweringGround,
    request: RejoinRequest,
    replaced: GroupLeaf,
  ): Promise<Uint8Array | null> {
    const { provider, cipher } = this.#core;
    return makeRejoinAnswer(provider, request, {
      start: await this.#deps.start(replaced.leafKey),
      groupInfo: await cipher.exportGroupInfo(group),
      place,
      leafKey: cipher.ownLeafKey(group),
    });
  }
}
