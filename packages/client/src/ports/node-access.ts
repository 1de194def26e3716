/**
 * One node as the client sees it: mailboxes, blobs and subscriptions, behind sealed exchanges over one socket.
 * An implementation connects on demand, keeps the socket open, answers each call once, and never retries by itself:
 * when to try again is decided by the shell.
 */

/** `address`: `wss://host[:port]/` or `ws://localhost:port/`; `keyHash`: SHA-256 of the node's identity key, 32 bytes. */
export interface NodeHint {
  readonly address: string;
  readonly keyHash: Uint8Array;
}

export type NodeFailure =
  /** No connection, or lost before the answer: unknown whether it was done. Every request may be repeated. */
  | { readonly kind: "unreachable" }
  | { readonly kind: "key-changed" }
  | { readonly kind: "try-later"; readonly afterMilliseconds: number }
  /** The node's clock and ours differ by more than may be made up for. Positive: the node's is ahead. */
  | { readonly kind: "clock-wrong"; readonly aheadMilliseconds: number }
  /** A word of the specification, such as "mailbox-full", "slot-taken", "stamp-invalid", "not-found", "conflict". */
  | { readonly kind: "refused"; readonly reason: string }
  /** The node answered what it must not. */
  | { readonly kind: "misbehaved"; readonly detail: string };

export type NodeOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: NodeFailure };

export interface MailboxKey {
  /** Ed25519 seed of the mailbox (or of the contact inbox: reading only). */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface Receipt {
  /** Encoded signed receipt with its Merkle proof: verified before it is handed out. */
  readonly bytes: Uint8Array;
}

export interface StoredEnvelope {
  readonly mailbox: Uint8Array;
  /** Grows with each envelope of this mailbox at this node. */
  readonly cursor: number;
  readonly envelope: Uint8Array;
}

/**
 * Names the conversation (or the invitation) that a request belongs to. Requests of one context share a sealed
 * exchange, those of two never do: what travels in one exchange is seen by the node to belong together. It stays on
 * this device.
 */
export type ExchangeContext = string;

export interface NodeAccess {
  readonly hint: NodeHint;
  /** `no-relay`: none of the person's relays reaches it, and it is not to be reached directly. */
  readonly state: "idle" | "connecting" | "ready" | "down" | "key-changed" | "clock-wrong" | "no-relay";
  /** The relay through which it is reached; null where directly, or not now. */
  readonly via: NodeHint | null;
  /** Called too when `clockAhead` changes. */
  onStateChange(listener: () => void): () => void;
  /** What the node's clock was ahead of ours when it was last heard, in milliseconds, to the minute; null before. */
  readonly clockAhead: number | null;
  /** Hears the node's clock again: ours may have been set. Never fails; what comes of it is in `state`. */
  hearClock(): Promise<void>;

  /** Makes the mailbox with a stamp if the node does not know it, then deposits. Ordinary envelopes. */
  deposit(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
    readonly envelope: Uint8Array;
  }): Promise<NodeOutcome<Receipt>>;
  /** Into the commit slot of a mailbox. "slot-taken" when another commit has it; `fetchSlot` shows which. */
  depositCommit(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
    readonly envelopes: readonly Uint8Array[];
  }): Promise<NodeOutcome<Receipt>>;
  fetchSlot(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
  }): Promise<NodeOutcome<{ readonly envelopes: readonly Uint8Array[]; readonly receipt: Receipt } | null>>;

  /**
   * Streams what each mailbox holds after its cursor and whatever comes later. All mailboxes of one call belong to
   * ONE conversation. `onCaughtUp` tells when the stored part is through. Ends with a failure, or by `signal`.
   */
  subscribe(input: {
    readonly context: ExchangeContext;
    readonly mailboxes: readonly { readonly key: MailboxKey; readonly after: number }[];
    readonly onEnvelopes: (envelopes: readonly StoredEnvelope[]) => void;
    readonly onCaughtUp: () => void;
    readonly signal: AbortSignal;
  }): Promise<NodeOutcome<void>>;

  /** Makes an inbox that strangers may write to with a stamp per envelope, and that only `inbox` reads. */
  openInbox(input: { readonly inbox: MailboxKey; readonly expiresAt: number }): Promise<NodeOutcome<void>>;
  /** A stranger's write: solves the stamp that the node asks for. */
  depositInbox(input: {
    readonly inboxPublicKey: Uint8Array;
    readonly envelope: Uint8Array;
  }): Promise<NodeOutcome<Receipt>>;

  /** Puts or replaces a small sealed blob (at most 64 KiB) at a place; only its first owner may replace it. */
  putBlob(input: {
    readonly place: Uint8Array;
    readonly owner: MailboxKey;
    /** Grows with each replacement. */
    readonly version: number;
    readonly blob: Uint8Array;
    readonly expiresAt: number;
  }): Promise<NodeOutcome<void>>;
  /** Empties the place and keeps it taken until it expires. */
  removeBlob(input: {
    readonly place: Uint8Array;
    readonly owner: MailboxKey;
    readonly version: number;
  }): Promise<NodeOutcome<void>>;
  getBlob(input: {
    readonly place: Uint8Array;
  }): Promise<NodeOutcome<{ readonly blob: Uint8Array; readonly version: number } | null>>;

  /** `stun:host:port` of this node, learned from its descriptor; null where it has none, or is not to see our address. */
  stunAddress(): string | null;
  close(): void;
}

/** Through what nodes are reached (spec/relay.md, section 5). Without a relay they are reached directly. */
export interface RelayPlan {
  readonly relays: readonly NodeHint[];
  /** What becomes of a node that none of them reaches. */
  readonly whenNone: "wait" | "direct";
}

/** A relay as the client sees it. */
export interface RelayAccess {
  readonly hint: NodeHint;
  /** `not-a-relay`: it says of itself that it is none, by now. */
  readonly state: Exclude<NodeAccess["state"], "no-relay"> | "not-a-relay";
  /** Who runs it, by their own word; null before it was heard, or where they say nothing. */
  readonly operator: string | null;
  onStateChange(listener: () => void): () => void;
  stunAddress(): string | null;
}

export interface NodeConnector {
  /** Learns the key of a node at an address that a person typed, for pinning: through a relay, where there are any. */
  discover(address: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>>;
  /** The same for a relay, which is asked directly. Refused as "not-a-relay" where it is none. */
  discoverRelay(address: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>>;
  /** From now on. What is open another way is closed. */
  setRelays(plan: RelayPlan): void;
  /** One object for each relay of the plan. Connects when it is first asked for. */
  relay(hint: NodeHint): RelayAccess;
  /** One object for each node; the same for the same key hash while it is open. */
  access(hint: NodeHint): NodeAccess;
}
