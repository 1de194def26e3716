/**
 * What a commit says of the events around it: the authenticated data of its MLS message, signed with it and read by every
 * receiver (spec/group.md, section 7).
 *
 * GR21 A note is a version and a few parts, each `[kind, bytes]`; a part of an unknown kind is kept and skipped. No
 *      authenticated data at all is an empty note.
 * GR22 A commit that changes what a leaf may write names the newest event of that leaf which counts under what it might
 *      before, or says that there is none; and names no other leaf. An external commit changes nothing of the kind.
 * GR23 A line of "who did what" stands in the chat at the depth that its commit names, but not before the line of the
 *      epoch before, and at most 2^24 after it.
 */
import {
  bytes,
  decode,
  encode,
  err,
  hexBytes,
  list,
  literal,
  mapped,
  nullable,
  ok,
  struct,
  uint,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_DEPTH } from "../event/header.ts";
import { MAX_DEPTH_JUMP, type Hex } from "../log/state.ts";
import type { GroupLeaf } from "./leaf.ts";
import { rightsOfLeaf } from "./rights.ts";
import { standing } from "./roles.ts";
import { MAX_GROUP_LEAVES, type GroupState } from "./state.ts";

const MAX_NOTE_BYTES = 131_072;
const NOTE_VERSION = 1;
const MAX_PARTS = 16;

/** The newest event of a leaf that the commit lets stand; `sequence` null: none. */
export interface CutEntry {
  readonly leafKey: Hex;
  readonly sequence: number | null;
}

export interface CommitNote {
  /** The depth that the committer's next event would have had, and the committer's newest event. */
  readonly place: {
    readonly depth: number;
    readonly previous: { readonly sequence: number; readonly id: Hex } | null;
  } | null;
  /** Ascending by leaf key. */
  readonly cut: readonly CutEntry[];
  readonly unknown: readonly { readonly tag: number; readonly content: Uint8Array }[];
}

export const EMPTY_NOTE: CommitNote = { place: null, cut: [], unknown: [] };

export type NoteRefusal = "note-malformed" | "cut-missing" | "cut-of-another";

const hash = hexBytes(32);

const placeCodec = struct({
  depth: uint(MAX_DEPTH),
  previous: nullable(struct({ sequence: uint(), id: hash })),
});

const cutCodec: Codec<readonly CutEntry[]> = mapped(
  list(struct({ leafKey: hash, sequence: nullable(uint()) }), { max: MAX_GROUP_LEAVES }),
  (cut: readonly CutEntry[]) => {
    if (!isAscending(cut)) throw new RangeError("cut-out-of-order");
    return cut;
  },
  (cut, fail) => (isAscending(cut) ? cut : fail("cut-out-of-order")),
);

const isAscending = (cut: readonly CutEntry[]): boolean =>
  cut.every(({ leafKey }, i) => i === 0 || (cut[i - 1] as CutEntry).leafKey < leafKey);

const TAG = { place: 0, cut: 1 } as const;

const noteCodec = struct({
  version: literal(NOTE_VERSION, "unknown-version"),
  parts: list(struct({ tag: uint(0xffff), content: bytes({ max: MAX_NOTE_BYTES }) }), { max: MAX_PARTS }),
});

/** @throws RangeError when a part breaks its bounds, or the cut is out of order. */
export function encodeCommitNote({ place, cut, unknown }: CommitNote): Uint8Array {
  const parts = [
    ...(place === null ? [] : [{ tag: TAG.place, content: encode(placeCodec, place) }]),
    ...(cut.length === 0 ? [] : [{ tag: TAG.cut, content: encode(cutCodec, cut) }]),
    ...unknown,
  ];
  const encoded = parts.length === 0 ? new Uint8Array(0) : encode(noteCodec, { version: NOTE_VERSION, parts });
  if (encoded.length > MAX_NOTE_BYTES) throw new RangeError(`note of ${encoded.length} bytes is too large`);
  return encoded;
}

export function decodeCommitNote(authenticatedData: Uint8Array): Result<CommitNote, DecodeError> {
  if (authenticatedData.length === 0) return ok(EMPTY_NOTE);
  if (authenticatedData.length > MAX_NOTE_BYTES) return err({ reason: "note-too-large", offset: MAX_NOTE_BYTES });
  const decoded = decode(noteCodec, authenticatedData);
  if (!decoded.ok) return decoded;
  let { place, cut } = EMPTY_NOTE;
  const unknown: { readonly tag: number; readonly content: Uint8Array }[] = [];
  const seen = new Set<number>();
  for (const { tag, content } of decoded.value.parts) {
    // One meaning for one note: whoever read the first and whoever read the last of two cuts would part ways.
    if (seen.has(tag)) return err({ reason: "part-twice", offset: 0 });
    seen.add(tag);
    if (tag === TAG.place) {
      const read = decode(placeCodec, content);
      if (!read.ok) return read;
      place = read.value;
    } else if (tag === TAG.cut) {
      const read = decode(cutCodec, content);
      if (!read.ok) return read;
      cut = read.value;
    } else unknown.push({ tag, content });
  }
  return ok({ place, cut, unknown });
}

interface Side {
  readonly state: GroupState;
  readonly leaves: readonly GroupLeaf[];
}

/** Leaf keys whose rights the step changes: those that the cut has to name, ascending. */
export function leavesToCut(before: Side, after: Side): readonly Hex[] {
  const [old, next] = [standing(before.state, before.leaves), standing(after.state, after.leaves)];
  const staying = new Set(after.leaves.map(({ leafKey }) => leafKey));
  return before.leaves
    .filter((leaf) => {
      if (!staying.has(leaf.leafKey)) return true;
      const [from, to] = [rightsOfLeaf(old, leaf.account), rightsOfLeaf(next, leaf.account)];
      return from.say !== to.say || from.mayPin !== to.mayPin;
    })
    .map(({ leafKey }) => leafKey)
    .toSorted();
}

/** GR22, after `judgeCommit` has allowed the commit. A pair of version 1 has no notes. */
export function judgeNote(
  before: Side,
  after: Side,
  commit: { readonly isExternal: boolean; readonly authenticatedData: Uint8Array },
): Result<CommitNote, { readonly reason: NoteRefusal }> {
  if (after.state.version === 1) return ok(EMPTY_NOTE);
  const note = decodeCommitNote(commit.authenticatedData);
  if (!note.ok) return err({ reason: "note-malformed" });
  const wanted = new Set(commit.isExternal ? [] : leavesToCut(before, after));
  const named = note.value.cut;
  if (named.some(({ leafKey }) => !wanted.has(leafKey))) return err({ reason: "cut-of-another" });
  return named.length < wanted.size ? err({ reason: "cut-missing" }) : note;
}

/** GR23. `before`: where the line of the epoch before stands; 0 at the start. */
export const depthOfLine = (before: number, note: CommitNote): number =>
  Math.min(Math.max(before, note.place?.depth ?? before), before + MAX_DEPTH_JUMP, MAX_DEPTH);
