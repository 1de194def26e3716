/**
 * The messages of one open chat: loads pages, takes in changes, and remembers where the unread ones began. Lives as long
 * as the chat is on the screen.
 */
import type { ClientApi, IntentErrorCode, MessagePage } from "@xchat/client/api";
import { codeOf } from "../app/context.tsx";
import { reuse } from "../app/reuse.ts";
import type { PageClient } from "../app/client.ts";
import {
  firstUnread,
  windowOf,
  withChanges,
  withNewer,
  withNewest,
  withOlder,
  type MessageChanges,
  type MessageWindow,
} from "./window.ts";

const PAGE = 60;
/** Fills the screen; what lies above is fetched as soon as that stands there. */
const FIRST_PAGE = 24;
/** The most that the intent `messages` gives at once. */
const MAX_PAGE = 200;

export interface MessagesState {
  /** Null until the first page has come. */
  readonly window: MessageWindow | null;
  /** Counts how often the window was replaced as a whole: then the list places itself anew. */
  readonly placement: number;
  /** Where it places itself: at a message, else at the unread line, else at the end. */
  readonly target: string | null;
  /** The message above which the unread line stands, fixed for this visit. */
  readonly unreadFrom: string | null;
  /** The last change of length was at the start. */
  readonly isPrepend: boolean;
  readonly error: IntentErrorCode | null;
}

type PageIntent = "older" | "newer";

export class ChatMessages {
  readonly #api: ClientApi;
  readonly #chat: string;
  readonly #listeners = new Set<() => void>();
  readonly #followers = new Set<(changes: MessageChanges) => void>();
  #state: MessagesState = { window: null, placement: 0, target: null, unreadFrom: null, isPrepend: false, error: null };
  readonly #loading = new Set<PageIntent>();
  /** Changes that came while a window was under way and might not be in it. */
  #early: MessageChanges[] = [];
  #isReplacing = false;
  #ends: (() => void)[] = [];

  constructor(client: PageClient, chat: string) {
    this.#api = client.api;
    this.#chat = chat;
  }

  readonly state = (): MessagesState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What has changed anywhere in the chat, loaded or not. Answers the function that ends it. */
  onChanges(follower: (changes: MessageChanges) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  start(client: PageClient, unread: number, message: string | null): () => void {
    this.#ends = [
      this.#api.watch({ view: "messages", chat: this.#chat }, (changes) => this.#accept(changes)),
      client.onResume(() => void this.#catchUp()),
    ];
    if (message === null) void this.#begin(unread);
    else void this.showAround(message);
    return () => {
      for (const end of this.#ends) end();
    };
  }

  async #begin(unread: number): Promise<void> {
    await this.#replace(
      () =>
        this.#api.call("messages", { chat: this.#chat, before: null, limit: Math.min(MAX_PAGE, FIRST_PAGE + unread) }),
      null,
      (window) => firstUnread(window, unread),
    );
  }

  async showNewest(): Promise<void> {
    await this.#replace(
      () => this.#api.call("messages", { chat: this.#chat, before: null, limit: PAGE }),
      null,
      () => this.#state.unreadFrom,
    );
  }

  /** The client is another one now, or there was none yet: what stands there stays where it is, and is made true. */
  async #catchUp(): Promise<void> {
    const { window } = this.#state;
    if (window === null || window.hasNewer || window.messages.length === 0) return this.showNewest();
    this.#isReplacing = true;
    this.#early = [];
    try {
      const limit = Math.min(MAX_PAGE, window.messages.length + PAGE);
      const page = await this.#api.call("messages", { chat: this.#chat, before: null, limit });
      let next = withNewest(this.#state.window ?? window, page);
      if (next === null) return await this.showNewest();
      for (const changes of this.#early) next = withChanges(next, changes);
      this.#set({ window: reuse(this.#state.window, next), isPrepend: false, error: null });
    } catch (error) {
      this.#set({ error: codeOf(error) });
    } finally {
      this.#isReplacing = false;
      this.#early = [];
    }
  }

  async showAround(id: string): Promise<void> {
    await this.#replace(
      () => this.#api.call("messagesAround", { chat: this.#chat, id, limit: PAGE * 2 }),
      id,
      () => this.#state.unreadFrom,
    );
  }

  /** The unread line has done its work once the person answers. */
  forgetUnread(): void {
    if (this.#state.unreadFrom !== null) this.#set({ unreadFrom: null });
  }

  async loadOlder(): Promise<void> {
    const first = this.#state.window?.messages[0];
    if (first === undefined || this.#state.window?.hasOlder !== true) return;
    await this.#extend("older", () =>
      this.#api.call("messages", { chat: this.#chat, before: first.order, limit: PAGE * 2 }),
    );
  }

  async loadNewer(): Promise<void> {
    const last = this.#state.window?.messages.at(-1);
    if (last === undefined || this.#state.window?.hasNewer !== true) return;
    await this.#extend("newer", () =>
      this.#api.call("messagesAfter", { chat: this.#chat, after: last.order, limit: PAGE * 2 }),
    );
  }

  async #replace(
    load: () => Promise<MessagePage>,
    target: string | null,
    unreadFrom: (window: MessageWindow) => string | null,
  ): Promise<void> {
    this.#isReplacing = true;
    this.#early = [];
    try {
      const page = await load();
      let window = windowOf(page);
      for (const changes of this.#early) window = withChanges(window, changes);
      const placement = this.#state.placement + 1;
      this.#set({ window, placement, target, unreadFrom: unreadFrom(window), isPrepend: false, error: null });
    } catch (error) {
      this.#set({ error: codeOf(error) });
    } finally {
      this.#isReplacing = false;
      this.#early = [];
    }
  }

  async #extend(direction: PageIntent, load: () => Promise<MessagePage>): Promise<void> {
    if (this.#loading.has(direction) || this.#isReplacing) return;
    this.#loading.add(direction);
    const { placement } = this.#state;
    try {
      const page = await load();
      const { window } = this.#state;
      if (window === null || placement !== this.#state.placement) return;
      const isOlder = direction === "older";
      this.#set({
        window: isOlder ? withOlder(window, page) : withNewer(window, page),
        isPrepend: isOlder,
        error: null,
      });
    } catch (error) {
      this.#set({ error: codeOf(error) });
    } finally {
      this.#loading.delete(direction);
    }
  }

  #accept(changes: MessageChanges): void {
    for (const follower of this.#followers) follower(changes);
    if (this.#isReplacing) this.#early.push(changes);
    const { window } = this.#state;
    if (window === null) return;
    const next = withChanges(window, changes);
    const isSameLength = next.messages.length === window.messages.length;
    this.#set({ window: next, isPrepend: isSameLength && this.#state.isPrepend });
  }

  #set(part: Partial<MessagesState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }
}
