/** The records of a chat that begins, on either side. */
import { bytesToHex } from "@xchat/codec";
import { emptyReassembly, encodeLog, startLog, type Group } from "@xchat/protocol";
import type { ContactRecord, ConversationRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { deriveEpoch, epochToRecords } from "./epochs.ts";
import { chainChange } from "./contact-news.ts";
import { encodeShared, newShared, type Shared } from "./shared.ts";
import type { ChatState } from "./step.ts";

export interface NewChatInput {
  readonly group: Group;
  readonly peer: {
    readonly accountId: string;
    readonly name: string;
    readonly chain: Uint8Array;
    readonly leafKey: Uint8Array;
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
  const epoch = await deriveEpoch(cipher, provider, group, now);
  const shared: Shared = {
    ...newShared(peer.leafKey),
    plan: input.plan,
    nextPolicy: input.nextPolicy,
    // It is in the own leaf.
    toldChain: provider.sha256(profile().chain),
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
  const known = contacts.get(peer.accountId);
  const contact: ContactRecord = {
    accountId: peer.accountId,
    name: peer.name,
    petname: known?.petname ?? null,
    isVerified: known?.isVerified ?? false,
    isBlocked: false,
    mayDirect: input.mayDirect,
    chain: betterChain(known?.chain, peer.chain),
  };
  const state: ChatState = { record, shared, log, group, epochs: [epoch], reassembly: emptyReassembly(), queued: [] };
  const changes: StoreChange[] = [
    { put: "contact", record: contact },
    { put: "conversation", record },
    { put: "group", record: { conversationId: id, ...cipher.save(group) } },
    ...epochToRecords(id, epoch).map((mailbox): StoreChange => ({ put: "mailbox", record: mailbox })),
  ];
  return { state, contact, changes };
}

/** ID21: somebody who is known already is held to the chain that is pinned, unless the one of the card is better. */
const betterChain = (pinned: Uint8Array | undefined, chain: Uint8Array): Uint8Array =>
  pinned === undefined || pinned.length === 0 || chainChange(pinned, chain) === "newer" ? chain : pinned;
