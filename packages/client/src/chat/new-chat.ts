/** The records of a chat that begins, on either side. */
import { bytesToHex } from "@xchat/codec";
import {
  emptyReassembly,
  encodeLog,
  startLog,
  startRights,
  type Group,
  type GroupRecord,
  type Introduction,
  type DeviceIntroduction,
  type RightsHistory,
} from "@xchat/protocol";
import type { ContactRecord, ConversationRecord, EventRecord, StoreChange } from "../ports.ts";
import { beginFork, GroupCache, type ForkWork, type JudgedAnswer } from "../fork/index.ts";
import { broughtByChange } from "../rejoin/rejoin-parts.ts";
import type { SessionCore } from "../session-core.ts";
import { ownAccount } from "./authors.ts";
import { deriveEpoch, epochToRecords, sideOf } from "./epochs.ts";
import { identityChange, isBetter, withIdentityNotice } from "./contact-news.ts";
import { forkDeps } from "./fork-deps.ts";
import { lineIdOf, recordLine } from "./record-line.ts";
import { rosterToPart, startRoster, withSaid, type Roster, type Side } from "./roster.ts";
import { encodeShared, newShared, type Shared } from "./shared.ts";
import type { ChatState } from "./step.ts";

export interface NewChatInput {
  readonly group: Group;
  readonly peer: {
    readonly accountId: string;
    readonly name: string;
    readonly chain: Uint8Array;
  };
  readonly state: ConversationRecord["state"];
  readonly mayDirect: boolean;
  readonly wishes: Shared["wishes"];
}

export interface NewGroupInput {
  readonly group: Group;
  /** Null for who has made it. */
  readonly introduction: Introduction | null;
  /** The first line: who made the group, or added this person. */
  readonly record: GroupRecord;
  /** The chat of the same group that this person was in before. */
  readonly before: ConversationRecord | null;
  readonly wishes?: Shared["wishes"];
}

export interface NewChat {
  readonly state: ChatState;
  /** The other person of a pair. */
  readonly contact: ContactRecord | null;
  readonly changes: readonly StoreChange[];
}

export async function newChatChanges(core: SessionCore, input: NewChatInput): Promise<NewChat> {
  const { group, peer } = input;
  const side = sideOf(core.cipher, group);
  const id = bytesToHex(group.groupId);
  // ID21: somebody who is known already is held to what is pinned, unless the chain of the card is better.
  const known = core.contacts.get(peer.accountId);
  const change = known === undefined ? null : identityChange(core, known, peer.chain);
  const isFirst = known === undefined || (known.chain.length === 0 && change === null);
  const notices = change === null ? [] : withIdentityNotice(core, [], change, peer.chain);
  const log = startLog({ conversation: id, self: bytesToHex(core.cipher.ownLeafKey(group).publicKey) });
  const record = { ...newRecord(core, id), accountId: peer.accountId, state: input.state };
  const shared = { ...newShared(), wishes: input.wishes, notices };
  const begun = await begin(core, { record, shared, log, group, side, roster: startRoster(side) });
  const contact: ContactRecord = {
    accountId: peer.accountId,
    name: peer.name,
    petname: known?.petname ?? null,
    isVerified: known?.isVerified ?? false,
    isBlocked: false,
    mayDirect: input.mayDirect,
    chain: isFirst || isBetter(change) ? peer.chain : known.chain,
  };
  return { ...begun, contact, changes: [{ put: "contact", record: contact }, ...begun.changes] };
}

export async function newGroupChat(core: SessionCore, input: NewGroupInput): Promise<NewChat> {
  const { group, introduction, before } = input;
  const id = bytesToHex(group.groupId);
  const side = sideOf(core.cipher, group);
  const self = bytesToHex(core.cipher.ownLeafKey(group).publicKey);
  const log = startLog({
    conversation: id,
    self,
    start: introduction?.start ?? [],
    lineDepth: introduction?.lineDepth ?? 0,
  });
  const fresh = newRecord(core, id);
  const shared = { ...newShared(), wishes: input.wishes ?? [] };
  const roster = rosterOf(side, introduction);
  const begun = await begin(core, { record: { ...fresh, ...keptOf(before) }, shared, log, group, side, roster });
  const line: StoreChange = { put: "event", record: lineRecord(core, group, input.record, roster.lineDepth) };
  const by = input.record.by === ownAccount(core) ? null : input.record.by;
  const stale = before === null ? [] : await mailboxesOf(core, id);
  const brought = broughtByChange(id, by, core.clock.now());
  return { ...begun, contact: null, changes: [...stale, ...begun.changes, line, brought] };
}

export type NewConversation = Omit<NewChat, "contact">;

const NOTHING_BEFORE: DeviceIntroduction = { lineDepth: 0, tips: [], leaves: [], people: [] };

export interface NewConversationInput {
  readonly record: Pick<ConversationRecord, "accountId" | "state"> & Partial<ConversationRecord>;
  /** For a newcomer. */
  readonly start?: DeviceIntroduction;
  /** The chat of the same group that this person was in before. */
  readonly before?: ConversationRecord | null;
  readonly wishes?: Shared["wishes"];
  readonly notices?: Shared["notices"];
}

/** Of any kind, as a device of one's own begins with it. */
export async function newConversation(
  core: SessionCore,
  group: Group,
  { record, start = NOTHING_BEFORE, before = null, wishes = [], notices = [] }: NewConversationInput,
): Promise<NewConversation> {
  const id = bytesToHex(group.groupId);
  const side = sideOf(core.cipher, group);
  const self = bytesToHex(core.cipher.ownLeafKey(group).publicKey);
  const begun = await begin(core, {
    record: { ...newRecord(core, id), ...keptOf(before), ...record },
    shared: { ...newShared(), wishes, notices },
    log: startLog({ conversation: id, self, start: start.tips, lineDepth: start.lineDepth }),
    group,
    side,
    roster: { ...rosterOf(side, start), rights: rightsOf(side, start) },
  });
  const stale = before === null ? [] : await mailboxesOf(core, id);
  return { ...begun, changes: [...stale, ...begun.changes] };
}

/** One that this device comes back into having lost everything; `work`: from `knock`. */
export async function recoveredConversation(
  core: SessionCore,
  { work, followed }: { readonly work: ForkWork; readonly followed: JudgedAnswer },
  input: Partial<ConversationRecord>,
): Promise<NewConversation> {
  const { group } = work;
  const side = sideOf(core.cipher, group);
  const id = bytesToHex(group.groupId);
  const self = bytesToHex(core.cipher.ownLeafKey(group).publicKey);
  const replaced = followed.leaves.find(({ leafKey }) => !side.leaves.some((leaf) => leaf.leafKey === leafKey));
  const { tips, lineDepth } = followed.answer.start;
  const begun = await begin(
    core,
    {
      record: { ...newRecord(core, id), ...input },
      shared: { ...newShared(), isNameDue: true },
      log: startLog({ conversation: id, self, start: tips.filter(({ author }) => author !== self), lineDepth }),
      group,
      side,
      roster: { ...startRoster(side), lineDepth },
    },
    work,
  );
  if (replaced === undefined) return begun;
  const own = ownAccount(core);
  const { deviceKey } = side.leaves.find(({ leafKey }) => leafKey === self) as (typeof side.leaves)[number];
  const action = { kind: "rejoined", account: own, deviceKey, replaced: replaced.deviceKey } as const;
  const end = 1 + Math.max(lineDepth, ...tips.map(({ depth }) => depth));
  const line = lineRecord(core, group, { by: own, actions: [action] }, end);
  return { ...begun, changes: [...begun.changes, { put: "event", record: line }] };
}

// ---- below

async function begin(
  core: SessionCore,
  parts: Pick<ChatState, "record" | "shared" | "log" | "group" | "side" | "roster">,
  work: ForkWork | null = null,
): Promise<NewConversation> {
  const { cipher, provider, clock, profile } = core;
  const { log, group, side, roster } = parts;
  const { id } = parts.record;
  const now = clock.now();
  const epoch = await deriveEpoch(cipher, provider, group, side, now);
  // It is in the own leaf.
  const shared: Shared = { ...parts.shared, toldChain: provider.sha256(profile().chain) };
  const record = { ...parts.record, log: encodeLog(log), shared: encodeShared(shared) };
  const forkCache = new GroupCache();
  const begun = work ?? (await beginFork(forkDeps(core, forkCache, group), group, { conversation: id }));
  const state: ChatState = {
    record,
    shared,
    log,
    roster,
    group,
    side,
    fork: begun.state,
    forkCache,
    forkWakeAt: 0,
    epochs: [epoch],
    reassembly: emptyReassembly(),
    queued: [],
    isFresh: false,
    isGreetingDue: false,
  };
  const changes: StoreChange[] = [
    { put: "conversation", record },
    { put: "group", record: { conversationId: id, ...cipher.save(group) } },
    { put: "part", record: rosterToPart(id, roster, now) },
    ...epochToRecords(id, epoch).map((mailbox): StoreChange => ({ put: "mailbox", record: mailbox })),
    ...begun.changes(),
  ];
  return { state, changes };
}

function newRecord({ clock }: SessionCore, id: string): ConversationRecord {
  const now = clock.now();
  const nothing = new Uint8Array(0);
  return {
    id,
    accountId: "",
    state: "active",
    createdAt: now,
    activeAt: now,
    draft: "",
    readDepth: 0,
    readId: "",
    log: nothing,
    shared: nothing,
  };
}

const keptOf = (before: ConversationRecord | null): Partial<ConversationRecord> =>
  before === null ? {} : { draft: before.draft, readDepth: before.readDepth, readId: before.readId };

/** GR26. */
function rightsOf({ state, leaves }: Side, { tips }: DeviceIntroduction): RightsHistory {
  const since = new Map(tips.map(({ author, sequence }) => [author, sequence + 1]));
  return startRights(state, leaves, (leafKey) => since.get(leafKey) ?? 0);
}

type Introduced = Pick<DeviceIntroduction, "leaves" | "lineDepth"> & Pick<Introduction, "people">;

/** With those who had gone before, so that what they wrote can be told when somebody gives it. */
function rosterOf(side: Side, introduction: Introduced | DeviceIntroduction | null): Roster {
  const roster = startRoster(side);
  if (introduction === null) return roster;
  const leaves = new Map(roster.leaves);
  for (const { leafKey, account } of introduction.leaves) {
    if (!leaves.has(leafKey)) leaves.set(leafKey, { account, since: 0, joinedAt: 0, joinedOn: 0 });
  }
  let next: Roster = { ...roster, leaves, lineDepth: introduction.lineDepth };
  for (const { account, ...said } of introduction.people) {
    next = withSaid(next, account, { name: said.name, nameRevision: "revision" in said ? said.revision : 0 });
  }
  return next;
}

function lineRecord(core: SessionCore, group: Group, record: GroupRecord, depth: number): EventRecord {
  return recordLine({
    conversationId: bytesToHex(group.groupId),
    lineId: lineIdOf(group.epoch, core.provider.randomBytes(32)),
    record,
    depth,
    epoch: group.epoch,
    isOwn: record.by === ownAccount(core),
    now: core.clock.now(),
  });
}

async function mailboxesOf({ store }: SessionCore, id: string): Promise<readonly StoreChange[]> {
  const mailboxes = await store.all("mailbox");
  return mailboxes
    .filter(({ conversationId }) => conversationId === id)
    .map((mailbox): StoreChange => ({ delete: "mailbox", key: mailbox.id }));
}
