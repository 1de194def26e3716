/** People as this person knows them, and what a line of who did what says. */
import {
  decodeGroupRecord,
  type AccountId,
  type GroupAction,
  type StateChange,
  type WishedChange,
} from "@xchat/protocol";
import type { GroupActionView, PersonView, RecordView } from "../api.ts";
import type { Roster } from "../chat/roster.ts";
import type { SessionCore } from "../session-core.ts";

const SHORT_HEAD = 7;
const SHORT_TAIL = 4;

/** By petname, else by the name that they gave, else by a short form of the id. */
export function personView(core: SessionCore, roster: Roster | null, account: AccountId): PersonView {
  const own = core.profile();
  if (account === own.accountId) return { accountId: account, name: own.name, isSelf: true, isContact: false };
  const contact = core.contacts.get(account);
  const said = roster?.people.get(account)?.name ?? "";
  const named = [contact?.petname, contact?.name, said].find(
    (name) => name !== undefined && name !== null && name !== "",
  );
  const short = `${account.slice(0, SHORT_HEAD)}…${account.slice(-SHORT_TAIL)}`;
  return { accountId: account, name: named ?? short, isSelf: false, isContact: contact !== undefined };
}

type PersonOf = (account: AccountId) => PersonView;

/** A record that names no action is that of the beginning. */
export function recordView(body: Uint8Array | null, person: PersonOf): RecordView {
  const record = body === null ? null : decodeGroupRecord(body);
  if (record === null || !record.ok) return { by: null, actions: [{ kind: "other" }] };
  const { by, actions } = record.value;
  const views = actions.map((action) => actionView(action, person));
  return { by: person(by), actions: views.length === 0 ? [{ kind: "created" }] : views };
}

function actionView(action: GroupAction, person: PersonOf): GroupActionView {
  switch (action.kind) {
    case "added":
    case "removed":
    case "left":
    case "device-added":
    case "device-removed":
    case "rejoined":
    case "role-ended":
      return { kind: action.kind, person: person(action.account) };
    case "role":
      return { kind: "role", person: person(action.account), to: action.to };
    case "leaving":
      return { kind: "leaving", person: person(action.account), isLeaving: action.isLeaving };
    case "name":
      return { kind: "name", to: action.to };
    case "permission":
      return { kind: "permission", name: action.name, to: action.to };
    case "timer":
      return { kind: "timer", to: action.to };
    case "description":
    case "picture":
    case "home-nodes":
    case "link-made":
    case "link-revoked":
    case "came-by-link":
    case "undone":
      return { kind: action.kind };
    default:
      return { kind: "other" };
  }
}

/** What is wanted and not done yet, in the same words. */
export function wishView(change: WishedChange, self: AccountId, person: PersonOf): GroupActionView {
  switch (change.kind) {
    case "add":
      return { kind: "added", person: person(change.account) };
    case "remove":
      return { kind: "removed", person: person(change.account) };
    case "remove-devices":
      return { kind: "device-removed", person: person(self) };
    case "update":
      return { kind: "other" };
    case "state":
      return stateChangeView(change.change, self, person);
  }
}

function stateChangeView(change: StateChange, self: AccountId, person: PersonOf): GroupActionView {
  switch (change.kind) {
    case "info":
      return change.name === null ? { kind: "description" } : { kind: "name", to: change.name };
    case "picture":
      return { kind: "picture" };
    case "role":
      return { kind: "role", person: person(change.account), to: change.role };
    case "permission":
      return { kind: "permission", name: change.name, to: change.holder };
    case "timer":
      return { kind: "timer", to: change.seconds };
    case "link":
      return { kind: "link-made" };
    case "link-revoked":
      return { kind: "link-revoked" };
    case "leaving":
      return { kind: "leaving", person: person(self), isLeaving: change.isLeaving };
    default:
      return { kind: "other" };
  }
}
