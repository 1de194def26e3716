/** What stands there for somebody who opens the app for the first time, in whatever way. */
import { expect, describe, test } from "vitest";
import { loadOf, watchFetches } from "./load.ts";
import { createIdentity, goTo, hears, openChat, say } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
const FOREIGN = "chat.example";

describe("a person who opens the app", () => {
  test("over plain http from another machine reads why that cannot be, and nothing is stored", async () => {
    const alice = await story.browser({ names: [FOREIGN], viewport: { width: 360, height: 740 } });
    const address = new URL(story.node.webAddress);
    address.hostname = FOREIGN;
    const page = await alice.page(`${address.href}#i1.whatever`);
    await page.getByRole("heading", { name: "X Chat needs a protected address" }).waitFor();
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    expect(await page.getByLabel("Your name").count()).toBe(0);
    expect(page.url()).not.toContain("i1.");
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    expect(page.workers()).toEqual([]);
    // What they were given can be carried to where the app runs.
    expect(await page.evaluate(() => "clipboard" in navigator)).toBe(false);
    await page.getByText("i1.whatever", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Copy the code" }).press("Enter");
    const copied = page.getByRole("button", { name: "Copied" });
    await copied.waitFor();
    expect(await copied.evaluate((button) => document.activeElement === button)).toBe(true);
    const own = await alice.page(story.node.webAddress);
    expect(await own.evaluate(() => navigator.clipboard.readText())).toBe("i1.whatever");
  });

  test("on localhost can install it, and it opens without its node, with what is in it", async () => {
    const alice = await story.browser();
    const page = await alice.page(story.node.webAddress);
    await createIdentity(page, "Alice");
    const session = await page.context().newCDPSession(page);
    const { errors, url } = await session.send("Page.getAppManifest");
    expect({ errors, url }).toEqual({ errors: [], url: `${story.node.webAddress}manifest.webmanifest` });
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    expect(installabilityErrors).toEqual([]);

    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await story.node.kill();
    await page.reload();
    await goTo(page, "Settings");
    await page.getByRole("button", { name: /^About X Chat/u }).click();
    const licences = await page
      .getByRole("link", { name: "Licences of the parts that others made" })
      .getAttribute("href");
    const text = await page.evaluate(async (path) => (await fetch(path)).text(), String(licences));
    for (const part of ["ts-mls", "react", "@journeyapps/wa-sqlite", "@noble/post-quantum"])
      expect(text).toContain(part);
    await story.node.restart();
  });

  test("can choose a passphrase at once: typed twice, since nobody can reset one with a slip in it", async () => {
    const alice = await story.browser({ viewport: { width: 360, height: 740 } });
    const page = await alice.page(story.node.webAddress);
    await page.getByLabel("Your name").fill("Alice");
    await page.getByText("Protect this device's store").click();
    await page.getByLabel("Passphrase", { exact: true }).fill("four quiet owls");
    await page.getByLabel("Once more").fill("four quite owls");
    await page.getByText("The two are not the same yet.").waitFor();
    await page.getByRole("button", { name: "Start" }).click();
    // What counts does not go out of sight.
    await page.getByText("Protect this device's store").click();
    await page.getByLabel("Once more").fill("four quiet owls");
    expect(await page.getByRole("navigation", { name: "Main" }).count()).toBe(0);
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.reload();
    await page.getByLabel("Passphrase").fill("four quiet owls");
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.getByText("Nobody here yet").waitFor();
  });

  test("has 250 kB of script to wait for at most; what they have not needed yet opens without the node", async () => {
    const alice = await story.browser();
    const page = await alice.page("about:blank");
    const fetched = watchFetches(page);
    await page.goto(story.node.webAddress);
    await createIdentity(page, "Alice");
    const [worker] = page.workers();
    expect(fetched()).toContain(worker?.url());
    const { script } = await loadOf(fetched());
    expect(script).toBeGreaterThan(100_000);
    expect(script).toBeLessThan(250_000);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    // Nothing brings it in by itself, either.
    expect(fetched().filter(isOfConversations)).toEqual([]);

    // Nothing has been asked for yet, and the page has not been loaded again since.
    await story.node.kill();
    await goTo(page, "Invite");
    await page.getByRole("button", { name: "Make an invitation" }).click();
    await page.getByRole("button", { name: "Copy link" }).waitFor();
    await story.node.restart();
  });

  test("and comes back opens a chat at once: nothing stands in its place until it is loaded", async () => {
    const { alicesPage } = await story.acquainted();
    await say(alicesPage, "Before coming back");
    await alicesPage.evaluate(async () => void (await navigator.serviceWorker.ready));
    await goTo(alicesPage, "Chats");
    // The second time: the first page was not yet what the app keeps.
    for (let time = 0; time < 2; time++) {
      await alicesPage.reload();
      await alicesPage.locator(".chat-row").waitFor();
    }
    await alicesPage.waitForLoadState("networkidle");
    await alicesPage.evaluate(() => {
      const seen = { waiting: 0 };
      Object.assign(globalThis, { seen });
      const look = (): void => {
        seen.waiting += document.querySelectorAll(".main-column > [aria-busy]").length;
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true });
    });
    await openChat(alicesPage, "Bob");
    await hears(alicesPage, "Before coming back");
    expect(await alicesPage.evaluate(() => (globalThis as unknown as { seen: { waiting: number } }).seen.waiting)).toBe(
      0,
    );
  });

  test("reads what to do where a part of it cannot be fetched any more, and has lost nothing", async () => {
    const alice = await story.browser();
    const page = await alice.page("about:blank");
    // As after the node was given another version, before this one was kept.
    const gone = (url: URL): boolean => url.pathname === "/sw.js" || isOfConversations(url.href);
    await page.context().route(gone, (route) => route.fulfill({ status: 404 }));
    await page.goto(story.node.webAddress);
    await createIdentity(page, "Alice");
    await goTo(page, "Invite");
    await page.getByRole("button", { name: "Make an invitation" }).click();
    await page.getByText("A part of the app is not here yet").waitFor();
    await page.context().unroute(gone);
    await page.reload();
    await goTo(page, "Invite");
    await page.getByRole("button", { name: "Make an invitation" }).click();
    await page.getByRole("button", { name: "Copy link" }).waitFor();
  });
});

/** The greater part of the client, which the worker loads apart. */
const isOfConversations = (url: string): boolean => /\/assets\/conversations-[^/]+\.js$/u.test(url);
