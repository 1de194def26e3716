/**
 * What a chat has to do with coming back (spec/rejoin.md): it reads the rejoin inboxes, answers whoever asks there, and asks
 * itself when it has fallen out, or was away for longer than mailboxes keep.
 */
import { bytesToHex } from "@xchat/codec";
import {
  accountIdOfBytes,
  accountIdToBytes,
  doubtDue,
  isSure,
  type AccountId,
  type Hex,
  type OfferedGroup,
  type RejoinMessage,
} from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import { ownAccount, toBytes } from "../chat/authors.ts";
import { hasOpenCommit } from "../chat/committing.ts";
import { logStart } from "../chat/log-start.ts";
import { offerAgain } from "../chat/forks.ts";
import { comeBack } from "../chat/come-back.ts";
import { takeChain, tellOnce } from "../chat/contact-news.ts";
import { endChat } from "../chat/enter.ts";
import { isPeerOut } from "../chat/gone.ts";
import type { ChatState, Step } from "../chat/step.ts";
import { forkDeps } from "../chat/fork-deps.ts";
import type { Delivered } from "../delivery/readers.ts";
import {
  answerToFollow,
  beforeOf,
  judgeAnswer,
  judgeOut,
  knock,
  placeOf,
  sealing,
  type Before,
  type JudgedAnswer,
} from "../fork/index.ts";
import type { Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { Answering, type AnsweringGround } from "./answering.ts";
import { Asking, type Followed, type GatheredAnswer } from "./asking.ts";
import { Inboxes, type Inbox } from "./inboxes.ts";
import { caughtUpChange, Presence } from "./presence.ts";
import {
  answeredOf,
  askingChange,
  askingOf,
  broughtByChange,
  broughtByOf,
  REJOIN_KINDS,
  type AskingReason,
  type AskingState,
} from "./rejoin-parts.ts";

const SECOND = 1_000;
/** Envelopes lie at nodes for twice as long. */
const KNOCK_PATIENCE = 7 * 86_400_000;

export interface RejoinDeps {
  readonly conversation: Hex;
  readonly state: () => ChatState;
  readonly isClosed: () => boolean;
  readonly step: <T>(work: (step: Step) => Promise<T>) => Promise<T>;
  readonly readMailboxes: () => void;
  /** This device has caught up with a node, and is in its place as far as it can know. */
  readonly onPresent: () => Promise<void>;
}

export class Rejoin {
  readonly #core: SessionCore;
  readonly #deps: RejoinDeps;
  readonly #inboxes: Inboxes;
  readonly #asking: Asking;
  readonly #answering: Answering;
  readonly #presence: Presence;
  #knockTimer: Timer | null = null;
  #doubt: { readonly timer: Timer; readonly due: number } | null = null;
  #doubtedAt: number | null = null;
  /** RJ14: by whose word this device stands where it stands. */
  #broughtBy: AccountId | null = null;

  constructor(core: SessionCore, deps: RejoinDeps) {
    this.#core = core;
    this.#deps = deps;
    const { conversation, isClosed } = deps;
    this.#inboxes = new Inboxes(core, {
      conversation,
      isClosed,
      isBusy: () => this.#asking.isUnderWay || this.#answering.isBusy,
      onMessage: (message, inbox) => core.background.run(this.#take(message, inbox)),
    });
    this.#asking = new Asking(core, {
      conversation,
      inboxes: this.#inboxes,
      isClosed,
      epoch: () => this.#epochName(),
      follow: (answers, asked) => this.#follow(answers, asked),
      onChange: () => core.topics.mark("chats"),
      isByItself: true,
    });
    this.#answering = new Answering(core, {
      conversation,
      inboxes: this.#inboxes,
      isClosed,
      side: () => deps.state().side,
      ownAccount: () => ownAccount(core),
      ownDevice: () => this.#ownDevice(),
      ground: () => this.#ground(),
      isSure: () => isSure(deps.state().fork.session),
      start: (replaced) => deps.step((step) => logStart(step, replaced)),
      onAsker: (account, chain) => this.#learnChain(account, chain),
    });
    this.#presence = new Presence(core, {
      conversation,
      isClosed,
      epoch: () => deps.state().fork.session.head,
      isConnected: () => deps.state().side.state.homeNodes.some((hint) => core.pool.access(hint).state === "ready"),
      onPresent: () => deps.onPresent(),
      onAway: () => this.#asking.begin("away"),
    });
  }

  /** Before the chat begins to read. */
  async load(): Promise<void> {
    const { conversation } = this.#deps;
    const parts = await this.#core.store.parts(conversation, REJOIN_KINDS);
    this.#asking.load(askingOf(conversation, parts));
    this.#answering.load(answeredOf(conversation, parts));
    this.#broughtBy = broughtByOf(conversation, parts);
    await this.#presence.load();
    await this.#place();
  }

  /** Goes on with what a restart has interrupted. */
  async start(): Promise<void> {
    if (this.#deps.state().fork.knock !== null) await this.#deps.step(async (step) => offerAgain(step));
    await this.#asking.resume();
    if (this.#deps.state().fork.session.standing === "outside") await this.#asking.begin("fallen-out");
    this.#watchKnock();
  }

  close(): void {
    this.#asking.close();
    this.#answering.close();
    this.#presence.close();
    this.#knockTimer?.cancel();
    this.#doubt?.timer.cancel();
  }

  /** The mailboxes to be read, in the form of epochs. */
  get places(): readonly Pick<Inbox, "nodes">[] {
    return this.#inboxes.all;
  }

  /** What of it did not come from a rejoin inbox. */
  take(delivered: Delivered): Delivered {
    return this.#inboxes.take(delivered);
  }

  /** The group has moved: its inboxes may be other ones. */
  async moved(): Promise<void> {
    if (this.#deps.state().record.state === "ended") return this.#asking.giveUp();
    if (await this.#place()) this.#deps.readMailboxes();
    this.#watchKnock();
  }

  /** A node has given all that it has. */
  caughtUp(): Promise<void> {
    return this.#presence.caughtUp();
  }

  /** The rule of forks says so. */
  fallenOut(): Promise<void> {
    return this.#asking.begin("fallen-out");
  }

  /**
   * RJ16: somebody has said that the others are elsewhere. What lies at the nodes may still show that this is so, or not; and
   * of many who hear it not all ask together. `by`: the account that says so, where it has been here.
   */
  doubt(by: Hex | null): void {
    if (this.#asking.isUnderWay) return;
    const { clock, provider, background } = this.#core;
    const isBelieved = by !== null && [accountHex(ownAccount(this.#core)), accountHex(this.#broughtBy)].includes(by);
    const due = doubtDue(clock.now(), this.#doubtedAt, isBelieved);
    if (this.#doubt !== null && this.#doubt.due <= due) return;
    this.#doubt?.timer.cancel();
    const spread = SECOND * this.#deps.state().side.leaves.length * randomFraction(provider);
    const timer = clock.after(due - clock.now() + spread, () => {
      this.#doubt = null;
      this.#doubtedAt = clock.now();
      if (this.#deps.isClosed() || this.#deps.state().record.state !== "active") return;
      background.run(this.#asking.begin("doubt"));
    });
    this.#doubt = { timer, due };
  }

  // ---- below

  #place(): Promise<boolean> {
    const { state } = this.#deps.state().side;
    return this.#inboxes.set({ nodes: state.homeNodes, seeds: state.rejoin.map(({ seed }) => seed) });
  }

  async #take(message: RejoinMessage, inbox: Inbox): Promise<void> {
    if (message.kind === "request") return this.#answering.take(message.request, inbox);
    this.#answering.sawAnswer(message.requestHash);
    await this.#asking.take(message.requestHash, message.sealed);
  }

  #epochName(): Uint8Array | null {
    const { fork } = this.#deps.state();
    const place = placeOf(fork, fork.session.head);
    return place === null ? null : toBytes(place.name);
  }

  #ownDevice(): Hex {
    const { side, log } = this.#deps.state();
    return side.leaves.find(({ leafKey }) => leafKey === log.self)?.deviceKey ?? "";
  }

  /** Section 3: settled in its epoch, and no commit known that ends it. */
  #ground(): AnsweringGround | null {
    const { fork, group, record } = this.#deps.state();
    const { head, facts } = fork.session;
    const place = placeOf(fork, head);
    const isEnding = hasOpenCommit(fork) || facts.candidates.some(({ parent }) => parent === head);
    // Who does not know whether the others are here shows nobody the way.
    if (this.#asking.state?.reason === "doubt") return null;
    if (place === null || record.state !== "active" || sealing(fork) !== "open" || isEnding) return null;
    const nodes = place.nodes.map(({ hint, mailbox }) => ({ hint, seed: mailbox.seed }));
    return { group, place: { wrapKey: place.wrapKey, nodes } };
  }

  /** ID21: somebody who asks shows the chain that they have now. */
  #learnChain(account: AccountId, chain: Uint8Array): Promise<void> {
    return this.#deps.step(async (step) => {
      await takeChain(step, account, chain);
      const contact = step.contact(account);
      const isPair = step.state.record.accountId === account;
      if (!isPair || contact === undefined || !isPeerOut(step.state.side, account, contact.chain)) return;
      // It may have become known elsewhere; here is where it is looked for.
      tellOnce(step, "recovered", contact.chain);
    });
  }

  // ---- below: following

  async #follow(answers: readonly GatheredAnswer[], asked: AskingState): Promise<Followed> {
    const outcome = await this.#followIn(answers, asked);
    if (outcome !== "followed" && outcome !== "needless") return outcome;
    this.#presence.present(this.#core.clock.now());
    await this.#deps.onPresent();
    return outcome;
  }

  #followIn(answers: readonly GatheredAnswer[], { reason, since }: AskingState): Promise<Followed> {
    return this.#deps.step(async (step): Promise<Followed> => {
      const { fork, group, forkCache } = step.state;
      if (step.state.record.state === "ended") return "removed";
      const deps = forkDeps(step.core, forkCache, group);
      const before = beforeOf(fork, group);
      const { judged, outs } = await this.#judge(step, before, answers);
      const isInside = fork.session.standing === "member";
      const asks = step.core.clock.now() - since;
      const followed = answerToFollow(
        before,
        judged.map((one) => one.judged),
        outs,
        { broughtBy: accountHex(this.#broughtBy), isInside: isInside && reason === "doubt", asks },
      );
      if (followed === null) return "none";
      if (followed === "removed") {
        await endChat(step, null);
        step.changes.push(this.#struckOut());
        step.errands.push({ kind: "moved" });
        return "removed";
      }
      if (isInside && isNeedless(step, followed, reason)) return "needless";
      const by = judged.find((one) => one.judged === followed) as (typeof judged)[number];
      const work = await knock(deps, before, followed, by.gathered.bundle);
      if (typeof work === "string") return "none";
      await comeBack(step, work, followed);
      const now = step.core.clock.now();
      const witness = accountIdOfBytes(toBytes(followed.offer.signer));
      step.changes.push(this.#struckOut(), caughtUpChange(step.id, now), broughtByChange(step.id, witness, now));
      step.after.push(() => {
        this.#broughtBy = witness;
      });
      return "followed";
    });
  }

  async #judge(step: Step, before: Before, answers: readonly GatheredAnswer[]): Promise<Judged> {
    const { side } = step.state;
    const judged: Judged["judged"][number][] = [];
    const outs: OfferedGroup[] = [];
    for (const gathered of answers) {
      const { answer } = gathered;
      if (answer.kind === "out") {
        const out = before.known === null ? null : judgeOut(side.leaves, answer, before.known);
        if (out !== null) outs.push(out);
        continue;
      }
      const one = await judgeAnswer(step.core, before, answer);
      if (one !== null) judged.push({ judged: one, gathered });
    }
    return { judged, outs };
  }

  #struckOut(): ReturnType<typeof askingChange> {
    return askingChange(this.#deps.conversation, null, this.#core.clock.now());
  }

  /** Nobody has let it in though its commit was offered: what lay at the nodes is gone by now. */
  #watchKnock(): void {
    this.#knockTimer?.cancel();
    this.#knockTimer = null;
    const { fork } = this.#deps.state();
    if (fork.knock === null || this.#deps.isClosed()) return;
    const { hash } = fork.knock;
    this.#knockTimer = this.#core.clock.after(KNOCK_PATIENCE, () => {
      if (this.#deps.state().fork.knock?.hash !== hash) return;
      this.#core.background.run(this.#asking.begin("fallen-out"));
    });
  }
}

interface Judged {
  readonly judged: readonly { readonly judged: JudgedAnswer; readonly gathered: GatheredAnswer }[];
  readonly outs: readonly OfferedGroup[];
}

const accountHex = (account: AccountId | null): Hex | null =>
  account === null ? null : bytesToHex(accountIdToBytes(account));

/** The answer is of where this device stands already. */
function isNeedless(step: Step, followed: JudgedAnswer, reason: AskingReason): boolean {
  if (reason === "doubt") return followed.offer.isOwnPlace;
  return reason === "away" && isWhereOthersAre(step, followed);
}

/** The same epoch, with the same leaves: nothing was missed. */
function isWhereOthersAre(step: Step, { preview, answer }: JudgedAnswer): boolean {
  const { group, side, log } = step.state;
  const told = answer.start.tips.find(({ author }) => author === log.self)?.sequence ?? -1;
  // Somebody has more of this device than it has itself: it is an old copy.
  if (told > (log.authors.get(log.self)?.tip?.sequence ?? -1)) return false;
  const there = new Set(preview.members.map(({ signatureKey }) => bytesToHex(signatureKey)));
  return (
    preview.epoch <= group.epoch &&
    there.size === side.leaves.length &&
    side.leaves.every(({ leafKey }) => there.has(leafKey))
  );
}
