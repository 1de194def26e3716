/** Browsers that end at random instants, as by a power cut, while both people write. */
import { isDeepStrictEqual } from "node:util";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { BrowserProfile } from "./browser.ts";
import { openChat, own, say } from "./people.ts";
import { stage } from "./stage.ts";

const KILLS = Number(process.env["XCHAT_KILLS"] ?? 4);
const SEED = Number(process.env["XCHAT_SEED"] ?? Date.now() % 2 ** 31);
const MESSAGES = 6;
const LATEST = 2_000;
/** So tall that every message of the story stands there at once. */
const TALL = { viewport: { width: 900, height: 9_000 } };
const PATIENCE = { timeout: 120_000, interval: 250 };

const story = stage();

interface Side {
  readonly other: string;
  profile: BrowserProfile;
  page: Page;
  /** What this side has seen standing there as its own: from then on it may not be lost. */
  readonly saved: string[];
}

describe("two people whose browsers are killed while they write", () => {
  test(`lose nothing that stood there, and see nothing twice (XCHAT_SEED=${SEED})`, { timeout: 600_000 }, async () => {
    const random = generator(SEED);
    const { alice, bob, alicesPage, bobsPage } = await story.acquainted({ alice: TALL, bob: TALL });
    const sides: readonly [Side, Side] = [
      { other: "Bob", profile: alice, page: alicesPage, saved: [] },
      { other: "Alice", profile: bob, page: bobsPage, saved: [] },
    ];
    for (let round = 0; round < KILLS; round++) {
      const victim = sides[random() < 0.5 ? 0 : 1];
      const writing = sides.map((side, person) => writeOn(side, `round ${round}, ${person}`));
      // Not a wait for anything: the instant of the fault is what is random.
      await new Promise((resolve) => setTimeout(resolve, random() * LATEST));
      await victim.profile.kill();
      await Promise.all(writing);
      victim.profile = story.keep(await victim.profile.reopen());
      victim.page = await victim.profile.page(story.node.webAddress);
      await openChat(victim.page, victim.other);
    }
    const [first, second] = sides;
    const wanted = [...first.saved, ...second.saved];
    expect(wanted.length).toBeGreaterThan(KILLS);
    for (const side of sides)
      await expect.poll(async () => missing(wanted, await texts(side.page)), PATIENCE).toEqual([]);
    // What was on its way when its browser was killed may come only now, to either of them.
    const both = (): Promise<readonly (readonly string[])[]> => Promise.all([texts(first.page), texts(second.page)]);
    await expect.poll(both, PATIENCE).toSatisfy(([one, other]) => isDeepStrictEqual(one, other));
    const shown = await texts(first.page);
    expect(new Set(shown).size).toBe(shown.length);
    for (const { saved } of sides) expect(shown.filter((text) => saved.includes(text))).toEqual(saved);
  });
});

/** Writes one message after the other, until the browser is gone. */
async function writeOn({ page, saved }: Side, beginning: string): Promise<void> {
  for (let number = 0; number < MESSAGES; number++) {
    const text = `${beginning}: ${number}`;
    try {
      await say(page, text);
      await own(page, text, ".*").waitFor();
    } catch (error) {
      if (page.context().browser()?.isConnected() === true) throw error;
      return;
    }
    saved.push(text);
  }
}

const texts = (page: Page): Promise<readonly string[]> => page.locator("#messages .message .text").allInnerTexts();

const missing = (wanted: readonly string[], shown: readonly string[]): readonly string[] =>
  wanted.filter((text) => !shown.includes(text));

/** mulberry32: 0 ≤ x < 1. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
