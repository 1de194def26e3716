/**
 * Who is answered in a rejoin inbox and when, and which answer is taken (spec/rejoin.md).
 *
 * RJ5 An account is answered at most four times an hour by one device, and a request once.
 * RJ6 Owner and admins answer within 10 s; members after half a minute to a minute, and only where fewer than three answers
 *     lie there, or the request has been made before.
 * RJ7 Of the answers, that of who ranks highest in the last epoch that the asker knew is taken; never one in whose group the
 *     owner is another, or its signer has risen. That the asker is out is believed of who ranks above them, or of an own
 *     device.
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
  const lately = given.filter((one) => one.account === account && now - one.at < HOUR);
  return lately.length < MAX_ANSWERS_AN_HOUR;
}

export const isAnswered = ({ given }: AnsweredRejoins, request: Hex): boolean =>
  given.some((one) => one.request === request);

export const withAnswer = ({ given }: AnsweredRejoins, answer: AnsweredRejoins["given"][number]): AnsweredRejoins => ({
  given: [...given, answer].slice(-MAX_REMEMBERED),
});

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

/** What an answer says of the group, once its GroupInfo has been checked in full. */
export interface OfferedGroup {
  /** Account. */
  readonly signer: Hex;
  readonly epoch: number;
  readonly policy: EpochPolicy;
  /** The asker's account has a leaf in it. */
  readonly hasAsker: boolean;
}

/**
 * RJ7. Index of the answer; `removed` when the best one says so; `null` when none can be taken. `known` null: who has lost
 * everything knows no ranks, and goes by those that the answers agree on.
 */
export function chooseAnswer(
  known: EpochPolicy | null,
  asker: Hex,
  offers: readonly OfferedGroup[],
): number | "removed" | null {
  if (known === null) return chooseUnknown(offers);
  const owner = ownerOf(known);
  const own = levelOf(known, asker);
  const usable = offers
    .map((offer, index) => ({ offer, index, level: levelOf(known, offer.signer) }))
    .filter(({ offer, level }) => {
      const now = ownerOf(offer.policy);
      const isSameOwner = now === null || owner === null || now === owner;
      const isBelieved = offer.hasAsker || level > own || offer.signer === asker;
      return isSameOwner && isBelieved && levelOf(offer.policy, offer.signer) <= level;
    })
    .toSorted((a, b) => b.level - a.level || b.offer.epoch - a.offer.epoch || a.index - b.index);
  const [best] = usable;
  if (best === undefined) return null;
  return best.offer.hasAsker ? best.index : "removed";
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
