/**
 * What an account backup holds (spec/account-backup.md, section 3): what it takes to be the same person again, and
 * nothing that would let anyone read what was said.
 *
 * AB4 No MLS state, no key of a leaf or of a device, no words, no messages.
 * AB5 Everything is bounded; contacts and conversations are named by what proves them, and pinned in short.
 */
import {
  bool,
  bytes,
  decode,
  encode,
  list,
  literal,
  nullable,
  struct,
  text,
  uint,
  word,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { chainPinCodec } from "../devices/chain-pin.ts";
import { MAX_DEPTH } from "../event/header.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";

export const MAX_BACKUP_CONTACTS = 4_096;
export const MAX_BACKUP_CONVERSATIONS = 4_096;
const MAX_BACKUP_NODES = 256;
const MAX_BACKUP_SETTINGS = 256;
const MAX_SETTING_BYTES = 4_096;
const VERSION = 1 as const;

const hash = bytes({ length: 32 });

const contact = struct({
  account: hash,
  /** `null`: blocked, and not in the list of contacts. */
  petname: nullable(nameCodec),
  pin: nullable(chainPinCodec),
  isVerified: bool,
  isBlocked: bool,
  direct: word("unset", "allowed", "denied"),
});
export type BackupContact = CodecType<typeof contact>;

const conversation = struct({
  conversation: hash,
  kind: word("pair", "group"),
  /** The other person of a pair. */
  account: nullable(hash),
  /** What a group calls itself: shown until it has been rejoined. */
  name: nullable(nameCodec),
  /** What the person here calls it. */
  ownName: nullable(nameCodec),
  /** Home nodes, as places in `nodes`. */
  nodes: list(uint(MAX_BACKUP_NODES - 1), { max: MAX_NODE_HINTS }),
  /** Leads to the rejoin inbox (spec/group.md): the newest that is known. */
  rejoin: nullable(struct({ number: uint(), seed: hash })),
  isArchived: bool,
  /** Among the pinned chats. */
  rank: nullable(uint()),
  mutedUntil: nullable(uint()),
  read: nullable(struct({ depth: uint(MAX_DEPTH), id: hash })),
});
export type BackupConversation = CodecType<typeof conversation>;

const content = struct({
  version: literal(VERSION, "newer-version"),
  /** Grows with every backup of the account. */
  counter: uint(0xffff_ffff_ffff),
  /** Hours since 1970, by the clock of the device: shown, and judged by nobody. */
  hour: uint(0xffff_ffff),
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  name: nameCodec,
  picture: nullable(bytes({ max: 256 })),
  deviceName: nameCodec,
  /** The person's own nodes first, in their order. */
  ownNodes: uint(MAX_BACKUP_NODES),
  nodes: list(nodeHintCodec, { max: MAX_BACKUP_NODES }),
  contacts: list(contact, { max: MAX_BACKUP_CONTACTS }),
  conversations: list(conversation, { max: MAX_BACKUP_CONVERSATIONS }),
  settings: list(struct({ name: text(64), value: text(MAX_SETTING_BYTES) }), { max: MAX_BACKUP_SETTINGS }),
});
export type BackupContent = Omit<CodecType<typeof content>, "version">;

/** @throws RangeError when something breaks its bounds. */
export const encodeBackupContent = (value: BackupContent): Uint8Array =>
  encode(content, { version: VERSION, ...value });

export function decodeBackupContent(encoded: Uint8Array): Result<BackupContent, DecodeError> {
  const read = decode(content, encoded);
  if (!read.ok) return read;
  const { version: _, ...value } = read.value;
  const fault = contentFault(value);
  return fault === null ? { ok: true, value } : { ok: false, error: { reason: fault, offset: 0 } };
}

function contentFault({ nodes, ownNodes, conversations }: BackupContent): string | null {
  if (ownNodes > nodes.length) return "unknown-node";
  const isKnown = (index: number): boolean => index < nodes.length;
  return conversations.every((one) => one.nodes.every(isKnown)) ? null : "unknown-node";
}
