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
const groups = (at?: string): Pick<Screen, "scene" | "place"> => ({
  scene: "groups",
  ...(at === undefined ? {} : { place: { at } }),
});
const groupChat = (id: string, panel?: string): Pick<Screen, "scene" | "place"> => ({
  ...chat(id, panel),
  scene: "groups",
});
const scrollPanel =
  (part: number) =>
  async (page: Page): Promise<void> => {
    await page.locator(".member-row, .panel-danger").first().waitFor();
    await page
      .locator(".panel-scroll")
      .evaluate((element, share) => element.scrollTo(0, element.scrollHeight * share), part);
  };
const settings = (section?: string): Pick<Screen, "scene" | "place" | "awaits"> => ({
  scene: "chats",
  place: { at: "settings", ...(section === undefined ? {} : { section }) },
  awaits: ".card",
});

export const SCREENS: { readonly [name: string]: Screen } = {
  recover: {
    scene: "none",
    steps: async (page) => {
      await click(".gate-other .link-button")(page);
      await page.locator(".words-area").fill("abandon xylophone ability 4. about ab");
    },
    awaits: ".note",
  },
  "recover-nothing": {
    scene: "none",
    steps: async (page) => {
      await click(".gate-other .link-button")(page);
      await page.locator(".words-area").fill("zoo ".repeat(24));
      await page.locator(".button-primary").click();
    },
    awaits: ".note",
  },
  "recover-choose": {
    scene: "none",
    steps: async (page) => {
      await click(".gate-other .link-button")(page);
      await page.locator(".words-area").fill("abandon ".repeat(24));
      await page.locator(".button-primary").click();
    },
    awaits: ".backup-found",
  },
  recovered: { scene: "recovered", awaits: ".list-title" },
  "recovered-chat": { scene: "recovered", steps: click(".chat-row"), awaits: ".dialog" },
  backup: settings("backup"),
  "backup-behind": { ...settings("backup"), scene: "backup-behind" },
  "backup-off": { ...settings("backup"), scene: "backup-off" },
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
  "chat-lively": {
    ...chat("first"),
    steps: async (page) => {
      await page.locator(".reaction").first().waitFor();
      await page.locator(".reaction").first().scrollIntoViewIfNeeded();
    },
  },
  "chat-menu": {
    ...chat("first"),
    awaits: ".menu",
    steps: async (page) => {
      await page.locator(".reaction").first().waitFor();
      await page
        .locator(`${MESSAGE}:has(.quote)`)
        .first()
        .click({ button: "right", position: { x: 12, y: 12 } });
    },
  },
  "chat-reply": {
    ...chat("first"),
    awaits: ".composer-banner",
    steps: async (page) => {
      await page.locator(`${MESSAGE}:has(.quote)`).first().focus();
      await page.keyboard.press("r");
    },
  },
  "chat-edit": {
    ...chat("first"),
    awaits: ".composer-banner",
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#composer").focus();
      await page.keyboard.press("ArrowUp");
    },
  },
  "chat-mention": {
    ...chat("first"),
    awaits: ".mention-option",
    steps: (page) => page.locator("#composer").pressSequentially("Hello @"),
  },
  "chat-delete": {
    ...chat("first"),
    awaits: ".dialog",
    steps: async (page) => {
      await page
        .locator(`.message-own ${MESSAGE}:has(.quote)`)
        .first()
        .click({ button: "right", position: { x: 12, y: 12 } });
      await page.locator(".menu-danger").click();
    },
  },
  "chat-forward": {
    ...chat("first"),
    awaits: ".forward-list",
    steps: async (page) => {
      await page
        .locator(`.message-own ${MESSAGE}:has(.quote)`)
        .first()
        .click({ button: "right", position: { x: 12, y: 12 } });
      await page.locator("[data-action=forward]").click();
    },
  },
  "chat-unsent": {
    ...chat("first"),
    awaits: ".delivery-unsent",
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#messages").evaluate((element) => element.scrollBy(0, -1_000));
      await page.locator(".delivery-unsent").evaluate((sign) => sign.scrollIntoView({ block: "center" }));
    },
  },
  details: { ...chat("first"), awaits: ".dialog", steps: (page) => page.locator(".message-own .meta").last().click() },
  contact: { ...chat("first", "contact"), steps: (page) => page.locator(".panel .switch").waitFor() },
  "new-menu": { ...groups(), steps: click(".menu-place button"), awaits: ".menu" },
  "new-group": {
    ...groups("new-group"),
    awaits: ".picker-row",
    steps: async (page) => {
      await page.locator(".new-group .field input").fill("Choir on Tuesdays");
      await click(".picker-row:nth-child(1)", "div:nth-child(2) > .picker-row")(page);
    },
  },
  "new-group-nobody": { scene: "empty", place: { at: "new-group" }, awaits: ".note" },
  "group-chats": groups(),
  group: { ...groupChat("choir"), awaits: ".message-author" },
  "group-top": {
    ...groupChat("choir"),
    steps: async (page) => {
      await page.locator(MESSAGE).first().waitFor();
      await page.locator("#messages").evaluate((element) => element.scrollTo(0, 0));
      await page.locator(".chat-beginning").waitFor();
    },
  },
  "group-crowd": { ...groupChat("crowd"), awaits: ".foot-note" },
  "group-held": { ...groupChat("held"), awaits: ".hold" },
  "group-held-ask": { ...groupChat("held"), steps: click(".hold .button"), awaits: ".dialog" },
  "group-alone": groupChat("alone"),
  "group-left": { ...groupChat("left"), awaits: ".foot-note" },
  "group-thrown": { ...groupChat("thrown"), awaits: ".foot-note" },
  "group-panel": { ...groupChat("choir", "contact"), awaits: ".member-row" },
  "group-panel-middle": { ...groupChat("choir", "contact"), awaits: ".member-row", steps: scrollPanel(0.5) },
  "group-panel-end": {
    ...groupChat("choir", "contact"),
    awaits: ".record-list li",
    steps: async (page) => {
      await page.locator(".records .button").click();
      await page.locator(".record-list li").first().waitFor();
      await scrollPanel(1)(page);
    },
  },
  "group-panel-crowd": { ...groupChat("crowd", "contact"), awaits: ".member-row" },
  "group-panel-crowd-end": { ...groupChat("crowd", "contact"), awaits: ".member-row", steps: scrollPanel(1) },
  "group-panel-left": { ...groupChat("left", "contact"), awaits: ".panel-danger" },
  "group-panel-alone": { ...groupChat("alone", "contact"), awaits: ".member-row" },
  "group-members": {
    ...groupChat("crowd", "contact"),
    steps: click(".member-list + .button"),
    awaits: ".member-scroll .member-row",
  },
  "group-member": { ...groupChat("choir", "contact"), steps: click("li:nth-child(3) > .member-row"), awaits: ".deeds" },
  "group-stranger": {
    ...groupChat("choir", "contact"),
    steps: click("li:nth-child(7) > .member-row"),
    awaits: ".deeds",
  },
  "group-remove": {
    ...groupChat("choir", "contact"),
    steps: click("li:nth-child(3) > .member-row", ".deed-danger"),
    awaits: ".dialog .button-danger",
  },
  "group-pass-on": {
    ...groupChat("choir", "contact"),
    steps: click("li:nth-child(3) > .member-row", ".deeds .button:nth-last-child(3)"),
    awaits: ".dialog .button-danger",
  },
  "group-add": {
    ...groupChat("alone", "contact"),
    steps: click(".panel-section-head .button"),
    awaits: ".dialog .picker-row",
  },
  "group-info": { ...groupChat("choir", "contact"), steps: click(".contact-head .button"), awaits: ".dialog textarea" },
  "group-picture": {
    ...groupChat("choir", "contact"),
    steps: click(".head-deeds .button:nth-child(2)"),
    awaits: ".avatar-huge img",
  },
  "group-link": {
    ...groupChat("choir", "contact"),
    steps: click(".member-row:has(.link-icon)"),
    awaits: ".dialog .qr",
  },
  "group-link-new": {
    ...groupChat("choir", "contact"),
    steps: click(".panel-section:has(.link-icon) .panel-section-head .button"),
    awaits: ".dialog .switch",
  },
  "group-leave": {
    ...groupChat("choir", "contact"),
    steps: click(".panel-danger .button"),
    awaits: ".dialog .button-danger",
  },
  "group-search": {
    ...groups("search"),
    steps: async (page) => {
      await page.locator(".search-field").fill("the");
      await page.locator(".hit").first().waitFor();
    },
  },
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
  "words-forgotten": {
    ...settings("words"),
    scene: "quiet",
    steps: click(".card .button-plain"),
    awaits: ".words-area",
  },
  devices: { ...settings("devices"), awaits: ".device-row" },
  "devices-removed": { ...settings("devices"), scene: "removed", awaits: ".device-row" },
  "device-remove": { ...settings("devices"), steps: click(".device-row:nth-child(2) .icon-button:last-of-type") },
  "link-before": { ...settings("devices"), steps: click(".card .button-primary"), awaits: ".dialog" },
  ...Object.fromEntries(
    ["link-code", "link-digits", "link-confirming", "link-added", "link-two", "link-listed"].map((scene) => [
      scene,
      { ...settings("devices"), scene, awaits: ".dialog" },
    ]),
  ),
  ...Object.fromEntries(
    ["new-meeting", "new-showing", "new-asking", "new-ended"].map((scene) => [scene, { scene, awaits: ".gate-card" }]),
  ),
  "new-code": { scene: "none", steps: click(".gate-other .button"), awaits: ".gate-card form" },
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
