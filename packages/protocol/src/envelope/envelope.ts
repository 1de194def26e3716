/**
 * Envelopes (spec/envelope.md): an MLS message shows its group, epoch and kind, so it is wrapped under a key that only
 * members of the epoch have, and padded to one of two sizes. Whoever stores it sees bytes that look random.
 *
 * EN1 An envelope is exactly `ENVELOPE_SMALL` or `ENVELOPE_LARGE` bytes.
 * EN2 12 random bytes of nonce, then AES-256-GCM of the frame padded with zeros; the size is authenticated with it.
 * EN3 Anything but zeros behind the frame is refused: there is no room for a second message.
 * EN4 What does not fit one large envelope goes as fragments, at most `MAX_FRAGMENTS`.
 * EN8 What goes directly may be sealed once more, into `ENVELOPE_SHORT` bytes. No node is given that one.
 */
import {
  bytes,
  decode,
  encode,
  err,
  list,
  literal,
  ok,
  struct,
  uint,
  utf8ToBytes,
  variants,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox, type CryptoProvider } from "@xchat/crypto";

export const ENVELOPE_SHORT = 2_048;
export const ENVELOPE_SMALL = 8_192;
export const ENVELOPE_LARGE = 65_536;
export const WRAP_KEY_BYTES = 32;

/** Every fragment but the last carries exactly so many bytes. */
export const FRAGMENT_BYTES = 61_440;
export const MAX_FRAGMENTS = 64;
/** Largest payload that can be sealed: 3.75 MiB. */
export const MAX_SEALED_BYTES = FRAGMENT_BYTES * MAX_FRAGMENTS;

const LENGTH_BYTES = 4;
const FRAME_VERSION = 1;
/** Two array heads, version and kind, and the length of up to 64 KiB. */
const WHOLE_OVERHEAD = 7;
const LABEL = "xchat envelope v1\0";

/** A part of a payload. `hashes` names every part, so each one is verified by itself and none can be poisoned. */
export interface Fragment {
  readonly kind: "fragment";
  /** SHA-256 of each part, in order. */
  readonly hashes: readonly Uint8Array[];
  readonly index: number;
  readonly part: Uint8Array;
}

export interface Whole {
  readonly kind: "whole";
  readonly payload: Uint8Array;
}

export type Frame = Whole | Fragment;

export interface EnvelopeRefusal {
  readonly reason: "bad-size" | "not-authentic" | "malformed";
  readonly detail?: DecodeError;
}

interface VersionedFrame {
  readonly version: typeof FRAME_VERSION;
  readonly content: Frame;
}

const frameCodec: Codec<VersionedFrame> = struct({
  version: literal(FRAME_VERSION, "unknown-version"),
  content: variants({
    whole: [0, { payload: bytes({ max: ENVELOPE_LARGE }) }],
    fragment: [
      1,
      {
        hashes: list(bytes({ length: 32 }), { min: 2, max: MAX_FRAGMENTS }),
        index: uint(MAX_FRAGMENTS - 1),
        part: bytes({ max: FRAGMENT_BYTES }),
      },
    ],
  }),
});

/**
 * One envelope, or the fragments of one payload in order. `wrapKey` is 32 bytes from the epoch's exporter.
 *
 * @throws RangeError when the payload is empty or larger than `MAX_SEALED_BYTES`.
 */
export async function sealEnvelopes(
  provider: CryptoProvider,
  wrapKey: Uint8Array,
  payload: Uint8Array,
): Promise<readonly Uint8Array[]> {
  if (payload.length === 0 || payload.length > MAX_SEALED_BYTES) throw new RangeError("payload does not fit envelopes");
  const size = [ENVELOPE_SMALL, ENVELOPE_LARGE].find((one) => payload.length + WHOLE_OVERHEAD <= capacity(one));
  if (size !== undefined) return [await sealFrame(provider, wrapKey, encodeFrame({ kind: "whole", payload }), size)];
  const frames = splitIntoFragments(provider, payload).map(encodeFrame);
  return Promise.all(frames.map((frame) => sealFrame(provider, wrapKey, frame, ENVELOPE_LARGE)));
}

/** EN8. Null when the payload does not fit. */
export async function sealShortEnvelope(
  provider: CryptoProvider,
  wrapKey: Uint8Array,
  payload: Uint8Array,
): Promise<Uint8Array | null> {
  if (payload.length + WHOLE_OVERHEAD > capacity(ENVELOPE_SHORT)) return null;
  return sealFrame(provider, wrapKey, encodeFrame({ kind: "whole", payload }), ENVELOPE_SHORT);
}

/** Of any of the three sizes. */
export async function openEnvelope(
  provider: CryptoProvider,
  wrapKey: Uint8Array,
  envelope: Uint8Array,
): Promise<Result<Frame, EnvelopeRefusal>> {
  if (!isDirectEnvelopeSize(envelope.length)) return err({ reason: "bad-size" });
  const padded = await openSecretBox(provider, wrapKey, sizeLabel(envelope.length), envelope);
  if (padded === null) return err({ reason: "not-authentic" });
  const frame = unpad(padded);
  if (frame === null) return err({ reason: "malformed" });
  const decoded = decode(frameCodec, frame);
  if (!decoded.ok) return err({ reason: "malformed", detail: decoded.error });
  return isSoundFrame(provider, decoded.value.content) ? ok(decoded.value.content) : err({ reason: "malformed" });
}

/** SHA-256 of the whole envelope: the name under which it is deduplicated, acknowledged and receipted. */
export const envelopeHash = (provider: CryptoProvider, envelope: Uint8Array): Uint8Array => provider.sha256(envelope);

/** What nodes take and give. */
export const isEnvelopeSize = (length: number): boolean => length === ENVELOPE_SMALL || length === ENVELOPE_LARGE;

/** What a direct connection carries. */
export const isDirectEnvelopeSize = (length: number): boolean => length === ENVELOPE_SHORT || isEnvelopeSize(length);

const capacity = (size: number): number => size - SECRET_BOX_OVERHEAD - LENGTH_BYTES;

const encodeFrame = (content: Frame): Uint8Array =>
  encode<VersionedFrame>(frameCodec, { version: FRAME_VERSION, content });

const sizeLabel = (size: number): Uint8Array => utf8ToBytes(`${LABEL}${size}`);

async function sealFrame(
  provider: CryptoProvider,
  wrapKey: Uint8Array,
  frame: Uint8Array,
  size: number,
): Promise<Uint8Array> {
  const padded = new Uint8Array(LENGTH_BYTES + capacity(size));
  new DataView(padded.buffer).setUint32(0, frame.length);
  padded.set(frame, LENGTH_BYTES);
  return sealSecretBox(provider, wrapKey, sizeLabel(size), padded);
}

function unpad(padded: Uint8Array): Uint8Array | null {
  const length = new DataView(padded.buffer, padded.byteOffset, padded.byteLength).getUint32(0);
  if (length > padded.length - LENGTH_BYTES) return null;
  for (let i = LENGTH_BYTES + length; i < padded.length; i++) if (padded[i] !== 0) return null;
  return padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}

function splitIntoFragments(provider: CryptoProvider, payload: Uint8Array): readonly Fragment[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += FRAGMENT_BYTES) parts.push(payload.subarray(at, at + FRAGMENT_BYTES));
  const hashes = parts.map((part) => provider.sha256(part));
  return parts.map((part, index) => ({ kind: "fragment", hashes, index, part }));
}

function isSoundFrame(provider: CryptoProvider, frame: Frame): boolean {
  if (frame.kind === "whole") return frame.payload.length > 0;
  const { hashes, index, part } = frame;
  const expected = hashes[index];
  if (expected === undefined || part.length === 0) return false;
  if (index < hashes.length - 1 && part.length !== FRAGMENT_BYTES) return false;
  return provider.equalSecrets(provider.sha256(part), expected);
}
