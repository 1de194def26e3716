/** Somebody who is met again: which chat with them goes on, and whether they come back as the same person. */
import type { KnownPersonView } from "../api.ts";
import { identityChange, isBetter } from "../chat/contact-news.ts";
import type { Session } from "../session.ts";
import type { SessionCore } from "../session-core.ts";

/** The chat with this person that a device of theirs still reads, by the better of the pinned chain and this one. */
export function reachableChat({ core, chats }: Session, accountId: string, chain: Uint8Array): string | null {
  const known = core.contacts.get(accountId);
  const best = known === undefined || isBetter(identityChange(core, known, chain)) ? chain : known.chain;
  const found = [...chats.values()].find(
    (chat) => chat.record.accountId === accountId && chat.record.state !== "ended" && !chat.isPeerOut(best),
  );
  return found?.id ?? null;
}

/** `chain`: verified. Null for somebody who is no contact, or was only blocked. */
export function knownPerson(
  core: Pick<SessionCore, "contacts" | "provider" | "pins">,
  accountId: string,
  chain: Uint8Array | null,
): KnownPersonView | null {
  const known = core.contacts.get(accountId);
  if (known === undefined || known.isBlocked) return null;
  return {
    name: known.petname ?? known.name,
    isVerified: known.isVerified,
    change: chain === null ? null : identityChange(core, known, chain),
  };
}
