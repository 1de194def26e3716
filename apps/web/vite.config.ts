import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { linguiMacros } from "./tools/lingui-macros.ts";
import { shellList } from "./tools/shell-list.ts";

/** `--mode review` builds the scripted review app (dev.html) instead of what ships. */
export default defineConfig(({ mode }) => {
  const isReview = mode === "review";
  return {
    plugins: [linguiMacros(), lingui({ failOnMissing: !isReview, failOnCompileError: true }), react(), shellList()],
    worker: { format: "es" },
    build: {
      target: "es2022",
      outDir: isReview ? "../../.cache/web-review" : "dist",
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: isReview ? { main: "dev.html" } : { main: "index.html", sw: "src/sw/sw.ts" },
        output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
      },
    },
  };
});
