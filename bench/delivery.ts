/**
 * From "sent" in one browser to "shown" in the other, on one machine: through a node, and directly. Both browsers read
 * the same clock of the system. Each message is found in the other's chat, with the way that it came by, before it counts.
 */
import { join } from "node:path";
import { startNodeProcess } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { browserProfile } from "../test/e2e/browser.ts";
import {
  acceptRequest,
  answerInvitation,
  createIdentity,
  hears,
  invite,
  messageField,
  way,
} from "../test/e2e/people.ts";
import type { BenchResult } from "./run.ts";

const MESSAGES = 40;
const WARM_UP = 5;
const BUILT_NODE = join(import.meta.dirname, "../apps/node/dist/main.js");

export async function run(): Promise<BenchResult> {
  const mailbox = await measure(false);
  const direct = await measure(true);
  return {
    figures: { mailboxMedianMs: median(mailbox), directMedianMs: median(direct) },
    notes: [
      `${MESSAGES} messages each, after ${WARM_UP} to warm up; worst ${Math.max(...mailbox)} and ${Math.max(...direct)} ms`,
      "targets: under 60 ms through a node, under 30 ms directly",
    ],
  };
}

async function measure(isDirect: boolean): Promise<readonly number[]> {
  const node = await startNodeProcess({ withApp: true, main: BUILT_NODE });
  const [alice, bob] = [await browserProfile(), await browserProfile()];
  try {
    const alicesPage = await alice.page(node.webAddress);
    await createIdentity(alicesPage, "Alice");
    const bobsPage = await bob.page(await invite(alicesPage));
    await answerInvitation(bobsPage, "Bob", { mayDirect: isDirect });
    await acceptRequest(alicesPage, isDirect);
    for (const page of [alicesPage, bobsPage])
      await way(page, isDirect ? "Direct connection" : "Through nodes").waitFor();
    await watchArrivals(bobsPage);
    const times: number[] = [];
    for (let i = 0; i < WARM_UP + MESSAGES; i++) {
      const text = `message number ${i}.`;
      await messageField(alicesPage).fill(text);
      const sentAt = await pressEnter(alicesPage);
      await hears(bobsPage, text);
      const shownAt = await bobsPage.evaluate((wanted) => (globalThis as unknown as Arrivals).arrivals[wanted], text);
      if (shownAt === undefined) throw new Error(`${text} was never shown`);
      await expectWay(bobsPage, isDirect);
      if (i >= WARM_UP) times.push(shownAt - sentAt);
    }
    return times;
  } finally {
    await alice.remove();
    await bob.remove();
    await node.remove();
  }
}

interface Arrivals {
  arrivals: Record<string, number>;
}

/** What stands beside the time of the newest message: a message that took the other way is none that was measured. */
async function expectWay(page: Page, isDirect: boolean): Promise<void> {
  const words = await page.locator("#messages .message-theirs .meta").last().innerText();
  if (/direct/u.test(words) !== isDirect) throw new Error(`a message came another way than was measured: ${words}`);
}

/** The moment at which each text stands in the list of messages. */
const watchArrivals = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const store = globalThis as unknown as Arrivals;
    store.arrivals = {};
    new MutationObserver(() => {
      for (const found of document.querySelector("#messages")?.textContent?.match(/message number \d+\./gu) ?? []) {
        store.arrivals[found] ??= Date.now();
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });

/** Sends what stands in the field, and tells when the key went down. */
const pressEnter = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const field = document.querySelector<HTMLTextAreaElement>("#composer");
    const at = Date.now();
    field?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    return at;
  });

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
