/**
 * The person's devices as a whole, in an open session: the conversation that they share, the registers in it, what they
 * hand to each other, and the work that follows a change of their list (spec/devices.md, sections 8 to 10).
 *
 * What they ask of each other and hand over is in `exchange.ts`.
 *
 * SB2 A device that is not listed any more stops: it reads and sends nothing, and keeps what it has. So does one that has
 *     been taken out of the conversation of the own devices: what would have told it of the list may not reach it there.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  decodeBody,
  decodeDeviceIntroduction,
  decodeNewcomer,
  DEVICE_SUPPLY_BODY_KIND,
  encodeGroupState,
  isListedDevice,
  newDevicesState,
  readRegister,
  writeRegister,
  type KeyPackageBundle,
  type Newcomer,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { Lane } from "../base/lane.ts";
import { readAccountId } from "../chat/authors.ts";
import { Chat } from "../chat/chat.ts";
import { sideOf } from "../chat/epochs.ts";
import { newConversation } from "../chat/new-chat.ts";
import { NEWCOMER_DUE, newcomerDone } from "../chat/own-devices.ts";
import type { Step } from "../chat/step.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { EventRecord, PartRecord, StoreChange, Timer } from "../ports.ts";
import type { SiblingHooks } from "../session-core.ts";
import { AccountChain } from "./account-chain.ts";
import { DeviceWorkDriver } from "./device-work-driver.ts";
import { Exchange, type ExchangeHost, type Shared } from "./exchange.ts";
import { GivenWelcomes } from "./given-welcomes.ts";
import { History, historyOffered } from "./history.ts";
import type { LocalHost } from "./local-host.ts";
import { LocalRegisters } from "./local-registers.ts";
import { RegisterMirror } from "./register-mirror.ts";
import { RegisterSync } from "./register-sync.ts";
import { SiblingStock } from "./sibling-stock.ts";
import { Supply } from "./supply.ts";
import { workHost } from "./work-host.ts";

const MAX_HOME_NODES = 3;
/** So long a device that came in waits for the registers before it asks for them. */
const SNAPSHOT_PATIENCE = 60_000;
/** Topics whose marks can mean that something of the registers has changed. */
const WATCHED = ["chats", "profile", "network", "backup", "marks"];
const OF_DEVICES = { accountId: "", state: "active" } as const;

export interface SiblingsHost extends ExchangeHost, LocalHost {
  revokeInvitations(): Promise<void>;
  /** The account's list of devices is another one. */
  chainChanged(): void;
  /** SB2. */
  stop(): void;
}

export class Siblings implements SiblingHooks {
  readonly chain: AccountChain;
  readonly work: DeviceWorkDriver;
  readonly #host: SiblingsHost;
  readonly #lane = new Lane();
  readonly #exchange: Exchange;
  readonly history: History;
  #shared: Shared | null = null;
  #local: LocalRegisters | null = null;
  #stopWatching: readonly (() => void)[] = [];
  #hasStopped = false;
  #asking: Timer | null = null;

  constructor(host: SiblingsHost) {
    this.#host = host;
    this.chain = new AccountChain(host.core, new Lane(), {
      setProfile: (part) => host.setProfile(part),
      onChange: (hasOtherWords) => this.#chainChanged(hasOtherWords),
    });
    this.work = new DeviceWorkDriver(workHost(host, this));
    this.#exchange = new Exchange(host, {
      shared: () => this.#shared,
      ownDevice: () => this.chain.ownDevice,
      isListed: (device) => this.#isListed(device),
      onChange: () => this.work.look(),
    });
    this.history = new History({
      core: host.core,
      chats: host.chats,
      shared: () => this.#shared,
      ownDevice: () => this.chain.ownDevice,
      isListed: (device) => this.#isListed(device),
    });
  }

  // ---- opening and closing

  /** `chat`: the conversation of the own devices, where there is one. */
  async load(chat: Chat | null): Promise<void> {
    await this.chain.load();
    if (chat !== null) await this.#begin(chat, true);
  }

  /** After all chats have been loaded. */
  async start(): Promise<void> {
    if (this.isRemoved) return this.#stop();
    const shared = this.#shared;
    if (shared === null) return;
    await shared.chat.start();
    await this.history.begin(shared.chat.id, await this.#parts(shared.chat.id));
    await this.#exchange.resume();
    this.#watch();
    shared.mirror.touch();
    this.#askLater(shared);
    this.work.look();
  }

  get shared(): Shared | null {
    return this.#shared;
  }

  /** SB2. */
  get isRemoved(): boolean {
    return this.chain.isRemoved || this.#shared?.chat.record.state === "ended";
  }

  async close(): Promise<void> {
    for (const stop of this.#stopWatching) stop();
    this.#asking?.cancel();
    this.#local?.close();
    await this.work.close();
    await this.history.close();
    await this.#shared?.mirror.close();
    this.#shared?.chat.close();
    await this.#shared?.chat.idle();
    await this.#lane.idle();
    await this.#exchange.idle();
  }

  chatOf(id: string): Chat | undefined {
    return this.#shared?.chat.id === id ? this.#shared.chat : undefined;
  }

  // ---- the conversation of the own devices

  /** The one that is there, or a new one of this device alone. */
  open(): Promise<Shared> {
    return this.#lane.run(async () => {
      if (this.#shared !== null) return this.#shared;
      const { core } = this.#host;
      const { provider, cipher, profile, pool } = core;
      const policy = newDevicesState({
        owner: readAccountId(profile().accountId),
        homeNodes: pool.own.slice(0, MAX_HOME_NODES),
        rejoinSeed: bytesToHex(provider.randomBytes(32)),
      });
      const group = await cipher.createGroup({
        groupId: provider.randomBytes(32),
        keyPackage: await newKeyPackage(core, false),
        policy: encodeGroupState(policy),
      });
      return this.#saveAndBegin(await newConversation(core, group, { record: OF_DEVICES }), true, []);
    });
  }

  /** DV10: answers when nothing can undo the addition any more. */
  async welcome(deviceKey: Uint8Array, keyPackage: Uint8Array): Promise<Newcomer> {
    const { chat } = await this.open();
    const device = bytesToHex(deviceKey);
    await chat.devices.change({ kind: "add", packages: new Map([[device, keyPackage]]) });
    const id = `${chat.id}/${NEWCOMER_DUE}/${device}`;
    const due = await this.#host.core.store.get("part", id);
    if (due === null) throw new IntentError("internal");
    await this.#host.core.store.write([newcomerDone(chat.id, device)]);
    return newcomerOf(due.value);
  }

  /** It has joined: it lacks all that is in the registers, and is in none of the other conversations. */
  async linked(deviceKey: Uint8Array, name: string): Promise<void> {
    const { sync } = await this.open();
    this.#watch();
    await this.nameDevice(bytesToHex(deviceKey), name);
    await this.#shared?.mirror.run();
    await sync.sendSnapshot();
    this.work.look();
  }

  /** DV13: false when it does not open, or when somebody else than devices of this account is in it. */
  async joinSelf(newcomer: Newcomer, keyPackage: KeyPackageBundle, done: readonly StoreChange[]): Promise<boolean> {
    const { core } = this.#host;
    const introduction = decodeDeviceIntroduction(newcomer.introduction);
    const joined = await core.cipher.join(newcomer.welcome, keyPackage);
    if (!joined.ok || !introduction.ok) return false;
    const side = sideOf(core.cipher, joined.value);
    const isOurs = side.leaves.every(({ account }) => account === core.profile().accountId);
    if (side.state.kind !== "devices" || !isOurs) return false;
    const begun = await newConversation(core, joined.value, { record: OF_DEVICES, start: introduction.value });
    this.#askLater(await this.#saveAndBegin(begun, false, [...done, historyOffered]));
    this.#watch();
    // It may be closed the next moment.
    core.background.run(this.#exchange.tend());
    return true;
  }

  /** DV28: the device that has linked this one may never have heard that it is in, and then sends none by itself. */
  #askLater({ sync }: Shared): void {
    if (sync.isSettled) return;
    const { background, clock } = this.#host.core;
    this.#asking = clock.after(SNAPSHOT_PATIENCE, () => {
      if (!sync.isSettled && !this.isRemoved) background.run(sync.askForSnapshot());
    });
  }

  /** DV38: devices whose leaf in this conversation leads nowhere. */
  unopened({ id, devices }: Chat): readonly string[] {
    const isUnopened = (device: string): boolean =>
      this.#shared?.given.isUnopened({ device, conversation: id }, devices.leafOf(device)) === true;
    return devices.own.filter(isUnopened);
  }

  /** Called from time to time: what is in stock grows old. */
  tidy(): Promise<void> {
    return this.isRemoved ? Promise.resolve() : this.#exchange.tend();
  }

  // ---- names

  nameOf(device: string): string | null {
    const key = { deviceKey: toBytes(device) };
    const told = this.#shared === null ? null : readRegister(this.#shared.sync.state, "device-name", key);
    if (told !== null) return told.name;
    return device === this.chain.ownDevice ? this.#host.core.profile().deviceName : null;
  }

  async nameDevice(device: string, name: string): Promise<void> {
    if (device === this.chain.ownDevice) await this.#host.setProfile({ deviceName: name });
    const write = writeRegister("device-name", { deviceKey: toBytes(device) }, { name });
    await this.#shared?.sync.write([write]);
    this.#host.core.topics.mark("devices");
  }

  // ---- hooks of conversations

  heard(step: Step, record: EventRecord): void {
    const shared = this.#shared;
    const body = record.body === null ? null : decodeBody(record.body);
    if (shared === null || body === null || !body.ok || typeof body.value.kind !== "number") return;
    const { kind, content } = body.value;
    const stamp = { author: record.author, depth: record.depth };
    if (kind === DEVICE_SUPPLY_BODY_KIND) return this.#exchange.heard(step, record.id, { content, ...stamp });
    const { changes, after } = shared.sync.take({ kind, content }, stamp);
    step.changes.push(...changes);
    step.after.push(after);
  }

  groupChanged(): void {
    this.#host.core.topics.mark("devices");
    if (this.#shared === null) return;
    if (this.isRemoved) return this.#stop();
    this.#host.core.background.run(this.#exchange.tend());
    this.work.look();
  }

  historyCame(leafKey: string, content: Uint8Array): void {
    this.history.came(leafKey, content);
  }

  chainShown(chain: Uint8Array): void {
    this.#host.core.background.run(this.chain.learn(chain));
  }

  // ---- below

  async #saveAndBegin(
    { state, changes }: Awaited<ReturnType<typeof newConversation>>,
    isSettled: boolean,
    more: readonly StoreChange[],
  ): Promise<Shared> {
    const { core } = this.#host;
    const chat = new Chat(core, state);
    const shared = await this.#begin(chat, isSettled);
    await core.store.write([...changes, shared.sync.beginning(), ...more]);
    await chat.start();
    await this.history.begin(chat.id, []);
    return shared;
  }

  async #begin(chat: Chat, isSettled: boolean): Promise<Shared> {
    const { core } = this.#host;
    const { provider, clock, background, store, topics } = core;
    const sync = new RegisterSync(
      {
        provider,
        now: () => clock.now(),
        onNews: () => {
          topics.mark("devices");
          this.#shared?.mirror.news();
        },
        onSupply: () => {},
      },
      { id: chat.id, append: (bodies, fold) => chat.devices.append(bodies, fold) },
      isSettled,
    );
    const stock = new SiblingStock({
      core,
      self: chat.id,
      devices: chat.devices,
      isListed: (device) => this.#isListed(device),
    });
    const supply = new Supply({ core, self: chat.id, stock });
    const given = new GivenWelcomes(chat.id);
    const parts = await this.#parts(chat.id);
    for (const one of [sync, supply, given]) one.load(parts);
    await stock.load(parts);
    const local = new LocalRegisters(this.#host, () => this.chain.ownDevice);
    await local.load();
    this.#local = local;
    const mirror = new RegisterMirror({ clock, background, sync, local, save: (changes) => store.write(changes) });
    this.#shared = { chat, sync, mirror, supply, stock, given };
    return this.#shared;
  }

  #isListed(device: string): boolean {
    return isListedDevice(this.chain.identity, toBytes(device));
  }

  async #parts(id: string): Promise<readonly PartRecord[]> {
    return (await this.#host.core.store.all("part")).filter(({ conversationId }) => conversationId === id);
  }

  /** What a person changes here is a change of one of these views. */
  #watch(): void {
    if (this.#stopWatching.length > 0) return;
    const { topics } = this.#host.core;
    const touch = (): void => this.#shared?.mirror.touch();
    this.#stopWatching = WATCHED.map((topic) => topics.watch(topic, touch));
  }

  #chainChanged(hasOtherWords: boolean): void {
    this.#host.chainChanged();
    if (hasOtherWords && this.#local !== null) this.#host.core.background.run(this.#local.wordsChanged());
    if (this.isRemoved) return this.#stop();
    this.work.look();
  }

  #stop(): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    this.#host.stop();
  }
}

const toBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "device");

function newcomerOf(value: Uint8Array): Newcomer {
  return expectOk(decodeNewcomer(value), "newcomer");
}
