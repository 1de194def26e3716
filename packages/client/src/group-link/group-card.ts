/** The card of a link that a person has pasted or opened: looked for at its nodes, opened and judged (GL4). */
import { bytesToHex, utf8ToBytes } from "@xchat/codec";
import {
  decodeGroupLinkCode,
  groupCardKeys,
  openGroupCard,
  type GroupLinkCode,
  type Hex,
  type OpenedGroupCard,
} from "@xchat/protocol";
import { IntentError, type IntentErrorCode } from "../api.ts";
import { fetchCard } from "../contact/outgoing.ts";
import type { SessionCore } from "../session-core.ts";

export interface FoundGroup {
  readonly code: GroupLinkCode;
  readonly card: OpenedGroupCard;
  /** Id of the conversation. */
  readonly group: Hex;
}

const CODE_ERRORS: { readonly [reason: string]: IntentErrorCode } = {
  "group-link-newer-version": "invitation-newer-version",
  "group-link-is-invitation": "group-link-is-invitation",
};

/** @throws IntentError */
export async function findGroup(core: SessionCore, text: string): Promise<FoundGroup> {
  const decoded = decodeGroupLinkCode(text);
  if (!decoded.ok) throw new IntentError(CODE_ERRORS[decoded.error.reason] ?? "invitation-malformed");
  return fetchGroup(core, decoded.value);
}

/** @throws IntentError */
export async function fetchGroup(core: SessionCore, code: GroupLinkCode): Promise<FoundGroup> {
  const { provider, clock } = core;
  const { place } = groupCardKeys(provider, code.secret);
  const card = await fetchCard(core, code.nodes, place, (blob) => openGroupCard(provider, code, blob, clock.now()));
  return { code, card, group: bytesToHex(card.groupId) };
}

/** A description as a stranger has written it: without what could make it look like words of the app. */
export const shownDescription = (text: string): string =>
  Array.from(text, (one) =>
    one === "\n" || !/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(one) ? one : " ",
  )
    .join("")
    .trim();

/** A greeting as the format asks. @throws IntentError with "message-too-long" */
export function checkGreeting(typed: string, max: number): string {
  const clean = Array.from(typed.toWellFormed(), (one) => (one === "\n" || !/\p{Cc}/u.test(one) ? one : " "))
    .join("")
    .trim();
  if (utf8ToBytes(clean).length > max) throw new IntentError("message-too-long");
  return clean;
}
