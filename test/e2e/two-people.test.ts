/** Two people in two browsers, on one node that serves the app. */
import { describe, expect, test } from "vitest";
import type { BrowserProfile } from "./browser.ts";
import { newLine } from "./line.ts";
import { goTo, hears, message, messageField, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();

/** Chromium asks its maker for this and that on its own. What a page asks for, there too, is in `requests`. */
const isOfChromium = (host: string): boolean => /\.(google|googleapis|gvt1)\.com:(80|443)$/u.test(host);

/** Hosts that anything in this profile spoke to. */
const hosts = ({ requests }: BrowserProfile): readonly string[] => [
  ...new Set(requests.filter((url) => !/^(data|blob|about|chrome):/u.test(url)).map((url) => new URL(url).host)),
];

describe("two people in two browsers", () => {
  test("meet by a link, write to each other, see the states, reload, and speak to nobody else", async () => {
    const lines = [await newLine(), await newLine()] as const;
    for (const line of lines) story.cleanUp(() => line.remove());
    const { alice, bob, alicesPage, bobsPage } = await story.acquainted({
      alice: { line: lines[0] },
      bob: { line: lines[1] },
    });
    await say(alicesPage, "Hello Bob 👋");
    await hears(bobsPage, "Hello Bob 👋");
    await say(bobsPage, "مرحبا أليس، كيف حالك؟");
    await hears(alicesPage, "مرحبا أليس، كيف حالك؟");
    await alicesPage.reload();
    await alicesPage.getByText("Bob").first().click();
    await hears(alicesPage, "Hello Bob 👋");
    await say(alicesPage, "Still here");
    await hears(bobsPage, "Still here");

    // Whatever either browser spoke to, it was the app's own origin, which is also their node.
    const own = new URL(story.node.webAddress).host;
    for (const line of lines) expect([...line.asked].filter((host) => !isOfChromium(host))).toEqual([own]);
    expect([...hosts(alice), ...hosts(bob)].filter((host) => host !== own)).toEqual([]);
    expect([...alice.requests, ...bob.requests].filter((url) => url.includes("#i1."))).toEqual([]);
    expect(bobsPage.url()).not.toContain("i1.");
    expect([...alice.problems, ...bob.problems]).toEqual([]);
  });

  test("a message written while the node is down arrives once it is back", async () => {
    const { alicesPage, bobsPage } = await story.acquainted();
    await say(alicesPage, "before");
    await hears(bobsPage, "before");
    await story.node.kill();
    await say(alicesPage, "while it was down");
    await hears(alicesPage, "while it was down");
    await story.node.restart();
    await hears(bobsPage, "while it was down");
    expect(await bobsPage.locator("#messages").getByText("while it was down", { exact: true }).count()).toBe(1);
  });

  test("a killed browser has everything when it comes back", async () => {
    const { alice, alicesPage, bobsPage } = await story.acquainted();
    await say(alicesPage, "one");
    await hears(bobsPage, "one");
    await alice.kill();
    await say(bobsPage, "two");
    const again = story.keep(await alice.reopen());
    const page = await again.page(story.node.webAddress);
    await page.getByText("Bob").first().click();
    await hears(page, "one");
    await hears(page, "two");
    await say(page, "three");
    await hears(bobsPage, "three");
  });

  test("two tabs of one person show the same, and one goes on when the other closes", async () => {
    const { alice, alicesPage, bobsPage } = await story.acquainted();
    const second = await alice.page(story.node.webAddress);
    await second.getByText("Bob").first().click();
    await say(second, "from the second tab");
    await hears(bobsPage, "from the second tab");
    await hears(alicesPage, "from the second tab");
    await alicesPage.close();
    await say(second, "the first tab is gone");
    await hears(bobsPage, "the first tab is gone");
  });

  test("what is typed in a tab that is locked under one's hands is not lost", async () => {
    const { alice, alicesPage } = await story.acquainted();
    const passphrase = "four quiet owls at noon";
    await goTo(alicesPage, "Settings");
    await alicesPage.getByRole("button", { name: "Passphrase" }).click();
    await alicesPage.getByLabel("New passphrase").fill(passphrase);
    await alicesPage.getByLabel("Once more").fill(passphrase);
    await alicesPage.getByRole("button", { name: "Set the passphrase" }).click();
    await alicesPage.getByText("A passphrase protects this device's store").waitFor();
    const second = await alice.page(story.node.webAddress);
    await openChat(second, "Bob");
    const field = messageField(second);
    // The tab in which the store is open goes; with it goes what opened the store.
    await alicesPage.close();
    await field.fill("typed just then");
    await field.press("Enter", { timeout: 2_000 }).catch(() => {});
    await second.getByLabel("Passphrase").fill(passphrase);
    await second.getByRole("button", { name: "Unlock" }).click();
    await openChat(second, "Bob");
    const isThere = async (): Promise<boolean> =>
      (await field.inputValue()) === "typed just then" || (await message(second, "typed just then").count()) === 1;
    await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
  });
});
