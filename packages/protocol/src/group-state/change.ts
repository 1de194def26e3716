/**
 * Changes of a group's state as its members make them: each function answers with the next state, from which roles of
 * accounts that have gone are already taken off (GR14). Whether one may is asked of `judgeCommit`, with the very commit.
 */
import type { AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import { endedAccounts, type Standing } from "./roles.ts";
import { MAX_JOIN_LINKS, MAX_REJOIN_SEEDS, sortedAccounts, type GroupState, type JoinLink } from "./state.ts";

/** The state to begin a change with. */
export function currentState(group: Standing): GroupState {
  const { state } = group;
  const ended = new Set(endedAccounts(group));
  if (ended.size === 0) return state;
  return {
    ...state,
    owner: state.owner !== null && ended.has(state.owner) ? null : state.owner,
    admins: state.admins.filter((id) => !ended.has(id)),
    leaving: state.leaving.filter((id) => !ended.has(id)),
  };
}

/** An owner stays one: they pass the group on first. */
export function withAdmin(group: Standing, account: AccountId, isAdmin: boolean): GroupState {
  const state = currentState(group);
  if (state.owner === account) return state;
  const others = state.admins.filter((id) => id !== account);
  return { ...state, admins: sortedAccounts(isAdmin ? [...others, account] : others) };
}

/** The owner of before becomes an admin. */
export function withOwner(group: Standing, account: AccountId): GroupState {
  const state = currentState(group);
  const before = state.owner === null ? [] : [state.owner];
  return {
    ...state,
    owner: account,
    admins: sortedAccounts([...state.admins, ...before].filter((id) => id !== account)),
  };
}

export function withLeaving(group: Standing, account: AccountId, isLeaving: boolean): GroupState {
  const state = currentState(group);
  const others = state.leaving.filter((id) => id !== account);
  return { ...state, leaving: sortedAccounts(isLeaving ? [...others, account] : others) };
}

/** Revoked links give way first where there is no room. */
export function withLink(group: Standing, link: JoinLink): GroupState {
  const state = currentState(group);
  const links = state.links.length < MAX_JOIN_LINKS ? state.links : state.links.filter(({ isRevoked }) => !isRevoked);
  return { ...state, links: [...links, link].toSorted((a, b) => (a.hash < b.hash ? -1 : 1)) };
}

export function withLinkRevoked(group: Standing, hash: Hex): GroupState {
  const state = currentState(group);
  return { ...state, links: state.links.map((link) => (link.hash === hash ? { ...link, isRevoked: true } : link)) };
}

/** After a removal: who was removed knows the seeds of before, and whoever was away knows only those. */
export function withRejoinSeed(group: Standing, seed: Hex): GroupState {
  const state = currentState(group);
  const number = (state.rejoin[0]?.number ?? -1) + 1;
  return { ...state, version: 2, rejoin: [{ number, seed }, ...state.rejoin].slice(0, MAX_REJOIN_SEEDS) };
}

/** Links that still let somebody ask, at a time. Expiry is for who adds to judge: receivers' clocks differ. */
export const isLinkInForce = ({ isRevoked, expiresAt }: JoinLink, now: number): boolean =>
  !isRevoked && (expiresAt === null || now < expiresAt);
