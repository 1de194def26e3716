/**
 * How long a person in a real browser waits who comes back to a group where 10,000 messages were written across 50 epochs:
 * the built app, served by the built node, which has all of it.
 */
import { join } from "node:path";
import type { ClientApi, ConversationId } from "@xchat/client/api";
import { allMessages, person, startNodeProcess, until, type NodeProcess, type Person } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { browserProfile } from "../../test/e2e/browser.ts";
import { acceptRequest, createIdentity, hears, invite, openChat } from "../../test/e2e/people.ts";

const BUILT_NODE = join(import.meta.dirname, "../../apps/node/dist/main.js");
const EPOCHS = 50;
const MESSAGES = 10_000;
const EACH = MESSAGES / EPOCHS;
const PATIENCE = 300_000;

/** Seconds from the navigation to the group's last name and last message in the list of chats. */
export async function catchUpSeconds(): Promise<number> {
  const node = await startNodeProcess({ withApp: true, main: BUILT_NODE });
  const profile = await browserProfile();
  const bob = await person({ name: "Bob", nodes: [node.hint] });
  try {
    const page = await profile.page(node.webAddress);
    await createIdentity(page, "Alice");
    const chat = await groupWith(page, bob);
    await page.close();
    const last = await write(bob.api, chat);
    const back = await profile.page("about:blank");
    const seconds = await timeToCatchUp(back, node, last);
    await proveWhole(back, bob.api, chat, last);
    return seconds;
  } finally {
    await bob.close();
    await profile.remove();
    await node.remove();
  }
}

/** A group of Bob's in which the person at the page is, and has heard him. */
async function groupWith(page: Page, bob: Person): Promise<ConversationId> {
  const text = await invite(page);
  await bob.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  await acceptRequest(page);
  const [alice] = await until(bob.api, { view: "chats" }, ([one]) => one?.state === "active");
  if (alice?.kind !== "pair") throw new Error("no chat of two");
  const members = [alice.accountId];
  const { chat } = await bob.api.call("createGroup", { name: nameOf(0), description: "", members });
  await until(bob.api, { view: "group", chat }, ({ members: all }) => all.length === 2, PATIENCE);
  await bob.api.call("sendMessage", { chat, text: "We sing on Tuesday" });
  await openChat(page, nameOf(0));
  await hears(page, "We sing on Tuesday");
  await untilOwn(bob.api, chat, "delivered");
  return chat;
}

/** Each epoch begins with another name of the group. Answers with the last thing said. */
async function write(api: ClientApi, chat: ConversationId): Promise<string> {
  let text = "";
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    await api.call("setGroupInfo", { chat, name: nameOf(epoch) });
    await until(api, { view: "group", chat }, ({ name, pending }) => name === nameOf(epoch) && pending.length === 0);
    for (let n = 1; n <= EACH; n++) {
      text = `${n} of ${EACH} in the epoch of ${nameOf(epoch)}`;
      await api.call("sendMessage", { chat, text });
    }
    await untilOwn(api, chat, "stored");
  }
  return text;
}

async function timeToCatchUp(page: Page, node: NodeProcess, last: string): Promise<number> {
  const start = performance.now();
  await page.goto(node.webAddress);
  const row = page
    .getByRole("region", { name: "Chats" })
    .getByRole("button")
    .filter({ hasText: nameOf(EPOCHS) });
  await row.filter({ hasText: last }).waitFor({ timeout: PATIENCE });
  return (performance.now() - start) / 1_000;
}

/** The person's acknowledgement says what they have, and what they lack. */
async function proveWhole(page: Page, api: ClientApi, chat: ConversationId, last: string): Promise<void> {
  await openChat(page, nameOf(EPOCHS));
  await untilOwn(api, chat, "delivered");
  const own = (await allMessages(api, chat)).filter(({ content, isOwn }) => isOwn && content.kind === "text");
  const lacking = own.filter(({ delivery }) => delivery?.state !== "delivered" && delivery?.state !== "read");
  if (own.length !== MESSAGES + 1 || lacking.length > 0)
    throw new Error(`${lacking.length} of ${own.length} are lacking`);
  await hears(page, last);
}

/** Of the newest message. */
const untilOwn = (api: ClientApi, chat: ConversationId, state: "stored" | "delivered"): Promise<unknown> =>
  until(
    api,
    { view: "chats" },
    (chats) => {
      const reached = chats.find(({ id }) => id === chat)?.last?.delivery?.state;
      return reached === state || reached === "delivered" || reached === "read";
    },
    PATIENCE,
  );

const nameOf = (epoch: number): string => `Choir ${epoch}.`;
