/**
 * What must hold of groups when a world has settled (IN4, IN5 and IN8 of `settle.ts`, for many): whoever is in a group
 * is there with all others in one epoch, sees the same of it, and has what was written while they were in it; whoever
 * is not knows that.
 */
import type { GroupChatView, GroupView, MessageView } from "@xchat/client/api";
import type { SimDevice } from "./device.ts";
import { headOf } from "./head.ts";
import { allMessages, type World } from "./world.ts";

interface Seen {
  readonly device: SimDevice;
  readonly chat: GroupChatView;
  readonly view: GroupView;
  readonly messages: readonly MessageView[];
  readonly head: string;
}

export async function differencesOfGroups(world: World): Promise<readonly string[]> {
  const ids = new Set(world.present.flatMap((device) => world.groups.chatsOf(device).map(({ id }) => id)));
  const problems: string[] = [];
  for (const id of ids) {
    const seen: Seen[] = [];
    for (const device of world.present) {
      const chat = world.groups.chatsOf(device).find((one) => one.id === id);
      const view = world.groups.viewOf(device, id);
      if (chat?.state !== "active" || view === null) continue;
      const messages = await allMessages(device, id);
      seen.push({ device, chat, view, messages, head: await headOf(world, device, id) });
    }
    problems.push(...differencesOfGroup(world, id, seen));
  }
  return problems;
}

function differencesOfGroup(world: World, id: string, all: readonly Seen[]): readonly string[] {
  const [first] = all;
  if (first === undefined) return [];
  const present = new Set(all.map(({ device }) => device.person));
  const problems: string[] = [];
  for (const seen of all) {
    const { device, chat, view, head } = seen;
    const who = `${device.name} in ${first.view.name} (${id.slice(0, 6)})`;
    if (head !== first.head) problems.push(`[IN5] ${who} is in ${head}, ${first.device.name} in ${first.head}`);
    const [own, wanted] = [stateOf(world, view), stateOf(world, first.view)];
    if (own !== wanted) problems.push(`[IN5] ${who} sees ${own}, ${first.device.name} ${wanted}`);
    for (const { accountId } of view.members) {
      const person = world.groups.personOf(accountId);
      if (!present.has(person)) problems.push(`[IN8] ${who} counts ${person}, who is not there`);
    }
    if (!view.members.some(({ isSelf }) => isSelf)) problems.push(`[IN8] ${who} is out and does not know it`);
    if (view.pending.length > 0) problems.push(`[IN8] ${who} still waits for ${JSON.stringify(view.pending)}`);
    if (chat.missing > 0) problems.push(`[IN5] ${who} misses ${chat.missing}`);
    const others = all.flatMap((one) => (one.device.person === device.person ? [] : [one.device.name]));
    problems.push(...messageProblems(world, id, seen, others, who));
  }
  return [...problems, ...placeProblems(all)];
}

const stateOf = (world: World, { name, description, members, permissions }: GroupView): string =>
  JSON.stringify({
    name,
    description,
    permissions,
    members: members
      .map(
        ({ accountId, role, isLeaving }) => `${world.groups.personOf(accountId)} ${role}${isLeaving ? " leaves" : ""}`,
      )
      .toSorted(),
  });

function messageProblems(
  world: World,
  id: string,
  { device, view, messages }: Seen,
  others: readonly string[],
  who: string,
): readonly string[] {
  const problems: string[] = [];
  const texts = new Set(messages.flatMap(({ content }) => (content.kind === "text" ? [content.text] : [])));
  for (const text of world.ledger.owed(id, device.name))
    if (!texts.has(text)) problems.push(`[IN4] ${who} lacks ${text}`);
  problems.push(...gapProblems(messages, who));
  for (const { delivery, content } of messages) {
    if (delivery === null || content.kind !== "text") continue;
    const isOwedToOthers = view.members.length > 1 && world.ledger.isOwedToOthers(content.text, others);
    const isThere = delivery.state === "delivered" || delivery.state === "read";
    const mayStay = delivery.state === "stored" || delivery.state === "unsent";
    if (isThere || (mayStay && !isOwedToOthers)) continue;
    problems.push(`[IN8] ${who} has ${JSON.stringify(content)} ${JSON.stringify(delivery)}`);
  }
  return problems;
}

export function gapProblems(messages: readonly MessageView[], who: string): readonly string[] {
  const at = messages.findIndex(({ content }) => content.kind === "lost");
  if (at < 0) return [];
  const [before, gap, after] = [at - 1, at, at + 1].map((index) => messages[index]);
  return [`[IN5] ${who} has a gap ${gap?.order}, behind ${lineOf(before)} and before ${lineOf(after)}`];
}

const lineOf = (message: MessageView | undefined): string =>
  message === undefined ? "nothing" : `${message.order} ${JSON.stringify(message.content)}`;

/** For the story: what became of each group. */
export async function tellGroups(world: World): Promise<void> {
  for (const device of world.devices) {
    for (const { id, state } of world.groups.chatsOf(device)) {
      const view = world.groups.viewOf(device, id);
      const head = await headOf(world, device, id);
      world.tell(`${device.name} is ${state} in ${view?.name ?? id}: ${view?.members.length ?? 0} people, ${head}`);
    }
  }
}

/** One message has one place, and says one thing, wherever it is shown. */
export function placeProblems(all: readonly Pick<Seen, "device" | "messages">[]): readonly string[] {
  const places = new Map<string, { readonly line: string; readonly by: string }>();
  const problems: string[] = [];
  for (const { device, messages } of all) {
    for (const { id, order, content } of messages) {
      if (content.kind === "record" || content.kind === "lost") continue;
      const line = `${order} ${JSON.stringify(content)}`;
      const before = places.get(id);
      if (before === undefined) places.set(id, { line, by: device.name });
      else if (before.line !== line) problems.push(`[IN5] ${device.name} shows ${line}, ${before.by} ${before.line}`);
    }
  }
  return problems;
}
