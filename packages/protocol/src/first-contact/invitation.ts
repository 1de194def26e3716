/**
 * The code of an invitation: what stands behind the `#` of a link (spec/first-contact.md, section 2).
 *
 * FC1 `i1.` and base64url of the CBOR and its CRC-32. The number is the version of the format.
 * FC2 A reader takes a whole link or the code alone, with white space, line breaks, quote marks of mail, zero-width
 *     characters and percent-encoding in it, and hyphens that a word processor has changed.
 * FC3 A slip (checksum) is told apart from a text that holds no invitation, from a newer version, and from codes for a
 *     group or another device.
 */
import { bytes, err, list, ok, struct, type CodecType, type Result } from "@xchat/codec";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { INVITATION_SECRET_BYTES } from "./invitation-keys.ts";
import { encodeCode, findPastedCode, MAX_PASTED_TEXT, type CodeFormat, type PastedRefusal } from "./pasted-code.ts";

/** Of invitations, and of links to groups. */
export const invitationCodec = struct({
  secret: bytes({ length: INVITATION_SECRET_BYTES }),
  /** SHA-256 of the 32 bytes of the inviter's account id. */
  accountIdHash: bytes({ length: 32 }),
  nodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
});
/** `secret` is for those who are invited alone: whoever has it can read the card and write a request. */
export type Invitation = CodecType<typeof invitationCodec>;

export type InvitationReason =
  | "invitation-malformed"
  | "invitation-mistyped"
  | "invitation-newer-version"
  /** It leads into a group. */
  | "invitation-is-group-link"
  /** It links another device of one's own. */
  | "invitation-is-device-code";

export const MAX_INVITATION_TEXT = MAX_PASTED_TEXT;

const FORMAT: CodeFormat<Invitation> = { letter: "i", version: 1, codec: invitationCodec };

/** @throws RangeError when a field does not fit the format, such as an address that is none. */
export function encodeInvitationCode(value: Invitation): string {
  if (value.nodes.length === 0) throw new RangeError("an invitation names a node");
  return encodeCode(FORMAT, value);
}

/** `base`: where the app is, such as `https://host/`; a fragment in it is replaced. */
export function invitationLink(base: string, code: string): string {
  const bare = base.replace(/#.*$/s, "");
  return `${/^[a-z]+:\/\/[^/]+$/i.test(bare) ? `${bare}/` : bare}#${code}`;
}

/** Finds and reads the invitation in whatever a person pasted. Never throws. */
export function decodeInvitationCode(text: string): Result<Invitation, { readonly reason: InvitationReason }> {
  const found = findPastedCode(FORMAT, text);
  return found.ok ? ok(found.value) : err({ reason: reasonOf(found.error) });
}

function reasonOf(refusal: PastedRefusal): InvitationReason {
  if (refusal.reason !== "other") return `invitation-${refusal.reason}`;
  return refusal.letter === "g" ? "invitation-is-group-link" : "invitation-is-device-code";
}
