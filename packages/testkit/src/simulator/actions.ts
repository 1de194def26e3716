/**
 * What people and fate do in a simulated world, as a table: how likely each is where it is possible, and what it does.
 * A new ability of the client is a new row (see `README.md` of the testkit).
 *
 * A row draws all its chance from `world.random` and goes on in the world by `world.run`, never by waiting.
 */
import type { PairChatView } from "@xchat/client/api";
import type { MemoryNode } from "../memory-nodes.ts";
import type { SimDevice } from "./device.ts";
import { audienceOf } from "./audience.ts";
import { MARK, type Audience } from "./ledger.ts";
import type { World } from "./world.ts";

export interface Action {
  readonly name: string;
  /** Beside the weights of the others. */
  readonly weight: number;
  /** Done by this device, which is on; false when there is nothing to do. */
  readonly act: (world: World, device: SimDevice) => boolean;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const chatsOf = (world: World, device: SimDevice): readonly PairChatView[] => world.chats.get(device) ?? [];

function someChat(
  world: World,
  device: SimDevice,
  isSo: (chat: PairChatView) => boolean = () => true,
): PairChatView | null {
  const found = chatsOf(world, device).filter(isSo);
  return found.length === 0 ? null : world.random.pick(found);
}

export function write(world: World, device: SimDevice, chat: string): void {
  if (!world.plan.hasDevices) return say(world, device, chat, world.groups.audienceOf(device, chat));
  const finding = audienceOf(world, device, chat).then((audience) => {
    if (device.api !== null) say(world, device, chat, audience);
  });
  world.run(`${device.name} begins to write`, finding);
}

function say(world: World, device: SimDevice, chat: string, audience: Audience | null): void {
  const seen = [...world.shownBy(device, chat).messages.values()].filter(({ content }) => content.kind === "text");
  const text = world.ledger.say(
    device.name,
    chat,
    world.schedule.now,
    seen.map(({ id }) => id),
    audience,
  );
  world.tell(`${device.name} writes ${text.slice(MARK.length + 1)}`);
  const sending = device.call("sendMessage", { chat, text }).then(({ id }) => world.ledger.acknowledged(text, id));
  world.run(`${device.name} writes`, sending);
}

// ---- people

export const invite: Action = {
  name: "invite",
  weight: 4,
  act: (world, device) => {
    world.tell(`${device.name} makes an invitation`);
    const isLasting = world.random.chance(0.3);
    const making = device.call("createInvitation", { label: "", isLasting, days: 7 });
    world.run(
      `${device.name} invites`,
      making.then(({ code }) =>
        world.codes.push({ code, from: device, isLasting, at: world.schedule.now, followers: new Set() }),
      ),
    );
    return true;
  },
};

export const follow: Action = {
  name: "follow an invitation",
  weight: 10,
  act: (world, device) => {
    const codes = world.codes.filter(
      ({ from }) =>
        from.person !== device.person && !chatsOf(world, device).some(({ theirName }) => theirName === from.person),
    );
    if (codes.length === 0) return false;
    const invited = world.random.pick(codes);
    const { code, from, followers } = invited;
    world.tell(`${device.name} follows an invitation of ${from.name}`);
    followers.add(device.name);
    const mayDirect = world.random.chance(0.5);
    const following = device.call("acceptInvitation", { text: code, greeting: `${MARK} hello`, mayDirect });
    world.run(
      `${device.name} follows`,
      following.then(({ chat }) => world.requests.set(chat, { invited, by: device })),
    );
    return true;
  },
};

export const answer: Action = {
  name: "answer requests",
  weight: 12,
  act: (world, device) => {
    const isYes = world.random.chance(0.9);
    const mayDirect = world.random.chance(0.5);
    world.run(`${device.name} answers`, answerAll(world, device, isYes ? "accept" : "decline", mayDirect));
    return device.api !== null;
  },
};

export async function answerAll(
  world: World,
  device: SimDevice,
  reply: "accept" | "decline",
  mayDirect: boolean,
): Promise<void> {
  for (const { id, name } of await requestsOf(device)) {
    world.tell(`${device.name} answers ${name}: ${reply}`);
    if (reply === "decline") world.declined.add(`${device.person}/${name}`);
    await device.call("answerRequest", { id, answer: reply, mayDirect });
  }
}

const requestsOf = (device: SimDevice): Promise<readonly { readonly id: string; readonly name: string }[]> =>
  new Promise((resolve) => {
    const stop = device.api?.watch({ view: "requests" }, (requests) => {
      queueMicrotask(() => stop?.());
      resolve(requests);
    });
  });

const talk: Action = {
  name: "write",
  weight: 40,
  act: (world, device) => {
    const found = someChat(world, device, ({ state, isBlocked }) => state !== "ended" && !isBlocked);
    if (found === null) return false;
    const times = world.random.chance(0.1) ? world.random.between(5, 20) : 1;
    for (let i = 0; i < times; i++) write(world, device, found.id);
    return true;
  },
};

const read: Action = {
  name: "read",
  weight: 10,
  act: (world, device) => {
    const chat = someChat(world, device, ({ unread }) => unread > 0);
    if (chat === null) return false;
    const messages = [...world.shownBy(device, chat.id).messages.values()].filter(({ isOwn }) => !isOwn);
    if (messages.length === 0) return false;
    const upTo = world.random.pick(messages).id;
    world.run(`${device.name} reads`, device.call("markRead", { chat: chat.id, upTo }));
    return true;
  },
};

const block: Action = {
  name: "block or not",
  weight: 2,
  act: (world, device) => {
    const chat = someChat(world, device, ({ state }) => state === "active");
    if (chat === null) return false;
    world.tell(`${device.name} ${chat.isBlocked ? "unblocks" : "blocks"} ${chat.theirName}`);
    world.run(`${device.name} blocks`, device.call("setBlocked", { chat: chat.id, isBlocked: !chat.isBlocked }));
    return true;
  },
};

const consent: Action = {
  name: "direct on or off",
  weight: 4,
  act: (world, device) => {
    const chat = someChat(world, device, ({ state, isBlocked }) => state === "active" && !isBlocked);
    if (chat === null) return false;
    const mayDirect = !chat.mayDirect;
    world.tell(`${device.name} ${mayDirect ? "allows" : "forbids"} ${chat.theirName} direct connections`);
    world.run(`${device.name} consents`, device.call("setMayDirect", { chat: chat.id, mayDirect }));
    return true;
  },
};

const rename: Action = {
  name: "rename oneself",
  weight: 2,
  act: (world, device) => {
    world.run(`${device.name} renames`, device.call("setName", { name: device.person }));
    return true;
  },
};

const retry: Action = {
  name: "try again now",
  weight: 2,
  act: (world, device) => {
    world.run(`${device.name} retries`, device.call("retryNow", {}));
    return true;
  },
};

// ---- fate

/** Back after this time, if nothing else has brought it back. */
function backAfter(world: World, device: SimDevice, milliseconds: number): void {
  world.schedule.after(milliseconds, () => {
    if (device.isOff) world.switchOn(device);
  });
}

const absence = (world: World): number => {
  const { random, plan } = world;
  if (plan.troubles.months && random.chance(0.3)) return random.between(20, 40) * DAY;
  return random.pick([2 * SECOND, 60 * SECOND, HOUR, random.between(1, 12) * HOUR]);
};

const crash: Action = {
  name: "lose power",
  weight: 5,
  act: (world, device) => {
    if (!world.plan.troubles.crashes) return false;
    const effects = world.random.between(1, 12);
    const time = absence(world);
    world.tell(`${device.name} will lose power at effect ${effects}, for ${time / SECOND} s`);
    device.failAfter(effects);
    world.schedule.after(time, () => {
      if (device.isOff) world.switchOn(device);
      // What was to happen is over when all is mended: nobody waits there for an answer of a device that is off.
      else if (!world.isMended) device.crash();
    });
    backAfter(world, device, time + SECOND);
    return true;
  },
};

const close: Action = {
  name: "close",
  weight: 4,
  act: (world, device) => {
    const time = absence(world);
    world.tell(`${device.name} is closed, for ${time / SECOND} s`);
    world.run(`${device.name} closes`, device.switchOff());
    backAfter(world, device, time);
    return true;
  },
};

const copy: Action = {
  name: "copy the disk",
  weight: 4,
  act: (world, device) => {
    if (!world.plan.troubles.copies) return false;
    world.tell(`the disk of ${device.name} is copied`);
    device.takeImage();
    return true;
  },
};

const restore: Action = {
  name: "restore an old disk",
  weight: 2,
  act: (world, device) => {
    if (device.images.length === 0) return false;
    const { disk, at } = world.random.pick(device.images);
    world.tell(`${device.name} goes on from a disk that is ${Math.round((world.schedule.now - at) / SECOND)} s old`);
    device.crash();
    device.putDisk(disk);
    world.ledger.rolledBack(device.name, at);
    world.shown.delete(device);
    world.restored.add(device);
    backAfter(world, device, world.random.between(100, 5_000));
    return true;
  },
};

const nodeDown: Action = {
  name: "node down or up",
  weight: 5,
  act: (world) => {
    if (world.isDark) return false;
    const node: MemoryNode = world.random.pick(world.nodes);
    world.tell(`node ${node.hint.address} ${node.isDown ? "comes back" : "goes down"}`);
    if (node.isDown) node.comeBack();
    else node.goDown();
    world.network.nodeChanged(node);
    return true;
  },
};

/** In worlds that have it: a row beside the others, so that all other seeds stay what they are. */
export const darkness: Action = {
  name: "all nodes down for days",
  weight: 6,
  act: (world) => {
    if (world.isDark) return false;
    const time = world.random.between(12, 5 * 24) * HOUR;
    world.tell(`all nodes go down, for ${time / HOUR} hours`);
    world.isDark = true;
    for (const node of world.nodes) node.goDown();
    for (const node of world.nodes) world.network.nodeChanged(node);
    world.schedule.after(time, () => {
      world.isDark = false;
      if (world.isMended) return;
      world.tell("all nodes come back");
      for (const node of world.nodes) node.comeBack();
      for (const node of world.nodes) world.network.nodeChanged(node);
    });
    return true;
  },
};

const cut: Action = {
  name: "cut or mend a link",
  weight: 6,
  act: (world, device) => {
    if (!world.plan.troubles.cuts) return false;
    const some = world.random.shuffle(world.nodes).slice(0, world.random.between(1, world.nodes.length));
    const isUp = !world.network.isUp(device.name, some[0] as MemoryNode);
    world.tell(`${device.name} ${isUp ? "reaches again" : "is cut off from"} ${some.length} nodes`);
    for (const node of some) world.network.setUp(device.name, node, isUp);
    world.direct.breakAll();
    if (isUp) return true;
    const time = world.random.pick([20 * SECOND, HOUR, world.random.between(1, 3) * DAY]);
    world.schedule.after(time, () => {
      for (const node of some) world.network.setUp(device.name, node, true);
    });
    return true;
  },
};

const leaveTheHouse: Action = {
  name: "direct connections break",
  weight: 2,
  act: (world) => {
    if (!world.plan.hasDirect) return false;
    world.direct.breakAll();
    world.direct.isPossible = world.random.chance(0.7);
    return true;
  },
};

export const FATE: readonly Action[] = [crash, close, copy, restore, nodeDown, cut, leaveTheHouse];

export const ACTIONS: readonly Action[] = [invite, follow, answer, talk, read, block, consent, rename, retry, ...FATE];
