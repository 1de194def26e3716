/**
 * Coming into a group by a link while machines stop at any instant, with the loss of writes that were never synced: what an
 * intent has acknowledged is there afterwards, and in the end the newcomer is in, once, and heard.
 */
import type { ClientApi, ConversationId, GroupView } from "@xchat/client/api";
import { seededRandom } from "@xchat/store-sqlite/fault";
import { describe, expect, test } from "vitest";
import { allMessages, memoryNodes, present, VirtualClock } from "./index.ts";
import { Machine } from "./machine.ts";

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 6);
const FIRST_SEED = Number(process.env["XCHAT_SEED"] ?? 67_100);
const NOW = 1_795_512_600_000;

const groupOf = (api: ClientApi, chat: ConversationId): Promise<GroupView> => present(api, { view: "group", chat });

async function isIn(machine: Machine, chat: ConversationId): Promise<boolean> {
  const chats = await present(machine.who.api, { view: "chats" });
  return chats.some(({ id, state }) => id === chat && state === "active");
}

const textsOf = async ({ who }: Machine, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(who.api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const events: string[] = [];
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(1);
  const [alice, dave] = [new Machine("Alice", nodes, clock), new Machine("Dave", nodes, clock)];
  for (const machine of [alice, dave]) await machine.start();
  const { chat } = await alice.who.api.call("createGroup", { name: "Choir", description: "", members: [] });
  await clock.pass(2_000);
  let code: string | null = null;
  let isAsked = false;
  /** The power goes at some operation; afterwards what was acknowledged must be there. */
  const round = async (): Promise<void> => {
    const victim = random() < 0.5 ? alice : dave;
    const operations = 1 + Math.floor(random() * 80);
    events.push(`${victim.name} fails after ${operations}`);
    victim.failAfter(operations);
    if (code === null) {
      const made = await alice.who.api
        .call("createGroupLink", { chat, needsApproval: random() < 0.5, days: null })
        .catch(() => null);
      code = made?.code ?? null;
      events.push(code === null ? "no link" : "link made");
    }
    for (let i = 0; i < 6; i++) await clock.pass(700);
    if (code !== null && !isAsked) {
      isAsked = await dave.who.api.call("joinGroup", { text: code, greeting: "" }).then(
        () => true,
        () => false,
      );
      events.push(isAsked ? "asked" : "could not ask");
    }
    for (let i = 0; i < 8; i++) {
      await clock.pass(700);
      const [request] = (await groupOf(alice.who.api, chat)).joinRequests;
      if (request === undefined) continue;
      await alice.who.api.call("answerJoinRequest", { chat, id: request.id, accept: true }).catch(() => undefined);
    }
    await victim.restart(random);
    if (code !== null) expect((await groupOf(alice.who.api, chat)).links.map((link) => link.code)).toContain(code);
    if (isAsked && !(await isIn(dave, chat)))
      expect(await present(dave.who.api, { view: "joining" })).toMatchObject([{ group: chat }]);
  };
  try {
    for (let i = 0; i < 5; i++) await round();
    const isUnderWay = (): boolean => code !== null && isAsked;
    while (!isUnderWay()) await round();
    for (let i = 0; i < 200 && !(await isIn(dave, chat)); i++) {
      await clock.pass(700);
      const [request] = (await groupOf(alice.who.api, chat)).joinRequests;
      if (request !== undefined) await alice.who.api.call("answerJoinRequest", { chat, id: request.id, accept: true });
    }
    expect(await isIn(dave, chat)).toBe(true);
    await dave.who.api.call("sendMessage", { chat, text: "here I am" });
    for (let i = 0; i < 100 && (await textsOf(alice, chat)).length === 0; i++) await clock.pass(700);
    expect(await textsOf(alice, chat)).toEqual(["here I am"]);
    expect((await groupOf(alice.who.api, chat)).members.map(({ devices }) => devices)).toEqual([1, 1]);
    expect(await present(dave.who.api, { view: "joining" })).toEqual([]);
    for (const { keys } of [alice, dave]) expect(keys.judge(nodes.flatMap(({ held }) => held)).reused).toEqual([]);
  } catch (error) {
    throw new Error(`seed ${seed}\n${events.join("\n")}`, { cause: error });
  } finally {
    for (const { who } of [alice, dave]) await who.close().catch(() => undefined);
  }
}

describe(`[GK2] [JO1] [JO2] [LC1] a link, and machines that stop at any instant (seeds from ${FIRST_SEED})`, () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", run, 120_000);
});
