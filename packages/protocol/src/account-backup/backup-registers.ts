/**
 * From the registers of the devices to the content of a backup, and back (spec/account-backup.md, section 3).
 *
 * AB20 What a backup brings back are the registers of contacts, chats, settings, nodes and profile; drafts, stars, what
 *      was hidden, names of devices and invitations are left behind.
 */
import { bytesToHex } from "@xchat/codec";
import { type RegisterName, type SyncOperation, writeRegister } from "../devices/sync-registers.ts";
import { listRegister, type SyncState } from "../devices/sync-state.ts";
import type { Hex } from "../log/state.ts";
import type { NodeHint } from "../node-hint.ts";
import type { BackupContact, BackupContent, BackupConversation } from "./backup-content.ts";

/** What the registers do not know. */
export interface BackupFacts extends Pick<BackupContent, "counter" | "hour" | "chain" | "deviceName"> {
  /** Where the profile register was never written. */
  readonly name: string;
  /** By conversation. Others are left out: what cannot be rejoined need not be named. */
  readonly conversations: ReadonlyMap<
    Hex,
    Pick<BackupConversation, "name" | "rejoin"> & { readonly homeNodes: readonly NodeHint[] }
  >;
}

export function contentFromRegisters(state: SyncState, facts: BackupFacts): BackupContent {
  const nodes = new NodeTable();
  const own = listRegister(state, "node").toSorted((a, b) => a.value.rank - b.value.rank);
  for (const { value } of own) nodes.indexOfMutable(value.hint);
  const ownNodes = nodes.all.length;
  const profile = listRegister(state, "profile")[0]?.value ?? { name: facts.name, picture: null };
  const { counter, hour, chain, deviceName } = facts;
  return {
    counter,
    hour,
    chain,
    deviceName,
    ...profile,
    ownNodes,
    contacts: contactsOf(state),
    conversations: conversationsOf(state, facts, nodes),
    nodes: nodes.all,
    settings: listRegister(state, "setting").map(({ key, value }) => ({ name: key.name, value: value.value })),
  };
}

/** For the first events of a new self-conversation. */
export function registersFromContent(content: BackupContent): readonly SyncOperation[] {
  const { name, picture, nodes, ownNodes } = content;
  return [
    writeRegister("profile", {}, { name, picture }),
    writeRegister("backup-counter", {}, { counter: content.counter }),
    ...nodes.slice(0, ownNodes).map((hint, rank) => writeRegister("node", { keyHash: hint.keyHash }, { hint, rank })),
    ...content.contacts.flatMap(contactRegisters),
    ...content.conversations.flatMap(conversationRegisters),
    ...content.settings.map((one) => writeRegister("setting", { name: one.name }, { value: one.value })),
  ];
}

// ---- contacts

function contactsOf(state: SyncState): readonly BackupContact[] {
  const petnames = byKey(state, "contact", "account");
  const pins = byKey(state, "contact-chain", "account");
  const verified = byKey(state, "contact-verified", "account");
  const blocked = byKey(state, "contact-blocked", "account");
  const direct = byKey(state, "contact-direct", "account");
  // Somebody who is neither in the list nor blocked is nobody whom the person needs again.
  const accounts = new Map([...blocked, ...petnames].map(([id, { account }]) => [id, account]));
  return [...accounts].map(([id, account]) => ({
    account,
    petname: petnames.get(id)?.petname ?? null,
    pin: pinOf(pins.get(id)),
    isVerified: verified.has(id),
    isBlocked: blocked.has(id),
    direct: directOf(direct.get(id)?.isAllowed),
  }));
}

const directOf = (isAllowed: boolean | undefined): BackupContact["direct"] =>
  isAllowed === undefined ? "unset" : isAllowed ? "allowed" : "denied";

const pinOf = (found: BackupContact["pin"] | undefined): BackupContact["pin"] =>
  found == null ? null : { length: found.length, head: found.head, recoveries: found.recoveries };

function contactRegisters(contact: BackupContact): readonly SyncOperation[] {
  const { account, petname, pin, isVerified, isBlocked, direct } = contact;
  const key = { account };
  return [
    ...(petname === null ? [] : [writeRegister("contact", key, { petname })]),
    ...(pin === null ? [] : [writeRegister("contact-chain", key, pin)]),
    ...(isVerified ? [writeRegister("contact-verified", key, {})] : []),
    ...(isBlocked ? [writeRegister("contact-blocked", key, {})] : []),
    ...(direct === "unset" ? [] : [writeRegister("contact-direct", key, { isAllowed: direct === "allowed" })]),
  ];
}

// ---- conversations

function conversationsOf(state: SyncState, facts: BackupFacts, nodes: NodeTable): readonly BackupConversation[] {
  const names = byKey(state, "chat-name", "conversation");
  const archived = byKey(state, "chat-archived", "conversation");
  const ranks = byKey(state, "chat-pinned", "conversation");
  const muted = byKey(state, "chat-muted", "conversation");
  const reads = byKey(state, "read", "conversation");
  return listRegister(state, "chat").flatMap(({ key: { conversation }, value }) => {
    const id = bytesToHex(conversation);
    const known = facts.conversations.get(id);
    if (known === undefined) return [];
    const read = reads.get(id);
    return [
      {
        conversation,
        kind: value.kind,
        account: value.account,
        name: known.name,
        ownName: names.get(id)?.name ?? null,
        nodes: known.homeNodes.map((hint) => nodes.indexOfMutable(hint)).filter((index) => index !== null),
        rejoin: known.rejoin,
        isArchived: archived.has(id),
        rank: ranks.get(id)?.rank ?? null,
        mutedUntil: muted.get(id)?.until ?? null,
        read: read === undefined ? null : { depth: read.depth, id: read.id },
      },
    ];
  });
}

function conversationRegisters(one: BackupConversation): readonly SyncOperation[] {
  const { conversation, kind, account, ownName, isArchived, rank, mutedUntil, read } = one;
  const key = { conversation };
  return [
    writeRegister("chat", key, { kind, account }),
    ...(ownName === null ? [] : [writeRegister("chat-name", key, { name: ownName })]),
    ...(isArchived ? [writeRegister("chat-archived", key, {})] : []),
    ...(rank === null ? [] : [writeRegister("chat-pinned", key, { rank })]),
    ...(mutedUntil === null ? [] : [writeRegister("chat-muted", key, { until: mutedUntil })]),
    ...(read === null ? [] : [writeRegister("read", key, read)]),
  ];
}

// ---- below: tables

/** Registers of a kind by the hex of one part of their key, key and value in one. */
function byKey<N extends RegisterName, P extends string>(state: SyncState, name: N, part: P) {
  const entries = listRegister(state, name).map(({ key, value }) => {
    const id = bytesToHex((key as unknown as Record<P, Uint8Array>)[part]);
    return [id, { ...key, ...value }] as const;
  });
  return new Map(entries);
}

const MAX_NODES = 256;

/** Each node once; beyond the limit of the format conversations go without. */
class NodeTable {
  readonly all: NodeHint[] = [];
  readonly #index = new Map<Hex, number>();

  indexOfMutable(hint: NodeHint): number | null {
    const id = bytesToHex(hint.keyHash);
    const known = this.#index.get(id);
    if (known !== undefined) return known;
    if (this.all.length === MAX_NODES) return null;
    this.#index.set(id, this.all.length);
    return this.all.push(hint) - 1;
  }
}
