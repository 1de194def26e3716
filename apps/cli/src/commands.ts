/** The commands, each an intent or a view with words around it. */
import { readFile, writeFile } from "node:fs/promises";
import {
  IntentError,
  type ChatView,
  type ClientApi,
  type MessageView,
  type Query,
  type ViewTypes,
} from "@xchat/client/api";
import encodeQr from "qr";
import { stopDaemon } from "./connection.ts";
import { chatWords, messageWords, type Output } from "./output.ts";
import type { ProfileFolder } from "./profile-folder.ts";
import { askPassphrase } from "./prompt.ts";
import { safeLine } from "./safe-text.ts";

export interface CommandInput {
  readonly api: ClientApi;
  readonly out: Output;
  readonly folder: ProfileFolder;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** Ends a command that follows. */
  readonly signal: AbortSignal;
}

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Command {
  readonly usage: string;
  readonly does: string;
  readonly run: (input: CommandInput) => Promise<void>;
}

const PAGE = 200;
const SETTLE_PATIENCE = 10_000;

export const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    usage: "init --name NAME [--node ADDRESS]",
    does: "make a profile: keys, store, and the node that it uses",
    run: async ({ api, out, flags, folder }) => {
      if (typeof flags["name"] !== "string") throw new UsageError("init needs --name NAME");
      const passphrase = process.env["XCHAT_PASSPHRASE"] ?? null;
      await api.call("createProfile", { name: flags["name"], passphrase });
      const profile = await view(api, { view: "profile" });
      const network = await view(api, { view: "network" });
      const accountId = profile.state === "ready" ? profile.accountId : "";
      const nodes = network.nodes.map(({ address }) => address);
      const hint = nodes.length === 0 ? "\nNo node yet: xchat nodes add ADDRESS" : `\nNode: ${nodes.join(", ")}`;
      const lock =
        passphrase === null
          ? "No passphrase: whoever has the disk has all. Set one: xchat passphrase"
          : "Locked by your passphrase.";
      out.result(
        { accountId, nodes, directory: folder.directory },
        `You are ${accountId}\nYour profile is in ${folder.directory}${hint}\n${lock}\nWrite your 24 recovery words down: xchat words`,
      );
    },
  },
  status: {
    usage: "status",
    does: "who you are, and which nodes can be reached",
    run: async ({ api, out }) => {
      const profile = await view(api, { view: "profile" });
      if (profile.state !== "ready") throw new IntentError(profile.state === "locked" ? "locked" : "profile-missing");
      const { nodes } = await view(api, { view: "network" });
      const { name, accountId } = profile;
      const lines = nodes.map((node) => `  ${node.address}  ${node.state}`);
      out.result({ name, accountId, nodes }, [`${safeLine(name)}  ${accountId}`, ...lines].join("\n"));
    },
  },
  invite: {
    usage: "invite [--label TEXT] [--lasting] [--days N] | invite list | invite revoke ID",
    does: "make an invitation: a code to copy and a QR code",
    run: invite,
  },
  accept: {
    usage: "accept CODE [--greeting TEXT] [--direct] | accept REQUEST [--direct]",
    does: "say yes to somebody's invitation, or to a request",
    run: async ({ api, out, args, flags }) => {
      const [what] = args;
      if (what === undefined) throw new UsageError("accept needs an invitation code or a request");
      const mayDirect = flags["direct"] === true;
      const request = (await view(api, { view: "requests" })).find(({ id }) => what.length >= 4 && id.startsWith(what));
      if (request !== undefined) {
        const { chat } = await api.call("answerRequest", { id: request.id, answer: "accept", mayDirect });
        out.result({ chat, name: request.name }, `You and ${safeLine(request.name)} can write to each other now.`);
        return;
      }
      const text = await textOrFile(args.join(" "));
      const found = await api.call("previewInvitation", { text });
      const greeting = typeof flags["greeting"] === "string" ? flags["greeting"] : "";
      const { chat } = await api.call("acceptInvitation", { text, greeting, mayDirect });
      out.result(
        { chat, name: found.name, accountId: found.accountId },
        `Your request is on its way to ${safeLine(found.name)}. What you write waits for their yes.`,
      );
    },
  },
  requests: {
    usage: "requests",
    does: "people who want to write to you",
    run: async ({ api, out }) => {
      const requests = await view(api, { view: "requests" });
      if (requests.length === 0) out.result({ requests: [] }, "Nobody is waiting.");
      for (const request of requests) {
        const greeting = request.greeting === "" ? "" : `: ${safeLine(request.greeting)}`;
        out.result({ ...request }, `${request.id.slice(0, 8)}  ${safeLine(request.name)}${greeting}`);
      }
    },
  },
  decline: {
    usage: "decline REQUEST",
    does: "say no; the other person is told nothing",
    run: (input) => answer(input, "decline"),
  },
  block: { usage: "block REQUEST|CHAT", does: "say no for good", run: (input) => answer(input, "block") },
  chats: {
    usage: "chats",
    does: "the chats, newest first",
    run: async ({ api, out }) => {
      const chats = await view(api, { view: "chats" });
      if (chats.length === 0) out.result({ chats: [] }, "No chats yet. Begin with: xchat invite");
      for (const chat of chats) out.result({ ...chat }, chatWords(chat));
    },
  },
  send: {
    usage: "send CHAT TEXT… | send CHAT -",
    does: "send a message; - takes it from the standard input",
    run: async ({ api, out, args }) => {
      const chat = await findChat(api, args[0]);
      const rest = args.slice(1);
      const text = rest.length === 1 && rest[0] === "-" ? await standardInput() : rest.join(" ");
      const { id } = await api.call("sendMessage", { chat: chat.id, text });
      out.result({ id, chat: chat.id }, "Saved, and on its way.");
    },
  },
  read: {
    usage: "read CHAT [--limit N]",
    does: "the newest messages of a chat",
    run: async ({ api, out, args, flags }) => {
      const chat = await findChat(api, args[0]);
      const limit = Math.min(PAGE, Math.max(1, Number(flags["limit"] ?? 30) || 30));
      const { messages } = await api.call("messages", { chat: chat.id, before: null, limit });
      for (const message of messages) out.result({ ...message }, messageWords(message, chat.name));
      const last = messages.at(-1);
      if (last !== undefined) await api.call("markRead", { chat: chat.id, upTo: last.id });
    },
  },
  listen: {
    usage: "listen [CHAT]",
    does: "follow what comes, until Ctrl-C",
    run: listen,
  },
  verify: {
    usage: "verify CHAT [--code CODE | --yes | --no]",
    does: "compare the safety number, or check the code that the other shows",
    run: async ({ api, out, args, flags }) => {
      const chat = await findChat(api, args[0]);
      const { digits, code } = await api.call("safetyNumber", { chat: chat.id });
      if (typeof flags["code"] === "string") {
        const { matches } = await api.call("checkSafetyCode", { chat: chat.id, code: flags["code"] });
        if (matches) await api.call("setVerified", { chat: chat.id, isVerified: true });
        out.result(
          { chat: chat.id, matches },
          matches ? "It is them: the chat is marked as verified." : "It is NOT the same. Do not trust this chat.",
        );
        return;
      }
      const isVerified = flags["yes"] === true ? true : flags["no"] === true ? false : chat.isVerified;
      await api.call("setVerified", { chat: chat.id, isVerified });
      const lines = digits
        .split(" ")
        .reduce((text, group, i) => text + (i > 0 && i % 4 === 0 ? "\n" : i > 0 ? " " : "") + group, "");
      out.result(
        { chat: chat.id, digits, code, isVerified },
        `${lines}\n\n${code}\n\nCompare with ${safeLine(chat.name)}. If it is the same: xchat verify ${chat.id.slice(0, 8)} --yes${isVerified ? "\nMarked as verified." : ""}`,
      );
    },
  },
  words: {
    usage: "words [--written] [--forget]",
    does: "show the 24 recovery words, or note that they are written down",
    run: async ({ api, out, flags }) => {
      if (flags["written"] === true || flags["forget"] === true) {
        await api.call("confirmRecoveryWords", { forget: flags["forget"] === true });
        out.result(
          { written: true },
          flags["forget"] === true ? "The words are not on this device any more." : "Noted.",
        );
        return;
      }
      const { words } = await api.call("recoveryWords", {});
      out.result({ words }, words.map((word, i) => `${String(i + 1).padStart(2)} ${word}`).join("\n"));
    },
  },
  passphrase: {
    usage: "passphrase [--remove]",
    does: "set, change or take away the passphrase",
    run: async ({ api, out, flags }) => {
      const profile = await view(api, { view: "profile" });
      const isSet = profile.state === "ready" && profile.hasPassphrase;
      const current = isSet ? (process.env["XCHAT_PASSPHRASE"] ?? (await askPassphrase("Present passphrase: "))) : null;
      const next =
        flags["remove"] === true
          ? null
          : (process.env["XCHAT_NEW_PASSPHRASE"] ?? (await askPassphrase("New passphrase: ")));
      if (next === null && flags["remove"] !== true)
        throw new UsageError("set XCHAT_NEW_PASSPHRASE where there is no terminal");
      await api.call("setPassphrase", { current, next });
      out.result({ isSet: next !== null }, next === null ? "The passphrase is gone." : "The passphrase is set.");
    },
  },
  nodes: {
    usage: "nodes | nodes add ADDRESS | nodes remove ADDRESS",
    does: "the nodes that you use",
    run: async ({ api, out, args }) => {
      const [verb, address] = args;
      if (verb === "add" && address !== undefined) await api.call("addNode", { address });
      else if (verb === "remove" && address !== undefined) await api.call("removeNode", { address });
      else if (verb !== undefined) throw new UsageError("nodes, nodes add ADDRESS, or nodes remove ADDRESS");
      const { nodes } = await view(api, { view: "network" });
      if (nodes.length === 0) out.result({ nodes: [] }, "No node yet: xchat nodes add ADDRESS");
      for (const node of nodes) out.result({ ...node }, `${node.address}  ${node.state}  ${node.keyHash}`);
    },
  },
  export: {
    usage: "export [FILE]",
    does: "write every chat as JSON, to a file or to the standard output",
    run: async ({ api, out, args }) => {
      const { json } = await api.call("export", {});
      const [file] = args;
      if (file === undefined) process.stdout.write(`${json}\n`);
      else {
        await writeFile(file, json, { mode: 0o600, flag: "wx" });
        out.result({ file }, `Written to ${file}. It is not encrypted: keep it safe.`);
      }
    },
  },
  doctor: {
    usage: "doctor",
    does: "look for trouble; the report holds no names, ids or texts",
    run: async ({ api, out }) => {
      const { checks } = await api.call("doctor", {});
      const marks = { good: "ok ", warning: "!  ", bad: "BAD" } as const;
      for (const check of checks) out.result({ ...check }, `${marks[check.state]} ${check.name}: ${check.detail}`);
    },
  },
};

export const stop = async (folder: ProfileFolder, out: Output): Promise<void> => {
  const wasRunning = await stopDaemon(folder);
  out.result({ stopped: wasRunning }, wasRunning ? "Stopped." : "Nothing was running.");
};

// ---- below: the longer ones

async function invite({ api, out, args, flags }: CommandInput): Promise<void> {
  const [verb, id] = args;
  if (verb === "revoke" && id !== undefined) {
    const found = (await view(api, { view: "invitations" })).find((one) => one.id.startsWith(id));
    if (found === undefined) throw new UsageError(`no invitation ${id}`);
    await api.call("revokeInvitation", { id: found.id });
    out.result({ id: found.id, state: "revoked" }, "Revoked.");
    return;
  }
  if (verb === "list") {
    for (const one of await view(api, { view: "invitations" })) {
      out.result({ ...one }, `${one.id.slice(0, 8)}  ${one.state}  ${safeLine(one.label)}`);
    }
    return;
  }
  if (verb !== undefined) throw new UsageError("invite, invite list, or invite revoke ID");
  const label = typeof flags["label"] === "string" ? flags["label"] : "";
  const days = Number(flags["days"] ?? 7) || 7;
  const invitation = await api.call("createInvitation", { label, isLasting: flags["lasting"] === true, days });
  const waiting = invitation.state === "preparing" ? "\nNo node can be reached: the code works once one can." : "";
  const picture = process.stdout.isTTY ? `${encodeQr(invitation.code, "term")}\n` : "";
  out.result({ ...invitation }, `${picture}${invitation.code}${waiting}`);
}

async function answer({ api, out, args }: CommandInput, word: "decline" | "block"): Promise<void> {
  const [what] = args;
  if (what === undefined) throw new UsageError(`${word} needs a request`);
  const request = (await view(api, { view: "requests" })).find(({ id }) => id.startsWith(what));
  if (request === undefined) {
    if (word === "decline") throw new IntentError("request-gone");
    const chat = await findChat(api, what);
    await api.call("setBlocked", { chat: chat.id, isBlocked: true });
  } else {
    await api.call("answerRequest", { id: request.id, answer: word, mayDirect: false });
  }
  out.result(
    { id: what, answer: word },
    word === "block" ? "Blocked. They are told nothing." : "Declined. They are told nothing.",
  );
}

/** Prints what comes after now, and requests; each message once. */
async function listen({ api, out, args, signal }: CommandInput): Promise<void> {
  const only = args[0] === undefined ? null : (await findChat(api, args[0])).id;
  const watching = new Map<string, () => void>();
  const printed = new Set<string>();
  const names = new Map<string, string>();
  const print = (chat: string, message: MessageView): void => {
    if (message.isOwn || printed.has(message.id)) return;
    printed.add(message.id);
    out.result({ event: "message", chat, ...message }, messageWords(message, names.get(chat) ?? ""));
  };
  const stopChats = api.watch({ view: "chats" }, (chats) => {
    for (const { id, name } of chats) {
      names.set(id, name);
      if (watching.has(id) || (only !== null && id !== only)) continue;
      watching.set(
        id,
        api.watch({ view: "messages", chat: id }, ({ changed }) => changed.forEach((message) => print(id, message))),
      );
    }
  });
  const announced = new Set<string>();
  const stopRequests = api.watch({ view: "requests" }, (requests) => {
    for (const request of requests) {
      if (announced.has(request.id)) continue;
      announced.add(request.id);
      out.result(
        { event: "request", ...request },
        `Request from ${safeLine(request.name)}: xchat accept ${request.id.slice(0, 8)}`,
      );
    }
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  for (const end of [stopChats, stopRequests, ...watching.values()]) end();
}

/** The present view. */
export function view<Q extends Exclude<Query, { view: "messages" }>>(
  api: ClientApi,
  query: Q,
): Promise<ViewTypes[Q["view"]]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new IntentError("not-the-leader")), SETTLE_PATIENCE);
    const end = api.watch(query, (found) => {
      clearTimeout(timer);
      queueMicrotask(() => end());
      resolve(found);
    });
  });
}

/** By the beginning of its id, or by name. */
async function findChat(api: ClientApi, wanted: string | undefined): Promise<ChatView> {
  if (wanted === undefined) throw new UsageError("which chat? See: xchat chats");
  const chats = await view(api, { view: "chats" });
  const byId = chats.filter(({ id }) => wanted.length >= 4 && id.startsWith(wanted));
  const byName = chats.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const [found, another] = byId.length > 0 ? byId : byName;
  if (found === undefined) throw new IntentError("chat-missing");
  if (another !== undefined) throw new UsageError(`more than one chat is called ${wanted}; use the id`);
  return found;
}

async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8").replace(/\n$/u, "");
}

/** A code may be long: `@FILE` reads it. */
const textOrFile = async (text: string): Promise<string> =>
  text.startsWith("@") ? readFile(text.slice(1), "utf8") : text;
