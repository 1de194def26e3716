/** Groups: making one, who is in it, who may do what, and how others come in. */
import {
  IntentError,
  type GroupChatView,
  type GroupHolder,
  type GroupPermissionName,
  type GroupRole,
  type GroupView,
  type MemberView,
} from "@xchat/client/api";
import { shortId } from "../describe.ts";
import { actionWords, durationWords, groupWords, memberWords } from "../describe-group.ts";
import { safeLine } from "../safe-text.ts";
import { findChat, onlyOne, textFlag, UsageError, view, type Command, type CommandInput } from "./command.ts";
import { joinRequests, link } from "./group-links.ts";
import { picture } from "./group-picture.ts";
import { giveUp } from "./joining.ts";

export interface GroupInput extends CommandInput {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  /** What follows the verb and the chat. */
  readonly rest: readonly string[];
}

type Verb = (input: GroupInput) => Promise<void>;

/** Flags of one verb alone: another refuses them. */
const VERB_FLAGS: Readonly<Record<string, readonly string[]>> = {
  create: ["description"],
  describe: [],
  link: ["open", "days", "no-end"],
};

export const group: Command = {
  usage: [
    "group create NAME [CHAT…] [--description TEXT]",
    "group info CHAT",
    "group add CHAT CONTACT…",
    "group remove CHAT MEMBER",
    "group role CHAT MEMBER admin|member|owner",
    "group rename CHAT NAME",
    "group describe CHAT TEXT",
    "group picture CHAT FILE.jpg | none | save FILE.jpg",
    "group permit CHAT write|add|info|pin everyone|admins|owner",
    "group timer CHAT off|30m|8h|7d|4w",
    "group link CHAT [--open] [--days N | --no-end]",
    "group link CHAT list",
    "group link CHAT revoke ID",
    "group requests CHAT [accept|decline ID]",
    "group give-up ID",
    "group cancel CHAT ID",
    "group leave CHAT --yes",
  ].join("   "),
  does: "make a group and look after it; MEMBER is a name or the beginning of an account id",
  flags: ["description", "open", "days", "no-end", "yes"],
  isOfNews: true,
  run: async (input) => {
    const [verb = "", ...args] = input.args;
    checkVerbFlags(verb, input);
    if (verb === "create") return create(input, args);
    if (verb === "give-up") return giveUp(input, args);
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (run === undefined) throw new UsageError("group what? See: xchat help group");
    const chat = await findGroup(input, args[0]);
    const found = await view(input.api, { view: "group", chat: chat.id });
    await run({ ...input, chat, group: found, rest: args.slice(1) });
  },
};

function checkVerbFlags(verb: string, { flags }: CommandInput): void {
  const own = [...(VERB_FLAGS[verb] ?? []), ...(verb === "leave" ? ["yes"] : [])];
  for (const flag of group.flags)
    if (flags[flag] !== undefined && !own.includes(flag)) throw new UsageError(`group ${verb} has no flag --${flag}`);
}

async function findGroup({ api }: CommandInput, wanted: string | undefined): Promise<GroupChatView> {
  const chat = await findChat(api, wanted);
  if (chat.kind !== "group") throw new UsageError(`${safeLine(chat.name)} is a chat of two, and no group.`);
  return chat;
}

/** Contacts, by the name or beginning of the id of their chat. */
async function accountsOf({ api }: CommandInput, wanted: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of wanted) {
    const chat = await findChat(api, name);
    if (chat.kind !== "pair") throw new UsageError(`${safeLine(chat.name)} is a group, and nobody to add.`);
    found.push(chat.accountId);
  }
  return found;
}

async function create(input: CommandInput, [name, ...people]: readonly string[]): Promise<void> {
  const { api, out, flags } = input;
  if (name === undefined) throw new UsageError("group create NAME [CHAT…]");
  const members = await accountsOf(input, people);
  const description = textFlag(flags, "description") ?? "";
  const { chat } = await api.call("createGroup", { name, description, members });
  out.result(
    { type: "group", chat, name, members },
    `The group ${out.strong(safeLine(name))} is there: xchat send ${shortId(chat)} TEXT`,
  );
  if (members.length === 0) out.note(`Only you are in it. Others: xchat group add ${shortId(chat)} NAME`);
}

const info: Verb = async ({ out, chat, group: found }) => {
  out.result({ type: "group", chat: chat.id, ...found }, groupWords(found, chat.name, out));
  if (out.isJson) return;
  out.note(`\n${found.members.length === 1 ? "1 person" : `${found.members.length} people`}:`);
  for (const member of found.members) out.note(memberWords(member, out));
  if (found.links.length > 0) out.note(`\nLinks to join: xchat group link ${shortId(chat.id)} list`);
  if (found.joinRequests.length > 0)
    out.note(`\n${found.joinRequests.length} ask to come in: xchat group requests ${shortId(chat.id)}`);
  if (found.pending.length > 0) out.note("\nNot done yet (xchat group cancel CHAT ID takes back):");
  for (const { id, action } of found.pending) out.note(`${out.faint(shortId(id))}  ${actionWords(action)}`);
};

const add: Verb = async (input) => {
  const { api, out, chat, rest } = input;
  if (rest.length === 0) throw new UsageError("group add CHAT CONTACT…");
  const members = await accountsOf(input, rest);
  await api.call("addMembers", { chat: chat.id, members });
  out.result(
    { type: "group", chat: chat.id, added: members },
    "Saved. They are in as soon as the group's nodes have it.",
  );
};

/** By name or by the beginning of the account id. @throws UsageError */
function findMember({ group: { members } }: GroupInput, wanted: string | undefined): MemberView {
  if (wanted === undefined) throw new UsageError("Whom? See: xchat group info CHAT");
  const named = members.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const choices = named.length > 0 ? named : members.filter(({ accountId }) => accountId.startsWith(wanted));
  const [found, another] = choices;
  if (found === undefined) throw new UsageError(`Nobody there is called ${wanted}. See: xchat group info CHAT`);
  if (another !== undefined) throw new UsageError(`More than one is meant by ${wanted}: give the account id.`);
  return found;
}

const remove: Verb = async (input) => {
  const { api, out, chat, rest } = input;
  const { accountId, name, canRemove } = findMember(input, rest[0]);
  if (!canRemove) throw new IntentError("group-not-permitted");
  await api.call("removeMember", { chat: chat.id, accountId });
  out.result(
    { type: "group", chat: chat.id, removed: accountId },
    `${safeLine(name)} is being removed, with all devices. They keep what they have.`,
  );
};

const ROLES: readonly GroupRole[] = ["admin", "member", "owner"];

const role: Verb = async (input) => {
  const { api, out, chat, rest } = input;
  const member = findMember(input, rest[0]);
  const wanted = ROLES.find((one) => one === rest[1]);
  if (wanted === undefined) throw new UsageError("group role CHAT MEMBER admin|member|owner");
  await api.call("setRole", { chat: chat.id, accountId: member.accountId, role: wanted });
  out.result(
    { type: "group", chat: chat.id, accountId: member.accountId, role: wanted },
    `Saved: ${safeLine(member.name)} becomes ${wanted === "member" ? "a member without a role" : wanted}.`,
  );
};

const rename: Verb = async ({ api, out, chat, rest }) => {
  const name = rest.join(" ");
  if (name === "") throw new UsageError("group rename CHAT NAME");
  await api.call("setGroupInfo", { chat: chat.id, name });
  out.result({ type: "group", chat: chat.id, name }, `Saved: the name becomes ${out.strong(safeLine(name))}.`);
};

const describe: Verb = async ({ api, out, chat, rest }) => {
  const description = rest.join(" ");
  await api.call("setGroupInfo", { chat: chat.id, description });
  out.result({ type: "group", chat: chat.id, description }, "Saved: the description is being changed.");
};

const PERMISSIONS: readonly GroupPermissionName[] = ["write", "add", "info", "pin"];
const HOLDERS: readonly GroupHolder[] = ["everyone", "admins", "owner"];

const permit: Verb = async ({ api, out, chat, rest }) => {
  const name = PERMISSIONS.find((one) => one === rest[0]);
  const holder = HOLDERS.find((one) => one === rest[1]);
  if (name === undefined || holder === undefined)
    throw new UsageError("group permit CHAT write|add|info|pin everyone|admins|owner");
  await api.call("setPermission", { chat: chat.id, name, holder });
  out.result({ type: "group", chat: chat.id, permission: name, holder }, "Saved.");
};

const UNITS = { m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;

/** @throws UsageError */
function secondsOf(text: string | undefined): number | null {
  if (text === "off") return null;
  const match = /^([1-9][0-9]{0,4})([mhdw])$/u.exec(text ?? "");
  if (match === null) throw new UsageError("group timer CHAT off|30m|8h|7d|4w");
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

const timer: Verb = async ({ api, out, chat, rest }) => {
  const seconds = secondsOf(rest[0]);
  await api.call("setDisappearing", { chat: chat.id, seconds });
  out.result(
    { type: "group", chat: chat.id, disappearAfter: seconds },
    seconds === null ? "Saved: messages stay." : `Saved: messages disappear after ${durationWords(seconds)}.`,
  );
};

const cancel: Verb = async ({ api, out, chat, group: found, rest }) => {
  const [wanted = ""] = rest;
  const choices = wanted === "" ? [] : found.pending.filter(({ id }) => id.startsWith(wanted));
  const { id } = onlyOne(choices, wanted, "group-pending-gone");
  await api.call("cancelPending", { chat: chat.id, id });
  out.result({ type: "group", chat: chat.id, cancelled: id }, "Taken back.");
};

const writeAllTheSame: Verb = async ({ api, out, chat, group: found }) => {
  if (found.hold === null) {
    out.result({ type: "group", chat: chat.id, hold: null }, "Nothing is held back here.");
    return;
  }
  await api.call("writeAllTheSame", { chat: chat.id });
  const names = found.hold.people.map(({ name }) => safeLine(name)).join(", ");
  out.result({ type: "group", chat: chat.id, hold: null }, `What waits is sent now, and ${names} can read it.`);
};

const leave: Verb = async ({ api, out, chat, group: found, flags }) => {
  if (flags["yes"] !== true) {
    const isAlone = found.members.length <= 1;
    const warning =
      found.role === "owner" && !isAlone
        ? " You are its owner: first pass it on (xchat group role CHAT MEMBER owner), or it goes on without one, for good."
        : "";
    throw new UsageError(`Leave ${safeLine(chat.name)}? Then: xchat group leave ${shortId(chat.id)} --yes.${warning}`);
  }
  await api.call("leaveGroup", { chat: chat.id });
  out.result({ type: "group", chat: chat.id, isLeaving: true }, "You are leaving. What was written is kept to read.");
};

const VERBS: Readonly<Record<string, Verb>> = {
  info,
  add,
  remove,
  role,
  rename,
  describe,
  picture,
  permit,
  timer,
  link,
  requests: joinRequests,
  cancel,
  write: writeAllTheSame,
  leave,
};
