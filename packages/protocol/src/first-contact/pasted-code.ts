/**
 * Codes that people hand on: a letter, the version, a point, and base64url of CBOR and its CRC-32. They are found in whatever
 * a person pasted (spec/first-contact.md, section 2, FC2 and FC3).
 */
import {
  base64UrlToBytes,
  bytesToBase64Url,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  ok,
  type Codec,
  type Result,
} from "@xchat/codec";
import { crc32 } from "./checksum.ts";

export interface CodeFormat<T> {
  /** Before the version: tells one kind of code from another. */
  readonly letter: string;
  readonly version: number;
  readonly codec: Codec<T>;
}

/** `other` says which letter was found: a code that is right, of another kind. */
export type PastedRefusal =
  | { readonly reason: "malformed" | "mistyped" | "newer-version" }
  | { readonly reason: "other"; readonly letter: string };

const CHECKSUM_BYTES = 4;
/** A longer text is not looked at. The longest code has 1,228 characters. */
export const MAX_PASTED_TEXT = 16_384;

/** @throws RangeError when a field does not fit the format. */
export function encodeCode<T>({ letter, version, codec }: CodeFormat<T>, value: T): string {
  const body = encode(codec, value);
  return `${letter}${version}.${bytesToBase64Url(concatBytes(body, crc32(body)))}`;
}

/** Never throws. */
export function findPastedCode<T>(format: CodeFormat<T>, text: string): Result<T, PastedRefusal> {
  if (text.length > MAX_PASTED_TEXT) return err({ reason: "malformed" });
  const plain = unescapePercent(text).replaceAll(INVISIBLE, "").replaceAll(HYPHENS, "-");
  let refusal: PastedRefusal = { reason: "malformed" };
  // White space may be inside of the code (a broken line) or after it (a sentence): the checksum says which.
  for (const candidate of [plain.replaceAll(GAPS, ""), ...plain.split(/[\s<>"]+/)]) {
    const read = readCandidate(format, candidate);
    if (read.ok) return read;
    if (refusal.reason === "malformed") refusal = read.error;
  }
  return err(refusal);
}

// ---- below: reading what people paste

/** Soft hyphen, zero-width and direction characters, byte order mark. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
/** Hyphens and dashes that stand for the one of ASCII. */
const HYPHENS = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;
/** White space, quoting of mail, soft line ends of quoted-printable. */
const GAPS = /[\s<>"=]+/g;
const CODE = /(?:^|[^A-Za-z0-9_-])([dgi])(\d{1,3})\.([A-Za-z0-9_-]+)/;

/** Twice, since a link that was escaped in an escaped link is common; only ASCII, and never a refusal. */
const unescapePercent = (text: string): string => unescapeOnce(unescapeOnce(text));

const unescapeOnce = (text: string): string =>
  text.replaceAll(/%([0-7][0-9a-f])/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function readCandidate<T>({ letter, version, codec }: CodeFormat<T>, candidate: string): Result<T, PastedRefusal> {
  const [, kind, number, encoded] = CODE.exec(candidate) ?? [];
  if (kind === undefined || number === "0") return err({ reason: "malformed" });
  if (kind !== letter) return err({ reason: "other", letter: kind });
  if (Number(number) !== version) return err({ reason: "newer-version" });
  const decoded = base64UrlToBytes(encoded as string);
  if (!decoded.ok || decoded.value.length <= CHECKSUM_BYTES) return err({ reason: "mistyped" });
  const body = decoded.value.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(crc32(body), decoded.value.subarray(-CHECKSUM_BYTES))) return err({ reason: "mistyped" });
  const read = decode(codec, body);
  return read.ok ? ok(read.value) : err({ reason: "malformed" });
}
