/** Invitations that are carried by hand, and those that are no good (any more). */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { acceptRequest, createIdentity, goTo, hears, invite, pasteInvitation, say, sayYes, way } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
let alicesPage: Page;
let bobsPage: Page;
beforeAll(async () => {
  const [alice, bob] = await Promise.all([story.browser(), story.browser()]);
  alicesPage = await alice.page(story.node.webAddress);
  bobsPage = await bob.page(story.node.webAddress);
  await Promise.all([createIdentity(alicesPage, "Alice"), createIdentity(bobsPage, "Bob")]);
});

const codeOf = (link: string): string => link.slice(link.indexOf("#") + 1);

/** What the dialog says against it; then it is closed, and nothing has come of it. */
async function refused(page: Page, text: string, words: string): Promise<void> {
  await pasteInvitation(page, text);
  await page.getByRole("dialog").getByText(words, { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: "Say yes" }).count()).toBe(0);
  // Whoever pastes it here is at home here.
  expect(await page.getByRole("button", { name: "I use X Chat elsewhere" }).count()).toBe(0);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await goTo(page, "Chats");
  await page.getByText("Nobody here yet").waitFor();
}

describe("a person has an invitation", () => {
  test("that is mistyped, their own, or taken back: they are told, and nothing changes", async () => {
    const link = await invite(alicesPage);
    const code = codeOf(link);
    const middle = Math.floor(code.length / 2);
    const mistyped = code.slice(0, middle) + (code[middle] === "A" ? "B" : "A") + code.slice(middle + 1);
    await refused(bobsPage, code.slice(0, -4), "This is not a whole invitation");
    await refused(bobsPage, mistyped, "This is not a whole invitation");
    await refused(bobsPage, "https://example.org/", "This is not a whole invitation");
    await refused(alicesPage, link, "This invitation is your own");

    await goTo(alicesPage, "Invite");
    await alicesPage.getByRole("button", { name: /Without a note/u }).click();
    await alicesPage.getByRole("button", { name: "Take this invitation back" }).click();
    const takeBack = alicesPage.getByRole("button", { name: "Take it back", exact: true });
    const isInSight = (button: Element): boolean => {
      const end = button.closest("dialog")?.getBoundingClientRect().bottom ?? 0;
      return button.getBoundingClientRect().bottom <= Math.min(end, innerHeight);
    };
    expect(await takeBack.evaluate(isInSight)).toBe(true);
    await takeBack.click();
    await alicesPage.getByRole("dialog").waitFor({ state: "hidden" });
    await alicesPage.getByText("Taken back", { exact: true }).waitFor();
    await refused(bobsPage, code, "The invitation cannot be found");
  });

  test("opened where they have no identity: 'I already use X Chat' lets them carry it home and paste it", async () => {
    const stranger = await story.browser({ viewport: { width: 360, height: 740 } });
    const strangersPage = await stranger.page(await invite(alicesPage));
    const elsewhere = strangersPage.getByRole("button", { name: "I already use X Chat" });
    await elsewhere.press("Enter");
    await strangersPage.getByRole("dialog").waitFor();
    // Who has only the keyboard stands where they were.
    await strangersPage.keyboard.press("Escape");
    await expect.poll(() => elsewhere.evaluate((button) => button === document.activeElement)).toBe(true);
    await elsewhere.click();
    await strangersPage.getByRole("button", { name: "Copy the code" }).click();
    await strangersPage.getByRole("button", { name: "Copied" }).waitFor();
    const code = await strangersPage.evaluate(() => navigator.clipboard.readText());
    expect(await strangersPage.getByRole("dialog").innerText()).toContain(code);

    await pasteInvitation(bobsPage, code);
    await bobsPage.getByRole("dialog").getByText("Alice").first().waitFor();
    await sayYes(bobsPage);
    await pasteInvitation(bobsPage, code);
    await bobsPage.getByText("You have a chat with this person already.").waitFor();
    await bobsPage.getByRole("button", { name: "Open the chat" }).click();
    await way(bobsPage, "Waiting for their yes").waitFor();
    await acceptRequest(alicesPage);
    await way(bobsPage, "Through nodes").waitFor();
    await say(bobsPage, "carried by hand");
    await hears(alicesPage, "carried by hand");

    // It was for one person: the place where it was opened first learns that, and has made nothing.
    await strangersPage.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await strangersPage.getByLabel("Your name").fill("Sten");
    await strangersPage.getByRole("button", { name: "Continue" }).click();
    await strangersPage.getByText("it may have been used, taken back, or have expired").waitFor();
  });

  // The last one: nobody here comes back from the future.
  test("that has expired: they are told, and so is who made it", async () => {
    const link = await invite(alicesPage);
    await story.pass(8);
    await pasteInvitation(bobsPage, link);
    await bobsPage.getByRole("dialog").getByText("it may have been used, taken back, or have expired").waitFor();
    await invite(alicesPage);
    // Others that were made before, by a story that was tried twice, have expired with it.
    await alicesPage.getByText("Expired").first().waitFor();
  });
});
