/** What a browser that has never been here fetches before its person can use the app. */
import { gzipSync } from "node:zlib";
import type { NodeProcess } from "@xchat/testkit";
import type { Request } from "playwright-core";
import { browserProfile } from "../../test/e2e/browser.ts";
import { createIdentity } from "../../test/e2e/people.ts";
import { acquaint } from "./acquaint.ts";

export interface Load {
  /** Bytes by gzip -9, each file once. */
  readonly script: number;
  readonly wasm: number;
  /** Of script. */
  readonly files: number;
}

export interface FirstLoad {
  /** Until there is an identity and its empty list of chats. */
  readonly identity: Load;
  /** And until a word has come back in a first chat, by way of an invitation: that load and what it adds. */
  readonly chat: Load;
}

export async function measureFirstLoad(node: NodeProcess): Promise<FirstLoad> {
  const profile = await browserProfile();
  try {
    const page = await profile.page("about:blank");
    const fetched = new Set<string>();
    page.context().on("request", (request) => {
      if (!isForLater(request) && request.url().startsWith("http")) fetched.add(request.url());
    });
    await page.goto(node.webAddress);
    await createIdentity(page, "Alice");
    const first = [...fetched];
    await acquaint(page, node, 0);
    const workers = page.workers().map((worker) => worker.url());
    for (const url of workers) if (!first.includes(url)) throw new Error(`the fetch of a worker was not seen: ${url}`);
    const [identity, chat] = [await loadOf(first), await loadOf([...fetched])];
    if (workers.length === 0 || identity.script === 0 || identity.wasm === 0)
      throw new Error("an app without worker, script or engine was measured");
    return { identity, chat };
  } finally {
    await profile.remove();
  }
}

async function loadOf(urls: readonly string[]): Promise<Load> {
  const sizes = await Promise.all(urls.map((url) => sizeOf(url)));
  const sumOf = (kind: string): number => sizes.reduce((sum, one) => sum + (one.kind === kind ? one.bytes : 0), 0);
  return {
    script: sumOf("script"),
    wasm: sumOf("wasm"),
    files: sizes.filter(({ kind }) => kind === "script").length,
  };
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
