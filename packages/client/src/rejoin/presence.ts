/**
 * When this device last had what a node of the conversation had (spec/rejoin.md, RJ9): who was away for longer than mailboxes
 * keep may stand in an epoch whose end nobody can show any more.
 */
import { decode, encode, expectOk, literal, struct, uint } from "@xchat/codec";
import type { Hex } from "@xchat/protocol";
import type { StoreChange, Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

const HOUR = 60 * 60_000;
/** What mailboxes keep (MB16), less a day for clocks. */
export const AWAY_AFTER = (336 - 24) * HOUR;
/** What lies there still may lead on: it is waited for first. */
const CATCH_UP = 2 * 60_000;
const NOTED_EVERY = 6 * HOUR;
/** So long is nothing said while it is not known whether this device was away for too long. */
const SILENT_AT_MOST = HOUR;

const codec = struct({ version: literal(1, "newer-version"), at: uint() });
const partId = (conversation: Hex): string => `${conversation}/rejoin-presence`;

export const caughtUpChange = (conversation: Hex, now: number): StoreChange => ({
  put: "part",
  record: {
    id: partId(conversation),
    conversationId: conversation,
    kind: "rejoin-presence",
    value: encode(codec, { version: 1, at: now }),
    createdAt: now,
  },
});

export interface PresenceDeps {
  readonly conversation: Hex;
  readonly isClosed: () => boolean;
  /** Where this device stands. */
  readonly epoch: () => Hex;
  /** A node of the conversation answers. */
  readonly isConnected: () => boolean;
  readonly onAway: () => Promise<void>;
  readonly onPresent: () => Promise<void>;
}

export class Presence {
  readonly #core: SessionCore;
  readonly #deps: PresenceDeps;
  #at: number | null = null;
  #timer: Timer | null = null;
  /** Set while it has been found away and has not been told yet whether that matters. */
  #awayIn: Hex | null = null;

  constructor(core: SessionCore, deps: PresenceDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const part = await this.#core.store.get("part", partId(this.#deps.conversation));
    if (part !== null) this.#at = expectOk(decode(codec, part.value), "presence").at;
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** A node has given all that it has. */
  async caughtUp(): Promise<void> {
    if (this.#awayIn !== null || this.#deps.isClosed()) return;
    const { clock, background } = this.#core;
    if (this.#at === null || clock.now() - this.#at < AWAY_AFTER) {
      await this.#note();
      return this.#deps.onPresent();
    }
    this.#awayIn = this.#deps.epoch();
    this.#timer?.cancel();
    this.#timer = clock.after(CATCH_UP, () => background.run(this.#missed()));
  }

  /** It is known to stand where the others do. */
  present(now: number): void {
    this.#at = now;
    this.#awayIn = null;
    this.#again();
  }

  // ---- below

  /** What has led on since led from an epoch whose end lies there still, and so does all that came after. */
  async #missed(): Promise<void> {
    if (this.#deps.isClosed()) return;
    if (this.#deps.epoch() !== this.#awayIn) {
      this.#awayIn = null;
      await this.#note();
      return this.#deps.onPresent();
    }
    await this.#deps.onAway();
    // Where nobody is there to answer, it is better to write than to be silent for ever.
    const { clock, background } = this.#core;
    this.#timer?.cancel();
    this.#timer = clock.after(SILENT_AT_MOST, () => background.run(this.#deps.onPresent()));
  }

  async #note(): Promise<void> {
    const now = this.#core.clock.now();
    const isNews = this.#at === null || now - this.#at >= NOTED_EVERY || now < this.#at;
    if (isNews) await this.#core.store.write([caughtUpChange(this.#deps.conversation, now)]);
    if (isNews) this.#at = now;
    this.#again();
  }

  #again(): void {
    this.#timer?.cancel();
    if (this.#deps.isClosed()) return;
    const { clock, background } = this.#core;
    this.#timer = clock.after(NOTED_EVERY, () => {
      if (this.#deps.isConnected()) background.run(this.#note());
      else this.#again();
    });
  }
}
