/**
 * What the holder of a mailbox key signs (spec/mailbox.md, section 4).
 *
 * MB6 Ed25519 over "xchat mailbox v1" ‖ 0x00 ‖ node id (32) ‖ exchange id (32) ‖ request number (4) ‖ operation (1) ‖
 *     key (32) ‖ content hash (32): so a signature is worth nothing at another node, in another exchange, or again.
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { MailboxRequest, MailboxRequestKind, Stamp } from "./request.ts";

const LABEL = utf8ToBytes("xchat mailbox v1\0");

/** The tag of the request on the wire. */
export const OPERATION = {
  deposit: 0,
  commit: 1,
  fetchSlot: 2,
  subscribe: 3,
  openMailbox: 4,
  openInbox: 5,
  depositInbox: 6,
  putBlob: 7,
  removeBlob: 8,
  getBlob: 9,
} as const satisfies Record<MailboxRequestKind, number>;

export interface RequestPlace {
  readonly nodeId: Uint8Array;
  readonly exchangeId: Uint8Array;
  readonly number: number;
}

export function signedBytes(
  place: RequestPlace,
  operation: MailboxRequestKind,
  key: Uint8Array,
  contentHash: Uint8Array,
): Uint8Array {
  const middle = new Uint8Array(5);
  const view = new DataView(middle.buffer);
  view.setUint32(0, place.number);
  view.setUint8(4, OPERATION[operation]);
  return concatBytes(LABEL, place.nodeId, place.exchangeId, middle, key, contentHash);
}

/** MB7 What "content" is for each operation; numbers are big-endian, cursors and versions 8 bytes, hours and days 4. */
export const contentHash = {
  deposit: (provider: CryptoProvider, envelope: Uint8Array): Uint8Array => provider.sha256(envelope),
  commit: (provider: CryptoProvider, hashes: readonly Uint8Array[]): Uint8Array =>
    provider.sha256(concatBytes(...hashes)),
  fetchSlot: (provider: CryptoProvider): Uint8Array => provider.sha256(new Uint8Array(0)),
  subscribe: (provider: CryptoProvider, after: number): Uint8Array => provider.sha256(uint64(after)),
  openMailbox: (provider: CryptoProvider, stamp: Stamp): Uint8Array =>
    provider.sha256(concatBytes(uint32(stamp.day), stamp.nonce)),
  openInbox: (provider: CryptoProvider, expiresHour: number, stamp: Stamp): Uint8Array =>
    provider.sha256(concatBytes(uint32(expiresHour), uint32(stamp.day), stamp.nonce)),
  putBlob: (
    provider: CryptoProvider,
    request: Pick<Extract<MailboxRequest, { kind: "putBlob" }>, "place" | "version" | "expiresHour">,
    blob: Uint8Array,
  ): Uint8Array =>
    provider.sha256(
      concatBytes(request.place, uint64(request.version), uint32(request.expiresHour), provider.sha256(blob)),
    ),
  removeBlob: (provider: CryptoProvider, place: Uint8Array, version: number): Uint8Array =>
    provider.sha256(concatBytes(place, uint64(version))),
} as const;

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
