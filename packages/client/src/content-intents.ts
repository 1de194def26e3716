/** What people do with messages, as intents. `api-content.ts` is the contract. */
import { MAX_REACTION_BYTES, MAX_TEXT_BYTES, type MessageContent } from "@xchat/protocol";
import { IntentError, MAX_FORWARD, type ContentIntents, type MentionInput, type MessageView } from "./api.ts";
import {
  deleteForEveryone,
  deleteForMe,
  editWords,
  forwardHere,
  sendWords,
  setPinned,
  setReaction,
  setStarred,
} from "./chat/content-actions.ts";
import type { EventRecord } from "./ports.ts";
import type { Session } from "./session.ts";

const MAX_STARRED = 500;
const byteLength = (text: string): number => new TextEncoder().encode(text).length;

type Handlers<I extends Record<string, [unknown, unknown]>> = {
  readonly [N in keyof I]: (input: I[N][0]) => Promise<I[N][1]>;
};

export function contentIntents(session: Session): Handlers<{ [N in keyof ContentIntents]: ContentIntents[N] }> {
  return {
    sendMessage: async ({ chat, text, replyTo = null, mentions = [] }) => {
      const words = checkWords(text, mentions);
      const { id } = await session.chat(chat).write((step) => sendWords(step, words, replyTo));
      return { id };
    },
    editMessage: ({ chat, id, text, mentions = [] }) => {
      const words = checkWords(text, mentions);
      return session.chat(chat).write((step) => editWords(step, id, words));
    },
    deleteMessage: ({ chat, id, who }) =>
      who === "me"
        ? session.chat(chat).keep((step) => deleteForMe(step, id))
        : session.chat(chat).say((step) => deleteForEveryone(step, id)),
    setReaction: ({ chat, id, reaction, isOn }) => {
      const bytes = byteLength(reaction);
      const isPlain = reaction === reaction.toWellFormed() && reaction.trim() === reaction;
      if (bytes === 0 || bytes > MAX_REACTION_BYTES || !isPlain) throw new IntentError("reaction-malformed");
      return session.chat(chat).say((step) => setReaction(step, id, reaction, isOn));
    },
    setStarred: ({ chat, id, isStarred }) => session.chat(chat).keep((step) => setStarred(step, id, isStarred)),
    setPinned: ({ chat, id, isPinned }) => session.chat(chat).say((step) => setPinned(step, id, isPinned)),
    forwardMessages: (input) => forward(session, input),
    pinnedMessages: async ({ chat }) => ({ messages: await session.chat(chat).pinned() }),
    starredMessages: async ({ chat, limit }) => {
      const count = Math.min(MAX_STARRED, Math.max(1, Math.floor(limit)));
      return { hits: await hitsOf(session, await session.core.store.starred(chat, count)) };
    },
  };
}

/** Messages of several chats, in the order given. */
export async function hitsOf(
  session: Session,
  records: readonly EventRecord[],
): Promise<readonly { readonly chat: string; readonly message: MessageView }[]> {
  const views = new Map<string, { readonly chat: string; readonly message: MessageView }>();
  for (const id of new Set(records.map(({ conversationId }) => conversationId))) {
    const chat = session.chats.get(id);
    if (chat === undefined) continue;
    for (const message of await chat.messages(records.filter(({ conversationId }) => conversationId === id))) {
      views.set(message.id, { chat: id, message });
    }
  }
  return records.flatMap(({ id }) => views.get(id) ?? []);
}

function checkWords(
  text: string,
  mentions: readonly MentionInput[],
): { text: string; mentions: readonly MentionInput[] } {
  if (text.trim() === "") throw new IntentError("message-empty");
  if (byteLength(text) > MAX_TEXT_BYTES) throw new IntentError("message-too-long");
  return { text: text.toWellFormed(), mentions };
}

/** Read first, and sent only when all of it is there: nothing is forwarded by half for want of a message. */
async function forward(session: Session, { chat, ids, to }: ContentIntents["forwardMessages"][0]): Promise<void> {
  if (ids.length > MAX_FORWARD.messages || to.length > MAX_FORWARD.chats) throw new IntentError("forward-too-many");
  const source = session.chat(chat);
  const targets = [...new Set(to)].map((id) => session.chat(id));
  const contents: MessageContent[] = [];
  for (const id of new Set(ids)) contents.push(await source.forwardable(id));
  for (const target of targets) await target.write((step) => forwardHere(step, contents));
}
