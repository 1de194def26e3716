/**
 * A simulated world: people with real clients, nodes, a network and a clock, all from one seed. What is done in it comes
 * from the table in `actions.ts`; what must hold is in `ledger.ts` and `settle.ts`.
 */
import { IntentError, type PairChatView, type ClientApi } from "@xchat/client/api";
import { CheapKeys, cheapCryptoProvider, seededCryptoProvider } from "@xchat/crypto/simulation";
import type { CryptoProvider } from "@xchat/crypto";
import { memoryNodes, type MemoryNode } from "../memory-nodes.ts";
import { deviceName, ownerOf, SimDevice } from "./device.ts";
import { DirectNetwork } from "./direct.ts";
import { QuickDisk, RealDisk } from "./disk.ts";
import { GroupBook } from "./group-book.ts";
import { Household } from "./household.ts";
import { KeyWatch } from "./key-watch.ts";
import { Ledger, MARK, Shown } from "./ledger.ts";
import { Network } from "./network.ts";
import { dishonest, honestly, type NodeBehaviour } from "./node-behaviour.ts";
import { planOf, type PersonPlan, type Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { Schedule } from "./schedule.ts";
import { Trace } from "./trace.ts";

export const START = 1_795_512_600_000;

export interface WorldInput {
  readonly seed: number;
  readonly suite: "cheap" | "real";
  readonly isVerbose?: boolean;
  /** Whether disks are copied and put back. */
  readonly hasOldCopies?: boolean;
  /** Whether there are groups. The seed decides where it is not said. */
  readonly hasGroups?: boolean;
  /** Whether people have several devices. */
  readonly hasDevices?: boolean;
  /** Whether all nodes are down for days. */
  readonly hasDarkness?: boolean;
  /** Breaks something on purpose, to prove that it would be seen. */
  readonly sabotage?: Sabotage;
}

export interface Sabotage {
  readonly provider?: (provider: CryptoProvider) => CryptoProvider;
  /** Of every node. */
  readonly behaviour?: NodeBehaviour;
}

/** An invitation that somebody has made, and who has followed it. */
export interface Invited {
  readonly code: string;
  readonly from: SimDevice;
  readonly isLasting: boolean;
  readonly at: number;
  readonly followers: Set<string>;
}

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export class World {
  readonly random: Random;
  readonly schedule = new Schedule(START);
  readonly groups = new GroupBook();
  /** That anybody has set out to make. */
  groupCount = 0;
  readonly household = new Household(() => this.schedule.now);
  readonly ledger = new Ledger(
    (chat, device) => this.groups.wasWantedOut(chat, ownerOf(device)) || this.household.isOutByName(device),
  );
  /** All nodes are down, until a time that was drawn. */
  isDark = false;
  /** No more faults: it is looked at whether all come together. */
  isMended = false;
  readonly trace: Trace;
  readonly plan: Plan;
  readonly nodes: readonly MemoryNode[];
  readonly network: Network;
  readonly direct: DirectNetwork;
  readonly devices: SimDevice[];
  /** By device and chat. */
  readonly shown = new Map<SimDevice, Map<string, Shown>>();
  readonly chats = new Map<SimDevice, readonly PairChatView[]>();
  /** Devices that went on from an old copy of their disk. */
  readonly restored = new Set<SimDevice>();
  /** Codes of invitations that have been given to somebody. */
  readonly codes: Invited[] = [];
  /** Requests that have been made, by the chat that waits for the answer. */
  readonly requests = new Map<string, { readonly invited: Invited; readonly by: SimDevice }>();
  /** `inviter/follower`: answered with a no. */
  readonly declined = new Set<string>();
  delivered = 0;
  readonly #keys = new CheapKeys();
  /** By chat of two and person, names of devices. */
  readonly #founders = new Map<string, Map<string, string>>();
  readonly #watches = new Map<string, KeyWatch>();
  readonly #suite: WorldInput["suite"];
  readonly #seed: number;
  readonly #sabotage: Sabotage;
  readonly #problems: string[] = [];

  constructor(input: WorldInput) {
    const { seed, suite, isVerbose = false, hasOldCopies = false, sabotage = {} } = input;
    const { hasGroups = isOfGroups(seed), hasDevices = false, hasDarkness = false } = input;
    this.#seed = seed;
    this.#suite = suite;
    this.#sabotage = sabotage;
    this.random = new Random(seed, "world");
    this.plan = planOf(new Random(seed, "plan"), { hasOldCopies, hasGroups, hasDevices, hasDarkness });
    this.trace = new Trace(isVerbose);
    const { sha256 } = this.#provider("nodes");
    this.nodes = memoryNodes(this.plan.nodes, () => this.schedule.now, undefined, sha256);
    this.direct = new DirectNetwork({
      schedule: this.schedule,
      random: new Random(seed, "direct"),
      onWire: (device, bytes) => this.#onWire(device, bytes),
      onDelivered: (device, bytes) => {
        if (bytes.length < SMALLEST_ENVELOPE) return;
        this.delivered++;
        this.note(`${device} is given one directly`);
      },
    });
    this.network = this.#makeNetwork();
    this.devices = this.plan.people.map((person) => this.#makeDevice(person, person.name));
  }

  /** One more machine of this person, with nothing on it. */
  addDevice(person: string): SimDevice {
    const plan = this.plan.people.find(({ name }) => name === person) as PersonPlan;
    const number = this.devices.filter((device) => device.person === person).length + 1;
    const device = this.#makeDevice(plan, deviceName(person, number));
    this.devices.push(device);
    this.household.isNew(device);
    return device;
  }

  /** Those that belong to somebody, and are to stay. */
  get present(): readonly SimDevice[] {
    return this.devices.filter((device) => this.household.isIn(device));
  }

  /** Of a chat of two: the first device of each. */
  foundersOf(chat: string): ReadonlySet<string> {
    return new Set(this.#founders.get(chat)?.values());
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Generations of MLS ratchets that have left a device. */
  get generations(): number {
    return [...this.#watches.values()].reduce((sum, watch) => sum + watch.used, 0);
  }

  tell(line: string): void {
    this.trace.tell(this.schedule.now - START, line);
  }

  note(line: string): void {
    this.trace.note(this.schedule.now - START, line);
  }

  violated(problem: string): void {
    this.tell(`VIOLATION ${problem}`);
    this.#problems.push(problem);
  }

  /** @throws Violation with the first thing that went wrong. */
  check(): void {
    const [first] = this.#problems;
    if (first !== undefined) throw new Violation(first);
  }

  /** Work that goes on in the world. A refusal with words is part of life; anything else is not. */
  run(what: string, work: Promise<unknown>): void {
    work.then(
      () => this.note(`done: ${what}`),
      (error: unknown) => {
        if (error instanceof IntentError && !UNEXPECTED.has(error.code)) this.tell(`${what}: ${error.code}`);
        else this.violated(`${what} failed: ${describeError(error)}`);
      },
    );
  }

  switchOn(device: SimDevice): void {
    this.tell(`${device.name} is switched on`);
    this.run(`${device.name} starts`, device.switchOn());
  }

  shownBy(device: SimDevice, chat: string): Shown {
    const chats = this.shown.get(device) ?? new Map<string, Shown>();
    this.shown.set(device, chats);
    const shown = chats.get(chat) ?? new Shown(device.name);
    chats.set(chat, shown);
    return shown;
  }

  behaviourOf(node: MemoryNode): NodeBehaviour {
    if (this.#sabotage.behaviour !== undefined) return this.#sabotage.behaviour;
    return node === this.nodes[this.plan.dishonestNode ?? -1] ? this.#dishonest : honestly;
  }

  // ---- below: making

  get #dishonest(): NodeBehaviour {
    this.#dishonestBehaviour ??= dishonest(new Random(this.#seed, "dishonest"), this.schedule);
    return this.#dishonestBehaviour;
  }
  #dishonestBehaviour: NodeBehaviour | null = null;

  #makeNetwork(): Network {
    return new Network({
      schedule: this.schedule,
      random: new Random(this.#seed, "network"),
      weather: this.plan.weather,
      nodes: this.nodes,
      behaviourOf: (node) => this.behaviourOf(node),
      onDelivered: (device, node, envelopes) => {
        this.delivered += envelopes.length;
        for (const { envelope } of envelopes) this.note(`${device} < ${node.slice(15, 19)} ${firstOf(envelope)}`);
      },
      onWire: (device, bytes) => this.#onWire(device, bytes),
      note: (line) => this.note(line),
    });
  }

  #makeDevice({ name: person, nodes, clockError }: PersonPlan, name: string): SimDevice {
    const watch = new KeyWatch((generation) =>
      this.violated(
        `[IN7] ${name} used a generation twice: ${Buffer.from(generation, "latin1").toString("hex").slice(0, 16)}`,
      ),
    );
    this.#watches.set(name, watch);
    return new SimDevice({
      name,
      person,
      isSpare: name !== person,
      schedule: this.schedule,
      random: new Random(this.#seed, `device ${name}`),
      disk: this.#suite === "cheap" ? new QuickDisk() : new RealDisk(),
      provider: watch.watch(this.#provider(name)),
      nodes: nodes.map((index) => (this.nodes[index] as MemoryNode).hint),
      clockError,
      connector: (device, boot) => this.network.connector(device, boot),
      direct: this.plan.hasDirect ? (device, boot) => this.direct.transport(device, boot) : null,
      onOn: (device, api) => this.#onOn(device, api),
      onCrash: (device) => this.tell(`${device.name} loses power`),
    });
  }

  /** For whoever only looks: what it draws is nobody's. */
  get plainProvider(): CryptoProvider {
    return this.#provider("observer");
  }

  #provider(name: string): CryptoProvider {
    const { word } = new Random(this.#seed, `provider ${name}`);
    const provider = this.#suite === "cheap" ? cheapCryptoProvider(this.#keys, word) : seededCryptoProvider(word);
    return this.#sabotage.provider?.(provider) ?? provider;
  }

  // ---- below: watching

  #onWire(device: string, bytes: Uint8Array): void {
    this.#watches.get(device)?.left(bytes);
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(MARK))
      this.violated(`[IN6] ${device} sent plaintext`);
  }

  #onOn(device: SimDevice, api: ClientApi): void {
    this.tell(`${device.name} is on`);
    const watched = new Set<string>();
    api.watch({ view: "profile" }, (profile) => {
      if (profile.state === "ready") this.groups.introduce(profile.accountId, device.person);
      if (device.api === api) this.household.showsProfile(device, profile.state === "ready");
    });
    if (this.plan.hasDevices) this.#watchDevices(device, api);
    api.watch({ view: "chats" }, (shown) => {
      if (device.api !== api) return;
      this.chats.set(
        device,
        shown.filter((chat) => chat.kind === "pair"),
      );
      this.groups.showsChats(
        device,
        shown.filter((chat) => chat.kind === "group"),
      );
      for (const { id, kind } of shown) {
        if (kind === "pair") this.#founded(id, device);
        if (watched.has(id)) continue;
        watched.add(id);
        if (kind === "group") {
          api.watch({ view: "group", chat: id }, (view) => {
            if (device.api === api) this.groups.shows(device, id, view);
          });
        }
        this.run(`${device.name} reads its store`, this.#watchMessages(device, api, id));
      }
    });
  }

  #watchDevices(device: SimDevice, api: ClientApi): void {
    api.watch({ view: "devices" }, (view) => {
      if (device.api === api) this.household.shows(device, view);
    });
    api.watch({ view: "link" }, (view) => {
      if (device.api !== api) return;
      this.note(`${device.name} shows the link as ${view.kind}`);
      this.household.showsLink(device, view);
    });
  }

  #founded(chat: string, device: SimDevice): void {
    const founders = this.#founders.get(chat) ?? new Map<string, string>();
    this.#founders.set(chat, founders);
    if (!founders.has(device.person)) founders.set(device.person, device.name);
  }

  /** What was shown before it was switched off is there again. */
  async #watchMessages(device: SimDevice, api: ClientApi, chat: string): Promise<void> {
    api.watch({ view: "messages", chat }, ({ changed, removed }) => {
      if (device.api !== api) return;
      for (const { content } of changed) {
        if (content.kind === "text") this.tell(`${device.name} shows ${content.text.slice(MARK.length + 1)}`);
        else this.note(`${device.name} shows ${content.kind}`);
      }
      this.#showed(device, chat, this.ledger.show(chat, this.shownBy(device, chat), changed, removed));
    });
    const shown = this.shownBy(device, chat);
    const before = [...shown.messages.values()];
    const now = new Map((await allMessages(device, chat)).map((message) => [message.id, message]));
    const gone = before.filter((message) => !now.has(message.id) && !this.ledger.mayGo(message));
    for (const { id } of gone) this.violated(`[IN1] ${device.name} lost what it had shown: ${id}`);
    this.#showed(device, chat, this.ledger.show(chat, shown, [...now.values()], []));
  }

  #showed(device: SimDevice, chat: string, problems: readonly string[]): void {
    for (const problem of problems) this.violated(`${problem} (${device.name}, ${chat.slice(0, 6)})`);
  }
}

/** Which seeds are worlds with groups. */
const isOfGroups = (seed: number): boolean => new Random(seed, "kind").chance(0.25);

const SMALLEST_ENVELOPE = 8_192;
const PAGE = 200;

/** What a person is never to see: a fault of ours. */
const UNEXPECTED: ReadonlySet<string> = new Set(["internal", "store-damaged", "store-full", "store-in-use", "locked"]);

export async function allMessages(
  device: SimDevice,
  chat: string,
): Promise<Awaited<ReturnType<typeof pageOf>>["messages"]> {
  const messages: Awaited<ReturnType<typeof pageOf>>["messages"][number][] = [];
  for (let before: string | null = null; ;) {
    const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(device, chat, before);
    messages.unshift(...page.messages);
    if (!page.hasOlder) return messages;
    before = page.messages[0]?.order ?? null;
  }
}

const pageOf = (device: SimDevice, chat: string, before: string | null) =>
  device.call("messages", { chat, before, limit: PAGE });

const firstOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 8)).toString("hex");

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` because ${describeError(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
