/**
 * What the person's devices ask of each other and hand over in the conversation that they share: key packages, Welcomes,
 * snapshots (spec/devices.md, DV33 and DV35 to DV38).
 *
 * SB1 What a sibling asks for or hands over is saved with the event that said so, and struck out once it is done: a crash
 *     loses none of it.
 * SB3 A device that is not listed any more is given nothing, whatever was under way for it.
 */
import { bytes, bytesToHex, decode, encode, expectOk, struct, text, uint } from "@xchat/codec";
import { decodeNewcomer, decodeSupply, encodeNewcomerPackage, type DeviceSupply, type Hex } from "@xchat/protocol";
import { Lane } from "../base/lane.ts";
import { Chat } from "../chat/chat.ts";
import { NEWCOMER_DUE, newcomerDone } from "../chat/own-devices.ts";
import type { Step } from "../chat/step.ts";
import type { PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { GivenWelcomes } from "./given-welcomes.ts";
import { joinBySibling } from "./join.ts";
import type { RegisterMirror } from "./register-mirror.ts";
import type { RegisterSync } from "./register-sync.ts";
import { SAID_DUE, saidSince, takeSaid } from "./said.ts";
import type { SiblingStock } from "./sibling-stock.ts";
import type { Supply, WelcomePart } from "./supply.ts";

const SUPPLY_DUE = "supply-due";
const SUPPLY_LIFETIME = 30 * 86_400_000;
const dueCodec = struct({ content: bytes({ max: 65_536 }), author: text(64), depth: uint() });

/** What there is once a second device was linked. */
export interface Shared {
  readonly chat: Chat;
  readonly sync: RegisterSync;
  readonly mirror: RegisterMirror;
  readonly supply: Supply;
  readonly stock: SiblingStock;
  readonly given: GivenWelcomes;
}

export interface ExchangeHost {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  /** Sets a chat to work that has begun by a Welcome of a sibling. It has been saved. */
  adopt(chat: Chat): Promise<void>;
}

export interface ExchangeDeps {
  shared(): Shared | null;
  /** Hex of the key under which this device is listed. */
  ownDevice(): string;
  isListed(device: Hex): boolean;
  /** There are key packages, or a conversation, that there were not. */
  onChange(): void;
}

export class Exchange {
  readonly #host: ExchangeHost;
  readonly #deps: ExchangeDeps;
  readonly #lane = new Lane();
  /** What has come of Welcomes that are not whole: ids of parts in the store, by digest. */
  readonly #parts = new Map<string, readonly string[]>();
  /** Planned, and not begun. */
  #round: Promise<void> | null = null;

  constructor(host: ExchangeHost, deps: ExchangeDeps) {
    this.#host = host;
    this.#deps = deps;
  }

  /** SB1: an event of a sibling, in the step that saves it. */
  heard(
    step: Step,
    event: string,
    due: { readonly content: Uint8Array; readonly author: string; readonly depth: number },
  ): void {
    const id = `${step.id}/${SUPPLY_DUE}/${event}`;
    const value = encode(dueCodec, due);
    const createdAt = this.#host.core.clock.now();
    step.changes.push({ put: "part", record: { id, conversationId: step.id, kind: SUPPLY_DUE, value, createdAt } });
    step.after.push(() => this.#take(id, value));
  }

  /** Goes on with what a crash interrupted. */
  async resume(): Promise<void> {
    const { core, chats } = this.#host;
    const { store, clock } = core;
    for (const part of await store.all("part")) {
      if (part.kind === SAID_DUE) await takeSaid(core, chats, part);
      if (part.kind !== SUPPLY_DUE) continue;
      // The rest of a Welcome that has not come by now does not come.
      if (part.createdAt + SUPPLY_LIFETIME < clock.now()) await store.write([{ delete: "part", key: part.id }]);
      else this.#take(part.id, part.value);
    }
    await this.tend();
  }

  /**
   * Gives what is due: to newcomers of conversations that cannot lose their commit any more, and to the stock of siblings.
   * It looks through the whole store: one round that has not begun serves all who ask until it does.
   */
  tend(): Promise<void> {
    this.#round ??= this.#lane.run(() => {
      this.#round = null;
      return this.#giveDue();
    });
    return this.#round;
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  // ---- below

  async #giveDue(): Promise<void> {
    const shared = this.#deps.shared();
    if (shared === null) return;
    const { store, clock } = this.#host.core;
    for (const part of await store.all("part")) {
      if (part.kind === NEWCOMER_DUE && part.conversationId !== shared.chat.id) await this.#giveWelcome(shared, part);
    }
    await shared.supply.forget((device) => this.#deps.isListed(device));
    await shared.stock.give();
    const expired = shared.given.expired(clock.now());
    if (expired.length > 0) await store.write(expired);
  }

  async #giveWelcome({ chat, supply, stock, given }: Shared, { id, conversationId, value }: PartRecord): Promise<void> {
    const { core } = this.#host;
    const device = id.split("/").at(-1) as Hex;
    const done = newcomerDone(conversationId, device);
    if (this.#deps.isListed(device)) {
      const newcomer = expectOk(decodeNewcomer(value), "newcomer");
      const said = await saidSince(core, conversationId, stock.since(device) ?? Infinity);
      const { bodies, digest } = supply.welcome(device, conversationId, encodeNewcomerPackage({ ...newcomer, said }));
      const to = { device, conversation: conversationId };
      await chat.devices.append(bodies, () => [
        done,
        given.gave(to, digest, core.clock.now()),
        supply.spent(device, conversationId),
      ]);
    } else await core.store.write([done]);
  }

  #take(id: string, value: Uint8Array): void {
    this.#host.core.background.run(
      this.#lane.run(async () => {
        const { content, author } = expectOk(decode(dueCodec, value), "supply");
        const read = decodeSupply(content);
        const shared = this.#deps.shared();
        const supply = read.ok && shared !== null ? read.value : null;
        if (supply?.kind === "stock") return this.#stockCame(supply, author, id);
        const done = supply?.kind === "welcome" ? await this.#takePart(id, supply) : [id];
        if (supply !== null && supply.kind !== "welcome") await this.#serve(supply, author);
        await this.#host.core.store.write(done.map(struckOut));
      }),
    );
  }

  /** DV39. */
  async #stockCame(supply: Extract<DeviceSupply, { kind: "stock" }>, author: string, id: string): Promise<void> {
    const { chat, stock } = this.#deps.shared() as Shared;
    const device = chat.devices.ofLeaf(author);
    const isForThis = bytesToHex(supply.deviceKey) === this.#deps.ownDevice();
    if (device === null || !isForThis) return this.#host.core.store.write([struckOut(id)]);
    await stock.take(device, supply, [struckOut(id)]);
    this.#deps.onChange();
  }

  async #serve(supply: Exclude<DeviceSupply, { readonly kind: "welcome" | "stock" }>, author: string): Promise<void> {
    const { chat, supply: packages, sync, given } = this.#deps.shared() as Shared;
    switch (supply.kind) {
      case "wanted": {
        if (bytesToHex(supply.deviceKey) !== this.#deps.ownDevice()) return;
        const wanted = supply.conversations.map(bytesToHex).filter((id) => !this.#isIn(id) && id !== chat.id);
        if (wanted.length > 0) await chat.devices.append(await packages.make(wanted), () => []);
        return;
      }
      case "packages": {
        const device = chat.devices.ofLeaf(author);
        if (device !== null) await packages.keep(device, supply.packages);
        return this.#deps.onChange();
      }
      case "unopened": {
        const device = chat.devices.ofLeaf(author);
        const conversation = bytesToHex(supply.conversation);
        if (device === null) return;
        const leaf = this.#host.chats.get(conversation)?.devices.leafOf(device) ?? null;
        const change = given.couldNotOpen({ device, conversation }, supply.digest, leaf);
        if (change === null) return;
        await this.#host.core.store.write([change]);
        return this.#deps.onChange();
      }
      case "snapshot-wanted":
        return sync.sendSnapshot();
    }
  }

  /** What is done with it: a part is kept until all of them are here, or the Welcome is not wanted any more. */
  async #takePart(id: string, part: WelcomePart): Promise<readonly string[]> {
    const { supply } = this.#deps.shared() as Shared;
    if (bytesToHex(part.deviceKey) !== this.#deps.ownDevice() || this.#isIn(bytesToHex(part.conversation))) return [id];
    const key = bytesToHex(part.digest);
    const ids = [...(this.#parts.get(key) ?? []), id];
    this.#parts.set(key, ids);
    const whole = supply.collect(part);
    if (whole === null) return [];
    this.#parts.delete(key);
    await this.#join(part, whole);
    return ids;
  }

  async #join(part: WelcomePart, whole: Uint8Array): Promise<void> {
    const { core, chats } = this.#host;
    const { chat, supply, sync } = this.#deps.shared() as Shared;
    const id = bytesToHex(part.conversation);
    const opened = await supply.join(part, whole);
    if (opened === null) return;
    if (opened === "unopened") return chat.devices.append(await supply.unopened(part), () => []);
    const before = chats.get(id);
    const begun = await joinBySibling(core, sync.state, opened, before?.record ?? null);
    if (begun === null) return;
    before?.close();
    await before?.idle();
    await core.store.write([...begun.changes, ...opened.changes]);
    if (begun.contact !== null) core.contacts.set(begun.contact.accountId, begun.contact);
    await this.#host.adopt(new Chat(core, begun.state));
    for (const due of await core.store.parts(id, [SAID_DUE])) await takeSaid(core, chats, due);
    this.#deps.onChange();
    // What was used of the stock is replaced.
    core.background.run(this.tend());
  }

  /** A group that this person has left, or was removed from, can be come into again. */
  #isIn(id: string): boolean {
    const chat = this.#host.chats.get(id);
    return chat !== undefined && (chat.kind !== "group" || chat.record.state !== "ended");
  }
}

const struckOut = (key: string): StoreChange => ({ delete: "part", key });
