/**
 * The first word to somebody who has come back (spec/rejoin.md, RJ8): they say nothing before they have heard one, and it
 * tells them what they lack. And the first one of a device behind a fork (spec/fork-rule.md, FR12). Kept until it is said.
 */
import {
  MAX_ACK_MEMBERS,
  packPayloads,
  rankOf,
  RANK,
  sayingAll,
  standing,
  type Hex,
  type PayloadItem,
} from "@xchat/protocol";
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
  if (isOneToSpeak(step)) wordIsDue(step);
}

/**
 * This device has left a branch. Who stood on the winner all the time could not read what it had said there: how far it had
 * come, what it is called. Its newest number tells them what they lack of its own.
 */
export function sayAnew(step: Step): void {
  const { side, log } = step.state;
  const present = side.leaves.map(({ leafKey }) => leafKey);
  step.set({ log: sayingAll(log, present, step.core.clock.now()) });
  step.setShared({ isNameDue: true, toldChain: new Uint8Array(0) });
  const hasSpoken = log.authors.get(log.self)?.tip != null;
  if (hasSpoken || side.leaves.length <= MAX_ACK_MEMBERS) wordIsDue(step);
}

/** Once something can be sealed. */
export async function greet(step: Step): Promise<void> {
  if (!step.state.isGreetingDue) return;
  step.set({ isGreetingDue: false });
  step.changes.push({ delete: "part", key: greetingPartId(step.id) });
  const items = [...nameItem(step), ...(await dueItems(step, true))];
  for (const part of packPayloads(items.length > 0 ? items : [hereIAm(step)])) await step.seal(part, "state");
}

/** GR30: who has come in knows this person's name from hearsay alone. */
export function nameItem(step: Step): readonly PayloadItem[] {
  const { isNameDue, ownProfileRevision } = step.state.shared;
  if (!isNameDue || step.state.side.state.kind === "pair") return [];
  step.setShared({ isNameDue: false });
  return [{ kind: "profile", name: step.core.profile().name, revision: Math.max(1, ownProfileRevision) }];
}

function wordIsDue(step: Step): void {
  step.set({ isGreetingDue: true });
  const part = { conversationId: step.id, kind: "rejoin-greeting", value: new Uint8Array(0) };
  const createdAt = step.core.clock.now();
  step.changes.push({ put: "part", record: { id: greetingPartId(step.id), ...part, createdAt } });
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
