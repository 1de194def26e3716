/** What was said before goes to a second device, over a line that breaks and between browsers that end. */
import { person, until } from "@xchat/testkit";
import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { newLine } from "./line.ts";
import { giveHistory, link } from "./linking.ts";
import { acceptRequest, createIdentity, goTo, invite, openChat } from "./people.ts";
import { stage } from "./stage.ts";

const VOLUMES = 40;
/** Two of them are one chunk (spec/devices.md, DV14). */
const LETTERS = 30_000;
/** Far less than all of it, and more than the eight chunks that are under way at once. */
const BROKEN_OFF_AFTER = 900_000;
const PATIENCE = { timeout: 60_000 };
const STORY_PATIENCE = 480_000;

const story = stage();

/** From 0 to 1, of what has come. */
const progress = (page: Page): Promise<number> =>
  page
    .getByRole("progressbar", { name: /of the earlier messages$/u })
    .evaluate((bar) => (bar as HTMLProgressElement).value);

describe("earlier messages for a second device", () => {
  test(
    "[DV16] [DV17] break off in the middle, go on after both have been closed, and come once",
    { timeout: STORY_PATIENCE },
    async () => {
      const laptop = await story.browser();
      const laptopPage = await laptop.page(story.node.webAddress);
      await createIdentity(laptopPage, "Alice");
      const bob = await person({ name: "Bob", nodes: [story.node.hint] });
      story.cleanUp(() => bob.close());
      const text = await invite(laptopPage);
      const { chat } = await bob.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
      await acceptRequest(laptopPage);
      await until(bob.api, { view: "chats" }, ([one]) => one?.state === "active");
      for (let number = 1; number <= VOLUMES; number++) {
        const volume = `Volume ${number}: ${"the orchard in winter ".repeat(LETTERS / 22)}`;
        await bob.api.call("sendMessage", { chat, text: volume });
      }
      await laptopPage.locator("#messages").getByText(`Volume ${VOLUMES}:`).first().waitFor();
      await expect.poll(() => hits(laptopPage), PATIENCE).toBe(`${VOLUMES} hits`);

      const line = await newLine();
      story.cleanUp(() => line.remove());
      const telephone = await story.browser({ viewport: { width: 360, height: 740 }, line });
      const phone = await telephone.page(story.node.webAddress);
      await link(laptopPage, phone, "telephone");
      await openChat(phone, "Bob");
      await phone.getByRole("button", { name: "Back" }).click();
      // The files of the app are here: what comes from now on are messages.
      await phone.evaluate(() => navigator.serviceWorker.ready.then(() => null));
      const broken = line.cutAfter(BROKEN_OFF_AFTER);
      await giveHistory(laptopPage, phone);
      await broken;
      await phone.getByText(/^Waiting for/u).waitFor();
      const before = await progress(phone);
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(1);
      expect(await phone.getByText("Your earlier messages are here").count()).toBe(0);

      // The telephone loses its power, and the laptop is shut.
      await telephone.kill();
      await laptopPage.close();
      const again = story.keep(await telephone.reopen());
      const phoneAgain = await again.page(story.node.webAddress);
      await phoneAgain.getByRole("button", { name: "Show", exact: true }).click();
      await phoneAgain.getByText(/^Earlier messages are coming from/u).waitFor();
      expect(await progress(phoneAgain)).toBe(before);
      line.mend();
      await again.setOffline(false);
      await phoneAgain.getByText(/^Waiting for/u).waitFor();
      // What the node has kept for the telephone comes, and then no more.
      expect(await progress(phoneAgain)).toBeGreaterThanOrEqual(before);
      expect(await progress(phoneAgain)).toBeLessThan(1);

      const laptopAgain = await laptop.page(story.node.webAddress);
      await laptopAgain.getByRole("navigation", { name: "Main" }).waitFor();
      await phoneAgain.getByText("Your earlier messages are here").waitFor();
      await phoneAgain.getByText(`${VOLUMES} messages, edits and reactions that were not here before.`).waitFor();
      await goTo(phoneAgain, "Chats");
      await openChat(phoneAgain, "Bob");
      expect(await hits(phoneAgain)).toBe(`${VOLUMES} hits`);
      expect([laptop, telephone, again].flatMap(({ problems }) => problems)).toEqual([]);
    },
  );
});

/** In the open chat: how often it is spoken of the orchard, in the words of the search. */
async function hits(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Search in this chat" }).click();
  await page.getByRole("searchbox", { name: "Search in this chat" }).fill("orchard");
  // It says that nothing was found, too.
  const words = await page.locator(".chat-search-count:not(:empty)").innerText();
  await page.getByRole("button", { name: "Close the search" }).click();
  return words;
}
