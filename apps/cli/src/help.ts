import { COMMANDS } from "./commands/index.ts";

export function helpWords(): string {
  const commands = [...COMMANDS.values(), { usage: "stop", does: "end the background process of the profile" }];
  const lines = commands.flatMap(({ usage, does }) => [`  ${usage.replaceAll("   ", "\n  ")}`, `      ${does}`]);
  return [
    "xchat: private messages, from person to person",
    "",
    ...lines,
    "",
    "CHAT is a name or the beginning of an id. Every command also takes",
    "  --profile DIR   where your profile lies (XCHAT_PROFILE)",
    "  --json          one JSON object a line, for scripts",
    "  --help",
    "A passphrase is asked for, or taken from XCHAT_PASSPHRASE. NO_COLOR leaves colours away.",
  ].join("\n");
}
