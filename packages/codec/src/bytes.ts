/**
 * Bytes and the few texts that stand for them. Nothing here is constant-time: secrets are compared in `@xchat/crypto`.
 */
import { base64urlnopad, bech32m, hex } from "@scure/base";
import { err, ok, type Result } from "./result.ts";

// The package compiles without the DOM and Node libraries; these two globals exist in every runtime that we support.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** UTF-8; a lone surrogate becomes U+FFFD. */
export const utf8ToBytes = (text: string): Uint8Array => encoder.encode(text);

/** Strict UTF-8: anything malformed is refused, and a byte order mark is kept as a character. */
export function bytesToUtf8(bytes: Uint8Array): Result<string, { reason: "malformed-utf8" }> {
  try {
    return ok(strictDecoder.decode(bytes));
  } catch {
    return err({ reason: "malformed-utf8" });
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** By a table: ids are names of things everywhere, and the library's general conversion takes thirty times as long. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte] as string;
  return text;
}

export const hexToBytes = (text: string): Result<Uint8Array, { reason: "malformed-hex" }> =>
  decodeText(hex, text, "malformed-hex");

/** RFC 4648, section 5, without padding. */
export const bytesToBase64Url = (bytes: Uint8Array): string => base64urlnopad.encode(bytes);

/** RFC 4648, section 5, without padding; unused bits must be zero, so that every value has one text only. */
export const base64UrlToBytes = (text: string): Result<Uint8Array, { reason: "malformed-base64url" }> =>
  decodeText(base64urlnopad, text, "malformed-base64url");

function decodeText<R extends string>(
  coder: { decode(text: string): Uint8Array },
  text: string,
  reason: R,
): Result<Uint8Array, { reason: R }> {
  try {
    return ok(coder.decode(text));
  } catch {
    return err({ reason });
  }
}

/** BIP-350, with the human-readable part in front; the length limit of 90 is that of the standard. */
export const bytesToBech32m = (prefix: string, bytes: Uint8Array): string =>
  bech32m.encode(prefix, bech32m.toWords(bytes));

/** Refuses another prefix, a wrong checksum, mixed case and stray bits. */
export function bech32mToBytes(prefix: string, text: string): Result<Uint8Array, { reason: "malformed-bech32m" }> {
  return decodeText(
    {
      decode: (candidate) => {
        const found = bech32m.decode(candidate as `${string}1${string}`);
        if (found.prefix !== prefix) throw new Error("another prefix");
        return bech32m.fromWords(found.words);
      },
    },
    text,
    "malformed-bech32m",
  );
}
