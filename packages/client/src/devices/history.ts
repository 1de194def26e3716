/**
 * History between the devices of this person (spec/devices.md, section 7): what they say of it to one another, and what
 * the person sees and decides. `history-take.ts` gets it, `history-give.ts` gives it.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  decodeHistoryMessage,
  encodeHistoryMessage,
  HISTORY_ITEM_TAG,
  type Hex,
  type HistoryMessage,
} from "@xchat/protocol";
import { IntentError, type DevicesView } from "../api.ts";
import type { Chat } from "../chat/chat.ts";
import type { PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { Shared } from "./exchange.ts";
import { HistoryGiver, type HistoryDeps } from "./history-give.ts";
import { HistoryTaker } from "./history-take.ts";

/** On a device that came to an account with others, until the person has said whether they want what was before. */
const OFFER_DOCUMENT = "history-offer";
export const historyOffered: StoreChange = { document: OFFER_DOCUMENT, value: new Uint8Array([1]) };

/** A commit is over long before. */
const SAY_AGAIN = 2_000;
const MAX_TRIES = 60;
/** Of the mailboxes of one epoch (64 MiB, spec/mailbox.md, MB18). */
const EPOCH_BUDGET = 24 * 1024 * 1024;

export interface HistoryHost {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  shared(): Shared | null;
  ownDevice(): Hex;
  isListed(device: Hex): boolean;
}

interface Sides {
  readonly taker: HistoryTaker;
  readonly giver: HistoryGiver;
}

export class History {
  readonly #host: HistoryHost;
  #sides: Sides | null = null;
  #isOffered = false;
  /** Bytes of chunks in the present epoch, as far as this device has given them. */
  #carried = { epoch: -1, bytes: 0 };
  #isClosed = false;

  constructor(host: HistoryHost) {
    this.#host = host;
  }

  /** When there is a conversation of the own devices. `parts`: of it. */
  async begin(self: string, parts: readonly PartRecord[]): Promise<void> {
    const { core, chats, isListed } = this.#host;
    const deps: HistoryDeps = {
      core,
      chats,
      self,
      isListed: (device) => isListed(device),
      say: (message) => this.#say(message, 0),
      onChange: () => core.topics.mark("devices"),
    };
    const sides = { taker: new HistoryTaker(deps), giver: new HistoryGiver(deps) };
    sides.taker.load(parts);
    sides.giver.load(parts);
    this.#sides = sides;
    this.#isOffered = (await core.store.document(OFFER_DOCUMENT)) !== null;
  }

  view(): DevicesView["history"] {
    const take = this.#sides?.taker.view() ?? null;
    return { take, give: this.#sides?.giver.view() ?? [], isOffered: this.#isOffered && take === null };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sides?.taker.close();
    await this.#sides?.giver.close();
  }

  // ---- what the person does

  async ask(device: Hex): Promise<void> {
    const isLinked = this.#host.shared()?.chat.devices.own.includes(device) === true;
    if (!isLinked || device === this.#host.ownDevice()) throw new IntentError("device-missing");
    await this.#sidesOf().taker.ask(expectOk(hexToBytes(device), "device"));
    await this.#dropOffer();
  }

  async end(): Promise<void> {
    if (this.#sides !== null && this.#sides.taker.view() !== null) return this.#sides.taker.stop();
    await this.#dropOffer();
  }

  answer(device: Hex, isAllowed: boolean): Promise<void> {
    return this.#sidesOf().giver.answer(device, isAllowed);
  }

  stopGiving(device: Hex): Promise<void> {
    return this.#sidesOf().giver.stop(device);
  }

  // ---- what other devices say

  /** HG2. */
  came(leafKey: Hex, content: Uint8Array): void {
    const device = this.#host.shared()?.chat.devices.ofLeaf(leafKey) ?? null;
    const message = decodeHistoryMessage(content);
    if (device === null || !message.ok || !this.#host.isListed(device) || this.#sides === null) return;
    this.#host.core.background.run(this.#take(device, message.value, this.#sides));
  }

  // ---- below

  async #take(device: Hex, message: HistoryMessage, { taker, giver }: Sides): Promise<void> {
    switch (message.kind) {
      case "ask":
        if (bytesToHex(message.giver) === this.#host.ownDevice()) await giver.asked(device, message);
        return;
      case "want":
        return giver.wanted(device, message);
      case "stop":
        await giver.stopped(device, message.transfer);
        return taker.came(device, message);
      default:
        return taker.came(device, message);
    }
  }

  /** What is asked for again is said once; the rest until it can be. */
  #say(message: HistoryMessage, tries: number): void {
    const { core, shared } = this.#host;
    const chat = shared()?.chat;
    if (chat === undefined || this.#isClosed) return;
    const content = encodeHistoryMessage(message);
    const isBrief = message.kind === "chunk" || message.kind === "want";
    const item = { kind: "unknown", tag: HISTORY_ITEM_TAG, content } as const;
    core.background.run(
      chat.devices.tell(item, isBrief ? "signal" : "state").then(async (isSaid) => {
        if (!isSaid && tries < MAX_TRIES) core.clock.after(SAY_AGAIN, () => this.#say(message, tries + 1));
        if (isSaid && message.kind === "chunk") await this.#count(chat, content.length);
      }),
    );
  }

  async #count(chat: Chat, bytes: number): Promise<void> {
    const { epoch } = chat.devices;
    const before = this.#carried.epoch === epoch ? this.#carried.bytes : 0;
    this.#carried = { epoch, bytes: before + bytes };
    if (before < EPOCH_BUDGET && before + bytes >= EPOCH_BUDGET) await chat.want([{ kind: "update", after: epoch }]);
  }

  #sidesOf(): Sides {
    if (this.#sides === null) throw new IntentError("history-gone");
    return this.#sides;
  }

  async #dropOffer(): Promise<void> {
    if (!this.#isOffered) return;
    await this.#host.core.store.write([{ document: OFFER_DOCUMENT, value: null }]);
    this.#isOffered = false;
    this.#host.core.topics.mark("devices");
  }
}
