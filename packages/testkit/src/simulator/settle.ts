/**
 * The end of a world: all that was broken is mended, everybody is switched on, and time passes. Then everybody must
 * have come to the same.
 *
 * IN4 What was acknowledged to its author is shown to everybody in the chat.
 * IN5 All who are in a chat are in one epoch with one secret, and show the same messages in the same order, with no gap.
 * IN8 Nobody is stranded: what was to be sent has been sent, and is known to have arrived.
 */
import type { PairChatView, MessageView } from "@xchat/client/api";
import { answerAll, write } from "./actions.ts";
import type { SimDevice } from "./device.ts";
import { Violation, allMessages, type World } from "./world.ts";
import { headOf } from "./head.ts";
import { removeStrays } from "./device-actions.ts";
import { differencesOfDevices, differencesOfShared } from "./settle-devices.ts";
import { differencesOfGroups, tellGroups } from "./settle-groups.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Less than the seven days that invitations last here. */
const INVITATION_LIFE = 6 * 24 * HOUR;
/** How long it may take until everything has settled, in virtual time. Looked at in between. */
const PATIENCE = [2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 48 * HOUR];
/** Who is alone where others are elsewhere may wait two days before it comes to them (FR20). */
const PATIENCE_IN_GROUPS = [...PATIENCE, 48 * HOUR];

/** @throws Violation when they do not come together. */
export async function settle(world: World): Promise<void> {
  world.tell("everything is mended");
  world.isMended = true;
  world.direct.isPossible = true;
  for (const node of world.nodes) {
    if (node.isDown) node.comeBack();
    for (const device of world.devices) world.network.setUp(device.name, node, true);
    world.network.nodeChanged(node);
  }
  // First without a word: what comes only when somebody speaks again was lost in silence.
  await comeTogether(world);
  world.ledger.isLast = true;
  sayLastWords(world);
  await comeTogether(world);
  await tellGroups(world);
}

async function comeTogether(world: World): Promise<void> {
  let problems: readonly string[] = ["nothing has been looked at"];
  for (const patience of world.plan.hasGroups ? PATIENCE_IN_GROUPS : PATIENCE) {
    for (const device of world.devices) await prepare(world, device);
    await world.schedule.runUntil(world.schedule.now + patience);
    world.check();
    problems = await differences(world);
    world.check();
    if (problems.length === 0) return;
  }
  for (const problem of problems) world.tell(`NOT SETTLED ${problem}`);
  throw new Violation(problems[0]);
}

async function prepare(world: World, device: SimDevice): Promise<void> {
  for (let tries = 0; device.api === null; tries++) {
    if (tries > 20) throw new Violation(`[IN8] ${device.name} does not start`);
    if (device.isOff) world.switchOn(device);
    await world.schedule.runUntil(world.schedule.now + 5_000);
    world.check();
  }
  device.failAfter(Number.MAX_SAFE_INTEGER);
  if (!world.household.isIn(device)) return;
  if (world.plan.hasDevices) removeStrays(world, device);
  world.run(`${device.name} answers`, answerAll(world, device, "accept", false));
  for (const chat of world.chats.get(device) ?? []) {
    if (chat.isBlocked) world.run("unblocks", device.call("setBlocked", { chat: chat.id, isBlocked: false }));
  }
  world.run(`${device.name} retries`, device.call("retryNow", {}));
}

/** Everybody says something in each chat: whoever cannot is stranded. */
function sayLastWords(world: World): void {
  for (const device of world.present) {
    for (const { id, state, isBlocked } of world.chats.get(device) ?? []) {
      if (state !== "ended" && !isBlocked) write(world, device, id);
    }
    for (const { id, mayWrite } of world.groups.chatsOf(device)) if (mayWrite) write(world, device, id);
  }
}

interface Seen {
  readonly device: SimDevice;
  readonly view: PairChatView;
  readonly messages: readonly MessageView[];
  readonly head: string;
}

async function differences(world: World): Promise<readonly string[]> {
  const byChat = new Map<string, Seen[]>();
  for (const device of world.present) {
    for (const view of world.chats.get(device) ?? []) {
      const seen: Seen = {
        device,
        view,
        messages: await allMessages(device, view.id),
        head: await headOf(world, device, view.id),
      };
      byChat.set(view.id, [...(byChat.get(view.id) ?? []), seen]);
    }
  }
  const ofPairs = [...byChat].flatMap(([chat, all]) => differencesOfChat(world, chat, all));
  const ofDevices = world.plan.hasDevices ? await differencesOfDevices(world) : [];
  return [...ofPairs, ...(await differencesOfGroups(world)), ...ofDevices];
}

function differencesOfChat(world: World, chat: string, all: readonly Seen[]): readonly string[] {
  const name = chat.slice(0, 6);
  const [first] = all;
  if (first === undefined) return [];
  if (all.every(({ device }) => device.person === first.device.person))
    return isOwedAnAnswer(world, chat) ? [`[IN8] the request of ${first.device.name} is lost`] : [];
  if (world.plan.hasDevices) return differencesOfShared(world, chat, all);
  const problems: string[] = [];
  for (const { device, view, messages, head } of all) {
    const who = `${device.name} in ${name}`;
    if (view.state !== "active") problems.push(`[IN8] ${who} is ${view.state}`);
    if (head !== first.head) problems.push(`[IN5] ${who} is in ${head}, ${first.device.name} in ${first.head}`);
    if (view.missing > 0) problems.push(`[IN5] ${who} misses ${view.missing}`);
    problems.push(...differencesOfView(first, messages, who));
    const texts = new Set(messages.flatMap(({ content }) => (content.kind === "text" ? [content.text] : [])));
    for (const text of world.ledger.owed(chat)) if (!texts.has(text)) problems.push(`[IN4] ${who} lacks ${text}`);
    for (const { delivery, content } of messages) {
      if (delivery === null || delivery.state === "delivered" || delivery.state === "read") continue;
      problems.push(`[IN8] ${who} has ${JSON.stringify(content)} ${JSON.stringify(delivery)}`);
    }
  }
  return problems;
}

/** Requests that are declined, come too late, or by an invitation for one that somebody else has used, wait for ever. */
function isOwedAnAnswer(world: World, chat: string): boolean {
  const request = world.requests.get(chat);
  if (request === undefined) return false;
  const { invited, by } = request;
  // Whose device was removed has taken back all invitations: it knows their secrets (DV30).
  if (world.household.hasRemoved(invited.from.person) || world.household.isOut(by)) return false;
  if (world.declined.has(`${invited.from.person}/${by.person}`) || world.restored.size > 0) return false;
  return (invited.isLasting || invited.followers.size === 1) && world.schedule.now - invited.at < INVITATION_LIFE;
}

const isMessage = ({ content }: MessageView): boolean => content.kind !== "record";

function differencesOfView(first: Seen, messages: readonly MessageView[], who: string): readonly string[] {
  const lineOf = ({ order, content }: MessageView): string => `${order} ${JSON.stringify(content)}`;
  // Lines of who did what are each device's own: that somebody came back stands where each has heard of it.
  const wanted = first.messages.filter(isMessage).map(lineOf);
  const found = messages.filter(isMessage).map(lineOf);
  const at = Array.from({ length: Math.max(wanted.length, found.length) }, (_, index) => index).find(
    (index) => wanted[index] !== found[index],
  );
  const gap = messages.find(({ content }) => content.kind === "lost");
  return [
    ...(at === undefined ? [] : [`[IN5] ${who} shows ${found[at]}, ${first.device.name} ${wanted[at]}`]),
    ...(gap === undefined ? [] : [`[IN5] ${who} has a gap ${JSON.stringify(gap.content)}`]),
  ];
}
