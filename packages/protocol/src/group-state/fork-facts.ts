/**
 * What the fork rule wants to know of a group's state and of a judged commit (spec/group.md, section 4). Levels are those
 * that hold: a role whose account has no leaf is none.
 */
import { bytesToHex } from "@xchat/codec";
import { accountIdToBytes } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import type { CommitDescription } from "./judge.ts";
import { rankOf, roleOf, standing, type GroupRole, type Standing } from "./roles.ts";
import type { GroupState } from "./state.ts";

/** Key hashes of the home nodes, and accounts that are more than members; hex. */
export interface EpochRanks {
  readonly homeNodes: readonly Hex[];
  readonly roles: ReadonlyMap<Hex, GroupRole>;
}

export function epochRanks(group: Standing): EpochRanks {
  const { homeNodes, owner, admins } = group.state;
  const roles = new Map<Hex, GroupRole>();
  for (const account of [...(owner === null ? [] : [owner]), ...admins]) {
    const role = roleOf(group, account);
    if (role !== null) roles.set(bytesToHex(accountIdToBytes(account)), role);
  }
  return { homeNodes: homeNodes.map(({ keyHash }) => bytesToHex(keyHash)), roles };
}

/** True when the commit takes something from somebody else: a leaf (but of who leaves), a rank, or a home node of all. */
export function isDecree(
  before: Standing,
  after: { readonly after: GroupState; readonly leaves: Parameters<typeof standing>[1] },
  commit: CommitDescription,
): boolean {
  const own = commit.committer.account;
  const { leaving } = before.state;
  if (commit.removed.some(({ account }) => account !== own && !leaving.includes(account))) return true;
  const next = standing(after.after, after.leaves);
  const lowered = [...next.present].some((id) => id !== own && rankOf(next, id) < rankOf(before, id));
  if (lowered) return true;
  const kept = new Set(after.after.homeNodes.map(({ keyHash }) => bytesToHex(keyHash)));
  return before.state.homeNodes.some(({ keyHash }) => !kept.has(bytesToHex(keyHash)));
}
