/**
 * The leaves of the own devices in one conversation: a commit takes out those that are not listed any more, or puts in
 * those that are (spec/devices.md, DV30).
 *
 * OD1 What a newcomer needs is saved with the commit, and given to it only once the commit cannot lose any more: a
 *     Welcome to a branch that lost would lead into a conversation of one.
 */
import {
  encodeLogStart,
  encodeNewcomer,
  planCommit,
  prepareOwn,
  type Hex,
  type LogStart,
  type WishedChange,
} from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";
import { ownAccount } from "./authors.ts";
import { makeCommit, type MadeCommit } from "./commits.ts";
import type { ChatState, Step } from "./step.ts";
import { isWaiting, situationOf } from "./wishes.ts";

/** Kept until the commit is settled, under the id of its entry in the outbox. */
const NEWCOMER_PENDING = "newcomer-pending";
/** Kept until it has been given to the device. */
export const NEWCOMER_DUE = "newcomer-due";

/** Device keys that have a leaf of this account. */
export const ownDevices = ({ side }: Pick<ChatState, "side">, account: string): readonly Hex[] =>
  side.leaves.filter((leaf) => leaf.account === account).map(({ deviceKey }) => deviceKey);

/** False when something else is on its way, or wanted: later. */
export const mayCommit = ({ record, shared }: ChatState): boolean =>
  record.state === "active" && shared.pendingCommit === null && shared.wishes.every(isWaiting);

/** @throws Error with code "commit-lost" when no receiver would accept it. */
export async function addDevices(step: Step, packages: ReadonlyMap<Hex, Uint8Array>): Promise<string> {
  const { cipher, clock } = step.core;
  const lineDepth = prepareOwn(step.state.log).depth;
  const account = ownAccount(step.core);
  const made = await commitFor(step, { kind: "add", account, keyPackages: [...packages.values()] });
  const introduction = encodeLogStart({ lineDepth, tips: tipsOf(step) });
  for (const [device, keyPackage] of packages) {
    const welcome = await cipher.welcomeFor(made.welcome as Uint8Array, [keyPackage]);
    const record = partOf(step.id, NEWCOMER_PENDING, `${made.outboxId}/${device}`, {
      value: encodeNewcomer({ welcome, introduction }),
      createdAt: clock.now(),
    });
    step.changes.push({ put: "part", record });
  }
  return made.outboxId;
}

/** By device key, of this account alone. @throws Error with code "commit-lost" when no receiver would accept it. */
export const removeDevices = async (step: Step, devices: readonly Hex[]): Promise<string> =>
  (await commitFor(step, { kind: "remove-devices", deviceKeys: devices })).outboxId;

/** OD1. Answers with what has become due, by device key. */
export async function settleNewcomers(step: Step, outboxId: string): Promise<void> {
  for (const part of await pendingOf(step, outboxId)) {
    const device = part.id.split("/").at(-1) as Hex;
    step.changes.push(
      { delete: "part", key: part.id },
      { put: "part", record: partOf(step.id, NEWCOMER_DUE, device, part) },
    );
  }
}

export async function voidNewcomers(step: Step, outboxId: string): Promise<void> {
  for (const { id } of await pendingOf(step, outboxId)) step.changes.push({ delete: "part", key: id });
}

export const newcomerDone = (conversationId: string, device: Hex): StoreChange => ({
  delete: "part",
  key: `${conversationId}/${NEWCOMER_DUE}/${device}`,
});

/** A word for the list of what is still to be done. */
export const commitError = (code: "busy" | "commit-lost"): Error =>
  Object.assign(new Error(code), { name: "CommitError", code });

// ---- below

async function commitFor(step: Step, change: WishedChange): Promise<MadeCommit> {
  const plan = planCommit(await situationOf(step, [change]), [change]);
  const made = plan.ok && plan.value !== null ? await makeCommit(step, plan.value, false) : null;
  if (made === null) throw commitError("commit-lost");
  return made;
}

const tipsOf = ({ state: { log } }: Step): LogStart["tips"] =>
  [...log.authors].flatMap(([author, { tip }]) => (tip === null ? [] : [{ author, ...tip }]));

async function pendingOf(step: Step, outboxId: string): Promise<readonly PartRecord[]> {
  const prefix = `${step.id}/${NEWCOMER_PENDING}/${outboxId}/`;
  return (await step.core.store.all("part")).filter(({ id }) => id.startsWith(prefix));
}

const partOf = (
  conversationId: string,
  kind: string,
  name: string,
  { value, createdAt }: Pick<PartRecord, "value" | "createdAt">,
): PartRecord => ({ id: `${conversationId}/${kind}/${name}`, conversationId, kind, value, createdAt });
