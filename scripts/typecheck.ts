/** Every package under its own globals: a pure one that touches the network or a disk does not compile. */
import { access, glob } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "..");
let failed = 0;
for await (const config of glob("{packages,apps}/*/tsconfig{,.test,.node,.worker}.json", { cwd: root })) {
  await access(join(root, config));
  if ((await run("tsc", ["-p", join(root, config)])) !== 0) {
    process.stdout.write(`types: ${config} failed\n`);
    failed++;
  }
}
if ((await run("tsc", ["-p", join(root, "tsconfig.tools.json")])) !== 0) failed++;
process.exit(failed === 0 ? 0 : 1);
