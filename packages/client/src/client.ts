/**
 * The client as a whole: opens the store, keeps one session while it is open, and hands intents and watches to it.
 *
 * CL1 Whoever has just made an identity is an account at rest (`account.ts`). The first thing that they do opens the
 *     session, and waits for it; where there was a store before, it is opened with the store.
 */
import type { CryptoProvider } from "@xchat/crypto";
import {
  IntentError,
  type ClientApi,
  type IntentInput,
  type IntentName,
  type IntentOutput,
  type ProfileView,
  type Query,
  type ViewTypes,
} from "./api.ts";
import { Account, NO_DEVICES, type SoleView } from "./account.ts";
import type { Recovery } from "./backup/recovery.ts";
import { MessageFeed } from "./base/feed.ts";
import { Lane } from "./base/lane.ts";
import { Topics } from "./base/topics.ts";
import {
  StoreError,
  type Clock,
  type DirectTransport,
  type NodeConnector,
  type NodeHint,
  type Store,
  type StoreOpener,
} from "./ports.ts";
import { checkPassphrase } from "./base/passphrase.ts";
import { newProfile, PROFILE_DOCUMENT } from "./base/profile.ts";
import type { Conversations } from "./conversations.ts";
import { LINKING_DOCUMENT } from "./devices/linking-mark.ts";
import type { NewDevice } from "./devices/new-device.ts";
import type { SessionIntents } from "./intents.ts";
import type { Session } from "./session.ts";

export interface ClientPorts {
  readonly provider: CryptoProvider;
  readonly stores: StoreOpener;
  readonly connector: NodeConnector;
  /** Null where the platform has no peer connections. */
  readonly direct: DirectTransport | null;
  readonly clock: Clock;
  readonly deviceName: string;
  /** Nodes of a new profile. */
  readonly defaultNodes: () => Promise<readonly NodeHint[]>;
  /** Where links of invitations point, such as `https://chat.example/`; null gives the bare code. */
  readonly linkBase: string | null;
  /**
   * The greater part of the client, made by `conversations` of `@xchat/client/conversations`: apart, so that an app
   * whose files come over a network can load it when it is first asked for. What it resolves with is kept; where it
   * rejects, whatever needed it fails with "part-missing", and the next that needs it asks again.
   */
  readonly loadConversations: () => Promise<Conversations>;
  /** Lets in what waits for this thread, where a store that never waits would keep it busy. None where nothing can wait. */
  readonly pause?: () => Promise<void>;
}

export interface Client {
  readonly api: ClientApi;
  /** Saves what is under way and lets go of the store. */
  close(): Promise<void>;
}

export async function createClient(ports: ClientPorts): Promise<Client> {
  const client = new ClientShell(ports);
  await client.begin();
  return client;
}

class ClientShell implements Client, ClientApi {
  readonly api: ClientApi = this;
  readonly #ports: ClientPorts;
  readonly #topics = new Topics();
  readonly #feed = new MessageFeed();
  /** Opening and closing never overlap. */
  readonly #lifecycle = new Lane();
  #conversations: Promise<Conversations> | null = null;
  #account: Account | null = null;
  /** On top of the account; null while that is at rest (CL1). */
  #session: Session | null = null;
  #newDevice: NewDevice | null = null;
  #recovery: Recovery | null = null;
  #isLocked = false;

  constructor(ports: ClientPorts) {
    this.#ports = ports;
  }

  async begin(): Promise<void> {
    const store = await this.#openBare();
    if (store !== null) return this.#open(store);
    // On its way while the passphrase is typed; whoever needs it is told where it failed.
    if (this.#isLocked) this.#loadConversations().catch(() => {});
  }

  /** Null where there is no store, or one behind a passphrase. */
  async #openBare(): Promise<Store | null> {
    try {
      return await this.#ports.stores.open(null);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#isLocked = error.code === "passphrase-needed";
      if (this.#isLocked || error.code === "store-missing") return null;
      throw error;
    }
  }

  async call<N extends IntentName>(intent: N, input: IntentInput<N>): Promise<IntentOutput<N>> {
    try {
      return (await this.#dispatch(intent, input as never)) as IntentOutput<N>;
    } catch (error) {
      throw toIntentError(error);
    }
  }

  watch<Q extends Query>(query: Q, listener: (view: ViewTypes[Q["view"]]) => void): () => void {
    if (query.view === "messages") {
      return this.#feed.watch(query.chat, (changes) => listener(changes as ViewTypes[Q["view"]]));
    }
    let isWatching = true;
    const send = (): void => {
      const view = this.#viewOf(query);
      if (isWatching && view !== undefined) listener(view as ViewTypes[Q["view"]]);
    };
    const stop = this.#topics.watch(query.view === "group" ? `group/${query.chat}` : query.view, send);
    queueMicrotask(send);
    return () => {
      isWatching = false;
      stop();
    };
  }

  async close(): Promise<void> {
    await this.#lifecycle.run(async () => {
      this.#recovery?.forget();
      await this.#newDevice?.close();
      await this.#closeAccount();
    });
  }

  #dispatch(intent: IntentName, input: never): Promise<unknown> {
    switch (intent) {
      case "createProfile":
        return this.#lifecycle.run(() => this.#createProfile(input));
      case "unlock":
        return this.#lifecycle.run(() => this.#unlock(input));
      case "lock":
        return this.#lifecycle.run(() => this.#lock());
      case "findBackups":
        return this.#lifecycle.run(() => this.#findBackups(input));
      case "recoverAccount":
        return this.#lifecycle.run(() => this.#recoverAccount(input));
      case "forgetSearch":
        return this.#lifecycle.run(async () => this.#recovery?.forget());
      case "enterLinkCode":
        return this.#lifecycle.run(() => this.#enterLinkCode(input));
      case "acceptLink":
        return this.#acceptLink();
      case "endLink":
        return this.#endLink();
      default:
        return this.#callSession(intent, input);
    }
  }

  async #callSession(intent: IntentName, input: never): Promise<unknown> {
    const session = this.#session ?? (await this.#wakeSession());
    if (!isSessionIntent(session.intents, intent)) throw new IntentError("chat-missing");
    // What a person wants to see is shown at once; what changes something waits until the session is at work.
    if (!READING.has(intent)) await session.started;
    return session.intents[intent](input);
  }

  /** CL1. */
  #wakeSession(): Promise<Session> {
    return this.#lifecycle.run(async () => {
      if (this.#session !== null) return this.#session;
      if (this.#account === null) throw new IntentError(this.#isLocked ? "locked" : "profile-missing");
      this.#session = await this.#openSession(this.#account);
      this.#markAll();
      return this.#session;
    });
  }

  #loadConversations(): Promise<Conversations> {
    this.#conversations ??= this.#ports.loadConversations().catch((error: unknown) => {
      this.#conversations = null;
      throw new IntentError("part-missing", error);
    });
    return this.#conversations;
  }

  async #createProfile({ name, passphrase }: IntentInput<"createProfile">): Promise<void> {
    this.#refuseProfile();
    checkPassphrase(passphrase);
    const profile = await newProfile(this.#ports, name);
    const store = await this.#ports.stores.create(passphrase);
    await store.write(profile);
    this.#recovery?.forget();
    const account = await this.#openAccount(store);
    await account.rest();
    this.#account = account;
    this.#markAll();
  }

  async #findBackups(input: IntentInput<"findBackups">): Promise<IntentOutput<"findBackups">> {
    this.#refuseProfile();
    this.#recovery ??= (await this.#loadConversations()).recovery(this.#ports);
    return this.#recovery.find(input);
  }

  async #recoverAccount({ backup, passphrase }: IntentInput<"recoverAccount">): Promise<void> {
    this.#refuseProfile();
    checkPassphrase(passphrase);
    if (this.#recovery === null) throw new IntentError("backup-gone");
    const changes = await this.#recovery.changes(backup);
    const store = await this.#ports.stores.create(passphrase);
    await store.write(changes);
    this.#recovery.forget();
    await this.#open(store);
  }

  #refuseProfile(): void {
    if (this.#account !== null || this.#isLocked || this.#newDevice?.isBusy === true)
      throw new IntentError("profile-exists");
  }

  // ---- linking this device to somebody's account

  async #enterLinkCode(input: IntentInput<"enterLinkCode">): Promise<void> {
    this.#refuseProfile();
    this.#newDevice ??= (await this.#loadConversations()).newDevice({
      ...this.#ports,
      topics: this.#topics,
      openSession: async (store) => this.#openSession(await this.#openAccount(store)),
      onLinked: async (session) => {
        this.#account = session.account;
        this.#session = session;
        this.#markAll();
      },
    });
    await this.#newDevice.enter(input);
  }

  async #acceptLink(): Promise<void> {
    if (this.#newDevice === null) throw new IntentError("link-none");
    await this.#newDevice.accept();
  }

  async #endLink(): Promise<void> {
    if (this.#session === null) return this.#newDevice?.end();
    await this.#session.started;
    await this.#session.intents.endLink({});
  }

  // ---- opening and closing

  async #unlock({ passphrase }: IntentInput<"unlock">): Promise<void> {
    if (!this.#isLocked) return;
    // First: a store that has been opened for nobody would stay so.
    await this.#loadConversations();
    await this.#open(await this.#ports.stores.open(passphrase));
  }

  async #lock(): Promise<void> {
    if ((await this.#ports.stores.state()) !== "passphrase") return;
    await this.#closeAccount();
    this.#isLocked = true;
    this.#markAll();
  }

  /** Where what lies in the store cannot be read, it is closed, and all is as before: locked where it was locked. */
  async #open(store: Store): Promise<void> {
    const opened = await this.#takeUp(store).catch(async (error: unknown) => {
      await store.close().catch(() => {});
      throw error;
    });
    this.#isLocked = false;
    this.#session = opened;
    this.#account = opened?.account ?? null;
    this.#markAll();
  }

  async #takeUp(store: Store): Promise<Session | null> {
    const isLinking = (await store.document(LINKING_DOCUMENT)) !== null;
    if (isLinking || (await store.document(PROFILE_DOCUMENT)) === null) {
      // A crash came between making the store and saving the profile, or being let in: there is nothing in it yet.
      await store.close();
      await this.#ports.stores.destroy();
      return null;
    }
    const account = await this.#openAccount(store);
    return this.#openSession(account).catch(async (error: unknown) => {
      await account.close().catch(() => {});
      throw error;
    });
  }

  #openAccount(store: Store): Promise<Account> {
    return Account.open({ ...this.#ports, store, topics: this.#topics });
  }

  async #openSession(account: Account): Promise<Session> {
    const { openSession } = await this.#loadConversations();
    return openSession({ ...this.#ports, account, feed: this.#feed });
  }

  async #closeAccount(): Promise<void> {
    await (this.#session ?? this.#account)?.close();
    this.#session = null;
    this.#account = null;
  }

  #markAll(): void {
    for (const topic of [
      "profile",
      "chats",
      "requests",
      "invitations",
      "network",
      "backup",
      "recovery",
      "link",
      "devices",
      "joining",
    ])
      this.#topics.mark(topic);
  }

  /** Undefined where there is no such group; null is what there is to see of a recovery that never was. */
  #viewOf(query: Query): ViewTypes[keyof ViewTypes] | undefined {
    if (query.view === "messages") return undefined;
    if (query.view !== "group") return this.#view(query.view);
    const chat = this.#session?.chats.get(query.chat);
    return chat === undefined || chat.kind !== "group" ? undefined : chat.groupView();
  }

  #view(view: SoleView): ViewTypes[keyof ViewTypes] {
    const open = this.#session ?? this.#account;
    if (open !== null) return open.view(view);
    const profile: ProfileView = { state: this.#isLocked ? "locked" : "none" };
    if (view === "profile") return profile;
    if (view === "link") return this.#newDevice?.view() ?? { kind: "none" };
    if (view === "devices") return NO_DEVICES;
    if (view === "network") return NO_NETWORK;
    if (view === "backup") return { state: "none" };
    if (view === "recovery") return null;
    return [];
  }
}

const NO_NETWORK: ViewTypes["network"] = {
  nodes: [],
  relays: [],
  whenNoRelay: "wait",
  isSingleNode: false,
  isLocalOnly: false,
  clockError: null,
};

const READING: ReadonlySet<keyof SessionIntents> = new Set([
  "messages",
  "messagesAfter",
  "messagesAround",
  "pinnedMessages",
  "search",
]);

const isSessionIntent = (intents: SessionIntents, intent: IntentName): intent is keyof SessionIntents =>
  Object.hasOwn(intents, intent);

const STORE_ERRORS = {
  "wrong-passphrase": "wrong-passphrase",
  "passphrase-needed": "locked",
  "store-damaged": "store-damaged",
  "store-newer-version": "store-newer-version",
  "store-full": "store-full",
  "store-in-use": "store-in-use",
  "store-missing": "internal",
  "store-failed": "internal",
} as const;

function toIntentError(error: unknown): IntentError {
  if (error instanceof IntentError) return error;
  if (error instanceof StoreError) return new IntentError(STORE_ERRORS[error.code], error);
  return new IntentError("internal", error);
}
