/**
 * What a device believes of history that it is given (spec/devices.md, section 7).
 *
 * DV18 An event counts by its author's signature and the author's credential, whoever hands it over (EV4); and only in a
 *      conversation that this device asked for, by an account that belongs or belonged to it.
 * DV34 From another person: an event of an account that is no member any more counts where an event of a member cites it,
 *      directly or through others. So somebody who was never a member cannot be written into the past.
 * DV19 A record that is refused is left out and counted, and the others are kept: one bad event is no reason to lose the
 *      rest, nor may it pass in their midst.
 */
import { bytesToHex, err, ok, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { decodeEvent, verifyEvent, type SignedEvent } from "../event/event.ts";
import type { EventAuthor } from "../event/header.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { verifyLeafCredential, type VerifiedLeaf } from "../identity/certificate.ts";
import type { EventFacts, Hex } from "../log/state.ts";
import type { HistoryRecord } from "./history-format.ts";

export type HistoryRefusal =
  | "another-conversation"
  | "credential-refused"
  | "not-a-member"
  | "unknown-author"
  | "event-malformed"
  | "signature-invalid";

export interface HistoryRules {
  readonly now: number;
  /** Conversations whose history was asked for, in hex. */
  readonly conversations: ReadonlySet<Hex>;
  /**
   * Whether this leaf may have written in that conversation: `true` for what a device of one's own gives; where the giver
   * is another person, for members, and for others whose events then wait for `admittedByCitation`. A leaf that a pinned
   * chain contradicts is refused here too.
   */
  readonly isMember: (conversation: Hex, leaf: VerifiedLeaf) => boolean;
  /** An author of a conversation whose credential was verified before; `null` where there is none. */
  readonly authorOf: (conversation: Hex, leafKey: Hex) => EventAuthor | null;
}

export type Imported =
  /** To be kept: `authorOf` answers with it from now on. */
  | {
      readonly kind: "author";
      readonly conversation: Hex;
      readonly author: EventAuthor;
      readonly credential: Uint8Array;
    }
  | { readonly kind: "event"; readonly event: SignedEvent };

/** Judges one record of a chunk. Never throws. */
export function importRecord(
  provider: CryptoProvider,
  rules: HistoryRules,
  record: HistoryRecord,
): Promise<Result<Imported, HistoryRefusal>> {
  return record.kind === "credential"
    ? importCredential(provider, rules, record)
    : importEvent(provider, rules, record.event);
}

/**
 * DV34: the ids of the events that count, of all that were imported from another person. Members' events do, and whatever
 * they cite. Iterative: a history is as deep as it is long.
 */
export function admittedByCitation(
  events: readonly EventFacts[],
  isByMember: (event: EventFacts) => boolean,
): ReadonlySet<Hex> {
  const byId = new Map(events.map((event) => [event.id, event]));
  const admitted = new Set<Hex>();
  const open = events.filter(isByMember);
  for (let event = open.pop(); event !== undefined; event = open.pop()) {
    if (admitted.has(event.id)) continue;
    admitted.add(event.id);
    for (const id of [...event.parents, ...(event.previous === null ? [] : [event.previous])]) {
      const cited = byId.get(id);
      if (cited !== undefined && !admitted.has(id)) open.push(cited);
    }
  }
  return admitted;
}

async function importCredential(
  provider: CryptoProvider,
  rules: HistoryRules,
  { conversation, leafKey, credential }: Extract<HistoryRecord, { kind: "credential" }>,
): Promise<Result<Imported, HistoryRefusal>> {
  const id = bytesToHex(conversation);
  if (!rules.conversations.has(id)) return err("another-conversation");
  const leaf = await verifyLeafCredential(provider, credential, leafKey, rules.now);
  if (!leaf.ok) return err("credential-refused");
  if (!rules.isMember(id, leaf.value)) return err("not-a-member");
  const author = { account: accountIdToBytes(leaf.value.accountId), leafKey };
  return ok({ kind: "author", conversation: id, author, credential });
}

async function importEvent(
  provider: CryptoProvider,
  rules: HistoryRules,
  encoded: Uint8Array,
): Promise<Result<Imported, HistoryRefusal>> {
  const event = decodeEvent(provider, encoded);
  if (!event.ok) return err("event-malformed");
  const { conversation, author } = event.value.header;
  const id = bytesToHex(conversation);
  if (!rules.conversations.has(id)) return err("another-conversation");
  const known = rules.authorOf(id, bytesToHex(author.leafKey));
  if (known === null) return err("unknown-author");
  return (await verifyEvent(provider, event.value, known))
    ? ok({ kind: "event", event: event.value })
    : err("signature-invalid");
}
