/**
 * The view of a conversation: a pure function of the set of events that the log has shown (spec/content.md, section 3).
 *
 * MV6 The same events give the same view, whatever the order of arrival and however often each came; and each row is a
 *     function of its message and what names it (`judgeRow`), so that one row can be made anew without the rest.
 * MV7 Rows stand by (depth, id), as the log shows them: no row stands before one that it causally follows.
 * MV8 Dropping the bodies that are to be purged changes no row. What names an edit that has gone goes in the next round.
 * MV9 What acts on an event that is not here has no effect until it comes.
 * MV10 What its author had no right to say is no row, and is told.
 */
import type { Hex } from "../log/state.ts";
import { comparePlaces, relatedIds, type ViewEvent } from "./view-event.ts";
import { judgeRow, orderedOnce, type Row, type ViewContext } from "./row.ts";

/** The latest of more are shown. */
export const MAX_PINNED = 50;

export interface View {
  readonly rows: readonly Row[];
  /** Pinned messages, the latest pin first. */
  readonly pinned: readonly Hex[];
  /** Events whose bodies are to be dropped from the store. */
  readonly purge: readonly Hex[];
  /** Events that their authors had no right to. They are kept, and the app tells it to who wrote them. */
  readonly refused: readonly Hex[];
  /** The next moment at which a row disappears, milliseconds since 1970. */
  readonly nextChangeAt: number | null;
}

export function foldView(events: readonly ViewEvent[], context: ViewContext): View {
  const ordered = orderedOnce(events);
  const about = relationIndex(ordered);
  const rows: Row[] = [];
  const pins: { readonly target: Hex; readonly by: ViewEvent }[] = [];
  const purge = new Set<Hex>();
  const refused: Hex[] = [];
  let nextChangeAt: number | null = null;
  for (const root of ordered) {
    const outcome = judgeRow(root, relatedTo(about, root.id), context);
    for (const id of outcome.purge) purge.add(id);
    if (outcome.pinnedBy !== null) pins.push({ target: root.id, by: outcome.pinnedBy });
    if (outcome.isRefused) refused.push(root.id);
    if (outcome.row === null) continue;
    rows.push(outcome.row);
    const at = outcome.row.kind === "message" ? outcome.row.disappearsAt : null;
    if (at !== null) nextChangeAt = Math.min(at, nextChangeAt ?? at);
  }
  return { rows, pinned: latestPins(pins), purge: [...purge].toSorted(), refused, nextChangeAt };
}

/** Events by the id that they act on. */
export function relationIndex(events: readonly ViewEvent[]): ReadonlyMap<Hex, readonly ViewEvent[]> {
  const index = new Map<Hex, ViewEvent[]>();
  for (const event of events) {
    for (const id of new Set(relatedIds(event))) {
      const list = index.get(id);
      if (list === undefined) index.set(id, [event]);
      else list.push(event);
    }
  }
  return index;
}

/** What names the event, and what names an edit of it or a reaction to it. */
export function relatedTo(index: ReadonlyMap<Hex, readonly ViewEvent[]>, id: Hex): readonly ViewEvent[] {
  const direct = index.get(id) ?? [];
  return direct.flatMap((event) =>
    event.content.kind === "reaction" || event.content.kind === "message"
      ? [event, ...(index.get(event.id) ?? [])]
      : [event],
  );
}

const latestPins = (pins: readonly { readonly target: Hex; readonly by: ViewEvent }[]): readonly Hex[] =>
  pins
    .toSorted((a, b) => comparePlaces(b.by, a.by))
    .slice(0, MAX_PINNED)
    .map(({ target }) => target);
