/**
 * The rule by which every receiver judges every commit, external ones too, before it is applied (spec/group.md,
 * section 4). It depends on the group's own state alone: no clock, no order of arrival, no list of contacts. So all
 * members judge the same, and what is refused here is refused by everyone.
 *
 * GR2 Only who has a leaf commits; or takes the place of an own leaf by an external commit.
 * GR3 A removal and a change of the state are two commits, the removal first.
 * GR4 An external commit replaces exactly one leaf, of the same account, whose device is the newcomer's own or one that
 *     the newcomer's chain has removed; it does nothing else.
 * GR5 A leaf is removed by its own account; by anyone, when its account has said that it leaves; or by someone who ranks
 *     above its account and is at least admin. So two people can never validly remove each other.
 * GR6 The first leaves of an account come in by someone who may add; further ones by the account alone.
 * GR7 A device comes in only where no leaf of its account has a chain that removed it, and has one leaf at most.
 * GR8 Who was removed does not come back in the same commit, nor with a role from before.
 * GR9 Accounts, leaves and devices of an account are bounded.
 */
import { err, ok, type Result } from "@xchat/codec";
import type { AccountId } from "../identity/account-id.ts";
import { MAX_DEVICES } from "../identity/operation.ts";
import type { GroupAction } from "./actions.ts";
import { describeMembership, describeState } from "./describe.ts";
import { judgeState, type StateRefusal } from "./judge-state.ts";
import { identityChains, type ChainRules, type GroupLeaf } from "./leaf.ts";
import { mayAct, RANK, rankOf, standing, type Rank, type Standing } from "./roles.ts";
import { MAX_GROUP_ACCOUNTS, MAX_GROUP_LEAVES, type GroupState } from "./state.ts";

export type MembershipRefusal =
  | "not-a-group"
  | "committer-outside"
  | "removed-outside"
  | "removes-itself"
  | "removal-with-policy"
  | "removal-without-authority"
  | "removed-and-added"
  | "addition-not-permitted"
  | "adds-another-account"
  | "device-of-another"
  | "device-removed"
  | "device-already-in"
  | "leaf-key-already-in"
  | "listed-from-before"
  | "too-many-devices"
  | "too-many-accounts"
  | "too-many-leaves"
  | "external-not-own-leaf";

export type CommitRefusal = MembershipRefusal | StateRefusal;

export interface CommitDescription {
  /** Of an external commit: the newcomer. */
  readonly committer: GroupLeaf;
  /** Of an external commit: nobody, or the newcomer. */
  readonly added: readonly GroupLeaf[];
  readonly removed: readonly GroupLeaf[];
  /** Encoded; `null` where it stays. */
  readonly state: Uint8Array | null;
  readonly isExternal: boolean;
}

export interface JudgedCommit {
  readonly after: GroupState;
  readonly leaves: readonly GroupLeaf[];
  /**
   * The rank with which a fork rule weighs the commit: the committer's, and at least an admin's where devices of their
   * own account are removed.
   */
  readonly authority: Rank;
  readonly by: AccountId;
  readonly whatHappened: readonly GroupAction[];
}

/** Credentials and signatures have been verified by then. Never throws, whatever the commit. */
export function judgeCommit(
  before: GroupState,
  leaves: readonly GroupLeaf[],
  commit: CommitDescription,
  chains: ChainRules = identityChains,
): Result<JudgedCommit, { readonly reason: CommitRefusal }> {
  if (before.kind === "pair") return err({ reason: "not-a-group" });
  const group = standing(before, leaves);
  const reason = commit.isExternal
    ? externalRefusal(group, leaves, commit, chains)
    : (shapeRefusal(leaves, commit) ?? removalRefusal(group, commit) ?? additionRefusal(group, leaves, commit, chains));
  if (reason !== null) return err({ reason });
  const leavesAfter = apply(leaves, commit);
  const crowded = sizeRefusal(leavesAfter);
  if (crowded !== null) return err({ reason: crowded });
  const after = judgeState(group, leavesAfter, commit);
  if (!after.ok) return after;
  const next = after.value ?? before;
  const cameBack = commit.isExternal ? null : returnRefusal(group, commit, next, leavesAfter);
  if (cameBack !== null) return err({ reason: cameBack });
  return ok({
    after: next,
    leaves: leavesAfter,
    authority: authorityOf(group, commit),
    by: commit.committer.account,
    whatHappened: [...describeMembership(group, leavesAfter, commit), ...describeState(before, next, leavesAfter)],
  });
}

/** The leaves after a commit that was found good. */
export function apply(leaves: readonly GroupLeaf[], commit: CommitDescription): readonly GroupLeaf[] {
  const gone = new Set(commit.removed.map(({ leafKey }) => leafKey));
  const added = commit.isExternal ? [commit.committer] : commit.added;
  return [...leaves.filter(({ leafKey }) => !gone.has(leafKey)), ...added];
}

/** GR2, GR3, and what no commit of MLS may do either: judged here so that nothing rests on a library. */
function shapeRefusal(leaves: readonly GroupLeaf[], commit: CommitDescription): MembershipRefusal | null {
  const { committer, added, removed, state } = commit;
  const keys = new Map(leaves.map((leaf) => [leaf.leafKey, leaf]));
  if (keys.get(committer.leafKey)?.account !== committer.account) return "committer-outside";
  if (removed.some(({ leafKey }) => leafKey === committer.leafKey)) return "removes-itself";
  if (removed.some(({ leafKey, account }) => keys.get(leafKey)?.account !== account)) return "removed-outside";
  if (removed.length > 0 && state !== null) return "removal-with-policy";
  const newKeys = new Set(added.map(({ leafKey }) => leafKey));
  const isTaken = newKeys.size < added.length || added.some(({ leafKey }) => keys.has(leafKey));
  return isTaken ? "leaf-key-already-in" : null;
}

/** GR5. */
function removalRefusal(group: Standing, { committer, removed }: CommitDescription): MembershipRefusal | null {
  const own = rankOf(group, committer.account);
  for (const { account } of removed) {
    if (account === committer.account || group.state.leaving.includes(account)) continue;
    // Who ranks above a member is admin at least.
    if (own <= rankOf(group, account)) return "removal-without-authority";
  }
  return null;
}

/** GR6 to GR8. */
function additionRefusal(
  group: Standing,
  leaves: readonly GroupLeaf[],
  { committer, added, removed }: CommitDescription,
  chains: ChainRules,
): MembershipRefusal | null {
  const gone = new Set(removed.map(({ leafKey }) => leafKey));
  const removedAccounts = new Set(removed.map(({ account }) => account));
  const staying = leaves.filter(({ leafKey }) => !gone.has(leafKey));
  const beside = [...staying];
  for (const leaf of added) {
    if (leaf.account !== committer.account) {
      if (group.state.kind === "devices") return "adds-another-account";
      if (group.present.has(leaf.account)) {
        return removedAccounts.has(leaf.account) ? "removed-and-added" : "device-of-another";
      }
      if (!mayAct(group, committer.account, group.state.permissions.add)) return "addition-not-permitted";
    }
    const siblings = beside.filter(({ account }) => account === leaf.account);
    if (siblings.some(({ deviceKey }) => deviceKey === leaf.deviceKey)) return "device-already-in";
    if (!siblings.every((sibling) => chains.admits(sibling, leaf))) return "device-removed";
    beside.push(leaf);
  }
  return null;
}

/** GR8: an account that comes in anew is on no list from before; a role in the new state was given by authority. */
function returnRefusal(
  group: Standing,
  { added, state }: CommitDescription,
  after: GroupState,
  leavesAfter: readonly GroupLeaf[],
): MembershipRefusal | null {
  if (state !== null) return null;
  const next = standing(after, leavesAfter);
  const isListed = added.some(
    ({ account }) =>
      !group.present.has(account) && (rankOf(next, account) > RANK.member || after.leaving.includes(account)),
  );
  return isListed ? "listed-from-before" : null;
}

/** GR4. In a pair as well: somebody who has lost every device comes back by it. */
export function externalRefusal(
  group: Standing,
  leaves: readonly GroupLeaf[],
  { committer, added, removed, state }: CommitDescription,
  chains: ChainRules = identityChains,
): MembershipRefusal | null {
  if (!group.present.has(committer.account)) return "committer-outside";
  const [old, ...others] = removed;
  const isLone = old !== undefined && others.length === 0 && state === null;
  // An implementation may list the newcomer among the added.
  if (!isLone || added.some(({ leafKey }) => leafKey !== committer.leafKey)) return "external-not-own-leaf";
  const isHere = leaves.some(({ leafKey, account }) => leafKey === old.leafKey && account === old.account);
  if (!isHere) return "removed-outside";
  if (old.account !== committer.account) return "external-not-own-leaf";
  if (leaves.some(({ leafKey }) => leafKey === committer.leafKey)) return "leaf-key-already-in";
  const isOwn = old.deviceKey === committer.deviceKey || chains.hasReplaced(old, committer);
  if (!isOwn) return "external-not-own-leaf";
  const siblings = leaves.filter(({ leafKey, account }) => account === old.account && leafKey !== old.leafKey);
  if (siblings.some(({ deviceKey }) => deviceKey === committer.deviceKey)) return "device-already-in";
  return [old, ...siblings].every((sibling) => chains.admits(sibling, committer)) ? null : "device-removed";
}

/** GR9. */
function sizeRefusal(leaves: readonly GroupLeaf[]): MembershipRefusal | null {
  if (leaves.length > MAX_GROUP_LEAVES) return "too-many-leaves";
  const counts = new Map<AccountId, number>();
  for (const { account } of leaves) counts.set(account, (counts.get(account) ?? 0) + 1);
  if (counts.size > MAX_GROUP_ACCOUNTS) return "too-many-accounts";
  return [...counts.values()].some((count) => count > MAX_DEVICES) ? "too-many-devices" : null;
}

/** GR10: only for the fork rule; what the commit may do has been decided by then. */
function authorityOf(group: Standing, { committer, removed, isExternal }: CommitDescription): Rank {
  if (isExternal) return RANK.member;
  const own = rankOf(group, committer.account);
  const isOwnRemoval = removed.some(({ account }) => account === committer.account);
  return isOwnRemoval && own < RANK.admin ? RANK.admin : own;
}
