/** A store that cannot be opened: a clear word, and everything as it was. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hears, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();

describe("a person's store", () => {
  test("of a newer version, or damaged, is refused with words and left as it was", async () => {
    const { alice, alicesPage, bobsPage } = await story.acquainted();
    await say(alicesPage, "before all that");
    await hears(bobsPage, "before all that");
    await alicesPage.close();
    // A page of the same origin in which the app does not run, so that nobody holds the files.
    const beside = await alice.page(`${story.node.webAddress}healthz`);
    const reader = await alice.page("about:blank");
    const opened = async (words: string): Promise<void> => {
      await reader.goto(story.node.webAddress);
      await reader.getByText(words, { exact: true }).waitFor();
      expect(await reader.getByText("Bob").count()).toBe(0);
      await reader.goto("about:blank");
    };

    const whole = await files(beside);
    await forgeFormat(beside);
    const newer = await files(beside);
    expect(newer).not.toEqual(whole);
    await opened("Your messages were saved by a newer X Chat");
    expect(await files(beside)).toEqual(newer);

    await restore(beside, whole);
    const damaged = await spoilFirstPage(beside);
    await opened("The store on this device is damaged");
    expect(await files(beside)).toEqual(damaged);

    await restore(beside, whole);
    await reader.goto(story.node.webAddress);
    await openChat(reader, "Bob");
    await hears(reader, "before all that");
    await say(reader, "and after it");
    await hears(bobsPage, "and after it");
  });
});

type Files = Readonly<Record<string, string>>;

/** All files of the store, as base64. */
const files = (page: Page): Promise<Files> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle("xchat-store")).getDirectoryHandle("xchat");
    const found: Record<string, string> = {};
    for await (const [name, handle] of folder) {
      if (!(handle instanceof FileSystemFileHandle)) continue;
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      found[name] = btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(""));
    }
    return found;
  });

const restore = (page: Page, content: Files): Promise<void> =>
  page.evaluate(async (wanted) => {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle("xchat-store")).getDirectoryHandle("xchat");
    for (const [name, text] of Object.entries(wanted)) {
      const writable = await (await folder.getFileHandle(name)).createWritable();
      await writable.write(Uint8Array.from(atob(text), (one) => one.codePointAt(0) as number));
      await writable.close();
    }
  }, content);

/** The key files as a version to come would write them: valid, and of a format that is not known. */
async function forgeFormat(page: Page): Promise<void> {
  const before = await files(page);
  const after: Record<string, string> = {};
  for (const [name, text] of Object.entries(before)) {
    const file = Buffer.from(text, "base64");
    const at = file.indexOf("xchat store key") + "xchat store key".length;
    if (!name.includes("key") || file.length === 0) continue;
    expect(file[at]).toBe(1);
    file[at] = 2;
    const head = file.subarray(0, -32);
    const digest = await crypto.subtle.digest("SHA-256", head);
    after[name] = Buffer.concat([head, Buffer.from(digest)]).toString("base64");
  }
  expect(Object.keys(after)).toHaveLength(2);
  await restore(page, after);
}

/**
 * Of each database that holds something, and the head of its log, which may hold that page anew. Answers with all files
 * as they are then.
 */
async function spoilFirstPage(page: Page): Promise<Files> {
  const after: Record<string, string> = {};
  for (const [name, text] of Object.entries(await files(page))) {
    const file = Buffer.from(text, "base64");
    if (!/\.db(?:-wal)?$/u.test(name) || file.length === 0) continue;
    file.fill(0xa5, 16, 1_000);
    after[name] = file.toString("base64");
  }
  expect(Object.keys(after).length).toBeGreaterThan(0);
  await restore(page, after);
  return files(page);
}
