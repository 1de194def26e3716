/**
 * What a stamp is for (spec/mailbox.md, section 5).
 *
 * MB8 Challenge = "xchat stamp v1" ‖ 0x00 ‖ purpose (1) ‖ node id (32) ‖ subject (32) ‖ day (4). The subject is the
 *     mailbox key, the inbox key, the place of a blob, or for a stranger's envelope SHA-256(inbox key ‖ envelope hash).
 * MB9 A stamp of the day before, the present day or the day after is taken; the price is that of the node's descriptor.
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";

const LABEL = utf8ToBytes("xchat stamp v1\0");
const PURPOSE = { mailbox: 0, inbox: 1, envelope: 2, blob: 3 } as const;
export type StampPurpose = keyof typeof PURPOSE;

export function stampChallenge(
  purpose: StampPurpose,
  nodeId: Uint8Array,
  subject: Uint8Array,
  day: number,
): Uint8Array {
  const dayBytes = new Uint8Array(4);
  new DataView(dayBytes.buffer).setUint32(0, day);
  return concatBytes(LABEL, Uint8Array.of(PURPOSE[purpose]), nodeId, subject, dayBytes);
}

export const strangerSubject = (provider: CryptoProvider, inbox: Uint8Array, envelopeHash: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(inbox, envelopeHash));

export const isStampDay = (day: number, today: number): boolean => Math.abs(day - today) <= 1;
