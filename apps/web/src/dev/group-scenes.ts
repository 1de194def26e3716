/** Groups of every kind and state, made up for looking at. */
import type {
  GroupActionView,
  GroupChatView,
  GroupLinkPreview,
  GroupRole,
  GroupView,
  JoiningView,
  MemberView,
  MessageView,
  PersonView,
} from "@xchat/client/api";
import { message, now } from "./scenes.ts";

/** Id of the one picture. */
export const LAKE = "lake";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const person = (name: string, more: Partial<PersonView> = {}): PersonView => ({
  accountId: `xc1${[...name].map((letter) => (letter.codePointAt(0) ?? 0).toString(36)).join("")}q8f3k2m7w9v4t6y5h0n`,
  name,
  isSelf: false,
  isContact: true,
  ...more,
});
export const ME = person("Robin", { isSelf: true, isContact: false });
const MIRA = person("Mira", { accountId: `xc1${"first".repeat(9)}` });
const LAYLA = person("ليلى", { accountId: `xc1${"layla".repeat(9)}` });
const INES = person("Ines", { accountId: `xc1${"draft".repeat(9).slice(0, 48)}` });
const TOMAS = person("Tomas (long)", { accountId: `xc1${"long".repeat(9)}` });
const NOOR = person("Noor", { isContact: false });
const LONG = person("Wolfeschlegelsteinhausenbergerdorff the Elder of that Name", { isContact: false });

const member = (who: PersonView, role: GroupRole = "member", more: Partial<MemberView> = {}): MemberView => ({
  ...who,
  role,
  devices: 1,
  isLeaving: false,
  isVerified: false,
  canRemove: false,
  canSetRole: false,
  ...more,
});

const chat = (id: string, name: string, memberCount: number, more: Partial<GroupChatView> = {}): GroupChatView => ({
  kind: "group",
  id,
  name,
  memberCount,
  picture: null,
  role: "member",
  mayWrite: true,
  disappearAfter: null,
  state: "active",
  way: "nodes",
  unread: 0,
  draft: "",
  last: null,
  activeAt: now,
  missing: 0,
  homeNodes: ["wss://one.node.example", "wss://two.node.example", "wss://three.node.example"],
  notices: [],
  ...more,
});

const ALL_MAY: GroupView["may"] = {
  write: true,
  add: true,
  info: true,
  pin: true,
  administrate: true,
  passOn: true,
};
const NONE_MAY: GroupView["may"] = {
  write: false,
  add: false,
  info: false,
  pin: false,
  administrate: false,
  passOn: false,
};

const group = (name: string, members: readonly MemberView[], more: Partial<GroupView> = {}): GroupView => ({
  name,
  description: "",
  picture: null,
  members,
  role: members.find(({ isSelf }) => isSelf)?.role ?? null,
  permissions: { write: "everyone", add: "everyone", info: "admins", pin: "admins" },
  may: ALL_MAY,
  disappearAfter: null,
  links: [],
  joinRequests: [],
  pending: [],
  hold: null,
  ...more,
});

const CODE = `g1.${"pGFpWCD5b2pR3l0yQ7dX8kVn2c6sT4hWm1ZaUeJ0bNfKgRxYAWFuWCDoP9tLq5vH".repeat(2)}`;

const choir = group(
  "Choir on Tuesdays",
  [
    member(ME, "owner", { devices: 3 }),
    member(MIRA, "admin", { isVerified: true, devices: 2, canRemove: true, canSetRole: true }),
    member(LAYLA, "member", { canRemove: true, canSetRole: true }),
    member(INES, "member", { isLeaving: true, canRemove: true, canSetRole: true }),
    member(TOMAS, "member", { canRemove: true, canSetRole: true, devices: 2 }),
    member(NOOR, "member", { canRemove: true, canSetRole: true }),
    member(LONG, "member", { canRemove: true, canSetRole: true }),
  ],
  {
    picture: { id: LAKE, isHere: true },
    description: "Rehearsals at seven, in the old gym.\nBring water, and the green folder.",
    disappearAfter: 28 * 86_400,
    links: [
      {
        id: "l1",
        by: ME,
        needsApproval: true,
        expiresAt: now + 6 * DAY,
        link: `https://chat.example/#${CODE}`,
        code: CODE,
        state: "open",
        canRevoke: true,
      },
      {
        id: "l2",
        by: MIRA,
        needsApproval: false,
        expiresAt: null,
        link: null,
        code: null,
        state: "open",
        canRevoke: true,
      },
    ],
    joinRequests: [
      {
        id: "j1",
        person: person("Amara", { isContact: false }),
        greeting: "Hello! I sing alto, Mira gave me the link.",
        receivedAt: now - 40 * MINUTE,
      },
      { id: "j2", person: person("Jonas"), greeting: "", receivedAt: now - 3 * HOUR },
    ],
    pending: [
      { id: "p1", action: { kind: "name", to: "Choir on Wednesdays" } },
      { id: "p2", action: { kind: "role", person: LAYLA, to: "admin" } },
    ],
  },
);

const CROWD_NAMES =
  "Ada Bela Cem Dora Emil Farah Gita Hugo Ida Jan Kofi Lena Max Nils Olga Per Rosa Sven Tove Uma".split(" ");
const crowd: readonly MemberView[] = Array.from({ length: 249 }, (_, index) => {
  const name = `${CROWD_NAMES[index % CROWD_NAMES.length]} ${"ABCDEFGHIJKLM"[Math.floor(index / CROWD_NAMES.length)]}.`;
  return member(person(name, { isContact: index % 5 === 0 }), index === 0 ? "owner" : index < 4 ? "admin" : "member", {
    devices: 1 + (index % 3),
  });
});

export const GROUPS: Readonly<Record<string, GroupView>> = {
  choir,
  crowd: group("Neighbours of the Lindenstrasse and all of the streets around it", [member(ME), ...crowd], {
    may: NONE_MAY,
    permissions: { write: "admins", add: "admins", info: "owner", pin: "admins" },
  }),
  held: group("Kitchen", [member(ME), member(MIRA, "owner"), member(TOMAS), member(NOOR)], {
    may: { ...NONE_MAY, write: true, add: true },
    hold: { people: [NOOR] },
  }),
  alone: group("Notes", [member(ME, "owner")]),
  left: group("Old flat", [], { may: NONE_MAY }),
  thrown: group("Book club", [], { may: NONE_MAY }),
};

export const GROUP_CHATS: readonly GroupChatView[] = [
  chat("choir", "Choir on Tuesdays", 7, {
    picture: LAKE,
    unread: 3,
    activeAt: now - 2 * MINUTE,
    last: {
      kind: "text",
      text: "And who brings the keys?",
      at: now - 2 * MINUTE,
      isOwn: false,
      author: NOOR,
      delivery: null,
    },
    notices: [
      { kind: "gap", id: "a", at: now - 5 * HOUR, changedAt: now - 4 * HOUR, state: "closed", of: "them", count: 2 },
      { kind: "equivocation", id: "b", at: now - 3 * HOUR, changedAt: now - 3 * HOUR, of: "them", sequence: 40 },
    ],
  }),
  chat("crowd", "Neighbours of the Lindenstrasse and all of the streets around it", 250, {
    activeAt: now - 30 * MINUTE,
    last: {
      kind: "text",
      text: "The water is off until noon.",
      at: now - 30 * MINUTE,
      isOwn: false,
      author: crowd[0]!,
      delivery: null,
    },
  }),
  chat("held", "Kitchen", 4, {
    activeAt: now - 2 * HOUR,
    draft: "I think we should",
    last: { kind: "text", text: "Soup is ready", at: now - 2 * HOUR, isOwn: false, author: MIRA, delivery: null },
  }),
  chat("alone", "Notes", 1, { activeAt: now - 26 * HOUR, way: "none" }),
  chat("left", "Old flat", 0, { activeAt: now - 9 * DAY, state: "ended", way: "none", homeNodes: [] }),
  chat("thrown", "Book club", 0, { activeAt: now - 20 * DAY, state: "ended", way: "none", homeNodes: [] }),
];

const said = (author: PersonView, text: string, at: number): MessageView => message(text, at, null, { author });
const record = (by: PersonView | null, at: number, ...actions: readonly GroupActionView[]): MessageView =>
  message("", at, null, { author: by, content: { kind: "record", record: { by, actions } } });

function choirTalk(): MessageView[] {
  const start = now - 26 * HOUR;
  const read = { state: "read", via: "nodes" } as const;
  return [
    record(ME, start, { kind: "created" }),
    record(
      ME,
      start + MINUTE,
      { kind: "added", person: MIRA },
      { kind: "added", person: LAYLA },
      { kind: "added", person: INES },
      { kind: "added", person: TOMAS },
      { kind: "added", person: LONG },
    ),
    record(ME, start + 2 * MINUTE, { kind: "role", person: MIRA, to: "admin" }),
    message("Welcome, all of you!", start + 3 * MINUTE, read),
    said(MIRA, "Thank you for making this 🎶", start + 5 * MINUTE),
    said(MIRA, "Now nobody needs the telephone list any more.", start + 6 * MINUTE),
    said(TOMAS, "Which floor was it?", start + 7 * MINUTE),
    said(LAYLA, "الطابق الثاني، بجانب المكتبة", start + 8 * MINUTE),
    record(
      MIRA,
      start + 9 * MINUTE,
      { kind: "added", person: NOOR },
      { kind: "permission", name: "info", to: "admins" },
    ),
    record(ME, start + 10 * MINUTE, { kind: "timer", to: 28 * 86_400 }),
    record(INES, start + 20 * MINUTE, { kind: "leaving", person: INES, isLeaving: true }),
    record(null, start + 21 * MINUTE, { kind: "other" }),
    said(LONG, "I have a cold, so I shall only listen today. ".repeat(4), now - 60 * MINUTE),
    message("Get well soon", now - 50 * MINUTE, { state: "delivered", via: "nodes" }),
    message("See you at seven", now - 49 * MINUTE, { state: "stored", count: 2, of: 3 }),
    said(INES, "👍", now - 30 * MINUTE),
    said(NOOR, "I am new here: where do I come in?", now - 4 * MINUTE),
    said(MIRA, "By the yard, the green door.", now - 3 * MINUTE),
    said(NOOR, "And who brings the keys?", now - 2 * MINUTE),
  ];
}

export const groupTalks = (): readonly (readonly [string, MessageView[]])[] => [
  ["choir", choirTalk()],
  ["crowd", [said(crowd[0]!, "The water is off until noon.", now - 30 * MINUTE)]],
  ["held", [said(TOMAS, "Who cooks?", now - 3 * HOUR), said(MIRA, "Soup is ready", now - 2 * HOUR)]],
  ["alone", [record(ME, now - 26 * HOUR, { kind: "created" })]],
  ["left", [said(MIRA, "Goodbye", now - 10 * DAY), record(MIRA, now - 9 * DAY, { kind: "left", person: ME })]],
  [
    "thrown",
    [said(TOMAS, "Next is page 90", now - 21 * DAY), record(TOMAS, now - 20 * DAY, { kind: "removed", person: ME })],
  ],
];

export const JOINING: readonly JoiningView[] = [
  {
    group: "allotment",
    name: "Allotment 14",
    by: "Jonas",
    needsApproval: true,
    askedAt: now - 5 * HOUR,
    state: "waiting",
  },
  { group: "cinema", name: "", by: "Amara", needsApproval: false, askedAt: now - 15 * DAY, state: "over" },
];

export const GROUP_PREVIEW: GroupLinkPreview = {
  group: "allotment",
  name: "Allotment 14",
  description: "Who waters when. Seeds to swap on Sundays.",
  members: 23,
  needsApproval: true,
  by: { name: "Jonas", accountId: "xc1jonas", known: null },
  nodes: ["wss://chat.example/"],
  existingChat: null,
  isAsked: false,
};
