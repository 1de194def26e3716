/**
 * Events of a chat: own ones made, those of others judged by the log before they are kept.
 *
 * LS2 What the log refuses leaves no trace but a notice.
 */
import {
  appended,
  createEvent,
  decodeEvent,
  encodeMessageContent,
  eventFacts,
  lookupKeys,
  prepareOwn,
  receiveEvent,
  verifyEvent,
  type BodyKind,
  type MessageContent,
} from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { authorOfLeaf, ownAccount, ownAuthor, toBytes } from "./authors.ts";
import { eventToRecord } from "./event-records.ts";
import { take, type TakeCallbacks } from "./log-effects.ts";
import type { ForeseenEvent } from "./foresight.ts";
import { lookupOf } from "./lookup.ts";
import type { Step } from "./step.ts";

/** Signs and shows an own message, or what is said of one. The caller seals it. */
export const appendOwn = (step: Step, content: MessageContent): Promise<EventRecord> =>
  appendBody(step, "content", encodeMessageContent(content));

/** Signs and shows an own event of any kind. The caller seals it. */
export async function appendBody(step: Step, kind: BodyKind, content: Uint8Array): Promise<EventRecord> {
  const { provider, cipher, clock } = step.core;
  const { sequence, depth, previous, parents } = prepareOwn(step.state.log);
  const event = await createEvent(
    provider,
    {
      conversation: toBytes(step.state.log.conversation),
      author: ownAuthor(step),
      sequence,
      depth,
      previous: previous === null ? null : toBytes(previous),
      parents: parents.map(toBytes),
      sentAt: clock.now(),
      kind,
      content,
    },
    cipher.ownLeafKey(step.state.group).secretKey,
  );
  const record = eventToRecord({
    conversationId: step.id,
    event,
    state: "shown",
    isOwn: true,
    isMadeHere: true,
    receivedAt: clock.now(),
    via: "",
  });
  step.putEvent(record);
  step.content.placed.add(record.id);
  step.content.made.add(record.id);
  await take(step, appended(step.state.log, eventFacts(event), clock.now()));
  return record;
}

/** Takes an event that somebody handed over, whoever wrote it: who is or was a member counts, by their own signature. */
export async function takeEvent(
  step: Step,
  encoded: Uint8Array,
  callbacks: TakeCallbacks & { readonly via: "direct" | "nodes" },
): Promise<void> {
  const { clock } = step.core;
  const known = await knownEvent(step, encoded);
  if (known === null) return;
  const { event, facts } = known;
  // Also what another device of this person wrote.
  const isOwn = step.state.roster.leaves.get(facts.author)?.account === ownAccount(step.core);
  const { via } = callbacks;
  const record = eventToRecord({
    conversationId: step.id,
    event,
    state: "pending",
    isOwn,
    isMadeHere: facts.author === step.state.log.self,
    receivedAt: clock.now(),
    via,
  });
  const { ids, position } = lookupKeys(facts);
  step.arrived.set(record.id, record);
  await take(step, receiveEvent(step.state.log, facts, await lookupOf(step, ids, position), clock.now()), callbacks);
}

/** Null for what is no event, or not its author's. */
async function knownEvent(step: Step, encoded: Uint8Array): Promise<Pick<ForeseenEvent, "event" | "facts"> | null> {
  const { provider } = step.core;
  const foreseen = step.foresight.event(encoded, step.state);
  if (foreseen !== null) return foreseen.isSigned ? foreseen : null;
  const decoded = decodeEvent(provider, encoded);
  if (!decoded.ok) return null;
  const event = decoded.value;
  const facts = eventFacts(event);
  const author = authorOfLeaf(step.state, facts.author);
  return author !== null && (await verifyEvent(provider, event, author)) ? { event, facts } : null;
}
