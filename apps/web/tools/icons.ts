/**
 * Draws the app's icons: the SVG, and the PNGs that platforms without SVG icons want. Run when the mark changes:
 * `node apps/web/tools/icons.ts`. Chromium does the drawing.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const target = join(import.meta.dirname, "..", "public");

/** The same mark as `src/ui/icon.tsx`. A maskable icon fills its square and keeps the strokes in the safe middle. */
function markSvg(isMaskable: boolean): string {
  const ground = isMaskable
    ? '<rect width="64" height="64" fill="#c2411f"/>'
    : '<rect width="64" height="64" rx="19" fill="#c2411f"/>';
  const scale = isMaskable ? ' transform="translate(32 32) scale(.78) translate(-32 -32)"' : "";
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">${ground}` +
    `<g fill="none" stroke="#fffaf3" stroke-width="6.5" stroke-linecap="round"${scale}>` +
    `<path d="M45 17C37 25 27 37 19 47"/><path d="M19 17c5 5 8 9 10.5 12.2M35 35.6c2.8 3.6 6 7.4 10 11.4"/></g></svg>\n`
  );
}

const PNGS = [
  { name: "icon-180.png", size: 180, isMaskable: true },
  { name: "icon-192.png", size: 192, isMaskable: false },
  { name: "icon-512.png", size: 512, isMaskable: false },
  { name: "icon-maskable-512.png", size: 512, isMaskable: true },
];

await writeFile(join(target, "icon.svg"), markSvg(false));
const browser = await chromium.launch({
  executablePath: process.env["XCHAT_CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage();
for (const { name, size, isMaskable } of PNGS) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${markSvg(isMaskable)}`,
  );
  await page.screenshot({ path: join(target, name), omitBackground: true });
}
await browser.close();
