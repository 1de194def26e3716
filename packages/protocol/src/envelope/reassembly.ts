/**
 * Puts fragments together again (spec/envelope.md, section 4). Pure; what it may hold is bounded.
 *
 * EN5 Fragments belong together when they name the same list of part hashes.
 * EN6 At most `MAX_OPEN_SETS` payloads and `MAX_HELD_BYTES` bytes are held; the one begun first gives way, and is told,
 *     so that its envelopes can be read again.
 * EN7 Each part was verified by its hash when its envelope was opened, so a set that is complete is right.
 */
import { bytesToHex, concatBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { FRAGMENT_BYTES, type Fragment } from "./envelope.ts";

export const MAX_OPEN_SETS = 8;
export const MAX_HELD_BYTES = 8 * 1_024 * 1_024;

interface FragmentSet {
  /** Hex of the hash of the part hashes. */
  readonly id: string;
  readonly count: number;
  readonly parts: ReadonlyMap<number, Uint8Array>;
  /** What the parts came in, where the caller has given it. */
  readonly envelopes: ReadonlyMap<number, Uint8Array>;
}

/** Sets in the order in which they began. */
export interface Reassembly {
  readonly sets: readonly FragmentSet[];
}

export interface Collected {
  readonly state: Reassembly;
  /** The payload, when this fragment was the last of it. */
  readonly payload: Uint8Array | null;
  /** With the payload: the envelopes that it came in, in order, where they were given. */
  readonly envelopes: readonly Uint8Array[];
  /** Ids of sets that gave way. */
  readonly evicted: readonly string[];
}

export const emptyReassembly = (): Reassembly => ({ sets: [] });

export const fragmentSetId = (provider: CryptoProvider, fragment: Fragment): string =>
  bytesToHex(provider.sha256(concatBytes(...fragment.hashes)));

export function collectFragment(
  provider: CryptoProvider,
  state: Reassembly,
  fragment: Fragment,
  envelope?: Uint8Array,
): Collected {
  const id = fragmentSetId(provider, fragment);
  const held = state.sets.find((set) => set.id === id);
  const parts = new Map(held?.parts).set(fragment.index, fragment.part);
  const envelopes = new Map(held?.envelopes);
  if (envelope !== undefined) envelopes.set(fragment.index, envelope);
  const others = state.sets.filter((set) => set.id !== id);
  if (parts.size === fragment.hashes.length) {
    const ordered = Array.from({ length: parts.size }, (_, index) => parts.get(index) as Uint8Array);
    const came = [...envelopes].toSorted(([a], [b]) => a - b).map(([, one]) => one);
    return { state: { sets: others }, payload: concatBytes(...ordered), envelopes: came, evicted: [] };
  }
  const set = { id, count: fragment.hashes.length, parts, envelopes };
  const sets = held === undefined ? [...others, set] : state.sets.map((other) => (other.id === id ? set : other));
  return { ...withinBounds(sets, id), payload: null, envelopes: [] };
}

function withinBounds(
  sets: readonly FragmentSet[],
  keep: string,
): { readonly state: Reassembly; readonly evicted: readonly string[] } {
  const kept = [...sets];
  const evicted: string[] = [];
  while (kept.length > MAX_OPEN_SETS || heldBytes(kept) > MAX_HELD_BYTES) {
    const at = kept.findIndex((set) => set.id !== keep);
    if (at < 0) break;
    evicted.push(...kept.splice(at, 1).map((set) => set.id));
  }
  return { state: { sets: kept }, evicted };
}

/** Counted as if each part were full: an upper bound without a walk over the bytes. Envelopes are as much again. */
const heldBytes = (sets: readonly FragmentSet[]): number =>
  sets.reduce((sum, set) => sum + set.parts.size * FRAGMENT_BYTES, 0);
