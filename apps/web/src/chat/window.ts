/**
 * The part of a chat that is loaded: a run of messages without holes, oldest first, and whether more lies beyond.
 *
 * W1 Messages are in ascending `order` (by code units), each id once.
 * W2 A change to a message that is loaded replaces it, even where its order changed.
 * W3 A message that is not loaded is taken in only where no hole can come of it: inside the run, or at an end beyond
 *    which there is nothing.
 * W4 After a time in which changes may have been missed, only a page that reaches back over the whole run takes its
 *    place: what came late may stand anywhere in it.
 */
import type { MessagePage, MessageView } from "@xchat/client/api";

export interface MessageWindow {
  readonly messages: readonly MessageView[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export interface MessageChanges {
  readonly changed: readonly MessageView[];
  readonly removed: readonly string[];
}

export const windowOf = ({ messages, hasOlder, hasNewer }: MessagePage): MessageWindow => ({
  messages,
  hasOlder,
  hasNewer,
});

export function withOlder(window: MessageWindow, page: MessagePage): MessageWindow {
  const first = window.messages[0];
  const older = first === undefined ? page.messages : page.messages.filter((message) => message.order < first.order);
  return { ...window, messages: [...older, ...window.messages], hasOlder: page.hasOlder };
}

export function withNewer(window: MessageWindow, page: MessagePage): MessageWindow {
  const last = window.messages.at(-1);
  const newer = last === undefined ? page.messages : page.messages.filter((message) => message.order > last.order);
  return { ...window, messages: [...window.messages, ...newer], hasNewer: page.hasNewer };
}

/** W4. Null where the page does not reach so far back. */
export function withNewest(window: MessageWindow, page: MessagePage): MessageWindow | null {
  const [first] = window.messages;
  if (first === undefined || window.hasNewer) return null;
  if (page.hasOlder && !((page.messages[0]?.order ?? "") <= first.order)) return null;
  const messages = page.messages.filter(({ order }) => order >= first.order);
  return { ...page, messages, hasOlder: page.hasOlder || messages.length < page.messages.length };
}

export function withChanges(window: MessageWindow, { changed, removed }: MessageChanges): MessageWindow {
  const gone = new Set(removed);
  const byId = new Map(changed.map((message) => [message.id, message]));
  let isSorted = true;
  const kept: MessageView[] = [];
  for (const message of window.messages) {
    if (gone.has(message.id)) continue;
    const next = byId.get(message.id) ?? message;
    byId.delete(message.id);
    if (next.order !== message.order) isSorted = false;
    kept.push(next);
  }
  const first = kept[0];
  const last = kept.at(-1);
  for (const message of byId.values()) {
    if (gone.has(message.id)) continue;
    const isBefore = first !== undefined && message.order < first.order;
    const isAfter = last === undefined || message.order > last.order;
    if ((isBefore && window.hasOlder) || (isAfter && window.hasNewer)) continue;
    if (kept.length > 0 && message.order < kept.at(-1)!.order) isSorted = false;
    kept.push(message);
  }
  if (!isSorted) kept.sort(byOrder);
  return { ...window, messages: kept };
}

const byOrder = (a: MessageView, b: MessageView): number => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0);

/** The oldest of the last `unread` messages of the other person; the oldest loaded one where they reach back further. */
export function firstUnread({ messages }: MessageWindow, unread: number): string | null {
  let left = unread;
  let found: string | null = null;
  for (let index = messages.length - 1; index >= 0 && left > 0; index--) {
    const message = messages[index]!;
    if (message.isOwn) continue;
    found = message.id;
    left--;
  }
  return found;
}
