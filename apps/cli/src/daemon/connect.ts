/** Reaching the process that owns the profile, or starting it. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { INTENT_ERROR_CODES, IntentError, type ClientApi } from "@xchat/client/api";
import { StoreError } from "@xchat/client/ports";
import { connectApi } from "@xchat/client/rpc";
import { takeLock } from "@xchat/store-sqlite/lock";
import { lineChannel, MAX_ANSWER_LINE, type LineChannel } from "../json-lines.ts";
import { isOwnSocket, makeFolders, type ProfileFolder } from "../profile-folder.ts";
import { PROTOCOL, readHello, STOP, type Hello } from "./control.ts";

/** Milliseconds in which a process that somebody else is starting must be there. */
const START_PATIENCE = 20_000;
/** Milliseconds in which a process that listens says who it is; one that hangs does not. */
const HELLO_PATIENCE = 5_000;
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;
/** Characters that a process may say while it starts. */
const MAX_START_LINE = 10_000;

export interface Connection {
  readonly api: ClientApi;
  /** True when the process was started for this connection. */
  readonly isFresh: boolean;
  /** Resolves when the process ends, or by `close`. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Reached {
  readonly channel: LineChannel;
  readonly hello: Hello;
}

/** What a background process is started with: the program's own file and the word that makes it one. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

export async function connect(folder: ProfileFolder, program: Program): Promise<Connection> {
  makeFolders(folder);
  let isFresh = false;
  for await (const _ of attempts()) {
    let reached = await reach(folder);
    if (reached !== null && reached.hello.protocol !== PROTOCOL) {
      // A process of another version makes room; its profile opens with this one, or says why not.
      await stopChannel(reached.channel);
      reached = null;
    }
    // Else another command has been quicker: its process is there soon.
    if (reached === null && (await startProcess(folder, program)) === "started") {
      isFresh = true;
      reached = await reach(folder);
    }
    if (reached !== null) return connectionOf(reached.channel, isFresh);
  }
  throw new IntentError("store-in-use");
}

/** Ends the process if one runs, and resolves when all is saved; its number, or null when there was none. */
export async function stopProcess(folder: ProfileFolder): Promise<number | null> {
  for await (const _ of attempts()) {
    const reached = await reach(folder);
    if (reached !== null) {
      await stopChannel(reached.channel);
      return reached.hello.pid;
    }
    if (!isOwned(folder)) return null;
  }
  throw new IntentError("store-in-use");
}

/** At growing pauses, until the patience with a process that is starting or ending is over. */
async function* attempts(): AsyncGenerator<void> {
  const until = Date.now() + START_PATIENCE;
  for (let wait = FIRST_PAUSE; Date.now() < until; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
    yield;
    await pause(wait);
  }
}

/** Whether a process has the profile, reachable or not. */
function isOwned({ directory }: ProfileFolder): boolean {
  if (!existsSync(directory)) return false;
  try {
    takeLock(directory)();
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.code === "store-in-use") return true;
    throw error;
  }
}

function connectionOf(channel: LineChannel, isFresh: boolean): Connection {
  const api = connectApi(channel);
  return {
    api,
    isFresh,
    closed: new Promise((resolve) => channel.onClose(resolve)),
    close: () => {
      api.close();
      channel.close();
    },
  };
}

const stopChannel = (channel: LineChannel): Promise<void> =>
  new Promise((resolve) => {
    channel.onClose(resolve);
    channel.send(STOP);
  });

/** Null when nobody listens, or somebody who does not say who they are. */
async function reach(folder: ProfileFolder): Promise<Reached | null> {
  if (!isOwnSocket(folder)) return null;
  const socket = await open(folder.socket);
  if (socket === null) return null;
  const channel = lineChannel(socket, MAX_ANSWER_LINE);
  const patience = setTimeout(() => channel.close(), HELLO_PATIENCE);
  channel.onClose(() => clearTimeout(patience));
  return new Promise((resolve) => {
    const stop = channel.onMessage((message) => {
      stop();
      clearTimeout(patience);
      const hello = readHello(message);
      if (hello === null) channel.close();
      resolve(hello === null ? null : { channel, hello });
    });
    channel.onClose(() => resolve(null));
  });
}

function open(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

/** @throws IntentError with the reason for which it cannot start. */
async function startProcess(folder: ProfileFolder, { command, args }: Program): Promise<"started" | "try-again"> {
  const log = openSync(folder.log, "w", 0o600);
  const { XCHAT_PASSPHRASE: _, XCHAT_NEW_PASSPHRASE: __, ...env } = process.env;
  const child = spawn(command, [...args, "--profile", folder.directory], {
    detached: true,
    windowsHide: true,
    stdio: ["ignore", "pipe", log],
    // The environment of a process that lives on can be read by what runs as the same person: no secret stays in it.
    env,
  });
  closeSync(log);
  try {
    const told = await firstLine(child);
    if (told["state"] === "ready") return "started";
    // Killed from outside before it could say anything: that says nothing about the next one.
    if (told["code"] === "store-in-use" || child.signalCode !== null) return "try-again";
    const code = INTENT_ERROR_CODES.find((known) => known === told["code"]) ?? "internal";
    throw new IntentError(code, new Error(String(told["words"] ?? `see ${folder.log}`)));
  } finally {
    child.stdout?.destroy();
    child.unref();
  }
}

function firstLine(child: ReturnType<typeof spawn>): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve) => {
    let said = "";
    const finish = (): void => {
      try {
        resolve(JSON.parse(said.split("\n", 1)[0] as string) as Record<string, unknown>);
      } catch {
        resolve({});
      }
    };
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      if (said.includes("\n") || said.length > MAX_START_LINE) finish();
    });
    child.once("error", finish);
    child.once("close", finish);
  });
}
