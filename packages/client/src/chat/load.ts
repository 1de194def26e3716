/** A chat as it lies in the store, at the opening. */
import { bytesToHex, expectOk } from "@xchat/codec";
import { decodeLog, emptyReassembly, type Group } from "@xchat/protocol";
import { beginFork, GroupCache, LIVE_KINDS, loadFork, recordKind, type ForkState } from "../fork/index.ts";
import type { ConversationRecord, MailboxRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { readAccountId } from "./authors.ts";
import { epochsOfRecords, sideOf } from "./epochs.ts";
import { forkDeps } from "./fork-deps.ts";
import { greetingPartId } from "./greeting.ts";
import { rosterOfPart, rosterPartId, startRoster, withSaid, type Roster, type Side } from "./roster.ts";
import { decodeShared, type PairBefore } from "./shared.ts";
import type { ChatState } from "./step.ts";

/** Null where a crash came between its deletion and the end of it. `mailboxes`: those of this chat. */
export async function loadState(
  core: SessionCore,
  record: ConversationRecord,
  mailboxes: readonly MailboxRecord[],
): Promise<ChatState | null> {
  const { store, cipher } = core;
  const saved = await store.get("group", record.id);
  if (saved === null) return null;
  const group = cipher.restore(saved);
  const side = sideOf(cipher, group);
  const part = await store.get("part", rosterPartId(record.id));
  const { shared, before } = decodeShared(record.shared);
  const forkCache = new GroupCache();
  return {
    fork: await loadOrBeginFork(core, record.id, group, forkCache),
    forkCache,
    forkWakeAt: 0,
    record,
    shared,
    log: expectOk(decodeLog(record.log), "log"),
    roster: part === null ? rosterOfPair(record, side, before) : rosterOfPart(part),
    group,
    side,
    epochs: epochsOfRecords(mailboxes),
    reassembly: emptyReassembly(),
    queued: [],
    isFresh: true,
    isGreetingDue: (await store.get("part", greetingPartId(record.id))) !== null,
  };
}

async function loadOrBeginFork(core: SessionCore, id: string, group: Group, cache: GroupCache): Promise<ForkState> {
  const loaded = loadFork(id, await core.store.parts(id, LIVE_KINDS.map(recordKind)));
  if (loaded !== null) return loaded;
  // Of a chat that was saved before there was more than one way on.
  const begun = await beginFork(forkDeps(core, cache, group), group, { conversation: id });
  await core.store.write(begun.changes());
  return begun.state;
}

/** Of a pair that was saved before there were rosters. */
function rosterOfPair({ accountId }: ConversationRecord, side: Side, before: PairBefore | null): Roster {
  const roster = startRoster(side);
  if (before === null) return roster;
  const account = readAccountId(accountId);
  const leafKey = bytesToHex(before.peerLeafKey);
  const leaves = roster.leaves.has(leafKey)
    ? roster.leaves
    : new Map(roster.leaves).set(leafKey, { account, since: 0, joinedAt: 0, joinedOn: 0 });
  const { theyMayDirect, theirConsentRevision, theirProfileRevision } = before;
  return withSaid({ ...roster, leaves }, account, {
    nameRevision: theirProfileRevision,
    mayDirect: theyMayDirect,
    directRevision: theirConsentRevision,
  });
}
