/**
 * Who ranks how in a group (spec/group.md, section 3).
 *
 * GR1 Owner above admins above members; nobody outside has a rank. A role that the state names holds only while its
 *     account has a leaf: it ends with the last one.
 */
import type { AccountId } from "../identity/account-id.ts";
import type { GroupLeaf } from "./leaf.ts";
import type { GroupState, Holder } from "./state.ts";

/** 3 owner, 2 admin, 1 member, 0 not in the group. */
export type Rank = 0 | 1 | 2 | 3;
export const RANK = { owner: 3, admin: 2, member: 1, outside: 0 } as const satisfies Record<string, Rank>;

export type GroupRole = "owner" | "admin" | "member";

/** The state and the accounts that have a leaf. */
export interface Standing {
  readonly state: GroupState;
  readonly present: ReadonlySet<AccountId>;
}

export const standing = (state: GroupState, leaves: readonly GroupLeaf[]): Standing => ({
  state,
  present: new Set(leaves.map(({ account }) => account)),
});

export function rankOf({ state, present }: Standing, account: AccountId): Rank {
  if (!present.has(account)) return RANK.outside;
  if (state.owner === account) return RANK.owner;
  return state.admins.includes(account) ? RANK.admin : RANK.member;
}

export function roleOf(group: Standing, account: AccountId): GroupRole | null {
  const rank = rankOf(group, account);
  if (rank === RANK.outside) return null;
  return rank === RANK.owner ? "owner" : rank === RANK.admin ? "admin" : "member";
}

const LEAST: Readonly<Record<Holder, Rank>> = { everyone: RANK.member, admins: RANK.admin, owner: RANK.owner };

export const mayAct = (group: Standing, account: AccountId, holder: Holder): boolean =>
  rankOf(group, account) >= LEAST[holder];

/** Accounts that the state still lists and that have no leaf any more. */
export const endedAccounts = ({ state, present }: Standing): readonly AccountId[] =>
  [...(state.owner === null ? [] : [state.owner]), ...state.admins, ...state.leaving].filter((id) => !present.has(id));
