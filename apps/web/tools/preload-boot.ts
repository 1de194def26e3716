import type { Plugin, Rolldown } from "vite";

/** What the page draws with, which is imported as soon as the worker starts, is fetched from the beginning. */
export function preloadBoot(): Plugin {
  return {
    name: "xchat-preload-boot",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const boot = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith("/src/boot.tsx"));
        if (boot === undefined) return [];
        const missing = [...withImports(boot, chunks)].filter((name) => !html.includes(name));
        return missing.map((href) => ({
          tag: "link",
          attrs: { rel: "modulepreload", crossorigin: true, href: `/${href}` },
          injectTo: "head" as const,
        }));
      },
    },
  };
}

function withImports(
  chunk: Rolldown.OutputChunk,
  chunks: readonly Rolldown.OutputChunk[],
  found = new Set<string>(),
): ReadonlySet<string> {
  if (found.has(chunk.fileName)) return found;
  found.add(chunk.fileName);
  for (const name of chunk.imports) {
    const imported = chunks.find(({ fileName }) => fileName === name);
    if (imported !== undefined) withImports(imported, chunks, found);
  }
  return found;
}
