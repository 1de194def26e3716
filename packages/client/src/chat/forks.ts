/**
 * A chat among forks (spec/fork-rule.md): what the driver of `fork/` decides in a step is done here, as far as it belongs to
 * the step, and left to the chat (`step.errands`) as far as it takes the network.
 *
 * CF1 A commit that came counts when the rule says so, and not because it came.
 * CF2 What leaves the device because of a decision lies in the outbox with that decision.
 */
import { bytesToHex, equalBytes, expectOk, hexToBytes } from "@xchat/codec";
import {
  ancestry,
  decodeCommitNote,
  EMPTY_NOTE,
  judgeChange,
  readLeaf,
  type GroupRecord,
  type Hex,
  type Member,
} from "@xchat/protocol";
import { encodeItem, type MessageItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import { knockRefused, letIn, takeReceipt, takeSlot, weigh, type SlotReading } from "../fork/index.ts";
import { heard, sealing } from "../fork/standing.ts";
import { mailboxes, placeOf, type ForkState } from "../fork/state.ts";
import { forkMember } from "../fork/weigh.ts";
import type { AppliedCommit, ForkAction, ForkWork } from "../fork/work.ts";
import type { NodeHint } from "../ports.ts";
import { answeredElsewhere, introduce } from "../group/introduce.ts";
import { ownAccount } from "./authors.ts";
import { takeLeafChains } from "./contact-news.ts";
import { endChat, enterGroup, type Entry } from "./enter.ts";
import { sayAnew } from "./greeting.ts";
import { welcomeDevices } from "./own-devices.ts";
import { sideOf, type Epoch } from "./epochs.ts";
import { beginToLeave, isLeaving } from "./leaving.ts";
import { withNotice, type Happening } from "./notices.ts";
import { lineIdOf } from "./record-line.ts";
import type { Side } from "./roster.ts";
import { sealOrQueue } from "./sealing.ts";
import type { ChatState, Step } from "./step.ts";
import { markUndone } from "./undone-lines.ts";
import { keepUnsent } from "./unsent.ts";
import { decodeMemo } from "./wish-memo.ts";
import { MAX_WISHES } from "./wishes.ts";

/** In the outbox: the external commit of this device, which is no candidate of its own tree. */
const KNOCK = "knock";

/** Runs something in the driver, and does what it answers. */
export async function inFork<T>(step: Step, run: (work: ForkWork) => Promise<T>): Promise<T> {
  const { work } = step;
  work.group = step.state.group;
  const answer = await run(work);
  step.set({ fork: work.state, forkWakeAt: work.wakeAt });
  dropWithdrawn(step);
  for (let action = work.actions.shift(); action !== undefined; action = work.actions.shift()) {
    await perform(step, action);
  }
  return answer;
}

/** A session that begins in this step, and what it starts with: the chat stands in its epoch already. */
export async function beginSession(step: Step, work: ForkWork): Promise<void> {
  step.begin(work);
  step.set({ fork: work.state, group: work.group });
  await inFork(step, async () => undefined);
}

/** Offers the own external commit to its slots, and as ordinary envelopes. */
export function offerKnock(step: Step): void {
  const { knock } = step.state.fork;
  if (knock === null) return;
  step.enqueueTo(knock.nodes, knock.envelopes, { purpose: "commit", eventId: KNOCK });
  step.enqueueTo(knock.nodes, knock.envelopes, { purpose: "state", eventId: "" });
}

/** After a restart: until somebody has let this device in (spec/rejoin.md, section 1). */
export function offerAgain(step: Step): void {
  const isOffered = step.core.outbox
    .entries()
    .some(({ record, item }) => record.conversationId === step.id && item.kind === "message" && item.eventId === KNOCK);
  if (!isOffered) offerKnock(step);
}

/**
 * FR13: what was taken back is shown to nobody; nor is anything offered to an epoch that is final. FR16: nor what has lost:
 * certified late, it would take everybody back.
 */
function dropWithdrawn(step: Step): void {
  const { session, knock } = step.state.fork;
  for (const { record, item } of step.core.outbox.entries()) {
    if (record.conversationId !== step.id || item.kind !== "message" || item.purpose !== "commit") continue;
    if (item.eventId === KNOCK ? knock !== null : mayStillCount(session, item.eventId)) continue;
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => step.core.outbox.drop(record.id));
  }
}

/** Applied, or a way on from where this device stands. */
function mayStillCount({ seenAt, facts, head }: ForkState["session"], id: Hex): boolean {
  if (!seenAt.has(id)) return false;
  const candidates = new Map(facts.candidates.map((one) => [one.id, one]));
  const line = ancestry({ candidates }, head);
  const ancestors = ancestry({ candidates }, id);
  return line.includes(id) || ancestors.includes(head);
}

// ---- what comes in

/** Somebody has gone on from where the own external commit leads: they have let this device in. */
function heardBehind(work: ForkWork, epoch: Hex): void {
  const by = work.state.commits.get(epoch)?.candidate.author;
  if (by !== undefined && by !== work.state.session.self) letIn(work, epoch);
}

/** False when it must come again. */
export async function takeCommit(step: Step, epoch: Hex, envelopes: readonly Uint8Array[]): Promise<boolean> {
  const isNew = new Set(step.state.fork.session.seenAt.keys());
  const weighed = await inFork(step, async (work) => {
    const found = await weigh(work, epoch, envelopes);
    if (found.kind === "candidate") heardBehind(work, found.id);
    return found;
  });
  if (weighed.kind === "own-unknown") step.errands.push({ kind: "read-slots", epoch });
  if (weighed.kind === "candidate" && !isNew.has(weighed.id)) step.errands.push({ kind: "ask-slots" });
  return weighed.kind !== "held";
}

export const takeReading = (step: Step, reading: SlotReading): Promise<unknown> =>
  inFork(step, (work) => takeSlot(work, reading));

/** A node has put an own or a helped commit into its slot. */
export async function takeStoredCommit(step: Step, item: MessageItem, node: Hex, receipt: Uint8Array): Promise<void> {
  const candidate = item.eventId;
  await inFork(step, (work) => takeReceipt(work, { candidate, node, receipt }));
}

/** Another commit has the slot of an outbox entry at this node: it is offered to the others, and what it is, is read. */
export async function offerElsewhere(step: Step, { record, item }: OutboxEntry, hint: NodeHint): Promise<void> {
  const message = item as MessageItem;
  if (message.eventId === KNOCK) await inFork(step, async (work) => knockRefused(work, bytesToHex(hint.keyHash)));
  const isThere = (target: { readonly hint: NodeHint }): boolean => equalBytes(target.hint.keyHash, hint.keyHash);
  const mailbox = message.targets.find(isThere)?.publicKey;
  if (mailbox === undefined) return;
  const rest = { ...message, targets: message.targets.filter((target) => !isThere(target)) };
  if (rest.targets.length === 0) step.changes.push({ delete: "outbox", key: record.id });
  else {
    const next = { ...record, item: encodeItem(rest) };
    step.changes.push({ put: "outbox", record: next });
    step.outgoing.push({ record: next, item: rest, short: null });
  }
  const epoch = epochOfSlot(step.state.fork, mailbox);
  if (epoch !== null) step.errands.push({ kind: "read-slots", epoch });
}

/** Somebody wrote in this epoch. */
export async function hearMember(step: Step, sender: Member, wrapKey: Uint8Array): Promise<void> {
  const epoch = epochByWrapKey(step.state.fork, wrapKey);
  if (epoch === null) return;
  const { leaf, account } = forkMember(sender);
  await inFork(step, (work) => heard(work, { leaf, account, epoch }));
}

/** FR12: there is another store with this leaf, which has gone on, or this one is old. */
export async function leaveCopied(step: Step): Promise<void> {
  if (!step.isCopied) return;
  step.isCopied = false;
  const { notices } = step.state.shared;
  if (!notices.some(({ kind }) => kind === "behind")) {
    const behind = { kind: "behind", id: "behind", count: 1 } as const;
    step.setShared({ notices: withNotice(notices, behind, step.core.clock.now()) });
  }
  await inFork(step, (work) => work.take({ kind: "copied" }));
}

/** FR5: whoever has signed two events with one number is discounted where commits are weighed. */
export async function discountForked(step: Step): Promise<void> {
  for (const author of step.forkedAuthors.splice(0)) {
    await inFork(step, (work) => work.take({ kind: "author-forked", author }));
  }
}

/** Does what has become due by the clock. */
export async function tickFork(step: Step): Promise<void> {
  const { forkWakeAt } = step.state;
  if (forkWakeAt === null || forkWakeAt > step.core.clock.now()) return;
  await inFork(step, (work) => work.take({ kind: "tick" }));
  step.errands.push({ kind: "ask-slots" });
}

// ---- what stands

export function epochByWrapKey(fork: ForkState, wrapKey: Uint8Array): Hex | null {
  return mailboxes(fork).find(({ place }) => equalBytes(place.wrapKey, wrapKey))?.epoch ?? null;
}

function epochOfSlot(fork: ForkState, mailbox: Uint8Array): Hex | null {
  const isThere = ({ nodes }: { readonly nodes: Epoch["nodes"] }): boolean =>
    nodes.some((node) => equalBytes(node.mailbox.publicKey, mailbox));
  return mailboxes(fork).find(({ place }) => isThere(place))?.epoch ?? null;
}

/** Epochs of the tree in which this device does not stand: their mailboxes are read, for what ends them (FR18). */
function besideEpochs(fork: ForkState, entered: readonly Epoch[]): readonly Epoch[] {
  return mailboxes(fork)
    .filter(({ place }) => !entered.some(({ wrapKey }) => equalBytes(wrapKey, place.wrapKey)))
    .map(({ place }) => ({
      epoch: place.number,
      wrapKey: place.wrapKey,
      nodes: place.nodes,
      createdAt: 0,
      retireAt: 0,
    }));
}

/** Asked for with each message. */
const readBefore = new WeakMap<readonly Epoch[], { readonly fork: ForkState; readonly read: readonly Epoch[] }>();

/** All whose mailboxes are read; those in which this device stands are last. */
export function readEpochs({ fork, epochs }: Pick<ChatState, "fork" | "epochs">): readonly Epoch[] {
  const known = readBefore.get(epochs);
  if (known?.fork === fork) return known.read;
  const read = [...besideEpochs(fork, epochs), ...epochs];
  readBefore.set(epochs, { fork, read });
  return read;
}

export const maySeal = (fork: ForkState): boolean => sealing(fork) === "open";

// ---- what is to be done

async function perform(step: Step, action: ForkAction): Promise<void> {
  switch (action.kind) {
    case "make-commit":
      step.errands.push({ kind: "make-commit", intent: action.intent });
      return;
    case "offer-slot": {
      const nodes = action.targets.map(({ node }) => node);
      step.enqueueTo(nodes, action.envelopes, { purpose: "commit", eventId: action.candidate });
      return;
    }
    case "publish":
      step.enqueueTo(action.place.nodes, action.envelopes, { purpose: "state", eventId: "" });
      return;
    case "send-welcome": {
      const { added, devices } = decodeMemo(action.memo);
      if (devices === null) return introduce(step, added, action.welcome);
      await welcomeDevices(step, devices, action.welcome);
      step.errands.push({ kind: "devices", intent: devices.intent, isWon: true });
      return;
    }
    case "moved":
      return move(step, action);
    case "removed":
      return removed(step, action.commits);
    default:
      return tell(step, action);
  }
}

async function move(
  step: Step,
  { commits, left, undone }: Extract<ForkAction, { readonly kind: "moved" }>,
): Promise<void> {
  wantAgain(step, undone);
  await markUndone(step, left);
  const again = unsentIn(step, left);
  const before = step.state.side;
  for (const commit of commits) {
    const entry = entryOf(step, commit);
    await enterGroup(step, commit.after, entry);
    if (commit.isOwn) await noteOwn(step, before);
    else answeredElsewhere(step, entry.record);
    noteDevices(step, commit);
  }
  if (left.length > 0) sayAnew(step);
  takeLeafChains(step);
  acceptedBy(step);
  for (const { record, item } of again) {
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => step.core.outbox.drop(record.id));
    const event = await step.event(item.eventId);
    if (event !== null && event.delivery !== "delivered" && event.delivery !== "read") await sealOrQueue(step, event);
  }
  // One of these commits may have been the end of it.
  if (step.state.record.state === "ended") await keepUnsent(step);
  step.errands.push({ kind: "moved" });
}

/** FR12: what own commits had done on the branch that is left is wanted again. */
function wantAgain(step: Step, undone: readonly Uint8Array[]): void {
  const { wishes } = step.state.shared;
  const known = new Set(wishes.map(({ id }) => id));
  const again = undone.flatMap((memo) => decodeMemo(memo).wishes).filter(({ id }) => !known.has(id));
  if (again.length > 0) step.setShared({ wishes: [...again, ...wishes].slice(0, MAX_WISHES) });
}

/** FR12: what was sealed on a branch that is left and has not arrived is sealed again. */
function unsentIn(step: Step, left: readonly Hex[]) {
  const places = left.flatMap((epoch) => placeOf(step.state.fork, epoch) ?? []);
  const keys = new Set(places.flatMap(({ nodes }) => nodes.map(({ mailbox }) => bytesToHex(mailbox.publicKey))));
  return step.core.outbox.entries().flatMap(({ record, item }) => {
    if (record.conversationId !== step.id || item.kind !== "message") return [];
    if (item.purpose === "commit" || item.eventId === "") return [];
    return item.targets.some(({ publicKey }) => keys.has(bytesToHex(publicKey))) ? [{ record, item }] : [];
  });
}

async function removed(step: Step, commits: readonly AppliedCommit[]): Promise<void> {
  const last = commits.at(-1);
  step.set({ group: step.work.group });
  await endChat(step, last === undefined ? null : entryOf(step, last));
  step.errands.push({ kind: "moved" });
}

/** What a commit means for the chat: it was judged when it was weighed, and is now only read. */
function entryOf(step: Step, { id, facts, before }: AppliedCommit): Entry {
  const { cipher } = step.core;
  const judged = judgeChange({ members: cipher.members(before), policy: cipher.policy(before) }, facts.change);
  const version = sideOf(cipher, before).state.version;
  const note = version === 1 ? null : decodeCommitNote(facts.authenticatedData);
  const read = note === null || !note.ok ? EMPTY_NOTE : note.value;
  const record: GroupRecord | null = judged.ok ? { by: judged.value.by, actions: judged.value.whatHappened } : null;
  const lineId = lineIdOf(before.epoch + 1, expectOk(hexToBytes(id), "commit"));
  return { cut: read.cut, note: read, record, lineId, successor: successorOf(facts) };
}

function successorOf({ change }: AppliedCommit["facts"]): NonNullable<Entry["successor"]> | null {
  const [old] = change.removed;
  const newcomer = readLeaf(change.committer);
  const gone = old === undefined ? null : readLeaf(old);
  if (!change.isExternal || newcomer === null || gone === null) return null;
  const isSameDevice = newcomer.deviceKey === gone.deviceKey;
  return { leafKey: newcomer.leafKey, replaced: gone.leafKey, isSameDevice };
}

/** What an own commit has for a consequence here: a seed to be renewed (GR28), or that this person has left. */
async function noteOwn(step: Step, before: Side): Promise<void> {
  const { side } = step.state;
  if (side.state.kind !== "group") return;
  const here = new Set(side.leaves.map(({ account }) => account));
  const hasRemoved = before.leaves.some(({ account }) => !here.has(account));
  if (hasRemoved) step.setShared({ needsSeed: side.state.rejoin[0]?.number ?? 0 });
  if (isLeaving(step.state, ownAccount(step.core))) await beginToLeave(step);
}

/** A change of own devices that lets nobody in is done with its epoch; else with the Welcome. */
function noteDevices(step: Step, { memo }: AppliedCommit): void {
  const devices = memo === null || memo.length === 0 ? null : decodeMemo(memo).devices;
  if (devices === null || devices.packages.length > 0) return;
  step.errands.push({ kind: "devices", intent: devices.intent, isWon: true });
}

/** The newcomer learns of the yes by the policy that the accepter's commit has set. */
function acceptedBy(step: Step): void {
  if (step.state.record.state === "waiting" && step.state.side.state.pair?.isAccepted === true)
    step.setRecord({ state: "active", activeAt: step.core.clock.now() });
}

type Told = Extract<ForkAction, { kind: "rejoin" | "hold" | "release" | "evidence" | "healed" }>;

function tell(step: Step, action: Told): void {
  if (action.kind === "rejoin") step.errands.push({ kind: "rejoin" });
  const happening = happeningOf(action);
  if (happening === null) return;
  const notices = withNotice(step.state.shared.notices, happening, step.core.clock.now());
  step.setShared({ notices });
}

function happeningOf(action: Told): Happening | null {
  switch (action.kind) {
    case "healed":
      return { kind: "fork", id: `fork/${action.epoch}`, what: "healed", count: 1 };
    case "evidence": {
      const { evidence } = action;
      const isNode = evidence.kind === "node-signed-twice";
      const of = isNode ? evidence.node : evidence.author;
      return { kind: "fork", id: `proof/${of}`, what: isNode ? "node-signed-twice" : "member-contradicts", count: 1 };
    }
    case "hold":
      return { kind: "fork", id: "hold", what: "held", count: 1 };
    case "release":
      return { kind: "fork", id: "hold", what: "released", count: 1 };
    case "rejoin":
      return { kind: "fork", id: "outside", what: "outside", count: 1 };
  }
}
