/** Who may reach whom: a request declined, a contact blocked, a contact verified. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { answerInvitation, goTo, hears, invite, message, openChat, openRequests, own, say, way } from "./people.ts";
import { stage, type Couple } from "./stage.ts";

const story = stage();
let couple: Couple;
beforeAll(async () => {
  couple = await story.acquainted();
});

describe("a person decides who reaches them", () => {
  test("declines a request, after a second thought: it stays away, and who asked is told nothing", async () => {
    const { alicesPage } = couple;
    const carol = await story.browser();
    const carolsPage = await carol.page(await invite(alicesPage));
    await answerInvitation(carolsPage, "Carol", { greeting: "We met on the ferry" });
    await say(carolsPage, "May I?");
    await openRequests(alicesPage);
    const request = alicesPage.getByRole("article", { name: "Carol" });
    await request.getByText("We met on the ferry").waitFor();
    await request.getByRole("button", { name: "Decline" }).click();
    await alicesPage.getByText("No requests").waitFor();
    expect(await alicesPage.getByRole("navigation", { name: "Main" }).getByRole("img", { name: "1 new" }).count()).toBe(
      0,
    );
    await alicesPage.getByRole("button", { name: "Undo" }).click();
    await request.getByRole("button", { name: "Decline" }).click();
    // Who leaves the page can no longer take it back: then it is done.
    await alicesPage.reload();
    await alicesPage.getByText("No requests").waitFor();
    expect(await alicesPage.getByText("Carol").count()).toBe(0);

    await carolsPage.reload();
    await way(carolsPage, "Waiting for their yes").waitFor();
    await own(carolsPage, "May I?", "Queued").waitFor();
  });

  test("blocks a contact: nothing comes, the sender is told nothing; unblocks them, and it comes", async () => {
    const { alicesPage, bobsPage } = couple;
    await openChat(alicesPage, "Bob");
    await alicesPage.getByRole("button", { name: "About this contact" }).click();
    await alicesPage.getByRole("button", { name: "Block", exact: true }).click();
    await alicesPage.getByRole("dialog").getByText("they are not told").waitFor();
    await alicesPage.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await alicesPage.getByText("You blocked this contact. Nothing they write reaches you.").waitFor();
    await way(alicesPage, "Blocked").waitFor();

    await say(bobsPage, "Are you there?");
    await own(bobsPage, "Are you there?", "Stored at 1 of 1").waitFor();
    await way(bobsPage, "Through nodes").waitFor();
    // The node has it, and a new start would fetch what it may.
    await alicesPage.reload();
    await way(alicesPage, "Blocked").waitFor();
    expect(await message(alicesPage, "Are you there?").count()).toBe(0);

    await alicesPage.getByRole("button", { name: "Unblock" }).click();
    await hears(alicesPage, "Are you there?");
    await own(bobsPage, "Are you there?", "(Delivered|Read)").waitFor();
    await say(alicesPage, "Now I am");
    await hears(bobsPage, "Now I am");
  });

  test("compares the safety number: the same for both, marked by one, scanned by the other", async () => {
    const { alicesPage, bobsPage } = couple;
    const [alices, bobs] = await Promise.all([safetyNumber(alicesPage, "Bob"), safetyNumber(bobsPage, "Alice")]);
    expect(alices).toMatch(/^\d{60}$/u);
    expect(bobs).toBe(alices);
    await alicesPage.getByRole("button", { name: "The numbers are the same" }).click();
    await alicesPage.getByRole("button", { name: "Take the mark away" }).waitFor();
    await close(alicesPage);
    await alicesPage.getByRole("heading", { name: /^Bob ?, verified$/u }).waitFor();

    const picture = await qrCode(alicesPage, "Bob");
    // A code has a direction: one's own, held up by someone else, shows nothing.
    await scan(bobsPage, await bobsPage.getByRole("img", { name: /^Your code/u }).screenshot());
    await bobsPage.getByText("Scan the square code that the other person's app shows. Nothing was changed.").waitFor();
    await bobsPage.getByRole("button", { name: "The numbers are the same" }).waitFor();
    await scan(bobsPage, picture);
    await bobsPage.getByText("The codes belong together").waitFor();
    await close(bobsPage);
    await bobsPage.getByRole("heading", { name: /^Alice ?, verified$/u }).waitFor();
    await goTo(bobsPage, "Chats");
    await bobsPage.getByRole("region", { name: "Chats" }).getByText(", verified").waitFor();
  });
});

async function openSafety(page: Page, name: string): Promise<void> {
  await openChat(page, name);
  await page.getByRole("button", { name: "About this contact" }).click();
  await page.getByRole("button", { name: /^(Verify|Safety number)$/u }).click();
  await page.locator(".digits li").first().waitFor();
}

async function safetyNumber(page: Page, name: string): Promise<string> {
  await openSafety(page, name);
  return (await page.locator(".digits li").allInnerTexts()).join("");
}

async function qrCode(page: Page, name: string): Promise<Buffer> {
  await openSafety(page, name);
  return page.getByRole("img", { name: "Your code, for the other person to scan" }).screenshot();
}

/** As one does without a camera: by a picture of the code. */
async function scan(page: Page, picture: Buffer): Promise<void> {
  await page.getByRole("button", { name: "Scan theirs" }).click();
  await page.getByLabel("Choose a picture").setInputFiles({ name: "code.png", mimeType: "image/png", buffer: picture });
}

async function close(page: Page): Promise<void> {
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}
