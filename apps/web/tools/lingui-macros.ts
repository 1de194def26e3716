/**
 * Turns Lingui's macros into calls at build time. Lingui's own native transform needs a binary for each platform that is
 * not to be had everywhere; Babel, which Lingui's command line brings along, runs wherever Node does.
 */
import { createRequire } from "node:module";
import type { Plugin } from "vite";

interface Babel {
  transformAsync(
    code: string,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly code?: string | null; readonly map?: object | null } | null>;
}

// Resolved from Lingui's command line, so that macros and extraction always use one version.
const fromCli = createRequire(import.meta.resolve("@lingui/cli/api"));
const HAS_MACRO = /from ["']@lingui\/(?:core|react)\/macro["']/u;

export function linguiMacros(): Plugin {
  let isProduction = false;
  return {
    name: "xchat-lingui-macros",
    enforce: "pre",
    configResolved(config) {
      isProduction = config.isProduction;
    },
    transform: {
      filter: { id: /\/apps\/web\/src\/.*\.tsx?$/u, code: HAS_MACRO },
      async handler(code, id) {
        const babel = fromCli("@babel/core") as Babel;
        const { default: macro } = (await import(fromCli.resolve("@lingui/babel-plugin-lingui-macro"))) as {
          readonly default: unknown;
        };
        const result = await babel.transformAsync(code, {
          filename: id,
          configFile: false,
          babelrc: false,
          sourceMaps: true,
          parserOpts: { plugins: id.endsWith("x") ? ["typescript", "jsx"] : ["typescript"] },
          plugins: [[macro, { descriptorFields: isProduction ? "id-only" : "all" }]],
        });
        if (result?.code == null) throw new Error(`no code for ${id}`);
        return { code: result.code, map: (result.map ?? null) as null };
      },
    },
  };
}
