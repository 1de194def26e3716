/**
 * Pictures of groups (spec/group.md, section 10).
 *
 * GP1 A picture is a JPEG of bounded bytes and pixels. What is shown of one, whoever sent it, has been read here and
 *     consists of the segments that it takes to see it, and of no other.
 * GP2 It is sealed under a key of its own to a blob that has one size, whatever the picture.
 * GP3 A blob counts by its hash, which stands in the state of the group.
 */
import { bytesToHex, concatBytes, err, expectOk, hexToBytes, ok, type Result } from "@xchat/codec";
import { deriveKey, type CryptoProvider } from "@xchat/crypto";
import type { NodeHint } from "../node-hint.ts";
import type { Picture } from "./state.ts";

export const PICTURE_BLOB_BYTES = 32_768;
const TAG_BYTES = 16;
export const MAX_PICTURE_BYTES = PICTURE_BLOB_BYTES - TAG_BYTES;
export const MAX_PICTURE_SIDE = 256;

/** A key seals one picture, once. */
const NONCE = new Uint8Array(12);
const EMPTY = new Uint8Array(0);

// ---- what a picture is

export type PictureRefusal = "picture-not-a-jpeg" | "picture-too-many-pixels" | "picture-too-large";

export interface ReadPicture {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;
/** Baseline, extended and progressive, coded by Huffman. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** Huffman and quantization tables, and restart intervals. */
const TABLES: ReadonlySet<number> = new Set([0xc4, 0xdb, 0xdd]);
/** More scans than any encoder makes: each costs a decoder a pass over all pixels. */
const MAX_SCANS = 32;

/** GP1. Comments, place and time, thumbnails, profiles and whatever else a file carries are not in the answer. */
export function readPicture(file: Uint8Array): Result<ReadPicture, PictureRefusal> {
  if (file[0] !== 0xff || file[1] !== START) return err("picture-not-a-jpeg");
  const kept = [file.subarray(0, 2)];
  let frame: Frame | null = null;
  let scans = 0;
  for (let at = 2; ;) {
    if (file[at] !== 0xff) return err("picture-not-a-jpeg");
    const marker = file[at + 1];
    if (marker === undefined) return err("picture-not-a-jpeg");
    if (marker === END) {
      if (scans === 0 || frame === null) return err("picture-not-a-jpeg");
      kept.push(file.subarray(at, at + 2));
      const jpeg = concatBytes(...kept);
      return jpeg.length > MAX_PICTURE_BYTES ? err("picture-too-large") : ok({ jpeg, ...frame });
    }
    const end = segmentEnd(file, at);
    if (end === null) return err("picture-not-a-jpeg");
    if (FRAMES.has(marker)) {
      if (frame !== null) return err("picture-not-a-jpeg");
      frame = readFrame(file.subarray(at + 4, end));
      if (frame === null) return err("picture-not-a-jpeg");
      if (Math.max(frame.width, frame.height) > MAX_PICTURE_SIDE) return err("picture-too-many-pixels");
    }
    const next = marker === SCAN ? scanEnd(file, end) : end;
    if (marker === SCAN && (frame === null || ++scans > MAX_SCANS)) return err("picture-not-a-jpeg");
    if (marker === SCAN || FRAMES.has(marker) || TABLES.has(marker)) kept.push(file.subarray(at, next));
    else if (!isLeftOut(marker)) return err("picture-not-a-jpeg");
    at = next;
  }
}

/** Of applications, and comments. */
const isLeftOut = (marker: number): boolean => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;

function segmentEnd(file: Uint8Array, at: number): number | null {
  const [high, low] = [file[at + 2], file[at + 3]];
  if (high === undefined || low === undefined) return null;
  const length = high * 256 + low;
  const end = at + 2 + length;
  return length < 2 || end > file.length ? null : end;
}

/** Behind the coded pixels: in them 0xff stands before 0 or the number of a restart. */
function scanEnd(file: Uint8Array, from: number): number {
  for (let at = from; at < file.length; at++) {
    const next = file[at + 1] ?? 0;
    if (file[at] === 0xff && next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
  return file.length;
}

type Frame = Pick<ReadPicture, "width" | "height">;

/** Grey or coloured, eight bits each. */
function readFrame(segment: Uint8Array): Frame | null {
  const [precision, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components] = segment;
  const [width, height] = [w1 * 256 + w0, h1 * 256 + h0];
  const isKnown = precision === 8 && (components === 1 || components === 3) && segment.length === 6 + 3 * components;
  return isKnown && width > 0 && height > 0 ? { width, height } : null;
}

// ---- how it travels

/** `jpeg`: as `readPicture` gives it. `key`: 32 random bytes, for this picture alone. */
export async function sealPicture(
  provider: CryptoProvider,
  key: Uint8Array,
  jpeg: Uint8Array,
): Promise<{ readonly picture: Picture; readonly sealed: Uint8Array }> {
  const plain = new Uint8Array(MAX_PICTURE_BYTES);
  plain.set(jpeg);
  const sealed = await provider.aesGcmSeal(sealKey(provider, key), NONCE, EMPTY, plain);
  const picture = { blob: bytesToHex(provider.sha256(sealed)), key: bytesToHex(key), size: jpeg.length };
  return { picture, sealed };
}

/** Null for another blob than the one that is named (GP3). */
export async function openPicture(
  provider: CryptoProvider,
  { blob, key, size }: Picture,
  sealed: Uint8Array,
): Promise<Result<ReadPicture, PictureRefusal> | null> {
  if (bytesToHex(provider.sha256(sealed)) !== blob) return null;
  const plain = await provider.aesGcmOpen(sealKey(provider, toBytes(key)), NONCE, EMPTY, sealed);
  // Whoever set it has sealed something else: nobody will find another blob by this hash.
  return plain === null || plain.length < size ? err("picture-not-a-jpeg") : readPicture(plain.subarray(0, size));
}

/** Where it lies: the same at each home node. */
export const picturePlace = ({ blob }: Pick<Picture, "blob">): Uint8Array => toBytes(blob);

/** Seed of the key that owns the place of a picture, of one device at one node. */
export const pictureOwnerSeed = (
  provider: CryptoProvider,
  deviceSeed: Uint8Array,
  { blob }: Pick<Picture, "blob">,
  { keyHash }: Pick<NodeHint, "keyHash">,
): Uint8Array => deriveKey(provider, deviceSeed, "picture owner", concatBytes(keyHash, toBytes(blob)), 32);

const sealKey = (provider: CryptoProvider, key: Uint8Array): Uint8Array =>
  deriveKey(provider, key, "group picture", EMPTY, 32);

const toBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "hash");
