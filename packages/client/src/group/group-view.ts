/** Everything about one group but its messages, as a person sees it. What they may do is judged by the law's own ranks. */
import { mayAct, RANK, rankOf, rightsAt, roleOf, standing, type AccountId, type Standing } from "@xchat/protocol";
import type { GroupView, MemberView, PersonView } from "../api.ts";
import { ownAccount } from "../chat/authors.ts";
import { isLeaving } from "../chat/leaving.ts";
import type { ChatState } from "../chat/step.ts";
import { joinRequestViews, linkViews } from "../group-link/link-views.ts";
import type { SessionCore } from "../session-core.ts";
import { personView, wishView } from "./people.ts";

const ORDER = { owner: 0, admin: 1, member: 2 } as const;

export function groupView(core: SessionCore, state: ChatState): GroupView {
  const { side, shared, record } = state;
  const self = ownAccount(core);
  const group = standing(side.state, side.leaves);
  const person = (account: AccountId): PersonView => personView(core, state.roster, account);
  const isHere = record.state === "active" && !isLeaving(state, self);
  const { permissions, picture } = side.state;
  const own = isHere ? rankOf(group, self) : RANK.outside;
  const may = (name: "write" | "add" | "info" | "pin"): boolean => isHere && mayAct(group, self, permissions[name]);
  return {
    name: side.state.name ?? "",
    description: side.state.description,
    picture: picture === null ? null : { id: picture.blob, isHere: core.pictures.isHere(record.id, picture.blob) },
    members: [...group.present]
      .map((account) => memberView(state, group, own, { ...person(account), isVerified: isVerified(core, account) }))
      .toSorted((a, b) => ORDER[a.role] - ORDER[b.role] || a.name.localeCompare(b.name)),
    role: isHere ? roleOf(group, self) : null,
    permissions,
    may: {
      write: may("write"),
      add: may("add"),
      info: may("info"),
      pin: may("pin"),
      administrate: own >= RANK.admin,
      passOn: own === RANK.owner,
    },
    disappearAfter: side.state.disappearAfter,
    links: linkViews(core, state, group, person),
    joinRequests: isHere ? joinRequestViews(core, state, group, person) : [],
    pending: shared.wishes.map(({ id, change }) => ({ id, action: wishView(change, self, person) })),
    hold: null,
  };
}

/** Whether a message of this person would count. */
export function mayWrite(core: SessionCore, state: ChatState): boolean {
  const { side, record, roster, log } = state;
  if (record.state === "ended" || isLeaving(state, ownAccount(core))) return false;
  if (side.state.kind !== "group") return true;
  const group = standing(side.state, side.leaves);
  const next = (log.authors.get(log.self)?.tip?.sequence ?? -1) + 1;
  return (
    mayAct(group, ownAccount(core), side.state.permissions.write) &&
    rightsAt(roster.rights, log.self, next).say === "write"
  );
}

function memberView(
  { side }: ChatState,
  group: Standing,
  own: number,
  person: PersonView & { readonly isVerified: boolean },
): MemberView {
  const account = person.accountId as AccountId;
  const isLeaving = side.state.leaving.includes(account);
  return {
    ...person,
    role: roleOf(group, account) ?? "member",
    devices: side.leaves.filter((leaf) => leaf.account === account).length,
    isLeaving,
    canRemove: !person.isSelf && own > RANK.outside && (isLeaving || own > rankOf(group, account)),
    canSetRole: own === RANK.owner && !person.isSelf,
  };
}

const isVerified = ({ contacts }: SessionCore, account: AccountId): boolean =>
  contacts.get(account)?.isVerified === true;
