/**
 * Where first contact meets the group (spec/first-contact.md, section 8). MLS has verified each leaf's credential by
 * then; here it is judged that the leaves are those of the two people who think they meet.
 *
 * FC18 Before a newcomer adds a key package of a card, its credential is of the card's account, and of a device that the
 *      card's chain lists. Otherwise Mallory could put Bob's key package into a card of their own, and the newcomer
 *      would talk to Bob believing that it is Mallory.
 * FC19 Before an accepted group is kept, it is the group of the request, it has no member of a third account, and it
 *      has the device that signed the request and the one that accepts.
 */
import { equalBytes } from "@xchat/codec";
import type { AccountId } from "../identity/account-id.ts";
import { isListedDevice } from "../identity/chain.ts";
import type { OpenedCard } from "./card.ts";
import type { OpenedRequest } from "./request.ts";

/** A member of a group, by its verified leaf credential. */
export interface LeafOwner {
  readonly accountId: AccountId;
  readonly deviceKey: Uint8Array;
}

/** FC18: `null`, or why the owner of a key package is not whom the card stands for. */
export function judgeCardMember(card: OpenedCard, owner: LeafOwner): "another-account" | "device-not-listed" | null {
  if (owner.accountId !== card.accountId) return "another-account";
  return isListedDevice(card, owner.deviceKey) ? null : "device-not-listed";
}

/** FC19: `null`, or why the group that a Welcome opened is not the one that was asked for. */
export function judgeWelcomedGroup(
  request: Pick<OpenedRequest, "groupId" | "accountId" | "deviceKey">,
  own: LeafOwner,
  group: { readonly groupId: Uint8Array; readonly members: readonly LeafOwner[] },
): "another-group" | "stranger-in-group" | "newcomer-missing" | "own-device-missing" | null {
  if (!equalBytes(group.groupId, request.groupId)) return "another-group";
  const isOfEither = ({ accountId }: LeafOwner): boolean =>
    accountId === own.accountId || accountId === request.accountId;
  if (!group.members.every(isOfEither)) return "stranger-in-group";
  if (!group.members.some((member) => isSameLeafOwner(member, request))) return "newcomer-missing";
  return group.members.some((member) => isSameLeafOwner(member, own)) ? null : "own-device-missing";
}

const isSameLeafOwner = (a: LeafOwner, b: LeafOwner): boolean =>
  a.accountId === b.accountId && equalBytes(a.deviceKey, b.deviceKey);
