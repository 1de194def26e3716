/**
 * The code of a link to a group: `g1.` and what an invitation has, with the account of the member who made it
 * (spec/group-link.md, section 3).
 */
import { err, ok, type Result } from "@xchat/codec";
import { invitationCodec, type Invitation } from "../first-contact/invitation.ts";
import { encodeCode, findPastedCode, type CodeFormat, type PastedRefusal } from "../first-contact/pasted-code.ts";

export type GroupLinkCode = Invitation;

export type GroupLinkReason =
  | "group-link-malformed"
  | "group-link-mistyped"
  | "group-link-newer-version"
  /** It invites to a chat of two. */
  | "group-link-is-invitation"
  /** It links another device of one's own. */
  | "group-link-is-device-code";

const FORMAT: CodeFormat<GroupLinkCode> = { letter: "g", version: 1, codec: invitationCodec };

/** @throws RangeError when a field does not fit the format, such as an address that is none. */
export function encodeGroupLinkCode(value: GroupLinkCode): string {
  if (value.nodes.length === 0) throw new RangeError("a link names a node");
  return encodeCode(FORMAT, value);
}

/** Finds and reads the code in whatever a person pasted. Never throws. */
export function decodeGroupLinkCode(text: string): Result<GroupLinkCode, { readonly reason: GroupLinkReason }> {
  const found = findPastedCode(FORMAT, text);
  return found.ok ? ok(found.value) : err({ reason: reasonOf(found.error) });
}

function reasonOf(refusal: PastedRefusal): GroupLinkReason {
  if (refusal.reason !== "other") return `group-link-${refusal.reason}`;
  return refusal.letter === "i" ? "group-link-is-invitation" : "group-link-is-device-code";
}
