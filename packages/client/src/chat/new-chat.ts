/** The records of a chat that begins, on either side. */
import { bytesToHex } from "@xchat/codec";
import { emptyReassembly, encodeLog, startLog, type Group } from "@xchat/protocol";
import type { ContactRecord, ConversationRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { deriveEpoch, epochToRecords } from "./epochs.ts";
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
  const { cipher, provider, clock, contacts } = core;
  const { group, peer } = input;
  const now = clock.now();
  const id = bytesToHex(group.groupId);
  const epoch = await deriveEpoch(cipher, provider, group, now);
  const shared: Shared = { ...newShared(peer.leafKey), plan: input.plan, nextPolicy: input.nextPolicy };
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
    chain: peer.chain,
  };
  const state: ChatState = { record, shared, log, group, epochs: [epoch], reassembly: emptyReassembly() };
  const changes: StoreChange[] = [
    { put: "contact", record: contact },
    { put: "conversation", record },
    { put: "group", record: { conversationId: id, ...cipher.save(group) } },
    ...epochToRecords(id, epoch).map((mailbox): StoreChange => ({ put: "mailbox", record: mailbox })),
  ];
  return { state, contact, changes };
}
