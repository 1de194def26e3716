/** Coming into a conversation by a Welcome of a sibling (spec/devices.md, DV35 to DV37). */
import { bytesToHex } from "@xchat/codec";
import type { SyncState } from "@xchat/protocol";
import { sideOf } from "../chat/epochs.ts";
import { newConversation, type NewChat } from "../chat/new-chat.ts";
import { chainOfLeaves } from "../chat/contact-news.ts";
import type { Shared } from "../chat/shared.ts";
import type { Wish } from "../chat/wishes.ts";
import type { ContactRecord, ConversationRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { beginningOf, marksOf } from "./local-chats.ts";
import { contactOf } from "./local-contacts.ts";
import { saidDue } from "./said.ts";
import type { JoinedByWelcome } from "./supply.ts";

/** `before`: the chat of the same group that this person was in before. Null where this person has no part in it. */
export async function joinBySibling(
  core: SessionCore,
  registers: SyncState,
  { group, introduction, said, isLastResort }: JoinedByWelcome,
  before: ConversationRecord | null,
): Promise<NewChat | null> {
  const { state, leaves } = sideOf(core.cipher, group);
  const own = core.profile().accountId;
  const id = bytesToHex(group.groupId);
  // DV39: what came by keys that serve more than one conversation is given its own.
  const wishes: readonly Wish[] = isLastResort
    ? [{ id: bytesToHex(core.provider.randomBytes(8)), change: { kind: "update", after: group.epoch } }]
    : [];
  const begin = async (
    accountId: string,
    contact: ContactRecord | null,
    notices: Shared["notices"] = [],
  ): Promise<NewChat> => {
    const record = { accountId, state: "active", ...beginningOf(registers, id) } as const;
    const begun = await newConversation(core, group, { record, start: introduction, before, wishes, notices });
    const known: readonly StoreChange[] = contact === null ? [] : [{ put: "contact", record: contact }];
    const now = core.clock.now();
    const marks = marksOf(registers, id, now);
    return { ...begun, contact, changes: [...known, ...begun.changes, ...marks, saidDue(id, said, now)] };
  };
  if (state.kind === "group") return begin("", null);
  const accounts = state.pair?.accounts ?? [];
  const other = accounts.find((account) => account !== own);
  if (state.kind !== "pair" || other === undefined || !accounts.some((account) => account === own)) return null;
  const called = introduction.people.find(({ account }) => account === other)?.name;
  const seen = contactOf(registers, other, core.contacts.get(other), called);
  // What is known may be older than who is here: by it nobody might be left to write to.
  const { chain, notices } = chainOfLeaves(core, seen, leaves);
  return begin(other, { ...seen, chain }, notices);
}
