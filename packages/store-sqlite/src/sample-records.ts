/** Records for tests of a store: valid, small, and different by their number. */
import type { ContactRecord, ConversationRecord, EventRecord, StoreChange } from "@xchat/client/ports";

export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
export const hexId = (n: number): string => n.toString(16).padStart(64, "0");

export const sampleEvent = (n: number, change: Partial<EventRecord> = {}): EventRecord => ({
  id: hexId(n),
  conversationId: "c1",
  author: "a1",
  sequence: n,
  depth: n,
  state: "shown",
  isOwn: false,
  sentAt: 1_000 + n,
  receivedAt: 2_000 + n,
  kind: "text",
  text: `message ${n}`,
  header: bytes(1, n & 255),
  body: bytes(2, n & 255),
  delivery: "",
  storedCount: 0,
  storedOf: 0,
  via: "",
  row: "counted",
  target: "",
  replaces: "",
  readAt: 0,
  disappearsAt: 0,
  ...change,
});

export const sampleConversation = (id: string, change: Partial<ConversationRecord> = {}): ConversationRecord => ({
  id,
  accountId: `account of ${id}`,
  state: "active",
  createdAt: 1,
  activeAt: 2,
  draft: "",
  readDepth: 0,
  readId: "",
  log: bytes(1),
  shared: bytes(2),
  ...change,
});

export const sampleContact: ContactRecord = {
  accountId: "xc1someone",
  name: "Zoë\0Ω 🦊",
  petname: null,
  isVerified: true,
  isBlocked: false,
  mayDirect: true,
  chain: bytes(0, 255, 0),
};

export const putEvents = (...events: readonly EventRecord[]): readonly StoreChange[] =>
  events.map((record) => ({ put: "event", record }));

/** Something in every table that forgetting touches. */
export const changesOf = (conversationId: string, n: number): readonly StoreChange[] => [
  { put: "contact", record: { ...sampleContact, accountId: `account of ${conversationId}` } },
  { put: "conversation", record: sampleConversation(conversationId) },
  { put: "group", record: { conversationId, epochPart: bytes(1), ratchetPart: bytes(2) } },
  ...putEvents(
    sampleEvent(n, { conversationId, text: "findable" }),
    sampleEvent(n + 1, { conversationId, state: "pending" }),
  ),
  { put: "mark", record: { id: hexId(n), conversationId, isStarred: true, isHidden: false, changedAt: n } },
  { put: "outbox", record: { id: `o${n}`, conversationId, sequence: n, item: bytes(), createdAt: 0 } },
  {
    put: "mailbox",
    record: {
      id: `m${n}`,
      conversationId,
      invitationId: "",
      epoch: 1,
      secrets: bytes(),
      createdAt: 0,
      retireAt: 0,
    },
  },
  { put: "cursor", record: { id: `m${n}/node`, cursor: 1 } },
  { put: "held", record: { id: `h${n}`, conversationId, reason: "", envelope: bytes(), expiresAt: 1 } },
  { put: "part", record: { id: `${conversationId}/p${n}`, conversationId, kind: "p", value: bytes(1), createdAt: 0 } },
];

export const outboxItem = (id: string, sequence: number): StoreChange => ({
  put: "outbox",
  record: { id, conversationId: "c1", sequence, item: bytes(), createdAt: 0 },
});
