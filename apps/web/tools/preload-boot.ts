import type { Plugin, Rolldown } from "vite";

/**
 * The worker's start runs as soon as it has come, before the page is read to its end; what the page draws with, which is
 * imported next, is fetched from the beginning.
 */
export function preloadBoot(): Plugin {
  return {
    name: "xchat-preload-boot",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const start = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith("/src/start.ts")));
        const boot = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith("/src/boot.tsx"));
        if (start === undefined || boot === undefined) return [];
        const missing = [...withImports(boot, chunks)].filter((name) => !html.includes(name));
        const first = {
          tag: "script",
          attrs: { type: "module", async: true, crossorigin: true, src: `/${start.fileName}` },
          injectTo: "head" as const,
        };
        return [
          first,
          ...missing.map((href) => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${href}` },
            injectTo: "head" as const,
          })),
        ];
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
