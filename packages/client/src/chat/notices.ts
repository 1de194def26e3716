/**
 * What went wrong in a chat, for whoever wants to know: kept with the chat, bounded, newest last.
 *
 * NO1 A gap is told once it had to be asked for: that two messages overtake one another is no news. It stays on the list
 *     as closed or given up.
 * NO2 At most 16 of each kind, so that no flood of one hides another. What is over goes before what is not, the older
 *     before the newer.
 * NO3 What repeats itself is counted and not listed again.
 */
import { list, nullable, text, uint, variants, word, type CodecType } from "@xchat/codec";
import { gapStart, type Hex, type Log, type LogEffect } from "@xchat/protocol";
import type { ChatNotice } from "../api.ts";

export const MAX_NOTICES_OF_A_KIND = 16;

const times = { at: uint(), changedAt: uint() };
const of = word("me", "them");

const noticeCodec = variants({
  gap: [
    0,
    { id: text(96), ...times, of: nullable(of), state: word("asked", "closed", "given-up"), count: nullable(uint()) },
  ],
  equivocation: [1, { id: text(96), ...times, of, sequence: uint() }],
  behind: [2, { id: text(96), ...times, count: uint() }],
  refused: [3, { id: text(96), ...times, what: word("event", "acknowledgement"), reason: text(32), count: uint() }],
  identity: [4, { id: text(96), ...times, change: word("newer", "rolled-back", "forked", "recovered"), count: uint() }],
  fork: [
    5,
    {
      id: text(160),
      ...times,
      what: word("healed", "node-signed-twice", "member-contradicts", "held", "released", "outside", "back"),
      count: uint(),
    },
  ],
});

const KINDS = 6;
export const noticesCodec = list(noticeCodec, { max: KINDS * MAX_NOTICES_OF_A_KIND });
export type StoredNotice = CodecType<typeof noticeCodec>;

/** What happened, without its times. */
export type Happening = StoredNotice extends infer N
  ? N extends StoredNotice
    ? Omit<N, "at" | "changedAt">
    : never
  : never;

export const noticeView = (notice: StoredNotice): ChatNotice => notice;

/** Puts a happening on the list: counted where the same is there already (NO3). */
export function withNotice(
  notices: readonly StoredNotice[],
  happening: Happening,
  now: number,
): readonly StoredNotice[] {
  const known = notices.find(({ id, kind }) => id === happening.id && kind === happening.kind);
  const others = notices.filter((notice) => notice !== known);
  const counted =
    known !== undefined && "count" in known && happening.kind !== "gap"
      ? { count: Math.min((known.count ?? 0) + 1, 0xffff_ffff) }
      : {};
  const notice = { ...happening, ...counted, at: known?.at ?? now, changedAt: now } as StoredNotice;
  return withinBounds([...others, notice], notice.kind);
}

/** What the effects of one transition of the log tell. */
export function noticesOfEffects(
  notices: readonly StoredNotice[],
  effects: readonly LogEffect[],
  { self }: Pick<Log, "self">,
  now: number,
): readonly StoredNotice[] {
  let all = notices;
  for (const effect of effects) {
    const happening = happeningOf(effect, self);
    if (happening !== null) all = withNotice(all, happening, now);
  }
  return all;
}

/** Gaps as the log has them now (NO1). `givenUp`: ids that nobody is asked for any more. */
export function noticesOfGaps(
  notices: readonly StoredNotice[],
  log: Log,
  givenUp: ReadonlySet<Hex>,
  now: number,
): readonly StoredNotice[] {
  const open = openGaps(log);
  let all = notices;
  for (const notice of notices) {
    if (notice.kind !== "gap" || notice.state !== "asked" || open.has(notice.id)) continue;
    const state = givenUp.has(notice.id) ? "given-up" : "closed";
    all = all.map((one) => (one === notice ? { ...notice, state, changedAt: now } : one));
  }
  for (const { tries, ...gap } of open.values()) {
    const known = all.find(({ id, kind }) => kind === "gap" && id === gap.id);
    const isSame = known?.kind === "gap" && known.state === "asked" && (known.count ?? 0) >= (gap.count ?? 0);
    if (tries > 0 && !isSame) all = withNotice(all, { kind: "gap", state: "asked", ...gap }, now);
  }
  return all;
}

// ---- below

function happeningOf(effect: LogEffect, self: Hex): Happening | null {
  switch (effect.kind) {
    case "equivocation": {
      const { author, sequence } = effect;
      return { kind: "equivocation", id: `${author}/${sequence}`, of: author === self ? "me" : "them", sequence };
    }
    case "behind":
      return { kind: "behind", id: "behind", count: 1 };
    case "refused":
      return { kind: "refused", id: `event/${effect.reason}`, what: "event", reason: effect.reason, count: 1 };
    case "ack-refused": {
      const { reason } = effect;
      return { kind: "refused", id: `acknowledgement/${reason}`, what: "acknowledgement", reason, count: 1 };
    }
    default:
      return null;
  }
}

interface OpenGap {
  readonly id: string;
  readonly of: "me" | "them" | null;
  /** Null where only the id of one missing event is known, and not what else lies before it. */
  readonly count: number | null;
  readonly tries: number;
}

/** Everything that is known to exist and is not here. */
function openGaps(log: Log): ReadonlyMap<string, OpenGap> {
  const gaps = new Map<string, OpenGap>();
  const ofAuthor = (author: Hex): "me" | "them" => (author === log.self ? "me" : "them");
  for (const { id, position, tries } of log.missing.values()) {
    const count = position === null ? null : position.to - gapStart(log, position.author, position.to) + 1;
    gaps.set(id, { id, of: position === null ? null : ofAuthor(position.author), count, tries });
  }
  for (const [author, { lost, claimed, tip }] of log.authors) {
    const of = ofAuthor(author);
    for (const { endId, from, to, tries } of lost) gaps.set(endId, { id: endId, of, count: to - from + 1, tries });
    if (claimed === null) continue;
    // The author's word for his newest number: all that is missing lies at the end, and has no id yet.
    const id = `end/${author}`;
    gaps.set(id, { id, of, count: claimed.sequence - (tip?.sequence ?? -1), tries: claimed.tries });
  }
  return gaps;
}

const isOver = (notice: StoredNotice): boolean => notice.kind === "gap" && notice.state !== "asked";

function withinBounds(notices: readonly StoredNotice[], kind: StoredNotice["kind"]): readonly StoredNotice[] {
  const ofKind = notices.filter((notice) => notice.kind === kind);
  if (ofKind.length <= MAX_NOTICES_OF_A_KIND) return notices;
  const [first] = ofKind.toSorted((a, b) => Number(isOver(b)) - Number(isOver(a)) || a.changedAt - b.changedAt);
  return notices.filter((notice) => notice !== first);
}
