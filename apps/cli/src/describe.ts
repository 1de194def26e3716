/** Views in words for people. Whatever came from others goes through `safe-text.ts` here. */
import {
  type ChatNotice,
  type ChatView,
  type Delivery,
  type DoctorCheck,
  type InvitationView,
  type KnownPersonView,
  type MessageView,
  type NodeView,
  type RelayView,
  type RequestView,
  typedAddress,
} from "@xchat/client/api";
import { recordWords } from "./describe-group.ts";
import type { Output } from "./output.ts";
import { cut, safeLine, safeText } from "./safe-text.ts";

/** So much of an id tells one from another; commands take any beginning of at least `MIN_ID` characters. */
const SHORT_ID = 8;
export const MIN_ID = 4;
const MAX_LAST_TEXT = 60;
const MAX_REPLY_TEXT = 40;

export const shortId = (id: string): string => safeLine(id.slice(0, SHORT_ID));

/** By the clock and time zone of this machine. */
export function timeWords(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return "unknown time";
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const QUEUED_WORDS = {
  "waiting-for-acceptance": "waits until they accept",
  "no-node": "no node can be reached",
  "no-relay": "no relay leads to a node",
  "node-refuses": "the node refuses it",
  "clock-wrong": "the clock of this machine is wrong",
  sending: "sending",
  offline: "offline",
} as const;

export function deliveryWords(delivery: Delivery): string {
  switch (delivery.state) {
    case "queued":
      return `queued: ${QUEUED_WORDS[delivery.why]}`;
    case "stored":
      return `stored ${delivery.count} of ${delivery.of}`;
    case "delivered":
    case "read":
      return `${delivery.state}, ${delivery.via === "direct" ? "directly" : "through a node"}`;
    case "unsent":
      return "not sent: the chat ended before";
  }
}

const NOTICE_WORDS = {
  accepted: "you can write to each other now",
  verified: "marked as verified",
  unverified: "no longer marked as verified",
  "direct-on": "direct connections are allowed",
  "direct-off": "direct connections are off",
} as const;

function lostWords({ state, count }: Extract<MessageView["content"], { kind: "lost" }>): string {
  const what = count === null || count === 1 ? "a message is" : `${count} messages are`;
  return state === "asked" ? `${what} missing here, and asked for` : `${what} lost here: nobody has them any more`;
}

function contentWords({ content }: MessageView): string {
  switch (content.kind) {
    case "text":
      return safeText(content.text).replaceAll("\n", "\n    ");
    case "lost":
      return `(${lostWords(content)})`;
    case "notice":
      return `(${NOTICE_WORDS[content.notice]})`;
    case "record":
      return `(${recordWords(content.record)})`;
    case "deleted":
      return "(deleted by its author)";
    case "pin":
      return content.isPinned
        ? `(pinned ${shortId(content.target)})`
        : `(took the pin of ${shortId(content.target)} away)`;
    case "unknown":
      return "(written by a newer version; it is kept)";
  }
}

export function messageWords(message: MessageView, name: string, { strong, faint }: Output): string {
  const time = faint(timeWords(message.sentAt));
  const { kind } = message.content;
  if (kind === "notice" || kind === "record") return `${time}  ${contentWords(message)}`;
  const who = strong(message.isOwn ? "me" : safeLine(message.author?.name ?? name));
  const state = message.delivery === null ? "" : faint(`  [${deliveryWords(message.delivery)}]`);
  const marks = marksWords(message);
  const line = `${time}  ${faint(shortId(message.id))}  ${who}: ${replyWords(message)}${contentWords(message)}`;
  return `${line}${marks === "" ? "" : faint(`  (${marks})`)}${state}`;
}

/** What others have put to a message of one's own, a line each. */
export const reactionLines = (message: MessageView, { strong, faint }: Output): readonly string[] => {
  const { id, content, reactions } = message;
  const words = content.kind === "text" ? ` ${faint(`(to "${safeLine(cut(content.text, MAX_REPLY_TEXT))}")`)}` : "";
  return reactions.flatMap(({ reaction, people }) =>
    people
      .filter(({ isSelf }) => !isSelf)
      .map(({ name }) => `${faint(shortId(id))}  ${strong(safeLine(name))}: ${safeLine(reaction)}${words}`),
  );
};

function replyWords({ replyTo }: MessageView): string {
  if (replyTo === null) return "";
  if (replyTo.state !== "there") return `[to a message that is ${replyTo.state}] `;
  const whose = replyTo.person.isSelf ? "me" : safeLine(replyTo.person.name);
  return `[to ${whose}: ${safeLine(cut(replyTo.text, MAX_REPLY_TEXT))}] `;
}

function marksWords(message: MessageView): string {
  const { earlier, reactions, isPinned, isStarred, isForwarded, disappearsAt, isDisappearing } = message;
  return [
    isForwarded ? "forwarded" : "",
    earlier.length > 0 ? "edited" : "",
    ...reactions.map(({ reaction, people }) => {
      const names = people.map(({ name, isSelf }) => (isSelf ? "me" : safeLine(name)));
      return `${safeLine(reaction)} ${names.join(", ")}`;
    }),
    isPinned ? "pinned" : "",
    isStarred ? "starred" : "",
    disappearsAt === null ? (isDisappearing ? "disappears once read" : "") : `disappears ${timeWords(disappearsAt)}`,
  ]
    .filter((mark) => mark !== "")
    .join("; ");
}

const SPANS = [
  [604_800, "week"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
] as const;

/** In the largest unit that it is a whole number of. */
export function spanWords(seconds: number): string {
  const [size, name] = SPANS.find(([one]) => seconds % one === 0) ?? [1, "second"];
  return counted(seconds / size, name);
}

/** "1 chat", "2 chats". */
export const counted = (count: number, name: string): string => `${count} ${name}${count === 1 ? "" : "s"}`;

const lastOf = (last: NonNullable<ChatView["last"]>): string =>
  last.record === undefined ? `${lastAuthor(last)}${lastWords(last)}` : recordWords(last.record);

const lastAuthor = ({ isOwn, author }: NonNullable<ChatView["last"]>): string =>
  isOwn ? "me: " : author === null ? "" : `${safeLine(author.name)}: `;

const CHAT_STATES = { waiting: "waiting for their yes", active: "", ended: "ended" } as const;

export function chatWords(chat: ChatView, { strong, faint }: Output): string {
  const marks = [
    CHAT_STATES[chat.state],
    chat.kind === "group" ? (chat.memberCount === 1 ? "1 person" : `${chat.memberCount} people`) : "",
    chat.kind === "pair" && chat.isVerified ? "verified" : "",
    chat.kind === "pair" && chat.isBlocked ? "blocked" : "",
    chat.way === "direct" ? "direct" : "",
    chat.unread > 0 ? strong(`${chat.unread} new`) : "",
    chat.disappearAfter === null ? "" : `disappearing after ${spanWords(chat.disappearAfter)}`,
    chat.missing > 0 ? `${chat.missing} missing` : "",
  ].filter((mark) => mark !== "");
  const words = `${faint(shortId(chat.id))}  ${strong(safeLine(chat.name))}`;
  const last = chat.last === null ? "" : `  ${lastOf(chat.last)}`;
  return `${words}${marks.length > 0 ? ` (${marks.join(", ")})` : ""}${last}`;
}

const LAST_WORDS = {
  deleted: "(deleted)",
  pin: "(a pin)",
  unknown: "(written by a newer version)",
  lost: "(missing)",
  notice: "",
  record: "",
  text: "",
} as const;

const lastWords = ({ kind, text }: NonNullable<ChatView["last"]>): string =>
  kind === "text" ? safeLine(cut(text, MAX_LAST_TEXT)) : LAST_WORDS[kind];

const GAP_WORDS = {
  asked: "did not come, and are being asked for",
  closed: "came late",
  "given-up": "could not be had from anybody",
} as const;
const IDENTITY_WORDS = {
  newer: "the list of their devices has changed",
  recovered: "they have recovered their account by their 24 words; earlier devices of theirs are out",
  "rolled-back": "an old list of their devices was shown; the newer one counts",
  forked: "two lists of their devices contradict each other; compare the safety number",
} as const;

const FORK_WORDS = {
  healed: "two changes were made at the same time; one of them counts now",
  "node-signed-twice": "a home node has confirmed two different things in one place, which is proved: replace it",
  "member-contradicts": "a device here has contradicted itself when making changes: it was copied, or is misused",
  held: "somebody who had been removed is back; nothing is sent until they are out again",
  released: "somebody who had been removed was back for a while, and is out again",
  outside: "this device has fallen out of this chat; it asks the others to let it in again",
  back: "this device had fallen out of this chat, and is back",
} as const;

export function noticeWords(notice: ChatNotice): string {
  switch (notice.kind) {
    case "gap": {
      const whose = notice.of === "me" ? "of yours" : "of theirs";
      return `messages ${whose}${notice.count === null ? "" : ` (${notice.count})`} ${GAP_WORDS[notice.state]}`;
    }
    case "equivocation":
      return notice.of === "me"
        ? "this device has written two different messages with one number: its store was copied"
        : "their device has written two different messages with one number: it was copied, or it lies";
    case "behind":
      return "this store is an old copy of itself, or was copied: messages of this device came that it had not";
    case "refused":
      return `an ${notice.what} was refused: ${safeLine(notice.reason)} (${notice.count} times)`;
    case "identity":
      return IDENTITY_WORDS[notice.change];
    case "fork":
      return FORK_WORDS[notice.what];
  }
}

export function requestWords(request: RequestView, { strong, faint }: Output): string {
  const greeting = request.greeting === "" ? "" : `: ${safeText(request.greeting).replaceAll("\n", "\n    ")}`;
  const label = request.invitationLabel === "" ? "" : faint(`  [${safeLine(request.invitationLabel)}]`);
  const known = request.known === null ? "" : `  (${knownWords(request.known)})`;
  return `${faint(shortId(request.id))}  ${strong(safeLine(request.name))}${known}${greeting}${label}`;
}

/** Somebody who is met again. */
export function knownWords({ name, isVerified, change }: KnownPersonView): string {
  const who = `your contact ${safeLine(name)}${isVerified ? ", verified" : ""}`;
  return change === null ? who : `${who}; ${IDENTITY_WORDS[change]}`;
}

export const invitationWords = (invitation: InvitationView, { faint }: Output): string =>
  [
    faint(shortId(invitation.id)),
    invitation.state,
    invitation.isLasting ? `lasting, used ${invitation.uses} times` : "for one person",
    invitation.state === "open" || invitation.state === "preparing" ? `until ${timeWords(invitation.expiresAt)}` : "",
    safeLine(invitation.label),
  ]
    .filter((word) => word !== "")
    .join("  ");

export const addressWords = (address: string): string => safeLine(typedAddress(address));

const NODE_STATES = {
  connecting: "connecting",
  ready: "ready",
  down: "cannot be reached",
  "key-changed": "is not the node that it was",
  "clock-wrong": "its clock and that of this machine differ",
  refused: "refuses",
  "no-relay": "no relay leads to it, or none may: what you write waits",
} as const;

export const nodeWords = (node: NodeView, { faint }: Output): string =>
  `${addressWords(node.address)}  ${NODE_STATES[node.state]}${node.via === null ? "" : `, through ${addressWords(node.via)}`}${
    node.retryAt === null ? "" : `, next try at ${timeWords(node.retryAt)}`
  }  ${faint(safeLine(node.keyHash))}`;

const RELAY_STATES = {
  idle: "not used so far",
  connecting: "connecting",
  ready: "ready",
  down: "cannot be reached",
  "key-changed": "is not the node that it was",
  "clock-wrong": "its clock and that of this machine differ",
  "not-a-relay": "says that it is no relay any more",
} as const;

export const relayWords = ({ address, state, operator, keyHash }: RelayView, { faint }: Output): string =>
  [
    addressWords(address),
    RELAY_STATES[state],
    ...(operator === null ? [] : [`run by ${safeLine(operator)}, as it says`]),
    faint(safeLine(keyHash)),
  ].join("  ");

const HOUR = 3_600_000;

/** `error`: milliseconds ahead, negative behind. */
export function clockWords(error: number): string {
  const hours = Math.round(Math.abs(error) / HOUR);
  const by = hours === 0 ? "less than an hour" : hours === 1 ? "about an hour" : `about ${hours} hours`;
  return (
    `The clock of this machine is ${error > 0 ? "ahead" : "behind"} by ${by}, as the nodes say. ` +
    "Set date, time and time zone. What you write is kept, and goes when the clock is right."
  );
}

const CHECK_MARKS = { good: "ok     ", warning: "warning", bad: "BAD    " } as const;

export const checkWords = ({ state, name, detail }: DoctorCheck): string =>
  `${CHECK_MARKS[state]}  ${safeLine(name)}: ${safeLine(detail)}`;
