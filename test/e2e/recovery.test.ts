/** Everything lost but a sheet of paper, in real browsers. */
import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { goTo, hears, openRequests, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();

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
  test("[AB14] Alice comes back by her words, and goes on with Bob, who sees what happened", async () => {
    const { alice, alicesPage, bob, bobsPage } = await story.acquainted();
    await say(alicesPage, "before it was lost");
    await hears(bobsPage, "before it was lost");
    const words = await readWords(alicesPage);
    await backUp(alicesPage);
    await alice.remove();

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

    // Bob is known, and his chat waits to be begun again.
    await page.getByRole("heading", { name: "Not back yet" }).waitFor();
    await page.getByRole("button").filter({ hasText: "Bob" }).click();
    await page.getByRole("button", { name: "Invite them" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole("button", { name: "Close" }).click();

    const opened = await bob.page(link);
    await opened.getByText("Alice has recovered their account").waitFor();
    await opened.getByRole("button", { name: "Say yes" }).click();
    await openRequests(page);
    await page.getByText("This is Bob, whom you know").waitFor();
    await page.getByRole("button", { name: "Accept" }).click();
    await say(page, "It is me again");
    await hears(opened, "It is me again");
    await opened.getByText("Alice has recovered their account by their 24 words.").first().waitFor();
    await page.getByRole("button", { name: "Back", exact: true }).click();
    expect(await page.getByRole("heading", { name: "Not back yet" }).count()).toBe(0);

    // What was said before is still with Bob, in the chat that has ended.
    await goTo(opened, "Chats");
    await opened.getByRole("region", { name: "Chats" }).getByText("before it was lost").click();
    await hears(opened, "before it was lost");
    await opened.getByRole("button", { name: "Go on in the new chat" }).click();
    await hears(opened, "It is me again");
    expect([...fresh.problems, ...bob.problems]).toEqual([]);
    // Files of the app itself may be called like a word.
    const asked = fresh.requests.filter((url) => !/^\/assets\/[\w.-]+$/u.test(new URL(url).pathname));
    expect(asked.filter((url) => words.some((word) => word.length > 5 && url.includes(word)))).toEqual([]);
  });

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
