/**
 * What a backup of this device holds, from what its store holds (spec/account-backup.md, section 3, AB20), and the
 * fingerprints by which a change is noticed.
 */
import { bytesToHex, compareBytes, expectOk, hexToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  accountIdToBytes,
  chainPin,
  cleanName,
  encodeBackupContent,
  MAX_BACKUP_CONTACTS,
  MAX_BACKUP_CONVERSATIONS,
  parseAccountId,
  type BackupContact,
  type BackupContent,
  type BackupConversation,
  type ChainPin,
  type GroupState,
  type NodeHint,
} from "@xchat/protocol";
import type { Profile } from "../base/profile.ts";
import { relaysText } from "../delivery/relays.ts";
import type { ContactRecord, ConversationRecord, RelayPlan } from "../ports.ts";

const HOUR_MS = 3_600_000;

/** A chat, with what its record does not say. */
export interface BackedUpChat {
  readonly record: Pick<ConversationRecord, "id" | "accountId" | "activeAt" | "readDepth" | "readId">;
  readonly agreed: Pick<GroupState, "kind" | "name" | "homeNodes" | "rejoin">;
}

export interface BackupSource {
  readonly profile: Profile;
  readonly ownNodes: readonly NodeHint[];
  readonly relays: RelayPlan;
  readonly contacts: readonly ContactRecord[];
  /** Pins of contacts whose chain this device has not seen since it recovered. */
  readonly pins: ReadonlyMap<string, ChainPin>;
  /** That have not ended. */
  readonly chats: readonly BackedUpChat[];
  /** What an earlier backup brought and nobody has been reached for yet: a second loss must not lose it. */
  readonly recovered: readonly RecoveredConversation[];
}

export type RecoveredConversation = Omit<BackupConversation, "nodes"> & { readonly homeNodes: readonly NodeHint[] };

/** Written as text, so that a version which knows more of them keeps those that it does not know. */
export const SETTINGS = {
  directAllowed: "direct-allowed",
  shareReadState: "share-read-state",
  relays: "relays",
  whenNoRelay: "when-no-relay",
} as const;

export function backupContent(
  provider: CryptoProvider,
  source: BackupSource,
  { counter, now }: { readonly counter: number; readonly now: number },
): { readonly content: BackupContent; readonly isCut: boolean } {
  const { profile, ownNodes } = source;
  const nodes = new NodeList(ownNodes);
  const contacts = source.contacts.map((contact) => backedUpContact(provider, contact, source.pins));
  const conversations = [
    ...source.chats.toSorted((a, b) => b.record.activeAt - a.record.activeAt).map((chat) => backedUpChat(chat, nodes)),
    ...source.recovered.map(({ homeNodes, ...one }) => ({ ...one, nodes: nodes.indexesMutable(homeNodes) })),
  ];
  const content: BackupContent = {
    counter,
    hour: Math.floor(now / HOUR_MS),
    chain: profile.chain,
    name: profile.name,
    picture: null,
    deviceName: nameOr(profile.deviceName, "?"),
    ownNodes: ownNodes.length,
    contacts: contacts.slice(0, MAX_BACKUP_CONTACTS).toSorted((a, b) => compareBytes(a.account, b.account)),
    conversations: conversations
      .slice(0, MAX_BACKUP_CONVERSATIONS)
      .toSorted((a, b) => compareBytes(a.conversation, b.conversation)),
    nodes: nodes.all,
    settings: [
      { name: SETTINGS.directAllowed, value: String(profile.directAllowed) },
      { name: SETTINGS.shareReadState, value: String(profile.shareReadState) },
      { name: SETTINGS.relays, value: relaysText(source.relays.relays) },
      { name: SETTINGS.whenNoRelay, value: source.relays.whenNone },
    ],
  };
  const isCut = contacts.length > MAX_BACKUP_CONTACTS || conversations.length > MAX_BACKUP_CONVERSATIONS;
  return { content, isCut };
}

/** Two hashes: of what is written within a minute when it changes, and of all (AB11). They stay on this device. */
export function fingerprints(
  provider: CryptoProvider,
  content: BackupContent,
): { readonly urgent: Uint8Array; readonly all: Uint8Array } {
  const timeless = { ...content, counter: 0, hour: 0 };
  const urgent: BackupContent = {
    ...timeless,
    name: "-",
    deviceName: "-",
    settings: [],
    conversations: content.conversations.map((one) => ({ ...one, read: null, mutedUntil: null, rank: null })),
  };
  return {
    urgent: provider.sha256(encodeBackupContent(urgent)),
    all: provider.sha256(encodeBackupContent(timeless)),
  };
}

// ---- below: people and chats

function backedUpContact(
  provider: CryptoProvider,
  { accountId, name, petname, isVerified, isBlocked, mayDirect, chain }: ContactRecord,
  pins: ReadonlyMap<string, ChainPin>,
): BackupContact {
  return {
    account: accountBytes(accountId),
    petname: nameOr(petname ?? name, null),
    pin: pinOf(provider, chain) ?? pins.get(accountId) ?? null,
    isVerified,
    isBlocked,
    direct: mayDirect ? "allowed" : "unset",
  };
}

/** By the chain's bytes, which are replaced and never changed. */
const knownPins = new WeakMap<Uint8Array, ChainPin>();

function pinOf(provider: CryptoProvider, chain: Uint8Array): ChainPin | null {
  const known = knownPins.get(chain);
  if (known !== undefined || chain.length === 0) return known ?? null;
  const pin = chainPin(provider, chain);
  if (pin.ok) knownPins.set(chain, pin.value);
  return pin.ok ? pin.value : null;
}

function backedUpChat({ record, agreed }: BackedUpChat, nodes: NodeList): BackupConversation {
  const isPair = agreed.kind === "pair";
  const [newest] = agreed.rejoin;
  return {
    conversation: hexBytes(record.id),
    kind: isPair ? "pair" : "group",
    account: isPair ? accountBytes(record.accountId) : null,
    name: isPair || agreed.name === null ? null : nameOr(agreed.name, null),
    ownName: null,
    nodes: nodes.indexesMutable(agreed.homeNodes),
    rejoin: newest === undefined ? null : { number: newest.number, seed: hexBytes(newest.seed) },
    isArchived: false,
    rank: null,
    mutedUntil: null,
    read: record.readId === "" ? null : { depth: record.readDepth, id: hexBytes(record.readId) },
  };
}

const accountBytes = (text: string): Uint8Array => accountIdToBytes(expectOk(parseAccountId(text), "account id"));
const hexBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "id");

function nameOr<T extends string | null>(text: string, fallback: T): string | T {
  const name = cleanName(text);
  return name.ok ? name.value : fallback;
}

const MAX_NODES = 256;

/** Each node once, the person's own first; beyond the limit of the format conversations go without. */
class NodeList {
  readonly all: NodeHint[];
  readonly #index = new Map<string, number>();

  constructor(own: readonly NodeHint[]) {
    this.all = [...own];
    for (const [at, { keyHash }] of own.entries()) this.#index.set(bytesToHex(keyHash), at);
  }

  indexesMutable(hints: readonly NodeHint[]): readonly number[] {
    return hints.map((hint) => this.#indexMutable(hint)).filter((index) => index !== null);
  }

  #indexMutable(hint: NodeHint): number | null {
    const id = bytesToHex(hint.keyHash);
    const known = this.#index.get(id);
    if (known !== undefined) return known;
    if (this.all.length === MAX_NODES) return null;
    this.#index.set(id, this.all.length);
    return this.all.push(hint) - 1;
  }
}
