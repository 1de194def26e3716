/**
 * The first word to somebody who has come back (spec/rejoin.md, RJ8): they say nothing before they have heard one, and it
 * tells them what they lack. Kept until it is said.
 */
import { MAX_ACK_MEMBERS, rankOf, RANK, sayingAll, standing, type Hex, type PayloadItem } from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import { dueItems } from "./acknowledgements.ts";
import { ownAccount, toBytes } from "./authors.ts";
import type { Step } from "./step.ts";

/** In large groups so many speak, on the average, besides those with a rank. */
const ENOUGH = 8;

export const greetingPartId = (conversation: Hex): string => `${conversation}/rejoin-greeting`;

/** In the epoch that begins with their coming. */
export function dueGreeting(step: Step, { replaced }: { readonly replaced: Hex }): void {
  const { side, log } = step.state;
  const now = step.core.clock.now();
  const authors = [...side.leaves.map(({ leafKey }) => leafKey), replaced];
  step.set({ log: sayingAll(log, authors, now) });
  if (!isOneToSpeak(step)) return;
  step.set({ isGreetingDue: true });
  const part = { conversationId: step.id, kind: "rejoin-greeting", value: new Uint8Array(0), createdAt: now };
  step.changes.push({ put: "part", record: { id: greetingPartId(step.id), ...part } });
}

/** Once something can be sealed. */
export async function greet(step: Step): Promise<void> {
  if (!step.state.isGreetingDue) return;
  step.set({ isGreetingDue: false });
  step.changes.push({ delete: "part", key: greetingPartId(step.id) });
  const items = await dueItems(step, true);
  await step.seal(items.length > 0 ? items : [hereIAm(step)], "state");
}

/** Where nobody has written yet there is nothing to acknowledge. */
function hereIAm({ state: { log } }: Step): PayloadItem {
  const tip = log.authors.get(log.self)?.tip ?? null;
  const named = tip === null ? null : { sequence: tip.sequence, id: toBytes(tip.id) };
  return { kind: "ack", ack: { tip: named, entries: [] } };
}

function isOneToSpeak({ core, state: { side } }: Step): boolean {
  const count = side.leaves.length;
  if (count <= MAX_ACK_MEMBERS || rankOf(standing(side.state, side.leaves), ownAccount(core)) > RANK.member)
    return true;
  return randomFraction(core.provider) * count < ENOUGH;
}
