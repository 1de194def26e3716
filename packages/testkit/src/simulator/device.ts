/** A device of a simulated world: the real client on a disk that outlives it, switched on and off by the world. */
import { createClient, type Client } from "@xchat/client";
import type { ClientApi, IntentInput, IntentName, IntentOutput } from "@xchat/client/api";
import { conversations } from "@xchat/client/conversations";
import type {
  Clock,
  DirectTransport,
  GroupRecord,
  NodeConnector,
  NodeHint,
  Store,
  StoreOpener,
} from "@xchat/client/ports";
import type { CryptoProvider } from "@xchat/crypto";
import { mlsGroupCipher } from "@xchat/mls";
import { Boot, NEVER } from "./boot.ts";
import type { SimDisk } from "./disk.ts";
import type { Random } from "./random.ts";
import type { Cancel, Schedule } from "./schedule.ts";

export interface DeviceInput {
  readonly name: string;
  /** Whose it is; what others see. */
  readonly person: string;
  /** It belongs to nobody until it is linked. */
  readonly isSpare: boolean;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly disk: SimDisk;
  readonly provider: CryptoProvider;
  readonly nodes: readonly NodeHint[];
  /** By how much its clock is wrong, in milliseconds. */
  readonly clockError: number;
  readonly connector: (device: string, boot: Boot) => NodeConnector;
  readonly direct: ((device: string, boot: Boot) => DirectTransport) | null;
  readonly onOn: (device: SimDevice, api: ClientApi) => void;
  readonly onCrash: (device: SimDevice) => void;
}

const SYNC = [0, 4] as const;

/** The first device of a person has their name, and each other one a number too. */
export const deviceName = (person: string, number: number): string => (number === 1 ? person : `${person}.${number}`);
export const ownerOf = (device: string): string => device.split(".")[0] as string;

export class SimDevice {
  readonly name: string;
  readonly person: string;
  readonly isSpare: boolean;
  /** Images of its disk, oldest first, with what belongs to them. */
  readonly images: { readonly disk: SimDisk; readonly at: number }[] = [];
  readonly #input: DeviceInput;
  #disk: SimDisk;
  #boot: Boot | null = null;
  #client: Client | null = null;
  #store: Store | null = null;
  #wayDown: Promise<unknown> = Promise.resolve();

  constructor(input: DeviceInput) {
    this.#input = input;
    this.name = input.name;
    this.person = input.person;
    this.isSpare = input.isSpare;
    this.#disk = input.disk;
  }

  /** Where it stands in a conversation, as it has saved it. */
  async peek(conversation: string): Promise<GroupRecord | null> {
    return this.#disk.peek(conversation, this.#store);
  }

  /** Its client, once that is there. */
  get api(): ClientApi | null {
    return this.#boot?.isAlive === true ? (this.#client?.api ?? null) : null;
  }

  get isOff(): boolean {
    return this.#boot === null;
  }

  get store(): Store | null {
    return this.#store;
  }

  /** Resolves when it is on; never, when it crashes on the way. */
  async switchOn(): Promise<void> {
    if (this.#boot !== null) return;
    const boot = new Boot(() => this.#crashed(boot));
    this.#boot = boot;
    await this.#wayDown;
    const client = await boot.answer(this.#start(boot));
    this.#client = client;
    this.#input.onOn(this, client.api);
  }

  /** In order: what is under way is saved. */
  async switchOff(): Promise<void> {
    const [boot, client] = [this.#boot, this.#client];
    if (boot === null || client === null || !boot.isAlive) return;
    this.#client = null;
    await boot.answer(client.close());
    boot.end();
    this.#gone();
  }

  /** The power goes at the n-th effect from now on. */
  failAfter(effects: number): void {
    this.#boot?.failAfter(effects);
  }

  crash(): void {
    this.#boot?.crash();
  }

  /** Keeps an image of its disk as it is now. */
  takeImage(): void {
    this.images.push({ disk: this.#disk.image(), at: this.#input.schedule.now });
  }

  /** In place of its disk another one, while it is off. */
  putDisk(disk: SimDisk): void {
    this.#disk = disk.image();
  }

  /** Calls an intent; null when the device is gone before it is answered. */
  async call<N extends IntentName>(name: N, input: IntentInput<N>): Promise<IntentOutput<N>> {
    const { api } = this;
    const boot = this.#boot;
    if (api === null || boot === null) return NEVER;
    return boot.answer(api.call(name, input));
  }

  #crashed(boot: Boot): void {
    if (this.#boot !== boot) return;
    this.#wayDown = this.#disk.crash(this.#input.random, this.#store);
    this.#gone();
    this.#input.onCrash(this);
  }

  #gone(): void {
    this.#boot = null;
    this.#client = null;
    this.#store = null;
  }

  async #start(boot: Boot): Promise<Client> {
    const { provider, connector, direct, nodes, name, person, isSpare } = this.#input;
    const clock = this.#clock(boot);
    const stores = this.#stores(boot, clock);
    const client = await createClient({
      provider,
      loadConversations: async () => conversations((rules) => mlsGroupCipher({ provider, rules })),
      stores,
      connector: connector(name, boot),
      direct: direct?.(name, boot) ?? null,
      clock,
      deviceName: name,
      defaultNodes: async () => nodes,
      linkBase: null,
    });
    if (!isSpare && (await stores.state()) === "none") {
      await client.api.call("createProfile", { name: person, passphrase: null });
    }
    return client;
  }

  #clock(boot: Boot): Clock {
    const { schedule, clockError } = this.#input;
    return {
      now: () => schedule.now + clockError,
      after: (milliseconds, call): Cancel => schedule.after(milliseconds, () => boot.isAlive && call()),
    };
  }

  #stores(boot: Boot, clock: Clock): StoreOpener {
    const { schedule, random, provider } = this.#input;
    const inner = this.#disk.opener({
      provider,
      clock,
      synced: (call) => void schedule.after(random.between(...SYNC), () => boot.isAlive && call()),
    });
    const opened = async (opening: Promise<Store>): Promise<Store> => {
      const store = await boot.answer(schedule.outside(opening));
      this.#store = store;
      return storeOf(boot, store);
    };
    return {
      state: () => boot.answer(inner.state()),
      create: (passphrase) => opened(inner.create(passphrase)),
      open: (passphrase) => opened(inner.open(passphrase)),
      destroy: () => boot.answer(inner.destroy()),
    };
  }
}

/** The store as long as the program lives. Each write is two chances to lose power: before it is safe, and after. */
function storeOf(boot: Boot, inner: Store): Store {
  const write: Store["write"] = async (changes, meanwhile) => {
    if (!boot.effect()) return NEVER;
    await boot.answer(inner.write(changes, meanwhile));
    return boot.effect() ? undefined : NEVER;
  };
  return new Proxy(inner, {
    get: (store, name) => {
      if (name === "write") return write;
      const member = Reflect.get(store, name) as unknown;
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const answer: unknown = member.apply(store, args);
        return answer instanceof Promise ? boot.answer(answer) : answer;
      };
    },
  });
}
