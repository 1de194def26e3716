/**
 * The leaves of the own devices in one conversation: a commit takes out those that are not listed any more, or puts in
 * those that are (spec/devices.md, DV30).
 *
 * OD1 What a newcomer needs is kept with the commit, and given to it only once the commit cannot lose any more: a
 *     Welcome to a branch that lost would lead into a conversation of one.
 */
import {
  encodeDeviceIntroduction,
  encodeNewcomer,
  planCommit,
  prepareOwn,
  type AccountId,
  type CommitPlan,
  type Hex,
  type DeviceIntroduction,
  type WishedChange,
} from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";
import { ownAccount } from "./authors.ts";
import { saidBy } from "./roster.ts";
import { isCommitting } from "./committing.ts";
import type { ChatState, Step } from "./step.ts";
import type { DeviceMemo } from "./wish-memo.ts";
import { isWaiting, situationOf } from "./wishes.ts";

/** Kept until it has been given to the device. */
export const NEWCOMER_DUE = "newcomer-due";

/** Device keys that have a leaf of this account. */
export const ownDevices = ({ side }: Pick<ChatState, "side">, account: string): readonly Hex[] =>
  side.leaves.filter((leaf) => leaf.account === account).map(({ deviceKey }) => deviceKey);

/** False when something else is on its way, or wanted: later. */
export const mayCommit = (state: ChatState): boolean =>
  state.record.state === "active" && !isCommitting(state) && state.shared.wishes.every(isWaiting);

/** Of this account alone. */
export type DeviceChange =
  | { readonly kind: "add"; readonly packages: ReadonlyMap<Hex, Uint8Array> }
  | { readonly kind: "remove"; readonly devices: readonly Hex[] };

/** Null when it is done already, or no receiver would accept it. */
export async function planDevices(step: Step, change: DeviceChange): Promise<CommitPlan | null> {
  const wished: WishedChange =
    change.kind === "add"
      ? { kind: "add", account: ownAccount(step.core), keyPackages: [...change.packages.values()] }
      : { kind: "remove-devices", deviceKeys: change.devices };
  const plan = planCommit(await situationOf(step, [wished]), [wished]);
  return plan.ok ? plan.value : null;
}

/** What the commit is to remember, as the chat stands when it is made. */
export const deviceMemo = (step: Step, intent: string, change: DeviceChange): DeviceMemo => ({
  intent,
  introduction: encodeDeviceIntroduction({
    lineDepth: prepareOwn(step.state.log).depth,
    tips: tipsOf(step),
    leaves: Array.from(step.state.roster.leaves, ([leafKey, { account }]) => ({ leafKey, account })),
    people: peopleOf(step),
  }),
  packages:
    change.kind === "add" ? Array.from(change.packages, ([device, keyPackage]) => ({ device, keyPackage })) : [],
});

/** OD1. */
export async function welcomeDevices(
  step: Step,
  { introduction, packages }: DeviceMemo,
  welcome: Uint8Array,
): Promise<void> {
  const { cipher, clock } = step.core;
  for (const { device, keyPackage } of packages) {
    const own = await cipher.welcomeFor(welcome, [keyPackage]);
    const value = encodeNewcomer({ welcome: own, introduction });
    const record: PartRecord = {
      id: newcomerId(step.id, device),
      conversationId: step.id,
      kind: NEWCOMER_DUE,
      value,
      createdAt: clock.now(),
    };
    step.changes.push({ put: "part", record });
  }
  // The certificate may come long after the epoch has begun.
  if (packages.length > 0) step.after.push(() => step.core.siblings.groupChanged(step.id));
}

export const newcomerDone = (conversationId: string, device: Hex): StoreChange => ({
  delete: "part",
  key: newcomerId(conversationId, device),
});

/** A word for the list of what is still to be done. */
export const commitError = (code: "busy" | "commit-lost" | "no-key-package"): Error =>
  Object.assign(new Error(code), { name: "CommitError", code });

// ---- below

const newcomerId = (conversationId: string, device: Hex): string => `${conversationId}/${NEWCOMER_DUE}/${device}`;

const tipsOf = ({ state: { log } }: Step): DeviceIntroduction["tips"] =>
  [...log.authors].flatMap(([author, { tip }]) => (tip === null ? [] : [{ author, ...tip }]));

function peopleOf({ core, state: { roster, side, shared } }: Step): DeviceIntroduction["people"] {
  const self = ownAccount(core);
  return [...new Set<AccountId>(side.leaves.map(({ account }) => account))].flatMap((account) => {
    const { name: said, nameRevision } = saidBy(roster, account);
    const name = account === self ? core.profile().name : said === "" ? (core.contacts.get(account)?.name ?? "") : said;
    const revision = account === self ? Math.max(nameRevision, shared.ownProfileRevision) : nameRevision;
    return name === "" ? [] : [{ account, name, revision }];
  });
}
