/**
 * Who is answered in a rejoin inbox and when, and which answer is taken (spec/rejoin.md).
 *
 * RJ5 An account is answered at most four times an hour by one device, all together 64 times, and a request once.
 * RJ6 Owner and admins answer within 10 s; members after half a minute to a minute, and only where fewer than three answers
 *     lie there, or the request has been made before.
 * RJ7 Of the answers, that of who ranks highest in the last epoch that the asker knew is taken; never one in whose group the
 *     owner is another, or its signer has risen.
 * RJ14 That the asker is out is believed of an own device; when it has asked for an hour, of who ranks above; when it has
 *     asked for a day and nobody says otherwise, of whoever had brought it in.
 * RJ16 Who asks in doubt and stands where they stood goes only where one of these says; after a day where anybody does. Nobody
 *     is made to ask all the time.
 */
import { levelOf, type EpochPolicy } from "../fork/facts.ts";
import { externalRefusal } from "../group-state/judge.ts";
import type { ChainRules, GroupLeaf } from "../group-state/leaf.ts";
import { standing } from "../group-state/roles.ts";
import type { GroupState } from "../group-state/state.ts";
import type { AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export const MAX_ANSWERS_AN_HOUR = 4;
/** A word that makes everybody ask (RJ15) must not make everybody answer everybody. */
export const MAX_ANSWERS_IN_ALL = 64;
export const STRANGERS_AN_HOUR = 16;
const MAX_REMEMBERED = 1_024;
const ENOUGH_ANSWERS = 3;
const RANKED_SPREAD = 10 * SECOND;
const MEMBER_DELAY = 30 * SECOND;

/** What a device remembers of its answers. */
export interface AnsweredRejoins {
  /** Newest last. */
  readonly given: readonly { readonly account: AccountId; readonly request: Hex; readonly at: number }[];
}

export const noAnswers: AnsweredRejoins = { given: [] };

/** RJ5. */
export function mayAnswer({ given }: AnsweredRejoins, account: AccountId, now: number): boolean {
  const lately = given.filter((one) => now - one.at < HOUR);
  const theirs = lately.filter((one) => one.account === account);
  return theirs.length < MAX_ANSWERS_AN_HOUR && lately.length < MAX_ANSWERS_IN_ALL;
}

export const isAnswered = ({ given }: AnsweredRejoins, request: Hex): boolean =>
  given.some((one) => one.request === request);

export const withAnswer = ({ given }: AnsweredRejoins, answer: AnsweredRejoins["given"][number]): AnsweredRejoins => ({
  given: [...given, answer].slice(-MAX_REMEMBERED),
});

/**
 * RJ13: requests of accounts that are not here, by the times when they were looked at, with one more; `null` where that is
 * too many for an hour.
 */
export function withStranger(times: readonly number[], now: number): readonly number[] | null {
  const lately = times.filter((at) => Math.abs(now - at) < HOUR);
  return lately.length < STRANGERS_AN_HOUR ? [...lately, now] : null;
}

/** RJ6: how long to wait before answering. `random` in [0, 1). */
export const answerDelay = (level: number, random: number): number =>
  level > 0 ? RANKED_SPREAD * random : MEMBER_DELAY * (1 + random);

/** RJ6: asked when the wait is over. Answers are sealed, so nobody can tell a good one from rubbish. */
export const isAnswerWanted = (level: number, request: { readonly attempt: number }, answersThere: number): boolean =>
  level > 0 || request.attempt > 0 || answersThere < ENOUGH_ANSWERS;

/** The leaf that a newcomer may replace (GE10, GR4); `null` where there is none. */
export const leafToReplace = (
  state: GroupState,
  leaves: readonly GroupLeaf[],
  newcomer: GroupLeaf,
  chains?: ChainRules,
): GroupLeaf | null =>
  leaves.find((old) => {
    const commit = { committer: newcomer, added: [], removed: [old], state: null, isExternal: true };
    return externalRefusal(standing(state, leaves), leaves, commit, chains) === null;
  }) ?? null;

/** RJ14: by then everybody who is awake and knows better has said so. */
export const OUT_PATIENCE = HOUR;
/** RJ14, RJ16: the same, where it is the word of an equal. */
export const DOUBT_PATIENCE = 24 * HOUR;

/** What is said in a mailbox is read in any order. */
const DOUBT_AFTER = 60 * SECOND;

/**
 * RJ16: when a device asks to which somebody says that the others are elsewhere. `isBelieved`: an own device, or the one by
 * whose word it came to where it stands. `doubtedAt`: when it last asked for that; null for never.
 */
export const doubtDue = (now: number, doubtedAt: number | null, isBelieved: boolean): number =>
  Math.max(now + DOUBT_AFTER, doubtedAt === null ? 0 : doubtedAt + (isBelieved ? HOUR : DOUBT_PATIENCE));

/** What an answer says of the group, once it has been checked in full. */
export interface OfferedGroup {
  /** Account. */
  readonly signer: Hex;
  /** 0 where it says that the asker is out. */
  readonly epoch: number;
  readonly policy: EpochPolicy;
  /** The asker's account has a leaf in it. */
  readonly hasAsker: boolean;
  /** It is of an epoch that the asker knows. */
  readonly isOwnPlace: boolean;
}

/** Who asks. */
export interface Asker {
  readonly account: Hex;
  /** The last epoch that it knew; null: who has lost everything knows no ranks, and goes by those that the answers agree on. */
  readonly known: EpochPolicy | null;
  /** The account whose word brought it to where it stands; null for its own, or one that is not known. */
  readonly broughtBy: Hex | null;
  /** RJ16: it has not fallen out, and stands where it stood. */
  readonly isInside: boolean;
  /** Milliseconds since it began to ask. */
  readonly asks: number;
}

/** RJ7, RJ14, RJ16. Index of the answer; `removed` when the best one says so; `null` when none can be taken. */
export function chooseAnswer(asker: Asker, offers: readonly OfferedGroup[]): number | "removed" | null {
  const { known } = asker;
  if (known === null) return chooseUnknown(offers);
  const owner = ownerOf(known);
  const isContested = offers.some(({ hasAsker }) => hasAsker);
  const usable = offers
    .map((offer, index) => ({ offer, index, level: levelOf(known, offer.signer) }))
    .filter(({ offer, level }) => {
      const now = ownerOf(offer.policy);
      const isSameOwner = now === null || owner === null || now === owner;
      const rank = { isOwn: offer.signer === asker.account, isAbove: level > levelOf(known, asker.account) };
      const isUsable = offer.hasAsker ? mayGo(asker, offer, rank) : isOut(asker, offer, { ...rank, isContested });
      return isSameOwner && isUsable && levelOf(offer.policy, offer.signer) <= level;
    })
    .toSorted(
      (a, b) =>
        b.level - a.level ||
        Number(b.offer.hasAsker) - Number(a.offer.hasAsker) ||
        b.offer.epoch - a.offer.epoch ||
        a.index - b.index,
    );
  const [best] = usable;
  if (best === undefined) return null;
  return best.offer.hasAsker ? best.index : "removed";
}

interface Rank {
  readonly isOwn: boolean;
  readonly isAbove: boolean;
}

/** RJ16: an equal must not lead somebody away from where the others are. */
function mayGo(asker: Asker, { signer, isOwnPlace }: OfferedGroup, { isOwn, isAbove }: Rank): boolean {
  if (!asker.isInside || isOwnPlace || isOwn || isAbove) return true;
  return signer === asker.broughtBy || asker.asks >= DOUBT_PATIENCE;
}

/** RJ14: a former superior, who was removed where the asker has not been yet, must not be faster than those who are there. */
function isOut(
  { broughtBy, asks }: Asker,
  { signer }: OfferedGroup,
  { isOwn, isAbove, isContested }: Rank & { readonly isContested: boolean },
): boolean {
  if (isOwn || (isAbove && asks >= OUT_PATIENCE)) return true;
  return signer === broughtBy && asks >= DOUBT_PATIENCE && !isContested;
}

/** RJ10: the group that most of those who answer are in; of them the highest there, then the greatest epoch. */
function chooseUnknown(offers: readonly OfferedGroup[]): number | null {
  const usable = offers.map((offer, index) => ({ offer, index })).filter(({ offer }) => offer.hasAsker);
  const agreed = new Map<Hex | null, Set<Hex>>();
  for (const { offer } of usable) {
    const owner = ownerOf(offer.policy);
    agreed.set(owner, (agreed.get(owner) ?? new Set()).add(offer.signer));
  }
  const weight = (offer: OfferedGroup): number => agreed.get(ownerOf(offer.policy))?.size ?? 0;
  const [best] = usable.toSorted(
    (a, b) =>
      weight(b.offer) - weight(a.offer) ||
      levelOf(b.offer.policy, b.offer.signer) - levelOf(a.offer.policy, a.offer.signer) ||
      b.offer.epoch - a.offer.epoch ||
      a.index - b.index,
  );
  return best?.index ?? null;
}

const ownerOf = ({ roles }: EpochPolicy): Hex | null => [...roles].find(([, role]) => role === "owner")?.[0] ?? null;
