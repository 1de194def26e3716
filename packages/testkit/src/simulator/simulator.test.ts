/**
 * Worlds from seeds (see ../../README.md). Each run takes new ones: a failure prints its seed and what happened, and
 * `npm run simulate -- --seed S` runs it again. `XCHAT_SEEDS`, `XCHAT_SEED`: how many, and from where on.
 */
import { describe, expect, test } from "vitest";
import { simulate } from "./index.ts";

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 200);
const REAL_SEEDS = Number(process.env["XCHAT_REAL_SEEDS"] ?? 20);
const FIRST = Number(process.env["XCHAT_SEED"] ?? Date.now() % 1_000_000);
/** A test each would cost more in reports than in worlds. */
const BATCH = 20;

const seedsFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

async function runAll(seeds: readonly number[], suite: "cheap" | "real"): Promise<void> {
  for (const seed of seeds) {
    const { failure, story } = await simulate({ seed, suite });
    if (failure !== null) throw new Error(`seed ${seed} (${suite}): ${failure}\n${story.join("\n")}`);
  }
}

describe(`worlds of the simulator (seeds from ${FIRST})`, () => {
  const batches = seedsFrom(0, Math.ceil(SEEDS / BATCH)).map((i) => FIRST + i * BATCH);
  test.each(batches)("quick cryptography, seeds from %i", (first) =>
    runAll(seedsFrom(first, Math.min(BATCH, FIRST + SEEDS - first)), "cheap"),
  );

  test.each(seedsFrom(FIRST, REAL_SEEDS))("the real suite and the real store, seed %i", (seed) =>
    runAll([seed], "real"),
  );
});

describe("a seed decides everything", () => {
  test.each(["cheap", "real"] as const)("twice the same world: %s", async (suite) => {
    const first = await simulate({ seed: FIRST, suite });
    const again = await simulate({ seed: FIRST, suite });
    expect(again).toEqual(first);
    const other = await simulate({ seed: FIRST + 1, suite });
    expect(other.hash).not.toBe(first.hash);
  });
});
