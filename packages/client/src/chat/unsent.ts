/** Own messages that still waited to be sealed when their chat ended: they stay, and are told as what they are. */
import type { EventRecord } from "../ports.ts";
import type { Step } from "./step.ts";

/**
 * GR31 They are not sent later either, should this person come in again: the leaf that signed them is gone, and who reads
 * along is not who they were written for.
 */
export async function keepUnsent(step: Step): Promise<void> {
  for (const id of step.state.queued) {
    step.changes.push({ delete: "outbox", key: id });
    const event = await step.event(id);
    // What waited to be sealed once more may have come to somebody.
    if (event?.delivery === "queued") step.putEvent({ ...event, delivery: "unsent" });
  }
  step.set({ queued: [] });
}

/** No node has it, and no other device. */
export const isStillHere = ({ isOwn, delivery }: Pick<EventRecord, "isOwn" | "delivery">): boolean =>
  isOwn && (delivery === "queued" || delivery === "unsent");
