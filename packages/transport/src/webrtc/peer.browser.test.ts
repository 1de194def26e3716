import { afterAll, beforeAll, describe } from "vitest";
import type { Browser } from "playwright-core";
import { hasChromium, launchChromium, pageTransport, servePages } from "./browser-page.ts";
import { directContract, type TestTransport } from "./direct-contract.ts";
import { loadNodeDirectTransport, type NodeDirectTransport } from "./peer.node.ts";

describe.skipIf(!hasChromium)("direct connections of Chromium", () => {
  const browsers: Browser[] = [];
  const inPages: { idle(): Promise<unknown> }[] = [];
  const transports: Record<string, TestTransport> = {};
  let node: NodeDirectTransport | null = null;
  let pages: Awaited<ReturnType<typeof servePages>>;

  beforeAll(async () => {
    pages = await servePages();
    node = await loadNodeDirectTransport();
    if (node === null) throw new Error("node-datachannel does not run here");
    transports["node"] = node;
    browsers.push(await launchChromium(), await launchChromium());
    const [first, second] = browsers as [Browser, Browser];
    const page = await pageTransport(first, pages.origin, "page");
    const worker = await pageTransport(first, pages.origin, "worker");
    const bridge = await pageTransport(first, pages.origin, "bridge");
    const other = await pageTransport(second, pages.origin, "page");
    inPages.push(page, worker, bridge, other);
    Object.assign(transports, { page, worker, bridge, "page of another process": other });
  });

  afterAll(async () => {
    for (const inPage of inPages) await inPage.idle();
    for (const browser of browsers) await browser.close();
    node?.close();
    pages.close();
  });

  const pair = (left: string, right: string): void =>
    directContract(`${left} to ${right}`, () => ({
      left: transports[left] as TestTransport,
      right: transports[right] as TestTransport,
    }));
  pair("page", "page of another process");
  pair("worker", "page of another process");
  pair("bridge", "page of another process");
  pair("page", "node");
  pair("node", "worker");
});
