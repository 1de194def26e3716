/**
 * Who may be let in by a link, by whom, and what a newcomer takes for an answer (spec/group-link.md, sections 5 and 6).
 *
 * GL7 A request counts by a link that is in the state, sound, in force, and made by somebody who is still a member; and only
 *     while its writer still looks for the answer. Nobody is added who is in, or whom the person has blocked.
 * GL9 A Welcome counts for the group of the card, with a leaf of one's own, and with the maker of the link among the members:
 *     a link lets nobody in once its maker has gone.
 */
import type { CryptoProvider } from "@xchat/crypto";
import { isLinkInForce } from "../group-state/change.ts";
import type { GroupLeaf } from "../group-state/leaf.ts";
import { mayAct, RANK, rankOf, type Standing } from "../group-state/roles.ts";
import type { GroupState, JoinLink } from "../group-state/state.ts";
import type { AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import { isSoundLink } from "./link-keys.ts";

const DAY = 86_400_000;
/** Of one attempt: then the newcomer asks anew. */
export const ANSWER_WAIT_MS = 14 * DAY;
/** A day less, so that whoever is let in still looks. */
export const MAX_ANSWERED_AGE_MS = 13 * DAY;

/** Links by which somebody can come in now. */
export const liveLinks = (provider: CryptoProvider, group: Standing, now: number): readonly JoinLink[] =>
  group.state.links.filter(
    (link) => isLinkInForce(link, now) && group.present.has(link.by) && isSoundLink(provider, link),
  );

/** Whether this person's yes, or their device's, lets somebody in by this link. */
export const mayLetIn = (group: Standing, self: AccountId, { needsApproval }: JoinLink): boolean =>
  mayAct(group, self, group.state.permissions.add) && (!needsApproval || rankOf(group, self) >= RANK.admin);

export type JoinRefusal = "link-not-in-force" | "not-yours-to-answer" | "already-in" | "blocked" | "too-old";

export interface JoinQuestion {
  /** Hash of the link. */
  readonly link: Hex;
  readonly account: AccountId;
  readonly createdAt: number;
  /** By the person whose device answers. */
  readonly isBlocked: boolean;
}

/** GL7. `null`: they can be let in. */
export function judgeJoin(
  provider: CryptoProvider,
  group: Standing,
  self: AccountId,
  { link, account, createdAt, isBlocked }: JoinQuestion,
  now: number,
): JoinRefusal | null {
  const live = liveLinks(provider, group, now).find(({ hash }) => hash === link);
  if (live === undefined) return "link-not-in-force";
  if (!mayLetIn(group, self, live)) return "not-yours-to-answer";
  if (group.present.has(account)) return "already-in";
  if (isBlocked) return "blocked";
  return now - createdAt > MAX_ANSWERED_AGE_MS ? "too-old" : null;
}

export type JoinedRefusal = "another-group" | "not-a-group" | "own-leaf-missing" | "maker-missing";

/** GL9. What a Welcome leads to; its leaves have been verified. */
export function judgeJoined(
  asked: { readonly group: Hex; readonly by: AccountId; readonly self: AccountId; readonly leafKey: Hex },
  joined: { readonly group: Hex; readonly state: GroupState; readonly leaves: readonly GroupLeaf[] },
): JoinedRefusal | null {
  const { state, leaves } = joined;
  if (joined.group !== asked.group) return "another-group";
  if (state.kind !== "group") return "not-a-group";
  if (!leaves.some(({ account, leafKey }) => account === asked.self && leafKey === asked.leafKey))
    return "own-leaf-missing";
  return leaves.some(({ account }) => account === asked.by) ? null : "maker-missing";
}

/** Links that whoever may change them marks as revoked: over, or of somebody who has gone. */
export function staleLinks(group: Standing, self: AccountId, now: number): readonly JoinLink[] {
  const isAdmin = rankOf(group, self) >= RANK.admin;
  return group.state.links.filter(({ isRevoked, by, expiresAt }) => {
    if (isRevoked || (!isAdmin && by !== self)) return false;
    return !group.present.has(by) || (expiresAt !== null && expiresAt <= now);
  });
}
