import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes minutes, the longest first. */
const LONG = [
  "packages/testkit/src/simulator/simulator.test.ts",
  "test/e2e/",
  "apps/web/src/dev/scenes.test.ts",
  "test/functional/",
  ".browser.test.ts",
];

/** A clean checkout knows no durations: without this the longest may begin last, alone, while the other worker has nothing to do. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((part) => moduleId.includes(part));
      return at === -1 ? LONG.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of its own, and not that of an array
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "apps/*/src/**/*.test.{ts,tsx}",
      "test/workspace/**/*.test.ts",
      "test/functional/**/*.test.ts",
      "test/e2e/**/*.test.ts",
      "packages/*/test/**/*.browser.test.ts",
    ],
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Browsers and processes share two cores with everything else there: a story that fails twice has failed.
    retry: process.env["CI"] === undefined ? 0 : 2,
    testTimeout: 180_000,
    // One second is over before a browser has drawn, where two of them share a core.
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 120_000,
  },
});
