/** The records of a chat that begins, on either side. */
import { bytesToHex } from "@xchat/codec";
import { emptyReassembly, encodeLog, startLog, type Group } from "@xchat/protocol";
import type { ContactRecord, ConversationRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { deriveEpoch, epochToRecords, sideOf } from "./epochs.ts";
import { identityChange, isBetter, withIdentityNotice } from "./contact-news.ts";
import { rosterToPart, startRoster } from "./roster.ts";
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
  readonly plan: Shared["plan"];
  readonly nextPolicy: Uint8Array | null;
}

export interface NewChat {
  readonly state: ChatState;
  readonly contact: ContactRecord;
  readonly changes: readonly StoreChange[];
}

export async function newChatChanges(core: SessionCore, input: NewChatInput): Promise<NewChat> {
  const { cipher, provider, clock, contacts, profile } = core;
  const { group, peer } = input;
  const now = clock.now();
  const id = bytesToHex(group.groupId);
  const side = sideOf(cipher, group);
  const epoch = await deriveEpoch(cipher, provider, group, side, now);
  const roster = startRoster(side);
  const known = contacts.get(peer.accountId);
  // ID21: somebody who is known already is held to what is pinned, unless the chain of the card is better.
  const change = known === undefined ? null : identityChange(core, known, peer.chain);
  const isFirst = known === undefined || (known.chain.length === 0 && change === null);
  const shared: Shared = {
    ...newShared(),
    plan: input.plan,
    nextPolicy: input.nextPolicy,
    // It is in the own leaf.
    toldChain: provider.sha256(profile().chain),
    notices: change === null ? [] : withIdentityNotice(core, [], change, peer.chain),
  };
  const log = startLog({ conversation: id, self: bytesToHex(cipher.ownLeafKey(group).publicKey) });
  const record: ConversationRecord = {
    id,
    accountId: peer.accountId,
    state: input.state,
    createdAt: now,
    activeAt: now,
    draft: "",
    readDepth: 0,
    readId: "",
    log: encodeLog(log),
    shared: encodeShared(shared),
  };
  const contact: ContactRecord = {
    accountId: peer.accountId,
    name: peer.name,
    petname: known?.petname ?? null,
    isVerified: known?.isVerified ?? false,
    isBlocked: false,
    mayDirect: input.mayDirect,
    chain: isFirst || isBetter(change) ? peer.chain : known.chain,
  };
  const state: ChatState = {
    record,
    shared,
    log,
    roster,
    group,
    side,
    epochs: [epoch],
    reassembly: emptyReassembly(),
    queued: [],
  };
  const changes: StoreChange[] = [
    { put: "contact", record: contact },
    { put: "conversation", record },
    { put: "group", record: { conversationId: id, ...cipher.save(group) } },
    { put: "part", record: rosterToPart(id, roster, now) },
    ...epochToRecords(id, epoch).map((mailbox): StoreChange => ({ put: "mailbox", record: mailbox })),
  ];
  return { state, contact, changes };
}
