/**
 * The log of a device that has come back under another leaf key, and of those who see it come (spec/rejoin.md, RJ8, RJ9).
 * What it wrote under the old key stays where it is, as another author's; numbers begin anew.
 */
import { authorOf } from "./draft.ts";
import type { AuthorLog, Hex, Log } from "./state.ts";

/** What the others have acknowledged and read counts the numbers of the old key, and says nothing of the new one. */
export function underNewLeaf(log: Log, self: Hex): Log {
  const authors = new Map(
    [...log.authors].map(([author, state]): [Hex, AuthorLog] => [
      author,
      { ...state, delivered: null, readUpTo: null },
    ]),
  );
  return { ...log, self, authors };
}

/**
 * How far this device has come, and its person has read, is said of all of these authors anew: to whoever has come back, so that
 * they learn what they lack, and behind a branch that was left, where nobody may have heard it.
 */
export function sayingAll(log: Log, of: readonly Hex[], now: number): Log {
  const authors = new Map(log.authors);
  for (const author of of) {
    const state = authorOf(log, author);
    if (author === log.self || state.tip === null) continue;
    authors.set(author, { ...state, isAckDue: true, isReadDue: state.readMark !== null });
  }
  return { ...log, authors, ackDueSince: log.ackDueSince ?? now };
}
