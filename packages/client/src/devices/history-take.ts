/**
 * Gets from another device of this person what was said before this one came (spec/devices.md, section 7): the decision is
 * `historyIntakeStep`; this asks, judges and saves.
 *
 * HT1 A chunk is saved before its number is; what is taken again after a crash changes nothing.
 */
import {
  bytes,
  bytesToHex,
  decode,
  encode,
  equalBytes,
  list,
  nullable,
  struct,
  uint,
  word,
  type CodecType,
} from "@xchat/codec";
import {
  historyIntakeStep,
  readHistoryOffer,
  restoreIntake,
  saveIntake,
  type Hex,
  type HistoryIntake,
  type HistoryIntakeEffect,
  type HistoryIntakeInput,
  type HistoryMessage,
  type HistoryRecord,
} from "@xchat/protocol";
import { IntentError, type HistoryTakeView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import type { PartRecord, Timer } from "../ports.ts";
import type { HistoryDeps } from "./history-give.ts";
import { importHistory } from "./history-import.ts";

export const HISTORY_TAKE = "history-take";
/** The person on the other device may be asleep, or the ask may have been lost with a crash there. */
const ASK_AGAIN = 10 * 60_000;
/** A chat into which this device is being brought is waited for. */
const CHAT_PATIENCE = 10 * 60_000;
const LOOK_AGAIN = 2_000;

const hash = bytes({ length: 32 });
const codec = struct({
  giver: hash,
  transfer: bytes({ length: 16 }),
  shared: hash,
  conversations: list(hash, { max: 1_024 }),
  intake: nullable(bytes({ max: 1_024 })),
  end: nullable(word("done", "stopped", "declined")),
  events: uint(),
  refused: uint(),
});
type Saved = CodecType<typeof codec>;

export class HistoryTaker {
  readonly #deps: HistoryDeps;
  readonly #lane = new Lane();
  #saved: Saved | null = null;
  #intake: HistoryIntake | null = null;
  /** Since when chats are waited for. */
  #waitingSince: number | null = null;
  /** They have been waited for long enough. */
  #isLate = false;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  load(parts: readonly PartRecord[]): void {
    const stored = parts.find(({ kind }) => kind === HISTORY_TAKE);
    const read = stored === undefined ? null : decode(codec, stored.value);
    if (read?.ok !== true) return;
    this.#saved = read.value;
    const intake = read.value.intake === null ? null : restoreIntake(read.value.intake);
    if (intake?.ok === true) this.#intake = intake.value;
    this.#goOn();
  }

  view(): HistoryTakeView | null {
    if (this.#saved === null) return null;
    const { giver, end, events, refused } = this.#saved;
    const { next = 0, chunkCount = 0, byteCount = 0, tries = 0 } = this.#intake ?? {};
    const isLate = tries > 1 || this.#waitingSince !== null;
    const state = end ?? (this.#intake === null ? "asked" : isLate ? "waiting" : "coming");
    const done = chunkCount === 0 ? 0 : Math.floor((byteCount * next) / chunkCount);
    return { device: bytesToHex(giver), state, done, total: byteCount, events, refused };
  }

  async ask(giver: Uint8Array): Promise<void> {
    if (this.#saved !== null && this.#saved.end === null) await this.stop();
    const { provider } = this.#deps.core;
    const [transfer, shared] = [provider.randomBytes(16), provider.randomBytes(32)];
    this.#intake = null;
    await this.#keep({ giver, transfer, shared, conversations: [], intake: null, end: null, events: 0, refused: 0 });
    this.#goOn();
  }

  /** Or puts away how it ended. */
  async stop(): Promise<void> {
    const saved = this.#saved;
    if (saved === null) throw new IntentError("history-gone");
    if (saved.end !== null) return this.#keep(null);
    if (this.#intake !== null) return this.#step({ kind: "stop" });
    this.#deps.say({ kind: "stop", transfer: saved.transfer });
    await this.#end("stopped");
  }

  /** From another device. */
  async came(device: Hex, message: HistoryMessage): Promise<void> {
    const saved = this.#saved;
    if (saved === null || saved.end !== null || !("transfer" in message)) return;
    if (bytesToHex(saved.giver) !== device || !equalBytes(saved.transfer, message.transfer)) return;
    if (message.kind === "offer") return this.#takeOffer(saved, message);
    if (this.#intake !== null) return this.#step({ kind: "message", message });
    if (message.kind === "stop") await this.#end("declined");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#lane.idle();
  }

  // ---- below

  async #takeOffer(saved: Saved, offer: Extract<HistoryMessage, { kind: "offer" }>): Promise<void> {
    if (this.#intake !== null) return;
    const read = await readHistoryOffer(this.#deps.core.provider, saved.shared, offer);
    if (read === null || this.#intake !== null) return;
    this.#intake = read.intake;
    const conversations = read.manifest.conversations.map(({ conversation }) => conversation);
    await this.#keep({ ...saved, conversations, intake: saveIntake(read.intake) });
    await this.#step({ kind: "tick" });
  }

  #goOn(): void {
    const saved = this.#saved;
    if (saved === null || saved.end !== null || this.#isClosed) return;
    if (this.#intake !== null) return this.#deps.core.background.run(this.#step({ kind: "tick" }));
    const { transfer, giver, shared } = saved;
    this.#deps.say({ kind: "ask", transfer, giver, shared, conversations: [] });
    this.#wakeIn(ASK_AGAIN);
  }

  #step(input: HistoryIntakeInput): Promise<void> {
    return this.#lane.run(async () => {
      for (let next: HistoryIntakeInput | null = input; next !== null;) {
        if (this.#intake === null || this.#isClosed) return;
        const { provider, clock } = this.#deps.core;
        const step = await historyIntakeStep(this.#intake, next, { provider, now: clock.now() });
        this.#intake = step.intake;
        if (next.kind === "saved") await this.#keepIntake(step.intake);
        this.#wakeIn(step.wakeAt === null ? null : Math.max(0, step.wakeAt - clock.now()));
        next = null;
        for (const effect of step.effects) next = (await this.#carryOut(effect)) ?? next;
      }
      this.#deps.onChange();
    });
  }

  async #carryOut(effect: HistoryIntakeEffect): Promise<HistoryIntakeInput | null> {
    switch (effect.kind) {
      case "send":
        this.#deps.say(effect.message);
        return null;
      case "save":
        return this.#save(effect.index, effect.records);
      case "done":
        // The other side forgets it.
        if (this.#saved !== null) this.#deps.say({ kind: "stop", transfer: this.#saved.transfer });
        await this.#end("done");
        return null;
      case "stopped":
        await this.#end("stopped");
        return null;
    }
  }

  /** Null while a chat of it is not here yet. */
  async #save(index: number, records: readonly HistoryRecord[]): Promise<HistoryIntakeInput | null> {
    const { clock, background } = this.#deps.core;
    if (!this.#isLate && !this.#areHere()) {
      this.#waitingSince ??= clock.now();
      this.#isLate = clock.now() >= this.#waitingSince + CHAT_PATIENCE;
      if (!this.#isLate) {
        clock.after(LOOK_AGAIN, () => background.run(this.#saveLater(index, records)));
        return null;
      }
    }
    this.#waitingSince = null;
    const saved = this.#saved as Saved;
    const { core, chats } = this.#deps;
    const { events, refused } = await importHistory({ core, chats, conversations: this.#conversations() }, records);
    this.#saved = { ...saved, events: saved.events + events, refused: saved.refused + refused };
    return { kind: "saved", index };
  }

  async #saveLater(index: number, records: readonly HistoryRecord[]): Promise<void> {
    const input = await this.#lane.run(async () =>
      this.#isClosed || this.#saved?.end !== null ? null : this.#save(index, records),
    );
    if (input !== null) await this.#step(input);
  }

  /** What the other device has named, and has brought this one into by now. */
  #areHere(): boolean {
    return [...this.#conversations()].every((id) => this.#deps.chats.has(id));
  }

  #conversations(): ReadonlySet<Hex> {
    return new Set(this.#saved?.conversations.map(bytesToHex) ?? []);
  }

  async #keepIntake(intake: HistoryIntake): Promise<void> {
    if (this.#saved !== null) await this.#keep({ ...this.#saved, intake: saveIntake(intake) });
  }

  async #end(end: NonNullable<Saved["end"]>): Promise<void> {
    this.#timer?.cancel();
    this.#waitingSince = null;
    if (this.#saved !== null) await this.#keep({ ...this.#saved, end });
  }

  async #keep(saved: Saved | null): Promise<void> {
    const { core, self } = this.#deps;
    const id = `${self}/${HISTORY_TAKE}`;
    const createdAt = core.clock.now();
    await core.store.write([
      saved === null
        ? { delete: "part", key: id }
        : {
            put: "part",
            record: { id, conversationId: self, kind: HISTORY_TAKE, value: encode(codec, saved), createdAt },
          },
    ]);
    this.#saved = saved;
    if (saved === null) this.#intake = null;
    this.#deps.onChange();
  }

  #wakeIn(wait: number | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (wait === null || this.#isClosed || this.#saved?.end !== null) return;
    this.#timer = this.#deps.core.clock.after(wait, () => this.#goOn());
  }
}
