/**
 * What is still to be done after the account's list of devices has changed (spec/devices.md, section 10). Not a list of
 * steps that could be lost half way: the difference between what the chain lists and what each conversation holds,
 * computed anew each time, so that it goes on after a crash and whoever of the devices did the last part.
 *
 * DV30 First the conversation of the own devices, so that a removed one reads nothing of what follows; then the others,
 *      the liveliest first. In each, first the chain is told, then leaves of devices that are not listed are removed,
 *      then listed ones are added.
 * DV31 The device that made the change begins at once; the others, in the order of the chain, take over after ten
 *      minutes each; but in a conversation that none of the others is in, a device begins at once. Two that do the same
 *      are harmless: one commit gets the slot, and the other finds nothing left.
 * DV32 What fails is tried again after 30 s, doubled up to 6 h, and never given up while the chain asks for it.
 * DV39 A device of which key packages are in stock need not be awake: each is for one conversation. That of last resort is
 *      taken where nothing else is left, and its device has not answered.
 * DV38 A leaf whose device could not open its Welcome is taken out and added anew.
 */
import type { Hex } from "../log/state.ts";

/** Commits under way at a time: each is a path of up to 0.3 s, and a person wants to chat meanwhile. */
export const MAX_WORK_AT_ONCE = 4;
export const MAX_WORK_CONVERSATIONS = 4_096;
export const TAKE_OVER_MS = 600_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 21_600_000;
/** A commit that nothing was heard of (the app was closed) is no longer under way. */
export const WORK_PATIENCE_MS = 120_000;
/** Siblings are asked for key packages of a conversation so often: they may be off, and find the question later. */
const WANT_EVERY_MS = 3_600_000;
/** DV39: who is awake has answered by then. */
export const LAST_RESORT_AFTER_MS = 120_000;

/**
 * What belongs to the account as a whole, in this order. Invitations are revoked when a device was removed, since it knows
 * their secrets; else only their cards are renewed, which name the key packages of each device.
 */
export const CHORES = ["revoke-invitations", "renew-cards", "write-backup"] as const;
export type Chore = (typeof CHORES)[number];

interface WorkEntry {
  /** The head of the chain has been sent into this conversation. */
  readonly isTold: boolean;
  readonly tries: number;
  /** Not before. */
  readonly nextAt: number;
  /** Until when a commit counts as under way. */
  readonly busyUntil: number | null;
  /** Why the last try failed. */
  readonly reason: string | null;
  /** When siblings were last asked for key packages of it. */
  readonly wantedAt: number | null;
}

/** Kept in the store (`device-work-record.ts`). */
export interface DeviceWork {
  /** Head of the chain that it brings about. */
  readonly head: Hex;
  /** Device keys that the chain lists at that head: a removal is noticed by them. */
  readonly devices: readonly Hex[];
  /** When this device learned of that head. */
  readonly since: number;
  readonly entries: ReadonlyMap<Hex, WorkEntry>;
  readonly chores: readonly Chore[];
}

export interface AccountFacts {
  readonly head: Hex;
  /** Device keys that the chain lists, in its order. */
  readonly devices: readonly Hex[];
  readonly self: Hex;
  /** Device that signed the last operation; `null` for the recovery key. */
  readonly changedBy: Hex | null;
  /** By device: its key packages that are in stock here. */
  readonly stock: ReadonlyMap<Hex, StockFacts>;
}

export interface StockFacts {
  readonly oneTime: number;
  readonly hasLastResort: boolean;
}

export interface ConversationFacts {
  readonly conversation: Hex;
  readonly isSelf: boolean;
  /** Devices of this account that have a leaf. */
  readonly leaves: readonly Hex[];
  /** Joined, caught up, and allowed to. */
  readonly canCommit: boolean;
  /** Devices of which a key package for this conversation is here. */
  readonly packaged: readonly Hex[];
  /** Devices whose leaf leads nowhere: they could not open its Welcome. */
  readonly unopened: readonly Hex[];
  readonly lastActiveAt: number;
}

export type DeviceWorkEffect =
  /** Send the chain as a payload item; then `told`. */
  | { readonly kind: "tell"; readonly conversation: Hex }
  | { readonly kind: "remove"; readonly conversation: Hex; readonly devices: readonly Hex[] }
  | { readonly kind: "add"; readonly conversation: Hex; readonly devices: readonly Hex[] }
  /** Ask in the self-conversation (see `device-supply.ts`). */
  | { readonly kind: "want-packages"; readonly device: Hex; readonly conversations: readonly Hex[] }
  | { readonly kind: "chore"; readonly chore: Chore }
  /** The chain does not list this device any more: it stops, keeps what it has, and says so. */
  | { readonly kind: "expelled" };

export interface DeviceWorkStep {
  readonly work: DeviceWork;
  readonly effects: readonly DeviceWorkEffect[];
  /** For the person: of `total` conversations, `done` are as the chain has it. */
  readonly progress: {
    readonly total: number;
    readonly done: number;
    readonly failing: readonly { readonly conversation: Hex; readonly reason: string }[];
  };
  readonly wakeAt: number | null;
}

const NEW_ENTRY: WorkEntry = { isTold: false, tries: 0, nextAt: 0, busyUntil: null, reason: null, wantedAt: null };

type Head = Pick<AccountFacts, "head" | "devices">;

/** For the chain that a device begins with, or learns of while it keeps no other work. */
export const startDeviceWork = ({ head, devices }: Head, now: number): DeviceWork => ({
  head,
  devices,
  since: now,
  entries: new Map(),
  chores: ["renew-cards", "write-backup"],
});

/** What was not done under the head before is still to be done; conversations are told anew. */
function workOf(before: DeviceWork, account: Head, now: number): DeviceWork {
  if (before.head === account.head) return before;
  const fresh = startDeviceWork(account, now);
  const hasRemoved = before.devices.some((device) => !account.devices.includes(device));
  const due = new Set<Chore>([
    ...before.chores,
    ...fresh.chores,
    ...(hasRemoved ? ["revoke-invitations" as const] : []),
  ]);
  return { ...fresh, chores: CHORES.filter((chore) => due.has(chore)) };
}

/** The one decision function: what to do now. */
export function deviceWorkStep(
  before: DeviceWork,
  account: AccountFacts,
  conversations: readonly ConversationFacts[],
  now: number,
): DeviceWorkStep {
  const work = workOf(before, account, now);
  const draft: Draft = { work, entries: new Map(), effects: [], wakeAt: [], allotted: new Set(), busy: 0 };
  if (!account.devices.includes(account.self)) return stopMutable(draft, conversations.length);
  for (const { conversation } of conversations) {
    draft.entries.set(conversation, restedEntry(work.entries.get(conversation), now));
  }
  draft.busy = [...draft.entries.values()].filter(({ busyUntil }) => busyUntil !== null).length;
  const due = dueAt(work.since, account);
  const open = orderOf(conversations).filter((facts) => isOpen(draft, account, facts));
  const mine = now < due ? open.filter((facts) => isAlone(account, facts)) : open;
  allotMutable(draft, account, mine, now);
  for (const facts of mine) decideMutable(draft, account, facts, now);
  wantMutable(draft, account, mine, now);
  if (now < due) draft.wakeAt.push(due);
  // DV30: invitations name key packages, and the backup the chain; both can wait for the self-conversation.
  else if (!open.some(({ isSelf }) => isSelf)) {
    for (const chore of work.chores) draft.effects.push({ kind: "chore", chore });
  }
  return finish(draft, conversations.length, open);
}

export type DeviceWorkOutcome =
  | { readonly kind: "told"; readonly conversation: Hex }
  | { readonly kind: "started"; readonly conversation: Hex }
  | { readonly kind: "committed"; readonly conversation: Hex }
  /** `reason`: a word, at most 40 bytes; shown. */
  | { readonly kind: "failed"; readonly conversation: Hex; readonly reason: string }
  | { readonly kind: "chore-done"; readonly chore: Chore };

/** `random` in [0, 1): parts the next tries of many conversations. */
export function noteDeviceWork(work: DeviceWork, outcome: DeviceWorkOutcome, now: number, random: number): DeviceWork {
  if (outcome.kind === "chore-done") return { ...work, chores: work.chores.filter((one) => one !== outcome.chore) };
  const entry = work.entries.get(outcome.conversation) ?? NEW_ENTRY;
  const entries = new Map(work.entries).set(outcome.conversation, noted(entry, outcome, now, random));
  return { ...work, entries };
}

function noted(
  entry: WorkEntry,
  outcome: Exclude<DeviceWorkOutcome, { kind: "chore-done" }>,
  now: number,
  random: number,
): WorkEntry {
  switch (outcome.kind) {
    case "told":
      return { ...entry, isTold: true };
    case "started":
      return { ...entry, busyUntil: now + WORK_PATIENCE_MS };
    case "committed":
      return { ...entry, tries: 0, nextAt: 0, busyUntil: null, reason: null };
    case "failed": {
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(entry.tries, 16));
      const nextAt = now + Math.round(wait * (0.5 + random / 2));
      return { ...entry, tries: entry.tries + 1, nextAt, busyUntil: null, reason: outcome.reason };
    }
  }
}

// ---- deciding

interface Draft {
  readonly work: DeviceWork;
  readonly entries: Map<Hex, WorkEntry>;
  readonly effects: DeviceWorkEffect[];
  readonly wakeAt: number[];
  /** Devices for conversations, by `allotmentOf`, for which there is something in stock. */
  readonly allotted: Set<string>;
  busy: number;
}

/** DV31. */
function dueAt(since: number, { devices, self, changedBy }: AccountFacts): number {
  const others = devices.filter((device) => device !== changedBy);
  const isFirst = self === changedBy;
  // After a recovery, or where the one who changed it is gone, the first in the chain begins.
  const hasFirst = changedBy !== null && devices.includes(changedBy);
  const turn = isFirst ? 0 : others.indexOf(self) + (hasFirst ? 1 : 0);
  return since + turn * TAKE_OVER_MS;
}

/** DV31: nobody else could do it. */
const isAlone = ({ devices, self }: AccountFacts, { leaves }: ConversationFacts): boolean =>
  leaves.every((leaf) => leaf === self || !devices.includes(leaf));

/** A clock that was set back must not put things off for ever. */
function restedEntry(entry: WorkEntry | undefined, now: number): WorkEntry {
  if (entry === undefined) return NEW_ENTRY;
  const { busyUntil, nextAt } = entry;
  const isBusy = busyUntil !== null && now < busyUntil && busyUntil <= now + WORK_PATIENCE_MS;
  return { ...entry, busyUntil: isBusy ? busyUntil : null, nextAt: nextAt > now + LONGEST_WAIT_MS ? now : nextAt };
}

const orderOf = (conversations: readonly ConversationFacts[]): readonly ConversationFacts[] =>
  conversations
    .slice(0, MAX_WORK_CONVERSATIONS)
    .toSorted(
      (a, b) =>
        Number(b.isSelf) - Number(a.isSelf) ||
        b.lastActiveAt - a.lastActiveAt ||
        (a.conversation < b.conversation ? -1 : 1),
    );

const leavesToRemove = ({ devices }: AccountFacts, { leaves, unopened }: ConversationFacts): readonly Hex[] =>
  leaves.filter((leaf) => !devices.includes(leaf) || unopened.includes(leaf));

const missingDevices = ({ devices }: AccountFacts, { leaves }: ConversationFacts): readonly Hex[] =>
  devices.filter((device) => !leaves.includes(device));

function isOpen(draft: Draft, account: AccountFacts, facts: ConversationFacts): boolean {
  const isTold = draft.entries.get(facts.conversation)?.isTold ?? false;
  return !isTold || leavesToRemove(account, facts).length > 0 || missingDevices(account, facts).length > 0;
}

const allotmentOf = (conversation: Hex, device: Hex): string => `${conversation}/${device}`;

/** DV39: the liveliest conversations first, no package twice. */
function allotMutable(draft: Draft, account: AccountFacts, open: readonly ConversationFacts[], now: number): void {
  for (const [device, { oneTime, hasLastResort }] of account.stock) {
    const lacking = open.filter((facts) => !facts.isSelf && isLacking(account, facts, device));
    for (const [place, { conversation }] of lacking.entries()) {
      if (place < oneTime || (hasLastResort && isUnansweredMutable(draft, conversation, now)))
        draft.allotted.add(allotmentOf(conversation, device));
    }
  }
}

const isLacking = ({ devices }: AccountFacts, { leaves, packaged }: ConversationFacts, device: Hex): boolean =>
  devices.includes(device) && !leaves.includes(device) && !packaged.includes(device);

function isUnansweredMutable({ entries, wakeAt }: Draft, conversation: Hex, now: number): boolean {
  const wantedAt = entries.get(conversation)?.wantedAt ?? now;
  // A clock that was set back has waited long enough.
  if (wantedAt > now || now >= wantedAt + LAST_RESORT_AFTER_MS) return true;
  wakeAt.push(wantedAt + LAST_RESORT_AFTER_MS);
  return false;
}

function decideMutable(draft: Draft, account: AccountFacts, facts: ConversationFacts, now: number): void {
  const { conversation, canCommit, packaged } = facts;
  const entry = draft.entries.get(conversation) as WorkEntry;
  if (!canCommit) return;
  if (!entry.isTold) draft.effects.push({ kind: "tell", conversation });
  if (entry.busyUntil !== null) {
    draft.wakeAt.push(entry.busyUntil);
    return;
  }
  const toRemove = leavesToRemove(account, facts);
  const isHere = (device: Hex): boolean =>
    packaged.includes(device) || draft.allotted.has(allotmentOf(conversation, device));
  const toAdd = missingDevices(account, facts).filter(isHere);
  if (toRemove.length === 0 && toAdd.length === 0) return;
  if (now < entry.nextAt) {
    draft.wakeAt.push(entry.nextAt);
    return;
  }
  if (draft.busy >= MAX_WORK_AT_ONCE) return;
  draft.busy++;
  draft.effects.push(
    toRemove.length > 0
      ? { kind: "remove", conversation, devices: toRemove }
      : { kind: "add", conversation, devices: toAdd },
  );
}

function wantMutable(draft: Draft, account: AccountFacts, open: readonly ConversationFacts[], now: number): void {
  const asked = new Set<Hex>();
  for (const device of account.devices) {
    if (device === account.self) continue;
    const lacking = open.filter(
      (facts) => isLacking(account, facts, device) && !draft.allotted.has(allotmentOf(facts.conversation, device)),
    );
    const wanted = lacking.map(({ conversation }) => conversation).filter((id) => isWantedMutable(draft, id, now));
    if (wanted.length === 0) continue;
    draft.effects.push({ kind: "want-packages", device, conversations: wanted });
    for (const id of wanted) asked.add(id);
  }
  for (const id of asked) draft.entries.set(id, { ...(draft.entries.get(id) as WorkEntry), wantedAt: now });
}

function isWantedMutable({ entries, wakeAt }: Draft, conversation: Hex, now: number): boolean {
  const wantedAt = entries.get(conversation)?.wantedAt ?? null;
  if (wantedAt === null || wantedAt > now || now >= wantedAt + WANT_EVERY_MS) return true;
  wakeAt.push(wantedAt + WANT_EVERY_MS);
  return false;
}

function finish(draft: Draft, total: number, open: readonly ConversationFacts[]): DeviceWorkStep {
  const failing = open.flatMap(({ conversation }) => {
    const { reason } = draft.entries.get(conversation) as WorkEntry;
    return reason === null ? [] : [{ conversation, reason }];
  });
  return {
    work: { ...draft.work, entries: draft.entries },
    effects: draft.effects,
    progress: { total, done: total - open.length, failing },
    wakeAt: draft.wakeAt.length === 0 ? null : Math.min(...draft.wakeAt),
  };
}

function stopMutable(draft: Draft, total: number): DeviceWorkStep {
  draft.effects.push({ kind: "expelled" });
  return { work: draft.work, effects: draft.effects, progress: { total, done: 0, failing: [] }, wakeAt: null };
}
