/** Coming into a group that a contact has added this person to (spec/group.md, GR29). */
import { bytesToHex } from "@xchat/codec";
import { decodeIntroduction, type AccountId, type Group, type GroupRecord, type Introduction } from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import { sideOf } from "../chat/epochs.ts";
import { newGroupChat, type NewChat } from "../chat/new-chat.ts";
import type { Side } from "../chat/roster.ts";
import type { KeyPackageRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { lastResortOf, stockOf } from "./stock.ts";

export interface Joined {
  readonly chat: NewChat;
  /** The chat of two in which the key package had been given. */
  readonly from: string | undefined;
  readonly changes: readonly StoreChange[];
}

/** Waits until this person is removed from the chat of this id. */
export interface Waiting {
  readonly waitsFor: string;
}

/**
 * Null where there is nothing to follow: it is not kept then. `pair`: the chat through which it came; `pairs`: ids of all chats with
 * that contact, who may have used a key package that was given in another.
 */
export async function joinIntroduced(
  core: SessionCore,
  pair: Chat,
  pairs: readonly string[],
  encoded: Uint8Array,
  existing: (conversation: string) => Chat | undefined,
): Promise<Joined | Waiting | null> {
  const decoded = decodeIntroduction(encoded);
  const contact = core.contacts.get(pair.record.accountId);
  if (!decoded.ok || contact === undefined || contact.isBlocked) return null;
  const introduction = decoded.value;
  const before = existing(introduction.conversation);
  // Whoever names a chat that is there would take its place, its keys and its history.
  if (before !== undefined && before.record.accountId !== "") return null;
  const opened = await openWelcome(core, pairs, introduction.welcome);
  if (opened === null) return null;
  const side = sideOf(core.cipher, opened.group);
  if (!isWhatItSays(core, contact.accountId, introduction, opened.group, side)) return null;
  if (before !== undefined && before.record.state !== "ended") {
    // Removed and added again, perhaps, and the removal is still to be read.
    return opened.group.epoch > before.epoch ? { waitsFor: before.id } : null;
  }
  const record: GroupRecord = {
    by: contact.accountId as AccountId,
    actions: [{ kind: "added", account: ownAccount(core) }],
  };
  const chat = await newGroupChat(core, { group: opened.group, introduction, record, before: before?.record ?? null });
  const { id, invitationId } = opened.keyPackage;
  const isLastResort = pairs.some((one) => invitationId === lastResortOf(one));
  return { chat, changes: isLastResort ? [] : [{ delete: "keyPackage", key: id }], from: pairOf(pairs, invitationId) };
}

async function openWelcome(
  { store, cipher }: SessionCore,
  pairs: readonly string[],
  welcome: Uint8Array,
): Promise<{ readonly group: Group; readonly keyPackage: KeyPackageRecord } | null> {
  const owners = pairs.flatMap((pair) => [stockOf(pair), lastResortOf(pair)]);
  const own = (await store.all("keyPackage")).filter(({ invitationId }) => owners.includes(invitationId));
  for (const keyPackage of own) {
    const joined = await cipher.join(welcome, keyPackage);
    if (joined.ok) return { group: joined.value, keyPackage };
  }
  return null;
}

const pairOf = (pairs: readonly string[], owner: string): string | undefined =>
  pairs.find((pair) => owner === stockOf(pair) || owner === lastResortOf(pair));

function isWhatItSays(
  core: SessionCore,
  inviter: string,
  { conversation }: Introduction,
  group: Group,
  { state, leaves }: Side,
): boolean {
  const self = ownAccount(core);
  const ownKey = bytesToHex(core.cipher.ownLeafKey(group).publicKey);
  return (
    state.kind === "group" &&
    bytesToHex(group.groupId) === conversation &&
    leaves.some(({ account }) => account === inviter) &&
    leaves.some(({ account, leafKey }) => account === self && leafKey === ownKey)
  );
}
