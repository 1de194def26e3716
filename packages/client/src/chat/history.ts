/**
 * What was written before this device came in, as a sibling gives it (spec/devices.md, section 7). It has been judged.
 *
 * CY1 What lies before the beginning of the log does not pass through it: it has its place by what its author has signed,
 *     and nobody is asked for what it cites. What does not lie there comes in like anything that somebody hands over.
 * CY2 Taken twice it changes nothing.
 */
import { bytesToHex } from "@xchat/codec";
import { accountIdOfBytes, encodeEvent, eventFacts, type EventAuthor, type SignedEvent } from "@xchat/protocol";
import { AFTER_READING, type EventRecord } from "../ports.ts";
import { ownAccount } from "./authors.ts";
import { startTimer } from "./content-expiry.ts";
import { eventToRecord } from "./event-records.ts";
import { takeEvent } from "./events.ts";
import { orderOf } from "./message-view.ts";
import { keepCredential } from "./past-credentials.ts";
import type { Step } from "./step.ts";

/** An author of whom nothing was known, with the credential that says who it is. */
export interface PastAuthor {
  readonly author: EventAuthor;
  readonly credential: Uint8Array;
}

export function takePastAuthors(step: Step, authors: readonly PastAuthor[]): void {
  const { roster } = step.state;
  const leaves = new Map(roster.leaves);
  for (const { author, credential } of authors) {
    const leafKey = bytesToHex(author.leafKey);
    keepCredential(step, leafKey, credential);
    leaves.set(leafKey, {
      since: 0,
      joinedAt: 0,
      joinedOn: 0,
      ...leaves.get(leafKey),
      account: accountIdOfBytes(author.account),
    });
  }
  if (authors.length > 0) step.set({ roster: { ...roster, leaves } });
}

/** How many of them are new here. */
export async function takeHistory(step: Step, events: readonly SignedEvent[]): Promise<number> {
  const ids = events.map(({ id }) => bytesToHex(id));
  const known = new Map((await step.core.store.eventsById(ids)).map((record) => [record.id, record]));
  const readAt = step.core.clock.now();
  let count = 0;
  // When something was written that is gone, only what stands around it can tell.
  let sentAt = 0;
  for (const event of events) {
    const id = bytesToHex(event.id);
    const stored = step.events.get(id) ?? known.get(id);
    if (stored !== undefined && stored.kind !== "lost") continue;
    count++;
    sentAt = event.body?.sentAt ?? sentAt;
    if (stored !== undefined || !isBeforeLog(step, event)) await takeEvent(step, encodeEvent(event), { via: "nodes" });
    else place(step, event, { readAt, sentAt });
  }
  return count;
}

// ---- below

function isBeforeLog({ state: { log } }: Step, event: SignedEvent): boolean {
  const { author, sequence } = eventFacts(event);
  const known = log.authors.get(author);
  if (known === undefined || known.tip === null || sequence > known.tip.sequence) return false;
  return !known.lost.some(({ from, to }) => from <= sequence && sequence <= to);
}

function place(
  step: Step,
  event: SignedEvent,
  { readAt, sentAt }: { readonly readAt: number; readonly sentAt: number },
): void {
  const { roster, record: chat } = step.state;
  const leafKey = bytesToHex(event.header.author.leafKey);
  const record: EventRecord = eventToRecord({
    conversationId: step.id,
    event,
    state: "shown",
    isOwn: roster.leaves.get(leafKey)?.account === ownAccount(step.core),
    receivedAt: sentAt === 0 ? readAt : sentAt,
    via: "",
  });
  step.putEvent(record);
  step.content.placed.add(record.id);
  const isRead = chat.readId !== "" && orderOf(record) <= orderOf({ depth: chat.readDepth, id: chat.readId });
  if (isRead && record.disappearsAt === AFTER_READING) startTimer(step, record, readAt);
}
