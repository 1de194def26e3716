/** Reaching the process that owns the profile, or starting it. */
import { spawn } from "node:child_process";
import { createConnection, type Socket } from "node:net";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientApi } from "@xchat/client/api";
import { connectApi } from "@xchat/client/rpc";
import { lineChannel } from "./json-lines.ts";
import { makeFolder, type ProfileFolder } from "./profile-folder.ts";

const START_PATIENCE = 20_000;
const FIRST_PAUSE = 20;

export interface Connection {
  readonly api: ClientApi;
  close(): void;
}

/** @throws Error when the process does not come up; its last words are in the message. */
export async function connect(folder: ProfileFolder, nodeAddress: string | null): Promise<Connection> {
  const socket = (await tryConnect(folder)) ?? (await startAndConnect(folder, nodeAddress));
  const api = connectApi(lineChannel(socket));
  return { api, close: () => api.close() };
}

/** Null when nobody listens. */
export function tryConnect(folder: ProfileFolder): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createConnection(folder.socket);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

export const pidFile = (folder: ProfileFolder): string => join(folder.directory, "daemon.pid");

async function startAndConnect(folder: ProfileFolder, nodeAddress: string | null): Promise<Socket> {
  await makeFolder(folder);
  const args = [...process.execArgv, process.argv[1] as string, "daemon", "--profile", folder.directory];
  if (nodeAddress !== null) args.push("--node", nodeAddress);
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  let isEnded = false;
  child.stderr.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)));
  child.once("exit", () => (isEnded = true));
  if (child.pid !== undefined) await writeFile(pidFile(folder), String(child.pid), { mode: 0o600 });
  const until = Date.now() + START_PATIENCE;
  for (let pause = FIRST_PAUSE; Date.now() < until; pause = Math.min(2 * pause, 500)) {
    const socket = await tryConnect(folder);
    if (socket !== null) {
      child.stderr.destroy();
      child.unref();
      return socket;
    }
    if (isEnded) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new Error(words.trim() || "The background process did not start.");
}

/** Ends the process if one runs; true when there was one. */
export async function stopDaemon(folder: ProfileFolder): Promise<boolean> {
  const socket = await tryConnect(folder);
  if (socket === null) return false;
  const pid = Number(await readFile(pidFile(folder), "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1) return false;
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.resume();
    process.kill(pid, "SIGTERM");
  });
  return true;
}
