import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./tools/licences.ts";
import { linguiMacros } from "./tools/lingui-macros.ts";
import { preloadBoot } from "./tools/preload-boot.ts";
import { shellList } from "./tools/shell-list.ts";

/**
 * No module of ours, nor of these libraries, does anything by being imported: what is not used is left out. Their
 * packages do not say so themselves.
 */
const isPure = (id: string): boolean =>
  /\/packages\/[\w-]+\/src\/|\/node_modules\/(?:cborg|@scure|@noble|ts-mls|hash-wasm)\//u.test(id);
/** What starts the worker: one small file, which runs before anything else has come. */
const isOfStart = (id: string): boolean =>
  /\/apps\/web\/src\/(?:start\.ts|i18n\/languages\.ts|bridge\/|glance\/|platform\/(?:build|invitation-link|requirements|service-worker|trusted)\.ts)/u.test(
    id,
  ) || /\/packages\/client\/src\/(?:api[\w-]*\.ts|rpc\/)|\/packages\/transport\/src\/|\/engine\.dom\.ts$/u.test(id);
/** Of the first picture, and of some screen behind it: not in a file of its own for that. */
const isOfFrame = (id: string): boolean =>
  /\/apps\/web\/src\/(?:app\/(?:app|connection|shell|shortcuts)|chat\/record-words|devices\/siblings|people\/declining)\.tsx?$|\/node_modules\/(?:react|react-dom|scheduler)\//u.test(
    id,
  );
const treeshake = { moduleSideEffects: (id: string) => !isPure(id) };

/** `--mode review` builds the scripted review app (dev.html) instead of what ships. */
export default defineConfig(({ mode }) => {
  const isReview = mode === "review";
  const ofOthers = licences();
  return {
    plugins: [
      linguiMacros(),
      lingui({ failOnMissing: !isReview, failOnCompileError: true }),
      react(),
      ofOthers.app(),
      preloadBoot(),
      shellList(),
    ],
    worker: { format: "es", plugins: () => [ofOthers.worker()], rolldownOptions: { treeshake } },
    build: {
      target: "es2022",
      outDir: isReview ? "../../.cache/web-review" : "dist",
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: isReview ? { main: "dev.html" } : { main: "index.html", sw: "src/sw/sw.ts" },
        treeshake,
        output: {
          entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
          // The small parts that screens share come in one file, and not each in its own.
          codeSplitting: {
            groups: [
              { name: "start", test: isOfStart, priority: 2 },
              { name: "frame", test: isOfFrame, priority: 1 },
              {
                name: "shared",
                test: /\/apps\/web\/src\/(?!ui\/switch-row|welcome\/)/u,
                minShareCount: 3,
                maxModuleSize: 6_000,
              },
            ],
          },
        },
      },
    },
  };
});
