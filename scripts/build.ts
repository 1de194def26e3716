/**
 * Builds what ships: the web app, the node and the terminal client. The two programs are bundled with the workspace's
 * own packages and the mended ts-mls inside; everything else stays an ordinary dependency.
 */
import { glob, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { build as rolldown } from "rolldown";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "..");
const isBundled = (id: string): boolean => /^(\.|\/|@xchat\/|ts-mls)/.test(id);

async function buildProgram(app: string, name: string): Promise<void> {
  const dist = join(root, "apps", app, "dist");
  await rm(dist, { recursive: true, force: true });
  await rolldown({
    input: { [name]: join(root, "apps", app, "src", "main.ts") },
    platform: "node",
    external: (id) => !isBundled(id),
    output: { dir: dist, format: "esm", entryFileNames: "[name].js", sourcemap: true },
    logLevel: "warn",
  });
}

/** `error` for those who only want to run it: warnings about libraries would look like something that they must mend. */
export async function buildAll(logLevel: "warn" | "error" = "warn"): Promise<void> {
  await Promise.all([buildProgram("node", "main"), buildProgram("cli", "xchat")]);
  // In its own folder, where its tools look for their configuration.
  const code = await run("vite", ["build", "--logLevel", logLevel], join(root, "apps/web"));
  if (code !== 0) throw new Error("the web app was not built");
}

const BUILT = ["apps/web/dist/index.html", "apps/node/dist/main.js", "apps/cli/dist/xchat.js"];
const SOURCES = ["{packages,apps}/*/{src,public,bin,tools}/**", "package-lock.json", "patches/*", "apps/*/*.*"];

const changedAt = async (path: string): Promise<number> =>
  (await stat(join(root, path)).catch(() => undefined))?.mtimeMs ?? 0;

/** Whether what is built is all there, and not older than what it is made of. */
export async function isBuildCurrent(): Promise<boolean> {
  const oldest = Math.min(...(await Promise.all(BUILT.map(changedAt))));
  if (oldest === 0) return false;
  for await (const path of glob(SOURCES, { cwd: root })) if ((await changedAt(path)) > oldest) return false;
  return true;
}

if (import.meta.main) await buildAll();
