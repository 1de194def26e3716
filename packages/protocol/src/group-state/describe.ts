/** What changed between two states of a group, and who came and went: the lines of "who did what" (actions.ts). */
import type { AccountId } from "../identity/account-id.ts";
import type { GroupAction, PermissionName } from "./actions.ts";
import { isSameExtension, isSameValue } from "./judge-state.ts";
import type { CommitDescription } from "./judge.ts";
import type { GroupLeaf } from "./leaf.ts";
import { roleOf, standing, type Standing } from "./roles.ts";
import type { GroupState } from "./state.ts";

export function describeMembership(
  group: Standing,
  leavesAfter: readonly GroupLeaf[],
  { committer, added, removed, isExternal }: CommitDescription,
): readonly GroupAction[] {
  const [old] = removed;
  if (isExternal && old !== undefined) {
    const { account, deviceKey } = committer;
    return [{ kind: "rejoined", account, deviceKey, replaced: old.deviceKey }];
  }
  const present = new Set(leavesAfter.map(({ account }) => account));
  const seen = new Set<AccountId>();
  const actions: GroupAction[] = [];
  for (const { account, deviceKey } of removed) {
    if (present.has(account)) actions.push({ kind: "device-removed", account, deviceKey });
    else if (!seen.has(account)) {
      seen.add(account);
      actions.push({ kind: group.state.leaving.includes(account) ? "left" : "removed", account });
    }
  }
  for (const { account, deviceKey } of added) {
    if (group.present.has(account)) actions.push({ kind: "device-added", account, deviceKey });
    else if (!seen.has(account)) {
      seen.add(account);
      actions.push({ kind: "added", account });
    }
  }
  return actions;
}

export function describeState(
  before: GroupState,
  after: GroupState,
  leavesAfter: readonly GroupLeaf[],
): readonly GroupAction[] {
  if (before === after) return [];
  return [
    ...roleActions(before, after, leavesAfter),
    ...infoActions(before, after),
    ...linkActions(before, after),
    ...restActions(before, after),
  ];
}

function roleActions(before: GroupState, after: GroupState, leavesAfter: readonly GroupLeaf[]): readonly GroupAction[] {
  // Both by who has a leaf now: a role that ended before is no change of role.
  const [old, next] = [standing(before, leavesAfter), standing(after, leavesAfter)];
  const named = (state: GroupState): readonly AccountId[] => [
    ...(state.owner === null ? [] : [state.owner]),
    ...state.admins,
  ];
  const actions: GroupAction[] = [];
  for (const account of new Set([...named(before), ...named(after)])) {
    const [from, to] = [roleOf(old, account), roleOf(next, account)];
    if (from === null || to === null) actions.push({ kind: "role-ended", account });
    else if (from !== to) actions.push({ kind: "role", account, from, to });
  }
  for (const account of after.leaving.filter((id) => !before.leaving.includes(id))) {
    actions.push({ kind: "leaving", account, isLeaving: true });
  }
  for (const account of before.leaving.filter((id) => !after.leaving.includes(id) && next.present.has(id))) {
    actions.push({ kind: "leaving", account, isLeaving: false });
  }
  return actions;
}

const PERMISSIONS: readonly PermissionName[] = ["write", "add", "info", "pin"];

function infoActions(before: GroupState, after: GroupState): readonly GroupAction[] {
  const actions: GroupAction[] = [];
  if (before.name !== after.name) actions.push({ kind: "name", from: before.name, to: after.name });
  if (before.description !== after.description) actions.push({ kind: "description", to: after.description });
  if (!isSameValue(before.picture, after.picture)) actions.push({ kind: "picture", isSet: after.picture !== null });
  for (const name of PERMISSIONS) {
    const [from, to] = [before.permissions[name], after.permissions[name]];
    if (from !== to) actions.push({ kind: "permission", name, from, to });
  }
  return actions;
}

function linkActions(before: GroupState, after: GroupState): readonly GroupAction[] {
  const actions: GroupAction[] = [];
  for (const { hash, needsApproval, expiresAt } of after.links) {
    if (!before.links.some((old) => old.hash === hash))
      actions.push({ kind: "link-made", hash, needsApproval, expiresAt });
  }
  for (const { hash, isRevoked } of before.links) {
    const left = after.links.find((link) => link.hash === hash);
    if (!isRevoked && left?.isRevoked !== false) actions.push({ kind: "link-revoked", hash });
  }
  return actions;
}

function restActions(before: GroupState, after: GroupState): readonly GroupAction[] {
  const actions: GroupAction[] = [];
  if (before.pair?.isAccepted === false && after.pair?.isAccepted === true) actions.push({ kind: "accepted" });
  if (before.disappearAfter !== after.disappearAfter) {
    actions.push({ kind: "timer", from: before.disappearAfter, to: after.disappearAfter });
  }
  if (!isSameValue(before.homeNodes, after.homeNodes)) {
    actions.push({ kind: "home-nodes", count: after.homeNodes.length });
  }
  if (!isSameValue(before.rejoin, after.rejoin)) actions.push({ kind: "rejoin-renewed" });
  if (before.version !== after.version) actions.push({ kind: "upgraded", version: after.version });
  if (!isSameValue(before.capabilities, after.capabilities)) actions.push({ kind: "capabilities" });
  for (const key of new Set([...before.extensions.keys(), ...after.extensions.keys()])) {
    const [from, to] = [before.extensions.get(key), after.extensions.get(key)];
    const isSame = from !== undefined && to !== undefined && isSameExtension(from, to);
    if (!isSame) actions.push({ kind: "extension", key: [...String(key)].slice(0, 200).join("") });
  }
  return actions;
}
