/** `npm start`: builds what is missing or older than its sources, then runs the node, which serves the web app. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildAll, isBuildCurrent } from "./build.ts";

const root = join(import.meta.dirname, "..");
if (!(await isBuildCurrent())) {
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
