/** What a person can do in groups; `api-groups.ts` is the contract. Each wish is judged before it is taken (GR28). */
import { base64UrlToBytes, bytesToBase64Url, bytesToHex, utf8ToBytes } from "@xchat/codec";
import {
  encodeGroupState,
  MAX_DESCRIPTION_BYTES,
  MAX_NODE_HINTS,
  newGroupState,
  type AccountId,
  type WishedChange,
} from "@xchat/protocol";
import { IntentError, type GroupIntents } from "../api.ts";
import { checkName } from "../base/profile.ts";
import { ownAccount, readAccountId } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import { newGroupChat } from "../chat/new-chat.ts";
import type { Wish } from "../chat/wishes.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { Session } from "../session.ts";

/** Not here yet. */
export type LaterIntentName = "writeAllTheSame";
export type GroupIntentName = Exclude<keyof GroupIntents, LaterIntentName>;

type Part = { readonly [N in GroupIntentName]: (input: GroupIntents[N][0]) => Promise<GroupIntents[N][1]> };

const MAX_AT_ONCE = 60;

export function groupIntents(session: Session): Part {
  const group = (id: string): Chat => {
    const chat = session.chat(id);
    if (chat.kind !== "group") throw new IntentError("chat-missing");
    if (chat.record.state === "ended") throw new IntentError("chat-ended");
    return chat;
  };
  const want = async (id: string, ...changes: readonly WishedChange[]): Promise<void> => group(id).want(changes);
  return {
    createGroup: (input) => session.core.lane.run(() => createGroup(session, input)),
    setGroupInfo: async ({ chat, name, description }) => {
      if (name === undefined && description === undefined) return;
      const change = {
        kind: "info",
        name: name === undefined ? null : checkName(name),
        description: description === undefined ? null : checkDescription(description),
      } as const;
      await want(chat, { kind: "state", change });
    },
    setGroupPicture: async ({ chat, jpeg }) => {
      const file = jpeg === null ? null : base64UrlToBytes(jpeg);
      if (file?.ok === false) throw new IntentError("group-picture-unsuitable");
      await session.pictures.set(group(chat), file === null ? null : file.value);
    },
    groupPicture: async ({ chat }) => {
      const found = await session.pictures.shown(session.chat(chat));
      return found === null ? null : { id: found.id, jpeg: bytesToBase64Url(found.jpeg) };
    },
    addMembers: ({ chat, members }) => want(chat, ...additions(session, members)),
    removeMember: ({ chat, accountId }) => want(chat, { kind: "remove", account: memberId(accountId) }),
    setRole: ({ chat, accountId, role }) =>
      want(chat, { kind: "state", change: { kind: "role", account: memberId(accountId), role } }),
    setPermission: ({ chat, name, holder }) =>
      want(chat, { kind: "state", change: { kind: "permission", name, holder } }),
    setDisappearing: async ({ chat, seconds }) => {
      const found = session.chat(chat);
      if (found.record.state !== "active") throw new IntentError("chat-ended");
      await found.want([{ kind: "state", change: { kind: "timer", seconds } }]);
    },
    leaveGroup: async ({ chat }) => group(chat).leave(),
    cancelPending: async ({ chat, id }) => {
      if (!(await group(chat).takeBack(id))) throw new IntentError("group-pending-gone");
    },
    createGroupLink: ({ chat, ...how }) => session.links.make(group(chat), how),
    revokeGroupLink: ({ chat, id }) => session.links.revoke(group(chat), id),
    answerJoinRequest: ({ chat, id, accept }) => session.links.answer(group(chat), id, accept),
    previewGroupLink: ({ text }) => session.joinings.preview(text),
    joinGroup: ({ text, greeting }) => session.joinings.ask(text, greeting),
    giveUpJoining: ({ group: id }) => session.joinings.giveUp(id),
  };
}

async function createGroup(
  session: Session,
  { name, description, members }: GroupIntents["createGroup"][0],
): Promise<{ readonly chat: string }> {
  const { core } = session;
  const { cipher, provider, pool } = core;
  const wishes = additions(session, members).map((change): Wish => ({
    id: bytesToHex(provider.randomBytes(8)),
    change,
  }));
  const homeNodes = pool.own.slice(0, MAX_NODE_HINTS);
  if (homeNodes.length === 0) throw new IntentError("node-unreachable");
  const self = ownAccount(core);
  const rejoinSeed = bytesToHex(provider.randomBytes(32));
  const state = newGroupState({ owner: self, homeNodes, name: checkName(name), rejoinSeed });
  const alone = await cipher.createGroup({
    groupId: provider.randomBytes(32),
    keyPackage: await newKeyPackage(core, false),
    policy: encodeGroupState({ ...state, description: checkDescription(description) }),
  });
  const record = { by: self, actions: [] };
  const begun = await newGroupChat(core, { group: alone, introduction: null, record, before: null, wishes });
  const chat = await session.beginChat(begun);
  return { chat: chat.id };
}

function additions({ core }: Session, members: readonly string[]): readonly WishedChange[] {
  if (members.length > MAX_AT_ONCE) throw new IntentError("group-too-large");
  return [...new Set(members)].map((id) => {
    const contact = core.contacts.get(id);
    if (contact === undefined || contact.isBlocked || contact.chain.length === 0) {
      throw new IntentError("group-not-a-contact");
    }
    return { kind: "add", account: readAccountId(contact.accountId), keyPackages: [] };
  });
}

function memberId(text: string): AccountId {
  try {
    return readAccountId(text);
  } catch (error) {
    throw new IntentError("group-not-permitted", error);
  }
}

function checkDescription(text: string): string {
  // What the format refuses is taken out (spec/group.md, GS5); lines may break.
  const clean = Array.from(text.toWellFormed(), (one) =>
    one === "\n" || !/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(one) ? one : " ",
  )
    .join("")
    .trim();
  if (utf8ToBytes(clean).length > MAX_DESCRIPTION_BYTES) throw new IntentError("message-too-long");
  return clean;
}
