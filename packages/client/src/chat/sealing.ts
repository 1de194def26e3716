/**
 * What this device says: own events as soon as they can be sealed, and what is due besides. All of it is decided at the
 * end of each step, whatever the step was (`advance`).
 */
import { equalBytes } from "@xchat/codec";
import { packPayloads, type PayloadItem } from "@xchat/protocol";
import { encodeItem } from "../delivery/outbox-item.ts";
import type { EventRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { dueItems } from "./acknowledgements.ts";
import { wantCommit } from "./commits.ts";
import { greet, nameItem } from "./greeting.ts";
import { formerLeafOf } from "./former-leaf.ts";
import { giveStock } from "../group/stock.ts";
import { eventItem } from "./event-records.ts";
import { ownAccount } from "./authors.ts";
import { hasOpenCommit } from "./committing.ts";
import { isPeerAway, keepBack } from "./gone.ts";
import { endIfLeft } from "./leaving.ts";
import { discountForked, leaveCopied, maySeal, tickFork } from "./forks.ts";
import { saidBy } from "./roster.ts";
import type { ChatState, Step } from "./step.ts";
import { isWaiting } from "./wishes.ts";

/** The one decision function: whatever the step was, what has become due is done with it. */
export async function advance(step: Step): Promise<void> {
  if (step.state.record.state === "ended") return;
  await tickFork(step);
  await discountForked(step);
  await leaveCopied(step);
  if (await endIfLeft(step)) return;
  await wantCommit(step);
  if (isPeerAway(step.state, step.contact(step.state.record.accountId))) return keepBack(step);
  if (!isSettled(step.core, step.state)) return;
  if (step.state.side.state.kind === "pair") await speakToPair(step);
  else if (step.state.shared.ownProfileRevision === 0) await sealName(step);
  await sealOwnChain(step);
  await greet(step);
  await sealQueued(step);
  await sealItems(step, await dueItems(step, false));
}

/** What a chat of two carries besides what people say. */
async function speakToPair(step: Step): Promise<void> {
  if (step.state.shared.ownConsentRevision === 0) await sealConsent(step);
  if (step.contact(step.state.record.accountId)?.isBlocked === true) return;
  if (step.state.shared.isNameDue) await sealConsent(step);
  await giveStock(step);
  await step.core.introductions.send(step);
}

/** Accepted by both, and no own commit on its way or due: messages can be sealed. */
export const isSettled = (core: SessionCore, state: ChatState): boolean =>
  state.record.state === "active" &&
  !state.isFresh &&
  maySeal(state.fork) &&
  !hasOpenCommit(state.fork) &&
  state.shared.wishes.every(isWaiting) &&
  !isPeerAway(state, core.contacts.get(state.record.accountId));

/** What this person allows in a chat with this account, and this device can do. */
export function mayDirect({ direct, profile, contacts }: SessionCore, accountId: string): boolean {
  const contact = contacts.get(accountId);
  return direct !== null && profile().directAllowed && contact?.mayDirect === true && !contact.isBlocked;
}

export async function sealOrQueue(step: Step, event: EventRecord): Promise<void> {
  const { queued } = step.state;
  if (isSettled(step.core, step.state) && queued.length === 0) return sealEvent(step, event);
  step.set({ queued: [...queued, event.id] });
  const record = {
    id: event.id,
    conversationId: step.id,
    sequence: step.core.nextSequence(),
    item: encodeItem({ kind: "unsealed", eventId: event.id }),
    createdAt: event.sentAt,
  };
  step.changes.push({ put: "outbox", record });
}

/** As many messages as it takes: answers to several questions may not fit one. */
async function sealItems(step: Step, items: readonly PayloadItem[]): Promise<void> {
  for (const part of packPayloads(items)) await step.seal(part, "state");
}

/** What is of use for some minutes only: signals of the direct connection. */
export async function sealSignals(step: Step, items: readonly PayloadItem[]): Promise<void> {
  if (isSettled(step.core, step.state)) await step.seal(items, "signal");
}

export async function sealConsent(step: Step): Promise<void> {
  const { core } = step;
  const { shared, record } = step.state;
  // Another device of this person may have said something later than this one did.
  const said = saidBy(step.state.roster, ownAccount(core));
  const revision = Math.max(shared.ownConsentRevision, said.directRevision) + 1;
  const profileRevision = Math.max(1, shared.ownProfileRevision, said.nameRevision);
  step.setShared({ ownConsentRevision: revision, ownProfileRevision: profileRevision, isNameDue: false });
  const items: PayloadItem[] = [
    { kind: "direct-consent", isAllowed: mayDirect(core, record.accountId), revision },
    { kind: "profile", name: core.profile().name, revision: profileRevision },
  ];
  await step.seal(items, "state");
}

export async function sealName(step: Step): Promise<void> {
  const { nameRevision } = saidBy(step.state.roster, ownAccount(step.core));
  const revision = Math.max(step.state.shared.ownProfileRevision, nameRevision) + 1;
  step.setShared({ ownProfileRevision: revision });
  await step.seal([{ kind: "profile", name: step.core.profile().name, revision }], "state");
}

// ---- below

/** Chains travel inside conversations, so that nobody is fed an old one with a removed device on it (ID21). */
async function sealOwnChain(step: Step): Promise<void> {
  const { provider, profile } = step.core;
  const { chain } = profile();
  const toldChain = provider.sha256(chain);
  if (equalBytes(toldChain, step.state.shared.toldChain)) return;
  step.setShared({ toldChain });
  await step.seal([{ kind: "chain", chain }], "state");
}

async function sealQueued(step: Step): Promise<void> {
  const { queued } = step.state;
  if (queued.length === 0) return;
  step.set({ queued: [] });
  for (const id of queued) {
    const event = await step.event(id);
    step.changes.push({ delete: "outbox", key: id });
    if (event !== null) await sealEvent(step, event);
  }
}

async function sealEvent(step: Step, event: EventRecord): Promise<void> {
  // What is due goes along where it fits; the event itself is alone in its envelope otherwise.
  const items = [eventItem(event), ...(await formerLeafOf(step, event.author)), ...nameItem(step)];
  items.push(...(await dueItems(step, true)));
  const [first = [], ...rest] = packPayloads(items);
  // Who has the event from elsewhere (LG7) has not heard what rides on it: it stays on its way until the nodes have it.
  await step.seal(first, first.length === 1 ? "event" : "state", event.id);
  for (const items of rest) await step.seal(items, "state");
}
