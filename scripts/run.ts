/** Runs a program to its end with the terminal's own input and output. */
import { spawn } from "node:child_process";

export function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

export async function runOrExit(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const code = await run(command, args, env);
  if (code !== 0) process.exit(code);
}
