/** Runs a program of the workspace to its end with the terminal's own input and output. */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

const BIN = join(import.meta.dirname, "../node_modules/.bin");

export function run(command: string, args: readonly string[], cwd = process.cwd()): Promise<number> {
  return new Promise((resolve, reject) => {
    // The workspace's own programs first, however this script was started.
    const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}` };
    const child = spawn(command, args, { stdio: "inherit", env, cwd });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}
