/** What being read means: the page is in front and focused, and the message was on the screen. */
import { useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useEffectEvent, useRef } from "react";
import type { VirtualizerHandle } from "virtua";
import { useApi } from "../app/context.tsx";
import { isLookedAt } from "../chats/unread.ts";
import { announce } from "../ui/announcer.tsx";
import { authorName } from "./author.tsx";

const SETTLE_MILLISECONDS = 250;

/** Answers with a function to call whenever what is on the screen may have changed. */
export function useMarkRead(
  chat: ChatView,
  rows: readonly MessageView[],
  list: React.RefObject<VirtualizerHandle | null>,
): () => void {
  const api = useApi();
  const marked = useRef("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const mark = useEffectEvent(() => {
    const handle = list.current;
    if (handle === null || chat.unread === 0 || !isLookedAt()) return;
    const newest = newestVisible(rows, handle);
    if (newest === undefined || newest.order <= marked.current) return;
    const before = marked.current;
    marked.current = newest.order;
    api.call("markRead", { chat: chat.id, upTo: newest.id }).catch(() => {
      marked.current = before;
    });
  });
  const soon = useEffectEvent(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => mark(), SETTLE_MILLISECONDS);
  });
  useEffect(() => {
    const look = (): void => soon();
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer.current);
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  useEffect(() => soon(), [chat.unread, rows]);
  return () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => mark(), SETTLE_MILLISECONDS);
  };
}

/** The newest message of the other person whose lower edge is on the screen. */
function newestVisible(rows: readonly MessageView[], list: VirtualizerHandle): MessageView | undefined {
  const bottom = list.scrollOffset + list.viewportSize;
  for (let index = Math.min(rows.length - 1, list.findItemIndex(bottom)); index >= 0; index--) {
    const row = rows[index]!;
    const isWhole = list.getItemOffset(index) + Math.min(list.getItemSize(index), list.viewportSize / 2) <= bottom + 1;
    if (!row.isOwn && isWhole) return row;
  }
  return undefined;
}

/** Reads new messages of the open chat to screen readers, and not those that a page of history brings. */
export function useAnnounceNew(chat: ChatView, rows: readonly MessageView[]): void {
  const { t } = useLingui();
  const newestSeen = useRef<string | null>(null);
  const tell = useEffectEvent((last: MessageView) => {
    const isNew = newestSeen.current !== null && last.order > newestSeen.current;
    if (newestSeen.current === null || isNew) newestSeen.current = last.order;
    if (!isNew || last.isOwn || last.content.kind !== "text") return;
    const { text } = last.content;
    const author = authorName(last, chat.name);
    announce(t`${author}: ${text}`);
  });
  useEffect(() => {
    const last = rows.at(-1);
    if (last !== undefined) tell(last);
  }, [rows]);
}
