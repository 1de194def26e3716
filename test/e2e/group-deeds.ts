/** What members of a group do in the app. */
import type { Locator, Page } from "playwright-core";

export const aboutGroup = (page: Page): Locator => page.getByRole("region", { name: "About this group" });

/** What stands in the chat about the group itself: names in it are set apart from the text around them. */
export const record = (page: Page, words: string): Locator =>
  page.locator("#messages").getByText(new RegExp(words.replaceAll(/(Alice|Bob|Carol)/gu, ".?$1.?"), "u"));

/** Of the open group. */
export async function rename(page: Page, name: string): Promise<void> {
  if ((await aboutGroup(page).count()) === 0) await page.getByRole("button", { name: "About this group" }).click();
  await page.getByRole("button", { name: "Name and description" }).click();
  await page.getByRole("dialog").getByLabel("Name of the group").fill(name);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

async function openMember(page: Page, name: string): Promise<void> {
  const panel = aboutGroup(page);
  if ((await panel.count()) === 0) await page.getByRole("button", { name: "About this group" }).click();
  await panel.locator(".member-row").filter({ hasText: name }).click();
}

export async function makeAdmin(page: Page, name: string): Promise<void> {
  await openMember(page, name);
  await page.getByRole("button", { name: "Make admin" }).click();
}

export async function removeMember(page: Page, name: string): Promise<void> {
  await openMember(page, name);
  await page.getByRole("button", { name: "Remove from the group" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
}
