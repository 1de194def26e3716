/** Every screen, wide and light, narrow and dark, and from right to left: nothing that axe knows of is wrong. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { goTo, hears, openChat, say } from "./people.ts";
import { stage, type Couple } from "./stage.ts";

const PHONE = { viewport: { width: 360, height: 740 }, colorScheme: "dark" } as const;
const SECTIONS = [
  "Recovery words",
  "Passphrase",
  "Privacy",
  "Language and look",
  "Storage and export",
  "Check-up",
  "About X Chat",
] as const;

const story = stage();
let couple: Couple;
beforeAll(async () => {
  couple = await story.acquainted({ bob: PHONE });
  await say(couple.alicesPage, "Look: https://example.org/ 👋");
  await hears(couple.bobsPage, "Look: https://example.org/ 👋");
  await say(couple.bobsPage, "A line\nand another");
  await hears(couple.alicesPage, "A line and another");
});

describe("a person who needs a clear screen, a keyboard or a reader", () => {
  test("on a wide and light screen finds nothing in the way", async () => {
    await everyScreen(couple.alicesPage, "Bob");
  });

  test("on a narrow and dark screen finds nothing in the way", async () => {
    await everyScreen(couple.bobsPage, "Alice");
  });

  test("before they have an identity finds nothing in the way", async () => {
    const page = await (await story.browser(PHONE)).page("about:blank");
    // What is not needed yet is not missed where the node goes right after the first load, and nothing is kept offline.
    await page.addInitScript("delete Navigator.prototype.serviceWorker");
    await page.route(/\/new-version-/u, (route) => route.abort());
    await page.goto(story.node.webAddress);
    await page.getByLabel("Your name").waitFor();
    await isClear(page);

    // And goes on by the keyboard from where they are: what had the focus has gone, or is hidden, each time.
    await page.getByLabel("Your name").fill("Carol");
    await page.getByRole("button", { name: "Start" }).press("Enter");
    await hasFocus(page.locator("#list"));
    await page.getByRole("button", { name: "Invite someone" }).press("Enter");
    await hasFocus(page.locator("#content"));
    await goTo(page, "Settings");
    await page.getByRole("button", { name: /^Recovery words/u }).press("Enter");
    await page.getByRole("button", { name: "Show them here" }).press("Enter");
    await page.getByRole("list", { name: "Your 24 words" }).waitFor();
    await hasFocus(page.locator("#content"));
    await page.getByRole("button", { name: "I have written them down" }).press("Enter");
    await hasFocus(page.locator("#content"));
    const first = page.getByText("Type these three from your paper:");
    expect(await first.evaluate((words) => words.getBoundingClientRect().top >= 60)).toBe(true);
    await page.keyboard.press("Tab");
    await hasFocus(page.getByRole("button", { name: "Back", exact: true }));
  });

  test("with the keyboard alone goes on from where they are, whatever closes", async () => {
    const page = couple.alicesPage;
    await home(page);
    await openChat(page, "Bob");
    const field = page.getByRole("textbox", { name: "Message to Bob" });
    for (const button of ["About this contact", "Search in this chat"]) {
      await page.getByRole("button", { name: button }).press("Enter");
      const end = page.locator("#content").getByRole("button", { name: /^Close/u });
      await end.press("Enter");
      await end.waitFor({ state: "detached" });
      await hasFocus(field);
    }
    const about = page.getByRole("button", { name: "About this contact" });
    await about.press("Enter");
    const verify = page.getByRole("button", { name: "Verify", exact: true });
    await verify.press("Enter");
    await page.locator(".digits li").first().waitFor();
    await page.keyboard.press("Escape");
    await hasFocus(verify);

    await goTo(page, "Settings");
    await page.getByRole("button", { name: /^Check-up/u }).press("Enter");
    await page.getByRole("button", { name: "Check now" }).waitFor();
    await hasFocus(page.locator("#content"));
    await page.keyboard.press("Tab");
    await hasFocus(page.getByRole("button", { name: "Back", exact: true }));

    await goTo(page, "Invite");
    await page.getByRole("button", { name: "Make an invitation" }).press("Enter");
    const takeBack = page.getByRole("button", { name: "Take this invitation back" });
    await takeBack.press("Enter");
    await hasFocus(page.getByRole("button", { name: "Keep it" }));
    await page.keyboard.press("Enter");
    await hasFocus(takeBack);
    await page.keyboard.press("Escape");
    await hasFocus(page.getByRole("button", { name: "Make an invitation" }));
  });

  test("who reads from right to left finds nothing in the way", async () => {
    const { alicesPage, bobsPage } = couple;
    for (const page of [alicesPage, bobsPage]) {
      await page.evaluate(() => localStorage.setItem("xchat.language", "ar"));
      await page.reload();
      await page.locator(".shell").waitFor();
      await page.keyboard.press("Escape");
      const places = page.locator(".rail button");
      await places.first().waitFor();
      expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
      for (const place of [0, 1, 2, 3]) {
        await places.nth(place).click();
        await isClear(page);
      }
      await places.first().click();
      await page.locator(".chat-row").click();
      await page.locator("#messages [data-message]").last().waitFor();
      await isClear(page);
      // An empty field begins where the language does, and one with words in it where they do.
      const field = page.locator(".composer textarea");
      const runs = (): Promise<string> => field.evaluate((element) => getComputedStyle(element).direction);
      expect(await runs()).toBe("rtl");
      await field.fill("a word");
      expect(await runs()).toBe("ltr");
      await field.fill("");
    }
  });
});

async function everyScreen(page: Page, other: string): Promise<void> {
  await home(page);
  await openChat(page, other);
  await isClear(page);
  await page.getByRole("button", { name: "Emoji" }).click();
  await page.getByRole("group", { name: "Emoji" }).waitFor();
  await isClear(page);
  await page.getByRole("group", { name: "Emoji" }).getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Search in this chat" }).click();
  await page.getByRole("searchbox").fill("line");
  await page.getByText("1 hit").waitFor();
  await isClear(page);
  await page.getByRole("button", { name: "Close the search" }).click();
  await page.locator("#messages .meta").last().click();
  await isClearDialog(page);

  await page.getByRole("button", { name: "About this contact" }).click();
  await page.getByRole("heading", { name: "Contact" }).waitFor();
  await isClear(page);
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await isClearDialog(page);
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".digits li").first().waitFor();
  await isClearDialog(page);
  await page.getByRole("region", { name: "About this contact" }).getByRole("button", { name: "Close" }).click();

  await home(page);
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByRole("searchbox").fill("line");
  await page.locator("#content").getByText("A line").first().waitFor();
  await isClear(page);

  await home(page);
  await goTo(page, "Invite");
  await page.getByRole("button", { name: "Make an invitation" }).waitFor();
  await isClear(page);
  await page.getByRole("button", { name: "Make an invitation" }).click();
  await page.getByRole("button", { name: "Copy link" }).waitFor();
  await isClearDialog(page);
  await page.getByRole("button", { name: "Scan" }).click();
  await isClearDialog(page);
  await goTo(page, "Network");
  await isClear(page);
  for (const section of SECTIONS) {
    await goTo(page, "Settings");
    await page.getByRole("button", { name: new RegExp(`^${section}`, "u") }).click();
    await page.getByRole("heading", { name: section }).waitFor();
    await isClear(page);
  }
}

const hasFocus = (locator: Locator): Promise<void> =>
  expect.poll(() => locator.evaluate((element) => element === document.activeElement)).toBe(true);

/** By the keyboard: on a narrow screen an open chat leaves no room for the places. */
async function home(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
}

/** Looks at the dialog that is open, and closes it. */
async function isClearDialog(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await isClear(page);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
}

/** Nothing that axe knows of is wrong, and the page itself never scrolls: its parts do. */
async function isClear(page: Page): Promise<void> {
  const overhang = await page.evaluate(() => {
    const { scrollWidth, scrollHeight } = document.documentElement;
    return [scrollWidth - innerWidth, scrollHeight - innerHeight];
  });
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const wrong = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  expect.soft({ overhang, wrong }).toEqual({ overhang: [0, 0], wrong: [] });
}
