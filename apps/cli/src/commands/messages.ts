/** Chats and what is said in them. */
import type { ChatView, ClientApi, MessagePage, MessageView, NetworkView, RequestView } from "@xchat/client/api";
import { chatWords, messageWords, noticeWords, reactionLines, requestWords, timeWords } from "../describe.ts";
import { recoveredChatWords } from "../describe-backup.ts";
import { joiningWords } from "../describe-group.ts";
import { standardInput } from "../standard-input.ts";
import { findChat, numberFlag, UsageError, view, type Command, type CommandInput } from "./command.ts";

const PAGE = 200;
const DEFAULT_COUNT = 30;
const MAX_COUNT = 1_000_000;
const MAX_REMEMBERED = 100_000;

export const chats: Command = {
  usage: "chats",
  does: "the chats, newest first",
  flags: [],
  isOfNews: true,
  run: async ({ api, out }) => {
    const found = await view(api, { view: "chats" });
    const lost = (await view(api, { view: "recovery" }))?.chats ?? [];
    const joining = await view(api, { view: "joining" });
    if (found.length + lost.length + joining.length === 0) out.note("No chats yet. Begin with: xchat invite");
    for (const chat of found) out.result({ type: "chat", ...chat }, chatWords(chat, out));
    for (const one of joining) out.result({ type: "joining", ...one }, joiningWords(one, out));
    for (const chat of lost) out.result({ type: "recovered-chat", ...chat }, recoveredChatWords(chat, out));
  },
};

export const send: Command = {
  usage: "send CHAT TEXT…   send CHAT -",
  does: "send a message; - takes it from the standard input",
  flags: [],
  run: async ({ api, out, args }) => {
    const [wanted, ...rest] = args;
    const chat = await findChat(api, wanted);
    if (rest.length === 0) throw new UsageError("send what? Give the text, or - to take it from the standard input.");
    const text = rest.length === 1 && rest[0] === "-" ? await standardInput() : rest.join(" ");
    const { id } = await api.call("sendMessage", { chat: chat.id, text });
    out.result({ type: "sent", chat: chat.id, id }, out.faint(await sentWords(api, chat)));
  },
};

/** What becomes of a message that has just been saved. */
export async function sentWords(api: ClientApi, { state, way }: Pick<ChatView, "state" | "way">): Promise<string> {
  if (state === "waiting") return "Saved. It waits for their yes.";
  const { nodes } = await view(api, { view: "network" });
  if (way === "direct" || nodes.some((node) => node.state === "ready" || node.state === "connecting"))
    return "Saved, and on its way.";
  return nodes.length === 0
    ? "Saved. It waits for a node: xchat nodes add ADDRESS"
    : "Saved. No node can be reached now: it goes by itself as soon as one can.";
}

export const read: Command = {
  usage: "read CHAT [--limit N] [--peek]",
  does: "the newest messages of a chat, oldest first; --peek leaves them unread",
  flags: ["limit", "peek"],
  isOfNews: true,
  run: async ({ api, out, args, flags }) => {
    const count = numberFlag(flags, "limit", DEFAULT_COUNT, MAX_COUNT);
    const chat = await findChat(api, args[0]);
    const messages = await newest(api, chat.id, count);
    if (messages.length === 0) out.note("Nothing has been said yet.");
    for (const message of messages) {
      out.result({ type: "message", chat: chat.id, ...message }, messageWords(message, chat.name, out));
    }
    for (const notice of chat.notices) {
      out.note(out.faint(`${timeWords(notice.changedAt)}  note: ${noticeWords(notice)}`));
    }
    const last = messages.at(-1);
    if (last !== undefined && flags["peek"] !== true) await api.call("markRead", { chat: chat.id, upTo: last.id });
  },
};

export async function newest(api: ClientApi, chat: string, count: number): Promise<readonly MessageView[]> {
  const pages: (readonly MessageView[])[] = [];
  let before: string | null = null;
  for (let wanted = count; wanted > 0;) {
    const page: MessagePage = await api.call("messages", { chat, before, limit: Math.min(PAGE, wanted) });
    pages.push(page.messages);
    wanted -= page.messages.length;
    before = page.messages[0]?.order ?? null;
    if (!page.hasOlder || before === null) break;
  }
  return pages.toReversed().flat();
}

export const listen: Command = {
  usage: "listen [CHAT]",
  does: "follow what comes, until Ctrl-C",
  flags: [],
  run: async (input) => {
    const only = input.args[0] === undefined ? null : (await findChat(input.api, input.args[0])).id;
    const follower = new Follower(input, only);
    await new Promise<void>((resolve) => {
      if (input.signal.aborted) resolve();
      input.signal.addEventListener("abort", () => resolve(), { once: true });
      input.out.note(input.out.faint("Listening. Ctrl-C ends it."));
    });
    follower.end();
  },
};

const CUT_OFF = "No node can be reached now. What comes is shown as soon as one can.";

const marksOf = (chat: ChatView): readonly unknown[] =>
  chat.kind === "pair" ? [chat.isVerified, chat.isBlocked] : [chat.memberCount];

/**
 * Prints each message of others once, and what is said of one's own; requests too where all chats are followed. Scripts
 * are told one's own as well, and what becomes of them.
 */
class Follower {
  readonly #input: CommandInput;
  readonly #only: string | null;
  readonly #names = new Map<string, string>();
  readonly #states = new Map<string, string>();
  readonly #watches: (() => void)[] = [];
  readonly #followed = new Set<string>();
  /** What was printed last of each message, so that an update is printed and a repetition is not. */
  readonly #printed = new Map<string, string>();
  readonly #announced = new Set<string>();
  #isCutOff = false;
  #isFirst = true;

  constructor(input: CommandInput, only: string | null) {
    this.#input = input;
    this.#only = only;
    const { api } = input;
    this.#watches.push(api.watch({ view: "chats" }, (found) => this.#seeChats(found)));
    this.#watches.push(api.watch({ view: "network" }, (network) => this.#seeNetwork(network)));
    if (only === null) this.#watches.push(api.watch({ view: "requests" }, (found) => this.#seeRequests(found)));
  }

  end(): void {
    for (const end of this.#watches) end();
  }

  #seeNetwork({ nodes }: NetworkView): void {
    const { out } = this.#input;
    const isCutOff = nodes.every(({ state }) => state !== "ready" && (this.#isCutOff || state !== "connecting"));
    if (isCutOff === this.#isCutOff) return;
    this.#isCutOff = isCutOff;
    const lost = nodes.length === 0 ? "You have no node yet: xchat nodes add ADDRESS" : CUT_OFF;
    out.note(out.faint(isCutOff ? lost : "Connected to a node."));
  }

  #seeChats(found: readonly ChatView[]): void {
    for (const chat of found) {
      const { id, name } = chat;
      this.#names.set(id, name);
      this.#tellState(chat);
      if (!this.#followed.has(id) && (this.#only === null || id === this.#only)) this.#follow(id, this.#isFirst);
    }
    this.#isFirst = false;
  }

  /** For scripts: how a chat stands, at first and when it changes. */
  #tellState(chat: ChatView): void {
    const { out } = this.#input;
    const { id, name, state, way } = chat;
    if (!out.isJson || (this.#only !== null && id !== this.#only)) return;
    const told = JSON.stringify([name, state, way, ...marksOf(chat)]);
    if (this.#states.get(id) === told) return;
    this.#states.set(id, told);
    out.result({ type: "chat", ...chat }, "");
  }

  /** A chat that begins while one listens has been there for a moment: what it holds already is news too. */
  #follow(chat: string, isOld: boolean): void {
    const { api } = this.#input;
    this.#followed.add(chat);
    this.#watches.push(
      api.watch({ view: "messages", chat }, ({ changed, removed }) => {
        this.#print(chat, changed);
        this.#tellRemoved(chat, removed);
      }),
    );
    if (isOld) return;
    newest(api, chat, PAGE).then(
      (messages) => this.#print(chat, messages),
      () => {},
    );
  }

  #print(chat: string, messages: readonly MessageView[]): void {
    const { out } = this.#input;
    for (const message of messages) {
      const { id, isOwn, content, delivery, earlier, reactions, isPinned } = message;
      if (isOwn && !out.isJson) {
        this.#tellReactions(message);
        continue;
      }
      const state = JSON.stringify([content, out.isJson && delivery, earlier.length, reactions, isPinned]);
      if (this.#printed.get(id) === state) continue;
      this.#remember(id, state);
      out.result({ type: "message", chat, ...message }, messageWords(message, this.#names.get(chat) ?? "", out));
    }
  }

  /** To one's own words, by others: each is told once, and the words are not said again. */
  #tellReactions(message: MessageView): void {
    const { out } = this.#input;
    const lines = reactionLines(message, out);
    const told = this.#printed.get(message.id)?.split("\n") ?? [];
    this.#remember(message.id, lines.join("\n"));
    for (const line of lines) if (!told.includes(line)) out.result({}, line);
  }

  /** What has disappeared, or was deleted for oneself. */
  #tellRemoved(chat: string, ids: readonly string[]): void {
    const { out } = this.#input;
    if (!out.isJson) return;
    for (const id of ids) out.result({ type: "removed", chat, id }, "");
  }

  /** Bounded: whoever listens for a month does not keep all of it in memory. */
  #remember(id: string, state: string): void {
    this.#printed.delete(id);
    this.#printed.set(id, state);
    const [oldest] = this.#printed.keys();
    if (this.#printed.size > MAX_REMEMBERED && oldest !== undefined) this.#printed.delete(oldest);
  }

  #seeRequests(found: readonly RequestView[]): void {
    const { out } = this.#input;
    for (const request of found) {
      if (this.#announced.has(request.id)) continue;
      this.#announced.add(request.id);
      out.result({ type: "request", ...request }, `Request from ${requestWords(request, out)}`);
    }
  }
}
