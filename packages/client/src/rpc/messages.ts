/**
 * The messages of the client's interface: plain data, the same over a structured clone and as JSON.
 *
 * R1 Ids are chosen by the caller, are not in use while it waits, and name one call or one watch.
 * R2 Whatever does not have the shape of a message is dropped; a call or watch with an id and a bad rest is refused
 *    with "internal". Nothing that is received makes either side throw.
 * R3 An error crosses as its code alone: no text, stack or cause of the serving side is told.
 */
import { INTENT_ERROR_CODES, type IntentErrorCode, type IntentInput, type IntentName, type Query } from "../api.ts";
import {
  flag,
  isRecord,
  listOf,
  MALFORMED,
  oneOf,
  orNull,
  partialRecord,
  record,
  recordWith,
  text,
  whole,
  type Shape,
} from "./shape.ts";

export type Request =
  | { readonly kind: "call"; readonly id: number; readonly intent: IntentName; readonly input: unknown }
  | { readonly kind: "watch"; readonly id: number; readonly query: Query }
  | { readonly kind: "unwatch"; readonly id: number };

export type Answer =
  | { readonly kind: "output"; readonly id: number; readonly output: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly code: IntentErrorCode }
  | { readonly kind: "view"; readonly id: number; readonly view: unknown };

/** Longest text of an intent, in UTF-16 code units. The client's own limits are lower, and have words. */
export const MAX_TEXT = 1 << 20;
/** Passphrases, names, labels. */
const MAX_SHORT_TEXT = 1 << 14;
const MAX_ID = 1024;
const MAX_PAGE = 10_000;
const MAX_MEMBERS = 4_096;
const MAX_LIST = 256;

const id = text(MAX_ID);
const short = text(MAX_SHORT_TEXT);
const long = text(MAX_TEXT);
/** In base64; the client's own limit is lower. */
const picture = text(1 << 16);
const nothing = record({});
const chatOnly = record({ chat: id });
const message = { chat: id, id };
const place = whole(MAX_TEXT);
const mentions = listOf(record({ start: place, end: place, accountId: id }), MAX_LIST);

const members = listOf(id, MAX_MEMBERS);
const infoText = partialRecord({ name: short, description: short });
const groupInfo: Shape<IntentInput<"setGroupInfo">> = (value) => {
  const chat = chatOnly(value);
  const changes = infoText(value);
  return chat === MALFORMED || changes === MALFORMED ? MALFORMED : { ...chat, ...changes };
};

const INPUT_SHAPES: { readonly [N in IntentName]: Shape<IntentInput<N>> } = {
  createProfile: record({ name: short, passphrase: orNull(short) }),
  unlock: record({ passphrase: short }),
  lock: nothing,
  setName: record({ name: short }),
  setPassphrase: record({ current: orNull(short), next: orNull(short) }),
  setSettings: partialRecord({ directAllowed: flag, shareReadState: flag }),
  recoveryWords: nothing,
  confirmRecoveryWords: record({ forget: flag }),
  createInvitation: record({ label: short, isLasting: flag, days: whole(100_000) }),
  revokeInvitation: record({ id }),
  previewInvitation: record({ text: long }),
  acceptInvitation: record({ text: long, greeting: long, mayDirect: flag }),
  answerRequest: record({ id, answer: oneOf("accept", "decline", "block"), mayDirect: flag }),
  sendMessage: recordWith({ chat: id, text: long }, { replyTo: orNull(id), mentions }),
  editMessage: recordWith({ ...message, text: long }, { mentions }),
  deleteMessage: record({ ...message, who: oneOf("me", "everyone") }),
  setReaction: record({ ...message, reaction: id, isOn: flag }),
  setStarred: record({ ...message, isStarred: flag }),
  setPinned: record({ ...message, isPinned: flag }),
  forwardMessages: record({ chat: id, ids: listOf(id, MAX_LIST), to: listOf(id, MAX_LIST) }),
  pinnedMessages: chatOnly,
  starredMessages: record({ chat: orNull(id), limit: whole(MAX_PAGE) }),
  messages: record({ chat: id, before: orNull(id), limit: whole(MAX_PAGE) }),
  messagesAround: record({ chat: id, id, limit: whole(MAX_PAGE) }),
  messagesAfter: record({ chat: id, after: id, limit: whole(MAX_PAGE) }),
  search: record({ text: short, chat: orNull(id), limit: whole(MAX_PAGE) }),
  markRead: record({ chat: id, upTo: id }),
  setDraft: record({ chat: id, text: long }),
  setPetname: record({ chat: id, petname: orNull(short) }),
  setMayDirect: record({ chat: id, mayDirect: flag }),
  setBlocked: record({ chat: id, isBlocked: flag }),
  deleteChat: chatOnly,
  safetyNumber: chatOnly,
  checkSafetyCode: record({ chat: id, code: short }),
  setVerified: record({ chat: id, isVerified: flag }),
  addNode: record({ address: short }),
  removeNode: record({ address: short }),
  addRelay: record({ address: short }),
  removeRelay: record({ address: short }),
  setWhenNoRelay: record({ way: oneOf("wait", "direct") }),
  retryNow: nothing,
  export: nothing,
  doctor: nothing,
  findBackups: record({ words: short, nodes: listOf(short, 16) }),
  recoverAccount: record({ backup: id, passphrase: orNull(short) }),
  forgetSearch: nothing,
  turnOnBackup: record({ words: short }),
  changeWords: record({ words: orNull(short) }),
  writeBackup: nothing,
  dropRecoveredChat: chatOnly,
  startLink: record({ passphrase: orNull(short) }),
  typeLinkDigits: record({ digits: short }),
  denyLink: nothing,
  enterLinkCode: record({ text: long, deviceName: short, passphrase: orNull(short) }),
  acceptLink: nothing,
  endLink: nothing,
  renameDevice: record({ id, name: short }),
  removeDevice: record({ id, passphrase: orNull(short) }),
  askHistory: record({ id }),
  endHistory: nothing,
  answerHistory: record({ id, isAllowed: flag }),
  stopGivingHistory: record({ id }),
  createGroup: record({ name: short, description: short, members }),
  setGroupInfo: groupInfo,
  setGroupPicture: record({ chat: id, jpeg: orNull(picture) }),
  groupPicture: chatOnly,
  addMembers: record({ chat: id, members }),
  removeMember: record({ chat: id, accountId: id }),
  setRole: record({ chat: id, accountId: id, role: oneOf("owner", "admin", "member") }),
  setPermission: record({
    chat: id,
    name: oneOf("write", "add", "info", "pin"),
    holder: oneOf("everyone", "admins", "owner"),
  }),
  setDisappearing: record({ chat: id, seconds: orNull(whole(0xffff_ffff)) }),
  leaveGroup: chatOnly,
  cancelPending: record({ chat: id, id }),
  writeAllTheSame: chatOnly,
  createGroupLink: record({ chat: id, needsApproval: flag, days: orNull(whole(100_000)) }),
  revokeGroupLink: record({ chat: id, id }),
  answerJoinRequest: record({ chat: id, id, accept: flag }),
  previewGroupLink: record({ text: long }),
  joinGroup: record({ text: long, greeting: long }),
  giveUpJoining: record({ group: id }),
};

const QUERY_SHAPES: { readonly [V in Query["view"]]: Shape<Extract<Query, { view: V }>> } = {
  profile: record({ view: oneOf("profile") }),
  chats: record({ view: oneOf("chats") }),
  requests: record({ view: oneOf("requests") }),
  invitations: record({ view: oneOf("invitations") }),
  network: record({ view: oneOf("network") }),
  backup: record({ view: oneOf("backup") }),
  recovery: record({ view: oneOf("recovery") }),
  link: record({ view: oneOf("link") }),
  devices: record({ view: oneOf("devices") }),
  joining: record({ view: oneOf("joining") }),
  messages: record({ view: oneOf("messages"), chat: id }),
  group: record({ view: oneOf("group"), chat: id }),
};

/** `null`: no message at all. `refused`: it has an id, and is answered with "internal". */
export function readRequest(message: unknown): Request | { readonly kind: "refused"; readonly id: number } | null {
  const head = readHead(message);
  if (head === null) return null;
  const { fields, id: requestId } = head;
  switch (fields["kind"]) {
    case "call": {
      const intent = fields["intent"];
      if (!isIntentName(intent)) return { kind: "refused", id: requestId };
      const input = INPUT_SHAPES[intent](fields["input"]);
      return input === MALFORMED ? { kind: "refused", id: requestId } : { kind: "call", id: requestId, intent, input };
    }
    case "watch": {
      const query = readQuery(fields["query"]);
      return query === MALFORMED ? { kind: "refused", id: requestId } : { kind: "watch", id: requestId, query };
    }
    case "unwatch":
      return { kind: "unwatch", id: requestId };
    default:
      return null;
  }
}

export function readAnswer(message: unknown): Answer | null {
  const head = readHead(message);
  if (head === null) return null;
  const { fields, id: answerId } = head;
  switch (fields["kind"]) {
    case "output":
      return { kind: "output", id: answerId, output: fields["output"] };
    case "failure":
      return { kind: "failure", id: answerId, code: readCode(fields["code"]) };
    case "view":
      return { kind: "view", id: answerId, view: fields["view"] };
    default:
      return null;
  }
}

/** Whether a view has the outer form of what was asked for; what is within comes from the owner of the profile. */
export function isViewOf(query: Query, view: unknown): boolean {
  switch (query.view) {
    case "chats":
    case "requests":
    case "invitations":
    case "joining":
      return Array.isArray(view) && view.every(isRecord);
    case "messages":
      return isRecord(view) && Array.isArray(view["changed"]) && Array.isArray(view["removed"]);
    case "network":
      return isRecord(view) && Array.isArray(view["nodes"]);
    case "group":
      return isRecord(view) && Array.isArray(view["members"]);
    case "profile":
    case "backup":
      return isRecord(view) && typeof view["state"] === "string";
    case "recovery":
      return view === null || (isRecord(view) && Array.isArray(view["chats"]));
    case "link":
      return isRecord(view) && typeof view["kind"] === "string";
    case "devices":
      return isRecord(view) && Array.isArray(view["devices"]);
  }
}

function readHead(
  message: unknown,
): { readonly fields: Readonly<Record<string, unknown>>; readonly id: number } | null {
  if (!isRecord(message)) return null;
  const requestId = whole(Number.MAX_SAFE_INTEGER)(message["id"]);
  return requestId === MALFORMED ? null : { fields: message, id: requestId };
}

const isIntentName = (value: unknown): value is IntentName =>
  typeof value === "string" && Object.hasOwn(INPUT_SHAPES, value);

function readQuery(value: unknown): Query | typeof MALFORMED {
  const view = isRecord(value) ? value["view"] : undefined;
  if (typeof view !== "string" || !Object.hasOwn(QUERY_SHAPES, view)) return MALFORMED;
  return QUERY_SHAPES[view as Query["view"]](value);
}

const readCode = (value: unknown): IntentErrorCode => INTENT_ERROR_CODES.find((code) => code === value) ?? "internal";
