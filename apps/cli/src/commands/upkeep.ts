/** Nodes, export and the look for trouble. */
import { writeFile } from "node:fs/promises";
import { IntentError, type ClientApi, type NodeView } from "@xchat/client/api";
import { checkWords, clockWords, nodeWords, relayWords } from "../describe.ts";
import { safeJsonText } from "../safe-text.ts";
import { EXIT } from "../words.ts";
import { CommandError, UsageError, view, type Command } from "./command.ts";
import { nodeRefusal } from "./profile.ts";

export const nodes: Command = {
  usage: "nodes   nodes add ADDRESS   nodes remove ADDRESS",
  does: "the nodes that you use",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const [verb, address, ...rest] = args;
    if (verb !== undefined && (address === undefined || rest.length > 0 || (verb !== "add" && verb !== "remove"))) {
      throw new UsageError("nodes, nodes add ADDRESS, or nodes remove ADDRESS");
    }
    if (verb === "add" && address !== undefined) {
      const added = await addNode(api, address);
      out.result({ type: "node", ...added }, nodeWords(added, out));
      return;
    }
    if (verb === "remove" && address !== undefined) await api.call("removeNode", { address });
    const { nodes: found, clockError } = await view(api, { view: "network" });
    if (clockError !== null) out.note(clockWords(clockError));
    if (found.length === 0) out.note("You have no node yet: xchat nodes add ADDRESS");
    for (const node of found) out.result({ type: "node", ...node }, nodeWords(node, out));
  },
};

export const relays: Command = {
  usage: "relays   relays add ADDRESS   relays remove ADDRESS   relays when-none wait|direct",
  does: "through whom nodes are reached, so that they do not see your internet address; when-none: what then",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const [verb, word, ...rest] = args;
    const isWhole = word !== undefined && rest.length === 0;
    if (verb === "add" && isWhole) {
      const added = await api.call("addRelay", { address: word });
      return out.result({ type: "relay", ...added }, relayWords(added, out));
    }
    if (verb === "remove" && isWhole) await api.call("removeRelay", { address: word });
    else if (verb === "when-none" && isWhole && (word === "wait" || word === "direct"))
      await api.call("setWhenNoRelay", { way: word });
    else if (verb !== undefined)
      throw new UsageError("relays, relays add ADDRESS, relays remove ADDRESS, or relays when-none wait|direct");
    const { relays: found, whenNoRelay } = await view(api, { view: "network" });
    for (const relay of found) out.result({ type: "relay", ...relay }, relayWords(relay, out));
    if (found.length === 0) return out.note("You use no relay: each of your nodes sees your internet address.");
    out.note(
      whenNoRelay === "wait"
        ? "When none of them leads to a node, what is meant for it waits."
        : "When none of them leads to a node, it is reached directly, and sees your internet address.",
    );
  },
};

async function addNode(api: ClientApi, address: string): Promise<NodeView> {
  try {
    return await api.call("addNode", { address });
  } catch (error) {
    if (error instanceof IntentError && error.code === "node-unreachable") {
      throw new CommandError(error.code, nodeRefusal(address, error));
    }
    throw error;
  }
}

/** `export` is a word of the language. */
export const exportAll: Command = {
  usage: "export [FILE]",
  does: "write every chat as JSON to a new file, or to the standard output",
  flags: [],
  run: async ({ api, out, args }) => {
    const { json } = await api.call("export", {});
    const [file] = args;
    if (file === undefined) {
      // What others wrote may end on a terminal here as well.
      process.stdout.write(`${safeJsonText(json)}\n`);
      return;
    }
    try {
      // Never over something that is there, and readable by its owner alone.
      await writeFile(file, json, { mode: 0o600, flag: "wx" });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UsageError(
        code === "EEXIST"
          ? `${file} is there already, and was left as it is. Name another file.`
          : `${file} cannot be written: ${code ?? "unknown reason"}`,
      );
    }
    out.result({ type: "export", file }, `Written to ${file}. It is not encrypted: keep it safe.`);
  },
};

export const doctor: Command = {
  usage: "doctor",
  does: "look for trouble; the report holds no names, ids or texts",
  flags: [],
  isOfNews: true,
  run: async ({ api, out }) => {
    const { checks } = await api.call("doctor", {});
    for (const check of checks) out.result({ type: "check", ...check }, checkWords(check));
    return checks.some(({ state }) => state === "bad") ? EXIT.internal : EXIT.done;
  },
};
