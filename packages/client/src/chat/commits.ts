/**
 * Commits: own ones are made one at a time from a plan that is saved with the chat, put into the slot of the epoch, and
 * applied once more than half of the home nodes have given a receipt for the slot (spec/conversation.md; DESIGN:
 * witnesses). Those of others are judged and applied as they come.
 *
 * CM1 Every commit is judged by the state and the leaves of the epoch that it ends, its note included, before anything of
 *     it is kept.
 */
import {
  currentState,
  decodeCommitNote,
  depthOfLine,
  encodeGroupState,
  judgeChange,
  judgeNote,
  prepareOwn,
  sealEnvelopes,
  standing,
  encodeCommitNote,
  type Commit,
  type CommitNote,
  type Group,
} from "@xchat/protocol";
import { isCertified, type MessageItem } from "../delivery/outbox-item.ts";
import { deriveEpoch, sideOf } from "./epochs.ts";
import { reviewDeliveries } from "./log-effects.ts";
import { advanceRoster } from "./roster.ts";
import type { Step } from "./step.ts";

/** Makes the next commit of the plan, unless one is on its way. */
export async function makeNextCommit(step: Step): Promise<void> {
  const { shared, group, side } = step.state;
  const [next] = shared.plan;
  if (next === undefined || shared.pendingCommit !== null) return;
  const { cipher, provider } = step.core;
  const current = (): Uint8Array => encodeGroupState(currentState(standing(side.state, side.leaves)));
  const policy = next === "policy" ? (shared.nextPolicy ?? current()) : null;
  const note = side.state.version === 1 ? new Uint8Array(0) : encodeCommitNote(placeNote(step));
  const made = await cipher.commit(group, { authenticatedData: note, ...(policy === null ? {} : { policy }) });
  const outboxId = step.enqueue(await sealEnvelopes(provider, step.epoch.wrapKey, made.commit), "commit", "");
  step.setShared({
    plan: shared.plan.slice(1),
    nextPolicy: next === "policy" ? null : shared.nextPolicy,
    pendingCommit: { outboxId, epoch: group.epoch, ...cipher.save(made.group), policy, note },
  });
}

/** True when the commit was the pending one and has been applied. */
export async function settleCommit(step: Step, item: MessageItem, outboxId: string): Promise<boolean> {
  const { pendingCommit } = step.state.shared;
  if (pendingCommit?.outboxId !== outboxId || !isCertified(item)) return false;
  const { cipher } = step.core;
  const note = decodeCommitNote(pendingCommit.note);
  step.setShared({ pendingCommit: null });
  const group = cipher.adopt(step.state.group, cipher.restore(pendingCommit));
  await enterGroup(step, group, note.ok ? note.value : null);
  return true;
}

/** Null where it is refused, by a word of the specification; else what to do is done. */
export function judgeForeign(step: Step, commit: Commit): CommitNote | string {
  const { cipher } = step.core;
  const { group, side } = step.state;
  const judged = judgeChange({ members: cipher.members(group), policy: cipher.policy(group) }, commit.change);
  if (!judged.ok) return judged.error.reason;
  const after = { state: judged.value.after, leaves: judged.value.leaves };
  const note = judgeNote(side, after, {
    isExternal: commit.change.isExternal,
    authenticatedData: commit.authenticatedData,
  });
  return note.ok ? note.value : note.error.reason;
}

/** Applies somebody else's commit: an own one for the same epoch is void, and its intent goes back into the plan. */
export async function applyForeignCommit(step: Step, commit: Commit, note: CommitNote): Promise<string | null> {
  const { pendingCommit, plan, nextPolicy } = step.state.shared;
  await enterGroup(step, commit.group, note);
  if (pendingCommit === null) return null;
  const { policy } = pendingCommit;
  const again = policy === null ? "path" : "policy";
  step.setShared({
    pendingCommit: null,
    plan: plan.includes(again) ? plan : [again, ...plan],
    nextPolicy: nextPolicy ?? policy,
  });
  step.changes.push({ delete: "outbox", key: pendingCommit.outboxId });
  return pendingCommit.outboxId;
}

async function enterGroup(step: Step, group: Group, note: CommitNote | null): Promise<void> {
  const { cipher, provider, clock } = step.core;
  const side = sideOf(cipher, group);
  const { roster } = step.state;
  const lineDepth = note === null ? roster.lineDepth : depthOfLine(roster.lineDepth, note);
  const since = await nextSealed(step);
  step.set({ roster: advanceRoster(roster, side, { cut: note?.cut ?? [], lineDepth, since }) });
  step.enterEpoch(group, side, await deriveEpoch(cipher, provider, group, side, clock.now()));
  await reviewDeliveries(step);
}

/** Where the chat stands for this device: the line of the commit is put there (GR23). */
export function placeNote({ state: { log } }: Step): CommitNote {
  const { depth } = prepareOwn(log);
  const tip = log.authors.get(log.self)?.tip ?? null;
  const previous = tip === null ? null : { sequence: tip.sequence, id: tip.id };
  return { place: { depth, previous }, cut: [], unknown: [] };
}

/** The number of the first own event that is not sealed yet. */
async function nextSealed(step: Step): Promise<number> {
  const { log, queued } = step.state;
  const [first] = queued;
  const event = first === undefined ? null : await step.event(first);
  return event?.sequence ?? (log.authors.get(log.self)?.tip?.sequence ?? -1) + 1;
}
