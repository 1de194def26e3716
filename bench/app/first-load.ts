/** What a browser that has never been here fetches before its person can use the app. */
import type { NodeProcess } from "@xchat/testkit";
import { browserProfile } from "../../test/e2e/browser.ts";
import { loadOf, watchFetches, type Load } from "../../test/e2e/load.ts";
import { createIdentity } from "../../test/e2e/people.ts";
import { acquaint } from "./acquaint.ts";

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
    const fetched = watchFetches(page);
    await page.goto(node.webAddress);
    await createIdentity(page, "Alice");
    const first = fetched();
    await acquaint(page, node, 0);
    const workers = page.workers().map((worker) => worker.url());
    for (const url of workers) if (!first.includes(url)) throw new Error(`the fetch of a worker was not seen: ${url}`);
    const [identity, chat] = [await loadOf(first), await loadOf(fetched())];
    if (workers.length === 0 || identity.script === 0 || identity.wasm === 0)
      throw new Error("an app without worker, script or engine was measured");
    return { identity, chat };
  } finally {
    await profile.remove();
  }
}
