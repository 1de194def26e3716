/** Every screen of the app and how to get there, shared by the pictures and by the test of accessibility. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
] as const;

export interface Screen {
  readonly scene: string;
  /** The place to open, as the app keeps it in the history. */
  readonly place?: object;
  readonly hash?: string;
  /** What is pressed there; selectors hold no words, so that they work in every language. */
  readonly steps?: (page: Page) => Promise<void>;
  /** What shows that the screen is complete. */
  readonly awaits?: string;
}

const click =
  (...selectors: readonly string[]) =>
  async (page: Page): Promise<void> => {
    for (const selector of selectors) await page.locator(selector).first().click();
  };

const MESSAGE = "[data-message]";
const chat = (id: string, panel?: string): Pick<Screen, "scene" | "place"> => ({
  scene: "chats",
  place: { at: "chat", chat: id, ...(panel === undefined ? {} : { panel }) },
});
const settings = (section?: string): Pick<Screen, "scene" | "place" | "awaits"> => ({
  scene: "chats",
  place: { at: "settings", ...(section === undefined ? {} : { section }) },
  awaits: ".card",
});

export const SCREENS: { readonly [name: string]: Screen } = {
  welcome: { scene: "none", steps: click(".disclosure summary") },
  invited: { scene: "none", hash: "#i1.abcdef", awaits: ".gate-card" },
  elsewhere: { scene: "none", hash: "#i1.abcdef", steps: click(".actions .button-quiet") },
  locked: { scene: "locked", awaits: ".gate-card" },
  starting: { scene: "starting" },
  failed: { scene: "failed-store-damaged", awaits: ".gate-card" },
  "failed-start": { scene: "failed-internal", awaits: ".gate-card" },
  "failed-newer": { scene: "failed-store-newer-version", awaits: ".gate-card" },
  "failed-full": { scene: "failed-store-full", awaits: ".gate-card" },
  insecure: { scene: "lacks:secure-context", awaits: ".gate-card" },
  "old-browser": { scene: "lacks:crypto,storage,locks,workers", awaits: ".gate-card" },
  "send-full": {
    ...chat("first"),
    scene: "full",
    awaits: ".composer .note",
    steps: async (page) => {
      await page.locator("#composer").fill("One more line");
      await page.locator(".send-button").click();
    },
  },
  yielded: { scene: "yielded", awaits: ".gate-card" },
  empty: { scene: "empty" },
  chats: { scene: "chats" },
  quiet: { scene: "quiet" },
  down: { scene: "down" },
  clock: { scene: "clock", place: { at: "network" }, awaits: ".banner" },
  chat: { ...chat("first"), steps: (page) => page.locator(MESSAGE).first().waitFor() },
  "chat-top": {
    ...chat("first"),
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#messages").evaluate((element) => element.scrollTo(0, 0));
      await page.locator(".chat-beginning").waitFor();
    },
  },
  "chat-middle": {
    ...chat("first"),
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#messages").evaluate((element) => element.scrollTo(0, 620));
      await page.locator(".text-folded").waitFor();
    },
  },
  "chat-long": {
    ...chat("long"),
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#messages").evaluate((element) => element.scrollBy(0, -3000));
      await page.locator(".jump-button").waitFor();
    },
  },
  "chat-arabic": { ...chat("layla"), steps: (page) => page.locator(MESSAGE).first().waitFor() },
  "chat-waiting": chat("wait"),
  "chat-ended": chat("ended"),
  "chat-blocked": chat("blocked"),
  "chat-emoji": {
    ...chat("first"),
    steps: async (page) => {
      await click(".composer .icon-button")(page);
      await page.locator(".emoji").first().waitFor();
    },
  },
  "chat-too-long": { ...chat("first"), steps: (page) => page.locator("#composer").fill("word ".repeat(7000)) },
  "chat-search": {
    ...chat("long", "search"),
    steps: async (page) => {
      await page.locator(".chat-search input").fill("words");
      await page.locator(".chat-search-count:not(:empty)").waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".message-target").waitFor();
    },
  },
  details: { ...chat("first"), awaits: ".dialog", steps: (page) => page.locator(".message-own .meta").last().click() },
  contact: { ...chat("first", "contact"), steps: (page) => page.locator(".panel .switch").waitFor() },
  safety: { ...chat("first", "contact"), steps: click(".panel-section .button"), awaits: ".digits" },
  delete: { ...chat("first", "contact"), steps: (page) => page.locator(".panel-danger .button").last().click() },
  search: {
    scene: "chats",
    place: { at: "search" },
    steps: async (page) => {
      await page.locator(".search-field").fill("mi");
      await page.locator(".hit").first().waitFor();
    },
  },
  "search-nothing": {
    scene: "chats",
    place: { at: "search" },
    steps: (page) => page.locator(".search-field").fill("zzzz"),
  },
  requests: { scene: "chats", place: { at: "requests" }, awaits: ".request" },
  people: { scene: "chats", place: { at: "people" }, awaits: ".list-card" },
  invitation: {
    scene: "chats",
    place: { at: "people" },
    steps: async (page) => {
      await click(".list-row")(page);
      await page.locator(".qr").waitFor();
    },
  },
  scan: { scene: "chats", awaits: ".scan", place: { at: "people" }, steps: click(".card:nth-child(2) .button-plain") },
  preview: { scene: "chats", hash: "#i1.abcdef", steps: (page) => page.locator(".preview .avatar").waitFor() },
  network: { scene: "chats", place: { at: "network" }, awaits: ".node-row" },
  nodes: { scene: "nodes", place: { at: "network" }, awaits: ".node-row" },
  settings: settings(),
  words: { ...settings("words"), steps: click(".card .button-primary") },
  "words-check": { ...settings("words"), steps: click(".card .button-primary", ".card .button-primary") },
  passphrase: settings("passphrase"),
  privacy: settings("privacy"),
  look: settings("look"),
  data: settings("data"),
  doctor: { ...settings("doctor"), steps: click(".card .button-primary") },
  about: settings("about"),
  shortcuts: { scene: "chats", awaits: ".dialog", steps: (page) => page.keyboard.press("?") },
};

export async function openScreen(page: Page, origin: string, screen: Screen): Promise<void> {
  await page.addInitScript((place) => {
    if (place !== null && history.state === null) history.replaceState(place, "");
  }, screen.place ?? null);
  await page.goto(`${origin}/?scene=${screen.scene}${screen.hash ?? ""}`);
  await page.locator("main").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]:not(.splash)") === null);
  await screen.steps?.(page);
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]:not(.splash)") === null);
  if (screen.awaits !== undefined) await page.locator(screen.awaits).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .map((animation) =>
          animation.effect?.getComputedTiming().endTime === Infinity ? null : animation.finished.catch(() => null),
        ),
    ),
  );
}

export async function violations(page: Page): Promise<readonly string[]> {
  // axe's own script is text, which the page's Trusted Types refuse: it is run through the debugger instead.
  const { violations: found } = await new AxeBuilder({ page: page as never }).analyze();
  return found.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.target.join(" ")} (${node.any[0]?.message ?? violation.help})`,
    ),
  );
}
