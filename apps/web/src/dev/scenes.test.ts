/**
 * What stands there when the app cannot go on, over the scripted client in a real browser: what happened, and a next
 * step, in each language. And what no screen may do: scroll the page beside itself, or be too small for a finger.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM_FLAGS, openScreen, SCREENS, type Screen } from "../../tools/review.ts";
import { serveFolder } from "../../tools/serve.ts";

const ROOT = join(import.meta.dirname, "../..");
const REVIEW = join(ROOT, "../../.cache/web-review");
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const FINGER = 44;

let served: Awaited<ReturnType<typeof serveFolder>> | undefined;
let browser: Browser | undefined;
beforeAll(async () => {
  // A process of its own: the macros look for their configuration in the folder where they run.
  const vite = join(createRequire(import.meta.url).resolve("vite/package.json"), "../bin/vite.js");
  await promisify(execFile)(process.execPath, [vite, "build", "--mode", "review"], { cwd: ROOT });
  served = await serveFolder(REVIEW, "dev.html");
  const executablePath = process.env["XCHAT_CHROMIUM"] ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

interface Showing {
  readonly viewport?: typeof PHONE;
  readonly locale?: string;
}

/** One for each kind of device: scenes keep nothing, and what a browser has compiled once it need not compile again. */
const contexts = new Map<string, Promise<BrowserContext>>();

function contextOf({ viewport = PHONE, locale = "en" }: Showing): Promise<BrowserContext> {
  if (browser === undefined) throw new Error("no browser runs");
  const hasTouch = viewport === PHONE;
  const id = `${viewport.width}/${locale}`;
  const context =
    contexts.get(id) ??
    browser.newContext({
      viewport,
      locale,
      hasTouch,
      isMobile: hasTouch,
      serviceWorkers: "block",
      reducedMotion: "reduce",
    });
  contexts.set(id, context);
  return context;
}

async function onScreen<T>(screen: Screen | undefined, showing: Showing, look: (page: Page) => Promise<T>): Promise<T> {
  if (screen === undefined) throw new Error("no such screen");
  if (served === undefined) throw new Error("nothing is served");
  const page = await (await contextOf(showing)).newPage();
  try {
    await openScreen(page, served.origin, screen);
    return await look(page);
  } finally {
    await page.close();
  }
}

/** Scene, what it says, and the step that it offers. */
const STOPS: readonly (readonly [name: string, title: string, step: string])[] = [
  ["failed", "The store on this device is damaged", "Try again"],
  ["failed-full", "The device is full", "Try again"],
  ["failed-newer", "Your messages were saved by a newer X Chat", "Get the newer version"],
  ["failed-start", "X Chat could not start", "Try again"],
  ["yielded", "A newer X Chat is open in another window", "Get the newer version"],
];

describe("what stops the app says what happened and offers a next step", () => {
  test.each(STOPS)("%s", async (name, title, step) => {
    await onScreen(SCREENS[name], {}, async (page) => {
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(title);
      await page.getByRole("button", { name: step, exact: true }).click({ trial: true });
    });
  });

  test("a browser that lacks something names it", async () => {
    const words = await onScreen(SCREENS["old-browser"], {}, (page) => page.locator("main").innerText());
    for (const part of ["WebCrypto", "private file storage", "Web Locks", "WebAssembly"]) expect(words).toContain(part);
  });

  test("a window that may not store anything is told from other reasons", async () => {
    await onScreen(SCREENS["failed-start"], {}, async (page) => {
      await page.addInitScript(() => {
        navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));
      });
      await page.reload();
      await page.getByRole("heading", { name: "This window may not store anything" }).waitFor();
    });
  });

  test("a message that found no room is back in its field", async () => {
    await onScreen(SCREENS["send-full"], {}, async (page) => {
      await page.getByRole("alert").getByText("The device is full").waitFor();
      expect(await page.locator("#composer").inputValue()).toBe("One more line");
    });
  });

  test.each(["de", "ar"])("in %s as in English, and in its own words", async (locale) => {
    const titleOf = (name: string, language: string): Promise<string | null> =>
      onScreen(SCREENS[name], { locale: language }, (page) => page.getByRole("heading", { level: 1 }).textContent());
    for (const [name, title] of STOPS) {
      const words = await titleOf(name, locale);
      expect(words ?? "").not.toBe("");
      expect(words).not.toBe(title);
    }
  });
});

const LOOKED_AT = [
  ...["chats", "chat", "chat-emoji", "contact", "people", "settings", "words", "welcome", "failed"],
  ...[
    "new-menu",
    "new-group",
    "group",
    "group-held",
    "group-thrown",
    "group-panel",
    "group-panel-middle",
    "group-panel-left",
  ],
  ...["group-members", "group-member", "group-add", "group-link-new", "group-leave"],
];

/** By how much the page, and the app in it, could be scrolled. */
const beside = (page: Page): Promise<readonly number[]> =>
  page.evaluate(() => {
    const root = document.documentElement;
    const app = document.querySelector("#app");
    if (app === null) throw new Error("no app");
    const isShell = app.querySelector(".shell") !== null;
    return [
      root.scrollHeight - root.clientHeight,
      root.scrollWidth - root.clientWidth,
      app.scrollWidth - app.clientWidth,
      // The first screens may be longer than a phone; the app proper never is.
      isShell ? app.scrollHeight - app.clientHeight : 0,
    ];
  });

const tooSmall = (page: Page): Promise<readonly string[]> =>
  page.evaluate((finger) => {
    /** With what is laid around it for the finger alone. */
    const height = (element: Element): number =>
      Math.max(
        element.getBoundingClientRect().height,
        Number.parseFloat(getComputedStyle(element, "::after").height) || 0,
      );
    return [...document.querySelectorAll("button, select, summary, input:not([type=radio], [type=file])")]
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .filter((element) => element.getBoundingClientRect().height > 1 && height(element) < finger - 0.5)
      .map((element) => `${element.className} ${element.textContent} ${height(element)}`);
  }, FINGER);

describe("a screen stays in its place", () => {
  test.each(LOOKED_AT)("%s: the page beside it does not scroll, and a finger hits what it means", async (name) => {
    await onScreen(SCREENS[name], { locale: "de" }, async (page) => {
      expect(await beside(page)).toEqual([0, 0, 0, 0]);
      expect(await tooSmall(page)).toEqual([]);
    });
    expect(await onScreen(SCREENS[name], { viewport: DESK, locale: "ar" }, beside)).toEqual([0, 0, 0, 0]);
  });
});
