/**
 * What this device commits: the wishes of the chat, and what it wants by itself, made when the rule of forks says so
 * (`forks.ts`), from the group as it is then.
 *
 * CM1 Every commit is judged by the state and the leaves of the epoch that it ends, its note included, before anything of
 *     it is kept.
 * CM2 A wish stays until the group says that it is done, or the law that it cannot be: what loses its epoch is tried in the
 *     next (GR28).
 */
import { bytesToHex } from "@xchat/codec";
import { planCommit, type CommitInput, type CommitPlan } from "@xchat/protocol";
import { answerCommit } from "../fork/index.ts";
import { isCommitting } from "./committing.ts";
import { inFork } from "./forks.ts";
import { deviceMemo, planDevices, type DeviceChange } from "./own-devices.ts";
import type { Step } from "./step.ts";
import { automaticWish } from "./upkeep-wishes.ts";
import { memoOf, memoOfDevices } from "./wish-memo.ts";
import { isWaiting, situationOf, type Wish } from "./wishes.ts";

/** There is one commit at a time, whatever it is for. */
const INTENT = "wishes";
const NOTHING = new Uint8Array(0);

/** Asks for a commit while there is something that takes one. */
export async function wantCommit(step: Step): Promise<void> {
  step.core.stock.fill(step);
  if (isCommitting(step.state) || step.state.isFresh) return;
  const next = await nextPlan(step);
  if (next === null) return;
  await inFork(step, (work) => work.take({ kind: "want", intent: INTENT, isDecree: isUrgent(next.plan) }));
}

/** Asks for a commit that changes the own devices. Whoever asked is told by the name of the intent. */
export async function wantDevices(step: Step, change: DeviceChange): Promise<string> {
  const intent = `devices/${bytesToHex(step.core.provider.randomBytes(8))}`;
  await inFork(step, (work) => work.take({ kind: "want", intent, isDecree: change.kind === "remove" }));
  return intent;
}

/** `change`: null where nobody knows of it any more, as after a restart. */
export async function makeDeviceCommit(step: Step, intent: string, change: DeviceChange | null): Promise<void> {
  const plan = change === null ? null : await planDevices(step, change);
  const memo = plan === null || change === null ? NOTHING : memoOfDevices(deviceMemo(step, intent, change));
  const answer = await answered(step, intent, plan?.input ?? null, memo);
  if (answer !== "made" && answer !== "too-late") step.errands.push({ kind: "devices", intent, isWon: false });
}

export const isOfDevices = (intent: string): boolean => intent.startsWith("devices/");

async function answered(step: Step, intent: string, input: CommitInput | null, memo: Uint8Array): Promise<string> {
  try {
    return await inFork(step, (work) => answerCommit(work, intent, input, memo));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "not-committable") throw error;
    await inFork(step, (work) => work.take({ kind: "give-up", intent }));
    return "not-committable";
  }
}

/** The rule has asked for it, and the slots have been read. */
export async function makeCommit(step: Step, intent: string): Promise<void> {
  const next = await nextPlan(step);
  const memo = next === null ? NOTHING : memoOf(next.plan, next.wishes);
  const answer = await answered(step, intent, next?.plan.input ?? null, memo);
  // No receiver would accept it: of what a person wanted, the next is tried in the next epoch.
  if (answer === "not-committable") dropFirst(step);
}

/** Takes back a wish that is not under way; false when it is gone. */
export function takeBack(step: Step, id: string): boolean {
  const { wishes } = step.state.shared;
  const left = wishes.filter((one: Wish) => one.id !== id);
  if (left.length < wishes.length) step.setShared({ wishes: left });
  return left.length < wishes.length;
}

// ---- below

interface Next {
  readonly plan: CommitPlan;
  /** None for what this device wants by itself. */
  readonly wishes: readonly Wish[];
}

/** What is done already, or not allowed any more, goes from the list. */
async function nextPlan(step: Step): Promise<Next | null> {
  for (;;) {
    const ready = step.state.shared.wishes.filter((one) => !isWaiting(one));
    const automatic = automaticWish(step);
    const changes = ready.length > 0 ? ready.map(({ change }) => change) : automatic === null ? [] : [automatic];
    if (changes.length === 0) return null;
    const plan = planCommit(await situationOf(step, changes), changes);
    if (plan.ok && plan.value !== null) return { plan: plan.value, wishes: ready };
    // An automatic one that cannot be is not asked for again in this epoch.
    if (ready.length === 0) return null;
    dropFirst(step);
  }
}

function dropFirst(step: Step): void {
  const { wishes } = step.state.shared;
  const first = wishes.find((one) => !isWaiting(one));
  if (first === undefined) return;
  step.setShared({ wishes: wishes.filter((one) => one !== first) });
  step.after.push(() => step.core.topics.mark(`group/${step.id}`));
}

/** FR2: it takes something from somebody else. For when to commit, and no more. */
const isUrgent = ({ judged }: CommitPlan): boolean =>
  judged.whatHappened.some(({ kind }) => kind === "removed" || kind === "role");
