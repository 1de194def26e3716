/**
 * A signed event: header, signature, and a body that may be gone (spec/event.md).
 *
 * EV4 The signature is the author's leaf key over the header, under a label of its own.
 * EV5 The event id is a hash of header and signature; no epoch goes into it, so an event can be sealed again.
 * EV6 Where the body is there, it is the one that the header commits to. One that cannot be read is kept as it is.
 * EV7 Whoever holds the signed header and the author's leaf credential can verify it, without the conversation.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  literal,
  nullable,
  ok,
  struct,
  utf8ToBytes,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";
import { BODY_SALT_BYTES, BODY_VERSION, decodeBody, encodeBody, type BodyKind, type EventBody } from "./body.ts";
import { decodeHeader, encodeHeader, EVENT_VERSION, type EventAuthor, type EventHeader } from "./header.ts";

const MAX_HEADER_BYTES = 1_024;
const MAX_BODY_BYTES = MAX_CONTENT_BYTES + 128;
/** Largest encoded event. */
export const MAX_EVENT_BYTES = MAX_HEADER_BYTES + MAX_BODY_BYTES;

const SIGNATURE_LABEL = utf8ToBytes("xchat event signature v1\0");
const ID_LABEL = utf8ToBytes("xchat event id v1\0");
const COMMITMENT_LABEL = utf8ToBytes("xchat event body v1\0");

export interface SignedEvent {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly header: EventHeader;
  /** `null` where it was deleted or withheld; and, beside `bodyBytes`, where this version cannot read it. */
  readonly body: EventBody | null;
  /** Header and signature as they were signed and hashed: what a store keeps for good. */
  readonly signedHeader: Uint8Array;
  /** The body as it was committed to. */
  readonly bodyBytes: Uint8Array | null;
}

export interface NewEvent {
  readonly conversation: Uint8Array;
  readonly author: EventAuthor;
  /** These four come from `prepareOwn` of the log. */
  readonly sequence: number;
  readonly depth: number;
  readonly previous: Uint8Array | null;
  readonly parents: readonly Uint8Array[];
  readonly sentAt: number;
  readonly kind: BodyKind;
  readonly content: Uint8Array;
}

const signedHeaderCodec = struct({ header: bytes({ max: MAX_HEADER_BYTES }), signature: bytes({ length: 64 }) });

interface EventParts {
  readonly version: typeof EVENT_VERSION;
  readonly signedHeader: Uint8Array;
  readonly body: Uint8Array | null;
}

const eventCodec: Codec<EventParts> = struct({
  version: literal(EVENT_VERSION, "unknown-version"),
  signedHeader: bytes({ max: MAX_HEADER_BYTES }),
  body: nullable(bytes({ max: MAX_BODY_BYTES })),
});

/** @throws RangeError when a field breaks its format: the caller has checked the length of the text. */
export async function createEvent(
  provider: CryptoProvider,
  event: NewEvent,
  leafSecretKey: Uint8Array,
): Promise<SignedEvent> {
  const { sentAt, kind, content, ...position } = event;
  const body = { version: BODY_VERSION, salt: provider.randomBytes(BODY_SALT_BYTES), sentAt, kind, content } as const;
  const bodyBytes = encodeBody(body);
  const header = { version: EVENT_VERSION, ...position, commitment: commitmentOf(provider, bodyBytes) } as const;
  const headerBytes = encodeHeader(header);
  const signature = await provider.ed25519Sign(leafSecretKey, concatBytes(SIGNATURE_LABEL, headerBytes));
  const signedHeader = encode(signedHeaderCodec, { header: headerBytes, signature });
  return { id: eventId(provider, signedHeader), header, body, signedHeader, bodyBytes };
}

/** Without its body when that is gone. */
export const encodeEvent = (event: Pick<SignedEvent, "signedHeader" | "bodyBytes">): Uint8Array =>
  encode<EventParts>(eventCodec, { version: EVENT_VERSION, signedHeader: event.signedHeader, body: event.bodyBytes });

/** Checks form and commitment (EV2, EV3, EV6). The signature is checked by `verifyEvent`. */
export function decodeEvent(provider: CryptoProvider, encoded: Uint8Array): Result<SignedEvent, DecodeError> {
  const parts = decode(eventCodec, encoded);
  if (!parts.ok) return parts;
  return openEvent(provider, parts.value.signedHeader, parts.value.body);
}

/** An event from its two halves, as a store keeps them. */
export function openEvent(
  provider: CryptoProvider,
  signedHeader: Uint8Array,
  bodyBytes: Uint8Array | null,
): Result<SignedEvent, DecodeError> {
  const signed = decode(signedHeaderCodec, signedHeader);
  if (!signed.ok) return signed;
  const header = decodeHeader(signed.value.header);
  if (!header.ok) return header;
  const id = eventId(provider, signedHeader);
  if (bodyBytes === null) return ok({ id, header: header.value, body: null, signedHeader, bodyBytes });
  if (!equalBytes(commitmentOf(provider, bodyBytes), header.value.commitment)) {
    return err({ reason: "commitment-mismatch", offset: 0 });
  }
  // A body of a later version is no reason to lose the event: what cites it must find it.
  const body = decodeBody(bodyBytes);
  return ok({ id, header: header.value, body: body.ok ? body.value : null, signedHeader, bodyBytes });
}

/**
 * True when `author` signed this event. The caller has `author` from a credential that it has verified, and has it
 * whole: a key alone would let its holder write in the name of another account.
 */
export async function verifyEvent(provider: CryptoProvider, event: SignedEvent, author: EventAuthor): Promise<boolean> {
  if (!equalBytes(event.header.author.account, author.account)) return false;
  if (!equalBytes(event.header.author.leafKey, author.leafKey)) return false;
  const signed = decode(signedHeaderCodec, event.signedHeader);
  if (!signed.ok) return false;
  // What is verified is what was parsed: the fields are read again from the very bytes that are signed.
  if (!equalBytes(encodeHeader(event.header), signed.value.header)) return false;
  const message = concatBytes(SIGNATURE_LABEL, signed.value.header);
  return await provider.ed25519Verify(author.leafKey, message, signed.value.signature);
}

export const eventId = (provider: CryptoProvider, signedHeader: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(ID_LABEL, signedHeader));

const commitmentOf = (provider: CryptoProvider, bodyBytes: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(COMMITMENT_LABEL, bodyBytes));
