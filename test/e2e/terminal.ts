/** A person at a terminal: the program that ships, each command a process of its own. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const PROGRAM = join(import.meta.dirname, "../../apps/cli/bin/xchat.js");

/** One JSON object of the program's output. */
export type Line = Readonly<Record<string, unknown>>;

export interface Terminal {
  /** The answers in JSON of a command that must succeed. */
  ask(...args: readonly string[]): Promise<readonly Line[]>;
  /** The first line that a running `xchat listen` tells, from now or from before, for which `isIt` holds. */
  hears(isIt: (line: Line) => boolean): Promise<Line>;
  /** Ends what runs and takes the profile away. */
  remove(): Promise<void>;
}

export async function newTerminal(name: string, node: string): Promise<Terminal> {
  const base = await mkdtemp(join(tmpdir(), "xchat-terminal-"));
  const run = (...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> =>
    spawn(process.execPath, [PROGRAM, "--profile", join(base, "profile"), ...args, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] },
    });
  const ask = async (...args: readonly string[]): Promise<readonly Line[]> => {
    const child = run(...args);
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said.out += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said.err += chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`xchat ${args.join(" ")} ended with ${String(code)}: ${said.err}`);
    return said.out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
  };
  await ask("init", "--name", name, "--node", node);

  const listening = run("listen");
  const told: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface(listening.stdout).on("line", (line) => {
    told.push(JSON.parse(line) as Line);
    for (const look of waiting) look();
  });
  const ended = new Promise((resolve) => listening.once("exit", resolve));
  return {
    ask,
    hears: (isIt) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = told.find(isIt);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void ended.then(() => reject(new Error(`xchat listen ended; it told ${JSON.stringify(told)}`)));
        look();
      }),
    remove: async () => {
      listening.kill("SIGINT");
      await ended;
      await ask("stop");
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** A message in the words of `listen`: its text, and one of the states of one's own where any is named. */
export const isMessage =
  (text: string, ...states: readonly string[]) =>
  ({ type, content, delivery }: Line): boolean =>
    type === "message" &&
    (content as Line)["text"] === text &&
    (states.length === 0 || states.includes(String((delivery as Line | null)?.["state"])));
