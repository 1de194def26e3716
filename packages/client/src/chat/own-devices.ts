/**
 * The leaves of the own devices in one conversation: a commit takes out those that are not listed any more, or puts in
 * those that are (spec/devices.md, DV30).
 *
 * OD1 What a newcomer needs is saved with the commit, and given to it only once the commit cannot lose any more: a
 *     Welcome to a branch that lost would lead into a conversation of one.
 */
import { bytesToHex } from "@xchat/codec";
import {
  encodeCommitNote,
  encodeIntroduction,
  encodeNewcomer,
  sealEnvelopes,
  type CommitNote,
  type Hex,
} from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";
import { ownAccount } from "./authors.ts";
import { placeNote } from "./commits.ts";
import type { ChatState, Step } from "./step.ts";

/** Kept until the commit is settled, under the id of its entry in the outbox. */
const NEWCOMER_PENDING = "newcomer-pending";
/** Kept until it has been given to the device. */
export const NEWCOMER_DUE = "newcomer-due";

/** Device keys that have a leaf of this account. */
export const ownDevices = ({ side }: Pick<ChatState, "side">, account: string): readonly Hex[] =>
  side.leaves.filter((leaf) => leaf.account === account).map(({ deviceKey }) => deviceKey);

/** False when something else is on its way: later. */
export const mayCommit = ({ record, shared }: ChatState): boolean =>
  record.state === "active" && shared.pendingCommit === null && shared.plan.length === 0;

export async function addDevices(step: Step, packages: ReadonlyMap<Hex, Uint8Array>): Promise<string> {
  const { cipher, clock } = step.core;
  const note = placeNote(step);
  const add = [...packages.values()];
  const made = await cipher.commit(step.state.group, { add, authenticatedData: noteBytes(step, note) });
  const outboxId = await commitMade(step, made, noteBytes(step, note));
  const introduction = encodeIntroduction({ lineDepth: note.place?.depth ?? 0, tips: tipsOf(step) });
  for (const [device, keyPackage] of packages) {
    const welcome = await cipher.welcomeFor(made.welcome as Uint8Array, [keyPackage]);
    const record = partOf(step.id, NEWCOMER_PENDING, `${outboxId}/${device}`, {
      value: encodeNewcomer({ welcome, introduction }),
      createdAt: clock.now(),
    });
    step.changes.push({ put: "part", record });
  }
  return outboxId;
}

/** By device key, of this account alone. */
export async function removeDevices(step: Step, devices: readonly Hex[]): Promise<string> {
  const { cipher } = step.core;
  const account = ownAccount(step.core);
  const keys = new Set(
    step.state.side.leaves
      .filter((leaf) => leaf.account === account && devices.includes(leaf.deviceKey))
      .map(({ leafKey }) => leafKey),
  );
  const removeLeaves = cipher
    .members(step.state.group)
    .filter(({ signatureKey }) => keys.has(bytesToHex(signatureKey)))
    .map(({ leaf }) => leaf);
  const authenticatedData = noteBytes(step, placeNote(step));
  const made = await cipher.commit(step.state.group, { removeLeaves, authenticatedData });
  return commitMade(step, made, authenticatedData);
}

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

/** Whoever has no leaf any more keeps what they have. */
export function endWithoutLeaf(step: Step): void {
  const { side, log } = step.state;
  if (!side.leaves.some(({ leafKey }) => leafKey === log.self)) step.setRecord({ state: "ended" });
}

/** A word for the list of what is still to be done. */
export const commitError = (code: "busy" | "commit-lost"): Error =>
  Object.assign(new Error(code), { name: "CommitError", code });

// ---- below

const noteBytes = (step: Step, note: CommitNote): Uint8Array =>
  step.state.side.state.version === 1 ? new Uint8Array(0) : encodeCommitNote(note);

async function commitMade(
  step: Step,
  made: { readonly commit: Uint8Array; readonly group: ChatState["group"] },
  note: Uint8Array,
): Promise<string> {
  const { cipher, provider } = step.core;
  const envelopes = await sealEnvelopes(provider, step.epoch.wrapKey, made.commit);
  const outboxId = step.enqueue(envelopes, "commit", "");
  const saved = cipher.save(made.group);
  step.setShared({ pendingCommit: { outboxId, epoch: step.state.group.epoch, ...saved, policy: null, note } });
  return outboxId;
}

const tipsOf = ({ state: { log } }: Step): Parameters<typeof encodeIntroduction>[0]["tips"] =>
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
