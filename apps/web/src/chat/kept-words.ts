/**
 * What somebody typed and no store has taken yet, of chats that are not shown any more: the store was locked under them,
 * or the tab that had it open went. In the memory of this tab alone, until the chat is shown again.
 */
const kept = new Map<string, string>();

export function keepWords(chat: string, words: string): void {
  const before = kept.get(chat);
  if (words !== "" && words !== before) kept.set(chat, before === undefined ? words : `${before}\n${words}`);
}

export const keptWords = (chat: string): string | undefined => kept.get(chat);

export const dropKeptWords = (chat: string): void => void kept.delete(chat);
