/**
 * The messages of a link (spec/devices.md, section 4). Each is one payload of envelopes in the mailbox where the two
 * devices meet.
 *
 * DV7 A frame is its number and its content; even numbers come from the existing device, odd ones from the new one. They
 *     alternate, so that nothing can come ahead of its turn, and what comes twice is let pass.
 */
import {
  bytes,
  decode,
  encode,
  list,
  literal,
  struct,
  uint,
  word,
  type Codec,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_BODY_BYTES, MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { LINK_NONCE_BYTES } from "./link-keys.ts";

const LINK_VERSION = 1 as const;

/** In the order in which they go. The last two may come at any time. */
export const LINK_NUMBER = {
  offer: 0,
  hello: 1,
  nonce: 2,
  reveal: 3,
  draft: 4,
  signature: 5,
  grant: 6,
  keys: 7,
  welcome: 8,
  done: 9,
  "cancel-by-existing": 10,
  "cancel-by-new": 11,
} as const;

const MAX_KEY_PACKAGE_BYTES = 24_576;
/** The conversation of one person's devices is small. */
const MAX_WELCOME_BYTES = 524_288;
const MAX_INTRODUCTION_BYTES = 524_288;
const MAX_LINK_FRAME_BYTES = MAX_WELCOME_BYTES + MAX_INTRODUCTION_BYTES + 1_024;

const frame = struct({
  version: literal(LINK_VERSION, "newer-version"),
  number: uint(LINK_NUMBER["cancel-by-new"]),
  content: bytes({ max: MAX_LINK_FRAME_BYTES }),
});
export type LinkFrame = Omit<CodecType<typeof frame>, "version">;

export const encodeLinkFrame = (value: LinkFrame): Uint8Array => encode(frame, { version: LINK_VERSION, ...value });
export const decodeLinkFrame = (encoded: Uint8Array): Result<LinkFrame, DecodeError> => decode(frame, encoded);

const key = bytes({ length: 32 });
const signature = bytes({ length: 64 });

/** In the clear but for the wrapping of the envelope. */
const offer = struct({ publicKey: bytes({ length: 1216 }) });

const hello = struct({
  /** Of the nonce that `reveal` shows. */
  commitment: key,
  /** The new device's Ed25519 key, as the chain will list it. */
  deviceKey: key,
  /** What the device calls itself: a claim, shown as such. */
  deviceName: nameCodec,
  capabilities: list(uint(65_535), { max: 32 }),
});
export type LinkHello = CodecType<typeof hello>;

const nonce = struct({ nonce: bytes({ length: LINK_NONCE_BYTES }) });

/** An add-device operation for the new device to sign, at the end of this chain. `name`: the person's own. */
const draft = struct({
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  body: bytes({ max: MAX_BODY_BYTES }),
  name: nameCodec,
});
export type LinkDraft = CodecType<typeof draft>;

/** `bodyHash`: SHA-256 of the body that was signed, since a draft may be replaced by a later one. */
const signed = struct({ bodyHash: key, signature });

const grant = struct({ chain: bytes({ max: MAX_CHAIN_BYTES }) });

/** One key package of the new device, for the self-conversation. */
const keys = struct({ keyPackage: bytes({ max: MAX_KEY_PACKAGE_BYTES }) });

const welcome = struct({
  welcome: bytes({ max: MAX_WELCOME_BYTES }),
  introduction: bytes({ max: MAX_INTRODUCTION_BYTES }),
});

const done = struct({});

/** What the other side may know. */
const CANCEL_REASONS = [
  "cancelled",
  "denied",
  "digits-mismatch",
  "two-devices",
  "timeout",
  "chain-refused",
  "protocol",
] as const;
const cancel = struct({ reason: word(...CANCEL_REASONS) });
export type LinkCancelReason = (typeof CANCEL_REASONS)[number];

const CONTENT = {
  offer,
  hello,
  nonce,
  reveal: nonce,
  draft,
  signature: signed,
  grant,
  keys,
  welcome,
  done,
  "cancel-by-existing": cancel,
  "cancel-by-new": cancel,
} as const satisfies Record<keyof typeof LINK_NUMBER, Codec<any>>;

export type LinkMessageKind = keyof typeof LINK_NUMBER;
export type LinkContent<K extends LinkMessageKind> = CodecType<(typeof CONTENT)[K]>;

const codecOf = <K extends LinkMessageKind>(kind: K): Codec<LinkContent<K>> => CONTENT[kind] as Codec<any>;

export const encodeLinkContent = <K extends LinkMessageKind>(kind: K, value: LinkContent<K>): Uint8Array =>
  encode<LinkContent<K>>(codecOf(kind), value);

export const decodeLinkContent = <K extends LinkMessageKind>(
  kind: K,
  encoded: Uint8Array,
): Result<LinkContent<K>, DecodeError> => decode(codecOf(kind), encoded);
