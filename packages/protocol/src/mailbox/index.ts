export { decodeAnswer, encodeAnswer, MAILBOX_REFUSALS, type MailboxAnswer, type MailboxRefusal } from "./answer.ts";
export {
  dayOf,
  EXPIRY_HOURS,
  hourOf,
  MAILBOX_HOURS,
  MAX_BLOB_BYTES,
  MAX_BLOB_HOURS,
  MAX_COMMIT_ENVELOPES,
  MAX_CURSOR,
  MAX_INBOX_HOURS,
  MAX_SUBSCRIBED,
  MAX_SUBSCRIBED_AT_ONCE,
} from "./limits.ts";
export {
  isStatementFor,
  MAX_RECEIPT_BYTES,
  MAX_RECEIPT_LEAVES,
  openReceipt,
  signReceipts,
  statementOf,
  type ReceiptRefusal,
  type Statement,
} from "./receipt.ts";
export { decodeRequest, encodeRequest, type MailboxRequest, type MailboxRequestKind, type Stamp } from "./request.ts";
export { contentHash, signedBytes, type RequestPlace } from "./signature.ts";
export { isStampDay, stampChallenge, strangerSubject, type StampPurpose } from "./stamp.ts";
