/** What a page and its workers fetch, and how large that is. */
import { gzipSync } from "node:zlib";
import type { Page, Request } from "playwright-core";

export interface Load {
  /** Bytes by gzip -9, each file once. */
  readonly script: number;
  readonly wasm: number;
  /** Of script. */
  readonly files: number;
}

/** From now on. Answers what has been fetched so far. */
export function watchFetches(page: Page): () => readonly string[] {
  const fetched = new Set<string>();
  page.context().on("request", (request) => {
    if (!isForLater(request) && request.url().startsWith("http")) fetched.add(request.url());
  });
  return () => [...fetched];
}

/** The service worker stores the whole app for days without a network: not what a visit waits for. */
const isForLater = (request: Request): boolean => request.serviceWorker() !== null;

export async function loadOf(urls: readonly string[]): Promise<Load> {
  const sizes = await Promise.all(urls.map((url) => sizeOf(url)));
  const sumOf = (kind: string): number => sizes.reduce((sum, one) => sum + (one.kind === kind ? one.bytes : 0), 0);
  return {
    script: sumOf("script"),
    wasm: sumOf("wasm"),
    files: sizes.filter(({ kind }) => kind === "script").length,
  };
}

async function sizeOf(url: string): Promise<{ readonly kind: "script" | "wasm" | "other"; readonly bytes: number }> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const type = answer.headers.get("content-type") ?? "";
  const kind = type.includes("javascript") ? "script" : type.includes("wasm") ? "wasm" : "other";
  return { kind, bytes: gzipSync(Buffer.from(await answer.arrayBuffer()), { level: 9 }).length };
}
