/** Three people in a group, in three browsers. */
import { describe, expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import {
  acceptRequest,
  answerInvitation,
  hears,
  invite,
  makeGroup,
  messageField,
  openChat,
  own,
  say,
} from "./people.ts";
import { stage, type Couple } from "./stage.ts";

const story = stage();

/** What stands in the chat about the group itself: names in it are set apart from the text around them. */
const record = (page: Page, words: string): Locator =>
  page.locator("#messages").getByText(new RegExp(words.replaceAll(/(Alice|Bob|Carol)/gu, ".?$1.?"), "u"));

/** Of the open group. */
async function rename(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "About this group" }).click();
  await page.getByRole("button", { name: "Name and description" }).click();
  await page.getByRole("dialog").getByLabel("Name of the group").fill(name);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

async function removeMember(page: Page, name: string): Promise<void> {
  const panel = page.getByRole("region", { name: "About this group" });
  await panel.locator(".member-row").filter({ hasText: name }).click();
  await page.getByRole("button", { name: "Remove from the group" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
}

/** Alice knows Bob and Carol, who do not know each other. Carol is at a telephone. */
async function three(): Promise<Couple & { readonly carolsPage: Page; readonly problems: () => readonly string[] }> {
  const couple = await story.acquainted();
  const carol = await story.browser({ viewport: { width: 360, height: 740 } });
  const carolsPage = await carol.page(await invite(couple.alicesPage));
  await answerInvitation(carolsPage, "Carol");
  await acceptRequest(couple.alicesPage);
  return { ...couple, carolsPage, problems: () => [couple.alice, couple.bob, carol].flatMap((one) => one.problems) };
}

describe("a group of three", () => {
  test("one is away during a rename and a removal, and sees both; who was removed sees so, and nothing more", async () => {
    const { alicesPage, bobsPage, carolsPage, problems } = await three();
    await makeGroup(alicesPage, "Choir", ["Bob", "Carol"]);
    // Who has only just said yes comes in when their device has sent what it takes to add them.
    await record(alicesPage, "You added Carol|You added .?Bob.? and Carol|You added .?Carol.? and Bob")
      .first()
      .waitFor();
    await say(alicesPage, "We sing on Tuesday");
    await openChat(bobsPage, "Choir");
    await hears(bobsPage, "We sing on Tuesday");
    await carolsPage.getByRole("button", { name: "Back", exact: true }).click();
    await openChat(carolsPage, "Choir");
    await hears(carolsPage, "We sing on Tuesday");
    // Bob and Carol have never spoken, and read each other here.
    await say(carolsPage, "I bring the notes");
    await hears(bobsPage, "I bring the notes");
    await hears(alicesPage, "I bring the notes");
    // What somebody is called, of whom only the key was known when they came in.
    await record(bobsPage, "Alice added Carol").first().waitFor();
    await bobsPage
      .locator("#messages")
      .getByText(/^.?Carol.?$/u)
      .first()
      .waitFor();
    await own(alicesPage, "We sing on Tuesday", "Read").waitFor();

    const context = carolsPage.context();
    await carolsPage.close();
    await rename(alicesPage, "Choir by the lake");
    await record(alicesPage, "You named the group").first().waitFor();
    await removeMember(alicesPage, "Bob");
    await record(bobsPage, "Alice removed you").first().waitFor();
    await messageField(bobsPage).waitFor({ state: "detached" });
    await say(alicesPage, "Bob reads this no more");

    const again = await context.newPage();
    await again.setViewportSize({ width: 360, height: 740 });
    await again.goto(story.node.webAddress);
    await openChat(again, "Choir by the lake");
    await hears(again, "Bob reads this no more");
    await again.getByRole("heading", { name: "Choir by the lake" }).first().waitFor();
    await record(again, "Alice removed Bob").first().waitFor();
    await say(again, "Then we are two");
    await hears(alicesPage, "Then we are two");
    await own(alicesPage, "Bob reads this no more", "Read").waitFor();

    // Bob has what was said until then, and nothing else.
    await hears(bobsPage, "I bring the notes");
    expect(await bobsPage.getByText("Bob reads this no more").count()).toBe(0);
    expect(await bobsPage.getByText("Then we are two").count()).toBe(0);
    expect(problems()).toEqual([]);
  });
});
