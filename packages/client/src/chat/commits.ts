/**
 * Own commits: made one at a time from a plan that is saved with the chat, put into the slot of the epoch, applied
 * once more than half of the home nodes have given a receipt for the slot (spec/conversation.md; DESIGN: witnesses).
 */
import { encodePolicy, sealEnvelopes, type Group } from "@xchat/protocol";
import { isCertified, type MessageItem } from "../delivery/outbox-item.ts";
import { deriveEpoch, policyOf } from "./epochs.ts";
import type { Step } from "./step.ts";

/** Makes the next commit of the plan, unless one is on its way. */
export async function makeNextCommit(step: Step): Promise<void> {
  const { shared, group } = step.state;
  const [next] = shared.plan;
  if (next === undefined || shared.pendingCommit !== null) return;
  const { cipher, provider } = step.core;
  const policy = next === "policy" ? (shared.nextPolicy ?? encodePolicy(policyOf(cipher, group))) : null;
  const made = await cipher.commit(group, policy === null ? {} : { policy });
  const outboxId = step.enqueue(await sealEnvelopes(provider, step.epoch.wrapKey, made.commit), "commit", "");
  step.setShared({
    plan: shared.plan.slice(1),
    nextPolicy: next === "policy" ? null : shared.nextPolicy,
    pendingCommit: { outboxId, epoch: group.epoch, ...cipher.save(made.group), policy },
  });
}

/** True when the commit was the pending one and has been applied. */
export async function settleCommit(step: Step, item: MessageItem, outboxId: string): Promise<boolean> {
  const { pendingCommit } = step.state.shared;
  if (pendingCommit?.outboxId !== outboxId || !isCertified(item)) return false;
  await enterGroup(step, step.core.cipher.restore(pendingCommit));
  step.setShared({ pendingCommit: null });
  return true;
}

/** Applies somebody else's commit: an own one for the same epoch is void, and its intent goes back into the plan. */
export async function applyForeignCommit(step: Step, group: Group): Promise<string | null> {
  const { pendingCommit, plan, nextPolicy } = step.state.shared;
  await enterGroup(step, group);
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

async function enterGroup(step: Step, group: Group): Promise<void> {
  const { cipher, provider, clock } = step.core;
  step.enterEpoch(group, await deriveEpoch(cipher, provider, group, clock.now()));
}
