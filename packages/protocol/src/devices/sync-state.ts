/**
 * The fold over what a person's devices have written (spec/devices.md, section 9).
 *
 * DV22 A write is stamped with the depth of its event and the leaf key of its author. Of two writes of one register the
 *      one with the greater (depth, author) wins. Since an event is deeper than all that its author had seen, whoever
 *      knew the other write overrules it; the author decides only between those who did not know each other. No clock
 *      has a say. Equal stamps, which only a forked author makes, are decided by the bytes of the value.
 * DV23 A register that only grows holds the greatest value and the greatest stamp, each for itself.
 * DV24 Of each kind, those with the greatest stamps are kept, up to its limit; removals count. What gave way can never be
 *      among them again without a new write, so the outcome is a function of the set of writes: their order, their
 *      grouping and their repetition play no part.
 */
import { bytesToHex, compareBytes, decode, encode, equalBytes, type Codec } from "@xchat/codec";
import type { Hex } from "../log/state.ts";
import {
  compareValues,
  isSoundOperation,
  MAX_UNKNOWN_REGISTERS,
  REGISTERS,
  registerOfTag,
  type RegisterKey,
  type RegisterName,
  type RegisterValue,
  type SyncOperation,
} from "./sync-registers.ts";

export interface StampedWrite extends SyncOperation {
  readonly depth: number;
  /** Leaf key in the self-conversation. */
  readonly author: Hex;
}

/** Writes by tag and key, one for each; unknown tags share one table. */
export interface SyncState {
  readonly tables: ReadonlyMap<number, ReadonlyMap<Hex, StampedWrite>>;
}

export interface SyncStep {
  readonly state: SyncState;
  /** Registers whose value is another than before, once each. */
  readonly changed: readonly SyncOperation[];
  /** Writes of known kinds that are not as their kind has it. */
  readonly refused: number;
}

export const EMPTY_SYNC: SyncState = { tables: new Map() };

/** The table of all tags that this version does not know. */
const UNKNOWN = 0x1_0000;

/** Folds many writes at once: of any events and snapshots, in any order. */
export function foldSync(state: SyncState, writes: readonly StampedWrite[]): SyncStep {
  const draft: Draft = { tables: new Map(state.tables), thawed: new Set(), changed: new Map() };
  let refused = 0;
  for (const write of writes) {
    if (isSoundOperation(write)) foldWriteMutable(draft, write);
    else refused++;
  }
  for (const tag of draft.thawed) trimMutable(draft, tag);
  const changed = [...draft.changed.values()].filter(({ before, tag, entryKey }) => {
    const after = draft.tables.get(tag)?.get(entryKey)?.value ?? null;
    return !isSameValue(before, after);
  });
  return {
    state: { tables: draft.tables },
    changed: changed.map(({ operation, tag, entryKey }) => ({
      tag: operation.tag,
      key: operation.key,
      value: draft.tables.get(tag)?.get(entryKey)?.value ?? null,
    })),
    refused,
  };
}

/** `null` where nobody wrote it, or it was taken away. */
export function readRegister<N extends RegisterName>(
  state: SyncState,
  name: N,
  key: RegisterKey<N>,
): RegisterValue<N> | null {
  const { tag, key: keyCodec, value } = REGISTERS[name];
  const entry = state.tables.get(tag)?.get(bytesToHex(encode(keyCodec as Codec<unknown>, key)));
  return entry === undefined || entry.value === null ? null : valueOf<N>(value, entry.value);
}

/** All registers of a kind that hold a value, in the order of their keys. */
export function listRegister<N extends RegisterName>(
  state: SyncState,
  name: N,
): readonly { readonly key: RegisterKey<N>; readonly value: RegisterValue<N> }[] {
  const { tag, key, value } = REGISTERS[name];
  const entries = [...(state.tables.get(tag) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.flatMap(([, entry]) => {
    const readKey = decode(key as never, entry.key);
    const readValue = entry.value === null ? null : valueOf<N>(value, entry.value);
    return readKey.ok && readValue !== null ? [{ key: readKey.value as RegisterKey<N>, value: readValue }] : [];
  });
}

/** Every write that the state holds, removals too, ordered by tag and key. */
export const writesOf = (state: SyncState): readonly StampedWrite[] =>
  [...state.tables]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, table]) => [...table].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, write]) => write));

/** For a device that may write: false when one more register of this kind would push out another. */
export const hasRoom = (state: SyncState, name: RegisterName): boolean =>
  (state.tables.get(REGISTERS[name].tag)?.size ?? 0) < REGISTERS[name].limit;

// ---- the fold

interface Change {
  readonly operation: SyncOperation;
  readonly before: Uint8Array | null;
  readonly tag: number;
  readonly entryKey: Hex;
}

interface Draft {
  readonly tables: Map<number, ReadonlyMap<Hex, StampedWrite>>;
  /** Tags whose table is a copy already. */
  readonly thawed: Set<number>;
  readonly changed: Map<string, Change>;
}

function foldWriteMutable(draft: Draft, write: StampedWrite): void {
  const isKnown = registerOfTag(write.tag) !== null;
  const tag = isKnown ? write.tag : UNKNOWN;
  const entryKey = isKnown
    ? bytesToHex(write.key)
    : `${write.tag.toString(16).padStart(4, "0")}${bytesToHex(write.key)}`;
  const table = thawMutable(draft, tag);
  const held = table.get(entryKey);
  const winner = held === undefined ? write : joinWrites(held, write);
  if (winner === held) return;
  noteMutable(draft, tag, entryKey, write, held?.value ?? null);
  table.set(entryKey, winner);
}

/** The value from before all of these writes is the one that counts. */
function noteMutable(
  draft: Draft,
  tag: number,
  entryKey: Hex,
  operation: SyncOperation,
  before: Uint8Array | null,
): void {
  const changeKey = `${tag} ${entryKey}`;
  if (!draft.changed.has(changeKey)) draft.changed.set(changeKey, { operation, before, tag, entryKey });
}

function thawMutable(draft: Draft, tag: number): Map<Hex, StampedWrite> {
  const table = draft.tables.get(tag);
  if (draft.thawed.has(tag)) return table as Map<Hex, StampedWrite>;
  const copy = new Map(table);
  draft.tables.set(tag, copy);
  draft.thawed.add(tag);
  return copy;
}

/** DV22, DV23. One of the two as it is, where it wins whole. */
function joinWrites(a: StampedWrite, b: StampedWrite): StampedWrite {
  const known = registerOfTag(a.tag);
  if (known === null || known.compare === null) return compareWrites(a, b) >= 0 ? a : b;
  const order = compareValues(known, a.value as Uint8Array, b.value as Uint8Array);
  const { value } = order >= 0 ? a : b;
  const { depth, author } = compareStamps(a, b) >= 0 ? a : b;
  const isHeld = value === a.value && depth === a.depth && author === a.author;
  return isHeld ? a : { ...a, value, depth, author };
}

type Stamp = Pick<StampedWrite, "depth" | "author">;

const compareStamps = (a: Stamp, b: Stamp): number =>
  a.depth - b.depth || (a.author === b.author ? 0 : a.author < b.author ? -1 : 1);

function compareWrites(a: StampedWrite, b: StampedWrite): number {
  const order = compareStamps(a, b);
  if (order !== 0) return order;
  if (a.value === null || b.value === null) return (a.value === null ? 0 : 1) - (b.value === null ? 0 : 1);
  return compareBytes(a.value, b.value);
}

/** DV24. */
function trimMutable(draft: Draft, tag: number): void {
  const table = draft.tables.get(tag) as Map<Hex, StampedWrite>;
  const limit = registerOfTag(tag)?.limit ?? MAX_UNKNOWN_REGISTERS;
  if (table.size <= limit) return;
  const oldestFirst = [...table].toSorted(([keyA, a], [keyB, b]) => compareStamps(a, b) || (keyA < keyB ? -1 : 1));
  for (const [key, write] of oldestFirst.slice(0, table.size - limit)) {
    noteMutable(draft, tag, key, write, write.value);
    table.delete(key);
  }
}

const isSameValue = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : equalBytes(a, b);

/** Every value in a table was read once before it got there. */
function valueOf<N extends RegisterName>(codec: (typeof REGISTERS)[N]["value"], encoded: Uint8Array): RegisterValue<N> {
  const read = decode(codec as never, encoded);
  if (!read.ok) throw new Error(`sync register: ${(read.error as { reason: string }).reason}`);
  return read.value as RegisterValue<N>;
}
