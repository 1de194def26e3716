/**
 * The body of an event (spec/event.md, section 3). It can be deleted while the header stays: the header holds only a
 * hash of it, and the salt keeps a short text from being guessed by that hash.
 */
import {
  bytes,
  bytesToUtf8,
  decode,
  encode,
  literal,
  mapped,
  struct,
  uint,
  utf8ToBytes,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";

export const BODY_VERSION = 1;
export const BODY_SALT_BYTES = 32;

/** The last moment that a calendar of the platform knows (ECMA-262, section 21.4.1.1): no claim may break a clock face. */
const MAX_TIME = 8_640_000_000_000_000;

const KINDS = ["content", "notice"] as const;

/** `content`: a MIMI container. `notice`: a word. A number: a kind of a later version, kept and shown as unknown. */
export type BodyKind = (typeof KINDS)[number] | number;

export interface EventBody {
  readonly version: typeof BODY_VERSION;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  /** Milliseconds since 1970 by the author's clock: a claim. */
  readonly sentAt: number;
  readonly kind: BodyKind;
  readonly content: Uint8Array;
}

const kindCodec: Codec<BodyKind> = mapped(
  uint(0xffff),
  (kind: BodyKind) => (typeof kind === "number" ? kind : KINDS.indexOf(kind)),
  (kind) => KINDS[kind] ?? kind,
);

const bodyCodec: Codec<EventBody> = struct({
  version: literal(BODY_VERSION, "unknown-version"),
  salt: bytes({ length: BODY_SALT_BYTES }),
  sentAt: uint(MAX_TIME),
  kind: kindCodec,
  content: bytes({ max: MAX_CONTENT_BYTES }),
});

export const encodeBody = (body: EventBody): Uint8Array => encode(bodyCodec, body);
export const decodeBody = (encoded: Uint8Array): Result<EventBody, DecodeError> => decode(bodyCodec, encoded);

/** What an author tells the other members in the chat without words of their own. */
const NOTICES = ["accepted", "direct-on", "direct-off"] as const;
export type Notice = (typeof NOTICES)[number];

export const encodeNotice = (notice: Notice): Uint8Array => utf8ToBytes(notice);

/** `null` for a notice of a later version. */
export function decodeNotice(content: Uint8Array): Notice | null {
  const decoded = bytesToUtf8(content);
  return (decoded.ok && NOTICES.find((notice) => notice === decoded.value)) || null;
}
