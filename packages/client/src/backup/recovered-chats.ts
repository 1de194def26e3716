/**
 * The chats of a recovered account come back one by one (spec/account-backup.md, AB17 to AB19): each is asked for in its rejoin
 * inbox, by the schedule of the recovery work, until somebody in it lets this device in.
 *
 * RV1 A chat, and that it is back, are one save.
 */
import { bytesToHex } from "@xchat/codec";
import { accountIdOfBytes, accountIdToBytes, type Hex } from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import { ownAccount } from "../chat/authors.ts";
import { Chat } from "../chat/chat.ts";
import { recoveredConversation } from "../chat/new-chat.ts";
import { readerTargets } from "../chat/epochs.ts";
import { answerToFollow, GroupCache, judgeAnswer, knock, type ForkDeps, type JudgedAnswer } from "../fork/index.ts";
import type { Timer } from "../ports.ts";
import { Asking, type Followed, type GatheredAnswer } from "../rejoin/asking.ts";
import { Inboxes } from "../rejoin/inboxes.ts";
import { caughtUpChange } from "../rejoin/presence.ts";
import { askingChange, askingOf, REJOIN_KINDS } from "../rejoin/rejoin-parts.ts";
import type { SessionCore } from "../session-core.ts";
import type { RecoveredConversation } from "./backup-content.ts";
import type { Recovered } from "./recovered.ts";

const SECOND = 1_000;
/** AB17: a second loss is to cost nothing; but chats do not wait for ever for a node that takes the backup. */
const BACKUP_PATIENCE = 10 * 60 * SECOND;
const LOOK_FOR_BACKUP = 2 * SECOND;
const LOOK_AGAIN = 15 * SECOND;
const LONGEST_SLEEP = 60 * 60 * SECOND;

export interface RecoveredChatsHost {
  readonly core: SessionCore;
  readonly recovered: Recovered;
  readonly isBackedUp: () => boolean;
  /** A chat with this id, or with this person, is there. */
  readonly isKnown: (id: string, accountId: string | null) => boolean;
  /** It has been saved. */
  readonly adopt: (chat: Chat) => Promise<void>;
}

interface Asked {
  readonly asking: Asking;
  readonly inboxes: Inboxes;
}

export class RecoveredChats {
  readonly #host: RecoveredChatsHost;
  readonly #asked = new Map<Hex, Asked>();
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(host: RecoveredChatsHost) {
    this.#host = host;
  }

  async start(): Promise<void> {
    for (const id of this.#host.recovered.asked) await (await this.#open(id))?.asking.resume();
    await this.#goOn();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const id of [...this.#asked.keys()]) this.#forget(id);
  }

  // ---- below

  async #goOn(): Promise<void> {
    const { core, recovered, isBackedUp } = this.#host;
    for (;;) {
      if (this.#isClosed) return;
      const now = core.clock.now();
      const { effects, wakeAt } = recovered.due(now);
      const step = effects.find((effect) => effect.kind === "step");
      if (step === undefined) {
        for (const effect of effects) if (effect.kind === "rejoin") await this.#ask(effect.conversation);
        // What was said is asked for by the log, as what it lacks (AB19).
        for (const effect of effects) {
          if (effect.kind === "ask-history") await recovered.note({ ...effect, kind: "history-asked" });
        }
        this.#wakeIn(effects.length > 0 ? LOOK_AGAIN : wakeAt === null ? null : Math.max(SECOND, wakeAt - now));
        return;
      }
      const isPatient = now - recovered.recoveredAt < BACKUP_PATIENCE;
      if (step.step === "write-backup" && !isBackedUp() && isPatient) return this.#wakeIn(LOOK_FOR_BACKUP);
      await recovered.note({ kind: "step-done", step: step.step });
    }
  }

  #wakeIn(wait: number | null): void {
    this.#timer?.cancel();
    if (wait === null || this.#isClosed) return;
    const { clock, background } = this.#host.core;
    this.#timer = clock.after(Math.min(wait, LONGEST_SLEEP), () => background.run(this.#goOn()));
  }

  async #ask(id: Hex): Promise<void> {
    const { recovered, isKnown } = this.#host;
    const one = recovered.conversation(id);
    if (one === null || isKnown(id, accountOf(one))) return recovered.note({ kind: "joined", conversation: id });
    const known = this.#asked.get(id);
    const asked = known ?? (await this.#open(id));
    await recovered.note({ kind: "asked", conversation: id });
    if (asked === null) return;
    await (asked.asking.isUnderWay ? asked.asking.askNow() : asked.asking.begin("recovered"));
  }

  /** Reads its inbox. */
  async #open(id: Hex): Promise<Asked | null> {
    const { core, recovered } = this.#host;
    const one = recovered.conversation(id);
    if (one === null || one.rejoin === null) return null;
    const isClosed = (): boolean => this.#isClosed || !this.#asked.has(id);
    const inboxes = new Inboxes(core, {
      conversation: id,
      isClosed,
      // What answers say is read again after a restart, until the chat is here.
      isBusy: () => true,
      onMessage: (message) => {
        if (message.kind !== "answer") return;
        core.background.run(asking.take(message.requestHash, message.sealed));
      },
    });
    const asking = new Asking(core, {
      conversation: id,
      inboxes,
      isClosed,
      epoch: () => null,
      follow: (answers) => core.lane.run(() => this.#follow(id, one, answers)),
      onChange: () => core.topics.mark("recovery"),
      isByItself: false,
    });
    this.#asked.set(id, { asking, inboxes });
    asking.load(askingOf(id, await core.store.parts(id, REJOIN_KINDS)));
    await inboxes.set({ nodes: one.homeNodes, seeds: [bytesToHex(one.rejoin.seed)] });
    if (!isClosed()) core.readers.set(readerOf(id), readerTargets(inboxes.all), (delivered) => inboxes.take(delivered));
    return { asking, inboxes };
  }

  #forget(id: Hex): void {
    this.#asked.get(id)?.asking.close();
    this.#asked.delete(id);
    this.#host.core.readers.remove(readerOf(id));
  }

  /** Run in the lane of the person: one chat begins at a time. */
  async #follow(id: Hex, one: RecoveredConversation, answers: readonly GatheredAnswer[]): Promise<Followed> {
    const { core, recovered, isKnown, adopt } = this.#host;
    if (isKnown(id, accountOf(one))) return "needless";
    const deps = depsOf(core);
    const own = bytesToHex(accountIdToBytes(ownAccount(core)));
    const before = { conversation: id, ownAccount: own, wrapKeys: [], group: null, known: null };
    const judged: { readonly judged: JudgedAnswer; readonly gathered: GatheredAnswer }[] = [];
    for (const gathered of answers) {
      // RJ10: who has lost everything believes nobody that they are out.
      if (gathered.answer.kind === "out") continue;
      const found = await judgeAnswer(deps, before, gathered.answer);
      if (found !== null && isOfChat(one, found, own)) judged.push({ judged: found, gathered });
    }
    const followed = answerToFollow(
      before,
      judged.map((each) => each.judged),
    );
    if (followed === null || followed === "removed") return "none";
    const by = judged.find((each) => each.judged === followed) as (typeof judged)[number];
    const work = await knock(deps, before, followed, by.gathered.bundle);
    if (typeof work === "string" || this.#isClosed) return "none";
    const now = core.clock.now();
    const { read } = one;
    const { state, changes } = await recoveredConversation(
      core,
      { work, followed },
      {
        accountId: accountOf(one) ?? "",
        ...(read !== null && { readDepth: read.depth, readId: bytesToHex(read.id) }),
      },
    );
    const struckOut = [askingChange(id, null, now), caughtUpChange(id, now)];
    await recovered.note({ kind: "joined", conversation: id }, [...changes, ...struckOut]);
    const chat = new Chat(core, state);
    await adopt(chat);
    const leaf = state.side.leaves.find(({ account }) => account === accountOf(one));
    if (leaf !== undefined) await chat.learnChain(leaf.chain);
    this.#forget(id);
    return "followed";
  }
}

/** Apart from the chat's own reading, which begins when it is here. */
const readerOf = (id: Hex): string => `${id}/recovered`;

const accountOf = ({ account }: RecoveredConversation): string | null =>
  account === null ? null : accountIdOfBytes(account);

/** RJ10: of the kind that the backup names; in a chat of two nobody but the two is believed. */
function isOfChat({ kind, account }: RecoveredConversation, { state, offer }: JudgedAnswer, own: Hex): boolean {
  if (kind === "group") return state.kind === "group";
  const theirs = account === null ? "" : bytesToHex(account);
  const people = state.pair?.accounts.map((one) => bytesToHex(accountIdToBytes(one))) ?? [];
  return people.includes(own) && people.includes(theirs) && (offer.signer === theirs || offer.signer === own);
}

const depsOf = ({ cipher, provider, store, clock }: SessionCore): ForkDeps => ({
  cipher,
  provider,
  store,
  cache: new GroupCache(),
  now: () => clock.now(),
  random: () => randomFraction(provider),
});
