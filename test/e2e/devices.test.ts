/** One person with two devices, in two browsers, and somebody whom they write to. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { device, giveHistory, link, openDevices } from "./linking.ts";
import { goTo, hears, makeGroup, messageField, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
const PATIENCE = { timeout: 60_000 };
/** What disappears takes its time. */
const STORY_PATIENCE = 300_000;

/** A browser that is linked to the account of `existing`, as its telephone. */
async function linkTelephone(existing: Page) {
  const telephone = await story.browser({ viewport: { width: 360, height: 740 } });
  const phone = await telephone.page(story.node.webAddress);
  await link(existing, phone, "telephone");
  return { telephone, phone };
}

describe("a second device", () => {
  test("has the chats, gets what was said before by consent, writes, and is removed from the first", async () => {
    const { alice, bob, alicesPage, bobsPage } = await story.acquainted();
    await say(alicesPage, "Said before there was a telephone");
    await hears(bobsPage, "Said before there was a telephone");
    const { telephone, phone } = await linkTelephone(alicesPage);

    // Both speak as one person.
    await openChat(phone, "Bob");
    await say(phone, "From the telephone");
    await hears(bobsPage, "From the telephone");
    await openChat(alicesPage, "Bob");
    await hears(alicesPage, "From the telephone");
    await say(bobsPage, "To both of you");
    await hears(alicesPage, "To both of you");
    await hears(phone, "To both of you");

    // What was said before comes when the first device says yes.
    expect(await phone.getByText("Said before there was a telephone").count()).toBe(0);
    await phone.getByRole("button", { name: "Back" }).click();
    await giveHistory(alicesPage, phone);
    await phone.getByText("Your earlier messages are here").waitFor();
    await openChat(phone, "Bob");
    await hears(phone, "Said before there was a telephone");

    // The lost one is removed: it says so, and hears nothing more.
    await openDevices(alicesPage);
    await device(alicesPage, "telephone").getByRole("button", { name: "Remove telephone" }).click();
    await alicesPage.getByRole("button", { name: "Remove", exact: true }).click();
    await device(alicesPage, "telephone").waitFor({ state: "detached" });
    await phone.getByRole("button", { name: "Back" }).click();
    await openDevices(phone);
    await phone.getByText("This device was removed from your account").waitFor();
    await openChat(alicesPage, "Bob");
    await say(alicesPage, "After the telephone was lost");
    await hears(bobsPage, "After the telephone was lost");
    await say(bobsPage, "Heard");
    await hears(alicesPage, "Heard");
    await goTo(phone, "Chats");
    await openChat(phone, "Bob");
    await phone.getByText("This chat has ended.").waitFor();
    expect(await phone.getByText("After the telephone was lost").count()).toBe(0);
    expect(await messageField(phone).count()).toBe(0);
    expect([alice, bob, telephone].flatMap(({ problems }) => problems)).toEqual([]);
  });

  test(
    "follows the first in names, drafts and groups; what disappears does so on both",
    async () => {
      const { alice, bob, alicesPage, bobsPage } = await story.acquainted();
      const { telephone, phone } = await linkTelephone(alicesPage);
      await openChat(phone, "Bob");

      await openChat(alicesPage, "Bob");
      await messageField(alicesPage).fill("Half a sentence");
      await expect.poll(() => messageField(phone).inputValue(), PATIENCE).toBe("Half a sentence");
      await messageField(alicesPage).fill("");
      await alicesPage.getByRole("button", { name: "About this contact" }).click();
      await alicesPage.getByLabel("Your name for them").fill("Robert");
      await alicesPage.getByRole("button", { name: "Save" }).click();
      await phone.getByRole("heading", { name: "Robert" }).waitFor();

      await alicesPage.getByLabel("Disappearing messages").selectOption("30 seconds");
      await say(bobsPage, "Before the clock");
      await hears(alicesPage, "Before the clock");
      await hears(phone, "Before the clock");
      await say(alicesPage, "Read and forget");
      await hears(bobsPage, "Read and forget");
      await hears(phone, "Read and forget");
      for (const page of [alicesPage, phone, bobsPage])
        await page.locator("#messages").getByText("Read and forget", { exact: true }).waitFor({ state: "detached" });

      await makeGroup(alicesPage, "Choir", ["Robert"]);
      await alicesPage.locator("#messages").getByText("You came in with another device.").waitFor();
      await say(alicesPage, "We sing on Tuesday");
      await phone.getByRole("button", { name: "Back" }).click();
      await openChat(phone, "Choir");
      await hears(phone, "We sing on Tuesday");
      await say(phone, "At seven");
      await openChat(bobsPage, "Choir");
      await hears(bobsPage, "We sing on Tuesday");
      await hears(bobsPage, "At seven");
      await hears(alicesPage, "At seven");
      expect([alice, bob, telephone].flatMap(({ problems }) => problems)).toEqual([]);
    },
    STORY_PATIENCE,
  );

  test(
    "has what began on the first while it was off, though the two are on at the same time never again",
    async () => {
      const { alice, bob, alicesPage, bobsPage } = await story.acquainted();
      const { telephone, phone } = await linkTelephone(alicesPage);
      await openChat(phone, "Bob");
      await say(phone, "From the telephone");
      await hears(bobsPage, "From the telephone");
      await telephone.quit();

      await makeGroup(alicesPage, "Choir", ["Bob"]);
      await say(alicesPage, "We sing on Tuesday");
      await alicesPage.locator("#messages").getByText("You came in with another device.").waitFor();
      await openChat(bobsPage, "Choir");
      await hears(bobsPage, "We sing on Tuesday");
      await say(bobsPage, "At seven");
      await hears(alicesPage, "At seven");
      await alice.quit();

      const telephoneAgain = story.keep(await telephone.reopen());
      const phoneAgain = await telephoneAgain.page(story.node.webAddress);
      await openChat(phoneAgain, "Choir");
      await hears(phoneAgain, "We sing on Tuesday");
      await hears(phoneAgain, "At seven");
      await say(phoneAgain, "I bring the scores");
      await hears(bobsPage, "I bring the scores");
      expect([alice, bob, telephone, telephoneAgain].flatMap(({ problems }) => problems)).toEqual([]);
    },
    STORY_PATIENCE,
  );
});
