/** The person's own profile: making it, looking at it, locking it. */
import { IntentError, type ClientApi } from "@xchat/client/api";
import { addressWords, counted, nodeWords } from "../describe.ts";
import { askNewPassphrase, askPassphrase } from "../prompt.ts";
import { safeLine } from "../safe-text.ts";
import { ERROR_WORDS } from "../words.ts";
import { askWords } from "./ask-words.ts";
import { textFlag, UsageError, view, type Command, type CommandInput } from "./command.ts";

/** Where `npm start` runs a node on this machine. */
export const LOCAL_NODE = "http://localhost:8787";

export const init: Command = {
  usage: "init --name NAME [--node ADDRESS]",
  does: "make a profile: keys, encrypted store, and the node that it uses",
  flags: ["name", "node"],
  isWithoutProfile: true,
  run: async (input) => {
    const { api, out, flags, folder } = input;
    const name = textFlag(flags, "name");
    if (name === undefined) throw new UsageError("init needs --name NAME");
    if ((await view(api, { view: "profile" })).state !== "none") throw new IntentError("profile-exists");
    const passphrase = await newPassphrase(
      input,
      "Passphrase (at least 8 characters; empty for none): ",
      "XCHAT_PASSPHRASE",
    );
    await api.call("createProfile", { name, passphrase });
    await addFirstNode(input);
    const profile = await view(api, { view: "profile" });
    if (profile.state !== "ready") throw new IntentError("internal");
    const { nodes } = await view(api, { view: "network" });
    const { accountId, hasPassphrase } = profile;
    const addresses = nodes.map(({ address }) => address);
    out.result(
      {
        type: "profile",
        state: "ready",
        name: profile.name,
        accountId,
        hasPassphrase,
        nodes: addresses,
        directory: folder.directory,
      },
      [
        `You are ${out.strong(safeLine(profile.name))}, ${accountId}`,
        `Your profile is in ${folder.directory}`,
        addresses.length === 0
          ? "You have no node yet: xchat nodes add ADDRESS"
          : `Your node is ${addresses.map(addressWords).join(", ")}`,
        hasPassphrase
          ? "The store is locked by your passphrase."
          : "There is no passphrase: whoever has this disk can read all. Set one: xchat passphrase",
        "Write your 24 recovery words down: xchat words",
      ].join("\n"),
    );
  },
};

/** Why a node is not among those that are used. */
export const nodeRefusal = (address: string, { code }: IntentError): string =>
  code === "node-unreachable"
    ? `There is no node at ${safeLine(address)} that answers, so it was not added. Look at the address, and whether it runs.`
    : ERROR_WORDS[code].words;

/** A profile without a node is one all the same: it says so, and a node can be added later. */
async function addFirstNode({ api, out, flags, environment }: CommandInput): Promise<void> {
  const wanted = textFlag(flags, "node") ?? environment["XCHAT_NODE"];
  try {
    await api.call("addNode", { address: wanted || LOCAL_NODE });
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    if (wanted) out.warn(`The profile is made. ${nodeRefusal(wanted, error)}`);
  }
}

export const status: Command = {
  usage: "status",
  does: "who you are, and which nodes can be reached",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, folder }) => {
    const profile = await view(api, { view: "profile" });
    if (profile.state !== "ready") throw new IntentError("profile-missing");
    const { nodes, relays, isSingleNode } = await view(api, { view: "network" });
    const chats = await view(api, { view: "chats" });
    const requests = await view(api, { view: "requests" });
    const { name, accountId, hasPassphrase, recoveryWords } = profile;
    const unread = chats.reduce((sum, chat) => sum + chat.unread, 0);
    const counts = { chats: chats.length, unread, requests: requests.length };
    const fields = { type: "profile", state: "ready", name, accountId, hasPassphrase, recoveryWords };
    out.result(
      { ...fields, ...counts, nodes, directory: folder.directory },
      [
        `${out.strong(safeLine(name))}  ${accountId}`,
        [counted(chats.length, "chat"), counted(unread, "unread message"), counted(requests.length, "request")].join(
          ", ",
        ),
        ...nodes.map((node) => nodeWords(node, out)),
        ...(nodes.length === 0 ? ["You have no node yet: xchat nodes add ADDRESS"] : []),
        ...(nodes.length > 0 && isSingleNode ? ["With one node there is one copy of what waits: xchat nodes"] : []),
        ...(nodes.length > 0 && relays.length === 0
          ? ["You use no relay: each of your nodes sees your internet address."]
          : []),
        ...(recoveryWords === "unwritten" ? ["Your recovery words are not written down yet: xchat words"] : []),
        ...(hasPassphrase ? [] : ["There is no passphrase: xchat passphrase"]),
      ].join("\n"),
    );
  },
};

export const words: Command = {
  usage: "words [--written | --forget | --change]",
  does: "show the 24 recovery words, note that they are written down, take them off this device, or change them",
  flags: ["written", "forget", "change"],
  run: async ({ api, out, flags }) => {
    const forget = flags["forget"] === true;
    if (forget || flags["written"] === true) {
      await api.call("confirmRecoveryWords", { forget });
      out.result(
        { type: "words", state: forget ? "forgotten" : "written" },
        forget ? "The words are not on this device any more." : "Noted.",
      );
      return;
    }
    if (flags["change"] === true) {
      const profile = await view(api, { view: "profile" });
      const isForgotten = profile.state === "ready" && profile.recoveryWords === "forgotten";
      await api.call("changeWords", { words: isForgotten ? await askWords() : null });
      out.note("These are your words from now on. Those of before recover nothing with anyone who has heard of it.\n");
    }
    const found = await api.call("recoveryWords", {});
    const numbered = found.words.map((word, i) => `${String(i + 1).padStart(2)} ${word.padEnd(10)}`);
    const rows = Array.from({ length: Math.ceil(numbered.length / 4) }, (_, row) =>
      numbered
        .slice(4 * row, 4 * row + 4)
        .join("")
        .trimEnd(),
    );
    out.result({ type: "words", words: found.words }, rows.join("\n"));
    const { nodes } = await view(api, { view: "network" });
    out.note(
      [
        "\nWrite them on paper, in this order, and show them to nobody. Then: xchat words --written",
        "Beside them, note where your account backup lies; it has to be looked for there:",
        ...nodes.map(({ address }) => `  ${addressWords(address)}`),
      ].join("\n"),
    );
  },
};

export const passphrase: Command = {
  usage: "passphrase [--remove]",
  does: "set, change or take away the passphrase",
  flags: ["remove"],
  run: async (input) => {
    const { api, out, flags, environment } = input;
    const profile = await view(api, { view: "profile" });
    const isSet = profile.state === "ready" && profile.hasPassphrase;
    const current = isSet ? (environment["XCHAT_PASSPHRASE"] ?? (await askPassphrase("Present passphrase: "))) : null;
    const isRemoval = flags["remove"] === true;
    const next = isRemoval
      ? null
      : await newPassphrase(input, "New passphrase (at least 8 characters): ", "XCHAT_NEW_PASSPHRASE");
    if (next === null && !isRemoval) {
      throw new UsageError("Set XCHAT_NEW_PASSPHRASE, or take the passphrase away with --remove.");
    }
    await api.call("setPassphrase", { current, next });
    out.result(
      { type: "passphrase", isSet: next !== null },
      next === null ? "The passphrase is gone: whoever has this disk can read all." : "The passphrase is set.",
    );
  },
};

export const lock: Command = {
  usage: "lock",
  does: "close the store until the passphrase is given again",
  flags: [],
  run: async ({ api, out }) => {
    await api.call("lock", {});
    const { state } = await view(api, { view: "profile" });
    if (state !== "locked") throw new UsageError("There is no passphrase to lock with. Set one: xchat passphrase");
    out.result({ type: "profile", state }, "Locked.");
  },
};

/** From the environment, or asked for twice. */
export async function newPassphrase(
  { environment }: CommandInput,
  question: string,
  name: string,
): Promise<string | null> {
  const given = environment[name];
  if (given !== undefined) return given === "" ? null : given;
  const asked = await askNewPassphrase(question);
  if (asked === "differs") throw new UsageError("The two are not the same. Nothing was changed.");
  return asked;
}

/** @throws IntentError */
export async function unlock(api: ClientApi, environment: NodeJS.ProcessEnv): Promise<void> {
  const { state } = await view(api, { view: "profile" });
  if (state === "none") throw new IntentError("profile-missing");
  if (state !== "locked") return;
  const given = environment["XCHAT_PASSPHRASE"] ?? (await askPassphrase("Passphrase: "));
  if (given === null) throw new IntentError("locked");
  await api.call("unlock", { passphrase: given });
}
