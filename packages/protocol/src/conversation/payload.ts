/**
 * What an MLS application message carries: a few items, each one `[kind, bytes]` (spec/conversation.md, section 3).
 *
 * CV7 A payload is at most `MAX_PAYLOAD_BYTES`, so an application message fits one large envelope.
 * CV8 An item of a kind that this version does not know is kept and skipped; a malformed known one refuses the whole.
 * CV9 Counts inside items are bounded, and nothing in an item is believed before the log has judged it.
 */
import {
  bool,
  bytes,
  decode,
  encode,
  err,
  list,
  literal,
  mapped,
  nullable,
  ok,
  struct,
  text,
  uint,
  variants,
  word,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_EVENT_BYTES } from "../event/event.ts";
import { MAX_CREDENTIAL_BYTES } from "../identity/certificate.ts";
import { nameCodec } from "../first-contact/person-text.ts";

export const PAYLOAD_VERSION = 1;
export const MAX_PAYLOAD_BYTES = 61_440;
export const MAX_ITEMS = 64;
export const MAX_POSITIONS = 64;
export const MAX_LACKING = 16;
export const MAX_WANT_IDS = 32;
export const MAX_WANT_RANGES = 16;
export const MAX_GIVE_EVENTS = 64;
export const MAX_SDP_BYTES = 16_384;
export const MAX_CHAIN_BYTES = 32_768;

/** An event of an author, by number and by id, so that a forked author is noticed. */
export interface Position {
  /** Leaf key, 32 bytes. */
  readonly author: Uint8Array;
  readonly sequence: number;
  readonly id: Uint8Array;
}

export interface SequenceRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** Everything of this author up to the position has come, but for what is `lacking`. */
export interface AckEntry extends Position {
  readonly lacking: readonly SequenceRange[];
}

export interface Ack {
  /** The sender's own newest event: a gap at the end is seen by it. */
  readonly tip: { readonly sequence: number; readonly id: Uint8Array } | null;
  readonly entries: readonly AckEntry[];
}

export interface Want {
  /** Leaf key of the member who is asked; the others do not answer. */
  readonly asked: Uint8Array;
  readonly ids: readonly Uint8Array[];
  readonly ranges: readonly ({ readonly author: Uint8Array } & SequenceRange)[];
}

/** As WebRTC has it; ephemeral. */
export type Signal =
  | { readonly kind: "description"; readonly type: "offer" | "answer"; readonly sdp: string }
  | { readonly kind: "candidate"; readonly candidate: string; readonly mid: string }
  | { readonly kind: "close" };

export type PayloadItem =
  | { readonly kind: "event"; readonly event: Uint8Array }
  | { readonly kind: "ack"; readonly ack: Ack }
  | { readonly kind: "read"; readonly positions: readonly Position[] }
  | { readonly kind: "want"; readonly want: Want }
  /** Whole signed events, of whichever author. */
  | { readonly kind: "give"; readonly events: readonly Uint8Array[] }
  /** `to`: leaf key of the device it is for. `session`: 16 random bytes of whoever offered. */
  | { readonly kind: "signal"; readonly to: Uint8Array; readonly session: Uint8Array; readonly signal: Signal }
  /** Whether this person lets the others connect directly. The greatest `revision` of an author counts. */
  | { readonly kind: "direct-consent"; readonly isAllowed: boolean; readonly revision: number }
  /** A name as FC5 has it. */
  | { readonly kind: "profile"; readonly name: string; readonly revision: number }
  /** The sender's identity chain, as spec/identity.md has it. */
  | { readonly kind: "chain"; readonly chain: Uint8Array }
  /** Key packages of the sender's device, for whoever adds it to a group while it is away; in place of those before. */
  | { readonly kind: "key-packages"; readonly oneTime: readonly Uint8Array[]; readonly lastResort: Uint8Array }
  /** A part of what does not fit one payload: `id` is the SHA-256 of the whole. */
  | {
      readonly kind: "parcel";
      readonly id: Uint8Array;
      readonly part: number;
      readonly parts: number;
      readonly content: Uint8Array;
    }
  /** A leaf key that the sender's device had before, with the credential that said so: signed by it, events follow (LG19). */
  | { readonly kind: "former-leaf"; readonly leafKey: Uint8Array; readonly credential: Uint8Array }
  | { readonly kind: "unknown"; readonly tag: number; readonly content: Uint8Array };

/** Three fit one payload with a chain of any length beside them. */
export const MAX_ONE_TIME_KEY_PACKAGES = 2;
const MAX_KEY_PACKAGE_BYTES = 20_000;
/** With its frame a part fills one large envelope. */
export const PARCEL_PART_BYTES = 61_000;
export const MAX_PARCEL_PARTS = 64;

/** Version and the heads of two arrays. */
const PAYLOAD_HEAD_BYTES = 8;

const hash = bytes({ length: 32 });
const position = { author: hash, sequence: uint(), id: hash };

const rangeFields = { from: uint(), to: uint() };
const ordered = <T extends SequenceRange>(codec: Codec<T>): Codec<T> =>
  mapped(
    codec,
    (range: T) => range,
    (range, fail) => (range.from <= range.to ? range : fail("range-out-of-order")),
  );

const ackCodec: Codec<Ack> = struct({
  tip: nullable(struct({ sequence: uint(), id: hash })),
  entries: list(struct({ ...position, lacking: list(ordered(struct(rangeFields)), { max: MAX_LACKING }) }), {
    max: MAX_POSITIONS,
  }),
});

const wantCodec: Codec<Want> = struct({
  asked: hash,
  ids: list(hash, { max: MAX_WANT_IDS }),
  ranges: list(ordered(struct({ author: hash, ...rangeFields })), { max: MAX_WANT_RANGES }),
});

const signalCodec: Codec<Signal> = variants({
  description: [0, { type: word("offer", "answer"), sdp: text(MAX_SDP_BYTES) }],
  candidate: [1, { candidate: text(1_024), mid: text(64) }],
  close: [2, {}],
});

const eventBytes = bytes({ max: MAX_EVENT_BYTES });

/** Number of each kind on the wire, and the shape of what follows. A number is never used again for another shape. */
const SHAPES = {
  event: [0, struct({ event: eventBytes })],
  ack: [1, struct({ ack: ackCodec })],
  read: [2, struct({ positions: list(struct(position), { max: MAX_POSITIONS }) })],
  want: [3, struct({ want: wantCodec })],
  give: [4, struct({ events: list(eventBytes, { max: MAX_GIVE_EVENTS }) })],
  signal: [5, struct({ to: hash, session: bytes({ length: 16 }), signal: signalCodec })],
  "direct-consent": [6, struct({ isAllowed: bool, revision: uint() })],
  profile: [7, struct({ name: nameCodec, revision: uint() })],
  chain: [8, struct({ chain: bytes({ max: MAX_CHAIN_BYTES }) })],
  "key-packages": [
    9,
    struct({
      oneTime: list(bytes({ max: MAX_KEY_PACKAGE_BYTES }), { max: MAX_ONE_TIME_KEY_PACKAGES }),
      lastResort: bytes({ max: MAX_KEY_PACKAGE_BYTES }),
    }),
  ],
  parcel: [
    10,
    struct({
      id: hash,
      part: uint(MAX_PARCEL_PARTS - 1),
      parts: uint(MAX_PARCEL_PARTS),
      content: bytes({ max: PARCEL_PART_BYTES }),
    }),
  ],
  "former-leaf": [11, struct({ leafKey: hash, credential: bytes({ max: MAX_CREDENTIAL_BYTES }) })],
} as const satisfies Record<Exclude<PayloadItem["kind"], "unknown">, readonly [number, Codec<any>]>;

const KIND_BY_TAG: ReadonlyMap<number, keyof typeof SHAPES> = new Map(
  Object.entries(SHAPES).map(([kind, [tag]]) => [tag, kind as keyof typeof SHAPES]),
);

const payloadCodec = struct({
  version: literal(PAYLOAD_VERSION, "unknown-version"),
  items: list(struct({ tag: uint(0xffff), content: bytes({ max: MAX_PAYLOAD_BYTES }) }), { max: MAX_ITEMS }),
});

/** @throws RangeError when an item breaks its bounds or the whole is larger than `MAX_PAYLOAD_BYTES`. */
export function encodePayload(items: readonly PayloadItem[]): Uint8Array {
  const encoded = encode(payloadCodec, { version: PAYLOAD_VERSION, items: items.map(encodeItem) });
  if (encoded.length > MAX_PAYLOAD_BYTES) throw new RangeError(`payload of ${encoded.length} bytes is too large`);
  return encoded;
}

/** Bytes that an item takes in a payload, at most. */
export const itemBytes = (item: PayloadItem): number => encodeItem(item).content.length + 9;

/**
 * Parts a list into as many payloads as it needs, in order. What a peer asks for comes back as `give` items, so how much
 * is to be said at once is theirs to choose: whoever sends must not count on one payload being enough.
 */
export function packPayloads(items: readonly PayloadItem[]): readonly (readonly PayloadItem[])[] {
  const payloads: PayloadItem[][] = [];
  let room = 0;
  for (const item of items) {
    const size = itemBytes(item);
    const last = payloads.at(-1);
    if (last !== undefined && size <= room && last.length < MAX_ITEMS) last.push(item);
    else {
      payloads.push([item]);
      room = MAX_PAYLOAD_BYTES - PAYLOAD_HEAD_BYTES;
    }
    room -= size;
  }
  return payloads;
}

export function decodePayload(encoded: Uint8Array): Result<readonly PayloadItem[], DecodeError> {
  if (encoded.length > MAX_PAYLOAD_BYTES) return err({ reason: "payload-too-large", offset: MAX_PAYLOAD_BYTES });
  const payload = decode(payloadCodec, encoded);
  if (!payload.ok) return payload;
  const items: PayloadItem[] = [];
  for (const { tag, content } of payload.value.items) {
    const item = decodeItem(tag, content);
    if (!item.ok) return item;
    items.push(item.value);
  }
  return ok(items);
}

function encodeItem(item: PayloadItem): { readonly tag: number; readonly content: Uint8Array } {
  if (item.kind === "unknown") return { tag: item.tag, content: item.content };
  const [tag, codec] = SHAPES[item.kind];
  return { tag, content: encode(codec as Codec<unknown>, item) };
}

function decodeItem(tag: number, content: Uint8Array): Result<PayloadItem, DecodeError> {
  const kind = KIND_BY_TAG.get(tag);
  if (kind === undefined) return ok({ kind: "unknown", tag, content });
  const decoded = decode(SHAPES[kind][1] as Codec<object>, content);
  return decoded.ok ? ok({ kind, ...decoded.value } as PayloadItem) : decoded;
}
