/** A chat with very many messages, read from its end back to its beginning. `XCHAT_LARGE=1` makes it ten thousand. */
import { person, until, type Person } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { acceptRequest, createIdentity, invite } from "./people.ts";
import { stage } from "./stage.ts";

const IS_LARGE = process.env["XCHAT_LARGE"] === "1";
const MESSAGES = IS_LARGE ? 10_000 : 1_500;
const AT_ONCE = 50;
/** Of the height of what is seen: less than all of it, so that no row can slip through. */
const STEP = 0.7;
/** Pixels. A day's line and the space around it stay below. */
const MAX_BLANK = 100;
const COMING = 15 * 60_000;
/** At most: two rows, each with its time for the eye and for the ear, drawn twice, and the chat's line in the list. */
const TIMES_OF_ONE = 12;

const story = stage();

/** Now and then one of several lines, so that heights differ from what the list assumes. */
const textOf = (number: number): string =>
  number % 7 === 3 ? `number ${number}\nand its\nother lines` : `number ${number}`;

describe("a person with a long chat", () => {
  test("scrolls back to the very first message, with no blank and no row missed", { timeout: COMING }, async () => {
    const page = await (await story.browser()).page(story.node.webAddress);
    await createIdentity(page, "Alice");
    const { bob, chat } = await bobAsks(await invite(page));
    await acceptRequest(page);
    await until(bob.api, { view: "chats" }, ([one]) => one?.state === "active");
    for (let number = 0; number < MESSAGES; number += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, index) => textOf(number + index));
      await Promise.all(some.map((text) => bob.api.call("sendMessage", { chat, text })));
    }
    // The list follows what comes: who does not scroll sees the newest, and has read it.
    await page.waitForFunction(isSeen, textOf(MESSAGES - 1), { timeout: COMING });
    await isRead(bob);

    const numbers = await readUpwards(page, MESSAGES - 1);
    expect([...numbers].toSorted((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES }, (_, number) => number));

    // What comes meanwhile does not move what is being read.
    const before = await filled(page, MESSAGES);
    await bob.api.call("sendMessage", { chat, text: "news" });
    await page.getByRole("button", { name: "To the newest message, 1 unread" }).waitFor();
    expect(await filled(page, MESSAGES)).toEqual(before);
    await page.getByRole("button", { name: "To the newest message, 1 unread" }).click();
    await page.waitForFunction(isSeen, "news");
    await page.waitForFunction(isSeen, textOf(MESSAGES - 1));

    // One more draws itself and the one before it, and leaves the others as they stand.
    await isRead(bob);
    await page.evaluate(countTimesWritten);
    await bob.api.call("sendMessage", { chat, text: "one more" });
    await page.waitForFunction(isSeen, "one more");
    await isRead(bob);
    const rows = await page.locator("#messages [data-message]").count();
    const written = await page.evaluate(() => (globalThis as unknown as { timesWritten: number }).timesWritten);
    expect(rows).toBeGreaterThan(TIMES_OF_ONE);
    expect(written).toBeLessThanOrEqual(TIMES_OF_ONE);
  });
});

async function bobAsks(text: string): Promise<{ readonly bob: Person; readonly chat: string }> {
  const bob = await person({ name: "Bob", nodes: [story.node.hint] });
  story.cleanUp(() => bob.close());
  const { chat } = await bob.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  return { bob, chat };
}

/** All that was said to her. */
const isRead = (bob: Person): Promise<unknown> =>
  until(bob.api, { view: "chats" }, ([one]) => one?.last?.delivery?.state === "read");

/** The numbers of all messages that were to be seen on the way from the newest to the very first. */
async function readUpwards(page: Page, newest: number): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>();
  for (let oldest = newest + 1; oldest > 0;) {
    const now = await filled(page, oldest);
    for (const number of now.numbers) numbers.add(number);
    ({ oldest } = now);
    await page.locator("#messages").evaluate((list, step) => list.scrollBy(0, -step * list.clientHeight), STEP);
  }
  return numbers;
}

/** From now on, each row that is drawn has its time written anew. */
function countTimesWritten(): void {
  const counted = globalThis as unknown as { timesWritten: number };
  counted.timesWritten = 0;
  const format = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format")?.get;
  Object.defineProperty(Intl.DateTimeFormat.prototype, "format", {
    get(this: Intl.DateTimeFormat): unknown {
      counted.timesWritten++;
      return format?.call(this);
    },
  });
}

interface Seen {
  /** From top to bottom. */
  readonly numbers: readonly number[];
  readonly oldest: number;
}

/** Waits until no part of what is seen is blank, and something older than `than` is among it. */
async function filled(page: Page, than: number): Promise<Seen> {
  const handle = await page.waitForFunction(lookAt, { than, maxBlank: MAX_BLANK });
  return (await handle.jsonValue()) as Seen;
}

/** Runs in the page: a row that is there but scrolled away is not seen. */
function isSeen(text: string): boolean {
  const view = document.getElementById("messages")?.getBoundingClientRect();
  return [...document.querySelectorAll("#messages [data-message]")].some((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return row.textContent === text && view !== undefined && top >= view.top && bottom <= view.bottom;
  });
}

/** Runs in the page. */
function lookAt({ than, maxBlank }: { readonly than: number; readonly maxBlank: number }): Seen | null {
  const list = document.getElementById("messages");
  if (list === null) return null;
  const view = list.getBoundingClientRect();
  const rows = [...list.querySelectorAll("[data-message]")].flatMap((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    const number = /^number (\d+)/u.exec(row.textContent)?.[1];
    return number !== undefined && bottom > view.top && top < view.bottom
      ? [{ top, bottom, number: Number(number) }]
      : [];
  });
  rows.sort((a, b) => a.top - b.top);
  const numbers = rows.map(({ number }) => number);
  const oldest = Math.min(...numbers);
  // Above the very first message stand other things.
  let edge = oldest === 0 ? (rows[0]?.top ?? 0) : view.top;
  let blank = 0;
  for (const { top, bottom } of rows) {
    blank = Math.max(blank, top - edge);
    edge = Math.max(edge, bottom);
  }
  blank = Math.max(blank, view.bottom - edge);
  return oldest < than && blank <= maxBlank ? { numbers, oldest } : null;
}
