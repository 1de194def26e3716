/**
 * A chat of two whose other side has lost the device that was in it: its owner has recovered the account by the 24 words,
 * and goes on in another chat. Whoever holds that device now gets nothing more (spec/account-backup.md, "What others
 * see").
 */
import { bytesToHex } from "@xchat/codec";
import { listedDevices } from "@xchat/protocol";
import type { ContactRecord } from "../ports.ts";
import { withIdentityNotice } from "./contact-news.ts";
import type { Side } from "./roster.ts";
import { queueAgain } from "./queue-again.ts";
import type { ChatState, Step } from "./step.ts";
import { keepUnsent } from "./unsent.ts";

/** Of chains as they are in memory: each chat asks with every step. */
const listedKeys = new WeakMap<Uint8Array, ReadonlySet<string> | null>();

function keysOf(chain: Uint8Array): ReadonlySet<string> | null {
  const known = listedKeys.get(chain);
  if (known !== undefined) return known;
  const listed = chain.length === 0 ? null : listedDevices(chain);
  const keys = listed?.ok === true ? new Set(listed.value.map(({ deviceKey }) => bytesToHex(deviceKey))) : null;
  listedKeys.set(chain, keys);
  return keys;
}

/** True where none of this person's leaves is of a device that their chain, as it is given, lists. */
export function isPeerOut({ leaves }: Side, accountId: string, chain: Uint8Array): boolean {
  const theirs = leaves.filter(({ account }) => account === accountId);
  const keys = theirs.length === 0 ? null : keysOf(chain);
  return keys !== null && theirs.every(({ deviceKey }) => !keys.has(deviceKey));
}

/**
 * True while nothing may be said: the other person has lost every device that is here, and is waited for (spec/rejoin.md).
 * Whoever has those devices now would read it.
 */
export const isPeerAway = ({ record, side }: ChatState, contact: ContactRecord | undefined): boolean =>
  side.state.kind === "pair" && contact !== undefined && isPeerOut(side, record.accountId, contact.chain);

/** Somebody whose chat has no rejoin inbox cannot come back into it. */
export const canComeBack = ({ state }: Side): boolean => state.rejoin.length > 0;

/** What was sealed for a device that is lost and has not left is kept back, and waits to be said to the next one. */
export async function keepBack(step: Step): Promise<void> {
  const { core } = step;
  const waiting = new Set(step.state.queued);
  const again: string[] = [];
  for (const { record, item } of core.outbox.entries()) {
    if (record.conversationId !== step.id || item.kind !== "message" || item.purpose === "commit") continue;
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => core.outbox.drop(record.id));
    if (item.eventId === "" || waiting.has(item.eventId)) continue;
    const event = await step.event(item.eventId);
    // What one node has is under way.
    if (event !== null && event.delivery === "queued") again.push(item.eventId);
  }
  queueAgain(step, again);
}

/** Ends it, and takes back what has not left: it would reach whoever has the device now. */
export async function endWithoutPeer(step: Step, { chain }: Pick<ContactRecord, "chain">): Promise<void> {
  const { core } = step;
  const notices = withIdentityNotice(core, step.state.shared.notices, "recovered", chain);
  step.setRecord({ state: "ended" });
  step.setShared({ notices, wishes: [] });
  await keepBack(step);
  await keepUnsent(step);
  for (const { record } of core.outbox.entries()) {
    if (record.conversationId !== step.id) continue;
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => core.outbox.drop(record.id));
  }
  step.after.push(() => core.readers.remove(step.id));
}
