/**
 * The client as a whole: opens the store, keeps one session while it is open, and hands intents and watches to it.
 */
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupCipher, GroupRules } from "@xchat/protocol";
import {
  IntentError,
  type ClientApi,
  type DevicesView,
  type IntentInput,
  type IntentName,
  type IntentOutput,
  type ProfileView,
  type Query,
  type ViewTypes,
} from "./api.ts";
import { backupId, forgetWords, searchBackups, type Search } from "./backup/search.ts";
import { restoredChanges } from "./backup/restore.ts";
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
import { LINKING_DOCUMENT, NewDevice } from "./devices/new-device.ts";
import type { SessionIntents } from "./intents.ts";
import { Session } from "./session.ts";

export interface ClientPorts {
  readonly provider: CryptoProvider;
  readonly cipher: (rules: GroupRules) => GroupCipher;
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
}

export interface Client {
  readonly api: ClientApi;
  /** Saves what is under way and lets go of the store. */
  close(): Promise<void>;
}

/** Before there is a profile. */
const NO_DEVICES: DevicesView = {
  devices: [],
  isRemoved: false,
  work: null,
  history: { take: null, give: [], isOffered: false },
};

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
  readonly #newDevice: NewDevice;
  #session: Session | null = null;
  #isLocked = false;
  #search: Search | null = null;

  constructor(ports: ClientPorts) {
    this.#ports = ports;
    this.#newDevice = new NewDevice({
      ...ports,
      topics: this.#topics,
      openSession: (store) => this.#openSession(store),
      onLinked: async (session) => {
        this.#session = session;
        this.#markAll();
      },
    });
  }

  async begin(): Promise<void> {
    const state = await this.#ports.stores.state();
    this.#isLocked = state === "passphrase";
    if (state === "open-key") await this.#open(await this.#ports.stores.open(null));
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
      this.#keepSearch(null);
      await this.#newDevice.close();
      await this.#session?.close();
      this.#session = null;
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
        return this.#lifecycle.run(async () => this.#keepSearch(null));
      case "enterLinkCode":
        return this.#lifecycle.run(() => this.#enterLinkCode(input));
      case "acceptLink":
        return this.#newDevice.accept();
      case "endLink":
        return this.#session === null ? this.#newDevice.end() : this.#session.intents.endLink(input);
      default:
        if (this.#session === null) throw new IntentError(this.#isLocked ? "locked" : "profile-missing");
        if (!isSessionIntent(this.#session.intents, intent)) throw new IntentError("chat-missing");
        return this.#session.intents[intent](input) as Promise<unknown>;
    }
  }

  async #createProfile({ name, passphrase }: IntentInput<"createProfile">): Promise<void> {
    this.#refuseProfile();
    checkPassphrase(passphrase);
    const profile = await newProfile(this.#ports, name);
    const store = await this.#ports.stores.create(passphrase);
    await store.write(profile);
    this.#keepSearch(null);
    await this.#open(store);
  }

  async #findBackups(input: IntentInput<"findBackups">): Promise<IntentOutput<"findBackups">> {
    this.#refuseProfile();
    this.#keepSearch(null);
    const search = await searchBackups(this.#ports, input);
    this.#keepSearch(search);
    return search.view;
  }

  async #recoverAccount({ backup, passphrase }: IntentInput<"recoverAccount">): Promise<void> {
    this.#refuseProfile();
    checkPassphrase(passphrase);
    const search = this.#search;
    const found = search?.choice.ranked ?? [];
    const chosen = found.find((one) => backupId(this.#ports.provider, one) === backup);
    if (search === null || chosen === undefined) throw new IntentError("backup-gone");
    const changes = await restoredChanges(this.#ports, { entropy: search.entropy, chosen, found });
    const store = await this.#ports.stores.create(passphrase);
    await store.write(changes);
    this.#keepSearch(null);
    await this.#open(store);
  }

  #refuseProfile(): void {
    if (this.#session !== null || this.#isLocked || this.#newDevice.isBusy) throw new IntentError("profile-exists");
  }

  async #enterLinkCode(input: IntentInput<"enterLinkCode">): Promise<void> {
    this.#refuseProfile();
    await this.#newDevice.enter(input);
  }

  #keepSearch(search: Search | null): void {
    forgetWords(this.#search);
    this.#search = search;
  }

  async #unlock({ passphrase }: IntentInput<"unlock">): Promise<void> {
    if (!this.#isLocked) return;
    await this.#open(await this.#ports.stores.open(passphrase));
  }

  async #lock(): Promise<void> {
    if ((await this.#ports.stores.state()) !== "passphrase") return;
    await this.#session?.close();
    this.#session = null;
    this.#isLocked = true;
    this.#markAll();
  }

  async #open(store: Store): Promise<void> {
    this.#isLocked = false;
    const isLinking = (await store.document(LINKING_DOCUMENT)) !== null;
    if (isLinking || (await store.document(PROFILE_DOCUMENT)) === null) {
      // A crash came between making the store and saving the profile, or being let in: there is nothing in it yet.
      await store.close();
      await this.#ports.stores.destroy();
    } else {
      this.#session = await this.#openSession(store);
    }
    this.#markAll();
  }

  #openSession(store: Store): Promise<Session> {
    return Session.open({ ...this.#ports, store, topics: this.#topics, feed: this.#feed });
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

  #view(view: Exclude<Query["view"], "messages" | "group">): ViewTypes[keyof ViewTypes] {
    if (this.#session !== null) return this.#session.view(view);
    const profile: ProfileView = { state: this.#isLocked ? "locked" : "none" };
    if (view === "profile") return profile;
    if (view === "link") return this.#newDevice.view();
    if (view === "devices") return NO_DEVICES;
    if (view === "network") return { nodes: [], isSingleNode: false, isLocalOnly: false, clockError: null };
    if (view === "backup") return { state: "none" };
    if (view === "recovery") return null;
    return [];
  }
}

const isSessionIntent = (intents: SessionIntents, intent: IntentName): intent is keyof SessionIntents =>
  Object.hasOwn(intents, intent);

const STORE_ERRORS = {
  "wrong-passphrase": "wrong-passphrase",
  "passphrase-needed": "locked",
  "store-damaged": "store-damaged",
  "store-newer-version": "store-newer-version",
  "store-full": "store-full",
  "store-in-use": "store-in-use",
  "store-failed": "internal",
} as const;

function toIntentError(error: unknown): IntentError {
  if (error instanceof IntentError) return error;
  if (error instanceof StoreError) return new IntentError(STORE_ERRORS[error.code], error);
  return new IntentError("internal", error);
}
