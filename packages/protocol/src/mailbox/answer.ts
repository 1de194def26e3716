/**
 * Answers of a mailbox node: the heads of chunks in the other direction (spec/mailbox.md, section 3).
 *
 * MB4 Each names the number of its request. One request has one answer, but for these: `subscribe` is answered by any
 *     number of `envelope`, one `caughtUp`, and more `envelope`; a slot of n envelopes by `slot` and n - 1 `slotPart`.
 */
import {
  bytes,
  decode,
  encode,
  text,
  uint,
  variants,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_COMMIT_ENVELOPES, MAX_CURSOR, MAX_REASON_BYTES, MAX_SUBSCRIBED_AT_ONCE } from "./limits.ts";
import { MAX_RECEIPT_BYTES } from "./receipt.ts";

const number = uint(0xffff_ffff);
const receipt = bytes({ max: MAX_RECEIPT_BYTES });

const answerCodec = variants({
  receipt: [0, { number, receipt }],
  done: [1, { number }],
  refused: [2, { number, reason: text(MAX_REASON_BYTES) }],
  tryLater: [3, { number, afterSeconds: uint(86_400) }],
  /** Nothing is there: an empty slot, a place that nobody took, or whose blob was removed. */
  none: [4, { number }],
  slot: [5, { number, count: uint(MAX_COMMIT_ENVELOPES), receipt }],
  slotPart: [6, { number }],
  blob: [7, { number, version: uint(MAX_CURSOR) }],
  /** `index`: of the mailbox in the list of the subscribe request. */
  envelope: [8, { number, index: uint(MAX_SUBSCRIBED_AT_ONCE), cursor: uint(MAX_CURSOR) }],
  caughtUp: [9, { number }],
});

export type MailboxAnswer = CodecType<typeof answerCodec>;

/** Why a request is refused for good; the app has words for those that a person can do something about. */
export const MAILBOX_REFUSALS = [
  "malformed",
  "wrong-size",
  "signature-invalid",
  "stamp-invalid",
  "stamp-needed",
  "mailbox-unknown",
  "mailbox-full",
  "slot-taken",
  "inbox-unknown",
  "inbox-full",
  "place-taken",
  "version-old",
  "expires-too-late",
  "too-many-mailboxes",
] as const;
export type MailboxRefusal = (typeof MAILBOX_REFUSALS)[number];

export const encodeAnswer = (answer: MailboxAnswer): Uint8Array => encode(answerCodec, answer);
export const decodeAnswer = (head: Uint8Array): Result<MailboxAnswer, DecodeError> => decode(answerCodec, head);
