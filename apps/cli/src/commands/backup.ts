/** The account backup: how it stands, and becoming the same person again by the 24 words. */
import { IntentError, type BackupSearchView, type FoundBackupView } from "@xchat/client/api";
import { addressWords } from "../describe.ts";
import { backupWords, foundBackupWords, recoveredChatWords } from "../describe-backup.ts";
import { askLine } from "../prompt.ts";
import { askWords } from "./ask-words.ts";
import { safeLine } from "../safe-text.ts";
import { EXIT } from "../words.ts";
import { textFlag, UsageError, view, type Command, type CommandInput } from "./command.ts";
import { LOCAL_NODE, newPassphrase } from "./profile.ts";

export const backup: Command = {
  usage: "backup   backup now   backup on",
  does: "where your account backup lies; write it now; turn it on by typing the words",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const [verb, ...rest] = args;
    if (rest.length > 0 || (verb !== undefined && verb !== "now" && verb !== "on")) {
      throw new UsageError("backup, backup now, or backup on");
    }
    if (verb === "on") await api.call("turnOnBackup", { words: await askWords() });
    if (verb === "now") await api.call("writeBackup", {});
    const found = await view(api, { view: "backup" });
    out.result({ type: "backup", ...found }, backupWords(found));
  },
};

export const recover: Command = {
  usage: "recover [--node ADDRESS] [--yes]",
  does: "be the same person again with your 24 words, on this device",
  flags: ["node", "yes"],
  isWithoutProfile: true,
  run: async (input) => {
    const { api, out } = input;
    if ((await view(api, { view: "profile" })).state !== "none") throw new IntentError("profile-exists");
    const search = await api.call("findBackups", { words: await askWords(), nodes: nodesToAsk(input) });
    try {
      showSearch(input, search);
      const chosen = await choose(input, search.found);
      if (chosen === null) return search.found.length === 0 ? EXIT.missing : EXIT.done;
      const passphrase = await newPassphrase(
        input,
        "Passphrase for this device (empty for none): ",
        "XCHAT_PASSPHRASE",
      );
      await api.call("recoverAccount", { backup: chosen.id, passphrase });
    } finally {
      await api.call("forgetSearch", {});
    }
    const recovery = await view(api, { view: "recovery" });
    const profile = await view(api, { view: "profile" });
    if (profile.state !== "ready") throw new IntentError("internal");
    const { name, accountId } = profile;
    out.result(
      { type: "profile", state: "ready", name, accountId },
      `You are ${out.strong(safeLine(name))} again, ${accountId}`,
    );
    out.note("Every device that you had before is out. The words were not kept on this one.");
    for (const chat of recovery?.chats ?? []) {
      out.result({ type: "recovered-chat", ...chat }, recoveredChatWords(chat, out));
    }
    return EXIT.done;
  },
};

/** The node of the command or of the environment; else that of this machine, as `init` has it. Several by commas. */
const nodesToAsk = ({ flags, environment }: CommandInput): readonly string[] =>
  (textFlag(flags, "node") ?? environment["XCHAT_NODE"] ?? LOCAL_NODE)
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");

function showSearch({ out }: CommandInput, { found, level, nodes }: BackupSearchView): void {
  for (const { address, state } of nodes) {
    if (state === "unreachable") out.warn(`${addressWords(address)} does not answer: a newer backup may lie there.`);
    if (state === "behind") out.warn(`${addressWords(address)} gave an older backup than another node did.`);
  }
  if (found.length === 0) {
    out.note("No backup of these words was found there. Name the node that you used: xchat recover --node ADDRESS");
  }
  for (const [at, one] of found.entries()) out.result({ type: "found", ...one }, foundBackupWords(one, at + 1, out));
  if (level > 1) {
    out.warn(
      `The first ${level} contradict each other: two devices have changed the account without knowing of each other, ` +
        "or one was in other hands. Take the one whose device and day you know.",
    );
  }
}

/** The first with `--yes`; else the person is asked. Null: none of them. */
async function choose({ flags }: CommandInput, found: readonly FoundBackupView[]): Promise<FoundBackupView | null> {
  const [first] = found;
  if (first === undefined) return null;
  if (flags["yes"] === true) return first;
  const answer = await askLine(
    `Become this person here? Every other device of the account is out then. Number (1 to ${found.length}), or Enter for no: `,
  );
  if (answer === null) throw new UsageError("Nobody is there to ask. To take the first: xchat recover --yes");
  return found[Number(answer.trim()) - 1] ?? null;
}
