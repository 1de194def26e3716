/** What a list of chats of both kinds asks of them. */
import type { ChatView, PairChatView } from "@xchat/client/api";

/** What stays with a chat, whatever it is called: its colour comes of it. */
export const toneSeed = (chat: ChatView): string => (chat.kind === "pair" ? chat.accountId : chat.id);

export const isBlocked = (chat: ChatView): boolean => chat.kind === "pair" && chat.isBlocked;
/** Something can be said there, as far as this person's own rights go. */
export const canSay = (chat: ChatView): boolean =>
  chat.state !== "ended" && (chat.kind === "pair" ? !chat.isBlocked : chat.mayWrite);
export const isVerified = (chat: ChatView): boolean => chat.kind === "pair" && chat.isVerified;

/** Who can be added to a group. */
export const isAddable = (chat: ChatView): chat is PairChatView =>
  chat.kind === "pair" && chat.state === "active" && !chat.isBlocked;
