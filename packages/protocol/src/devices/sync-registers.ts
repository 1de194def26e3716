/**
 * The registers that a person's devices keep in step (spec/devices.md, section 8). Each is a key and a value of a kind;
 * a set is a register for each of its members. A number is never used again for another shape.
 *
 * DV21 Keys and values are CBOR of the shapes below, bounded. `null` takes a register away.
 */
import {
  bool,
  bytes,
  compareBytes,
  decode,
  encode,
  nullable,
  struct,
  text,
  uint,
  word,
  type Codec,
  type CodecType,
} from "@xchat/codec";
import { MAX_DEPTH } from "../event/header.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { nodeHintCodec } from "../node-hint.ts";
import { chainPinCodec } from "./chain-pin.ts";

export const MAX_REGISTER_KEY_BYTES = 96;
export const MAX_REGISTER_VALUE_BYTES = 8_448;
/** Registers of kinds that this version does not know, all together. */
export const MAX_UNKNOWN_REGISTERS = 1_024;
const MAX_DRAFT_BYTES = 8_192;
const MAX_SETTING_BYTES = 4_096;

interface Register<K, V> {
  readonly tag: number;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  /** How many are kept; those that were written longest ago give way. */
  readonly limit: number;
  /** Where given, the greatest value wins, whoever wrote it when, and is never taken away. */
  readonly compare: ((a: V, b: V) => number) | null;
}

const register = <K, V>(
  tag: number,
  key: Codec<K>,
  value: Codec<V>,
  limit: number,
  compare: ((a: V, b: V) => number) | null = null,
): Register<K, V> => ({ tag, key, value, limit, compare });

const hash = bytes({ length: 32 });
const account = struct({ account: hash });
const conversation = struct({ conversation: hash });
const event = struct({ conversation: hash, event: hash });
const nothing = struct({});
const yes = struct({});

/** A place in a chat: everything up to it. */
const place = struct({ depth: uint(MAX_DEPTH), id: hash });
const comparePlaces = (a: CodecType<typeof place>, b: CodecType<typeof place>): number =>
  a.depth - b.depth || compareBytes(a.id, b.id);

const MANY = 4_096;
const VERY_MANY = 8_192;

export const REGISTERS = {
  /** Somebody in the list of contacts, under the name that the person here gave them. */
  contact: register(0, account, struct({ petname: nameCodec }), MANY),
  /** What this account has seen of the contact's chain: an observation, judged as ID21 judges a leaf. */
  "contact-chain": register(1, account, chainPinCodec, MANY),
  "contact-verified": register(2, account, yes, MANY),
  "contact-blocked": register(3, account, yes, MANY),
  "contact-direct": register(4, account, struct({ isAllowed: bool }), MANY),
  chat: register(5, conversation, struct({ kind: word("pair", "group"), account: nullable(hash) }), MANY),
  "chat-name": register(6, conversation, struct({ name: nameCodec }), MANY),
  "chat-archived": register(7, conversation, yes, MANY),
  /** Among the pinned chats, the least `rank` stands first. */
  "chat-pinned": register(8, conversation, struct({ rank: uint() }), MANY),
  /** Milliseconds since 1970; the greatest number is for ever. */
  "chat-muted": register(9, conversation, struct({ until: uint() }), MANY),
  "chat-unread": register(10, conversation, yes, MANY),
  /** Read up to here. Positions only grow: a device that was away does not make things unread. */
  read: register(11, conversation, place, MANY, comparePlaces),
  draft: register(12, conversation, struct({ text: text(MAX_DRAFT_BYTES) }), 512),
  star: register(13, event, yes, VERY_MANY),
  /** Deleted for this person alone. */
  hidden: register(14, event, yes, VERY_MANY),
  setting: register(15, struct({ name: text(64) }), struct({ value: text(MAX_SETTING_BYTES) }), 256),
  profile: register(16, nothing, struct({ name: nameCodec, picture: nullable(bytes({ max: 256 })) }), 1),
  "device-name": register(17, struct({ deviceKey: hash }), struct({ name: nameCodec }), 128),
  node: register(18, struct({ keyHash: hash }), struct({ hint: nodeHintCodec, rank: uint() }), 64),
  /** What only the inviter holds of an invitation, in the client's own form: every device reads the inbox and revokes. */
  invitation: register(19, struct({ place: hash }), struct({ secrets: bytes({ max: MAX_SETTING_BYTES }) }), 256),
  /** What a device needs to write the account backup, and nothing that opens it. */
  "backup-keys": register(20, nothing, struct({ sealKey: bytes({ length: 1216 }), placeSecret: hash }), 1),
  /** What a contact calls themselves, as this account has heard it last. */
  "contact-name": register(22, account, struct({ name: nameCodec }), MANY),
  "backup-counter": register(21, nothing, struct({ counter: uint() }), 1, (a, b) => a.counter - b.counter),
} as const satisfies Record<string, Register<any, any>>;

export type RegisterName = keyof typeof REGISTERS;
export type RegisterKey<N extends RegisterName> = CodecType<(typeof REGISTERS)[N]["key"]>;
export type RegisterValue<N extends RegisterName> = CodecType<(typeof REGISTERS)[N]["value"]>;

/** One write, as it stands in an event. Keys and values are encoded, so that kinds of later versions fold as well. */
export interface SyncOperation {
  readonly tag: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

type AnyRegister = Register<any, any>;
const BY_TAG: ReadonlyMap<number, AnyRegister> = new Map(
  Object.values(REGISTERS).map((one: AnyRegister) => [one.tag, one]),
);

export const registerOfTag = (tag: number): AnyRegister | null => BY_TAG.get(tag) ?? null;

/** @throws RangeError when key or value break their bounds, or a register that only grows is to be taken away. */
export function writeRegister<N extends RegisterName>(
  name: N,
  key: RegisterKey<N>,
  value: RegisterValue<N> | null,
): SyncOperation {
  const { tag, key: keyCodec, value: valueCodec, compare }: AnyRegister = REGISTERS[name];
  if (value === null && compare !== null) throw new RangeError(`${name} is never taken away`);
  return { tag, key: encode(keyCodec, key), value: value === null ? null : encode(valueCodec, value) };
}

/** False for an operation of a known kind that is not as DV21 has it; those of unknown kinds are kept. */
export function isSoundOperation({ tag, key, value }: SyncOperation): boolean {
  const known = registerOfTag(tag);
  if (known === null) return true;
  if (!decode(known.key, key).ok) return false;
  return value === null ? known.compare === null : decode(known.value, value).ok;
}

/** Positive when `a` is the greater value of a register that only grows. Both are sound. */
export function compareValues({ compare, value }: AnyRegister, a: Uint8Array, b: Uint8Array): number {
  const one = decode(value, a);
  const other = decode(value, b);
  return one.ok && other.ok ? (compare as (a: unknown, b: unknown) => number)(one.value, other.value) : 0;
}
