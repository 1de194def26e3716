/**
 * Pictures of every screen over the scripted client, for looking at: `node apps/web/tools/screens.ts OUT [filter]`, after
 * `vite build --mode review`. Prints what the console and, unless `--quick` is given, axe had to say.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM_FLAGS, openScreen, SCREENS, violations } from "./review.ts";
import { serveFolder } from "./serve.ts";

const [out = "/tmp/screens", filter = ""] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const isQuick = process.argv.includes("--quick");
const VARIANTS = [
  { name: "phone-light", width: 360, height: 740, colorScheme: "light", locale: "en" },
  { name: "phone-dark-ar", width: 360, height: 740, colorScheme: "dark", locale: "ar" },
  { name: "desk-light-de", width: 1280, height: 800, colorScheme: "light", locale: "de" },
  { name: "desk-dark", width: 1280, height: 800, colorScheme: "dark", locale: "en" },
  { name: "desk-light-ar", width: 1280, height: 800, colorScheme: "light", locale: "ar" },
] as const;

await mkdir(out, { recursive: true });
const served = await serveFolder(join(import.meta.dirname, "../../../.cache/web-review"), "dev.html");
const browser = await chromium.launch({
  executablePath: process.env["XCHAT_CHROMIUM"] ?? "/usr/bin/chromium",
  args: [...CHROMIUM_FLAGS],
});
for (const variant of VARIANTS) {
  for (const [name, screen] of Object.entries(SCREENS)) {
    const id = `${name}.${variant.name}`;
    if (!new RegExp(filter, "u").test(id)) continue;
    const context = await browser.newContext({
      viewport: { width: variant.width, height: variant.height },
      colorScheme: variant.colorScheme,
      locale: variant.locale,
      hasTouch: variant.width < 500,
      serviceWorkers: "block",
    });
    const page: Page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") console.log(`${id}: ${message.text()}`);
    });
    page.on("pageerror", (error) => console.log(`${id}: ${error.message}`));
    try {
      await openScreen(page, served.origin, screen);
      await page.screenshot({ path: join(out, `${id}.png`) });
      const found = isQuick ? [] : await violations(page);
      for (const line of found) console.log(`${id}: axe ${line}`);
    } catch (error) {
      console.log(`${id}: ${String(error)}`);
    }
    await context.close();
  }
}
await browser.close();
served.close();
