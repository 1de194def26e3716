/** What is done with messages that are there: answered, edited, deleted, pinned and the like. */
import { IntentError, type ChatView, type ClientApi, type MessageView } from "@xchat/client/api";
import { messageWords, spanWords } from "../describe.ts";
import { findChat, UsageError, type Command, type CommandInput } from "./command.ts";
import { newest, sentWords } from "./messages.ts";

/** So many of the newest messages are looked through for the one that is meant. */
const LOOKED_THROUGH = 2_000;
const MAX_STARRED = 500;
const MESSAGE = "MESSAGE is the beginning of its id, as read shows it, or: last";

interface Found {
  readonly chat: ChatView;
  readonly message: MessageView;
  readonly rest: readonly string[];
}

/** @throws UsageError, IntentError when it is not among the newest. */
async function findMessage(api: ClientApi, args: readonly string[]): Promise<Found> {
  const [wantedChat, wanted, ...rest] = args;
  const chat = await findChat(api, wantedChat);
  if (wanted === undefined) throw new UsageError(`Which message? ${MESSAGE}.`);
  const messages = await newest(api, chat.id, wanted === "last" ? 1 : LOOKED_THROUGH);
  const found = wanted === "last" ? messages.slice(-1) : messages.filter(({ id }) => id.startsWith(wanted));
  const [message, another] = found;
  if (message === undefined) throw new IntentError("message-gone");
  if (another !== undefined) throw new UsageError(`More than one is meant by ${wanted}: give more of the id.`);
  return { chat, message, rest };
}

const textOf = (rest: readonly string[]): string => {
  if (rest.length === 0) throw new UsageError("Give the text as well.");
  return rest.join(" ");
};

const done = ({ out }: CommandInput, { chat, message }: Found, words: string, more: object = {}): void =>
  out.result({ type: "done", chat: chat.id, id: message.id, ...more }, out.faint(words));

export const reply: Command = {
  usage: "reply CHAT MESSAGE TEXT…",
  does: `answer a message; ${MESSAGE}`,
  flags: [],
  run: async ({ api, out, args }) => {
    const { chat, message, rest } = await findMessage(api, args);
    const { id } = await api.call("sendMessage", { chat: chat.id, text: textOf(rest), replyTo: message.id });
    out.result({ type: "sent", chat: chat.id, id }, out.faint(await sentWords(api, chat)));
  },
};

export const react: Command = {
  usage: "react CHAT MESSAGE EMOJI [--remove]",
  does: "react with an emoji, or take the reaction back",
  flags: ["remove"],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    const isOn = input.flags["remove"] !== true;
    const reaction = textOf(found.rest);
    await input.api.call("setReaction", { chat: found.chat.id, id: found.message.id, reaction, isOn });
    done(input, found, isOn ? "You reacted." : "Taken back.");
  },
};

export const edit: Command = {
  usage: "edit CHAT MESSAGE TEXT…",
  does: "put other words in place of your own; the old ones can be looked up",
  flags: [],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    await input.api.call("editMessage", { chat: found.chat.id, id: found.message.id, text: textOf(found.rest) });
    done(input, found, "Edited.");
  },
};

export const deleteMessage: Command = {
  usage: "delete CHAT MESSAGE [--everyone]",
  does: "delete it for yourself, or ask the apps of all to drop a message of your own",
  flags: ["everyone"],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    const who = input.flags["everyone"] === true ? "everyone" : "me";
    await input.api.call("deleteMessage", { chat: found.chat.id, id: found.message.id, who });
    done(
      input,
      found,
      who === "me"
        ? "Deleted here. The others still have it."
        : "Deleted here; the apps of the others are asked to. Who read or copied it has read it.",
    );
  },
};

export const star: Command = {
  usage: "star CHAT MESSAGE [--remove]",
  does: "mark it for yourself",
  flags: ["remove"],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    const isStarred = input.flags["remove"] !== true;
    await input.api.call("setStarred", { chat: found.chat.id, id: found.message.id, isStarred });
    done(input, found, isStarred ? "Starred." : "The star is off.");
  },
};

export const starred: Command = {
  usage: "starred [CHAT]",
  does: "starred messages, the latest star first",
  flags: [],
  run: async ({ api, out, args }) => {
    const chat = args[0] === undefined ? null : (await findChat(api, args[0])).id;
    const { hits } = await api.call("starredMessages", { chat, limit: MAX_STARRED });
    if (hits.length === 0) out.note("Nothing is starred.");
    for (const { chat: home, message } of hits) {
      out.result({ type: "message", chat: home, ...message }, messageWords(message, await nameOf(api, home), out));
    }
  },
};

const nameOf = async (api: ClientApi, chat: string): Promise<string> => (await findChat(api, chat)).name;

export const pin: Command = {
  usage: "pin CHAT MESSAGE [--remove]",
  does: "pin it in the chat for everyone, or take the pin away",
  flags: ["remove"],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    const isPinned = input.flags["remove"] !== true;
    await input.api.call("setPinned", { chat: found.chat.id, id: found.message.id, isPinned });
    done(input, found, isPinned ? "Pinned." : "The pin is off.");
  },
};

export const pinned: Command = {
  usage: "pinned CHAT",
  does: "pinned messages, the latest pin first",
  flags: [],
  isOfNews: true,
  run: async ({ api, out, args }) => {
    const chat = await findChat(api, args[0]);
    const { messages } = await api.call("pinnedMessages", { chat: chat.id });
    if (messages.length === 0) out.note("Nothing is pinned.");
    for (const message of messages) {
      out.result({ type: "message", chat: chat.id, ...message }, messageWords(message, chat.name, out));
    }
  },
};

export const forward: Command = {
  usage: "forward CHAT MESSAGE TO…",
  does: "send its words to other chats; whose they are is not said",
  flags: [],
  run: async (input) => {
    const found = await findMessage(input.api, input.args);
    if (found.rest.length === 0) throw new UsageError("To which chats?");
    const to: string[] = [];
    for (const wanted of found.rest) to.push((await findChat(input.api, wanted)).id);
    await input.api.call("forwardMessages", { chat: found.chat.id, ids: [found.message.id], to });
    done(input, found, "Forwarded.", { to });
  },
};

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Such as 30s, 5m, 8h, 1d, 4w; null for off. */
function readSpan(text: string | undefined): number | null {
  if (text === "off") return null;
  const match = /^([1-9][0-9]{0,5})([smhdw])$/u.exec(text ?? "");
  if (match === null) throw new UsageError("After how long? Such as 30s, 5m, 8h, 1d, 4w, or: off");
  return Number(match[1]) * (UNITS[match[2] as string] as number);
}

export const disappear: Command = {
  usage: "disappear CHAT TIME",
  does: "let new messages disappear after they have been read: 30s, 5m, 8h, 1d, 4w, or off",
  flags: [],
  run: async ({ api, out, args }) => {
    const chat = await findChat(api, args[0]);
    const seconds = readSpan(args[1]);
    await api.call("setDisappearing", { chat: chat.id, seconds });
    const words =
      seconds === null
        ? "New messages stay."
        : `New messages disappear ${spanWords(seconds)} after they have been read, in apps that keep to it.`;
    out.result({ type: "timer", chat: chat.id, seconds }, out.faint(words));
  },
};
