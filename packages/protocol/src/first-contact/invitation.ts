/**
 * The code of an invitation: what stands behind the `#` of a link (spec/first-contact.md, section 2).
 *
 * FC1 `i1.` and base64url of the CBOR and its CRC-32. The number is the version of the format.
 * FC2 A reader takes a whole link or the code alone, with white space, line breaks, quote marks of mail, zero-width
 *     characters and percent-encoding in it, and hyphens that a word processor has changed.
 * FC3 A slip (checksum) is told apart from a text that holds no invitation, and from a newer version.
 */
import {
  base64UrlToBytes,
  bytes,
  bytesToBase64Url,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  list,
  ok,
  struct,
  type CodecType,
  type Result,
} from "@xchat/codec";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { crc32 } from "./checksum.ts";
import { INVITATION_SECRET_BYTES } from "./invitation-keys.ts";

const invitation = struct({
  secret: bytes({ length: INVITATION_SECRET_BYTES }),
  /** SHA-256 of the 32 bytes of the inviter's account id. */
  accountIdHash: bytes({ length: 32 }),
  nodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
});
/** `secret` is for the two people alone: whoever has it can read the card and write a request. */
export type Invitation = CodecType<typeof invitation>;

export type InvitationReason = "invitation-malformed" | "invitation-mistyped" | "invitation-newer-version";

const VERSION = 1;
const CHECKSUM_BYTES = 4;
/** A longer text is not looked at. The longest code has 1,228 characters. */
export const MAX_INVITATION_TEXT = 16_384;

/** @throws RangeError when a field does not fit the format, such as an address that is none. */
export function encodeInvitationCode(value: Invitation): string {
  if (value.nodes.length === 0) throw new RangeError("an invitation names a node");
  const body = encode(invitation, value);
  return `i${VERSION}.${bytesToBase64Url(concatBytes(body, crc32(body)))}`;
}

/** `base`: where the app is, such as `https://host/`; a fragment in it is replaced. */
export function invitationLink(base: string, code: string): string {
  const bare = base.replace(/#.*$/s, "");
  return `${/^[a-z]+:\/\/[^/]+$/i.test(bare) ? `${bare}/` : bare}#${code}`;
}

/** Finds and reads the invitation in whatever a person pasted. Never throws. */
export function decodeInvitationCode(text: string): Result<Invitation, { readonly reason: InvitationReason }> {
  if (text.length > MAX_INVITATION_TEXT) return err({ reason: "invitation-malformed" });
  const plain = unescapePercent(text).replaceAll(INVISIBLE, "").replaceAll(HYPHENS, "-");
  let refusal: InvitationReason = "invitation-malformed";
  // White space may be inside of the code (a broken line) or after it (a sentence): the checksum says which.
  for (const candidate of [plain.replaceAll(GAPS, ""), ...plain.split(/[\s<>"]+/)]) {
    const read = readCandidate(candidate);
    if (read.ok) return read;
    if (read.error.reason !== "invitation-malformed" && refusal === "invitation-malformed") refusal = read.error.reason;
  }
  return err({ reason: refusal });
}

// ---- below: reading what people paste

/** Soft hyphen, zero-width and direction characters, byte order mark. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
/** Hyphens and dashes that stand for the one of ASCII. */
const HYPHENS = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;
/** White space, quoting of mail, soft line ends of quoted-printable. */
const GAPS = /[\s<>"=]+/g;
const CODE = /(?:^|[^A-Za-z0-9_-])i(\d{1,3})\.([A-Za-z0-9_-]+)/;

/** Twice, since a link that was escaped in an escaped link is common; only ASCII, and never a refusal. */
const unescapePercent = (text: string): string => unescapeOnce(unescapeOnce(text));

const unescapeOnce = (text: string): string =>
  text.replaceAll(/%([0-7][0-9a-f])/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function readCandidate(candidate: string): Result<Invitation, { readonly reason: InvitationReason }> {
  const found = CODE.exec(candidate);
  if (found === null || found[1] === "0") return err({ reason: "invitation-malformed" });
  if (Number(found[1]) !== VERSION) return err({ reason: "invitation-newer-version" });
  const decoded = base64UrlToBytes(found[2] as string);
  if (!decoded.ok || decoded.value.length <= CHECKSUM_BYTES) return err({ reason: "invitation-mistyped" });
  const body = decoded.value.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(crc32(body), decoded.value.subarray(-CHECKSUM_BYTES))) return err({ reason: "invitation-mistyped" });
  const read = decode(invitation, body);
  return read.ok ? ok(read.value) : err({ reason: "invitation-malformed" });
}
