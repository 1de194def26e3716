/**
 * `npm run bench -- NAME [FIGURE] [--json]`: runs one benchmark. Each is a module of this folder with `run()`, which checks
 * the result of every operation that it measures. What ships is measured: it is built first where something has changed.
 * With FIGURE, a benchmark that can (`groups catchUp10kSeconds`) does what this one figure takes, and no more.
 */
import { readdir } from "node:fs/promises";
import { buildAll, isBuildCurrent } from "../scripts/build.ts";

export interface BenchResult {
  readonly figures: Readonly<Record<string, number>>;
  /** What the table says beside the figures: targets, peers, circumstances. */
  readonly notes?: readonly string[];
}

const [name, figure = null] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -3));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [FIGURE] [--json]\nNAME is one of: ${names.join(", ")}\n`);
  process.exit(2);
}
if (!(await isBuildCurrent())) await buildAll("error");
const { run } = (await import(`./${name}.ts`)) as { run(figure: string | null): Promise<BenchResult> };
const { figures, notes = [] } = await run(figure);
if (process.argv.includes("--json")) {
  process.stdout.write(`${JSON.stringify({ name, figures })}\n`);
} else {
  const width = Math.max(...Object.keys(figures).map((key) => key.length));
  for (const [key, value] of Object.entries(figures))
    process.stdout.write(`${key.padEnd(width)}  ${Math.round(value * 100) / 100}\n`);
  for (const note of notes) process.stdout.write(`${note}\n`);
}
process.exit(0);
