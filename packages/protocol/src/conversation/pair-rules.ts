/**
 * Who may change what in a chat of two (spec/conversation.md, section 5). Every receiver judges every commit by this,
 * before it is applied; what is refused here is refused by everyone, since it depends on the group's own state alone.
 *
 * CV10 Each person rules only their own devices: nobody adds or removes a device of the other, or a third account.
 * CV11 While the request is open, the requester may add the devices of the person asked who has none in the group yet,
 *      and nothing in the policy changes but by that person's yes.
 * CV12 After the yes either person may change home nodes and the timer; accounts, kind and requester stay for good.
 * CV13 A removal and a change of policy are two commits.
 * CV14 An external commit replaces exactly one leaf, of the same device of the same account, and does nothing else.
 */
import { equalBytes } from "@xchat/codec";
import type { CommitChange, Member } from "../group/port.ts";
import { accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import { claimedLeaf } from "../identity/certificate.ts";
import { MAX_DEVICES } from "../identity/operation.ts";
import { decodePolicy, type ConversationPolicy } from "./policy.ts";

export type PairRefusal =
  | "policy-unreadable"
  | "not-a-pair"
  | "credential-unreadable"
  | "committer-outside"
  | "adds-another-account"
  | "removes-another-account"
  | "too-many-devices"
  | "removal-with-policy"
  | "external-not-own-leaf"
  | "policy-malformed"
  | "policy-fixed-field"
  | "not-accepted-yet"
  | "acceptance-by-requester"
  | "acceptance-reversed";

interface Owner {
  readonly account: AccountId;
  readonly deviceKey: Uint8Array;
  readonly leafKey: Uint8Array;
}

/** `null` allows the commit. The credentials have been verified by then; here they are only read. */
export function judgePairCommit(
  before: { readonly members: readonly Member[]; readonly policy: Uint8Array },
  change: CommitChange,
): PairRefusal | null {
  const policy = decodePolicy(before.policy);
  if (!policy.ok) return "policy-unreadable";
  if (policy.value.kind !== "pair") return "not-a-pair";
  const committer = ownerOf(change.committer);
  const members = ownersOf(before.members);
  const added = ownersOf(change.added);
  const removed = ownersOf(change.removed);
  if (committer === null || members === null || added === null || removed === null) return "credential-unreadable";
  if (!isOfPair(policy.value, committer)) return "committer-outside";
  if (removed.some((leaf) => leaf.account !== committer.account)) return "removes-another-account";
  if (change.isExternal) return externalRefusal(change, committer, added, removed);
  return (
    membershipRefusal(policy.value, { members, committer, added, removed }) ??
    policyRefusal(policy.value, committer, change)
  );
}

interface Membership {
  readonly members: readonly Owner[];
  readonly committer: Owner;
  readonly added: readonly Owner[];
  readonly removed: readonly Owner[];
}

function membershipRefusal(
  policy: ConversationPolicy,
  { members, committer, added, removed }: Membership,
): PairRefusal | null {
  for (const leaf of added) {
    if (leaf.account !== committer.account && !isInvited(policy, members, committer, leaf))
      return "adds-another-account";
  }
  const isGone = (leaf: Owner): boolean => removed.some((one) => equalBytes(one.leafKey, leaf.leafKey));
  const after = [...members.filter((leaf) => !isGone(leaf)), ...added];
  const counts = new Map<AccountId, number>();
  for (const { account } of after) counts.set(account, (counts.get(account) ?? 0) + 1);
  return [...counts.values()].some((count) => count > MAX_DEVICES) ? "too-many-devices" : null;
}

/** CV11: the devices of the person who is asked, in the commit that asks. */
function isInvited(policy: ConversationPolicy, members: readonly Owner[], committer: Owner, leaf: Owner): boolean {
  const isRequest = !policy.isAccepted && isRequester(policy, committer);
  return isRequest && isOfPair(policy, leaf) && members.every((member) => member.account !== leaf.account);
}

function externalRefusal(
  change: CommitChange,
  committer: Owner,
  added: readonly Owner[],
  removed: readonly Owner[],
): PairRefusal | null {
  const [replaced, ...others] = removed;
  const isOwnLeaf =
    replaced !== undefined && others.length === 0 && equalBytes(replaced.deviceKey, committer.deviceKey);
  // An implementation may list the joiner among the added.
  const addsNobody = added.every((leaf) => equalBytes(leaf.leafKey, committer.leafKey));
  return isOwnLeaf && addsNobody && change.policy === null ? null : "external-not-own-leaf";
}

function policyRefusal(before: ConversationPolicy, committer: Owner, change: CommitChange): PairRefusal | null {
  if (change.policy === null) return null;
  if (change.removed.length > 0) return "removal-with-policy";
  const decoded = decodePolicy(change.policy);
  if (!decoded.ok) return "policy-malformed";
  const after = decoded.value;
  if (!hasSameFixedFields(before, after)) return "policy-fixed-field";
  if (before.isAccepted) return after.isAccepted ? null : "acceptance-reversed";
  if (!after.isAccepted) return "not-accepted-yet";
  return isRequester(before, committer) ? "acceptance-by-requester" : null;
}

function hasSameFixedFields(a: ConversationPolicy, b: ConversationPolicy): boolean {
  if (a.kind !== b.kind || a.protocolVersion !== b.protocolVersion || a.accounts.length !== b.accounts.length)
    return false;
  if (a.requester === null || b.requester === null || !equalBytes(a.requester, b.requester)) return false;
  return a.accounts.every((entry, i) => equalBytes(entry.account, b.accounts[i]?.account ?? new Uint8Array(0)));
}

function isOfPair(policy: ConversationPolicy, { account }: Owner): boolean {
  const id = accountIdToBytes(account);
  return policy.accounts.some((entry) => equalBytes(entry.account, id));
}

const isRequester = (policy: ConversationPolicy, { account }: Owner): boolean =>
  policy.requester !== null && equalBytes(policy.requester, accountIdToBytes(account));

function ownerOf({ credential, signatureKey }: Member): Owner | null {
  const claimed = claimedLeaf(credential);
  if (!claimed.ok) return null;
  return { account: claimed.value.accountId, deviceKey: claimed.value.deviceKey, leafKey: signatureKey };
}

function ownersOf(members: readonly Member[]): readonly Owner[] | null {
  const owners = members.map(ownerOf).filter((owner) => owner !== null);
  return owners.length === members.length ? owners : null;
}
