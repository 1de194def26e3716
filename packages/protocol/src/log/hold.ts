/** Events that wait, and what they wait for, within bounds (LG4, LG5). */
import { authorOf, updateAuthorMutable, type Draft } from "./draft.ts";
import { newRepair } from "./schedule.ts";
import {
  gapStart,
  MAX_MISSING,
  MAX_MISSING_OF_AUTHOR,
  MAX_PENDING,
  MAX_PENDING_OF_AUTHOR,
  type EventFacts,
  type Hex,
  type PendingEvent,
} from "./state.ts";

export function holdMutable(draft: Draft, event: PendingEvent, now: number): void {
  updateAuthorMutable(draft, event.author, {});
  if (!makeRoomMutable(draft, event, now)) return dropMutable(draft, event, now);
  draft.pending.set(event.id, event);
  draft.effects.push({ kind: "hold", id: event.id });
  if (draft.missing.delete(event.id)) draft.effects.push({ kind: "gap-closed", id: event.id });
  for (const id of event.unresolved) missMutable(draft, event, id, now);
}

/** What the author says exists beyond all that is here: an end that is missing shows by nothing else. */
export function claimMutable(
  draft: Draft,
  claim: { readonly author: Hex; readonly sequence: number; readonly by: Hex },
  now: number,
): void {
  const { tip, claimed } = authorOf(draft, claim.author);
  const known = Math.max(tip?.sequence ?? -1, claimed?.sequence ?? -1);
  if (claim.sequence <= known) return;
  const { sequence, by } = claim;
  updateAuthorMutable(draft, claim.author, { claimed: { sequence, by, ...newRepair(now) } });
}

/**
 * After an event left `pending` without being shown: `missing` holds what is needed now, and no more. An event whose
 * references have no room any more leaves as well, so the bounds hold whatever was evicted.
 */
export function refreshMissingMutable(draft: Draft, now: number): void {
  for (let left = missAllMutable(draft, now); left; left = missAllMutable(draft, now));
  const needed = new Set<Hex>([...draft.pending.values()].flatMap((event) => event.unresolved));
  for (const missing of draft.missing.values()) {
    if (missing.isReleased || needed.has(missing.id)) continue;
    draft.missing.delete(missing.id);
    draft.effects.push({ kind: "gap-closed", id: missing.id });
  }
}

/** True when an event had to leave: then those that cite it must be looked at again. */
function missAllMutable(draft: Draft, now: number): boolean {
  let hasLeft = false;
  for (const event of draft.pending.values()) {
    if (hasRoomForMissing(draft, event)) {
      for (const id of event.unresolved) missMutable(draft, event, id, now);
      continue;
    }
    draft.pending.delete(event.id);
    dropMutable(draft, event, now);
    hasLeft = true;
  }
  return hasLeft;
}

function missMutable(draft: Draft, event: EventFacts, id: Hex, now: number): void {
  if (draft.pending.has(id) || draft.missing.has(id)) return;
  const position = id === event.previous ? { author: event.author, to: event.sequence - 1 } : null;
  const depth = event.depth - 1;
  draft.missing.set(id, { id, citedBy: event.author, position, depth, isReleased: false, ...newRepair(now) });
  const from = position === null ? 0 : gapStart(draft, position.author, position.to);
  draft.effects.push({ kind: "gap", id, author: position?.author ?? null, from, to: position?.to ?? 0 });
}

function makeRoomMutable(draft: Draft, event: PendingEvent, now: number): boolean {
  if (!hasRoomForMissing(draft, event)) return false;
  const own = [...draft.pending.values()].filter((held) => held.author === event.author);
  if (own.length < MAX_PENDING_OF_AUTHOR && draft.pending.size < MAX_PENDING) return true;
  // The nearest to the tip is of most use: it is what the others of its author wait for.
  const farthest = own.reduce<PendingEvent | null>(
    (far, held) => (far && far.sequence > held.sequence ? far : held),
    null,
  );
  if (farthest === null || farthest.sequence <= event.sequence) return false;
  draft.pending.delete(farthest.id);
  dropMutable(draft, farthest, now);
  refreshMissingMutable(draft, now);
  return true;
}

function hasRoomForMissing(draft: Draft, event: PendingEvent): boolean {
  const added = event.unresolved.filter((id) => !draft.pending.has(id) && !draft.missing.has(id)).length;
  let cited = 0;
  for (const missing of draft.missing.values()) if (missing.citedBy === event.author) cited++;
  return added === 0 || (cited + added <= MAX_MISSING_OF_AUTHOR && draft.missing.size + added <= MAX_MISSING);
}

function dropMutable(draft: Draft, event: EventFacts, now: number): void {
  draft.effects.push({ kind: "drop", id: event.id });
  claimMutable(draft, { author: event.author, sequence: event.sequence, by: event.author }, now);
}
