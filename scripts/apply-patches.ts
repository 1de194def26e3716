/**
 * `npm install` ends with it: applies `patches/`. After an update that brings another patch the package lies there with
 * the old one in it, on which the new one does not fit: then it is fetched anew.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "..");
const apply = (): Promise<number> => run("patch-package", ["--error-on-fail"]);

/** `ts-mls+1.6.4.patch` and `@scope+name+1.0.0.patch` name the package before its version. */
const patched = readdirSync(join(root, "patches"))
  .filter((name) => name.endsWith(".patch"))
  .map((name) => name.split("+").slice(0, -1).join("/"));

let code = await apply();
if (code !== 0) {
  process.stdout.write(`Fetching anew what is to be patched: ${patched.join(", ")}\n`);
  for (const name of patched) rmSync(join(root, "node_modules", name), { recursive: true, force: true });
  code = await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (code === 0) code = await apply();
}
process.exit(code);
