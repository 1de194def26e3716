/**
 * Keeps the glance true while the app runs (GL1, GL2): watches what it shows, and writes it anew a while after the last
 * change. What it is to forget is gone from the disk before the change is made, where a person of this device makes it,
 * and at once otherwise.
 */
import type {
  ChatView,
  ClientApi,
  GroupView,
  IntentInput,
  IntentName,
  IntentOutput,
  MessageView,
  ProfileView,
  RequestView,
  ViewTypes,
} from "@xchat/client/api";
import { sealGlance, type ChatGlance, type Glance } from "./glance.ts";
import type { GlanceFile } from "./glance-file.ts";

export interface KeeperInput {
  readonly api: ClientApi;
  readonly file: GlanceFile;
  readonly build: string;
}

/** Chats whose messages are in it, from the top of the list. */
const CHATS = 10;
/** Chats in its list. */
const LISTED = 200;
const MESSAGES = 24;
/** Of unread ones, that the line above them has its place. */
const MOST_MESSAGES = 60;
/** Milliseconds: since the last change, and since the first that is not written. */
const QUIET = 2_000;
const PATIENCE = 15_000;

/** What takes something away that the glance may hold, or sets a passphrase. */
const TAKES_AWAY: ReadonlySet<IntentName> = new Set([
  "deleteMessage",
  "editMessage",
  "deleteChat",
  "setPassphrase",
  "lock",
]);

interface KeptChat {
  readonly stop: () => void;
  group: GroupView | null;
  /** Null where it has to be asked for. */
  shown: Omit<ChatGlance, "group"> | null;
  /** Rises with each change of its messages: a page that was asked for before does not count. */
  changes: number;
}

export class GlanceKeeper {
  readonly #input: KeeperInput;
  readonly #chats = new Map<string, KeptChat>();
  #profile: ProfileView | null = null;
  #list: readonly ChatView[] = [];
  #requests: readonly RequestView[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #changedAt: number | null = null;
  /** Rises with each forgetting: what was gathered before is not written. */
  #forgotten = 0;
  /** Intents of `TAKES_AWAY` that run. */
  #taking = 0;
  /** Of the file: one thing at a time, in order. */
  #file: Promise<void> = Promise.resolve();
  #isEnded = false;

  constructor(input: KeeperInput) {
    this.#input = input;
  }

  /** Answers the interface that pages are to be served. */
  begin(): ClientApi {
    const { api } = this.#input;
    api.watch({ view: "profile" }, (profile) => {
      this.#profile = profile;
      if (this.#mayKeep()) this.#schedule();
      else void this.#forget();
    });
    api.watch({ view: "chats" }, (chats) => {
      const ids = new Set(chats.map(({ id }) => id));
      if (this.#list.some(({ id }) => !ids.has(id))) void this.#forget();
      this.#list = chats;
      this.#follow(chats.slice(0, CHATS));
      this.#schedule();
    });
    api.watch({ view: "requests" }, (requests) => {
      this.#requests = requests;
      this.#schedule();
    });
    return {
      watch: (query, listener) => api.watch(query, listener),
      call: (intent, input) => this.#call(intent, input),
    };
  }

  /** What is under way is ended; nothing is written after it. */
  async end(): Promise<void> {
    this.#isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#file;
  }

  /** GL1. */
  #mayKeep(): boolean {
    return this.#profile?.state === "ready" && !this.#profile.hasPassphrase;
  }

  async #call<N extends IntentName>(intent: N, input: IntentInput<N>): Promise<IntentOutput<N>> {
    const { api } = this.#input;
    if (!TAKES_AWAY.has(intent)) return api.call(intent, input);
    this.#taking++;
    try {
      await this.#forget();
      return await api.call(intent, input);
    } finally {
      this.#taking--;
      this.#schedule();
    }
  }

  #follow(top: readonly ChatView[]): void {
    const wanted = new Map(top.map((chat) => [chat.id, chat]));
    for (const [id, { stop }] of this.#chats) {
      if (wanted.has(id)) continue;
      stop();
      this.#chats.delete(id);
    }
    for (const { id, kind } of top) if (!this.#chats.has(id)) this.#begin(id, kind === "group");
  }

  #begin(chat: string, isGroup: boolean): void {
    const { api } = this.#input;
    const stops = [api.watch({ view: "messages", chat }, (changes) => this.#changed(chat, changes))];
    this.#chats.set(chat, { stop: () => stops.forEach((stop) => stop()), group: null, shown: null, changes: 0 });
    if (!isGroup) return;
    const take = (group: GroupView): void => {
      const kept = this.#chats.get(chat);
      if (kept === undefined) return;
      kept.group = group;
      this.#schedule();
    };
    stops.push(api.watch({ view: "group", chat }, take));
  }

  #changed(chat: string, { changed, removed }: ViewTypes["messages"]): void {
    const kept = this.#chats.get(chat);
    if (kept !== undefined) {
      kept.shown = null;
      kept.changes++;
    }
    if (removed.length > 0 || changed.some(hasLost)) void this.#forget();
    this.#schedule();
  }

  #forget(): Promise<void> {
    this.#forgotten++;
    return this.#onFile(() => this.#input.file.forget());
  }

  /** The glance is not worth a failure: what could not be written or forgotten now is tried at the next change. */
  #onFile(action: () => Promise<void>): Promise<void> {
    this.#file = this.#file.then(action).catch(() => {});
    return this.#file;
  }

  #schedule(): void {
    if (this.#isEnded) return;
    const now = performance.now();
    this.#changedAt ??= now;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(QUIET, this.#changedAt + PATIENCE - now));
    this.#timer = setTimeout(() => void this.#write(), wait);
  }

  async #write(): Promise<void> {
    this.#timer = null;
    this.#changedAt = null;
    if (!this.#mayKeep() || this.#taking > 0) return;
    const forgotten = this.#forgotten;
    try {
      await this.#askForMessages();
      const bytes = this.#list.length === 0 ? null : await sealGlance(this.#gather());
      const isTrue = (): boolean => forgotten === this.#forgotten && this.#taking === 0 && !this.#isEnded;
      if (bytes === null) return await this.#forget();
      await this.#onFile(async () => (isTrue() ? this.#input.file.write(bytes) : undefined));
    } catch {
      // A chat that has just gone, or a client that is closing: what follows from it comes as a change of the list.
    }
  }

  async #askForMessages(): Promise<void> {
    const { api } = this.#input;
    for (const { id: chat, unread } of this.#list.slice(0, CHATS)) {
      const kept = this.#chats.get(chat);
      if (kept === undefined || kept.shown !== null) continue;
      const { changes } = kept;
      const limit = Math.min(MOST_MESSAGES, MESSAGES + unread);
      const page = await api.call("messages", { chat, before: null, limit });
      const { messages: pinned } = await api.call("pinnedMessages", { chat });
      if (kept.changes === changes) kept.shown = { page, pinned };
    }
  }

  #gather(): Glance {
    const pages: [string, ChatGlance][] = [];
    for (const [chat, { shown, group }] of this.#chats) if (shown !== null) pages.push([chat, { ...shown, group }]);
    const chats = this.#list.slice(0, LISTED);
    return {
      build: this.#input.build,
      until: firstToGo(chats, pages),
      profile: this.#profile ?? { state: "none" },
      chats,
      requests: this.#requests,
      pages: Object.fromEntries(pages),
    };
  }
}

/** Something of it is not to be seen any more. */
const hasLost = ({ content, earlier }: MessageView): boolean => content.kind === "deleted" || earlier.length > 0;

/** When the first of all that is in it disappears. */
function firstToGo(chats: readonly ChatView[], pages: readonly (readonly [string, ChatGlance])[]): number | null {
  const times: number[] = [];
  const known = new Set(pages.map(([chat]) => chat));
  for (const { id, last, disappearAfter } of chats)
    if (!known.has(id) && last !== null && disappearAfter !== null) times.push(last.at + disappearAfter * 1_000);
  for (const [, { page, pinned }] of pages)
    for (const { disappearsAt } of [...page.messages, ...pinned]) if (disappearsAt !== null) times.push(disappearsAt);
  return times.length === 0 ? null : Math.min(...times);
}
