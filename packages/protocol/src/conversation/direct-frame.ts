/**
 * What goes over a direct connection (spec/conversation.md, section 6): envelopes, those that a node would store or short
 * ones, and the acknowledgement of one that has been saved. A data channel delivers whole messages, one frame each.
 *
 * CV15 An envelope is acknowledged only after it has been saved; by its hash.
 */
import { bytes, decode, encode, mapped, uint, variants, type Codec, type DecodeError, type Result } from "@xchat/codec";
import { ENVELOPE_LARGE, isDirectEnvelopeSize } from "../envelope/envelope.ts";

export const MAX_DIRECT_FRAME_BYTES = ENVELOPE_LARGE + 16;

export type DirectFrame =
  | { readonly kind: "envelope"; readonly envelope: Uint8Array }
  /** SHA-256 of the envelope. */
  | { readonly kind: "ack"; readonly hash: Uint8Array }
  /** Shows that the other end is there; answered by a `pong` with the same number. */
  | { readonly kind: "ping"; readonly number: number }
  | { readonly kind: "pong"; readonly number: number };

const envelope: Codec<Uint8Array> = mapped(
  bytes({ max: ENVELOPE_LARGE }),
  (value: Uint8Array) => value,
  (value, fail) => (isDirectEnvelopeSize(value.length) ? value : fail("bad-size")),
);

const frameCodec: Codec<DirectFrame> = variants({
  envelope: [0, { envelope }],
  ack: [1, { hash: bytes({ length: 32 }) }],
  ping: [2, { number: uint(0xffff_ffff) }],
  pong: [3, { number: uint(0xffff_ffff) }],
});

export const encodeDirectFrame = (frame: DirectFrame): Uint8Array => encode(frameCodec, frame);
export const decodeDirectFrame = (encoded: Uint8Array): Result<DirectFrame, DecodeError> => decode(frameCodec, encoded);
