/** Views in words for people. Whatever came from others goes through `safe-text.ts` here. */
import type {
  ChatNotice,
  ChatView,
  Delivery,
  DoctorCheck,
  InvitationView,
  MessageView,
  NodeView,
  RequestView,
} from "@xchat/client/api";
import type { Output } from "./output.ts";
import { cut, safeLine, safeText } from "./safe-text.ts";

/** So much of an id tells one from another; commands take any beginning of at least `MIN_ID` characters. */
const SHORT_ID = 8;
export const MIN_ID = 4;
const MAX_LAST_TEXT = 60;

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
  "no-node": "no node",
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
    case "unknown":
      return "(written by a newer version; it is kept)";
  }
}

export function messageWords(message: MessageView, name: string, { strong, faint }: Output): string {
  const time = faint(timeWords(message.sentAt));
  if (message.content.kind === "notice") return `${time}  ${contentWords(message)}`;
  const who = strong(message.isOwn ? "me" : safeLine(name));
  const state = message.delivery === null ? "" : faint(`  [${deliveryWords(message.delivery)}]`);
  return `${time}  ${who}: ${contentWords(message)}${state}`;
}

const CHAT_STATES = { waiting: "waiting for their yes", active: "", ended: "ended" } as const;

export function chatWords(chat: ChatView, { strong, faint }: Output): string {
  const marks = [
    CHAT_STATES[chat.state],
    chat.isVerified ? "verified" : "",
    chat.isBlocked ? "blocked" : "",
    chat.way === "direct" ? "direct" : "",
    chat.unread > 0 ? strong(`${chat.unread} new`) : "",
    chat.missing > 0 ? `${chat.missing} missing` : "",
  ].filter((mark) => mark !== "");
  const words = `${faint(shortId(chat.id))}  ${strong(safeLine(chat.name))}`;
  const last =
    chat.last === null ? "" : `  ${chat.last.isOwn ? "me: " : ""}${safeLine(cut(chat.last.text, MAX_LAST_TEXT))}`;
  return `${words}${marks.length > 0 ? ` (${marks.join(", ")})` : ""}${last}`;
}

const GAP_WORDS = {
  asked: "did not come, and are being asked for",
  closed: "came late",
  "given-up": "could not be had from anybody",
} as const;
const IDENTITY_WORDS = {
  newer: "the list of their devices has changed",
  "rolled-back": "an old list of their devices was shown; the newer one counts",
  forked: "two lists of their devices contradict each other; compare the safety number",
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
  }
}

export function requestWords(request: RequestView, { strong, faint }: Output): string {
  const greeting = request.greeting === "" ? "" : `: ${safeText(request.greeting).replaceAll("\n", "\n    ")}`;
  const label = request.invitationLabel === "" ? "" : faint(`  [${safeLine(request.invitationLabel)}]`);
  return `${faint(shortId(request.id))}  ${strong(safeLine(request.name))}${greeting}${label}`;
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

const NODE_STATES = {
  connecting: "connecting",
  ready: "ready",
  down: "cannot be reached",
  "key-changed": "is not the node that it was",
  "clock-wrong": "its clock and that of this machine differ",
  refused: "refuses",
} as const;

export const nodeWords = (node: NodeView, { faint }: Output): string =>
  `${safeLine(node.address)}  ${NODE_STATES[node.state]}${
    node.retryAt === null ? "" : `, next try at ${timeWords(node.retryAt)}`
  }  ${faint(safeLine(node.keyHash))}`;

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
