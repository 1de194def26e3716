/** What goes wrong with a network, and nothing is lost by it. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { newLine } from "./line.ts";
import { hears, message, openChat, own, say, way } from "./people.ts";
import { stage } from "./stage.ts";

const HOUR = 3_600_000;
const story = stage();

describe("two people with a bad network", () => {
  test("one goes offline and writes: it is queued in words, and comes once they are back, once", async () => {
    const line = await newLine();
    story.cleanUp(() => line.remove());
    const { alice, alicesPage, bobsPage } = await story.acquainted({ alice: { line } });
    await say(alicesPage, "before the tunnel");
    await hears(bobsPage, "before the tunnel");
    line.cut();
    await alice.setOffline(true);
    await alicesPage.getByText("No connection. What you write is kept").waitFor();
    await say(alicesPage, "in the tunnel");
    await own(alicesPage, "in the tunnel", "Queued").waitFor();
    await say(alicesPage, "still in the tunnel");
    await say(bobsPage, "Where are you?");
    await own(bobsPage, "Where are you?", "Stored at 1 of 1").waitFor();
    expect(await message(bobsPage, "in the tunnel").count()).toBe(0);
    expect(await message(alicesPage, "Where are you?").count()).toBe(0);

    line.mend();
    await alice.setOffline(false);
    await hears(bobsPage, "still in the tunnel");
    await hears(alicesPage, "Where are you?");
    await own(alicesPage, "still in the tunnel", "(Delivered|Read)").waitFor();
    await own(bobsPage, "Where are you?", "(Delivered|Read)").waitFor();
    const texts = await bobsPage.locator("#messages .message .text").allInnerTexts();
    expect(texts.filter((text) => text.includes("tunnel"))).toEqual([
      "before the tunnel",
      "in the tunnel",
      "still in the tunnel",
    ]);
  });

  test("both say yes to direct: it goes from device to device, and on with the node stopped; all is kept", async () => {
    const { bob, alicesPage, bobsPage } = await story.acquainted({ mayDirect: true });
    await way(alicesPage, "Direct connection").waitFor();
    await way(bobsPage, "Direct connection").waitFor();
    await say(alicesPage, "straight to you");
    await hears(bobsPage, "straight to you");
    await own(alicesPage, "straight to you", "(Delivered|Read)").waitFor();
    await alicesPage
      .getByRole("button", { name: /direct/u })
      .last()
      .click();
    await alicesPage.getByRole("dialog").getByText("It went directly from device to device.").waitFor();
    await alicesPage.getByRole("dialog").getByRole("button", { name: "Close" }).click();

    await story.node.kill();
    await say(bobsPage, "no node left, and you?");
    await hears(alicesPage, "no node left, and you?");
    await own(bobsPage, "no node left, and you?", "(Delivered|Read)").waitFor();
    await say(alicesPage, "still here");
    await hears(bobsPage, "still here");

    await story.node.restart();
    await bobsPage.close();
    await say(alicesPage, "for when you are back");
    await own(alicesPage, "for when you are back", "Stored at 1 of 1").waitFor();
    const bobsNextPage = await bob.page(story.node.webAddress);
    await openChat(bobsNextPage, "Alice");
    await own(alicesPage, "for when you are back", "(Delivered|Read)").waitFor();
    expect(await details(alicesPage)).toContain("It went through nodes, which cannot read it.");
    for (const page of [alicesPage, bobsNextPage]) {
      await hears(page, "for when you are back");
      const texts = await page.locator("#messages .message .text").allInnerTexts();
      expect(texts).toEqual(["straight to you", "no node left, and you?", "still here", "for when you are back"]);
    }
  });

  test("one's clock is hours ahead: they are told by how much, and what they wrote goes once it is right", async () => {
    const { alice, alicesPage, bobsPage } = await story.acquainted();
    await alice.sleep(26 * HOUR);
    await story.node.stop();
    await story.node.restart();
    await alicesPage.getByText("This device's clock is wrong: ahead by about 26 hours.").waitFor();
    await say(alicesPage, "late, I fear");
    await own(alicesPage, "late, I fear", "Queued").waitFor();
    await alice.sleep(0);
    await alicesPage.reload();
    await openChat(alicesPage, "Bob");
    await hears(bobsPage, "late, I fear");
    await own(alicesPage, "late, I fear", "(Delivered|Read)").waitFor();
    expect(await alicesPage.getByText("This device's clock is wrong").count()).toBe(0);
  });
});

/** What the app says about the newest message, whose time and state are the last that stand there. */
async function details(page: Page): Promise<string> {
  await page.locator("#messages .meta").last().click();
  const dialog = page.getByRole("dialog");
  const words = await dialog.innerText();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "hidden" });
  return words;
}
