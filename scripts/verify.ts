/**
 * `npm run verify`: everything that continuous integration runs. Types, lint, format, unused code, the build, then all
 * tests; closes with one line of counts. `--tests` leaves the static checks out.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureChromium } from "./chromium.ts";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "..");
const report = join(root, ".cache", "vitest.json");
const outcomes: { readonly name: string; readonly passed: boolean }[] = [];

async function check(name: string, command: string, args: readonly string[]): Promise<void> {
  process.stdout.write(`\n== ${name}\n`);
  const passed = (await run(command, args)) === 0;
  outcomes.push({ name, passed });
  process.stdout.write(`${passed ? "ok" : "FAILED"}: ${name}\n`);
}

// Each file of tests, and each program that it starts, is a process of its own: what they load is compiled once.
process.env["NODE_COMPILE_CACHE"] ??= join(root, ".cache", "compiled");

const testsOnly = process.argv.includes("--tests");
await mkdir(join(root, ".cache"), { recursive: true });
await rm(report, { force: true });
outcomes.push({ name: "chromium", passed: ensureChromium() });
if (!testsOnly) {
  await check("types", "node", [join(root, "scripts/typecheck.ts")]);
  await check("lint", "oxlint", ["--deny-warnings"]);
  await check("format", "oxfmt", ["--check"]);
  await check("unused files and dependencies", "knip", [
    "--include",
    "files,dependencies,unlisted",
    "--no-config-hints",
  ]);
}
await check("build", "node", [join(root, "scripts/build.ts")]);
await check("tests", "vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);

interface Counts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}
const none: Counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
const counts = await readFile(report, "utf8").then(
  (text) => JSON.parse(text) as Counts,
  () => none,
);
const failedChecks = outcomes.filter((outcome) => !outcome.passed);
for (const outcome of failedChecks) process.stdout.write(`failed: ${outcome.name}\n`);
const passed = counts.numPassedTests + outcomes.length - failedChecks.length;
const failed = counts.numFailedTests + failedChecks.length;
const skipped = counts.numPendingTests === 0 ? "" : `, ${counts.numPendingTests} skipped`;
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped}\n`);
process.exit(failed === 0 ? 0 : 1);
