/**
 * Own events under a leaf key that this device had before (spec/event.md, LG18): it has come back (spec/rejoin.md, RJ11) and
 * says them again. What the others acknowledge of them counts numbers of the old key, so it is kept event by event.
 */
import { authorOf, type Draft } from "./draft.ts";
import {
  MAX_AGAIN,
  MAX_AGAIN_BY,
  type AckEntryFacts,
  type EventFacts,
  type Hex,
  type Log,
  type Lookup,
  type SaidAgain,
} from "./state.ts";

/** In place of all that was said again before. In the order of writing; the newest are kept. */
export function sayingAgain(
  log: Log,
  events: readonly Pick<EventFacts, "id" | "author" | "sequence" | "previous">[],
): Log {
  const kept = events.slice(-MAX_AGAIN);
  const again = kept.map(({ id, author, sequence, previous }): [Hex, SaidAgain] => [
    id,
    { id, author, sequence, previous, by: [] },
  ]);
  return { ...log, again: new Map(again) };
}

/** These have reached everybody. */
export function nothingMoreOf(log: Log, ids: readonly Hex[]): Log {
  const gone = new Set(ids);
  if (![...log.again.keys()].some((id) => gone.has(id))) return log;
  return { ...log, again: new Map([...log.again].filter(([id]) => !gone.has(id))) };
}

export function hearOfAgainMutable(draft: Draft, from: Hex, entries: readonly AckEntryFacts[], lookup: Lookup): void {
  const ids = new Set(entries.flatMap((entry) => reachedBy(draft, entry, lookup)));
  const news: Hex[] = [];
  for (const id of ids) {
    const said = draft.again.get(id);
    if (said === undefined || said.by.includes(from) || said.by.length >= MAX_AGAIN_BY) continue;
    draft.again.set(id, { ...said, by: [...said.by, from] });
    news.push(id);
  }
  if (news.length > 0) draft.effects.push({ kind: "delivered-again", by: from, ids: news });
}

/**
 * Who has shown an event has shown what is before it on its branch. Beyond that its number says something only where the old
 * key is known to have one branch, and the event that is named is here.
 */
function reachedBy({ again, authors }: Draft, entry: AckEntryFacts, lookup: Lookup): readonly Hex[] {
  const ofAuthor = [...again.values()].filter(({ author }) => author === entry.author);
  if (ofAuthor.length === 0) return [];
  const branch = new Set<Hex>();
  for (let id: Hex | null = entry.id; id !== null && !branch.has(id); id = again.get(id)?.previous ?? null)
    branch.add(id);
  const { forks, tip } = authorOf({ authors }, entry.author);
  const named = tip?.id === entry.id ? { author: entry.author, ...tip } : lookup.event(entry.id);
  const isLine = forks === 0 && named?.author === entry.author && named.sequence === entry.sequence;
  return ofAuthor
    .filter(({ id, sequence }) => branch.has(id) || (isLine && sequence <= entry.sequence))
    .filter(({ sequence }) => !entry.lacking.some(({ from, to }) => from <= sequence && sequence <= to))
    .map(({ id }) => id);
}
