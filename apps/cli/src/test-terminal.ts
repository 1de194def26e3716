/** For tests: the program itself, run as a process against the real daemon and a client whose answers are set by hand. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { runDaemon } from "./daemon/run.ts";
import { profileFolder } from "./profile-folder.ts";
import { scriptedClient, type ScriptedClient } from "./scripted-client.ts";
import { systemClock } from "./system-clock.ts";

export const PROGRAM = join(import.meta.dirname, "main.ts");
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Each line of the output as JSON. */
  readonly json: readonly Record<string, unknown>[];
}

interface Terminal {
  readonly client: ScriptedClient;
  readonly directory: string;
  run(args: readonly string[], environment?: Record<string, string>, input?: string): Promise<Result>;
}

export async function terminal(): Promise<Terminal> {
  const base = await mkdtemp(join(tmpdir(), "xchat-test-"));
  cleanups.push(() => rm(base, { recursive: true, force: true }));
  const directory = join(base, "profile");
  const client = scriptedClient();
  const abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve) => {
    ended = runDaemon({
      folder: profileFolder(directory),
      open: async () => client,
      clock: systemClock,
      signal: abort.signal,
      onStart: () => resolve(),
    });
  });
  cleanups.push(() => {
    abort.abort();
    return ended;
  });
  return { client, directory, run: (args, environment = {}, input = "") => run(directory, args, environment, input) };
}

export function run(
  directory: string,
  args: readonly string[],
  environment: Record<string, string>,
  input: string,
): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, "--profile", directory, ...args],
      { env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], ...environment } },
      (error, out, err) => {
        const lines = out.split("\n").filter((line) => line.startsWith("{"));
        const code = error === null ? 0 : Number(error.code);
        resolve({ code, out, err, json: args.includes("--json") ? lines.map((line) => JSON.parse(line)) : [] });
      },
    );
    child.stdin?.end(input);
  });
}
