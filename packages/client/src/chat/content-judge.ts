/**
 * What the events of a step make of the messages that they are about. Each row is made anew from its message and what
 * names it (spec/content.md, MV6); what was deleted or has disappeared loses its body here (MV8).
 *
 * CJ1 An own message that has not left the device keeps its body, whatever this person has done with it for themselves:
 *     the others are still to get it. One that was deleted for everyone goes at once.
 */
import {
  accountIdToBytes,
  judgeRow,
  relatedTo,
  relationIndex,
  rightsAt,
  type Hex,
  type Outcome,
  type RightsHistory,
  type ViewContext,
  type ViewEvent,
} from "@xchat/protocol";
import { bytesToHex } from "@xchat/codec";
import { AFTER_READING, type EventRecord, type MarkRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { ownAccount } from "./authors.ts";
import { inTime, viewOf } from "./content-facts.ts";
import type { Step } from "./step.ts";
import { isStillHere } from "./unsent.ts";

/** What names an edit that has gone goes in the next round; nobody names longer chains. */
const MAX_ROUNDS = 4;

const ownAccountHex = (core: SessionCore): Hex => bytesToHex(accountIdToBytes(ownAccount(core)));

/** What the view of one message takes from elsewhere. */
export const contextOf = (
  core: SessionCore,
  rights: RightsHistory,
  root: Pick<EventRecord, "isOwn" | "delivery" | "readAt">,
  mark: MarkRecord | undefined,
): ViewContext => ({
  self: ownAccountHex(core),
  rightsOf: (leafKey, sequence) => rightsAt(rights, leafKey, sequence),
  readAt: () => (root.readAt === 0 ? null : root.readAt),
  isStarred: () => mark?.isStarred ?? false,
  isHidden: () => mark?.isHidden ?? false,
  // CJ1: time does not run for what has not left the device.
  now: isStillHere(root) ? 0 : core.clock.now(),
});

/** Judges what this step has to do with. Called once, when the log has placed everything. */
export async function judgeContent(step: Step): Promise<void> {
  let roots = await rootsOf(step);
  for (let round = 0; roots.size > 0 && round < MAX_ROUNDS; round++) {
    const next = new Set<Hex>();
    const about = await eventsAbout(step, [...roots]);
    const index = relationIndex(about);
    const marks = await marksOf(step, [...roots]);
    for (const id of roots) {
      const record = await step.event(id);
      const root = record === null || !isPlaced(step, record) ? null : viewOf(step.core.provider, record);
      if (record === null || root === null) continue;
      const outcome = judgeRow(
        root,
        relatedTo(index, id),
        contextOf(step.core, step.state.roster.rights, record, marks.get(id)),
      );
      become(step, record, outcome);
      for (const gone of outcome.purge) if (await purge(step, gone, outcome)) next.add(gone);
    }
    roots = next;
  }
}

/** The ids that an event acts on, as its record has them. */
const actsOn = ({ target, replaces }: EventRecord): readonly Hex[] => [target, replaces].filter((id) => id !== "");
const canBeNamed = ({ kind }: EventRecord): boolean => kind === "edit" || kind === "reaction";

async function rootsOf(step: Step): Promise<ReadonlySet<Hex>> {
  const { placed, due } = step.content;
  const roots = new Set(due);
  for (const record of step.events.values()) {
    const hasLeft = record.isOwn && !isStillHere(record) && (record.kind === "leaving" || canBeNamed(record));
    if (!placed.has(record.id) && !hasLeft) continue;
    roots.add(record.id);
    for (const id of actsOn(record)) roots.add(id);
  }
  const named = await recordsOf(step, [...roots]);
  // What deletes an edit or takes a reaction back changes the message that these are about.
  for (const record of named.values()) if (canBeNamed(record)) for (const id of actsOn(record)) roots.add(id);
  return roots;
}

const isPlaced = (step: Step, { state, conversationId, header }: EventRecord): boolean =>
  state === "shown" && conversationId === step.id && header.length > 0;

async function recordsOf(step: Step, ids: readonly Hex[]): Promise<ReadonlyMap<Hex, EventRecord>> {
  const others = ids.filter((id) => !step.events.has(id));
  const stored = others.length === 0 ? [] : await step.core.store.eventsById(others);
  const found = new Map(stored.map((record) => [record.id, record]));
  for (const id of ids) {
    const changed = step.events.get(id);
    if (changed !== undefined) found.set(id, changed);
  }
  return found;
}

/** What names these, and what names edits and reactions among it, as the step leaves them. */
async function eventsAbout(step: Step, ids: readonly Hex[]): Promise<readonly ViewEvent[]> {
  const first = await namedBy(step, ids);
  const second = await namedBy(
    step,
    [...first.values()].filter(canBeNamed).map(({ id }) => id),
  );
  return [...new Map([...first, ...second]).values()].flatMap((record) => {
    const view = viewOf(step.core.provider, record);
    return view === null ? [] : [view];
  });
}

const notMadeIn = ({ content }: Step, ids: readonly Hex[]): readonly Hex[] => ids.filter((id) => !content.made.has(id));

async function namedBy(step: Step, ids: readonly Hex[]): Promise<ReadonlyMap<Hex, EventRecord>> {
  const found = new Map<Hex, EventRecord>();
  if (ids.length === 0) return found;
  const old = notMadeIn(step, ids);
  const stored = old.length === 0 ? [] : await step.core.store.eventsAbout(step.id, old);
  for (const record of stored) {
    if (!step.events.has(record.id)) found.set(record.id, record);
  }
  const wanted = new Set(ids);
  for (const record of step.events.values()) {
    if (isPlaced(step, record) && actsOn(record).some((id) => wanted.has(id))) found.set(record.id, record);
  }
  return found;
}

async function marksOf(step: Step, ids: readonly Hex[]): Promise<ReadonlyMap<Hex, MarkRecord>> {
  const old = notMadeIn(step, ids);
  const stored = old.length === 0 ? [] : await step.core.store.marks(old);
  const marks = new Map(stored.map((mark) => [mark.id, mark]));
  for (const [id, mark] of step.content.marks) marks.set(id, mark);
  return marks;
}

/** Takes the row into the record: what search, pages, counts and timers go by. */
function become(step: Step, record: EventRecord, { row }: Outcome): void {
  step.content.touched.add(record.id);
  const next = { ...record, ...rowFacts(record, row) };
  const isSame = (["kind", "text", "row", "disappearsAt"] as const).every((field) => next[field] === record[field]);
  if (!isSame) step.putEvent(next);
}

function rowFacts(record: EventRecord, row: Outcome["row"]): Partial<EventRecord> {
  if (row === null) return record.row === "none" ? {} : { row: "none", text: "", disappearsAt: 0 };
  switch (row.kind) {
    case "message": {
      const text = row.body.kind === "text" ? row.body.text : "";
      const at = row.disappearsAt;
      const disappearsAt = at === null ? (record.disappearsAt === 0 ? 0 : AFTER_READING) : inTime(at);
      return { kind: row.body.kind, text, row: "counted", disappearsAt };
    }
    case "deleted":
      return { kind: "deleted", text: "", row: "quiet", disappearsAt: 0 };
    default:
      return {};
  }
}

/** True when the body has gone, so that what names this is to be looked at. */
async function purge(step: Step, id: Hex, { row }: Outcome): Promise<boolean> {
  const record = await step.event(id);
  if (record === null || record.conversationId !== step.id || record.body === null) return false;
  const isForAll = row?.kind === "deleted";
  if (record.isOwn && record.delivery === "queued" && !isForAll) {
    step.putEvent({ ...record, kind: canBeNamed(record) ? record.kind : "leaving", text: "" });
    return false;
  }
  const kind = record.kind === "deleted" ? "deleted" : "withheld";
  step.putEvent({ ...record, body: null, kind, text: "", target: "", replaces: "", disappearsAt: 0 });
  return canBeNamed(record);
}
