/** The command line: flags that every command has, flags of one command, and the rest. */
import { parseArgs } from "node:util";
import { UsageError, type Command, type Flags } from "./commands/command.ts";

const EVERYWHERE = {
  profile: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const OF_COMMANDS = {
  node: { type: "string" },
  name: { type: "string" },
  label: { type: "string" },
  days: { type: "string" },
  limit: { type: "string" },
  greeting: { type: "string" },
  code: { type: "string" },
  lasting: { type: "boolean" },
  direct: { type: "boolean" },
  peek: { type: "boolean" },
  yes: { type: "boolean" },
  no: { type: "boolean" },
  written: { type: "boolean" },
  change: { type: "boolean" },
  forget: { type: "boolean" },
  everyone: { type: "boolean" },
  remove: { type: "boolean" },
  description: { type: "string" },
  open: { type: "boolean" },
  "no-end": { type: "boolean" },
} as const;

export interface CommandLine {
  /** Empty when there is no command. */
  readonly name: string;
  readonly args: readonly string[];
  readonly flags: Flags;
}

/** @throws UsageError */
export function readCommandLine(argv: readonly string[]): CommandLine {
  try {
    const options = { ...EVERYWHERE, ...OF_COMMANDS };
    const { positionals, values } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const [name = "", ...args] = positionals;
    return { name, args, flags: values };
  } catch (error) {
    // Node's first sentence names the flag; its others speak of programming.
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new UsageError(`${sentence}. Text that begins with a dash goes behind two of them: xchat send CHAT -- -TEXT`);
  }
}

/** @throws UsageError at a flag that the command would not heed. */
export function checkFlags(name: string, command: Command, flags: Flags): void {
  for (const flag of Object.keys(flags)) {
    if (!Object.hasOwn(EVERYWHERE, flag) && !command.flags.includes(flag)) {
      throw new UsageError(`${name} has no flag --${flag}. It is: xchat ${command.usage}`);
    }
  }
}
