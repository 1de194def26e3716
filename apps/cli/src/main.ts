/** `xchat`: the terminal client. */
import { parseArgs } from "node:util";
import { IntentError } from "@xchat/client/api";
import { StoreError } from "@xchat/client/ports";
import { COMMANDS, stop, UsageError, view } from "./commands.ts";
import { connect } from "./connection.ts";
import { runDaemon } from "./daemon.ts";
import { jsonOutput, textOutput, type Output } from "./output.ts";
import { profileFolder } from "./profile-folder.ts";
import { askPassphrase } from "./prompt.ts";
import { ERROR_WORDS } from "./words.ts";

const OPTIONS = {
  profile: { type: "string" },
  node: { type: "string" },
  name: { type: "string" },
  label: { type: "string" },
  days: { type: "string" },
  limit: { type: "string" },
  greeting: { type: "string" },
  code: { type: "string" },
  lasting: { type: "boolean" },
  direct: { type: "boolean" },
  yes: { type: "boolean" },
  no: { type: "boolean" },
  written: { type: "boolean" },
  forget: { type: "boolean" },
  remove: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** 0 done · 1 refused, with words · 2 the command line is off · 3 something is wrong with this machine or program. */
const EXIT = { refused: 1, usage: 2, broken: 3 } as const;

type Flags = Readonly<Record<string, string | boolean | undefined>>;

async function main(argv: readonly string[]): Promise<void> {
  const { positionals, values } = parse(argv);
  const flags: Flags = values;
  const [name = "help", ...args] = positionals;
  const out: Output = flags["json"] === true ? jsonOutput : textOutput;
  const folder = profileFolder(typeof flags["profile"] === "string" ? flags["profile"] : undefined);
  const nodeAddress = typeof flags["node"] === "string" ? flags["node"] : (process.env["XCHAT_NODE"] ?? null);
  if (name === "daemon") return runDaemon(folder, { nodeAddress });
  if (name === "help" || flags["help"] === true) return help(out);
  if (name === "stop") return stop(folder, out);
  const command = COMMANDS[name];
  if (command === undefined) throw new UsageError(`there is no command ${name}`);
  const connection = await connect(folder, nodeAddress);
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  process.once("SIGTERM", () => abort.abort());
  try {
    if (name !== "init") await unlock(connection.api);
    await command.run({ api: connection.api, out, folder, args, flags, signal: abort.signal });
  } finally {
    connection.close();
  }
}

async function unlock(api: Parameters<typeof view>[0]): Promise<void> {
  const profile = await view(api, { view: "profile" });
  if (profile.state !== "locked") return;
  const passphrase = process.env["XCHAT_PASSPHRASE"] ?? (await askPassphrase("Passphrase: "));
  if (passphrase === null) throw new IntentError("locked");
  await api.call("unlock", { passphrase });
}

function parse(argv: readonly string[]): { positionals: string[]; values: Flags } {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function help(out: Output): void {
  const width = 2 + Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length));
  const lines = Object.values(COMMANDS).map(({ usage, does }) => `  ${usage.padEnd(width)}${does}`);
  const words = `xchat: private messages, from person to person\n\n${lines.join("\n")}\n  ${"stop".padEnd(width)}end the background process\n\nEverywhere: --profile DIR, --json. A passphrase is asked for, or taken from XCHAT_PASSPHRASE.`;
  out.result(
    {
      commands: Object.fromEntries(Object.entries(COMMANDS).map(([name, { usage, does }]) => [name, { usage, does }])),
    },
    words,
  );
}

function fail(error: unknown): never {
  const isJson = process.argv.includes("--json");
  const tell = (code: string, words: string, exit: number): never => {
    process.stderr.write(isJson ? `${JSON.stringify({ error: code, words })}\n` : `${words}\n`);
    process.exit(exit);
  };
  if (error instanceof UsageError) return tell("usage", `${error.message}\nSee: xchat help`, EXIT.usage);
  if (error instanceof IntentError) return tell(error.code, ERROR_WORDS[error.code], EXIT.refused);
  if (error instanceof StoreError && error.code in ERROR_WORDS) {
    return tell(error.code, ERROR_WORDS[error.code as keyof typeof ERROR_WORDS], EXIT.broken);
  }
  return tell("internal", error instanceof Error ? error.message : String(error), EXIT.broken);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => fail(error),
);
