/** What people do in the app, in words of the app. */
import type { Locator, Page } from "playwright-core";

export async function createIdentity(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
}

/** A place's button is also named by what is new there, which stands before its label. */
export const goTo = (page: Page, place: "Chats" | "Invite" | "Network" | "Settings"): Promise<void> =>
  page
    .getByRole("navigation", { name: "Main" })
    .getByRole("button", { name: new RegExp(`${place}$`, "u") })
    .click();

/** Makes an invitation and answers with its link, as the copy button gives it. */
export async function invite(page: Page): Promise<string> {
  await goTo(page, "Invite");
  await page.getByRole("button", { name: "Make an invitation" }).click();
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  return link;
}

export interface Answer {
  readonly mayDirect?: boolean;
  readonly greeting?: string;
}

/** In a browser that has no identity yet and was opened with an invitation's link. */
export async function answerInvitation(page: Page, name: string, answer: Answer = {}): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Continue" }).click();
  await sayYes(page, answer);
}

/** To the invitation that is open. */
export async function sayYes(page: Page, { mayDirect = false, greeting = "" }: Answer = {}): Promise<void> {
  await page.getByRole("button", { name: "Say yes" }).waitFor();
  await page.getByLabel("A word of greeting").fill(greeting);
  if (mayDirect) await page.getByRole("switch", { name: "Allow direct connections" }).click();
  await page.getByRole("button", { name: "Say yes" }).click();
  await messageField(page).waitFor();
}

/** A link or a code from elsewhere, in a browser that has an identity. */
export async function pasteInvitation(page: Page, text: string): Promise<void> {
  await goTo(page, "Invite");
  await page.getByLabel("Link or code").fill(text);
  await page.getByRole("button", { name: "Open", exact: true }).click();
}

export async function openRequests(page: Page): Promise<void> {
  await goTo(page, "Chats");
  await page.getByRole("button", { name: /requests? to talk to you/u }).click();
}

export async function acceptRequest(page: Page, mayDirect = false): Promise<void> {
  await openRequests(page);
  await page.getByRole("button", { name: "Accept" }).waitFor();
  if (mayDirect) await page.getByRole("switch", { name: "Allow direct connections" }).click();
  await page.getByRole("button", { name: "Accept" }).click();
  await messageField(page).waitFor();
}

export async function openChat(page: Page, name: string): Promise<void> {
  await goTo(page, "Chats");
  await page.getByRole("region", { name: "Chats" }).getByRole("button").filter({ hasText: name }).first().click();
  await page.locator("#messages").waitFor();
}

/** Of contacts, by their names. */
export async function makeGroup(page: Page, name: string, people: readonly string[] = []): Promise<void> {
  await goTo(page, "Chats");
  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("menuitem", { name: "New group" }).click();
  await page.getByLabel("Name of the group").fill(name);
  for (const person of people) {
    await page.getByLabel("Search your contacts").fill(person);
    await page.getByLabel("Search your contacts").press("Enter");
    await page.getByRole("list", { name: "Chosen" }).getByRole("button").filter({ hasText: person }).waitFor();
  }
  await page.getByRole("button", { name: "Make the group" }).click();
  await page.locator("#messages").waitFor();
}

export const messageField = (page: Page): Locator => page.getByRole("textbox", { name: /^Message to/u });

export async function say(page: Page, text: string): Promise<void> {
  await messageField(page).fill(text);
  await messageField(page).press("Enter");
}

/** A message in the open chat, by its whole text. */
export const message = (page: Page, text: string): Locator =>
  page.locator("#messages").getByText(text, { exact: true });

export const hears = (page: Page, text: string): Promise<void> => message(page, text).first().waitFor();

/** One's own message, in the words of its state: `Queued`, `Stored at 1 of 1`, `Delivered`, `Read`. */
export const own = (page: Page, text: string, state: string): Locator =>
  page.getByRole("article", { name: new RegExp(`^You: ${escaped(text)}, .*, ${state}$`, "su") });

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/gu, String.raw`\$&`);

/** Which way messages take, in the words of the open chat's head. */
export const way = (page: Page, words: string): Locator =>
  page.locator(".chat-pane .pane-header").getByText(words, { exact: true });
