/** Every package under its own globals: a pure one that touches the network or a disk does not compile. */
import { access, glob } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "..");

/** What did not change since the last time is not looked at again. */
const check = (config: string): Promise<number> => {
  const known = join(root, ".cache", "types", `${config.replaceAll("/", "-")}.tsbuildinfo`);
  return run("tsc", ["-p", join(root, config), "--incremental", "--tsBuildInfoFile", known]);
};

let failed = 0;
for await (const config of glob("{packages,apps}/*/tsconfig{,.test,.node,.worker}.json", { cwd: root })) {
  await access(join(root, config));
  if ((await check(config)) !== 0) {
    process.stdout.write(`types: ${config} failed\n`);
    failed++;
  }
}
if ((await check("tsconfig.tools.json")) !== 0) failed++;
process.exit(failed === 0 ? 0 : 1);
