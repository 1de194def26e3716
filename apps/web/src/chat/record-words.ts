/** Words for what was changed in a group: a sentence for each thing that was done. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import type { GroupActionView, GroupHolder, GroupPermissionName, PersonView, RecordView } from "@xchat/client/api";
import { useDurationWords } from "../i18n/duration.ts";

type Translate = (words: MessageDescriptor) => string;
type PersonAction = Extract<GroupActionView, { readonly person: PersonView }>;
/** Who did it, and whether that is the reader. */
interface Doer {
  readonly name: string;
  readonly isSelf: boolean;
}

/** More people than this in one sentence are counted. */
const MAX_NAMED = 4;

export function usePermissionWords(): Readonly<Record<GroupPermissionName, string>> {
  const { t } = useLingui();
  return {
    write: t`Write messages`,
    add: t`Add people`,
    info: t`Change name, description and picture`,
    pin: t`Pin messages`,
  };
}

export function useHolderWords(): Readonly<Record<GroupHolder, string>> {
  const { t } = useLingui();
  return { everyone: t`Everyone`, admins: t`Admins and the owner`, owner: t`The owner alone` };
}

/** Additions and removals of several people by one commit are one sentence. */
export function useRecordWords(): (record: RecordView) => readonly string[] {
  const { t, i18n } = useLingui();
  const duration = useDurationWords();
  const permissions = usePermissionWords();
  const holders = useHolderWords();
  const names = namesIn(i18n.locale);
  return ({ by, actions }) => {
    const doer: Doer = by === null ? { name: t`Somebody`, isSelf: false } : by;
    if (by === null && actions.every(({ kind }) => kind === "other"))
      return [t`The group had drifted apart, and has come together again.`];
    return merged(toldActions(by, actions)).map((group) => {
      const [first] = group;
      const people = peopleOf(group);
      if (people.length > 1)
        return t(
          manyWords(
            doer,
            first.kind,
            names((words) => t(words), people),
          ),
        );
      if ("person" in first) return t(personWords(doer, by, first));
      return t(plainWords(doer, first, { duration, permissions, holders }));
    });
  };
}

/** Who passes the group on is its owner no more: that need not be said. */
function toldActions(by: PersonView | null, actions: readonly GroupActionView[]): readonly GroupActionView[] {
  const isPassedOn = actions.some((action) => action.kind === "role" && action.to === "owner");
  if (!isPassedOn) return actions;
  return actions.filter(
    (action) => action.kind !== "role" || action.to === "owner" || action.person.accountId !== by?.accountId,
  );
}

type Run = readonly [GroupActionView, ...GroupActionView[]];

function merged(actions: readonly GroupActionView[]): readonly Run[] {
  const runs: [GroupActionView, ...GroupActionView[]][] = [];
  for (const action of actions) {
    const run = runs.at(-1);
    const joins =
      (action.kind === "added" || action.kind === "removed" || action.kind === "left") && !action.person.isSelf;
    if (joins && run !== undefined && run[0].kind === action.kind && "person" in run[0] && !run[0].person.isSelf)
      run.push(action);
    else runs.push([action]);
  }
  return runs;
}

const peopleOf = (run: Run): readonly PersonView[] =>
  run.flatMap((action) => ("person" in action ? [action.person] : []));

type NameList = (translate: Translate, people: readonly PersonView[]) => string;

function namesIn(locale: string): NameList {
  return (translate, people) => {
    const all = people.map(({ name }) => isolated(name));
    const more = all.length - MAX_NAMED + 1;
    const shown = all.length > MAX_NAMED ? [...all.slice(0, MAX_NAMED - 1), translate(msg`${more} more`)] : all;
    return new Intl.ListFormat(locale, { type: "conjunction" }).format(shown);
  };
}

/** A name keeps its direction to itself. */
export const isolated = (name: string): string => `\u2068${name}\u2069`;

function manyWords(doer: Doer, kind: GroupActionView["kind"], people: string): MessageDescriptor {
  const by = isolated(doer.name);
  switch (kind) {
    case "added":
      return doer.isSelf ? msg`You added ${people}.` : msg`${by} added ${people}.`;
    case "removed":
      return doer.isSelf ? msg`You removed ${people}.` : msg`${by} removed ${people}.`;
    default:
      return msg`${people} have left.`;
  }
}

function personWords(doer: Doer, doerPerson: PersonView | null, action: PersonAction): MessageDescriptor {
  const by = isolated(doer.name);
  const person = isolated(action.person.name);
  const isMe = action.person.isSelf;
  const isOwnDeed = doerPerson !== null && doerPerson.accountId === action.person.accountId;
  switch (action.kind) {
    case "added":
      if (isOwnDeed) return isMe ? msg`You came in.` : msg`${person} came in.`;
      if (doer.isSelf) return msg`You added ${person}.`;
      return isMe ? msg`${by} added you.` : msg`${by} added ${person}.`;
    case "removed":
      if (doer.isSelf) return msg`You removed ${person}.`;
      return isMe ? msg`${by} removed you.` : msg`${by} removed ${person}.`;
    case "left":
      return isMe ? msg`You have left.` : msg`${person} has left.`;
    case "device-added":
      return isMe ? msg`You came in with another device.` : msg`${person} came in with another device.`;
    case "device-removed":
      return isMe ? msg`One of your devices was taken out.` : msg`A device of ${person} was taken out.`;
    case "rejoined":
      return isMe
        ? msg`This identity came back after it had lost touch.`
        : msg`${person} came back after having lost touch.`;
    case "role-ended":
      return isMe ? msg`You no longer have a role here.` : msg`${person} no longer has a role here.`;
    case "leaving":
      return leavingWords(person, isMe, action.isLeaving);
    case "role":
      return roleWords({ by, person, isMe, byMe: doer.isSelf, isOwnDeed }, action.to);
  }
}

function leavingWords(person: string, isMe: boolean, isLeaving: boolean): MessageDescriptor {
  if (isLeaving) return isMe ? msg`You are leaving.` : msg`${person} is leaving.`;
  return isMe ? msg`You stay after all.` : msg`${person} stays after all.`;
}

interface RoleDeed {
  readonly by: string;
  readonly person: string;
  readonly isMe: boolean;
  readonly byMe: boolean;
  readonly isOwnDeed: boolean;
}

function roleWords(
  { by, person, isMe, byMe, isOwnDeed }: RoleDeed,
  to: "owner" | "admin" | "member",
): MessageDescriptor {
  if (to === "owner") {
    if (byMe) return msg`You passed the group on to ${person}.`;
    return isMe ? msg`${by} passed the group on to you.` : msg`${by} passed the group on to ${person}.`;
  }
  if (to === "admin") {
    if (byMe && isMe) return msg`You are an admin now.`;
    if (byMe) return msg`You made ${person} an admin.`;
    return isMe ? msg`${by} made you an admin.` : msg`${by} made ${person} an admin.`;
  }
  if (isOwnDeed) return isMe ? msg`You stepped down as an admin.` : msg`${person} stepped down as an admin.`;
  if (byMe) return msg`You took the role of admin from ${person}.`;
  return isMe ? msg`${by} took the role of admin from you.` : msg`${by} took the role of admin from ${person}.`;
}

interface Vocabulary {
  readonly duration: (seconds: number) => string;
  readonly permissions: Readonly<Record<GroupPermissionName, string>>;
  readonly holders: Readonly<Record<GroupHolder, string>>;
}

type PlainAction = Exclude<GroupActionView, PersonAction>;

function plainWords(doer: Doer, action: PlainAction, words: Vocabulary): MessageDescriptor {
  const by = isolated(doer.name);
  const me = doer.isSelf;
  switch (action.kind) {
    case "created":
      return me ? msg`You made this group.` : msg`${by} made this group.`;
    case "name": {
      if (action.to === null) return me ? msg`You took the name away.` : msg`${by} took the name away.`;
      const name = isolated(action.to);
      return me ? msg`You named the group "${name}".` : msg`${by} named the group "${name}".`;
    }
    case "description":
      return me ? msg`You changed the description.` : msg`${by} changed the description.`;
    case "picture":
      return me ? msg`You changed the picture.` : msg`${by} changed the picture.`;
    case "home-nodes":
      return me ? msg`You changed the home nodes.` : msg`${by} changed the home nodes.`;
    case "link-made":
      return me ? msg`You made a link to join.` : msg`${by} made a link to join.`;
    case "link-revoked":
      return me ? msg`You took a link back.` : msg`${by} took a link back.`;
    case "came-by-link":
      return msg`You came in by a link.`;
    case "undone":
      return msg`This was undone: another change, made at the same time, went before it.`;
    case "permission": {
      const right = words.permissions[action.name];
      const holder = words.holders[action.to];
      return me
        ? msg`You changed a permission. ${right}: ${holder}.`
        : msg`${by} changed a permission. ${right}: ${holder}.`;
    }
    case "timer": {
      if (action.to === null)
        return me ? msg`You switched disappearing messages off.` : msg`${by} switched disappearing messages off.`;
      const time = words.duration(action.to);
      return me
        ? msg`You set messages to disappear after ${time}.`
        : msg`${by} set messages to disappear after ${time}.`;
    }
    case "other":
      return me
        ? msg`You changed something that this version does not know.`
        : msg`${by} changed something that this version does not know.`;
  }
}
