/**
 * Serves the page that fills a store, on the port where the node serves the app at other times: to the browser it is the
 * same origin, and so the same store. None of it is part of the app.
 */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";
import type { BrowserProfile } from "../../test/e2e/browser.ts";
import type { HistoryOrder, HistoryReport } from "./history.ts";

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>fill</title><script type="module" src="/fill-page.js"></script>';
const PATIENCE = 300_000;

/** @param address of the node that serves the app at other times, and is stopped now. */
export async function fillStore(profile: BrowserProfile, address: string, order: HistoryOrder): Promise<HistoryReport> {
  const server = await servePage(Number(new URL(address).port));
  try {
    const page = await profile.page(new URL("/fill.html", address).href);
    page.setDefaultTimeout(PATIENCE);
    await page.waitForFunction(() => "fillHistory" in globalThis);
    const report = await page.evaluate((wanted) => globalThis.fillHistory(wanted), order);
    await page.close();
    return report;
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function servePage(port: number): Promise<Server> {
  const files = new Map<string, readonly [type: string, body: string | Buffer]>([
    ["/fill.html", ["text/html", PAGE]],
    ["/fill-page.js", ["text/javascript", await bundled("fill-page.ts")]],
    ["/fill-worker.js", ["text/javascript", await bundled("fill-worker.ts")]],
    ["/@journeyapps/wa-sqlite/dist/mc-wa-sqlite.wasm", ["application/wasm", await engine()]],
  ]);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": file[0], "cache-control": "no-store" }).end(file[1]);
  });
  await new Promise<void>((resolve) => server.listen(port, "localhost", resolve));
  return server;
}

async function bundled(name: string): Promise<string> {
  const bundle = await rolldown({ input: join(import.meta.dirname, name), platform: "browser" });
  try {
    const { output } = await bundle.generate({ format: "esm", codeSplitting: false });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}

function engine(): Promise<Buffer> {
  const fromStore = createRequire(import.meta.resolve("@xchat/store-sqlite"));
  return readFile(fromStore.resolve("@journeyapps/wa-sqlite/dist/mc-wa-sqlite.wasm"));
}
