/**
 * What time takes away from a chat: mailboxes that nobody can have written to for long, and messages that no node was
 * there to take. A message of the person is never taken away: it is sealed anew, to the mailbox of today.
 */
import { bytesToHex } from "@xchat/codec";
import type { MessageItem } from "../delivery/outbox-item.ts";
import { cursorId } from "../delivery/readers.ts";
import { sealOrQueue } from "./sealing.ts";
import type { Step } from "./step.ts";

/** True when epochs have gone, and are to be read no more. */
export function forgetPastEpochs(step: Step): boolean {
  const { clock, cursors } = step.core;
  const now = clock.now();
  const gone = step.state.epochs.filter(({ retireAt }) => retireAt !== 0 && retireAt < now);
  if (gone.length === 0) return false;
  step.set({ epochs: step.state.epochs.filter((epoch) => !gone.includes(epoch)) });
  for (const { hint, mailbox } of gone.flatMap(({ nodes }) => nodes)) {
    const cursor = cursorId(mailbox.publicKey, hint);
    step.changes.push({ delete: "mailbox", key: bytesToHex(mailbox.publicKey) }, { delete: "cursor", key: cursor });
    step.after.push(() => cursors.delete(cursor));
  }
  return true;
}

/** A commit on its way stays as long as it takes: nothing else of this chat can be sealed before it is settled. */
export async function renewExpired(step: Step): Promise<void> {
  const { clock, outbox } = step.core;
  for (const { record, item } of outbox.entries()) {
    const isOver = record.conversationId === step.id && item.kind === "message" && item.expiresAt < clock.now();
    if (!isOver || item.purpose === "commit") continue;
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => outbox.drop(record.id));
    await sealAgain(step, item);
  }
}

async function sealAgain(step: Step, { eventId }: MessageItem): Promise<void> {
  const event = eventId === "" ? null : await step.event(eventId);
  if (event !== null && (event.delivery === "queued" || event.delivery === "stored")) await sealOrQueue(step, event);
}
