/** Coming into a group that was asked for by a link: what an answer must be before it is followed (GL9). */
import { bytesToHex } from "@xchat/codec";
import { decodeIntroduction, judgeJoined, type GroupRecord } from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import { sideOf } from "../chat/epochs.ts";
import { newGroupChat, type NewChat } from "../chat/new-chat.ts";
import type { SessionCore } from "../session-core.ts";
import type { Attempt, Joining } from "./joining-record.ts";

/** Null where there is nothing to follow. `before`: the chat of the same group that this person was in. */
export async function joinByLink(
  core: SessionCore,
  { group: asked, by }: Joining,
  attempt: Attempt,
  encoded: Uint8Array,
  before: Chat | undefined,
): Promise<NewChat | null> {
  const { store, cipher } = core;
  const decoded = decodeIntroduction(encoded);
  if (!decoded.ok || decoded.value.conversation !== asked) return null;
  const keyPackage = await store.get("keyPackage", attempt.keyPackage);
  if (keyPackage === null) return null;
  const joined = await cipher.join(decoded.value.welcome, keyPackage);
  if (!joined.ok) return null;
  const group = joined.value;
  const self = ownAccount(core);
  const leafKey = bytesToHex(cipher.ownLeafKey(group).publicKey);
  const side = sideOf(cipher, group);
  const refusal = judgeJoined({ group: asked, by, self, leafKey }, { group: bytesToHex(group.groupId), ...side });
  if (refusal !== null) return null;
  // What came with the Welcome is signed by nobody: who has added this person is not told by it.
  const record: GroupRecord = { by: self, actions: [{ kind: "came-by-link" }] };
  return newGroupChat(core, { group, introduction: decoded.value, record, before: before?.record ?? null });
}
