/** Numbers of spec/mailbox.md that both ends count with. */
export { ENVELOPE_LARGE, ENVELOPE_SMALL, isEnvelopeSize } from "../envelope/envelope.ts";

/** Envelopes are kept for 14 days from the hour of their arrival. */
export const EXPIRY_HOURS = 336;
/** What a mailbox's existence, cursor and slot outlive its last write by. */
export const MAILBOX_HOURS = 2_160;
export const MAX_COMMIT_ENVELOPES = 16;
/** In one subscribe request, and in one exchange. */
export const MAX_SUBSCRIBED_AT_ONCE = 64;
export const MAX_SUBSCRIBED = 256;
export const MAX_BLOB_BYTES = 65_536;
/** A place may be asked for at most so long. */
export const MAX_BLOB_HOURS = 4_380;
export const MAX_INBOX_HOURS = 4_380;
export const MAX_REASON_BYTES = 40;
/** Cursors and versions of blobs: 48 bits. */
export const MAX_CURSOR = 0xffff_ffff_ffff;

export const SECONDS_PER_HOUR = 3_600;
export const SECONDS_PER_DAY = 86_400;
export const hourOf = (milliseconds: number): number => Math.floor(milliseconds / 3_600_000);
export const dayOf = (milliseconds: number): number => Math.floor(milliseconds / 86_400_000);
