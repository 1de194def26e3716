/** ts-mls as its author published it: a copy of the installed one with our patch taken back. For tests and benchmarks. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { TreeLibrary } from "./tree-history.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const MODULES = join(ROOT, "node_modules");
/** What ts-mls imports. */
const DEPENDENCIES = ["@hpke", "@noble", "mlkem"];

export interface StockLibrary {
  readonly library: TreeLibrary;
  readonly dispose: () => Promise<void>;
}

export async function loadStockLibrary(): Promise<StockLibrary> {
  const folder = await mkdtemp(join(tmpdir(), "xchat-stock-ts-mls-"));
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await cp(join(MODULES, "ts-mls"), join(modules, "ts-mls"), { recursive: true });
  for (const name of DEPENDENCIES) await symlink(join(MODULES, name), join(modules, name));
  for (const name of ["package.json", "package-lock.json", "patches"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  const patchPackage = join(MODULES, "patch-package/index.js");
  await promisify(execFile)(process.execPath, [patchPackage, "--reverse", "--error-on-fail"], { cwd: folder });
  const entry = pathToFileURL(join(modules, "ts-mls/dist/src/index.js")).href;
  const library = (await import(/* @vite-ignore */ entry)) as TreeLibrary;
  return { library, dispose: () => rm(folder, { recursive: true, force: true }) };
}
