/**
 * Mirrors registers to what this device holds, and back: what a sibling has set is set here, and what the person sets here
 * is written.
 *
 * RM1 News of siblings is taken over first, then what is different here is written: a register that was changed on both
 *     sides is the sibling's, here as there.
 * RM2 Nothing is written for what this device knows nothing of. A register goes away where this device holds its owner (the
 *     contact, the chat) and finds it unset, and nowhere else.
 */
import { bytesToHex } from "@xchat/codec";
import { foldSync, REGISTERS, type SyncOperation, type SyncState } from "@xchat/protocol";
import { Lane } from "../base/lane.ts";
import type { Background } from "../base/background.ts";
import type { Clock, StoreChange, Timer } from "../ports.ts";
import { registerKey, type RegisterId } from "./register-parts.ts";
import type { RegisterSync } from "./register-sync.ts";

/** What this device holds of what registers stand for. */
export interface LocalState {
  /** As operations: a value, or `null` where its owner is here and it is not set. */
  facts(state: SyncState): Promise<readonly SyncOperation[]>;
  /** Takes over what a register holds now. What does not concern this device is let be. */
  take(one: RegisterId, state: SyncState): Promise<void>;
}

export interface MirrorDeps {
  readonly clock: Clock;
  readonly background: Background;
  readonly sync: RegisterSync;
  readonly local: LocalState;
  readonly save: (changes: readonly StoreChange[]) => Promise<void>;
}

/** Of what is typed, the last counts. */
const SETTLE_MS = 1_000;

export class RegisterMirror {
  readonly #deps: MirrorDeps;
  readonly #lane = new Lane();
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  /** Something here may be another than before. */
  touch(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = this.#deps.clock.after(SETTLE_MS, () => {
      this.#timer = null;
      this.#deps.background.run(this.run());
    });
  }

  /** A sibling has said something: it is taken at once, before the person changes the same here. */
  news(): void {
    this.#deps.background.run(
      this.#lane.run(async () => {
        if (!this.#isClosed && this.#deps.sync.isSettled) await this.#takeNews();
      }),
    );
    this.touch();
  }

  run(): Promise<void> {
    return this.#lane.run(async () => {
      const { sync } = this.#deps;
      if (this.#isClosed || !sync.isSettled) return;
      await this.#takeNews();
      await sync.write(await this.#differences());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#lane.idle();
  }

  // ---- below

  async #takeNews(): Promise<void> {
    const { sync, local, save } = this.#deps;
    const { news } = sync;
    if (news.length === 0) return;
    for (const one of news) await local.take(one, sync.state);
    await save(sync.taken(news));
  }

  /** What would be another register than before, if this device wrote it now. */
  async #differences(): Promise<readonly SyncOperation[]> {
    const { sync, local } = this.#deps;
    const facts = await local.facts(sync.state);
    const written = foldSync(
      sync.state,
      facts.map((fact) => ({ ...fact, ...LAST_STAMP })),
    );
    const changed = new Set(written.changed.map(registerKey));
    return facts.filter((fact) => changed.has(registerKey(fact)) && hasRoomFor(sync.state, fact));
  }
}

/** Greater than all: it is asked what a write would change, and a write overrules what its author has seen. */
const LAST_STAMP = { depth: Number.MAX_SAFE_INTEGER, author: "f".repeat(64) };

const LIMITS = new Map<number, number>(Object.values(REGISTERS).map(({ tag, limit }) => [tag, limit]));

/** DV24: what is new gives way where it would push out another. */
function hasRoomFor({ tables }: SyncState, { tag, key }: RegisterId): boolean {
  const table = tables.get(tag);
  return table === undefined || table.has(bytesToHex(key)) || table.size < (LIMITS.get(tag) ?? 0);
}
