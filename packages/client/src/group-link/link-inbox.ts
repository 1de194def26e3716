/** What lies in the inbox of a link, read by every device that may answer (GL5 to GL7). */
import { bytesToHex } from "@xchat/codec";
import { judgeJoin, openJoinRequest, type JoinLink } from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import type { SessionCore } from "../session-core.ts";
import type { JoinRequest } from "./join-requests.ts";
import type { LinkKeys } from "./link-keys.ts";

/** Null for what is not for us, not well-formed, or leads to nothing: nobody is told, and nothing is kept. */
export async function readJoinRequest(
  core: SessionCore,
  chat: Chat,
  link: JoinLink,
  { secret, requestSeed }: LinkKeys,
  envelope: Uint8Array,
): Promise<JoinRequest | null> {
  const { provider, clock } = core;
  const { groupId, standing } = chat;
  const opened = await openJoinRequest(provider, { requestSeed, secret, by: link.by, groupId }, envelope, clock.now());
  if (!opened.ok) return null;
  const { accountId, deviceKey, name, greeting, answerSeed, keyPackage, createdAt, statementHash } = opened.value;
  const isBlocked = core.contacts.get(accountId)?.isBlocked === true;
  const question = { link: link.hash, account: accountId, createdAt, isBlocked };
  if (judgeJoin(provider, standing, ownAccount(core), question, clock.now()) !== null) return null;
  return {
    id: bytesToHex(statementHash),
    chat: chat.id,
    link: link.hash,
    account: accountId,
    deviceKey: bytesToHex(deviceKey),
    name,
    greeting,
    answerSeed,
    keyPackage,
    createdAt,
    receivedAt: clock.now(),
    state: "pending",
  };
}
