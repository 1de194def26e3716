/**
 * The first message of an exchange (spec/exchange.md, section 2).
 *
 * X1 version (1) ‖ key id (8) ‖ KEM, KDF, AEAD ids (2 each) ‖ minute (4) ‖ encapsulation (1120) ‖ first sealed chunk.
 * X2 Everything before the encapsulation, and the node's id, is bound into the HPKE context by its info.
 */
import { concatBytes, err, ok, utf8ToBytes, type Result } from "@xchat/codec";

export const EXCHANGE_VERSION = 1;
/** X-Wing, HKDF-SHA512, AES-256-GCM. */
export const EXCHANGE_SUITE = { kem: 0x647a, kdf: 0x0003, aead: 0x0002 } as const;
export const ENC_LENGTH = 1_120;
const HEADER_LENGTH = 19;
export const OPENING_LENGTH = HEADER_LENGTH + ENC_LENGTH;
const INFO_LABEL = utf8ToBytes("xchat exchange v1\0");

export interface Opening {
  readonly keyId: Uint8Array;
  /** Minutes since 1970, by the client's clock. */
  readonly minute: number;
  readonly enc: Uint8Array;
  readonly sealed: Uint8Array;
  /** As sent: goes into the info. */
  readonly header: Uint8Array;
}

export function openingHeader(keyId: Uint8Array, minute: number): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(header.buffer);
  view.setUint8(0, EXCHANGE_VERSION);
  header.set(keyId, 1);
  view.setUint16(9, EXCHANGE_SUITE.kem);
  view.setUint16(11, EXCHANGE_SUITE.kdf);
  view.setUint16(13, EXCHANGE_SUITE.aead);
  view.setUint32(15, minute);
  return header;
}

export const exchangeInfo = (nodeId: Uint8Array, header: Uint8Array): Uint8Array =>
  concatBytes(INFO_LABEL, nodeId, header);

/** All parts alias the input. */
export function decodeOpening(message: Uint8Array): Result<Opening, { readonly reason: "malformed" | "unsupported" }> {
  if (message.length <= OPENING_LENGTH) return err({ reason: "malformed" });
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const isKnown =
    view.getUint8(0) === EXCHANGE_VERSION &&
    view.getUint16(9) === EXCHANGE_SUITE.kem &&
    view.getUint16(11) === EXCHANGE_SUITE.kdf &&
    view.getUint16(13) === EXCHANGE_SUITE.aead;
  if (!isKnown) return err({ reason: "unsupported" });
  return ok({
    keyId: message.subarray(1, 9),
    minute: view.getUint32(15),
    enc: message.subarray(HEADER_LENGTH, OPENING_LENGTH),
    sealed: message.subarray(OPENING_LENGTH),
    header: message.subarray(0, HEADER_LENGTH),
  });
}
