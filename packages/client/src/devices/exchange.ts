/**
 * What the person's devices ask of each other and hand over in the conversation that they share: key packages, Welcomes,
 * snapshots (spec/devices.md, DV33 and DV35).
 *
 * SB1 What a sibling asks for or hands over is saved with the event that said so, and struck out once it is done: a crash
 *     loses none of it.
 */
import { bytes, bytesToHex, decode, encode, expectOk, struct, text, uint } from "@xchat/codec";
import { decodeSupply, type DeviceSupply } from "@xchat/protocol";
import { Lane } from "../base/lane.ts";
import { Chat } from "../chat/chat.ts";
import { NEWCOMER_DUE, newcomerDone } from "../chat/own-devices.ts";
import type { Step } from "../chat/step.ts";
import type { SessionCore } from "../session-core.ts";
import { joinBySibling } from "./join.ts";
import type { RegisterMirror } from "./register-mirror.ts";
import type { RegisterSync } from "./register-sync.ts";
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
  /** There are key packages, or a conversation, that there were not. */
  onChange(): void;
}

export class Exchange {
  readonly #host: ExchangeHost;
  readonly #deps: ExchangeDeps;
  readonly #lane = new Lane();
  /** What has come of Welcomes that are not whole: ids of parts in the store, by digest. */
  readonly #parts = new Map<string, readonly string[]>();

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
    const { store, clock } = this.#host.core;
    const parts = (await store.all("part")).filter(({ kind }) => kind === SUPPLY_DUE);
    for (const { id, value, createdAt } of parts) {
      // The rest of a Welcome that has not come by now does not come.
      if (createdAt + SUPPLY_LIFETIME < clock.now()) await store.write([{ delete: "part", key: id }]);
      else this.#take(id, value);
    }
    await this.giveWelcomes();
  }

  /** To newcomers of conversations that cannot lose their commit any more. */
  async giveWelcomes(): Promise<void> {
    await this.#lane.run(async () => {
      const shared = this.#deps.shared();
      if (shared === null) return;
      const { chat, supply } = shared;
      for (const { id, conversationId, kind, value } of await this.#host.core.store.all("part")) {
        if (kind !== NEWCOMER_DUE || conversationId === chat.id) continue;
        const device = id.split("/").at(-1) as string;
        await chat.devices.append(supply.welcome(device, conversationId, value), () => [
          newcomerDone(conversationId, device),
        ]);
        await supply.spend(device, conversationId);
      }
    });
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  // ---- below

  #take(id: string, value: Uint8Array): void {
    this.#host.core.background.run(
      this.#lane.run(async () => {
        const { content, author } = expectOk(decode(dueCodec, value), "supply");
        const supply = decodeSupply(content);
        const shared = this.#deps.shared();
        const isForUs = supply.ok && shared !== null;
        const done = isForUs && supply.value.kind === "welcome" ? await this.#takePart(id, supply.value) : [id];
        if (isForUs && supply.value.kind !== "welcome") await this.#serve(supply.value, author, shared);
        await this.#host.core.store.write(done.map((key) => ({ delete: "part", key })));
      }),
    );
  }

  async #serve(
    supply: Exclude<DeviceSupply, WelcomePart>,
    author: string,
    { chat, supply: stock, sync }: Shared,
  ): Promise<void> {
    switch (supply.kind) {
      case "wanted": {
        if (bytesToHex(supply.deviceKey) !== this.#deps.ownDevice()) return;
        const wanted = supply.conversations.map(bytesToHex).filter((id) => !this.#isIn(id) && id !== chat.id);
        if (wanted.length > 0) await chat.devices.append(await stock.make(wanted), () => []);
        return;
      }
      case "packages": {
        const device = chat.devices.ofLeaf(author);
        if (device !== null) await stock.keep(device, supply.packages);
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
    const { supply: stock, sync } = this.#deps.shared() as Shared;
    const id = bytesToHex(part.conversation);
    const opened = await stock.join(part, whole);
    if (opened === null) return;
    const before = chats.get(id);
    const begun = await joinBySibling(core, sync.state, opened, before?.record ?? null);
    if (begun === null) return;
    before?.close();
    await before?.idle();
    await core.store.write([...begun.changes, ...opened.changes]);
    if (begun.contact !== null) core.contacts.set(begun.contact.accountId, begun.contact);
    await this.#host.adopt(new Chat(core, begun.state));
    this.#deps.onChange();
  }

  /** A group that this person has left, or was removed from, can be come into again. */
  #isIn(id: string): boolean {
    const chat = this.#host.chats.get(id);
    return chat !== undefined && (chat.kind !== "group" || chat.record.state !== "ended");
  }
}
