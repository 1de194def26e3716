/** What people do in groups: rows of the table, as those in `actions.ts`. */
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { write, type Action } from "./actions.ts";
import type { SimDevice } from "./device.ts";
import type { World } from "./world.ts";

const MOST_GROUPS = 3;

interface Place {
  readonly chat: GroupChatView;
  readonly view: GroupView;
}

/** One of the groups where this person is, and may do this. */
function someGroup(world: World, device: SimDevice, isSo: (place: Place) => boolean = () => true): Place | null {
  const places = world.groups.chatsOf(device).flatMap((chat) => {
    const view = world.groups.viewOf(device, chat.id);
    return chat.state === "active" && view !== null && isSo({ chat, view }) ? [{ chat, view }] : [];
  });
  return places.length === 0 ? null : world.random.pick(places);
}

/** Whom this person could add. */
const contactsOf = (world: World, device: SimDevice, except: ReadonlySet<string> = new Set()): readonly string[] =>
  (world.chats.get(device) ?? [])
    .filter(({ state, isBlocked, accountId }) => state === "active" && !isBlocked && !except.has(accountId))
    .map(({ accountId }) => accountId);

const nameOf = (world: World, accounts: readonly string[]): string =>
  accounts.map((account) => world.groups.personOf(account)).join(", ");

export const makeGroup: Action = {
  name: "make a group",
  weight: 3,
  act: (world, device) => {
    const contacts = contactsOf(world, device);
    if (world.groupCount >= MOST_GROUPS || contacts.length === 0) return false;
    world.groupCount++;
    const members = world.random.shuffle(contacts).slice(0, world.random.between(1, contacts.length));
    world.tell(`${device.name} makes a group with ${nameOf(world, members)}`);
    const name = `Group ${world.groupCount}`;
    world.run(`${device.name} makes a group`, device.call("createGroup", { name, description: "", members }));
    return true;
  },
};

const sayInGroup: Action = {
  name: "write in a group",
  weight: 40,
  act: (world, device) => {
    const place = someGroup(world, device, ({ chat }) => chat.mayWrite);
    if (place === null) return false;
    const times = world.random.chance(0.1) ? world.random.between(3, 12) : 1;
    for (let i = 0; i < times; i++) write(world, device, place.chat.id);
    return true;
  },
};

const readInGroup: Action = {
  name: "read in a group",
  weight: 8,
  act: (world, device) => {
    const place = someGroup(world, device, ({ chat }) => chat.unread > 0);
    if (place === null) return false;
    const messages = [...world.shownBy(device, place.chat.id).messages.values()].filter(({ isOwn }) => !isOwn);
    if (messages.length === 0) return false;
    const upTo = world.random.pick(messages).id;
    world.run(`${device.name} reads`, device.call("markRead", { chat: place.chat.id, upTo }));
    return true;
  },
};

const add: Action = {
  name: "add people",
  weight: 14,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.may.add);
    if (place === null) return false;
    const others = contactsOf(world, device, new Set(place.view.members.map(({ accountId }) => accountId)));
    if (others.length === 0) return false;
    const members = world.random.shuffle(others).slice(0, world.random.between(1, 2));
    world.tell(`${device.name} adds ${nameOf(world, members)} to ${place.view.name}`);
    for (const account of members) world.groups.isWantedIn(place.chat.id, world.groups.personOf(account));
    world.run(`${device.name} adds`, device.call("addMembers", { chat: place.chat.id, members }));
    return true;
  },
};

const remove: Action = {
  name: "remove somebody",
  weight: 8,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.members.some(({ canRemove }) => canRemove));
    if (place === null) return false;
    const { accountId } = world.random.pick(place.view.members.filter(({ canRemove }) => canRemove));
    const person = world.groups.personOf(accountId);
    world.tell(`${device.name} removes ${person} from ${place.view.name}`);
    world.groups.isWantedOut(place.chat.id, person);
    world.run(`${device.name} removes`, device.call("removeMember", { chat: place.chat.id, accountId }));
    return true;
  },
};

const leave: Action = {
  name: "leave a group",
  weight: 3,
  act: (world, device) => {
    const place = someGroup(world, device);
    if (place === null) return false;
    world.tell(`${device.name} leaves ${place.view.name}`);
    world.groups.isWantedOut(place.chat.id, device.person);
    world.run(`${device.name} leaves`, device.call("leaveGroup", { chat: place.chat.id }));
    return true;
  },
};

const nameGroup: Action = {
  name: "name a group",
  weight: 9,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.may.info);
    if (place === null) return false;
    const name = `${device.name} ${world.random.between(1, 99)}`;
    world.tell(`${device.name} names ${place.view.name} ${name}`);
    world.run(`${device.name} names`, device.call("setGroupInfo", { chat: place.chat.id, name }));
    return true;
  },
};

const rank: Action = {
  name: "change a role",
  weight: 8,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.members.some(({ canSetRole }) => canSetRole));
    if (place === null) return false;
    const { accountId, role } = world.random.pick(place.view.members.filter(({ canSetRole }) => canSetRole));
    const to = world.random.chance(0.1) ? "owner" : role === "admin" ? "member" : "admin";
    world.tell(`${device.name} makes ${world.groups.personOf(accountId)} ${to} of ${place.view.name}`);
    world.run(`${device.name} ranks`, device.call("setRole", { chat: place.chat.id, accountId, role: to }));
    return true;
  },
};

const permit: Action = {
  name: "change a permission",
  weight: 3,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.may.administrate);
    if (place === null) return false;
    const name = world.random.pick(["add", "info", "pin"] as const);
    const holder = world.random.pick(["everyone", "admins", "owner"] as const);
    world.tell(`${device.name} gives ${name} of ${place.view.name} to ${holder}`);
    world.run(`${device.name} permits`, device.call("setPermission", { chat: place.chat.id, name, holder }));
    return true;
  },
};

const takeBack: Action = {
  name: "take back a wish",
  weight: 2,
  act: (world, device) => {
    const place = someGroup(world, device, ({ view }) => view.pending.length > 0);
    if (place === null) return false;
    const { id, action } = world.random.pick(place.view.pending);
    world.tell(`${device.name} takes back ${action.kind} in ${place.view.name}`);
    world.run(`${device.name} takes back`, device.call("cancelPending", { chat: place.chat.id, id }));
    return true;
  },
};

export const GROUP_ACTIONS: readonly Action[] = [
  makeGroup,
  sayInGroup,
  readInGroup,
  add,
  remove,
  leave,
  nameGroup,
  rank,
  permit,
  takeBack,
];
