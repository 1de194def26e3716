import { defineConfig } from "vitest/config";

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
    // Browsers and processes share two cores with everything else there: a story that fails twice has failed.
    retry: process.env["CI"] === undefined ? 0 : 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
