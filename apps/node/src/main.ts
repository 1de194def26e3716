/**
 * The program: flags in, friendly lines out, signals. Logs go to the error stream: one JSON object a line, and words where
 * that is a terminal.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { greeting } from "./greeting.ts";
import {
  DataFolderError,
  jsonLog,
  parseNodeList,
  startNode,
  type RelayOptions,
  type RunningNode,
  wordLog,
} from "./index.ts";
import { HELP, parseOptions, type ProgramOptions } from "./options.ts";

/** Beside the sources and beside the built program alike. */
const BUILT_APP = join(import.meta.dirname, "..", "..", "web", "dist");
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

async function run(): Promise<void> {
  const parsed = parseOptions(process.argv.slice(2), process.env, BUILT_APP);
  if (parsed.kind === "help") return void process.stdout.write(HELP);
  if (parsed.kind === "wrong") {
    process.stderr.write(`${parsed.message}\nRun it with --help to see all flags.\n`);
    process.exit(EXIT_USAGE);
  }
  const { options } = parsed;
  try {
    const log = (process.stderr.isTTY ? wordLog : jsonLog)((line) => process.stderr.write(line), Date.now);
    const starting = readRelay(options.relay).then((relay) => startNode({ ...options, relay, log }));
    stopOnSignals(starting);
    process.stdout.write(`${greeting(await starting, options)}\n`);
  } catch (error) {
    process.stderr.write(`${explain(error, options)}\n`);
    process.exit(EXIT_FAILED);
  }
}

class NodeListError extends Error {
  override readonly name = "NodeListError";
}

async function readRelay(relay: ProgramOptions["relay"]): Promise<RelayOptions | null> {
  if (relay === null) return null;
  const { isOpen, nodesFile, allowPrivate } = relay;
  if (nodesFile === null) return { isOpen, allowPrivate, listed: [] };
  const text = await readFile(nodesFile, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new NodeListError(`${nodesFile} cannot be read: ${cause.code ?? "unknown reason"}.`, { cause });
  });
  const listed = parseNodeList(text);
  if ("wrongLine" in listed) {
    throw new NodeListError(
      `Line ${listed.wrongLine} of ${nodesFile} is no node. A line has the address and the key that the node's /config.json shows.`,
    );
  }
  return { isOpen, allowPrivate, listed };
}

/** From the first moment on: whoever stops it while it starts leaves no lock behind either. */
function stopOnSignals(starting: Promise<RunningNode>): void {
  let isStopping = false;
  const stop = (): void => {
    // The second time somebody is in a hurry: everything answered is on the disk already.
    if (isStopping) process.exit(EXIT_FAILED);
    isStopping = true;
    process.stdout.write("Stopping …\n");
    starting
      .then((node) => node.stop())
      .then(
        () => process.exit(0),
        () => process.exit(EXIT_FAILED),
      );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

function explain(error: unknown, options: ProgramOptions): string {
  if (error instanceof DataFolderError || error instanceof NodeListError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return (
        `Port ${options.port} is taken by another program, or X Chat runs there already: ` +
        `see http://localhost:${options.port}, or choose another one with --port.`
      );
    case "EACCES":
      return `This account may not listen on port ${options.port}. Choose one above 1023 with --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${options.host} is not an address of this machine. Choose another one with --host.`;
    case "ENOSPC":
      return `The disk that holds ${options.dataFolder} is full.`;
    default:
      return `The node could not start: ${message}`;
  }
}

await run();
