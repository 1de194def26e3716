/**
 * History that one device hands to another (spec/devices.md, section 7).
 *
 * DV14 A transfer is a manifest and numbered chunks, each sealed under a key of this transfer alone with its number as
 *      authenticated data: none can be swapped, altered, or taken from another transfer.
 * DV15 The records stand in one order: the credentials of all authors, then the events by conversation, depth and id. So
 *      a chunk can be made again from where it began.
 */
import {
  bytes,
  compareBytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  list,
  literal,
  struct,
  uint,
  utf8ToBytes,
  variants,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { deriveKey, openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox, type CryptoProvider } from "@xchat/crypto";
import { MAX_EVENT_BYTES } from "../event/event.ts";
import { MAX_DEPTH } from "../event/header.ts";
import { MAX_CREDENTIAL_BYTES } from "../identity/certificate.ts";

/** Tag of the payload item (spec/conversation.md, section 3) that carries a `HistoryMessage`. */
export const HISTORY_ITEM_TAG = 32;
export const TRANSFER_ID_BYTES = 16;
/** With its box, message and payload it fits one large envelope. */
export const MAX_CHUNK_BYTES = 60_000;
export const MAX_CHUNKS = 1_048_576;
const MAX_CHUNK_RECORDS = 1_024;
const MAX_MANIFEST_CONVERSATIONS = 1_024;
/** Chunks that may be asked for at once. */
export const HISTORY_WINDOW = 8;

const VERSION = 1 as const;
const hash = bytes({ length: 32 });
const transferId = bytes({ length: TRANSFER_ID_BYTES });

const manifest = struct({
  version: literal(VERSION, "newer-version"),
  chunkCount: uint(MAX_CHUNKS),
  /** Of all chunks before they are sealed; for progress. */
  byteCount: uint(),
  /** The liveliest ones, where there are more than can be named. */
  conversations: list(struct({ conversation: hash, eventCount: uint() }), { max: MAX_MANIFEST_CONVERSATIONS }),
});
export type HistoryManifest = Omit<CodecType<typeof manifest>, "version">;

const record = variants({
  credential: [0, { conversation: hash, leafKey: hash, credential: bytes({ max: MAX_CREDENTIAL_BYTES }) }],
  /** As spec/event.md, section 4 has it. */
  event: [1, { event: bytes({ max: MAX_EVENT_BYTES }) }],
});
export type HistoryRecord = CodecType<typeof record>;

const chunk = struct({
  version: literal(VERSION, "newer-version"),
  records: list(record, { max: MAX_CHUNK_RECORDS }),
});
const CHUNK_HEAD_BYTES = 8;

/** What the two devices say to one another in the self-conversation. The others do not listen. */
const message = variants({
  /** To the device with this key; `shared`: random, for this transfer alone. `conversations` empty: all. */
  ask: [
    0,
    {
      transfer: transferId,
      giver: hash,
      shared: hash,
      conversations: list(hash, { max: MAX_MANIFEST_CONVERSATIONS }),
    },
  ],
  offer: [1, { transfer: transferId, manifest: bytes({ max: MAX_CHUNK_BYTES + SECRET_BOX_OVERHEAD }) }],
  want: [2, { transfer: transferId, from: uint(MAX_CHUNKS), count: uint(HISTORY_WINDOW) }],
  chunk: [
    3,
    { transfer: transferId, index: uint(MAX_CHUNKS), box: bytes({ max: MAX_CHUNK_BYTES + SECRET_BOX_OVERHEAD }) },
  ],
  stop: [4, { transfer: transferId }],
});
export type HistoryMessage = CodecType<typeof message>;

export const encodeHistoryMessage = (value: HistoryMessage): Uint8Array => encode(message, value);
export const decodeHistoryMessage = (encoded: Uint8Array): Result<HistoryMessage, DecodeError> =>
  decode(message, encoded);

/** `shared`: 32 random bytes that the taker sent with its ask. */
export const transferKey = (provider: CryptoProvider, shared: Uint8Array, transfer: Uint8Array): Uint8Array =>
  deriveKey(provider, shared, "history transfer", transfer, 32);

export const sealManifest = (
  provider: CryptoProvider,
  key: Uint8Array,
  transfer: Uint8Array,
  value: HistoryManifest,
): Promise<Uint8Array> =>
  sealSecretBox(provider, key, associated(transfer, null), encode(manifest, { version: VERSION, ...value }));

/** `null` when it is not of this transfer, or malformed. */
export async function openManifest(
  provider: CryptoProvider,
  key: Uint8Array,
  transfer: Uint8Array,
  box: Uint8Array,
): Promise<HistoryManifest | null> {
  const plain = await openSecretBox(provider, key, associated(transfer, null), box);
  const read = plain === null ? null : decode(manifest, plain);
  return read !== null && read.ok ? read.value : null;
}

export const recordSize = (one: HistoryRecord): number => encode(record, one).length;

/** How many of these records, from the first on, go into one chunk; at least one where there is one. */
export function fillChunk(records: readonly HistoryRecord[]): number {
  let room = MAX_CHUNK_BYTES - CHUNK_HEAD_BYTES;
  let count = 0;
  for (const one of records) {
    room -= recordSize(one);
    if (room < 0 || count === MAX_CHUNK_RECORDS) break;
    count++;
  }
  return count;
}

/** What goes along with a Welcome (DV37). The records are of one conversation. */
export const encodeSaid = (records: readonly HistoryRecord[]): Uint8Array =>
  encode(chunk, { version: VERSION, records });

export function decodeSaid(encoded: Uint8Array): Result<readonly HistoryRecord[], DecodeError> {
  const read = decode(chunk, encoded);
  return read.ok ? { ok: true, value: read.value.records } : read;
}

/** @throws RangeError when the records are more than `fillChunk` says. */
export function sealChunk(
  provider: CryptoProvider,
  key: Uint8Array,
  transfer: Uint8Array,
  index: number,
  records: readonly HistoryRecord[],
): Promise<Uint8Array> {
  const plain = encode(chunk, { version: VERSION, records });
  if (plain.length > MAX_CHUNK_BYTES) throw new RangeError("the records do not fit one chunk");
  return sealSecretBox(provider, key, associated(transfer, index), plain);
}

/** `null` when it is not this chunk of this transfer, or malformed. */
export async function openChunk(
  provider: CryptoProvider,
  key: Uint8Array,
  transfer: Uint8Array,
  index: number,
  box: Uint8Array,
): Promise<readonly HistoryRecord[] | null> {
  const plain = await openSecretBox(provider, key, associated(transfer, index), box);
  const read = plain === null ? null : decode(chunk, plain);
  return read !== null && read.ok ? read.value.records : null;
}

const MANIFEST_LABEL = utf8ToBytes("xchat history manifest 1\0");
const CHUNK_LABEL = utf8ToBytes("xchat history chunk 1\0");

function associated(transfer: Uint8Array, index: number | null): Uint8Array {
  if (index === null) return concatBytes(MANIFEST_LABEL, transfer);
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  return concatBytes(CHUNK_LABEL, transfer, number);
}

// ---- where the chunks begin, as the giving device keeps it

/** The first record of a chunk. */
const boundary = variants({
  credential: [0, { conversation: hash, leafKey: hash }],
  event: [1, { conversation: hash, depth: uint(MAX_DEPTH), id: hash }],
});
export type HistoryBoundary = CodecType<typeof boundary>;

/** DV15: negative where `a` stands first. */
export function compareBoundaries(a: HistoryBoundary, b: HistoryBoundary): number {
  if (a.kind !== b.kind) return a.kind === "credential" ? -1 : 1;
  const order = compareBytes(a.conversation, b.conversation);
  if (order !== 0) return order;
  if (a.kind === "credential" && b.kind === "credential") return compareBytes(a.leafKey, b.leafKey);
  return a.kind === "event" && b.kind === "event" ? a.depth - b.depth || compareBytes(a.id, b.id) : 0;
}

const offerCodec = struct({
  version: literal(VERSION, "newer-version"),
  transfer: transferId,
  key: hash,
  /** Device key of whom it is for. */
  receiver: hash,
  boundaries: list(boundary, { max: MAX_CHUNKS }),
});
/** What the giving device keeps until the transfer is over. Holds the key. */
export type HistoryOffer = Omit<CodecType<typeof offerCodec>, "version">;

export const encodeHistoryOffer = (offer: HistoryOffer): Uint8Array =>
  encode(offerCodec, { version: VERSION, ...offer });
export function decodeHistoryOffer(encoded: Uint8Array): Result<HistoryOffer, DecodeError> {
  const read = decode(offerCodec, encoded);
  if (!read.ok) return read;
  const { version: _, ...offer } = read.value;
  return { ok: true, value: offer };
}

/**
 * What to make for a question: for each chunk where it begins and, but for the last, where the next one does. Numbers
 * that there are not are passed over, and so is a question of another transfer.
 */
export function chunksWanted(
  { transfer, boundaries }: HistoryOffer,
  want: Extract<HistoryMessage, { kind: "want" }>,
): readonly { readonly index: number; readonly from: HistoryBoundary; readonly to: HistoryBoundary | null }[] {
  if (!equalBytes(transfer, want.transfer)) return [];
  return boundaries
    .slice(want.from, want.from + want.count)
    .map((from, i) => ({ index: want.from + i, from, to: boundaries[want.from + i + 1] ?? null }));
}
