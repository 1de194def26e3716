/** Chats as people make them: invited, answered, accepted, and a word from both sides. */
import { person, until, untilTexts, type NodeProcess, type Person } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { acceptRequest, hears, invite, say } from "../../test/e2e/people.ts";

/** Answers with the last thing said. */
export async function acquaint(page: Page, node: NodeProcess, number: number): Promise<string> {
  const other = await person({ name: `Contact ${number}`, nodes: [node.hint] });
  try {
    return await meetInBrowser(page, other, number);
  } finally {
    await other.close();
  }
}

async function meetInBrowser(page: Page, other: Person, number: number): Promise<string> {
  const text = await invite(page);
  const { chat } = await other.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  await acceptRequest(page);
  await until(other.api, { view: "chats" }, (chats) => chats.some(({ state }) => state === "active"));
  const [question, answer] = [`How are you, contact ${number}?`, `Well, thank you. It is number ${number}.`];
  await say(page, question);
  await untilTexts(other.api, chat, [question]);
  await other.api.call("sendMessage", { chat, text: answer });
  await hears(page, answer);
  return answer;
}
