/** Views of every state, made up for looking at. */
import {
  NO_MARKS,
  type BackupSearchView,
  type BackupView,
  type ChatView,
  type PairChatView,
  type Delivery,
  type FoundBackupView,
  type InvitationView,
  type MessageView,
  type NetworkView,
  type PersonView,
  type ProfileView,
  type RecoveryView,
  type RequestView,
} from "@xchat/client/api";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
export const now = Date.now();

export const READY: Extract<ProfileView, { state: "ready" }> = {
  state: "ready",
  name: "Robin",
  accountId: "xc1q8f3k2m7w9v4t6y5h0n3d8s2c7r4j6l9p5z0x3e8u2a7g4",
  deviceName: "Chromium on Linux",
  hasPassphrase: true,
  recoveryWords: "unwritten",
  settings: { directAllowed: true, shareReadState: true },
};

const chat = (id: string, name: string, more: Partial<PairChatView>): PairChatView => ({
  kind: "pair",
  id,
  name,
  theirName: name,
  petname: null,
  accountId: `xc1${id.repeat(9).slice(0, 48)}`,
  state: "active",
  isVerified: false,
  isBlocked: false,
  mayDirect: false,
  way: "nodes",
  unread: 0,
  draft: "",
  last: null,
  activeAt: now,
  missing: 0,
  homeNodes: ["wss://one.node.example", "wss://two.node.example", "wss://three.node.example"],
  disappearAfter: null,
  notices: [],
  ...more,
});
const last = (text: string, at: number, delivery: Delivery | null = null): ChatView["last"] => ({
  kind: "text",
  text,
  at,
  isOwn: delivery !== null,
  author: null,
  delivery,
});

export const CHATS: readonly ChatView[] = [
  chat("first", "Mira", {
    isVerified: true,
    mayDirect: true,
    way: "direct",
    unread: 2,
    last: last("And the lake tomorrow? 🏊", now - MINUTE),
    activeAt: now - MINUTE,
    missing: 1,
    notices: [
      {
        kind: "gap",
        id: "a",
        at: now - 60 * MINUTE,
        changedAt: now - 60 * MINUTE,
        state: "closed",
        of: "them",
        count: 3,
      },
      { kind: "identity", id: "b", at: now - 60 * MINUTE, changedAt: now - 60 * MINUTE, change: "newer", count: 1 },
      { kind: "gap", id: "c", at: now - MINUTE, changedAt: now - MINUTE, state: "asked", of: "them", count: 1 },
    ],
  }),
  chat("layla", "ليلى", {
    last: last("صباح الخير! هل وصلت الرسالة؟", now - 9 * MINUTE),
    activeAt: now - 9 * MINUTE,
    unread: 1,
  }),
  chat("long", "Tomas (long)", {
    last: last("message 12000", now - 40 * MINUTE, { state: "delivered", via: "nodes" }),
    activeAt: now - 40 * MINUTE,
  }),
  chat("draft", "Ines", {
    draft: "I was going to say that",
    last: last("ok", now - 3 * DAY),
    activeAt: now - 3 * 60 * MINUTE,
  }),
  chat("wait", "Jonas", {
    state: "waiting",
    way: "none",
    petname: "Jonas (choir)",
    name: "Jonas (choir)",
    theirName: "jonas_k",
    activeAt: now - DAY,
    homeNodes: [],
  }),
  chat("ended", "Old friend", {
    state: "ended",
    way: "none",
    last: last("Goodbye", now - 40 * DAY, { state: "read", via: "direct" }),
    activeAt: now - 40 * DAY,
  }),
  chat("blocked", "Spam Bot 3000 with quite a long name that does not fit", {
    isBlocked: true,
    state: "ended",
    activeAt: now - 400 * DAY,
    last: last("buy", now - 400 * DAY),
  }),
];

let counter = 0;
export function message(text: string, at: number, own: Delivery | null, more: Partial<MessageView> = {}): MessageView {
  const n = ++counter;
  return {
    id: `e${n}`,
    isOwn: own !== null,
    author: null,
    order: `${String(at).padStart(15, "0")}-${String(n).padStart(8, "0")}`,
    content: { kind: "text", text, mentions: [] },
    sentAt: at,
    receivedAt: own === null ? at + 800 : null,
    delivery: own,
    via: own === null ? "nodes" : null,
    ...NO_MARKS,
    ...more,
  };
}

export const ROBIN: PersonView = { accountId: READY.accountId, name: "Robin", isSelf: true, isContact: false };
export const MIRA: PersonView = { accountId: "xc1mira", name: "Mira", isSelf: false, isContact: true };

/** Everything that can have become of a message, at the end of the first chat. */
function livelyTalk(): MessageView[] {
  const question = message("Shall we take the boat on Saturday?", now - 9 * MINUTE, null, {
    reactions: [
      { reaction: "👍", people: [MIRA, ROBIN], isOwn: true },
      { reaction: "🎉", people: [MIRA], isOwn: false },
    ],
    isPinned: true,
    isStarred: true,
  });
  const quote = { state: "there", id: question.id, person: MIRA, text: "Shall we take the boat on Saturday?" } as const;
  return [
    question,
    message("", now - 8.5 * MINUTE, null, { content: { kind: "pin", target: question.id, isPinned: true } }),
    message("Yes! I bring the coffee.", now - 8 * MINUTE, read, {
      replyTo: quote,
      earlier: [{ text: "Yes!", at: now }],
    }),
    message("", now - 7 * MINUTE, null, { content: { kind: "deleted" } }),
    message("", now - 6.5 * MINUTE, read, { content: { kind: "deleted" } }),
    message("@Robin, and who brings the oars?", now - 6 * MINUTE, null, {
      content: {
        kind: "text",
        text: "@Robin, and who brings the oars?",
        mentions: [{ start: 0, end: 6, person: ROBIN }],
      },
      mentionsMe: true,
      replyTo: { state: "deleted", id: "gone" },
    }),
    message("Somebody else's words", now - 5 * MINUTE, null, { isForwarded: true }),
    message("The code of the door is 4711", now - 4 * MINUTE, read, {
      isDisappearing: true,
      disappearsAt: now + 56 * MINUTE,
    }),
  ];
}

const read: Delivery = { state: "read", via: "direct" };
const LONG = `There is a thing about letters that I keep thinking of.\n\n${"A letter takes its time, and in that time it belongs to nobody: not to the one who wrote it, nor to the one who will read it. ".repeat(9)}\n\nThat is all.`;

export function shortTalk(): MessageView[] {
  const yesterday = now - DAY;
  return [
    message("", yesterday - 60 * MINUTE, null, { content: { kind: "notice", notice: "accepted" } }),
    message("Hi Robin, it is me. Nice to have found you here.", yesterday - 55 * MINUTE, null),
    message("No phone number needed, imagine that.", yesterday - 54 * MINUTE, null),
    message("Hello Mira! 👋", yesterday - 50 * MINUTE, read),
    message(
      "Here is the page that I meant: https://example.org/letters/(old)?year=1911. And a trap: https://bank.example@evil.example/",
      yesterday - 49 * MINUTE,
      read,
    ),
    message("", yesterday - 48 * MINUTE, read, { content: { kind: "notice", notice: "verified" } }),
    message(LONG, yesterday - 30 * MINUTE, null),
    message("❤️👍", yesterday - 29 * MINUTE, read),
    message("", yesterday - 20 * MINUTE, null, { content: { kind: "unknown" } }),
    message("", yesterday - 19 * MINUTE, null, { content: { kind: "lost", state: "given-up", count: 1 } }),
    message(
      "Mixed: שלום עולם and مرحبا بالعالم in one line.\nثم سطر من اليمين إلى اليسار\nthen left to right again",
      now - 50 * MINUTE,
      null,
    ),
    message("Delivered directly", now - 30 * MINUTE, { state: "delivered", via: "direct" }),
    message("Delivered through nodes", now - 20 * MINUTE, { state: "delivered", via: "nodes" }),
    message("Stored for now", now - 12 * MINUTE, { state: "stored", count: 2, of: 3 }),
    message("Was I too late?", now - 12 * MINUTE, { state: "unsent" }),
    message("const seal = (state, event) => [next, effects];", now - 11 * MINUTE, { state: "queued", why: "no-node" }),
    ...livelyTalk(),
    message("Got it, thank you.", now - 3 * MINUTE, null, { via: "direct" }),
    message("And the lake tomorrow? 🏊", now - MINUTE, null, { via: "direct" }),
  ];
}

export function longTalk(count: number): MessageView[] {
  const delivered: Delivery = { state: "delivered", via: "nodes" };
  return Array.from({ length: count }, (_, index) => {
    const text = `message ${index + 1}${index % 7 === 0 ? ` ${"with more words in it ".repeat(1 + (index % 5) * 3)}` : ""}`;
    return message(text, now - (count - index) * 4 * MINUTE, index % 3 === 0 ? delivered : null);
  });
}

export const arabicTalk = (): MessageView[] => [
  message("صباح الخير! كيف حالك اليوم؟", now - 30 * MINUTE, null),
  message("بخير، شكرًا. هل قرأت المقال على https://example.org/ar ؟", now - 25 * MINUTE, read),
  message("نعم، وأعجبني كثيرًا 👍", now - 20 * MINUTE, null),
  message("صباح الخير! هل وصلت الرسالة؟", now - 9 * MINUTE, null),
];

export const REQUESTS: readonly RequestView[] = [
  {
    id: "r1",
    accountId: "xc1noor",
    name: "Noor",
    greeting: "Hello, we met at the bicycle workshop. I have the other half of your spanner set.",
    receivedAt: now - 20 * MINUTE,
    invitationLabel: "Workshop",
    known: null,
  },
  {
    id: "r2",
    accountId: "xc1nn",
    name: "נועה",
    greeting: "",
    receivedAt: now - DAY,
    invitationLabel: "",
    known: { name: "נועה", isVerified: true, change: "recovered" },
  },
];

const CODE =
  "i1.pGFpWCD5b2pR3l0yQ7dX8kVn2c6sT4hWm1ZaUeJ0bNfKgRxYAWFuWCDoP9tLq5vHs3wBzI7jCdErGyTnMkQxVfSaLhWbZpOu1GFoglgWaHR0cHM6Ly9jaGF0LmV4YW1wbGUvdzE";
export const INVITATIONS: readonly InvitationView[] = [
  {
    id: "i1",
    label: "Jonas, from the choir",
    link: `http://localhost:8787/#${CODE}`,
    code: CODE,
    isLasting: false,
    state: "open",
    createdAt: now - DAY,
    expiresAt: now + 6 * DAY,
    uses: 0,
  },
  {
    id: "i2",
    label: "My site",
    link: `http://localhost:8787/#${CODE}`,
    code: CODE,
    isLasting: true,
    state: "open",
    createdAt: now - 9 * DAY,
    expiresAt: now + 80 * DAY,
    uses: 4,
  },
  {
    id: "i3",
    label: "",
    link: CODE,
    code: CODE,
    isLasting: false,
    state: "used",
    createdAt: now - 20 * DAY,
    expiresAt: now - 13 * DAY,
    uses: 1,
  },
  {
    id: "i4",
    label: "Lost card",
    link: CODE,
    code: CODE,
    isLasting: true,
    state: "revoked",
    createdAt: now - 30 * DAY,
    expiresAt: now + DAY,
    uses: 0,
  },
];

export const BACKUP: BackupView = {
  state: "on",
  madeAt: now - 3 * 60 * MINUTE,
  isBehind: false,
  nodes: [
    { address: "wss://one.node.example", isStored: true },
    { address: "wss://two.node.example", isStored: true },
  ],
  storedAt: 2,
  expiresAt: now + 178 * DAY,
  isCut: false,
};
export const BACKUP_BEHIND: BackupView = {
  ...BACKUP,
  isBehind: true,
  storedAt: 1,
  nodes: [
    { address: "wss://one.node.example", isStored: true },
    { address: "wss://two.node.example", isStored: false },
  ],
};

const FOUND: FoundBackupView = {
  id: "f1",
  name: "Mara",
  accountId: "xc1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s0w7ygk",
  deviceName: "Web browser",
  writtenAt: now - 5 * DAY,
  contacts: 14,
  chats: 11,
};
export const SEARCH: BackupSearchView = {
  found: [FOUND, { ...FOUND, id: "f2", deviceName: "Terminal", writtenAt: now - 40 * DAY, contacts: 9, chats: 8 }],
  level: 2,
  nodes: [
    { address: "wss://one.node.example", state: "answered" },
    { address: "wss://two.node.example", state: "behind" },
  ],
};
export const RECOVERY: NonNullable<RecoveryView> = {
  recoveredAt: now - 10 * MINUTE,
  chats: [
    { id: "p1", kind: "pair", name: "Jonas", accountId: "xc1jonas", isVerified: true, state: "unreachable" },
    { id: "p2", kind: "pair", name: "ليلى", accountId: "xc1layla", isVerified: false, state: "unreachable" },
    { id: "g1", kind: "group", name: "Choir on Thursdays", accountId: null, isVerified: false, state: "asked" },
  ],
};

export const ONE_NODE: NetworkView = {
  nodes: [{ address: "ws://localhost:8787", keyHash: "5f3a 91c2 77de 04b8", state: "ready", via: null, retryAt: null }],
  relays: [],
  whenNoRelay: "wait",
  isSingleNode: true,
  isLocalOnly: true,
  clockError: null,
};
export const DOWN: NetworkView = {
  ...ONE_NODE,
  nodes: [{ ...ONE_NODE.nodes[0]!, state: "down", retryAt: now + 25_000 }],
};
export const CLOCK: NetworkView = {
  ...ONE_NODE,
  nodes: [{ ...ONE_NODE.nodes[0]!, state: "clock-wrong", retryAt: now + 25_000 }],
  clockError: -26 * 60 * MINUTE,
};
export const MANY_NODES: NetworkView = {
  nodes: [
    {
      address: "wss://one.node.example",
      keyHash: "5f3a 91c2 77de 04b8",
      state: "ready",
      via: "wss://first.relay.example",
      retryAt: null,
    },
    {
      address: "wss://two.node.example",
      keyHash: "aa01 9b3c 5d6e 7f80",
      state: "down",
      via: null,
      retryAt: now + 65_000,
    },
    {
      address: "wss://three.node.example",
      keyHash: "1234 5678 9abc def0",
      state: "key-changed",
      via: null,
      retryAt: null,
    },
    {
      address: "wss://four.node.example",
      keyHash: "0000 1111 2222 3333",
      state: "refused",
      via: null,
      retryAt: now + 3_600_000,
    },
    { address: "wss://five.node.example", keyHash: "4444 5555 6666 7777", state: "no-relay", via: null, retryAt: null },
  ],
  relays: [
    {
      address: "wss://first.relay.example",
      keyHash: "8888 9999 aaaa bbbb",
      state: "ready",
      operator: "Example Society",
    },
    { address: "wss://second.relay.example", keyHash: "cccc dddd eeee ffff", state: "not-a-relay", operator: null },
  ],
  whenNoRelay: "wait",
  isSingleNode: false,
  isLocalOnly: false,
  clockError: null,
};

export const WORDS =
  "abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act action actor actress actual".split(
    " ",
  );
