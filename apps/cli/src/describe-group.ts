/** Groups in words for people. Whatever came from others goes through `safe-text.ts` here. */
import type {
  GroupActionView,
  GroupHolder,
  GroupLinkView,
  GroupPermissionName,
  GroupView,
  JoiningView,
  JoinRequestView,
  MemberView,
  RecordView,
} from "@xchat/client/api";
import { shortId, timeWords } from "./describe.ts";
import type { Output } from "./output.ts";
import { safeLine, safeText } from "./safe-text.ts";

const HOLDER_WORDS: Readonly<Record<GroupHolder, string>> = {
  everyone: "everyone",
  admins: "admins and the owner",
  owner: "the owner alone",
};
const PERMISSION_WORDS: Readonly<Record<GroupPermissionName, string>> = {
  write: "write",
  add: "add people",
  info: "change name, description and picture",
  pin: "pin messages",
};
/** Account ids begin alike, so more of them is shown. */
const SHORT_ACCOUNT = 14;

const UNITS = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** "4 weeks", "90 minutes": in the largest unit that divides it. */
export function durationWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, length]) => seconds >= length && seconds % length === 0) ?? ["second", 1];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const plainWords = (action: Exclude<GroupActionView, { person: unknown }>): string => {
  switch (action.kind) {
    case "created":
      return "made this group";
    case "name":
      return action.to === null ? "took the name away" : `named the group ${safeLine(action.to)}`;
    case "description":
      return "changed the description";
    case "picture":
      return "changed the picture";
    case "home-nodes":
      return "changed the home nodes";
    case "link-made":
      return "made a link to join";
    case "link-revoked":
      return "took a link to join back";
    case "came-by-link":
      return "came in by a link";
    case "undone":
      return "which was undone, since another change of that moment counts";
    case "permission":
      return `changed who may ${PERMISSION_WORDS[action.name]}: ${HOLDER_WORDS[action.to]}`;
    case "timer":
      return action.to === null
        ? "switched disappearing messages off"
        : `set messages to disappear after ${durationWords(action.to)}`;
    case "other":
      return "changed something that this version does not know";
  }
};

/** What somebody did, to be read after their name. */
export function actionWords(action: GroupActionView): string {
  if (!("person" in action)) return plainWords(action);
  const who = action.person.isSelf ? "you" : safeLine(action.person.name);
  switch (action.kind) {
    case "added":
      return `added ${who}`;
    case "removed":
      return `removed ${who}`;
    case "left":
      return `let ${who} go, as wished`;
    case "device-added":
      return `added a device of ${who}`;
    case "device-removed":
      return `took a device of ${who} out`;
    case "rejoined":
      return `came back after having lost touch`;
    case "role-ended":
      return `ended the role of ${who}`;
    case "leaving":
      return action.isLeaving ? `wants to leave` : `stays after all`;
    case "role":
      if (action.to === "owner") return `passed the group on to ${who}`;
      return action.to === "admin" ? `made ${who} an admin` : `took the role of admin from ${who}`;
  }
}

export function recordWords({ by, actions }: RecordView): string {
  if (by === null && actions.every(({ kind }) => kind === "other"))
    return "the group had drifted apart, and has come together again";
  const who = by === null ? "somebody" : by.isSelf ? "you" : safeLine(by.name);
  return `${who} ${actions.map(actionWords).join(", ")}`;
}

const ROLE_WORDS = { owner: "owner", admin: "admin", member: "" } as const;

export const shortAccount = (accountId: string): string => safeLine(accountId.slice(0, SHORT_ACCOUNT));

export function memberWords(member: MemberView, { strong, faint }: Output): string {
  const marks = [
    member.isSelf ? "you" : "",
    ROLE_WORDS[member.role],
    member.isVerified && !member.isSelf ? "verified" : "",
    !member.isSelf && !member.isContact ? "not a contact" : "",
    member.isLeaving ? "is leaving" : "",
    member.devices === 1 ? "" : `${member.devices} devices`,
  ].filter((mark) => mark !== "");
  const what = marks.length === 0 ? "" : ` (${marks.join(", ")})`;
  return `${faint(shortAccount(member.accountId))}  ${strong(safeLine(member.name))}${what}`;
}

const mayBe = (needsApproval: boolean): string => (needsApproval ? "an admin has to agree" : "lets people in at once");

export function linkWords(link: GroupLinkView, { faint }: Output): string {
  const until = link.expiresAt === null ? "without an end" : `until ${timeWords(link.expiresAt)}`;
  const by = link.by.isSelf ? "by you" : `by ${safeLine(link.by.name)}`;
  const text = link.link === null ? faint("(handed out by whoever may add)") : safeLine(link.link);
  const being = link.state === "preparing" ? ", being laid down" : "";
  return `${faint(shortId(link.id))}  ${mayBe(link.needsApproval)}, ${until}, ${by}${being}\n    ${text}`;
}

export function joinRequestWords({ id, person, greeting }: JoinRequestView, { strong, faint }: Output): string {
  const text = greeting === "" ? "" : `: ${safeText(greeting).replaceAll("\n", "\n    ")}`;
  const known = person.isContact ? "" : faint("  [not a contact]");
  return `${faint(shortId(id))}  ${strong(safeLine(person.name))}${text}${known}`;
}

/** A group that this person has asked to come into. */
export function joiningWords(
  { group, name, by, needsApproval, state }: JoiningView,
  { strong, faint }: Output,
): string {
  const shown = name === "" ? "A group without a name" : safeLine(name);
  const what = {
    sending: "your request waits for a node",
    waiting: needsApproval ? "an admin has to agree" : "until a device of somebody there is online",
    over: "nobody has answered, and the link is not good any more",
  }[state];
  return `${faint(shortId(group))}  ${strong(shown)}, by a link of ${safeLine(by)}: ${what}`;
}

/** All but members, links and requests, which are results of their own. */
export function groupWords(group: GroupView, name: string, output: Output): string {
  const permissions = (Object.keys(PERMISSION_WORDS) as GroupPermissionName[]).map(
    (permission) => `  ${PERMISSION_WORDS[permission]}: ${HOLDER_WORDS[group.permissions[permission]]}`,
  );
  const lines = [
    output.strong(safeLine(name)),
    ...(group.description === "" ? [] : [safeText(group.description)]),
    ...(group.picture === null ? [] : [pictureWords(group.picture.isHere)]),
    group.role === null ? "You are not in this group any more." : `You are ${article(group.role)}.`,
    "Who may:",
    ...permissions,
    group.disappearAfter === null
      ? "Messages stay."
      : `Messages disappear after ${durationWords(group.disappearAfter)}.`,
  ];
  if (group.hold !== null) lines.push(holdWords(group.hold.people.map((person) => person.name)));
  return lines.join("\n");
}

const pictureWords = (isHere: boolean): string =>
  isHere ? "It has a picture: xchat group picture CHAT save FILE.jpg" : "It has a picture that has not come yet.";

const article = (role: "owner" | "admin" | "member"): string =>
  role === "owner" ? "its owner" : role === "admin" ? "an admin" : "a member";

export const holdWords = (names: readonly string[]): string =>
  `Your messages wait: the removal of ${names.map(safeLine).join(", ")} was undone, and nothing is sent until they are ` +
  "out again. To write all the same: xchat group write CHAT";
