/**
 * Keeps the registers of the person's devices in step over the self-conversation (spec/devices.md, sections 8 and 9).
 *
 * RS1 A write is folded and saved in the transaction in which the event that carries it is saved; after a crash there are
 *     both or neither.
 * RS2 Whoever joined by a Welcome writes nothing before the first snapshot is whole (DV28): what it holds until then are
 *     beginnings of its own, and would overrule what the person has set elsewhere.
 * RS3 What a sibling has changed is news until `taken` says that this device has taken it over; a crash loses none of it.
 * RS4 What a sibling sends that is not sound is left out, alone; nothing throws.
 */
import { bytesToHex, decode, encode, list, literal, struct, text, uint, bool } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  decodeSupply,
  decodeSyncEvent,
  decodeSyncSnapshot,
  DEVICE_SUPPLY_BODY_KIND,
  EMPTY_SYNC,
  encodeSnapshotWanted,
  encodeSyncEvents,
  encodeSyncSnapshot,
  foldSync,
  SYNC_BODY_KIND,
  SYNC_SNAPSHOT_BODY_KIND,
  type DeviceSupply,
  type StampedWrite,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";
import {
  newsChange,
  newsDone,
  registerChanges,
  registerKey,
  registersOfParts,
  type RegisterId,
} from "./register-parts.ts";

/** What it needs of the self-conversation. */
export interface SyncChannel {
  readonly id: string;
  /**
   * Signs events with these bodies, one after the other, and saves them with the changes that `fold` answers for their
   * stamps, as one transaction; then they are sent.
   */
  append(bodies: readonly SyncBody[], fold: (stamps: readonly SyncStamp[]) => readonly StoreChange[]): Promise<void>;
}

export interface SyncBody {
  readonly kind: number;
  readonly content: Uint8Array;
}

export interface SyncStamp {
  /** Leaf key in the self-conversation, hex. */
  readonly author: string;
  readonly depth: number;
}

export interface RegisterSyncDeps {
  readonly provider: CryptoProvider;
  readonly now: () => number;
  /** There is news, or the first snapshot is whole. After it was saved. */
  readonly onNews: () => void;
  readonly onSupply: (supply: DeviceSupply, stamp: SyncStamp) => void;
}

/** What an event asks for, to be done once it is saved. */
export interface Arrived {
  readonly changes: readonly StoreChange[];
  readonly after: () => void;
}

const STANDING_PART = "sync";
/** Snapshots that have begun to come and are not whole. */
const MAX_OPEN_SNAPSHOTS = 8;

const standingCodec = struct({
  version: literal(1, "newer-version"),
  /** False until the first snapshot is whole, on a device that joined by a Welcome. */
  isSettled: bool,
  open: list(struct({ snapshot: text(32), count: uint(), seen: list(uint(), { max: 1_024 }) }), {
    max: MAX_OPEN_SNAPSHOTS,
  }),
});

interface Standing {
  readonly isSettled: boolean;
  readonly open: readonly { readonly snapshot: string; readonly count: number; readonly seen: readonly number[] }[];
}

export class RegisterSync {
  readonly #deps: RegisterSyncDeps;
  readonly #channel: SyncChannel;
  #state: SyncState = EMPTY_SYNC;
  #news = new Map<string, RegisterId>();
  #standing: Standing;

  /** `isSettled`: for a self-conversation that begins with this device. Else `load` says so. */
  constructor(deps: RegisterSyncDeps, channel: SyncChannel, isSettled: boolean) {
    this.#deps = deps;
    this.#channel = channel;
    this.#standing = { isSettled, open: [] };
  }

  /** Parts of the self-conversation, of any kind. */
  load(parts: readonly PartRecord[]): void {
    const { state, news } = registersOfParts(parts);
    this.#state = state;
    this.#news = new Map(news.map((one) => [registerKey(one), one]));
    const stored = parts.find(({ kind }) => kind === STANDING_PART);
    const read = stored === undefined ? null : decode(standingCodec, stored.value);
    if (read?.ok === true) this.#standing = read.value;
  }

  /** To be saved with the conversation when it begins. */
  beginning(): StoreChange {
    return this.#standingChange(this.#standing);
  }

  get state(): SyncState {
    return this.#state;
  }

  /** What it holds is what the person has set (DV28). */
  get isSettled(): boolean {
    return this.#standing.isSettled;
  }

  get news(): readonly RegisterId[] {
    return [...this.#news.values()];
  }

  /** RS3. The changes are to be saved with what was done here. */
  taken(done: readonly RegisterId[]): readonly StoreChange[] {
    for (const one of done) this.#news.delete(registerKey(one));
    return done.map((one) => newsDone(this.#channel.id, one));
  }

  /** Own writes. Nothing where nothing is to be written, or not yet (RS2). */
  async write(operations: readonly SyncOperation[]): Promise<void> {
    if (operations.length === 0 || !this.#standing.isSettled) return;
    const contents = encodeSyncEvents(operations);
    const before = this.#state;
    try {
      await this.#channel.append(
        contents.map((content) => ({ kind: SYNC_BODY_KIND, content })),
        (stamps) =>
          this.#fold(contents.flatMap((content, i) => writesOfEvent(content, stamps[i] as SyncStamp))).changes,
      );
    } catch (error) {
      // What could not be saved was not said.
      this.#state = before;
      throw error;
    }
  }

  /** DV28: to a device that was linked just now, or that asks. */
  async sendSnapshot(): Promise<void> {
    if (!this.#standing.isSettled) return;
    const contents = encodeSyncSnapshot(this.#state, this.#deps.provider.randomBytes(16));
    await this.#channel.append(
      contents.map((content) => ({ kind: SYNC_SNAPSHOT_BODY_KIND, content })),
      () => [],
    );
  }

  /** DV29: something of the log is lost for good. */
  askForSnapshot(): Promise<void> {
    return this.#channel.append([{ kind: DEVICE_SUPPLY_BODY_KIND, content: encodeSnapshotWanted() }], () => []);
  }

  /** An event of a sibling that is about to be saved. */
  take({ kind, content }: SyncBody, stamp: SyncStamp): Arrived {
    switch (kind) {
      case SYNC_BODY_KIND:
        return this.#arrived(writesOfEvent(content, stamp), null);
      case SYNC_SNAPSHOT_BODY_KIND:
        return this.#takeSnapshot(content, stamp);
      case DEVICE_SUPPLY_BODY_KIND: {
        const supply = decodeSupply(content);
        return { changes: [], after: () => supply.ok && this.#deps.onSupply(supply.value, stamp) };
      }
      default:
        return { changes: [], after: () => {} };
    }
  }

  // ---- below

  #takeSnapshot(content: Uint8Array, stamp: SyncStamp): Arrived {
    const part = decodeSyncSnapshot(content, stamp);
    if (!part.ok) return { changes: [], after: () => {} };
    const { snapshot, index, count, writes } = part.value;
    return this.#arrived(writes, withPart(this.#standing, bytesToHex(snapshot), index, count));
  }

  /** What came before and could not be saved comes again: it changes nothing here, and is saved all the same. */
  #arrived(writes: readonly StampedWrite[], standing: Standing | null): Arrived {
    const wasSettled = this.#standing.isSettled;
    const { changes, changed } = this.#fold(writes);
    for (const one of changed) this.#news.set(registerKey(one), one);
    const touched = new Map([...writes, ...changed].map((one) => [registerKey(one), one]));
    const news = [...touched].filter(([key]) => this.#news.has(key)).map(([, one]) => this.#newsChange(one));
    if (standing !== null) this.#standing = standing;
    return {
      changes: [...changes, ...news, ...(standing === null ? [] : [this.#standingChange(standing)])],
      after: () => {
        if (changed.length > 0 || wasSettled !== this.#standing.isSettled) this.#deps.onNews();
      },
    };
  }

  #newsChange(one: RegisterId): StoreChange {
    return newsChange(this.#channel.id, one, this.#deps.now());
  }

  #fold(writes: readonly StampedWrite[]): {
    readonly changes: readonly StoreChange[];
    readonly changed: readonly SyncOperation[];
  } {
    const { state, changed } = foldSync(this.#state, writes);
    this.#state = state;
    const changes = registerChanges(this.#channel.id, state, [...writes, ...changed], this.#deps.now());
    return { changes, changed };
  }

  #standingChange(standing: Standing): StoreChange {
    const value = encode(standingCodec, { version: 1, ...standing });
    const conversationId = this.#channel.id;
    const record = {
      id: `${conversationId}/${STANDING_PART}`,
      conversationId,
      kind: STANDING_PART,
      value,
      createdAt: this.#deps.now(),
    };
    return { put: "part", record };
  }
}

function writesOfEvent(content: Uint8Array, stamp: SyncStamp): readonly StampedWrite[] {
  const read = decodeSyncEvent(content, stamp);
  return read.ok ? read.value : [];
}

/** Which parts have come matters only until one snapshot was whole. */
function withPart(standing: Standing, snapshot: string, index: number, count: number): Standing {
  if (standing.isSettled) return standing;
  const held = standing.open.find((one) => one.snapshot === snapshot)?.seen ?? [];
  const seen = held.includes(index) ? held : [...held, index];
  if (seen.length >= count) return { isSettled: true, open: [] };
  const others = standing.open.filter((one) => one.snapshot !== snapshot).slice(-(MAX_OPEN_SNAPSHOTS - 1));
  return { isSettled: false, open: [...others, { snapshot, count, seen }] };
}
