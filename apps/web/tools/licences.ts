import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** What may go into the app. Another licence ends the build, until somebody has read it. */
const ALLOWED = new Set(["(MIT OR Apache-2.0)", "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"]);

interface Part {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
}

/**
 * Writes `licences.txt`: the words of everybody whose code is in the app, as their licences ask for. What is in it is
 * taken from the modules of the bundle, so nothing can be forgotten. The worker is a bundle of its own, and the first.
 */
export function licences(): { readonly app: () => Plugin; readonly worker: () => Plugin } {
  const parts = new Map<string, Part>();
  const collect = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const folder = packageFolder(id);
      if (folder !== null && !parts.has(folder)) parts.set(folder, readPart(folder));
    }
  };
  const plugin = (isLast: boolean): Plugin => ({
    name: isLast ? "xchat-licences" : "xchat-licences-of-worker",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) if (file.type === "chunk") collect(file.moduleIds);
      if (isLast) this.emitFile({ type: "asset", fileName: "licences.txt", source: textOf([...parts.values()]) });
    },
  });
  return { app: () => plugin(true), worker: () => plugin(false) };
}

/** The folder of the package that a module belongs to; `null` for our own. */
function packageFolder(id: string): string | null {
  const path = id.replace(/^\0/u, "").split("?")[0] ?? "";
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(path)?.[1];
  return found ?? null;
}

function readPart(folder: string): Part {
  const described = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license"]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  const text = file === undefined ? "" : readFileSync(file, "utf8").trim();
  const licence = described.license ?? (text.startsWith("MIT License") ? "MIT" : "none");
  if (!ALLOWED.has(licence) || text === "")
    throw new Error(`${described.name} goes into the app, and its licence (${licence}) is not one that was read`);
  return { name: described.name, version: described.version, licence, text };
}

/** Parts with the same words stand above them together. */
function textOf(parts: readonly Part[]): string {
  const byText = Map.groupBy(
    parts.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ({ text }) => text,
  );
  const chapters = [...byText].map(
    ([text, those]) =>
      `${those.map(({ name, version, licence }) => `${name} ${version} (${licence})`).join("\n")}\n\n${text}\n`,
  );
  return `X Chat is built with the work of others. These are their licences.\n\n${chapters.join(`\n${"-".repeat(78)}\n\n`)}`;
}
