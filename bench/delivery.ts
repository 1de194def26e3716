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
/** Milliseconds between two messages: what follows from one (drafts, ticks, read receipts) is over when the next goes. */
const REST = 700;
const BUILT_NODE = join(import.meta.dirname, "../apps/node/dist/main.js");

export async function run(): Promise<BenchResult> {
  const mailbox = await measure(false);
  const direct = await measure(true);
  return {
    figures: { mailboxMedianMs: median(mailbox), directMedianMs: median(direct) },
    notes: [
      `${MESSAGES} messages each, after ${WARM_UP} to warm up; worst ${Math.round(Math.max(...mailbox))} and ${Math.round(Math.max(...direct))} ms`,
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
    const times: number[] = [];
    for (let i = 0; i < WARM_UP + MESSAGES; i++) {
      const text = `message number ${i}.`;
      await messageField(alicesPage).fill(text);
      await alicesPage.waitForTimeout(REST);
      const shown = arrival(bobsPage, text);
      const sentAt = await pressEnter(alicesPage);
      const shownAt = await shown;
      await hears(bobsPage, text);
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

/** What stands beside the time of the newest message: a message that took the other way is none that was measured. */
async function expectWay(page: Page, isDirect: boolean): Promise<void> {
  const words = await page.locator("#messages .message-theirs .meta").last().innerText();
  if (/direct/u.test(words) !== isDirect) throw new Error(`a message came another way than was measured: ${words}`);
}

/** The moment at which the text stands in the list of messages. Looks only when something has changed there. */
const arrival = (page: Page, text: string): Promise<number> =>
  page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const list = document.querySelector("#messages");
        const look = (): void => {
          if (list?.textContent?.includes(wanted) !== true) return;
          resolve(performance.timeOrigin + performance.now());
          observer.disconnect();
        };
        const observer = new MutationObserver(look);
        look();
        if (list !== null) observer.observe(list, { childList: true, subtree: true, characterData: true });
      }),
    text,
  );

/** Sends what stands in the field, and tells when the key went down. */
const pressEnter = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const field = document.querySelector<HTMLTextAreaElement>("#composer");
    const at = performance.timeOrigin + performance.now();
    field?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    return at;
  });

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number);
