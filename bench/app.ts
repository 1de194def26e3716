/**
 * The built app, served by the built node, in a real browser: what a first visit fetches, and how long a person with
 * 100,000 messages waits. The history is written by the store's own code into a store that the app has made.
 */
import { loadavg } from "node:os";
import { join } from "node:path";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { browserProfile, type BrowserProfile } from "../test/e2e/browser.ts";
import { createIdentity, hears, own, say } from "../test/e2e/people.ts";
import { acquaint } from "./app/acquaint.ts";
import { fillStore } from "./app/fill.ts";
import { measureFirstLoad } from "./app/first-load.ts";
import type { BenchResult } from "./run.ts";

const MESSAGES = 100_000;
const CHATS = 10;
const ROUNDS = 7;
const KILOBYTE = 1_000;
const BUILT_NODE = join(import.meta.dirname, "../apps/node/dist/main.js");

export async function run(): Promise<BenchResult> {
  const node = await startNodeProcess({ withApp: true, main: BUILT_NODE });
  try {
    const first = await measureFirstLoad(node);
    const { times, bytes } = await measureOpening(node);
    return {
      figures: {
        scriptGzipKilobytes: first.identity.script / KILOBYTE,
        scriptWithChatGzipKilobytes: first.chat.script / KILOBYTE,
        wasmGzipKilobytes: first.identity.wasm / KILOBYTE,
        open100kMs: median(times.map(({ chat }) => chat)),
        open100kListMs: median(times.map(({ list }) => list)),
        open100kWrittenMs: median(times.map(({ written }) => written)),
        open100kProcessorMs: median(times.map(({ processor }) => processor)),
      },
      notes: [
        `first visit: ${first.identity.files} scripts until there is an identity and its empty list, the worker counted;`,
        `  WithChat: all ${first.chat.files} scripts until a first chat, by way of an invitation, has had its first answer`,
        "  kilobytes of 1,000 bytes, gzip -9; not counted: the service worker then keeps the whole app for days offline",
        `opening: ${MESSAGES} messages in ${CHATS} chats, ${Math.round(bytes / 1e6)} MB; a new browser each of ${ROUNDS} times;`,
        "  from navigation to the list with every chat's last message and, one click later, the newest chat's last messages",
        "  what stands there first is what was shown last, kept beside the store; Written: until a message that was written",
        "  as soon as the chat stood there is saved in the open store, and stands in the chat",
        `  each time: ${times.map(({ chat }) => Math.round(chat)).join(", ")} ms`,
        "  processor time is that of page and worker together, both at once where two cores are free; it holds on a busy machine",
        `load of this machine at the end: ${loadavg()[0]?.toFixed(1)}`,
        "targets: under 250 kB of script, under 1,000 ms",
      ],
    };
  } finally {
    await node.remove();
  }
}

interface Opening {
  /** Milliseconds since navigation. */
  readonly list: number;
  readonly chat: number;
  readonly written: number;
  /** Of all pages and workers, from navigation on. */
  readonly processor: number;
}

async function measureOpening(
  node: NodeProcess,
): Promise<{ readonly times: readonly Opening[]; readonly bytes: number }> {
  let profile = await browserProfile();
  try {
    const page = await profile.page(node.webAddress);
    await createIdentity(page, "Alice");
    const lastWords: string[] = [];
    for (let number = 0; number < CHATS; number++) lastWords.push(await acquaint(page, node, number));
    await page.close();
    await node.stop();
    const { bytes } = await fillStore(profile, node.webAddress, { messages: MESSAGES });
    await node.restart();
    const times: Opening[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await profile.quit();
      profile = await profile.reopen();
      times.push(await openOnce(profile, node.webAddress, lastWords));
    }
    return { times, bytes };
  } finally {
    await profile.remove();
  }
}

/** `lastWords`: what was said last in each chat; the last of these chats is the one on top. */
async function openOnce(profile: BrowserProfile, address: string, lastWords: readonly string[]): Promise<Opening> {
  const newest = lastWords.at(-1) ?? "";
  const page = await profile.page("about:blank");
  const used = await processorTime(page);
  await settled(used);
  await page.addInitScript(watchOpening, { lastWords, newest, rows: SHOWN });
  const before = await used("renderer");
  await page.goto(address);
  await page.waitForFunction(() => (globalThis as unknown as Watched).opening.written > 0);
  const processor = (await used("renderer")) - before;
  const opening = await page.evaluate(() => (globalThis as unknown as Watched).opening);
  await proveUsable(page, newest);
  await new Promise((resolve) => setTimeout(resolve, REST));
  return { ...opening, processor };
}

/** Milliseconds until it is closed again: a person looks at it for a while. */
const REST = 4_000;
/** Messages of the other side that a window shows at the least. */
const SHOWN = 4;
const SETTLE_INTERVAL = 250;
const SETTLE_PATIENCE = 60;
/** Milliseconds of processor time in an interval, of all processes of the browser. */
const SETTLED = 20;

/** Milliseconds of processor time so far. */
type ProcessorTime = (kind?: "renderer") => Promise<number>;

async function processorTime(page: Page): Promise<ProcessorTime> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (session === undefined) throw new Error("a page without a browser");
  return async (kind) => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const counted = processInfo.filter(({ type }) => kind === undefined || type === kind);
    return counted.reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0);
  };
}

/** Waits until the browser itself, which has just begun, is done with its own: the app is measured, and not its start. */
async function settled(used: ProcessorTime): Promise<void> {
  let before = await used();
  for (let tries = 0; tries < SETTLE_PATIENCE; tries++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_INTERVAL));
    const now = await used();
    if (now - before < SETTLED) return;
    before = now;
  }
}

/** What was opened takes a new message. It says the same again, so that each round finds what the one before did. */
async function proveUsable(page: Page, newest: string): Promise<void> {
  await hears(page, newest);
  await say(page, newest);
  await own(page, newest, "Stored at 1 of 1").last().waitFor();
}

interface Watched {
  opening: { list: number; chat: number; written: number };
}

interface ToWatch {
  readonly lastWords: readonly string[];
  readonly newest: string;
  /** How many messages with the newest chat's words must stand there: what it was filled with says them again and again. */
  readonly rows: number;
}

/** Runs in the page before anything of the app: notes when things stand there, and clicks as soon as it can be done. */
function watchOpening({ lastWords, newest, rows: wanted }: ToWatch): void {
  const opening = { list: 0, chat: 0, written: 0 };
  const words = `at once, ${Math.random()}`;
  (globalThis as unknown as Watched).opening = opening;
  const rows = (): readonly HTMLElement[] => [...document.querySelectorAll<HTMLElement>(".chat-row")];
  const look = (): void => {
    if (opening.list === 0) {
      const texts = rows().map(({ textContent }) => textContent ?? "");
      if (!lastWords.every((words) => texts.some((shown) => shown.includes(words)))) return;
      opening.list = performance.now();
      rows()
        .find(({ textContent }) => textContent?.includes(newest))
        ?.click();
    } else if (opening.chat === 0) {
      const shown = document.querySelector("#messages")?.textContent ?? "";
      if (shown.split(newest).length <= wanted) return;
      opening.chat = performance.now();
      write();
    } else if (document.querySelector("#messages")?.textContent?.includes(words) === true) {
      opening.written = performance.now();
      observer.disconnect();
    }
  };
  // As a key does it; Enter comes once the field has taken the words in.
  const write = (): void => {
    const field = document.querySelector<HTMLTextAreaElement>("#composer");
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")?.set?.call(field, words);
    field?.dispatchEvent(new Event("input", { bubbles: true }));
    const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    setTimeout(() => field?.dispatchEvent(enter));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
