/** What people do in the app, in words of the app. */
import type { Page } from "playwright-core";

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

/** In a browser that has no identity yet. */
export async function answerInvitation(page: Page, name: string, mayDirect = false): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Say yes" }).waitFor();
  if (mayDirect) await page.getByRole("switch", { name: "Allow direct connections" }).click();
  await page.getByRole("button", { name: "Say yes" }).click();
  await messageField(page).waitFor();
}

export async function acceptRequest(page: Page, mayDirect = false): Promise<void> {
  await goTo(page, "Chats");
  await page.getByText("1 request to talk to you").click();
  await page.getByRole("button", { name: "Accept" }).waitFor();
  if (mayDirect) await page.getByRole("switch", { name: "Allow direct connections" }).click();
  await page.getByRole("button", { name: "Accept" }).click();
  await messageField(page).waitFor();
}

export const messageField = (page: Page): ReturnType<Page["getByRole"]> =>
  page.getByRole("textbox", { name: /^Message to/u });

export async function say(page: Page, text: string): Promise<void> {
  await messageField(page).fill(text);
  await messageField(page).press("Enter");
}

export const hears = (page: Page, text: string): Promise<void> =>
  page.locator("#messages").getByText(text, { exact: true }).first().waitFor();
