/**
 * A real node in a process of its own, for functional tests and benchmarks: started on a free port with a folder of its
 * own, killed and restarted at will. Whoever starts one stops it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base64UrlToBytes, expectOk } from "@xchat/codec";

const MAIN = join(import.meta.dirname, "..", "..", "..", "apps", "node", "src", "main.ts");
const START_MILLISECONDS = 60_000;

export interface NodeProcessOptions {
  /** Made, and taken away by `remove`, where none is given. */
  readonly dataFolder?: string;
  /** Further flags. */
  readonly args?: readonly string[];
  /** The same port after each restart where it is not given. */
  readonly port?: number;
  /** Serves the built web app. */
  readonly withApp?: boolean;
  /** The program to run; the sources where none is given. */
  readonly main?: string;
}

export interface NodeProcess {
  /** `http://localhost:PORT/` */
  readonly webAddress: string;
  /** What invitations name: `ws://localhost:PORT/x` and the hash of the identity key. */
  readonly hint: { readonly address: string; readonly keyHash: Uint8Array };
  readonly dataFolder: string;
  readonly pid: number;
  /** All that it has printed since the first start. */
  stdout(): string;
  stderr(): string;
  /** Asks it to stop and waits for its end. Answers with its exit code. */
  stop(): Promise<number | null>;
  /** kill -9, then waits for its end. */
  kill(): Promise<void>;
  /** Starts it again with the same folder, port and key. */
  restart(): Promise<void>;
  /** Kills it if it runs, and takes its folder away. */
  remove(): Promise<void>;
}

export async function startNodeProcess(options: NodeProcessOptions = {}): Promise<NodeProcess> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "xchat-node-")));
  const output = { stdout: "", stderr: "" };
  const port = options.port ?? (await freePort());
  const args = [
    options.main ?? MAIN,
    "--port",
    String(port),
    "--data",
    dataFolder,
    ...(options.withApp === true ? [] : ["--no-app"]),
    ...(options.args ?? []),
  ];
  let child = await spawnNode(args, output);
  const webAddress = `http://localhost:${port}/`;
  const config = (await (await fetch(new URL("config.json", webAddress))).json()) as {
    node: { address: string; keyHash: string };
  };
  const keyHash = expectOk(base64UrlToBytes(config.node.keyHash), "key hash of the node");
  return {
    webAddress,
    hint: { address: config.node.address, keyHash },
    dataFolder,
    get pid() {
      return child.pid as number;
    },
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stop: async () => {
      child.kill("SIGTERM");
      await ended(child);
      return child.exitCode;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended(child);
    },
    restart: async () => {
      if (isRunning(child)) throw new Error("the node still runs");
      child = await spawnNode(args, output);
    },
    remove: async () => {
      child.kill("SIGKILL");
      await ended(child);
      if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Resolves when it has printed that it can be stopped, the last line of its greeting. */
function spawnNode(args: readonly string[], output: { stdout: string; stderr: string }): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "test" },
  });
  let printed = "";
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the node did not start in time:\n${output.stdout}${output.stderr}`));
    }, START_MILLISECONDS);
    child.stdout?.on("data", (chunk: Buffer) => {
      output.stdout += chunk.toString();
      printed += chunk.toString();
      if (!printed.includes("Ctrl-C stops it")) return;
      clearTimeout(tooLate);
      resolve(child);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      output.stderr += chunk.toString();
    });
    child.once("exit", (code) => {
      clearTimeout(tooLate);
      reject(new Error(`the node ended with code ${code}:\n${output.stdout}${output.stderr}`));
    });
  });
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function ended(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
}

/** Free a moment ago: good enough to have the same one after a restart. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
