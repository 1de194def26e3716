import { existsSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { CHROMIUM } from "../../../../scripts/chromium.ts";
import { browserProfile, type BrowserProfile } from "../../../../test/e2e/browser.ts";
import { STORE_CONTRACT } from "../../src/contract.ts";
import { seededRandom } from "../../src/disk.fault.ts";
import type { Order } from "./page/orders.ts";
import { servePage, type ServedPage } from "./served-page.ts";

const SEED = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const EFFORT = Number(process.env["XCHAT_FUZZ"] ?? 1);
const hasChromium = existsSync(CHROMIUM);
if (hasChromium) console.log(`store in Chromium: XCHAT_SEED=${SEED}`);
else console.error(`SKIPPED: no Chromium at ${CHROMIUM}; the store in the browser has NOT been tested`);

const ask = <T>(page: Page, order: Order): Promise<T> =>
  page.evaluate((given) => (window as unknown as { ask(order: Order): Promise<T> }).ask(given), order);

describe.skipIf(!hasChromium)("store in Chromium", () => {
  let served: ServedPage;
  beforeAll(async () => {
    served = await servePage();
  });
  afterAll(() => served.close());

  async function freshProfile(): Promise<BrowserProfile> {
    const profile = await browserProfile();
    onTestFinished(() => profile.remove());
    return profile;
  }

  /** Lets a worker write until it has acknowledged so many times. */
  async function writeUntil(page: Page, order: Order, acknowledgements: number): Promise<void> {
    const { acknowledged } = served;
    acknowledged.count = 0;
    acknowledged.last = 0;
    const reached = new Promise<void>((resolve) => {
      acknowledged.onNext = () => acknowledged.count >= acknowledgements && resolve();
    });
    // The page goes before an answer comes: one that comes is a refusal.
    await Promise.race([reached, ask(page, order).then((answer) => expect(answer).toBe("still writing"))]);
  }

  it("keeps the contract of every store, under the app's policy, asking nobody but its origin", async () => {
    const profile = await freshProfile();
    const page = await profile.page(served.url);
    const results = await ask<readonly { name: string; failure: string | null }[]>(page, { kind: "contract" });
    expect(results.filter(({ failure }) => failure !== null)).toEqual([]);
    expect(results).toHaveLength(STORE_CONTRACT.length);
    expect(profile.problems).toEqual([]);
    expect(profile.requests.filter((url) => !url.startsWith(served.url))).toEqual([]);
    expect(profile.requests.some((url) => url.endsWith(".wasm"))).toBe(true);
  });

  it("belongs to one tab, and to the next when that is gone", async () => {
    const profile = await freshProfile();
    const [first, second] = [await profile.page(served.url), await profile.page(served.url)];
    const order: Order = { kind: "open", name: "shared" };
    expect(await ask(first, order)).toBe("open");
    expect(await ask(second, order)).toEqual({ refused: "store-in-use" });
    expect(await ask(second, { kind: "state", name: "shared" })).toBe("open-key");
    expect(await ask(first, { kind: "close" })).toBe("closed");
    expect(await ask(second, order)).toBe("open");
    await second.close();
    await expect.poll(() => ask(first, order), { timeout: 10_000 }).toBe("open");
  });

  it("[S1] [S2] loses nothing acknowledged when its worker ends or the whole browser is killed", async () => {
    const random = seededRandom(SEED);
    let profile = await browserProfile();
    onTestFinished(() => profile.remove());
    let page = await profile.page(served.url);
    let held = 0;
    for (let round = 0; round < 6 * EFFORT; round++) {
      const write: Order = { kind: "write", name: "killed", seed: SEED, skip: held };
      await writeUntil(page, write, 1 + Math.floor(random() * 80));
      if (round % 2 === 0) {
        await profile.kill();
        profile = await profile.reopen();
        page = await profile.page(served.url);
      } else {
        await page.evaluate(() => (window as unknown as { restartWorker(): void }).restartWorker());
      }
      const acknowledged = served.acknowledged.last;
      const check: Order = { kind: "prefix", name: "killed", seed: SEED, acknowledged };
      // The files of a worker that has just ended are let go a moment later.
      let answer: unknown;
      await expect
        .poll(async () => (answer = await ask(page, check)), { timeout: 10_000 })
        .not.toHaveProperty("refused");
      expect(answer, `seed ${SEED}, round ${round}`).toMatchObject({ problems: [] });
      held = (answer as { prefix: number }).prefix;
      expect(held, `seed ${SEED}, round ${round}: ${acknowledged} acknowledged`).toBeGreaterThan(-1);
    }
    expect(held).toBeGreaterThan(20);
  });

  it("says that the disk is full, still reads, and writes again when there is room", async () => {
    const profile = await freshProfile();
    const page = await profile.page(served.url);
    const session = await page.context().newCDPSession(page);
    const origin = new URL(served.url).origin;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 6_000_000 });
    const answer = await ask<{ written: number; present: number }>(page, { kind: "fill", name: "full" });
    expect(answer).toMatchObject({ refused: "store-full", beyond: null });
    expect(answer.written).toBeGreaterThan(5);
    expect(answer.present).toBe(answer.written);
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 60_000_000 });
    const later = await ask(page, { kind: "refill", name: "full", written: answer.written });
    expect(later).toEqual({ present: answer.written + 1, problems: [] });
  });

  it.runIf(process.env["XCHAT_MEASURE"] !== undefined)("measures itself", async () => {
    const page = await (await freshProfile()).page(served.url);
    console.log(await ask(page, { kind: "measure", name: "measured", events: Number(process.env["XCHAT_MEASURE"]) }));
  });
});
