/**
 * Who may change what in a group's state (spec/group.md, section 5). Each field is judged by itself: a commit may change
 * several, and needs the right to each.
 *
 * GR11 Kind, protocol version and the pair part stay; the version of the format does not go back.
 * GR12 There is one owner. Only the owner passes it on, to somebody in the group. A group whose owner's last leaf has
 *      gone has none from then on.
 * GR13 Only the owner makes and unmakes admins; an admin may step down.
 * GR14 Whoever changes the state takes roles and wishes to leave of accounts without a leaf off it, and puts none on it.
 * GR15 Everyone says for themselves alone that they leave, or do not.
 * GR16 Name, description and picture are changed by who holds `info`.
 * GR17 A link is made in one's own name by who may add. It is revoked or taken off by who made it, or an admin; nothing
 *      else of it changes.
 * GR18 All else is changed by admins and the owner.
 */
import { bytesToHex, encode, err, ok, type CborValue, type Codec, type Result } from "@xchat/codec";
import type { AccountId } from "../identity/account-id.ts";
import type { CommitDescription } from "./judge.ts";
import type { GroupLeaf } from "./leaf.ts";
import { endedAccounts, mayAct, RANK, rankOf, standing, type Standing } from "./roles.ts";
import { decodeGroupState, type GroupState, type JoinLink } from "./state.ts";

export type StateRefusal =
  | "policy-malformed"
  | "policy-fixed-field"
  | "policy-version-back"
  | "owner-not-yours"
  | "role-without-authority"
  | "role-without-leaf"
  | "leaving-of-another"
  | "info-not-permitted"
  | "link-not-permitted"
  | "link-fixed-field"
  | "admins-only";

/** Value of the result: the new state, or `null` where it stays. */
export function judgeState(
  group: Standing,
  leavesAfter: readonly GroupLeaf[],
  { committer, state }: Pick<CommitDescription, "committer" | "state">,
): Result<GroupState | null, { readonly reason: StateRefusal }> {
  if (state === null) return ok(null);
  const decoded = decodeGroupState(state);
  if (!decoded.ok) return err({ reason: "policy-malformed" });
  const after = decoded.value;
  const who = committer.account;
  const hasEnded = endedAccounts(standing(after, leavesAfter)).length > 0;
  const reason =
    fixedRefusal(group.state, after) ??
    (hasEnded ? "role-without-leaf" : null) ??
    ownerRefusal(group, after, who) ??
    adminRefusal(group, after, who) ??
    leavingRefusal(group, after, who, standing(after, leavesAfter)) ??
    infoRefusal(group, after, who) ??
    linkRefusal(group, after, who) ??
    restRefusal(group, after, who);
  return reason === null ? ok(after) : err({ reason });
}

/** GR11. A pair part is judged by the rules of a pair. */
function fixedRefusal(before: GroupState, after: GroupState): StateRefusal | null {
  if (after.version < before.version) return "policy-version-back";
  const isFixed = before.kind === after.kind && before.protocolVersion === after.protocolVersion;
  return isFixed ? null : "policy-fixed-field";
}

/** GR12. What the state says of an owner without a leaf is no role any more, also when the account comes back. */
function ownerRefusal(group: Standing, after: GroupState, who: AccountId): StateRefusal | null {
  const before = group.state.owner;
  if (before === null || !group.present.has(before)) return after.owner === null ? null : "owner-not-yours";
  if (after.owner === before) return null;
  return after.owner === null || who !== before ? "owner-not-yours" : null;
}

/** GR13. By rank and not by list, for the same reason. */
function adminRefusal(group: Standing, after: GroupState, who: AccountId): StateRefusal | null {
  if (rankOf(group, who) === RANK.owner) return null;
  const before = group.state.admins.filter((id) => group.present.has(id));
  if (after.admins.some((id) => !before.includes(id))) return "role-without-authority";
  return before.some((id) => id !== who && !after.admins.includes(id)) ? "role-without-authority" : null;
}

/** GR15. */
function leavingRefusal(group: Standing, after: GroupState, who: AccountId, next: Standing): StateRefusal | null {
  const before = group.state.leaving.filter((id) => group.present.has(id));
  const said = after.leaving.filter((id) => !before.includes(id));
  const unsaid = before.filter((id) => !after.leaving.includes(id) && next.present.has(id));
  return [...said, ...unsaid].some((id) => id !== who) ? "leaving-of-another" : null;
}

/** GR16. */
function infoRefusal(group: Standing, after: GroupState, who: AccountId): StateRefusal | null {
  const before = group.state;
  const isSame =
    before.name === after.name &&
    before.description === after.description &&
    isSameValue(before.picture, after.picture);
  return isSame || mayAct(group, who, before.permissions.info) ? null : "info-not-permitted";
}

/** GR17. */
function linkRefusal(group: Standing, after: GroupState, who: AccountId): StateRefusal | null {
  const before = new Map(group.state.links.map((link) => [link.hash, link]));
  const next = new Map(after.links.map((link) => [link.hash, link]));
  const isAdmin = rankOf(group, who) >= RANK.admin;
  for (const link of after.links) {
    const old = before.get(link.hash);
    if (old === undefined) {
      if (link.by !== who || link.isRevoked) return "link-not-permitted";
      if (!mayAct(group, who, group.state.permissions.add)) return "link-not-permitted";
    } else if (!isSameLink(old, link)) {
      // Of a revoked one this is the very same, so nothing revives it.
      if (!isSameLink({ ...old, isRevoked: true }, link)) return "link-fixed-field";
      if (!isAdmin && old.by !== who) return "link-not-permitted";
    }
  }
  const dropped = group.state.links.filter(({ hash }) => !next.has(hash));
  return dropped.every(({ by }) => isAdmin || by === who) ? null : "link-not-permitted";
}

/** GR18. */
function restRefusal(group: Standing, after: GroupState, who: AccountId): StateRefusal | null {
  const before = group.state;
  const isSame =
    before.version === after.version &&
    before.disappearAfter === after.disappearAfter &&
    isSameValue(before.permissions, after.permissions) &&
    isSameValue(before.homeNodes, after.homeNodes) &&
    isSameValue(before.rejoin, after.rejoin) &&
    isSameValue(before.capabilities, after.capabilities) &&
    isSameExtensions(before.extensions, after.extensions);
  return isSame || rankOf(group, who) >= RANK.admin ? null : "admins-only";
}

const isSameLink = (a: JoinLink, b: JoinLink): boolean => isSameValue(a, b);

/** Of plain values with bytes among them. Fields come in the order of the format, which the decoder gives them. */
export const isSameValue = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Uint8Array) return bytesToHex(inner);
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  });

const anything: Codec<CborValue> = { write: (value) => value, read: (reader) => reader.fail("write-only") };

export const isSameExtension = (a: CborValue, b: CborValue): boolean =>
  bytesToHex(encode(anything, a)) === bytesToHex(encode(anything, b));

const isSameExtensions = (a: GroupState["extensions"], b: GroupState["extensions"]): boolean => isSameExtension(a, b);
