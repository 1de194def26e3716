/** `npm start`: builds what is missing or older than its sources, then runs the node, which serves the web app. */
import { spawn } from "node:child_process";
import { glob, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildAll } from "./build.ts";

const root = join(import.meta.dirname, "..");
const built = ["apps/web/dist/index.html", "apps/node/dist/main.js", "apps/cli/dist/xchat.js"];

const changedAt = async (path: string): Promise<number> =>
  (await stat(join(root, path)).catch(() => undefined))?.mtimeMs ?? 0;

async function isCurrent(): Promise<boolean> {
  const oldest = Math.min(...(await Promise.all(built.map(changedAt))));
  if (oldest === 0) return false;
  for await (const path of glob(
    ["{packages,apps}/*/{src,public,bin}/**", "package-lock.json", "patches/*", "apps/*/*.*"],
    {
      cwd: root,
    },
  )) {
    if ((await changedAt(path)) > oldest) return false;
  }
  return true;
}

if (!(await isCurrent())) {
  process.stdout.write("Building the app (once, and after each change) …\n");
  await buildAll("error");
}
const node = spawn(process.execPath, [join(root, "apps/node/dist/main.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// A terminal's Ctrl-C reaches the node by itself; a service manager's signal comes to this process only.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => node.kill("SIGTERM"));
node.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
