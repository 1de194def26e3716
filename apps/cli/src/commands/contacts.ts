/** First contact and trust: invitations, requests, blocking, safety numbers. */
import { readFile } from "node:fs/promises";
import { IntentError, type InvitationPreview } from "@xchat/client/api";
import { invitationWords, knownWords, requestWords, shortId } from "../describe.ts";
import { qrText } from "../qr-text.ts";
import { safeLine } from "../safe-text.ts";
import { EXIT } from "../words.ts";
import {
  byBeginning,
  CommandError,
  findPair,
  numberFlag,
  onlyOne,
  textFlag,
  UsageError,
  view,
  type Command,
  type CommandInput,
} from "./command.ts";
import { askToJoin } from "./joining.ts";

const NO_NODE = "You have no node yet, and an invitation waits at one: xchat nodes add ADDRESS";
const DEFAULT_DAYS = 7;
const MAX_DAYS = 365;

export const invite: Command = {
  usage: "invite [--label TEXT] [--lasting] [--days N]   invite list   invite revoke ID",
  does: "make an invitation: a code to give to one person, and a QR code",
  flags: ["label", "lasting", "days"],
  run: async (input) => {
    const [verb, id, ...rest] = input.args;
    if (verb === undefined) return makeInvitation(input);
    if (verb === "list" && id === undefined) return listInvitations(input);
    if (verb === "revoke" && id !== undefined && rest.length === 0) return revokeInvitation(input, id);
    throw new UsageError("invite, invite list, or invite revoke ID");
  },
};

async function makeInvitation({ api, out, flags }: CommandInput): Promise<void> {
  const days = numberFlag(flags, "days", DEFAULT_DAYS, MAX_DAYS);
  const isLasting = flags["lasting"] === true;
  if ((await view(api, { view: "network" })).nodes.length === 0) throw new CommandError("node-unreachable", NO_NODE);
  const made = await api.call("createInvitation", { label: textFlag(flags, "label") ?? "", isLasting, days });
  if (process.stdout.isTTY === true && !out.isJson) out.note(qrText(made.link));
  out.result({ type: "invitation", ...made }, made.link);
  const { isLocalOnly } = await view(api, { view: "network" });
  if (made.state === "preparing") out.note("\nNo node could be reached yet: the code works as soon as one can.");
  if (isLocalOnly)
    out.note(
      "\nYour nodes can be reached from this machine alone, so the code works here alone. " +
        "For somebody elsewhere, first add one with a public address: xchat nodes add ADDRESS",
    );
  out.note(
    isLasting
      ? "\nWhoever has this code can ask to write to you, until you revoke it. What comes: xchat requests"
      : "\nGive it to one person, by a way that you trust. What comes of it: xchat requests",
  );
}

async function listInvitations({ api, out }: CommandInput): Promise<void> {
  const invitations = await view(api, { view: "invitations" });
  if (invitations.length === 0) out.note("There are none. Make one: xchat invite");
  for (const one of invitations) out.result({ type: "invitation", ...one }, invitationWords(one, out));
}

async function revokeInvitation({ api, out }: CommandInput, wanted: string): Promise<void> {
  const found = byBeginning(await view(api, { view: "invitations" }), wanted);
  const [one, another] = found;
  if (one === undefined || another !== undefined)
    throw new UsageError(`Not one invitation is ${wanted}. See: xchat invite list`);
  await api.call("revokeInvitation", { id: one.id });
  out.result({ type: "invitation", id: one.id, state: "revoked" }, "Revoked: nobody new can use it.");
}

export const accept: Command = {
  usage: "accept CODE [--greeting TEXT] [--direct]   accept REQUEST [--direct]",
  does: "say yes to an invitation (a code, a link, or @FILE), also into a group, or to a request",
  flags: ["greeting", "direct"],
  isOfNews: true,
  run: async (input) => {
    const [what] = input.args;
    if (what === undefined) throw new UsageError("accept needs an invitation, or a request: see xchat requests");
    const requests = byBeginning(await view(input.api, { view: "requests" }), what);
    if (requests.length === 0 && /^[0-9a-f]{4,64}$/u.test(what)) throw new IntentError("request-gone");
    if (requests.length === 0) return acceptInvitation(input);
    const request = onlyOne(requests, what, "request-gone");
    const mayDirect = input.flags["direct"] === true;
    const { chat } = await input.api.call("answerRequest", { id: request.id, answer: "accept", mayDirect });
    input.out.result(
      { type: "chat", id: chat, name: request.name, accountId: request.accountId, state: "active" },
      `You and ${input.out.strong(safeLine(request.name))} can write to each other: xchat send ${shortId(chat ?? "")} TEXT`,
    );
  },
};

/** Null for a link to a group. */
async function previewOrNull({ api }: CommandInput, text: string): Promise<InvitationPreview | null> {
  try {
    return await api.call("previewInvitation", { text });
  } catch (error) {
    if (error instanceof IntentError && error.code === "invitation-is-group-link") return null;
    throw error;
  }
}

async function acceptInvitation(input: CommandInput): Promise<void> {
  const { api, out, args, flags } = input;
  const given = args.join(" ");
  const text = given.startsWith("@") ? await readFile(given.slice(1), "utf8") : given;
  const preview = await previewOrNull(input, text);
  if (preview === null) return askToJoin(input, text);
  const { name, accountId, known } = preview;
  if (known !== null) out.note(`This is ${knownWords(known)}.`);
  const greeting = textFlag(flags, "greeting") ?? "";
  const { chat } = await api.call("acceptInvitation", { text, greeting, mayDirect: flags["direct"] === true });
  out.result(
    { type: "chat", id: chat, name, accountId, state: "waiting" },
    `Your request is on its way to ${out.strong(safeLine(name))}. You can write already: it waits for their yes. xchat send ${shortId(chat)} TEXT`,
  );
}

export const requests: Command = {
  usage: "requests",
  does: "people who ask to write to you",
  flags: [],
  isOfNews: true,
  run: async ({ api, out }) => {
    const waiting = await view(api, { view: "requests" });
    if (waiting.length === 0) out.note("Nobody is waiting.");
    for (const request of waiting) out.result({ type: "request", ...request }, requestWords(request, out));
    if (waiting.length > 0)
      out.note("\nxchat accept ID, xchat decline ID or xchat block ID. They learn of a yes alone.");
  },
};

export const decline: Command = {
  usage: "decline REQUEST",
  does: "say no to a request; the other person is told nothing",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const [wanted = ""] = args;
    const { id } = onlyOne(byBeginning(await view(api, { view: "requests" }), wanted), wanted, "request-gone");
    await api.call("answerRequest", { id, answer: "decline", mayDirect: false });
    out.result({ type: "request", id, answer: "decline" }, "Declined. They are told nothing.");
  },
};

export const block: Command = {
  usage: "block REQUEST|CHAT",
  does: "say no for good; the other person is told nothing",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const [wanted = ""] = args;
    const found = byBeginning(await view(api, { view: "requests" }), wanted);
    if (found.length > 0) {
      const { id } = onlyOne(found, wanted, "request-gone");
      await api.call("answerRequest", { id, answer: "block", mayDirect: false });
      out.result({ type: "request", id, answer: "block" }, "Blocked. They are told nothing.");
      return;
    }
    const { id } = await findPair(api, args[0]);
    await api.call("setBlocked", { chat: id, isBlocked: true });
    out.result(
      { type: "chat", id, isBlocked: true },
      `Blocked. They are told nothing. To take it back: xchat unblock ${shortId(id)}`,
    );
  },
};

export const unblock: Command = {
  usage: "unblock CHAT",
  does: "take a block back",
  flags: [],
  run: async ({ api, out, args }) => {
    const { id } = await findPair(api, args[0]);
    await api.call("setBlocked", { chat: id, isBlocked: false });
    out.result({ type: "chat", id, isBlocked: false }, "Not blocked any more.");
  },
};

export const verify: Command = {
  usage: "verify CHAT [--code CODE | --yes | --no]",
  does: "show the safety number, check the code that the other one shows, or mark the chat",
  flags: ["code", "yes", "no"],
  run: async ({ api, out, args, flags }) => {
    const chat = await findPair(api, args[0]);
    const code = textFlag(flags, "code");
    if (code !== undefined) {
      const { matches } = await api.call("checkSafetyCode", { chat: chat.id, code });
      if (matches) await api.call("setVerified", { chat: chat.id, isVerified: true });
      out.result(
        { type: "safety-check", chat: chat.id, matches },
        matches
          ? "It is them: the chat is marked as verified."
          : "It is NOT the same. Somebody may be between you: do not trust this chat.",
      );
      return matches ? EXIT.done : EXIT.mismatch;
    }
    const isMarking = flags["yes"] === true || flags["no"] === true;
    if (flags["yes"] === true && flags["no"] === true) throw new UsageError("--yes or --no, not both");
    const isVerified = isMarking ? flags["yes"] === true : chat.isVerified;
    if (isMarking) await api.call("setVerified", { chat: chat.id, isVerified });
    const safety = await api.call("safetyNumber", { chat: chat.id });
    const groups = safety.digits.split(/\s+/u);
    const rows = [0, 4, 8].map((from) => groups.slice(from, from + 4).join(" "));
    out.result(
      { type: "safety-number", chat: chat.id, digits: safety.digits, code: safety.code, isVerified },
      `${rows.join("\n")}\n\n${safety.code}`,
    );
    out.note(
      isVerified
        ? "\nMarked as verified."
        : `\nRead the number to ${safeLine(chat.name)}, or give them the code, by another way than this chat. If it is the same:\nxchat verify ${shortId(chat.id)} --yes`,
    );
    return EXIT.done;
  },
};
