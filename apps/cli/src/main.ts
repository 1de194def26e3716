/** `xchat`: the terminal client. */
import { setTimeout as pause } from "node:timers/promises";
import { INTENT_ERROR_CODES, IntentError, type ClientApi } from "@xchat/client/api";
import { StoreError } from "@xchat/client/ports";
import { checkFlags, readCommandLine, type CommandLine } from "./arguments.ts";
import { CommandError, UsageError, view, type Command } from "./commands/command.ts";
import { COMMANDS } from "./commands/index.ts";
import { unlock } from "./commands/profile.ts";
import { connect, stopProcess, type Program } from "./daemon/connect.ts";
import { commandWords, helpWords } from "./help.ts";
import { jsonOutput, textOutput, type Output } from "./output.ts";
import { FolderError, profileFolder, type ProfileFolder } from "./profile-folder.ts";
import { Cancelled } from "./prompt.ts";
import { safeJson } from "./safe-text.ts";
import { ERROR_WORDS, EXIT } from "./words.ts";

/** The word that makes this program the process that owns the profile. */
const DAEMON = "background";
/** Milliseconds for which a command that shows news waits for the nodes of a process that has only just started. */
const NEWS_PATIENCE = 3_000;
const NEWS_GRACE = 500;
/** Milliseconds that a command has to end by itself after a signal. A second signal ends it at once. */
const SIGNAL_GRACE = 1_000;
/** As shells count: 128 and the number of the signal. */
const SIGINT_EXIT = 130;
const SIGTERM_EXIT = 143;

async function main(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(argv);
  const folder = profileFolder(typeof line.flags["profile"] === "string" ? line.flags["profile"] : undefined);
  const out = outputOf(line.flags["json"] === true);
  if (line.name === DAEMON) return runBackground(folder);
  const isHelp = line.name === "" || line.name === "help" || line.flags["help"] === true;
  if (isHelp) return help(line, out);
  if (line.name === "stop") return stop(folder, out);
  const command = COMMANDS.get(line.name);
  if (command === undefined) throw new UsageError(`There is no command ${line.name}.`);
  checkFlags(line.name, command, line.flags);
  return runCommand(command, line, folder, out);
}

async function runCommand(command: Command, line: CommandLine, folder: ProfileFolder, out: Output): Promise<number> {
  const connection = await connect(folder, ownProgram());
  const abort = new AbortController();
  process.on("SIGINT", () => endBySignal(abort, SIGINT_EXIT));
  process.on("SIGTERM", () => endBySignal(abort, SIGTERM_EXIT));
  const environment = process.env;
  const { args, flags } = line;
  const run = async (): Promise<number> => {
    const { api } = connection;
    if (command.isWithoutProfile !== true) await unlock(api, environment);
    if (command.isOfNews === true && connection.isFresh) await waitForNews(api);
    return (await command.run({ api, out, folder, args, flags, environment, signal: abort.signal })) ?? EXIT.done;
  };
  const ended = connection.closed.then((): never => {
    throw new IntentError("not-the-leader");
  });
  try {
    return await Promise.race([run(), ended]);
  } finally {
    ended.catch(() => {});
    connection.close();
  }
}

/** A command that follows ends by itself, and well; whatever else is under way is left where it stands. */
function endBySignal(abort: AbortController, exit: number): void {
  if (abort.signal.aborted) process.exit(exit);
  abort.abort();
  setTimeout(() => process.exit(exit), SIGNAL_GRACE).unref();
}

/** Until no node is being connected to, and a moment more for what waits there. */
async function waitForNews(api: ClientApi): Promise<void> {
  const [chats, invitations] = [await view(api, { view: "chats" }), await view(api, { view: "invitations" })];
  if (chats.length === 0 && invitations.length === 0) return;
  const settled = new Promise<void>((resolve) => {
    const end = api.watch({ view: "network" }, ({ nodes }) => {
      if (nodes.some(({ state }) => state === "connecting")) return;
      queueMicrotask(() => end());
      resolve();
    });
  });
  await Promise.race([settled, pause(NEWS_PATIENCE)]);
  const { nodes } = await view(api, { view: "network" });
  if (nodes.some(({ state }) => state === "ready")) await pause(NEWS_GRACE);
}

async function stop(folder: ProfileFolder, out: Output): Promise<number> {
  const pid = await stopProcess(folder);
  out.result({ type: "stopped", pid }, pid === null ? "Nothing was running." : "Stopped.");
  return EXIT.done;
}

/** Loaded only here: the commands themselves need neither the store nor the cryptography. */
async function runBackground(folder: ProfileFolder): Promise<number> {
  const [{ runDaemon }, { openClient }, { systemClock }] = await Promise.all([
    import("./daemon/run.ts"),
    import("./daemon/open-client.ts"),
    import("./system-clock.ts"),
  ]);
  const abort = new AbortController();
  process.on("SIGINT", () => abort.abort());
  process.on("SIGTERM", () => abort.abort());
  process.on("SIGHUP", () => {});
  await runDaemon({
    folder,
    open: openClient,
    clock: systemClock,
    signal: abort.signal,
    onStart: (start) => void process.stdout.write(`${safeJson(start)}\n`),
  });
  return EXIT.done;
}

/** This very program, as a background process. */
const ownProgram = (): Program => ({
  command: process.execPath,
  args: [...process.execArgv, process.argv[1] as string, DAEMON],
});

function help({ name, args }: CommandLine, out: Output): number {
  const wanted = name === "help" ? args[0] : name;
  const command = wanted === undefined ? undefined : COMMANDS.get(wanted);
  const commands = [...COMMANDS].map(([word, { usage, does }]) => ({ name: word, usage, does }));
  out.result({ type: "help", commands }, command === undefined ? helpWords() : commandWords(command));
  return EXIT.done;
}

const outputOf = (isJson: boolean): Output =>
  isJson ? jsonOutput(process.stdout, process.stderr) : textOutput(process.stdout, process.stderr, process.env);

/** Says what went wrong, and answers the exit code. */
function explain(error: unknown): number {
  const tell = (code: string, words: string, exit: number): number => {
    const isJson = process.argv.includes("--json");
    process.stderr.write(isJson ? `${safeJson({ type: "error", error: code, words })}\n` : `${words}\n`);
    return exit;
  };
  if (error instanceof Cancelled) return tell("cancelled", "Nothing was changed.", EXIT.refused);
  if (error instanceof UsageError) return tell("usage", `${error.message}\nSee: xchat help`, EXIT.usage);
  if (error instanceof CommandError) return tell(error.code, error.message, ERROR_WORDS[error.code].exit);
  if (error instanceof FolderError) {
    return tell("folder", `${error.message} Name another one with --profile, or XCHAT_PROFILE.`, EXIT.store);
  }
  if (error instanceof StoreError) {
    return explain(new IntentError(INTENT_ERROR_CODES.find((known) => known === error.code) ?? "internal", error));
  }
  if (!(error instanceof IntentError)) return tell("internal", ERROR_WORDS.internal.words, EXIT.internal);
  const { words, exit } = ERROR_WORDS[error.code];
  const cause = error.code === "internal" && error.cause instanceof Error ? `\n${error.cause.message}` : "";
  return tell(error.code, words + cause, exit);
}

// A reader such as `head` may have seen enough: that is no fault.
process.stdout.on("error", () => process.exit(EXIT.done));
main(process.argv.slice(2))
  .catch(explain)
  // Whatever has been written to a pipe must be out before the end.
  .then((code) => process.stdout.write("", () => process.exit(code)));
