/** What a browser that has never been here fetches before its person can use the app. */
import { gzipSync } from "node:zlib";
import type { Request } from "playwright-core";
import { browserProfile } from "../../test/e2e/browser.ts";
import { createIdentity } from "../../test/e2e/people.ts";

export interface FirstLoad {
  /** Bytes by gzip -9, each file once: until there is an identity and its empty list of chats. */
  readonly script: number;
  readonly wasm: number;
  readonly files: number;
}

export async function measureFirstLoad(address: string): Promise<FirstLoad> {
  const profile = await browserProfile();
  try {
    const page = await profile.page("about:blank");
    const fetched = new Set<string>();
    page.context().on("request", (request) => {
      if (!isForLater(request)) fetched.add(request.url());
    });
    await page.goto(address);
    await createIdentity(page, "Alice");
    const wanted = [...fetched].filter((url) => url.startsWith("http"));
    const sizes = await Promise.all(wanted.map((url) => sizeOf(url)));
    const sumOf = (kind: string): number => sizes.reduce((sum, one) => sum + (one.kind === kind ? one.bytes : 0), 0);
    const [script, wasm] = [sumOf("script"), sumOf("wasm")];
    const workers = page.workers().map((worker) => worker.url());
    for (const url of workers) if (!wanted.includes(url)) throw new Error(`the fetch of a worker was not seen: ${url}`);
    if (workers.length === 0 || script === 0 || wasm === 0)
      throw new Error("an app without worker, script or engine was measured");
    return { script, wasm, files: sizes.filter(({ kind }) => kind === "script").length };
  } finally {
    await profile.remove();
  }
}

/** The service worker stores the whole app for days without a network: not what this visit waits for. */
const isForLater = (request: Request): boolean => request.serviceWorker() !== null;

async function sizeOf(url: string): Promise<{ readonly kind: "script" | "wasm" | "other"; readonly bytes: number }> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const type = answer.headers.get("content-type") ?? "";
  const kind = type.includes("javascript") ? "script" : type.includes("wasm") ? "wasm" : "other";
  return { kind, bytes: gzipSync(Buffer.from(await answer.arrayBuffer()), { level: 9 }).length };
}
