/**
 * What people with several devices do: rows of the table, as those in `actions.ts`. A device is linked as its person does
 * it, by a code that is pasted and digits that are typed, over the nodes of the world.
 */
import type { LinkView } from "@xchat/client/api";
import type { Action } from "./actions.ts";
import type { SimDevice } from "./device.ts";
import type { World } from "./world.ts";

const SECOND = 1_000;
const MOST_DEVICES = 3;
/** Machines that a person ever has: some are removed, and others come to nothing. */
const MOST_MACHINES = 4;

export const linkOne: Action = {
  name: "link a device",
  weight: 14,
  act: (world, device) => {
    const { household } = world;
    const view = household.viewOf(device);
    if (view === null || view.devices.length >= MOST_DEVICES || !household.mayChange(device)) return false;
    const fresh = machineFor(world, device);
    if (fresh === null) return false;
    world.tell(`${device.name} links ${fresh.name}`);
    household.begins(device, fresh);
    world.run(`${device.name} links ${fresh.name}`, link(world, device, fresh));
    return true;
  },
};

/** One that is on and belongs to nobody, or a new one. */
function machineFor(world: World, device: SimDevice): SimDevice | null {
  const own = world.devices.filter(({ person }) => person === device.person);
  const blank = own.filter((one) => world.household.isBlank(one));
  const ready = blank.find(({ api }) => api !== null);
  if (ready !== undefined) return ready;
  if (blank.length > 0 || own.length >= MOST_MACHINES) return null;
  const fresh = world.addDevice(device.person);
  world.switchOn(fresh);
  return fresh;
}

/** From the code to the end, whatever that is. A device that loses power leaves it where it stands. */
async function link(world: World, existing: SimDevice, fresh: SimDevice): Promise<void> {
  try {
    await world.schedule.wait(SECOND);
    if (fresh.api === null || existing.api === null) return;
    // What is over is put away first.
    await fresh.call("endLink", {});
    await existing.call("startLink", { passphrase: null });
    const code = await shows(existing, ["code"]);
    if (code.kind !== "code") return;
    await aMoment(world);
    await fresh.call("enterLinkCode", { text: code.code, deviceName: fresh.name, passphrase: null });
    const showing = await shows(fresh, ["showing"]);
    const asked = await shows(existing, ["digits"]);
    if (showing.kind !== "showing" || asked.kind !== "digits") return;
    await aMoment(world);
    if (world.random.chance(0.1)) await existing.call("typeLinkDigits", { digits: wrong(showing.digits) });
    if (world.random.chance(0.05)) await existing.call("denyLink", {});
    else await existing.call("typeLinkDigits", { digits: showing.digits });
    const asking = await shows(fresh, ["asking"]);
    if (asking.kind !== "asking") return;
    await aMoment(world);
    await fresh.call("acceptLink", {});
    await shows(existing, ["added"]);
    // Its own account answers from now on, which has no link.
    await shows(fresh, ["joined", "none"]);
  } finally {
    const [one, other] = [existing, fresh].map((device) => world.household.linkOf(device).kind);
    world.tell(`the link of ${existing.name} and ${fresh.name} ends: ${one}, ${other}`);
    world.household.ends(existing.person);
  }
}

const wrong = (digits: string): string => (digits === "000000" ? "000001" : "000000");

const aMoment = (world: World): Promise<void> => world.schedule.wait(world.random.between(1, 40) * SECOND);

/** The first view of the link that is one of these, or its end. */
function shows(device: SimDevice, kinds: readonly LinkView["kind"][]): Promise<LinkView> {
  return new Promise((resolve) => {
    const { api } = device;
    if (api === null) return;
    const stop = api.watch({ view: "link" }, (view) => {
      if (device.api !== api || (view.kind !== "ended" && !kinds.includes(view.kind))) return;
      queueMicrotask(() => stop());
      resolve(view);
    });
  });
}

const removeOne: Action = {
  name: "remove a device",
  weight: 4,
  act: (world, device) => {
    const { household } = world;
    const others = (household.viewOf(device)?.devices ?? []).filter(({ isThis }) => !isThis);
    if (others.length === 0 || !household.mayChange(device)) return false;
    removeFrom(world, device, world.random.pick(others).id);
    return true;
  },
};

function removeFrom(world: World, device: SimDevice, id: string): void {
  world.tell(`${device.name} removes ${world.household.nameOf(id)}`);
  world.household.isRemoved(device, id);
  world.run(`${device.name} removes a device`, device.call("removeDevice", { id, passphrase: null }));
}

/** What is listed and was never let in is taken off again, where all machines of this person are on to be asked. */
export function removeStrays(world: World, device: SimDevice): void {
  const { household } = world;
  const own = world.devices.filter(({ person }) => person === device.person);
  if (own.some(({ api }) => api === null) || !household.mayChange(device)) return;
  const stray = household.viewOf(device)?.devices.find(({ id }) => household.isStray(id));
  if (stray !== undefined) removeFrom(world, device, stray.id);
}

const tidy: Action = {
  name: "remove what was never let in",
  weight: 6,
  act: (world, device) => {
    removeStrays(world, device);
    return false;
  },
};

const chatOf = (world: World, device: SimDevice): string | null => {
  const all = [...(world.chats.get(device) ?? []), ...world.groups.chatsOf(device)];
  const found = all.filter(({ state }) => state === "active");
  return found.length === 0 ? null : world.random.pick(found).id;
};

const draft: Action = {
  name: "write a draft",
  weight: 8,
  act: (world, device) => {
    const chat = chatOf(world, device);
    if (chat === null) return false;
    const text = world.random.chance(0.2) ? "" : `draft ${world.random.between(1, 9_999)}`;
    world.tell(`${device.name} drafts ${JSON.stringify(text)} in ${chat.slice(0, 6)}`);
    world.run(`${device.name} drafts`, device.call("setDraft", { chat, text }));
    return true;
  },
};

const call: Action = {
  name: "give a petname",
  weight: 4,
  act: (world, device) => {
    const chats = (world.chats.get(device) ?? []).filter(({ state }) => state === "active");
    if (chats.length === 0) return false;
    const { id, theirName } = world.random.pick(chats);
    const petname = world.random.chance(0.3) ? null : `${theirName} ${world.random.between(1, 99)}`;
    world.tell(`${device.name} calls ${theirName} ${petname}`);
    world.run(`${device.name} calls`, device.call("setPetname", { chat: id, petname }));
    return true;
  },
};

const choose: Action = {
  name: "change a setting",
  weight: 3,
  act: (world, device) => {
    const shareReadState = world.random.chance(0.5);
    world.run(`${device.name} chooses`, device.call("setSettings", { shareReadState }));
    return true;
  },
};

export const DEVICE_ACTIONS: readonly Action[] = [linkOne, removeOne, tidy, draft, call, choose];
