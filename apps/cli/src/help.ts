import type { Command } from "./commands/command.ts";
import { COMMANDS } from "./commands/index.ts";

const usageLines = ({ usage }: Pick<Command, "usage">): readonly string[] => usage.split("   ");

export const commandWords = (command: Command): string =>
  [...usageLines(command).map((line) => `xchat ${line}`), `    ${command.does}`].join("\n");

export function helpWords(): string {
  const commands = [...COMMANDS.values(), { usage: "stop", does: "end the background process of the profile" }];
  const lines = commands.flatMap((command) => [
    ...usageLines(command).map((line) => `  ${line}`),
    `      ${command.does}`,
  ]);
  return [
    "xchat: private messages, from person to person",
    "",
    "To begin:",
    "  xchat init --name NAME --node ADDRESS   make a profile; npm start runs a node at http://localhost:8787",
    "  xchat invite                            a code for somebody; they say: xchat accept CODE",
    "  xchat requests                          who answered; then: xchat accept ID",
    "  xchat send CHAT TEXT                    and xchat listen, to follow what comes",
    "",
    "All commands:",
    ...lines,
    "",
    "CHAT is a name or the beginning of an id. Every command also takes",
    "  --profile DIR   where your profile lies (XCHAT_PROFILE)",
    "  --json          one JSON object a line, for scripts",
    "  --help",
    "A passphrase is asked for, or taken from XCHAT_PASSPHRASE. NO_COLOR leaves colours away.",
  ].join("\n");
}
