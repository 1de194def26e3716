/** Coming into a group by a link, in real browsers: from a first visit, with and without an admin's yes. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { createIdentity, hears, makeGroup, openChat, pasteInvitation, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();

/** Made in the panel of the open group, and copied from the dialog that shows it. */
async function makeLink(page: Page, { needsApproval }: { readonly needsApproval: boolean }): Promise<string> {
  const panel = page.getByRole("region", { name: "About this group" });
  if (!(await panel.isVisible())) await page.getByRole("button", { name: "About this group" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  if (!needsApproval) await page.getByRole("switch", { name: "An admin has to agree" }).click();
  await page.getByRole("button", { name: "Make the link" }).click();
  const dialog = page.getByRole("dialog", { name: "Link to join" });
  await dialog.getByRole("button", { name: "Copy link" }).waitFor();
  await dialog.getByText("Being laid down at the group's nodes").waitFor({ state: "hidden" });
  await dialog.getByRole("button", { name: "Copy link" }).click();
  await dialog.getByRole("button", { name: "Copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "hidden" });
  return link;
}

describe("a link to a group", () => {
  test("brings a newcomer in after an admin's yes, and another one while who made it is away", async () => {
    const [alice, bob, carol] = await Promise.all([
      story.browser(),
      story.browser({ viewport: { width: 360, height: 740 } }),
      story.browser(),
    ]);
    const alicesPage = await alice.page(story.node.webAddress);
    await createIdentity(alicesPage, "Alice");
    await makeGroup(alicesPage, "Choir");
    await say(alicesPage, "before the others");

    // Bob has never been here: the link leads him through, and out of his address at once.
    const bobsPage = await bob.page(await makeLink(alicesPage, { needsApproval: true }));
    expect(bobsPage.url()).not.toContain("g1.");
    await bobsPage.getByLabel("Your name").fill("Bob");
    await bobsPage.getByRole("button", { name: "Continue" }).click();
    const dialog = bobsPage.getByRole("dialog", { name: "Come into a group" });
    await dialog.getByText("Choir").waitFor();
    await dialog.getByText("Alice made this link.").waitFor();
    await dialog.getByLabel("A word of greeting").fill("I sing bass");
    await dialog.getByRole("button", { name: "Ask to come in" }).click();
    await dialog.getByText("You have asked").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await bobsPage.getByText("Waiting to be let in").waitFor();

    const card = alicesPage.getByRole("article", { name: "Bob" });
    await card.getByText("I sing bass").waitFor();
    await card.getByRole("button", { name: "Let in" }).click();
    await bobsPage.getByText("Waiting to be let in").waitFor({ state: "hidden" });
    await openChat(bobsPage, "Choir");
    await hears(bobsPage, "You came in by a link.");
    await say(bobsPage, "hello from Bob");
    await hears(alicesPage, "hello from Bob");
    expect(await bobsPage.getByText("before the others").count()).toBe(0);

    // Alice is away: Bob's device lets Carol in, who has pasted the code where invitations are pasted.
    const open = await makeLink(alicesPage, { needsApproval: false });
    await alice.remove();
    const carolsPage = await carol.page(story.node.webAddress);
    await createIdentity(carolsPage, "Carol");
    await pasteInvitation(carolsPage, open);
    await carolsPage.getByRole("button", { name: "Come in", exact: true }).click();
    await hears(carolsPage, "You came in by a link.");
    await say(carolsPage, "hello from Carol");
    await hears(bobsPage, "hello from Carol");
    expect([...bob.problems, ...carol.problems]).toEqual([]);
  });
});
