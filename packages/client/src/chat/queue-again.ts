/** Own events that were sealed, and wait to be sealed once more. */
import { encodeItem } from "../delivery/outbox-item.ts";
import type { Step } from "./step.ts";

/** In front of what has not been sealed at all, in this order. */
export function queueAgain(step: Step, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const createdAt = step.core.clock.now();
  for (const id of ids) {
    const item = encodeItem({ kind: "unsealed", eventId: id });
    const record = { id, conversationId: step.id, sequence: step.core.nextSequence(), item, createdAt };
    step.changes.push({ put: "outbox", record });
  }
  step.set({ queued: [...ids, ...step.state.queued] });
}
