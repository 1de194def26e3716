/** The same group cipher in Chromium, on WebCrypto: a bundle on a page of this process, on the loopback. */
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { rolldown } from "rolldown";
import { CHROMIUM } from "../../scripts/chromium.ts";
import type { LaneFigures } from "./lane.ts";

const PAGE = '<!doctype html><meta charset="utf-8"><title>mls</title><script type="module" src="/page.js"></script>';
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function measureInBrowser(size: {
  readonly rounds: number;
  readonly count: number;
}): Promise<LaneFigures> {
  const server = await servePage(await bundlePage());
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
  try {
    const page = await browser.newPage();
    // A name that counts as a secure context, without which there is no WebCrypto.
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => "measureMls" in globalThis);
    return await page.evaluate((wanted) => globalThis.measureMls(wanted), size);
  } finally {
    await browser.close();
    server.close();
  }
}

async function bundlePage(): Promise<string> {
  const bundle = await rolldown({ input: join(import.meta.dirname, "page.ts"), platform: "browser" });
  try {
    const { output } = await bundle.generate({ format: "esm", minify: true });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}

async function servePage(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}
