/**
 * How this device's commits win: made one at a time from the wishes of the chat, put into the slot of the epoch, and applied
 * once more than half of the home nodes have given a receipt for the slot (spec/conversation.md; DESIGN: witnesses). Those
 * of others are judged and applied as they come.
 *
 * CM1 Every commit is judged by the state and the leaves of the epoch that it ends, its note included, before anything of
 *     it is kept.
 * CM2 A wish stays until the group says that it is done, or the law that it cannot be: what loses its epoch is tried in the
 *     next (GR28).
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import {
  decodeCommitNote,
  decodeGroupRecord,
  encodeGroupRecord,
  judgeChange,
  judgeNote,
  planCommit,
  sealEnvelopes,
  type Commit,
  type CommitNote,
  type CommitPlan,
  type GroupRecord,
  type JudgedCommit,
} from "@xchat/protocol";
import { isCertified, type MessageItem } from "../delivery/outbox-item.ts";
import { introduce } from "../group/introduce.ts";
import { ownAccount } from "./authors.ts";
import { endChat, enterGroup } from "./enter.ts";
import { lineIdOf } from "./record-line.ts";
import type { Side } from "./roster.ts";
import type { Step } from "./step.ts";
import { automaticWish } from "./upkeep-wishes.ts";
import { isWaiting, situationOf, type Wish } from "./wishes.ts";

/** A commit of somebody else that was found good. */
export interface JudgedForeign {
  readonly note: CommitNote;
  readonly judged: JudgedCommit;
  readonly lineId: string;
}

/** Makes the next commit that somebody wants, unless one is on its way. */
export async function makeNextCommit(step: Step): Promise<void> {
  if (step.state.shared.pendingCommit !== null) return;
  step.core.stock.fill(step);
  for (;;) {
    const { wishes } = step.state.shared;
    const ready = wishes.filter((one) => !isWaiting(one));
    const automatic = automaticWish(step);
    const changes = ready.length > 0 ? ready.map(({ change }) => change) : automatic === null ? [] : [automatic];
    if (changes.length === 0) return;
    const plan = planCommit(await situationOf(step, changes), changes);
    if (plan.ok && plan.value !== null && (await makeCommit(step, plan.value)) !== null) return;
    const [first] = ready;
    // An automatic one that cannot be is not asked for again in this epoch.
    if (first === undefined) return;
    step.setShared({ wishes: wishes.filter((one) => one !== first) });
    step.after.push(() => step.core.topics.mark(`group/${step.id}`));
  }
}

export interface MadeCommit {
  /** Entry in the outbox. */
  readonly outboxId: string;
  readonly welcome: Uint8Array | null;
}

/**
 * Makes the commit of a plan and puts it on its way. Null when no receiver would accept it. `isIntroduced` false: the caller
 * gives the Welcome to whom it is for.
 */
export async function makeCommit(
  step: Step,
  { input, judged }: CommitPlan,
  isIntroduced = true,
): Promise<MadeCommit | null> {
  const { cipher, provider } = step.core;
  const { group } = step.state;
  let made: Awaited<ReturnType<typeof cipher.commit>>;
  try {
    made = await cipher.commit(group, input);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "not-committable") return null;
    throw error;
  }
  const outboxId = step.enqueue(await sealEnvelopes(provider, step.epoch.wrapKey, made.commit), "commit", "");
  step.setShared({
    pendingCommit: {
      outboxId,
      epoch: group.epoch,
      ...cipher.save(made.group),
      note: input.authenticatedData ?? new Uint8Array(0),
      record: encodeGroupRecord({ by: judged.by, actions: judged.whatHappened }),
      lineId: lineOf(step, made.commit),
      welcome: isIntroduced ? made.welcome : null,
    },
  });
  return { outboxId, welcome: made.welcome };
}

/** True when the commit was the pending one and has been applied. */
export async function settleCommit(step: Step, item: MessageItem, outboxId: string): Promise<boolean> {
  const { pendingCommit } = step.state.shared;
  if (pendingCommit?.outboxId !== outboxId || !isCertified(item)) return false;
  const { cipher } = step.core;
  const note = decodeCommitNote(pendingCommit.note);
  const record = decodeGroupRecord(pendingCommit.record);
  step.setShared({ pendingCommit: null });
  const before = step.state.side;
  const group = cipher.adopt(step.state.group, cipher.restore(pendingCommit));
  await enterGroup(step, group, {
    cut: note.ok ? note.value.cut : [],
    note: note.ok ? note.value : null,
    record: record.ok ? record.value : null,
    lineId: pendingCommit.lineId,
  });
  if (pendingCommit.welcome !== null) await introduce(step, before, pendingCommit.welcome);
  noteOwn(step, before);
  return true;
}

/** What an own commit has for a consequence here: a seed to be renewed (GR28), or that this person has left. */
function noteOwn(step: Step, before: Side): void {
  const { side } = step.state;
  if (side.state.kind !== "group") return;
  const here = new Set(side.leaves.map(({ account }) => account));
  const hasRemoved = before.leaves.some(({ account }) => !here.has(account));
  if (hasRemoved) step.setShared({ needsSeed: side.state.rejoin[0]?.number ?? 0 });
  if (side.state.leaving.includes(ownAccount(step.core))) endChat(step, null);
}

/** A word of the specification where it is refused. */
export function judgeForeign(step: Step, commit: Commit, message: Uint8Array): JudgedForeign | string {
  const { cipher } = step.core;
  const { group, side } = step.state;
  const judged = judgeChange({ members: cipher.members(group), policy: cipher.policy(group) }, commit.change);
  if (!judged.ok) return judged.error.reason;
  const after = { state: judged.value.after, leaves: judged.value.leaves };
  const note = judgeNote(side, after, {
    isExternal: commit.change.isExternal,
    authenticatedData: commit.authenticatedData,
  });
  if (!note.ok) return note.error.reason;
  return { note: note.value, judged: judged.value, lineId: lineOf(step, message) };
}

/**
 * Applies somebody else's commit: an own one for the same epoch is void, and what it was for is still on the list. Answers
 * with its entry in the outbox.
 */
export async function takeForeignCommit(step: Step, commit: Commit, foreign: JudgedForeign): Promise<string | null> {
  const { pendingCommit } = step.state.shared;
  const record: GroupRecord = { by: foreign.judged.by, actions: foreign.judged.whatHappened };
  const entry = { cut: foreign.note.cut, note: foreign.note, record, lineId: foreign.lineId };
  const isRemoved = commit.change.removed.some(({ leaf }) => leaf === step.state.group.ownLeaf);
  if (isRemoved) endChat(step, entry);
  else await enterGroup(step, commit.group, entry);
  if (pendingCommit === null) return null;
  step.setShared({ pendingCommit: null });
  step.changes.push({ delete: "outbox", key: pendingCommit.outboxId });
  step.after.push(() => step.core.outbox.drop(pendingCommit.outboxId));
  return pendingCommit.outboxId;
}

/** Takes back a wish that is not under way; false when it is gone. */
export function takeBack(step: Step, id: string): boolean {
  const { wishes } = step.state.shared;
  const left = wishes.filter((one: Wish) => one.id !== id);
  if (left.length < wishes.length) step.setShared({ wishes: left });
  return left.length < wishes.length;
}

const LINE = utf8ToBytes("xchat record v1\0");

const lineOf = ({ core, state }: Step, message: Uint8Array): string =>
  lineIdOf(state.group.epoch + 1, core.provider.sha256(concatBytes(LINE, message)));
