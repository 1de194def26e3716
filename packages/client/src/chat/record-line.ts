/** A line of who did what (spec/group.md, section 6), as it lies among the events of a chat. */
import { bytesToHex } from "@xchat/codec";
import { encodeGroupRecord, type GroupRecord, type Hex } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";

export interface RecordLine {
  readonly conversationId: string;
  readonly lineId: Hex;
  readonly record: GroupRecord;
  readonly depth: number;
  /** That the commit began. */
  readonly epoch: number;
  readonly isOwn: boolean;
  readonly now: number;
}

const EPOCH_DIGITS = 14;

/**
 * `hash` is the same at every member. Of lines at one depth, that of the earlier epoch stands first, and lines stand before
 * the events of that depth.
 */
export const lineIdOf = (epoch: number, hash: Uint8Array): Hex =>
  epoch.toString(16).padStart(EPOCH_DIGITS, "0") + bytesToHex(hash).slice(EPOCH_DIGITS);

/** Without an author and without a header: it is no event, and nobody is given it. */
export const recordLine = ({ conversationId, lineId, record, depth, epoch, isOwn, now }: RecordLine): EventRecord => ({
  id: lineId,
  conversationId,
  author: "",
  sequence: epoch,
  depth,
  state: "shown",
  isOwn,
  sentAt: now,
  receivedAt: now,
  kind: "record",
  text: "",
  header: new Uint8Array(0),
  body: encodeGroupRecord(record),
  delivery: "",
  storedCount: 0,
  storedOf: 0,
  via: "",
  row: "quiet",
  target: "",
  replaces: "",
  readAt: 0,
  disappearsAt: 0,
});
