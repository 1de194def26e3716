/**
 * Requests to a mailbox node: the heads of chunks (spec/mailbox.md, section 2).
 *
 * MB1 Requests of an exchange are numbered from 0 in the order in which their heads come; numbers are not sent.
 * MB2 The body of a deposit is one envelope of exactly 8,192 or 65,536 bytes; that of a `putBlob` is the blob. Every
 *     other request has none.
 * MB3 A commit of n envelopes is n chunks: the first with the head, the others with an empty head and a body each.
 */
import {
  bytes,
  decode,
  encode,
  list,
  nullable,
  struct,
  uint,
  variants,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { STAMP_NONCE_LENGTH } from "@xchat/crypto";
import { MAX_COMMIT_ENVELOPES, MAX_CURSOR, MAX_SUBSCRIBED_AT_ONCE } from "./limits.ts";

const key = bytes({ length: 32 });
const hash = bytes({ length: 32 });
const signature = bytes({ length: 64 });
const hour = uint(0xffff_ffff);
const stampCodec = struct({ day: uint(0xffff_ffff), nonce: bytes({ length: STAMP_NONCE_LENGTH }) });

/** `day`: days since 1970, by the clock of whoever solved it. */
export type Stamp = CodecType<typeof stampCodec>;

const requestCodec = variants({
  deposit: [0, { mailbox: key, signature }],
  commit: [1, { mailbox: key, hashes: list(hash, { min: 1, max: MAX_COMMIT_ENVELOPES }), signature }],
  fetchSlot: [2, { mailbox: key, signature }],
  subscribe: [
    3,
    {
      mailboxes: list(struct({ mailbox: key, after: uint(MAX_CURSOR), signature }), {
        min: 1,
        max: MAX_SUBSCRIBED_AT_ONCE,
      }),
    },
  ],
  openMailbox: [4, { mailbox: key, stamp: stampCodec, signature }],
  openInbox: [5, { inbox: key, expiresHour: hour, stamp: stampCodec, signature }],
  depositInbox: [6, { inbox: key, stamp: stampCodec }],
  /** `stamp` for a place that is not taken yet. */
  putBlob: [
    7,
    { place: key, owner: key, version: uint(MAX_CURSOR), expiresHour: hour, stamp: nullable(stampCodec), signature },
  ],
  removeBlob: [8, { place: key, owner: key, version: uint(MAX_CURSOR), signature }],
  getBlob: [9, { place: key }],
});

export type MailboxRequest = CodecType<typeof requestCodec>;
export type MailboxRequestKind = MailboxRequest["kind"];

export const encodeRequest = (request: MailboxRequest): Uint8Array => encode(requestCodec, request);
export const decodeRequest = (head: Uint8Array): Result<MailboxRequest, DecodeError> => decode(requestCodec, head);
