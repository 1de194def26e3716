/** What a person with several devices does in the app. */
import type { Locator, Page } from "playwright-core";
import { goTo } from "./people.ts";

export async function openDevices(page: Page): Promise<void> {
  await goTo(page, "Settings");
  await page.getByRole("button", { name: /^Devices/u }).click();
}

export const device = (page: Page, name: string): Locator => page.locator(".device-row").filter({ hasText: name });

/** Links the browser of `page`, which has no account, to the account of `existing`. */
export async function link(existing: Page, page: Page, name: string): Promise<void> {
  await openDevices(existing);
  await existing.getByRole("button", { name: "Link a device" }).click();
  await existing.getByRole("button", { name: "Show the code" }).click();
  const code = await existing.getByRole("dialog").locator(".code-block").innerText();
  await page.getByRole("button", { name: "I have X Chat on another device" }).click();
  await page.getByLabel("Name of this device").fill(name);
  await page.getByLabel("Code of the other device").fill(code);
  await page.getByRole("button", { name: "Continue" }).click();
  const digits = await page.locator(".link-digits").innerText();
  await existing.getByLabel("The six digits").fill(digits);
  await existing.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Yes, this is my account" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await existing.getByText("belongs to your account").waitFor();
  await existing.getByRole("button", { name: "Done" }).click();
}

/** Asks on `taker` for what was said before, and says yes on `giver`; both show their chats. */
export async function giveHistory(giver: Page, taker: Page): Promise<void> {
  await taker.getByRole("button", { name: "Show", exact: true }).click();
  await taker.getByRole("button", { name: /^Get them from/u }).click();
  await goTo(giver, "Chats");
  await giver.getByRole("button", { name: "Show", exact: true }).click();
  await giver.getByRole("button", { name: "Give them" }).click();
}
