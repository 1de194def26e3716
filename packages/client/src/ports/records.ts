/**
 * What lies in the store. Ids and hashes are lower-case hex, so that text order is byte order; times are milliseconds
 * since 1970; blobs are encoded by the client and mean nothing to the store. The key of each record is its first
 * field, unless it says otherwise.
 */

export interface InvitationRecord {
  readonly id: string;
  readonly label: string;
  readonly isLasting: boolean;
  readonly state: "preparing" | "open" | "used" | "revoked" | "expired";
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly uses: number;
  /** Invitation secret, inbox keys, place key, card version. */
  readonly secrets: Uint8Array;
}

export interface KeyPackageRecord {
  /** SHA-256 of the key package. */
  readonly id: string;
  readonly invitationId: string;
  readonly keyPackage: Uint8Array;
  readonly privatePart: Uint8Array;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RequestRecord {
  /** Hash of the sealed request. */
  readonly id: string;
  readonly invitationId: string;
  readonly accountId: string;
  readonly name: string;
  readonly greeting: string;
  readonly receivedAt: number;
  /** Answered ones are kept until their invitation is over, so that the same one does not come back (FC17). */
  readonly state: "pending" | "accepted" | "declined";
  readonly body: Uint8Array;
}

export interface ContactRecord {
  readonly accountId: string;
  readonly name: string;
  readonly petname: string | null;
  readonly isVerified: boolean;
  readonly isBlocked: boolean;
  readonly mayDirect: boolean;
  /** Identity chain as pinned. */
  readonly chain: Uint8Array;
}

export interface ConversationRecord {
  readonly id: string;
  /** The other person of a pair; empty where there are several. */
  readonly accountId: string;
  readonly state: "waiting" | "active" | "ended";
  readonly createdAt: number;
  readonly activeAt: number;
  readonly draft: string;
  /** The last event that this person has seen. */
  readonly readDepth: number;
  readonly readId: string;
  /** Heads, tips, acknowledgements, missing events: the state of the log. */
  readonly log: Uint8Array;
  /** Policy, home nodes, commit in flight, direct consent: the state of the conversation outside MLS. */
  readonly shared: Uint8Array;
}

export interface GroupRecord {
  readonly conversationId: string;
  readonly epochPart: Uint8Array;
  readonly ratchetPart: Uint8Array;
}

export interface EventRecord {
  readonly id: string;
  readonly conversationId: string;
  readonly author: string;
  readonly sequence: number;
  /** 1 + the greatest depth of its parents; with the id it gives the order of the chat. */
  readonly depth: number;
  /** `void`: known, cited, and shown to nobody: its author had no right to say it. */
  readonly state: "shown" | "pending" | "void";
  readonly isOwn: boolean;
  readonly sentAt: number;
  readonly receivedAt: number;
  /**
   * What the person sees of it: "text", "deleted", "pin", "notice:…", "unknown", "lost"; else how it acts on others.
   * "record": a line of who did what, which is no event: it has no author and no header, its sequence is the epoch that it
   * began.
   */
  readonly kind: string;
  /** What search finds: the words as they are now, after edits. Empty where there is nothing to find. */
  readonly text: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array | null;
  /** Own: "queued" | "stored" | "delivered" | "read" | "unsent". Others': "". Of kind "lost": "asked" | "given-up". */
  readonly delivery: string;
  readonly storedCount: number;
  /** Of kind "lost": for how many it stands, 0 where that is not known. */
  readonly storedOf: number;
  readonly via: "direct" | "nodes" | "";
  /** Whether it is a row of the chat, and one that counts as unread until it has been seen. */
  readonly row: "none" | "quiet" | "counted";
  /** The events that it acts on, "" for none: to what it is a reaction or a pin, and what it replaces or deletes. */
  readonly target: string;
  readonly replaces: string;
  /** When this person read it, where it disappears after that; 0 else. */
  readonly readAt: number;
  /** When it disappears here; 0 never, `AFTER_READING` not before it is read. */
  readonly disappearsAt: number;
}

export const AFTER_READING = -1;

/** What one person keeps of an event for themselves: a register among their own devices (spec/devices.md, section 8). */
export interface MarkRecord {
  /** Event id. */
  readonly id: string;
  readonly conversationId: string;
  readonly isStarred: boolean;
  /** Deleted for this person alone. */
  readonly isHidden: boolean;
  readonly changedAt: number;
}

/** What belongs to a conversation and does not change with each message, or comes one by one. */
export interface PartRecord {
  /** `conversationId/kind`, and `/` with a name where there are several of a kind. */
  readonly id: string;
  readonly conversationId: string;
  /** "roster": who is and was in it. "fork-…": see `fork/parts.ts`. Decides how `value` is read. */
  readonly kind: string;
  readonly value: Uint8Array;
  readonly createdAt: number;
}

export interface OutboxRecord {
  readonly id: string;
  readonly conversationId: string;
  /** Ascending: the order in which things were asked for. */
  readonly sequence: number;
  /** What must be done and how far it is; decoded by the outbox. */
  readonly item: Uint8Array;
  readonly createdAt: number;
}

export interface MailboxRecord {
  /** Public key of what is read. */
  readonly id: string;
  /** Empty for a contact inbox. */
  readonly conversationId: string;
  /** Invitation of a contact inbox, else empty. */
  readonly invitationId: string;
  readonly epoch: number;
  /** Keys and node hints. */
  readonly secrets: Uint8Array;
  readonly createdAt: number;
  /** Read until then; 0 while its epoch is the present one. */
  readonly retireAt: number;
}

export interface CursorRecord {
  /** `mailboxId/nodeId` */
  readonly id: string;
  readonly cursor: number;
}

export interface HeldRecord {
  /** Hash of the envelope. */
  readonly id: string;
  readonly conversationId: string;
  readonly reason: string;
  readonly envelope: Uint8Array;
  readonly expiresAt: number;
}
