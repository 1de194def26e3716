/**
 * Padding of what nodes keep for strangers, so that its size says one bit only (spec/first-contact.md, section 5).
 *
 * FC7 The padded text is its length in four bytes (most significant first), the text, and zeros: no other padding is
 *     read. Sealed, it has exactly 8,192 or 65,536 bytes, the smaller if it fits.
 */
import { err, ok, type Result } from "@xchat/codec";

export const SIZE_CLASSES = [8_192, 65_536] as const;
const HEAD_BYTES = 4;

export const isSizeClass = (length: number): boolean => length === SIZE_CLASSES[0] || length === SIZE_CLASSES[1];

/** The greatest plaintext that fits once it is sealed with this overhead. */
export const capacity = (overhead: number): number => SIZE_CLASSES[1] - overhead - HEAD_BYTES;

/** `overhead`: bytes that sealing adds. `null` when it fits no class. */
export function padToClass(plaintext: Uint8Array, overhead: number): Uint8Array | null {
  const size = SIZE_CLASSES.find((candidate) => HEAD_BYTES + plaintext.length + overhead <= candidate);
  if (size === undefined) return null;
  const padded = new Uint8Array(size - overhead);
  new DataView(padded.buffer).setUint32(0, plaintext.length);
  padded.set(plaintext, HEAD_BYTES);
  return padded;
}

export function unpad(padded: Uint8Array): Result<Uint8Array, { readonly reason: "bad-padding" }> {
  if (padded.length < HEAD_BYTES) return err({ reason: "bad-padding" });
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = HEAD_BYTES + length;
  if (end > padded.length || padded.subarray(end).some((byte) => byte !== 0)) return err({ reason: "bad-padding" });
  return ok(padded.subarray(HEAD_BYTES, end));
}
