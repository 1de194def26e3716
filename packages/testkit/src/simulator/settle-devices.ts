/**
 * What must hold of the devices of one person when a world has settled.
 *
 * IN8 All that are listed are in, no work is left over, and a device that was removed knows it.
 * IN10 They show the same list of devices, the same chats under the same names, and in them the same drafts, read
 *      positions, blocks and consents; the same profile and settings.
 */
import type { ChatView, DevicesView, MessageView, PairChatView, ProfileView } from "@xchat/client/api";
import type { SimDevice } from "./device.ts";
import { gapProblems, placeProblems } from "./settle-groups.ts";
import type { World } from "./world.ts";

export async function differencesOfDevices(world: World): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name: person } of world.plan.people) {
    const own = world.devices.filter((device) => device.person === person && !world.household.isBlank(device));
    for (const device of own) problems.push(...standingProblems(world, device));
    const present = own.filter((device) => world.household.isIn(device));
    const [first, ...others] = await Promise.all(present.map((device) => pictureOf(world, device)));
    if (first === undefined) continue;
    for (const other of others) problems.push(...pictureProblems(first, other));
  }
  return problems;
}

function standingProblems({ household }: World, device: SimDevice): readonly string[] {
  const view = household.viewOf(device);
  if (view === null) return [`[IN8] ${device.name} shows no devices`];
  if (household.isOut(device)) return view.isRemoved ? [] : [`[IN8] ${device.name} is removed and does not know it`];
  if (view.isRemoved) return [`[IN8] ${device.name} believes that it is removed`];
  const problems: string[] = [];
  for (const { id, isLinked } of view.devices) {
    if (!isLinked) problems.push(`[IN8] ${device.name} lists ${household.nameOf(id)}, which is not in`);
    if (household.isStray(id)) problems.push(`[IN8] ${device.name} lists what is nobody's`);
  }
  if (view.work !== null) problems.push(`[IN8] ${device.name} still has to do ${JSON.stringify(view.work)}`);
  return problems;
}

export interface Picture {
  readonly device: string;
  /** By what it is of. */
  readonly facts: ReadonlyMap<string, string>;
}

/** All that the registers promise, in lines that can be compared. */
async function pictureOf(world: World, device: SimDevice): Promise<Picture> {
  const facts = new Map<string, string>();
  const devices = (world.household.viewOf(device) as DevicesView).devices.map(({ id, name }) => `${id} ${name}`);
  facts.set("the devices", devices.join());
  const profile = await profileOf(device);
  if (profile?.state === "ready") facts.set("the profile", JSON.stringify([profile.name, profile.settings]));
  for (const chat of [...(world.chats.get(device) ?? []), ...world.groups.chatsOf(device)]) {
    // A request that waits is on the device that has made it, and a chat that is over may never have come to another.
    if (chat.state !== "active") continue;
    const record = await device.store?.get("conversation", chat.id);
    const place = record === null || record === undefined ? null : [record.readDepth, record.readId];
    facts.set(`chat ${chat.id.slice(0, 6)}`, JSON.stringify([chat.name, chat.draft, place, ...ofContact(chat)]));
  }
  return { device: device.name, facts };
}

const ofContact = (chat: ChatView): readonly unknown[] =>
  chat.kind === "group" ? [] : [chat.theirName, chat.petname, chat.isBlocked, chat.isVerified, chat.mayDirect];

const profileOf = (device: SimDevice): Promise<ProfileView | null> =>
  new Promise((resolve) => {
    const { api } = device;
    if (api === null) return resolve(null);
    const stop = api.watch({ view: "profile" }, (profile) => {
      queueMicrotask(() => stop());
      resolve(profile);
    });
  });

export function pictureProblems(first: Picture, other: Picture): readonly string[] {
  const all = new Set([...first.facts.keys(), ...other.facts.keys()]);
  return [...all].flatMap((what) => {
    const [one, two] = [first.facts.get(what), other.facts.get(what)];
    return one === two ? [] : [`[IN10] ${what}: ${other.device} has ${two}, ${first.device} ${one}`];
  });
}

interface SeenChat {
  readonly device: SimDevice;
  readonly view: PairChatView;
  readonly messages: readonly MessageView[];
  readonly head: string;
}

/** Of a chat of two people with several devices: IN4, IN5 and IN8, where each device begins when it came. */
export function differencesOfShared(world: World, chat: string, all: readonly SeenChat[]): readonly string[] {
  const [first] = all;
  if (first === undefined) return [];
  const problems: string[] = [];
  for (const { device, view, messages, head } of all) {
    const who = `${device.name} in ${chat.slice(0, 6)}`;
    if (view.state !== "active") problems.push(`[IN8] ${who} is ${view.state}`);
    if (head !== first.head) problems.push(`[IN5] ${who} is in ${head}, ${first.device.name} in ${first.head}`);
    if (view.missing > 0) problems.push(`[IN5] ${who} misses ${view.missing}`);
    problems.push(...gapProblems(messages, who));
    const texts = new Set(messages.flatMap(({ content }) => (content.kind === "text" ? [content.text] : [])));
    for (const text of world.ledger.owed(chat, device.name))
      if (!texts.has(text)) problems.push(`[IN4] ${who} lacks ${text}`);
    const others = all.flatMap((seen) => (seen.device.person === device.person ? [] : [seen.device.name]));
    problems.push(...deliveryProblems(world, messages, others, who));
  }
  return [...problems, ...placeProblems(all)];
}

function deliveryProblems(
  world: World,
  messages: readonly MessageView[],
  others: readonly string[],
  who: string,
): readonly string[] {
  return messages.flatMap(({ delivery, content }) => {
    if (delivery === null || delivery.state === "delivered" || delivery.state === "read") return [];
    if (content.kind === "text" && !world.ledger.isOwedToOthers(content.text, others)) return [];
    return [`[IN8] ${who} has ${JSON.stringify(content)} ${JSON.stringify(delivery)}`];
  });
}
