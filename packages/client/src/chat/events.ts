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
  textContent,
  verifyEvent,
} from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { ownAuthor, peerAuthor, toBytes } from "./authors.ts";
import { eventToRecord } from "./event-records.ts";
import { take, type TakeCallbacks } from "./log-effects.ts";
import { lookupOf } from "./lookup.ts";
import type { Step } from "./step.ts";

const SALT_BYTES = 16;

/** Signs and shows an own message. The caller seals it. */
export async function appendOwn(step: Step, text: string): Promise<EventRecord> {
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
      kind: "content",
      content: encodeMessageContent(textContent({ salt: provider.randomBytes(SALT_BYTES), text })),
    },
    cipher.ownLeafKey(step.state.group).secretKey,
  );
  const record = eventToRecord({
    conversationId: step.id,
    event,
    state: "shown",
    isOwn: true,
    receivedAt: clock.now(),
    via: "",
  });
  step.putEvent(record);
  await take(step, appended(step.state.log, eventFacts(event), clock.now()));
  return record;
}

/** Takes an event that somebody handed over, whoever wrote it. */
export async function takeEvent(
  step: Step,
  encoded: Uint8Array,
  callbacks: TakeCallbacks & { readonly via: "direct" | "nodes" },
): Promise<void> {
  const { provider, clock } = step.core;
  const decoded = decodeEvent(provider, encoded);
  if (!decoded.ok) return;
  const event = decoded.value;
  const facts = eventFacts(event);
  const isOwn = facts.author === step.state.log.self;
  if (!(await verifyEvent(provider, event, isOwn ? ownAuthor(step) : peerAuthor(step)))) return;
  const { via } = callbacks;
  const input = { conversationId: step.id, event, state: "pending", isOwn, receivedAt: clock.now(), via } as const;
  const record = eventToRecord(input);
  const { ids, position } = lookupKeys(facts);
  step.arrived.set(record.id, record);
  await take(step, receiveEvent(step.state.log, facts, await lookupOf(step, ids, position), clock.now()), callbacks);
}
