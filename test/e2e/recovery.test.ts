/** Everything lost but a sheet of paper, in real browsers. */
import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { goTo, hears, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
const STORY = 300_000;
/** Until the other side's device has answered, answers have been gathered, and the commit has been heard (spec/rejoin.md). */
const RETURN = 120_000;

async function readWords(page: Page): Promise<readonly string[]> {
  await goTo(page, "Settings");
  await page.getByRole("button", { name: "Recovery words" }).click();
  await page.getByRole("button", { name: "Show them here" }).click();
  return page.getByRole("list", { name: "Your 24 words" }).getByRole("listitem").allInnerTexts();
}

async function backUp(page: Page): Promise<void> {
  await goTo(page, "Settings");
  await page.getByRole("button", { name: "Account backup" }).click();
  await page.getByRole("button", { name: "Write it now" }).click();
  await page.getByText("It lies at 1 of 1 node").waitFor();
  await page.getByText("Something has changed since").waitFor({ state: "detached" });
}

describe("all devices lost", () => {
  test(
    "[AB14] [AB18] Alice comes back by her words, and goes on with Bob, who sees what happened",
    { timeout: STORY },
    async () => {
      const { alice, alicesPage, bob, bobsPage } = await story.acquainted();
      await say(alicesPage, "before it was lost");
      await hears(bobsPage, "before it was lost");
      const words = await readWords(alicesPage);
      await backUp(alicesPage);
      await alice.remove();
      await bobsPage.close();

      // A browser that has never seen her.
      const fresh = await story.browser({ viewport: { width: 360, height: 740 } });
      const page = await fresh.page(story.node.webAddress);
      await page.getByRole("button", { name: "I have my 24 words" }).click();
      const field = page.getByLabel("Your 24 words");
      await field.fill(`${words[0]} xylophone `);
      await page.getByText("Word 2 is not on the list").waitFor();
      // One is typed with help, the others are pasted.
      await field.fill((words[0] ?? "").slice(0, 3));
      await page.getByRole("button", { name: words[0] ?? "", exact: true }).click();
      await field.fill(`${await field.inputValue()}\n${words.slice(1).join("\n")}`);
      await page.getByRole("button", { name: "Look for my backup" }).click();
      await page.getByRole("heading", { name: "Is this you?" }).waitFor();
      await page.getByText("1 contact · 1 chat").waitFor();
      await page.getByRole("button", { name: "Yes, come back" }).click();

      // Bob is known; his device, which is off, is asked to let the new one in.
      await page.getByRole("heading", { name: "Not back yet" }).waitFor();
      await page.getByRole("button").filter({ hasText: "Bob" }).filter({ hasText: "Being asked" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Invite them" }).waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

      const opened = await bob.page(story.node.webAddress);
      await page.getByRole("heading", { name: "Not back yet" }).waitFor({ state: "detached", timeout: RETURN });
      await openChat(page, "Bob");
      await say(page, "It is me again");
      await openChat(opened, "Alice");
      await hears(opened, "It is me again");
      await opened.getByText("Alice has recovered their account by their 24 words.").first().waitFor();
      // What was said before is still with Bob, in the same chat.
      await hears(opened, "before it was lost");
      await say(opened, "Welcome back");
      await hears(page, "Welcome back");
      expect([...fresh.problems, ...bob.problems]).toEqual([]);
      // Files of the app itself may be called like a word.
      const asked = fresh.requests.filter((url) => !/^\/assets\/[\w.-]+$/u.test(new URL(url).pathname));
      expect(asked.filter((url) => words.some((word) => word.length > 5 && url.includes(word)))).toEqual([]);
    },
  );

  test("words of nobody find nothing, and the page says what to do", async () => {
    const fresh = await story.browser();
    const page = await fresh.page(story.node.webAddress);
    await page.getByRole("button", { name: "I have my 24 words" }).click();
    await page.getByLabel("Your 24 words").fill(`${"abandon ".repeat(23)}ability`);
    await page.getByRole("button", { name: "Look for my backup" }).click();
    await page.getByText("The words do not belong together").waitFor();
    await page.getByLabel("Your 24 words").fill(`${"abandon ".repeat(23)}art`);
    await page.getByRole("button", { name: "Look for my backup" }).click();
    await page.getByText("No backup of these words was found").waitFor();
    await page.getByRole("button", { name: "Back", exact: true }).click();
    await page.getByLabel("Your name").waitFor();
  });
});
