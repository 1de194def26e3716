/** One person and their device: passphrase and recovery words. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { startNodeProcess } from "../../packages/testkit/src/node-process.ts";
import { createIdentity, goTo } from "./people.ts";
import { stage } from "./stage.ts";

const PASSPHRASE = "four quiet owls at noon";
const story = stage();

/** Rows of a list in which words lie over what stands beside them. */
const rowsThatRunOver = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const boxes = (row: Element): DOMRect[] =>
      [...row.querySelectorAll("*")]
        .flatMap((element) => [...element.childNodes])
        .flatMap((node) => {
          if (node.nodeType !== Node.TEXT_NODE) return node instanceof SVGElement ? [node.getBoundingClientRect()] : [];
          const range = document.createRange();
          range.selectNodeContents(node);
          return [range.getBoundingClientRect()];
        });
    const meets = (one: DOMRect, other: DOMRect): boolean =>
      one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
    return [...document.querySelectorAll(".list-row")]
      .filter((row) => {
        const all = boxes(row);
        return all.some((one, index) => all.slice(index + 1).some((other) => meets(one, other)));
      })
      .map((row) => row.textContent);
  });

describe("a person looks after their device", () => {
  test("sets a passphrase: a reload asks for it, a wrong one is refused with words, the right one opens", async () => {
    const alice = await story.browser();
    const page = await alice.page(story.node.webAddress);
    await createIdentity(page, "Alice");
    await goTo(page, "Settings");
    await page.getByRole("button", { name: "Passphrase" }).click();
    await page.getByText("No passphrase is set").waitFor();
    await page.getByLabel("New passphrase").fill(PASSPHRASE);
    await page.getByLabel("Once more").fill("something else");
    await page.getByText("The two are not the same yet.").waitFor();
    await page.getByLabel("Once more").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Set the passphrase" }).click();
    await page.getByText("A passphrase protects this device's store").waitFor();
    await page.getByRole("button", { name: "Lock now" }).waitFor();

    await page.reload();
    await page.getByRole("heading", { name: "Welcome back." }).waitFor();
    expect(await page.getByText("Alice").count()).toBe(0);
    await page.getByLabel("Passphrase").fill(`${PASSPHRASE}!`);
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.getByText("That is not the passphrase").waitFor();
    await page.getByLabel("Passphrase").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Unlock" }).click();
    await goTo(page, "Settings");
    await page.getByRole("button", { name: "Lock now" }).click();
    await page.getByRole("heading", { name: "Welcome back." }).waitFor();
  });

  test("writes down the 24 words, is asked for three of them, and the reminder goes for good", async () => {
    const alice = await story.browser({ viewport: { width: 360, height: 740 } });
    const page = await alice.page(story.node.webAddress);
    await createIdentity(page, "Alice");
    await page.getByText("Write down your 24 words.").waitFor();
    await goTo(page, "Settings");
    await page.getByText("not written down").waitFor();
    expect(await rowsThatRunOver(page)).toEqual([]);
    await goTo(page, "Chats");
    await page.getByRole("button", { name: "Show the words" }).click();
    await page.getByRole("button", { name: "Show them here" }).click();
    const list = page.getByRole("list", { name: "Your 24 words" }).getByRole("listitem");
    await list.first().waitFor();
    const words = await list.allInnerTexts();
    expect(words).toHaveLength(24);
    await page.getByRole("button", { name: "I have written them down" }).click();
    const fields = page.getByLabel(/^Word \d+$/u);
    await fields.first().waitFor();
    const labels = await page.getByText(/^Word \d+$/u).allInnerTexts();
    expect(new Set(labels).size).toBe(3);
    for (const label of labels) await page.getByLabel(label, { exact: true }).fill("zebra");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Not all of them are right").waitFor();
    for (const label of labels) {
      const position = Number(label.slice("Word ".length));
      await page.getByLabel(label, { exact: true }).fill(` ${(words[position - 1] ?? "").toUpperCase()} `);
    }
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Well done. Keep the paper safe.").waitFor();
    expect(await page.getByText("not written down").count()).toBe(0);
    await goTo(page, "Chats");
    await page.getByText("Nobody here yet").waitFor();
    expect(await page.getByText("Write down your 24 words.").count()).toBe(0);
    await page.reload();
    await page.getByText("Nobody here yet").waitFor();
    expect(await page.getByText("Write down your 24 words.").count()).toBe(0);
  });

  test("[RL16] [RL17] sets a relay, is told of a node that is none, chooses what comes without one, and takes it away", async () => {
    const relay = await startNodeProcess({ args: ["--relay", "open", "--operator", "Example Society"] });
    try {
      const page = await (await story.browser()).page(story.node.webAddress);
      await createIdentity(page, "Alice");
      await goTo(page, "Network");
      await page.getByText("You use none: each of your nodes sees your internet address.").waitFor();
      const add = async (address: string): Promise<void> => {
        await page.getByLabel("Address of a relay").fill(address);
        await page.getByRole("button", { name: "Add relay" }).click();
      };
      await add(story.node.webAddress);
      await page.getByText("This node is no relay").waitFor();
      await add(relay.webAddress);
      const shown = new URL(relay.webAddress).origin;
      const row = page.getByRole("listitem").filter({ hasText: shown });
      await row.getByText("Not used so far").waitFor();
      const goesDirectly = page.getByRole("switch", { name: "Go directly when no relay works" });
      expect(await goesDirectly.isChecked()).toBe(false);
      await goesDirectly.click();
      await page.reload();
      await goTo(page, "Network");
      await row.waitFor();
      expect(await goesDirectly.isChecked()).toBe(true);
      // Its own machine's node has no address to hide from.
      await page.getByText("Connected", { exact: true }).waitFor();
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      await row.getByRole("button", { name: `Remove ${shown}` }).click();
      await page.getByText("from then on your nodes see your internet address").waitFor();
      await page.getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("You use none: each of your nodes sees your internet address.").waitFor();
    } finally {
      await relay.remove();
    }
  });
});
