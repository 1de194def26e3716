/** What is told as unread, and to whom it needs no telling. */
import type { ChatView } from "@xchat/client/api";
import { isBlocked } from "./kinds.ts";

/** The page is in front, and what is typed goes to it. */
export const isLookedAt = (): boolean => document.visibilityState === "visible" && document.hasFocus();

/** Nothing of whom is blocked, nor of the chat that is open before the person, who sees what comes. */
export const toldUnread = (chat: ChatView, isOpen: boolean): number =>
  isBlocked(chat) || (isOpen && isLookedAt()) ? 0 : chat.unread;

export const toldUnreadOfAll = (chats: readonly ChatView[], open: string | null): number =>
  chats.reduce((sum, chat) => sum + toldUnread(chat, chat.id === open), 0);
