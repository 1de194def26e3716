/**
 * The client as a whole: opens the store, keeps one session while it is open, and hands intents and watches to it.
 */
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupCipher, GroupRules } from "@xchat/protocol";
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
  #session: Session | null = null;
  #isLocked = false;

  constructor(ports: ClientPorts) {
    this.#ports = ports;
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
      if (isWatching) listener(this.#view(query.view as Exclude<Query["view"], "messages">) as ViewTypes[Q["view"]]);
    };
    const stop = this.#topics.watch(query.view, send);
    queueMicrotask(send);
    return () => {
      isWatching = false;
      stop();
    };
  }

  async close(): Promise<void> {
    await this.#lifecycle.run(async () => {
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
      default:
        if (this.#session === null) throw new IntentError(this.#isLocked ? "locked" : "profile-missing");
        return this.#session.intents[intent](input) as Promise<unknown>;
    }
  }

  async #createProfile({ name, passphrase }: IntentInput<"createProfile">): Promise<void> {
    if (this.#session !== null || this.#isLocked) throw new IntentError("profile-exists");
    checkPassphrase(passphrase);
    const profile = await newProfile(this.#ports, name);
    const store = await this.#ports.stores.create(passphrase);
    await store.write(profile);
    await this.#open(store);
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
    if ((await store.document(PROFILE_DOCUMENT)) === null) {
      // A crash came between making the store and saving the profile: there is nothing in it yet.
      await store.close();
      await this.#ports.stores.destroy();
    } else {
      this.#session = await Session.open({ ...this.#ports, store, topics: this.#topics, feed: this.#feed });
    }
    this.#markAll();
  }

  #markAll(): void {
    for (const topic of ["profile", "chats", "requests", "invitations", "network"]) this.#topics.mark(topic);
  }

  #view(view: Exclude<Query["view"], "messages">): ViewTypes[keyof ViewTypes] {
    if (this.#session !== null) return this.#session.view(view);
    const profile: ProfileView = { state: this.#isLocked ? "locked" : "none" };
    if (view === "profile") return profile;
    if (view === "network") return { nodes: [], isSingleNode: false, isLocalOnly: false, clockError: null };
    return [];
  }
}

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
