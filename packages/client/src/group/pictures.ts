/**
 * Pictures of groups (spec/group.md, section 10): fetched from the home nodes when the state of a group names one, put there
 * by who has set it, and kept there by whoever has it.
 *
 * PI1 The state of the group says which picture there is, and wishes which there may be; what is here beside these goes.
 * PI2 A picture is saved before the state is wished to name it, and before a node hears of it.
 * PI3 What a node or a member has made of it never throws: what is no picture is remembered as none.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  openPicture,
  pictureOwnerSeed,
  picturePlace,
  readPicture,
  sealPicture,
  type Hex,
  type NodeHint,
  type Picture,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { backoff, randomFraction } from "../base/backoff.ts";
import type { Chat } from "../chat/chat.ts";
import { mailboxOf } from "../group-link/link-keys.ts";
import type { NodeOutcome, PartRecord, StoreChange, Timer } from "../ports.ts";
import type { PictureHooks, SessionCore } from "../session-core.ts";
import {
  deletePicture,
  MAX_KEEPERS,
  pictureDocument,
  pictureOfPart,
  putPicture,
  type Keeper,
  type PictureRecord,
} from "./picture-record.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A little less than nodes allow (spec/mailbox.md, MB26): clocks differ. */
const LIFETIME = 4_332 * HOUR;
const RENEWAL = 60 * DAY;
/** Between two looks whether a node still has what somebody else has put there: 30 to 60 days. */
const LEAST_REST = 30 * DAY;
/** What a node refuses for a reason that may pass. */
const REFUSED_REST = DAY;
const RETRIES = { first: 4_000, most: 6 * HOUR };

interface Attempt {
  readonly failures: number;
  readonly timer: Timer;
}

export class GroupPictures implements PictureHooks {
  readonly #core: SessionCore;
  readonly #chats: ReadonlyMap<string, Chat>;
  /** By chat: the one that the state names, and those that are wished for. */
  readonly #known = new Map<string, readonly PictureRecord[]>();
  /** Saved, and not wished for yet (PI2). */
  readonly #beingSet = new Set<Hex>();
  /** Chats that are being looked at, and whether they are to be looked at once more. */
  readonly #running = new Map<string, boolean>();
  readonly #attempts = new Map<string, Attempt>();

  constructor(core: SessionCore, chats: ReadonlyMap<string, Chat>) {
    this.#core = core;
    this.#chats = chats;
  }

  load(parts: readonly PartRecord[]): void {
    for (const part of parts) {
      const picture = pictureOfPart(part);
      if (picture !== null) this.#known.set(picture.chat, [...this.#of(picture.chat), picture]);
    }
  }

  /** After the start, and from time to time. */
  lookAtAll(): void {
    for (const chat of this.#chats.keys()) this.changed(chat);
  }

  /** After a change of the group was saved, and when a chat begins or ends. */
  changed(chat: string): void {
    if (this.#running.has(chat)) this.#running.set(chat, true);
    else this.#core.background.run(this.#run(chat));
  }

  close(): void {
    for (const { timer } of this.#attempts.values()) timer.cancel();
  }

  /** What goes with a chat that is deleted, beside its parts. */
  forget(chat: string): readonly StoreChange[] {
    const gone = this.#of(chat).flatMap(deletePicture);
    this.#known.delete(chat);
    this.#stopTrying(chat);
    return gone;
  }

  isHere(chat: string, blob: Hex): boolean {
    return this.#find(chat, blob)?.isGood === true;
  }

  /** The picture that the state of a group names, if it is here. */
  async shown({
    id: chat,
    agreed: { picture },
  }: Chat): Promise<{ readonly id: string; readonly jpeg: Uint8Array } | null> {
    if (picture === null || !this.isHere(chat, picture.blob)) return null;
    const { blob } = picture;
    const jpeg = await this.#core.store.document(pictureDocument({ chat, blob }));
    return jpeg === null ? null : { id: blob, jpeg };
  }

  /** @throws IntentError with "group-picture-unsuitable", or "group-not-permitted". */
  async set(chat: Chat, file: Uint8Array | null): Promise<void> {
    if (file === null) return chat.want([{ kind: "state", change: { kind: "picture", picture: null } }]);
    const { provider } = this.#core;
    const read = readPicture(file);
    if (!read.ok) throw new IntentError("group-picture-unsuitable", read.error);
    const { jpeg } = read.value;
    const { picture } = await sealPicture(provider, provider.randomBytes(32), jpeg);
    this.#beingSet.add(picture.blob);
    try {
      await this.#save({ chat: chat.id, blob: picture.blob, isGood: true, isMine: true, keepers: [] }, jpeg);
      await chat.want([{ kind: "state", change: { kind: "picture", picture } }]);
    } finally {
      this.#beingSet.delete(picture.blob);
      this.changed(chat.id);
    }
  }

  // ---- below

  #of(chat: string): readonly PictureRecord[] {
    return this.#known.get(chat) ?? [];
  }

  #find(chat: string, blob: Hex): PictureRecord | undefined {
    return this.#of(chat).find((one) => one.blob === blob);
  }

  async #run(id: string): Promise<void> {
    this.#running.set(id, false);
    try {
      do {
        this.#running.set(id, false);
        const chat = this.#chats.get(id);
        if (chat === undefined || chat.kind !== "group" || this.#core.isClosed()) return;
        if (await this.#look(chat)) this.#stopTrying(id);
        else this.#tryLater(id);
      } while (this.#running.get(id) === true);
    } finally {
      this.#running.delete(id);
    }
  }

  /** False where something is left to be done. */
  async #look(chat: Chat): Promise<boolean> {
    const wished = chat.wishes.flatMap(({ change }) =>
      change.kind === "state" && change.change.kind === "picture" ? (change.change.picture ?? []) : [],
    );
    const { picture } = chat.agreed;
    const wanted = picture === null ? wished : [picture, ...wished];
    await this.#drop(chat.id, new Set(wanted.map(({ blob }) => blob)));
    if (chat.record.state !== "active") return true;
    let isDone = true;
    for (const one of wanted) {
      const known = this.#find(chat.id, one.blob);
      // What is not named yet lies nowhere but with who wishes for it.
      if (known === undefined) isDone = one !== picture || ((await this.#fetch(chat, one)) && isDone);
      else if (known.isGood) isDone = (await this.#keepUp(chat, one)) && isDone;
    }
    return isDone;
  }

  /** PI1. */
  async #drop(chat: string, wanted: ReadonlySet<Hex>): Promise<void> {
    const gone = this.#of(chat).filter(({ blob }) => !wanted.has(blob) && !this.#beingSet.has(blob));
    if (gone.length === 0) return;
    await this.#core.store.write(gone.flatMap(deletePicture));
    this.#known.set(
      chat,
      this.#of(chat).filter((one) => !gone.includes(one)),
    );
  }

  async #fetch(chat: Chat, picture: Picture): Promise<boolean> {
    const { provider, clock } = this.#core;
    for (const hint of chat.agreed.homeNodes) {
      const found = await this.#ask(chat.id, hint, picture);
      const blob = found?.ok === true ? found.value : null;
      const opened = blob === null ? null : await openPicture(provider, picture, blob.blob);
      if (opened === null) continue;
      const keepers = chat.agreed.homeNodes.map(({ keyHash }) => ({
        node: bytesToHex(keyHash),
        until: clock.now() + this.#rest(),
        isOwn: false,
      }));
      const record = { chat: chat.id, blob: picture.blob, isGood: opened.ok, isMine: false, keepers };
      await this.#save(record, opened.ok ? opened.value.jpeg : null);
      return true;
    }
    return false;
  }

  /** At each home node: looks whether it is there, and puts it there. */
  async #keepUp(chat: Chat, picture: Picture): Promise<boolean> {
    const { clock } = this.#core;
    let isDone = true;
    for (const hint of chat.agreed.homeNodes) {
      const record = this.#find(chat.id, picture.blob);
      if (record === undefined) return true;
      const node = bytesToHex(hint.keyHash);
      const known = record.keepers.find((one) => one.node === node);
      if (known !== undefined && clock.now() < known.until) continue;
      const kept = await this.#keepAt(hint, picture, { chat: chat.id, isOwn: known?.isOwn ?? record.isMine });
      if (kept === null) isDone = false;
      else await this.#noteKeeper(chat.id, picture.blob, { node, ...kept });
    }
    return isDone;
  }

  /** Null where it is to be tried again soon. */
  async #keepAt(
    hint: NodeHint,
    picture: Picture,
    { chat, isOwn }: { readonly chat: string; readonly isOwn: boolean },
  ): Promise<Omit<Keeper, "node"> | null> {
    const { clock } = this.#core;
    if (!isOwn) {
      const there = await this.#ask(chat, hint, picture);
      if (there?.ok !== true) return null;
      if (there.value !== null) return { until: clock.now() + this.#rest(), isOwn };
    }
    const put = await this.#put(chat, hint, picture);
    if (put === null) return null;
    if (put.ok) return { until: clock.now() + LIFETIME - RENEWAL, isOwn: true };
    if (put.error.kind !== "refused") return null;
    // Somebody else's place, with the same in it or with nothing: nobody but they can change that.
    const isTheirs = put.error.reason === "place-taken" || put.error.reason === "version-old";
    return { until: clock.now() + (isTheirs ? this.#rest() : REFUSED_REST), isOwn: false };
  }

  async #ask(chat: string, hint: NodeHint, picture: Picture) {
    const { pool } = this.#core;
    if (!pool.mayTry(hint, () => this.changed(chat))) return null;
    const outcome = await pool.access(hint).getBlob({ place: picturePlace(picture) });
    pool.report(hint, outcome);
    return outcome;
  }

  async #put(chat: string, hint: NodeHint, picture: Picture): Promise<NodeOutcome<void> | null> {
    const { pool, provider, clock, store, profile } = this.#core;
    if (!pool.mayTry(hint, () => this.changed(chat))) return null;
    const jpeg = await store.document(pictureDocument({ chat, blob: picture.blob }));
    if (jpeg === null) return null;
    const { sealed } = await sealPicture(provider, expectOk(hexToBytes(picture.key), "key"), jpeg);
    const outcome = await pool.access(hint).putBlob({
      place: picturePlace(picture),
      owner: await mailboxOf(provider, pictureOwnerSeed(provider, profile().deviceSeed, picture, hint)),
      version: Math.floor(clock.now() / HOUR),
      blob: sealed,
      expiresAt: clock.now() + LIFETIME,
    });
    pool.report(hint, outcome);
    return outcome;
  }

  async #noteKeeper(chat: string, blob: Hex, keeper: Keeper): Promise<void> {
    const record = this.#find(chat, blob);
    if (record === undefined) return;
    const others = record.keepers.filter(({ node }) => node !== keeper.node);
    await this.#save({ ...record, keepers: [...others.slice(1 - MAX_KEEPERS), keeper] }, null);
  }

  /** `jpeg` null: as it is. */
  async #save(record: PictureRecord, jpeg: Uint8Array | null): Promise<void> {
    const { store, clock, topics } = this.#core;
    const { chat, blob } = record;
    if (!this.#chats.has(chat)) return;
    const document = jpeg === null ? [] : [{ document: pictureDocument(record), value: jpeg }];
    await store.write([putPicture(record, clock.now()), ...document]);
    this.#known.set(chat, [...this.#of(chat).filter((one) => one.blob !== blob), record]);
    if (jpeg === null) return;
    topics.mark("chats");
    topics.mark(`group/${chat}`);
  }

  #rest(): number {
    return Math.round(LEAST_REST * (1 + randomFraction(this.#core.provider)));
  }

  #tryLater(chat: string): void {
    const { provider, clock, isClosed } = this.#core;
    const failures = (this.#attempts.get(chat)?.failures ?? 0) + 1;
    this.#attempts.get(chat)?.timer.cancel();
    if (isClosed()) return;
    const timer = clock.after(backoff(provider, RETRIES, failures), () => this.changed(chat));
    this.#attempts.set(chat, { failures, timer });
  }

  #stopTrying(chat: string): void {
    this.#attempts.get(chat)?.timer.cancel();
    this.#attempts.delete(chat);
  }
}
