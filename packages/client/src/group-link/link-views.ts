/** Links of a group, and who asks by them, as a person sees them. */
import {
  isLinkInForce,
  mayAct,
  mayLetIn,
  RANK,
  rankOf,
  type AccountId,
  type JoinLink,
  type Standing,
} from "@xchat/protocol";
import type { GroupLinkView, JoinRequestView, PersonView } from "../api.ts";
import { ownAccount } from "../chat/authors.ts";
import type { ChatState } from "../chat/step.ts";
import type { Wish } from "../chat/wishes.ts";
import type { SessionCore } from "../session-core.ts";
import type { JoinRequest } from "./join-requests.ts";

type PersonOf = (account: AccountId) => PersonView;

/** Those that are in force, and those that this person has made and no epoch has yet. */
export function linkViews(
  core: SessionCore,
  { side, shared, record }: ChatState,
  group: Standing,
  person: PersonOf,
): readonly GroupLinkView[] {
  if (record.state !== "active") return [];
  const self = ownAccount(core);
  const own = rankOf(group, self);
  const { homeNodes, permissions } = side.state;
  const isOpen = (link: JoinLink): boolean => isLinkInForce(link, core.clock.now()) && group.present.has(link.by);
  const here = side.state.links.filter(isOpen).map((link) => ({ link, isAgreed: true }));
  const known = new Set(here.map(({ link }) => link.hash));
  const wished = shared.wishes.flatMap(madeBy).filter((link) => !known.has(link.hash));
  return [...here, ...wished.map((link) => ({ link, isAgreed: false }))].map(({ link, isAgreed }): GroupLinkView => {
    const { hash, by, needsApproval, expiresAt } = link;
    const mayHandOut = by === self || mayAct(group, self, permissions.add);
    return {
      id: hash,
      by: person(by),
      needsApproval,
      expiresAt,
      state: isAgreed && core.links.isUp(record.id, link) ? "open" : "preparing",
      ...(mayHandOut ? core.links.codeOf(link, homeNodes) : { link: null, code: null }),
      canRevoke: own >= RANK.admin || by === self,
    };
  });
}

const madeBy = ({ change }: Wish): readonly JoinLink[] =>
  change.kind === "state" && change.change.kind === "link" ? [change.change.link] : [];

/** GL7: those that wait for the yes of this person, or of another like them. */
export function joinRequestViews(
  core: SessionCore,
  { side, shared, record }: ChatState,
  group: Standing,
  person: PersonOf,
): readonly JoinRequestView[] {
  const self = ownAccount(core);
  const links = new Map(side.state.links.map((link) => [link.hash, link]));
  const wished = new Set(shared.wishes.flatMap(({ change }) => (change.kind === "add" ? [change.account] : [])));
  const isOpen = ({ state, link: hash, account }: JoinRequest): boolean => {
    const link = links.get(hash);
    if (state === "declined" || link === undefined || group.present.has(account) || wished.has(account)) return false;
    return link.needsApproval && isLinkInForce(link, core.clock.now()) && mayLetIn(group, self, link);
  };
  return core.links
    .requests(record.id)
    .filter(isOpen)
    .toSorted((a, b) => a.receivedAt - b.receivedAt)
    .map(({ id, account, name, greeting, receivedAt }): JoinRequestView => {
      const known = person(account);
      // Of somebody who is nobody yet, what they call themselves in the request.
      return { id, person: known.isContact ? known : { ...known, name }, greeting, receivedAt };
    });
}
