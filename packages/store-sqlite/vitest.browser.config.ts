import { defineConfig } from "vitest/config";

/** The store in real Chromium: `vitest run --config packages/store-sqlite/vitest.browser.config.ts`. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["test/e2e-store/**/*.browser.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
