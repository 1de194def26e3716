/**
 * Gives another device of this person what was said before it came (spec/devices.md, section 7), once the person has said
 * yes here.
 *
 * HG1 Where each chunk begins is saved before the offer goes; a restart goes on with the same offer.
 * HG2 Only the device that asked is answered, for as long as the account lists it.
 */
import {
  bool,
  bytes,
  bytesToHex,
  decode,
  encode,
  equalBytes,
  expectOk,
  hexToBytes,
  list,
  nullable,
  struct,
  uint,
  type CodecType,
} from "@xchat/codec";
import {
  chunksWanted,
  decodeHistoryOffer,
  encodeHistoryOffer,
  sealChunk,
  sealManifest,
  transferKey,
  type Hex,
  type HistoryMessage,
  type HistoryOffer,
} from "@xchat/protocol";
import { IntentError, type HistoryGiveView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import type { Chat } from "../chat/chat.ts";
import type { PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { chunkRecords, planHistory } from "./history-source.ts";

export const HISTORY_GIVE = "history-give";
/** Chats into which the other device is still being brought are waited for, up to so long. */
const PATIENCE = 5 * 60_000;
const LOOK_AGAIN = 2_000;

export interface HistoryDeps {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  /** Id of the conversation of the own devices. */
  readonly self: string;
  /** To the other devices; sooner or later, but for what is asked for again. */
  say(message: HistoryMessage): void;
  isListed(device: string): boolean;
  onChange(): void;
}

const hash = bytes({ length: 32 });
const codec = struct({
  transfer: bytes({ length: 16 }),
  shared: hash,
  asked: list(hash, { max: 1_024 }),
  isAllowed: bool,
  allowedAt: uint(),
  /** Once it has been made: what is given, where its chunks begin, and the manifest as it went. */
  offer: nullable(
    struct({
      conversations: list(hash, { max: 1_024 }),
      plan: bytes({ max: 128 * 1024 * 1024 }),
      manifest: bytes({ max: 65_536 }),
      byteCount: uint(),
    }),
  ),
});
type Saved = CodecType<typeof codec>;

interface Giving extends Saved {
  /** Chunks that have been asked for. */
  readonly given: number;
  readonly plan: HistoryOffer | null;
}

const toBytes = (hex: Hex): Uint8Array => expectOk(hexToBytes(hex), "id");

type Ask = Extract<HistoryMessage, { kind: "ask" }>;
type Want = Extract<HistoryMessage, { kind: "want" }>;

export class HistoryGiver {
  readonly #deps: HistoryDeps;
  readonly #lane = new Lane();
  /** By the device that gets it. */
  readonly #givings = new Map<Hex, Giving>();
  #isClosed = false;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  load(parts: readonly PartRecord[]): void {
    for (const { id, kind, value } of parts) {
      const read = kind === HISTORY_GIVE ? decode(codec, value) : null;
      if (read?.ok === true) this.#givings.set(id.split("/").at(-1) as string, restored(read.value));
    }
    for (const [device, { isAllowed, offer }] of this.#givings) if (isAllowed && offer === null) this.#prepare(device);
  }

  view(): readonly HistoryGiveView[] {
    return [...this.#givings]
      .filter(([device]) => this.#deps.isListed(device))
      .map(([device, giving]) => {
        const { isAllowed, offer, plan, given } = giving;
        const total = offer?.byteCount ?? 0;
        const count = plan?.boundaries.length ?? 0;
        const done = count === 0 ? 0 : Math.floor((total * given) / count);
        return { device, state: isAllowed ? (offer === null ? "preparing" : "giving") : "asks", done, total };
      });
  }

  /** The same ask is answered by the same offer. */
  async asked(device: Hex, { transfer, shared, conversations }: Ask): Promise<void> {
    const known = this.#givings.get(device);
    if (known !== undefined && equalBytes(known.transfer, transfer)) return this.#offer(known);
    await this.#keep(device, { transfer, shared, asked: conversations, isAllowed: false, allowedAt: 0, offer: null });
  }

  async answer(device: Hex, isAllowed: boolean): Promise<void> {
    const giving = this.#givings.get(device);
    if (giving === undefined) throw new IntentError("history-gone");
    if (!isAllowed) return this.stop(device);
    if (giving.isAllowed) return;
    await this.#keep(device, { ...giving, isAllowed, allowedAt: this.#deps.core.clock.now() });
    this.#prepare(device);
  }

  /** From here. */
  async stop(device: Hex): Promise<void> {
    const giving = this.#givings.get(device);
    if (giving === undefined) throw new IntentError("history-gone");
    this.#deps.say({ kind: "stop", transfer: giving.transfer });
    await this.#forget(device);
  }

  /** From the other side: it is complete, or not wanted any more. */
  async stopped(device: Hex, transfer: Uint8Array): Promise<void> {
    const giving = this.#givings.get(device);
    if (giving !== undefined && equalBytes(giving.transfer, transfer)) await this.#forget(device);
  }

  wanted(device: Hex, want: Want): void {
    this.#deps.core.background.run(this.#lane.run(() => this.#give(device, want)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lane.idle();
  }

  // ---- below

  #prepare(device: Hex): void {
    const { core } = this.#deps;
    if (this.#isClosed) return;
    core.background.run(
      this.#lane.run(async () => {
        const giving = this.#givings.get(device);
        if (giving === undefined || giving.offer !== null || this.#isClosed) return;
        const isLate = core.clock.now() >= giving.allowedAt + PATIENCE;
        if (isLate || this.#chats().every((chat) => chat.devices.own.includes(device)))
          return this.#make(device, giving);
        core.clock.after(LOOK_AGAIN, () => this.#prepare(device));
      }),
    );
  }

  async #make(device: Hex, giving: Giving): Promise<void> {
    const { core } = this.#deps;
    const { provider, store, clock } = core;
    const { transfer, shared, asked } = giving;
    const wanted = new Set(asked.map(bytesToHex));
    const chats = this.#chats().filter(
      ({ id, devices }) => devices.own.includes(device) && (wanted.size === 0 || wanted.has(id)),
    );
    const ids = chats
      .toSorted((a, b) => b.record.activeAt - a.record.activeAt)
      .slice(0, MAX_CONVERSATIONS)
      .map(({ id }) => id)
      .toSorted();
    const { boundaries, byteCount, eventCounts } = await planHistory(store, ids, clock.now());
    const key = transferKey(provider, shared, transfer);
    const conversations = [...eventCounts].map(([id, eventCount]) => ({ conversation: toBytes(id), eventCount }));
    const manifest = await sealManifest(provider, key, transfer, {
      chunkCount: boundaries.length,
      byteCount,
      conversations,
    });
    const plan = encodeHistoryOffer({ transfer, key, receiver: toBytes(device), boundaries });
    const offer = { conversations: ids.map(toBytes), plan, manifest, byteCount };
    this.#offer(await this.#keep(device, { ...giving, offer }));
  }

  /** Where this person still is. */
  #chats(): readonly Chat[] {
    return [...this.#deps.chats.values()].filter(({ record }) => record.state === "active");
  }

  #offer({ offer, transfer }: Giving): void {
    if (offer !== null) this.#deps.say({ kind: "offer", transfer, manifest: offer.manifest });
  }

  async #give(device: Hex, want: Want): Promise<void> {
    const giving = this.#givings.get(device);
    if (giving === undefined || giving.plan === null || giving.offer === null || this.#isClosed) return;
    const { provider, store, clock } = this.#deps.core;
    const { key, transfer } = giving.plan;
    const conversations = giving.offer.conversations.map(bytesToHex);
    for (const { index, from, to } of chunksWanted(giving.plan, want)) {
      if (this.#isClosed || this.#givings.get(device)?.plan !== giving.plan) return;
      const records = await chunkRecords(store, conversations, { from, to }, clock.now());
      this.#deps.say({ kind: "chunk", transfer, index, box: await sealChunk(provider, key, transfer, index, records) });
    }
    this.#givings.set(device, { ...giving, given: Math.max(giving.given, want.from) });
    this.#deps.onChange();
  }

  async #keep(device: Hex, saved: Saved): Promise<Giving> {
    const { core, self } = this.#deps;
    const { transfer, shared, asked, isAllowed, allowedAt, offer } = saved;
    const value = encode(codec, { transfer, shared, asked, isAllowed, allowedAt, offer });
    const record: PartRecord = {
      id: this.#partId(device),
      conversationId: self,
      kind: HISTORY_GIVE,
      value,
      createdAt: core.clock.now(),
    };
    await core.store.write([{ put: "part", record }]);
    const giving = restored(saved);
    this.#givings.set(device, giving);
    this.#deps.onChange();
    return giving;
  }

  async #forget(device: Hex): Promise<void> {
    const gone: StoreChange = { delete: "part", key: this.#partId(device) };
    await this.#deps.core.store.write([gone]);
    this.#givings.delete(device);
    this.#deps.onChange();
  }

  #partId(device: Hex): string {
    return `${this.#deps.self}/${HISTORY_GIVE}/${device}`;
  }
}

const MAX_CONVERSATIONS = 1_024;

function restored(saved: Saved): Giving {
  const plan = saved.offer === null ? null : decodeHistoryOffer(saved.offer.plan);
  return { ...saved, given: 0, plan: plan?.ok === true ? plan.value : null };
}
