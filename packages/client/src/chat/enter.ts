/** What a commit changes in the chat once it counts: roster, rights, mailboxes, and the line that tells of it. */
import { depthOfLine, type CommitNote, type CutEntry, type Group, type GroupRecord, type Hex } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { ownAccount } from "./authors.ts";
import { deriveEpoch, sideOf } from "./epochs.ts";
import { dueGreeting } from "./greeting.ts";
import { undelivered } from "./log-start.ts";
import { queueAgain } from "./queue-again.ts";
import { mayBeShown, reviewDeliveries } from "./log-effects.ts";
import { recordLine } from "./record-line.ts";
import { keepCredentials } from "./past-credentials.ts";
import { advanceRoster, type Roster, type Successor } from "./roster.ts";
import type { Step } from "./step.ts";
import { keepUnsent } from "./unsent.ts";

export interface Entry {
  readonly cut: readonly CutEntry[];
  readonly note: CommitNote | null;
  readonly record: GroupRecord | null;
  /** Id of the line. */
  readonly lineId: Hex;
  /** Of an external commit: the new leaf, and the one whose place it takes. */
  readonly successor?: Pick<Successor, "leafKey" | "replaced" | "isSameDevice"> | null;
}

/** In a pair only these are worth a line: the yes, seeds and nodes are not. */
const TOLD_IN_PAIRS: readonly string[] = ["device-added", "device-removed", "rejoined", "timer"];
/** Nobody needs a line for what devices do by themselves. */
const NOT_TOLD: readonly string[] = ["rejoin-renewed", "upgraded", "capabilities", "role-ended"];
/** They know what people say of themselves from hearsay alone, or not at all. */
const NEWCOMERS: readonly string[] = ["added", "rejoined"];
const PAGE = 500;

export async function enterGroup(step: Step, group: Group, entry: Entry): Promise<void> {
  const { cipher, provider, clock } = step.core;
  const side = sideOf(cipher, group);
  const { roster, side: before } = step.state;
  const lineDepth = entry.note === null ? roster.lineDepth : depthOfLine(roster.lineDepth, entry.note);
  const since = await nextSealed(step);
  if (!before.leaves.every(({ leafKey }) => side.leaves.some((leaf) => leaf.leafKey === leafKey))) {
    keepCredentials(step, step.state.group, side);
  }
  const { cut } = entry;
  const successor = entry.successor == null ? null : await successorOf(step, entry.successor);
  const next = advanceRoster(roster, side, { cut, lineDepth, since, now: clock.now(), successor });
  step.set({ roster: next });
  step.enterEpoch(group, side, await deriveEpoch(cipher, provider, group, side, clock.now()));
  // Who comes from outside can name no place.
  tell(step, entry, successor === null ? lineDepth : endOf(step), group.epoch);
  if (successor !== null) dueGreeting(step, successor);
  if (successor !== null) queueAgain(step, successor.again);
  await judgeAnew(step, next, entry.cut);
  if (before.leaves.some(({ leafKey }) => !side.leaves.some((leaf) => leaf.leafKey === leafKey))) {
    await reviewDeliveries(step);
  }
  // DS9: in a pair it is a device that comes, and with the name it is told what its two people allow.
  const newcomers = side.state.kind === "pair" ? [...NEWCOMERS, "device-added"] : NEWCOMERS;
  const hasNewcomer = entry.record?.actions.some(({ kind }) => newcomers.includes(kind)) === true;
  if (hasNewcomer) step.setShared({ isNameDue: true });
  const { needsSeed } = step.state.shared;
  if (needsSeed !== null && (side.state.rejoin[0]?.number ?? 0) > needsSeed) step.setShared({ needsSeed: null });
  step.after.push(() => step.core.topics.mark(`group/${step.id}`));
}

/** In a chat of two, somebody who has lost their devices is told what had not reached the lost one. */
async function successorOf(
  step: Step,
  successor: NonNullable<Entry["successor"]>,
): Promise<Successor & { readonly again: readonly string[] }> {
  const isToBeTold = !successor.isSameDevice && step.state.side.state.kind === "pair";
  const open = isToBeTold ? await undelivered(step, successor.replaced) : [];
  const waiting = new Set(step.state.queued);
  const again = open.map(({ id }) => id).filter((id) => !waiting.has(id));
  return { ...successor, depth: endOf(step), since: open[0]?.sequence ?? null, again };
}

/** This device is out: what is here can be read, and nothing more comes. */
export async function endChat(step: Step, entry: Entry | null): Promise<void> {
  const { roster, group } = step.state;
  step.setRecord({ state: "ended" });
  step.setShared({ wishes: [] });
  await keepUnsent(step);
  if (entry !== null) {
    const lineDepth = entry.note === null ? roster.lineDepth : depthOfLine(roster.lineDepth, entry.note);
    step.set({ roster: { ...roster, lineDepth } });
    tell(step, entry, lineDepth, group.epoch + 1);
  }
  step.after.push(() => step.core.topics.mark(`group/${step.id}`));
}

/** Behind all that is shown: where a line stands that no commit names a place for. */
export function endOf({ state: { log, roster } }: Step): number {
  const depths = [...log.authors.values()].map(({ tip }) => tip?.depth ?? 0);
  return Math.max(roster.lineDepth, 1 + Math.max(0, ...depths));
}

/** GR23: the line of who did what. */
export function tell(step: Step, { record, lineId }: Entry, depth: number, epoch: number): void {
  if (record === null) return;
  const isPair = step.state.side.state.kind === "pair";
  const actions = record.actions.filter(({ kind }) =>
    isPair ? TOLD_IN_PAIRS.includes(kind) : !NOT_TOLD.includes(kind),
  );
  if (actions.length === 0) return;
  const now = step.core.clock.now();
  const told = { by: record.by, actions };
  const isOwn = record.by === ownAccount(step.core);
  step.putEvent(recordLine({ conversationId: step.id, lineId, record: told, depth, epoch, isOwn, now }));
  step.setRecord({ activeAt: Math.max(step.state.record.activeAt, now) });
}

/** GR24: events of leaves whose rights have changed, beyond the cut, count by what they may now. */
async function judgeAnew(step: Step, { rights }: Roster, cut: readonly CutEntry[]): Promise<void> {
  for (const { leafKey, sequence } of cut) {
    const from = (sequence ?? -1) + 1;
    const stored = await step.core.store.eventsOfAuthor(step.id, leafKey, from, PAGE);
    const here = new Map<string, EventRecord>(stored.map((event) => [event.id, event]));
    for (const event of step.events.values()) {
      if (event.author === leafKey && event.sequence >= from) here.set(event.id, event);
    }
    for (const event of here.values()) {
      if (event.state === "pending" || event.header.length === 0) continue;
      const state = mayBeShown(rights, event) ? "shown" : "void";
      if (state !== event.state) step.putEvent({ ...event, state });
    }
  }
}

/** The number of the first own event that is not sealed yet. */
export async function nextSealed(step: Step): Promise<number> {
  const { log, queued } = step.state;
  for (const id of queued) {
    const event = await step.event(id);
    // What is said again after coming back has numbers of another leaf.
    if (event?.author === log.self) return event.sequence;
  }
  return (log.authors.get(log.self)?.tip?.sequence ?? -1) + 1;
}
