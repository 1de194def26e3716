/** What people write: scripts of both directions, lines, links, emoji, and more than fits. */
import { beforeAll, describe, expect, test } from "vitest";
import { hears, message, messageField, own, say } from "./people.ts";
import { stage, type Couple } from "./stage.ts";

/** Bytes of UTF-8 (spec: conversation events). */
const MAX_MESSAGE_BYTES = 32_768;
const story = stage();
let couple: Couple;
beforeAll(async () => {
  couple = await story.acquainted({ bob: { viewport: { width: 360, height: 740 }, colorScheme: "dark" } });
});

describe("two people write", () => {
  test("in both directions: each paragraph stands as its script does, whatever stands around it", async () => {
    const { alicesPage, bobsPage } = couple;
    await say(alicesPage, "مرحبا! سأصل الساعة 10:30.");
    await say(alicesPage, "See you at the café, العاشرة");
    await hears(bobsPage, "See you at the café, العاشرة");
    const direction = (text: string): Promise<string> =>
      message(bobsPage, text).evaluate((element) => getComputedStyle(element).direction);
    expect(await direction("مرحبا! سأصل الساعة 10:30.")).toBe("rtl");
    expect(await direction("See you at the café, العاشرة")).toBe("ltr");
  });

  test("in a chat that is open before them: what comes is not told as unread, nor announced twice", async () => {
    const { alicesPage, bobsPage } = couple;
    await alicesPage.bringToFront();
    // All that is told for a moment: in the tab's title, as a badge, to screen readers.
    const told = await alicesPage.evaluateHandle(() => {
      const seen = new Set<string>();
      const look = (): void => {
        seen.add(`title ${document.title}`);
        for (const badge of document.querySelectorAll(".badge")) seen.add(`badge ${badge.textContent}`);
        for (const one of document.querySelectorAll("[aria-live]")) seen.add(`aloud ${one.textContent}`);
      };
      look();
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
      return seen;
    });
    await say(bobsPage, "seen as it comes");
    await hears(alicesPage, "seen as it comes");
    await own(bobsPage, "seen as it comes", "Read").waitFor();
    const all = await told.evaluate((seen) => [...seen]);
    expect(all.filter((one) => /^title|^badge/u.test(one))).toEqual(["title X Chat"]);
    expect(all.filter((one) => one.includes("Bob"))).toEqual(["aloud Bob: seen as it comes"]);
  });

  test("several lines and a long text: breaks stay, it is folded, and opens", async () => {
    const { alicesPage, bobsPage } = couple;
    const verse = Array.from({ length: 30 }, (_, line) => `Line ${line + 1} of a long letter`);
    const field = messageField(alicesPage);
    for (const line of verse.slice(0, 3)) {
      await field.pressSequentially(line);
      await field.press("Shift+Enter");
    }
    await field.fill(`${await field.inputValue()}${verse.slice(3).join("\n")}`);
    await field.press("Enter");
    const letter = bobsPage.getByRole("article", { name: /Line 1 of a long letter/u });
    await letter.getByRole("button", { name: "Show more" }).waitFor();
    expect(await letter.locator(".text").evaluate((element) => element.textContent)).toBe(verse.join("\n"));
    const folded = await letter.boundingBox();
    await letter.getByRole("button", { name: "Show more" }).click();
    await letter.getByRole("button", { name: "Show less" }).waitFor();
    const opened = await letter.boundingBox();
    expect(opened?.height).toBeGreaterThan((folded?.height ?? 0) * 1.5);
    expect(opened?.width).toBeLessThanOrEqual(360);
  });

  test("a link: it can be clicked, tells where a false one leads, and nothing is fetched for it", async () => {
    const { alicesPage, bob, bobsPage } = couple;
    const before = bob.requests.length;
    await say(
      alicesPage,
      "Look: https://example.org/a?b=c#d (or https://paypal.com@evil.example/), and javascript:alert(1)",
    );
    const link = bobsPage.getByRole("link", { name: "https://example.org/a?b=c#d" });
    await link.waitFor();
    expect(await link.getAttribute("href")).toBe("https://example.org/a?b=c#d");
    expect(await link.getAttribute("rel")).toContain("noopener");
    expect(await link.getAttribute("target")).toBe("_blank");
    await bobsPage.getByText("→ evil.example").waitFor();
    expect(await bobsPage.locator("#messages a").count()).toBe(2);
    expect(bob.requests.slice(before).filter((url) => !url.startsWith(story.node.webAddress))).toEqual([]);
  });

  test("emoji from the app's own list: alone they stand large", async () => {
    const { alicesPage, bobsPage } = couple;
    await messageField(alicesPage).fill("");
    await alicesPage.getByRole("button", { name: "Emoji" }).click();
    await alicesPage.getByRole("button", { name: "👍", exact: true }).click();
    await alicesPage.getByRole("button", { name: "🎉", exact: true }).click();
    await alicesPage.getByRole("button", { name: "Send" }).click();
    await hears(bobsPage, "👍🎉");
    const size = (text: string): Promise<number> =>
      message(bobsPage, text).evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
    await say(alicesPage, "fine 👍🎉");
    await hears(bobsPage, "fine 👍🎉");
    expect(await size("👍🎉")).toBeGreaterThan(1.5 * (await size("fine 👍🎉")));
  });

  test("more than fits: they are told by how much, nothing is sent, and what fits goes whole", async () => {
    const { alicesPage, bobsPage } = couple;
    const field = messageField(alicesPage);
    // Three bytes each: 11,000 characters are more than a message takes.
    await field.fill("語".repeat(11_000));
    await alicesPage.getByText(`${3 * 11_000 - MAX_MESSAGE_BYTES} bytes too long. Split it into parts.`).waitFor();
    await field.press("Enter");
    expect(await field.inputValue()).toHaveLength(11_000);
    const whole = "語".repeat(10_000);
    await field.fill(whole);
    await field.press("Enter");
    await own(alicesPage, whole, "(Stored at 1 of 1|Delivered|Read)").waitFor();
    await bobsPage.getByRole("button", { name: "Show more" }).last().waitFor();
    const came = await bobsPage.locator("#messages .message .text").last().textContent();
    expect(came).toBe(whole);
  });
});
