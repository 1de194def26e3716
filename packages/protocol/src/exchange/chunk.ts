/**
 * The plaintext of one sealed message, padded to a class of sizes (spec/exchange.md, section 4).
 *
 * X7 head length (2 bytes) ‖ body length (4) ‖ head ‖ body ‖ zeros, in 1,024, 9,216 or 66,560 bytes: the least class
 *    that holds it. An envelope of 8,192 or 65,536 bytes leaves 1,018 for its head.
 * X8 Padding other than zeros, and a class larger than needed, are refused: nobody can hide a mark in them.
 */
import { err, ok, type Result } from "@xchat/codec";

export const CHUNK_CLASSES = [1_024, 9_216, 66_560] as const;
const LENGTHS = 6;
export const MAX_CHUNK_CONTENT = CHUNK_CLASSES[2] - LENGTHS;

export interface Chunk {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

const EMPTY = new Uint8Array(0);

export const chunkClass = (contentLength: number): number | undefined =>
  CHUNK_CLASSES.find((size) => size >= contentLength + LENGTHS);

/** @throws RangeError when it fits no class. */
export function encodeChunk(head: Uint8Array, body: Uint8Array = EMPTY): Uint8Array {
  const size = chunkClass(head.length + body.length);
  if (size === undefined || head.length > 0xffff) throw new RangeError("a chunk holds at most 66,554 bytes");
  const chunk = new Uint8Array(size);
  const view = new DataView(chunk.buffer);
  view.setUint16(0, head.length);
  view.setUint32(2, body.length);
  chunk.set(head, LENGTHS);
  chunk.set(body, LENGTHS + head.length);
  return chunk;
}

/** Head and body alias the input. */
export function decodeChunk(bytes: Uint8Array): Result<Chunk, { readonly reason: "chunk-size" | "chunk-padding" }> {
  if (bytes.length < LENGTHS) return err({ reason: "chunk-size" });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headEnd = LENGTHS + view.getUint16(0);
  const end = headEnd + view.getUint32(2);
  if (end > bytes.length || chunkClass(end - LENGTHS) !== bytes.length) return err({ reason: "chunk-size" });
  if (!isZero(bytes, end)) return err({ reason: "chunk-padding" });
  return ok({ head: bytes.subarray(LENGTHS, headEnd), body: bytes.subarray(headEnd, end) });
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
