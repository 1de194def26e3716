/** What stands there before the store is open: what was shown last, and nothing that has been taken away since. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { BrowserProfile } from "./browser.ts";
import { goTo, hears, message, messageField, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
const PASSPHRASE = "four quiet owls at noon";

describe("a person who opens the app again", () => {
  test("sees the chats before the store is open; what they write goes out when it is", async () => {
    const { alice, alicesPage, bobsPage } = await story.acquainted();
    await say(alicesPage, "before it was closed");
    await hears(bobsPage, "before it was closed");
    await say(bobsPage, "and the answer");
    await hears(alicesPage, "and the answer");
    await glanceIsKept(alicesPage);
    const beside = await alice.page(`${story.node.webAddress}healthz`);
    await alicesPage.close();

    const { page, letIn } = await openHeld(alice);
    await openChat(page, "Bob");
    await hears(page, "before it was closed");
    await hears(page, "and the answer");
    expect(page.workers()).toEqual([]);
    await messageField(page).fill("written before it was open");
    await messageField(page).press("Enter");
    expect(await message(page, "written before it was open").count()).toBe(0);
    await letIn();
    await hears(bobsPage, "written before it was open");
    await hears(page, "written before it was open");
    expect(await message(page, "written before it was open").count()).toBe(1);
    expect(await message(page, "and the answer").count()).toBe(1);

    // What is deleted is gone from there first, and does not come back.
    await glanceIsKept(page);
    await message(page, "before it was closed").first().click({ button: "right" });
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete for everyone" }).click();
    await message(page, "before it was closed").waitFor({ state: "detached" });
    await glanceIsKept(page);
    await page.close();
    const again = await openHeld(alice);
    await openChat(again.page, "Bob");
    await hears(again.page, "and the answer");
    expect(await again.page.getByText("before it was closed").count()).toBe(0);
    await again.letIn();

    // Behind a passphrase nothing is shown, and nothing lies beside the store.
    await goTo(again.page, "Settings");
    await again.page.getByRole("button", { name: "Passphrase" }).click();
    await again.page.getByLabel("New passphrase").fill(PASSPHRASE);
    await again.page.getByLabel("Once more").fill(PASSPHRASE);
    await again.page.getByRole("button", { name: "Set the passphrase" }).click();
    await again.page.getByText("A passphrase protects this device's store").waitFor();
    expect(await glance(again.page)).toEqual({ size: 0 });
    await again.page.close();
    const locked = await openHeld(alice);
    await locked.page.locator(".splash").waitFor();
    expect(await locked.page.getByText("Bob").count()).toBe(0);
    await locked.letIn();
    await locked.page.getByLabel("Passphrase").waitFor();
    expect(await glance(beside)).toEqual({ size: 0 });
  });
});

/** The app in a page that must not have the lead, and so no store, until it is let in. */
async function openHeld(
  profile: BrowserProfile,
): Promise<{ readonly page: Page; readonly letIn: () => Promise<void> }> {
  const page = await profile.page("about:blank");
  await page.addInitScript(() => {
    void navigator.locks.request(
      "xchat-leader",
      () => new Promise<void>((resolve) => Object.assign(globalThis, { letIn: resolve })),
    );
  });
  await page.goto(story.node.webAddress);
  return { page, letIn: () => page.evaluate(() => (globalThis as unknown as { letIn: () => void }).letIn()) };
}

/** Waits until what stands there now has been written: two seconds after the last change. */
async function glanceIsKept(page: Page): Promise<void> {
  const now = await page.evaluate(() => Date.now());
  await expect.poll(async () => (await glance(page)).writtenAt, { timeout: 30_000 }).toBeGreaterThan(now + 1_000);
}

const glance = (page: Page): Promise<{ readonly size: number; readonly writtenAt?: number }> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle("xchat-glance")).getFile();
    return file.size === 0 ? { size: 0 } : { size: file.size, writtenAt: file.lastModified };
  });
