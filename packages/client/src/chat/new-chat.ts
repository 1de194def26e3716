/** The records of a chat that begins, on either side. */
import { bytesToHex } from "@xchat/codec";
import { emptyReassembly, encodeLog, startLog, type Group, type Introduction } from "@xchat/protocol";
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

export interface NewConversation {
  readonly state: ChatState;
  readonly changes: readonly StoreChange[];
}

/** Of any kind, as this device begins with it. `introduction`: where the log begins for a newcomer. */
export async function newConversation(
  core: SessionCore,
  group: Group,
  input: Pick<ConversationRecord, "accountId" | "state"> & Partial<ConversationRecord>,
  { introduction, ...shared }: { readonly introduction?: Introduction } & Partial<Shared> = {},
): Promise<NewConversation> {
  const { cipher, provider, clock, profile } = core;
  const now = clock.now();
  const id = bytesToHex(group.groupId);
  const side = sideOf(cipher, group);
  const epoch = await deriveEpoch(cipher, provider, group, side, now);
  const roster = { ...startRoster(side), lineDepth: introduction?.lineDepth ?? 0 };
  // The own chain is in the own leaf.
  const whole: Shared = { ...newShared(), toldChain: provider.sha256(profile().chain), ...shared };
  const self = bytesToHex(cipher.ownLeafKey(group).publicKey);
  const log = startLog({ conversation: id, self, start: introduction?.tips ?? [] });
  const record: ConversationRecord = {
    id,
    createdAt: now,
    activeAt: now,
    draft: "",
    readDepth: 0,
    readId: "",
    ...input,
    log: encodeLog(log),
    shared: encodeShared(whole),
  };
  const state: ChatState = {
    record,
    shared: whole,
    log,
    roster,
    group,
    side,
    epochs: [epoch],
    reassembly: emptyReassembly(),
    queued: [],
  };
  const changes: StoreChange[] = [
    { put: "conversation", record },
    { put: "group", record: { conversationId: id, ...cipher.save(group) } },
    { put: "part", record: rosterToPart(id, roster, now) },
    ...epochToRecords(id, epoch).map((mailbox): StoreChange => ({ put: "mailbox", record: mailbox })),
  ];
  return { state, changes };
}

export async function newChatChanges(core: SessionCore, input: NewChatInput): Promise<NewChat> {
  const { contacts } = core;
  const { group, peer, plan, nextPolicy } = input;
  const known = contacts.get(peer.accountId);
  // ID21: somebody who is known already is held to what is pinned, unless the chain of the card is better.
  const change = known === undefined ? null : identityChange(core, known, peer.chain);
  const isFirst = known === undefined || (known.chain.length === 0 && change === null);
  const notices = change === null ? [] : withIdentityNotice(core, [], change, peer.chain);
  const begun = await newConversation(
    core,
    group,
    { accountId: peer.accountId, state: input.state },
    { plan, nextPolicy, notices },
  );
  const contact: ContactRecord = {
    accountId: peer.accountId,
    name: peer.name,
    petname: known?.petname ?? null,
    isVerified: known?.isVerified ?? false,
    isBlocked: false,
    mayDirect: input.mayDirect,
    chain: isFirst || isBetter(change) ? peer.chain : known.chain,
  };
  return { state: begun.state, contact, changes: [{ put: "contact", record: contact }, ...begun.changes] };
}
