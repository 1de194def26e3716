/**
 * Which events of a leaf count, and as what (spec/group.md, section 7). Events name no epoch, so that they can be sealed
 * again; a commit that changes what a leaf may write says up to which of its events the old right holds (GR22). So what
 * counts follows from the commits and the event alone, never from when it came or who handed it over.
 *
 * GR24 An event is judged by the newest change of its author's rights whose cut lies before it.
 * GR25 Who may not write may still react, and delete what they wrote. Who was removed may nothing beyond the cut.
 * GR26 Nothing is known of what was allowed before this device came in: events of then count for what they are.
 */
import {
  bool,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  ok,
  struct,
  uint,
  word,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import type { AccountId } from "../identity/account-id.ts";
import { MAX_AUTHORS, type Hex } from "../log/state.ts";
import type { GroupLeaf } from "./leaf.ts";
import type { CutEntry } from "./note.ts";
import { mayAct, RANK, rankOf, standing, type Standing } from "./roles.ts";
import type { GroupState } from "./state.ts";

export interface Rights {
  readonly say: "nothing" | "react" | "write";
  readonly mayPin: boolean;
}

/** From this number of the author on. */
interface Span extends Rights {
  readonly from: number;
}

export interface RightsHistory {
  /** Ascending by `from`; never empty. */
  readonly spans: ReadonlyMap<Hex, readonly Span[]>;
}

/** What lies further back than so many changes of one leaf's rights is judged by the oldest that is kept. */
const MAX_SPANS = 32;
export const ALL_RIGHTS: Rights = { say: "write", mayPin: true };
const NO_RIGHTS: Rights = { say: "nothing", mayPin: false };

export function rightsOfLeaf(group: Standing, account: AccountId): Rights {
  if (rankOf(group, account) === RANK.outside) return NO_RIGHTS;
  const { write, pin } = group.state.permissions;
  return { say: mayAct(group, account, write) ? "write" : "react", mayPin: mayAct(group, account, pin) };
}

/** `since`: the number of a leaf's first event that is not history (GR26). */
export function startRights(
  state: GroupState,
  leaves: readonly GroupLeaf[],
  since: (leafKey: Hex) => number = () => 0,
): RightsHistory {
  const group = standing(state, leaves);
  const spans = leaves.map(({ leafKey, account }): [Hex, readonly Span[]] => {
    const from = since(leafKey);
    const now: Span = { from, ...rightsOfLeaf(group, account) };
    return [leafKey, from === 0 ? [now] : [{ from: 0, ...ALL_RIGHTS }, now]];
  });
  return { spans: new Map(spans) };
}

/** After each commit that was applied, in the order of epochs. The cut has been judged (`judgeNote`). */
export function advanceRights(
  history: RightsHistory,
  after: { readonly state: GroupState; readonly leaves: readonly GroupLeaf[] },
  cut: readonly CutEntry[],
): RightsHistory {
  const group = standing(after.state, after.leaves);
  const present = new Map(after.leaves.map((leaf) => [leaf.leafKey, leaf]));
  const spans = new Map(history.spans);
  for (const { leafKey, sequence } of cut) {
    const leaf = present.get(leafKey);
    const rights = leaf === undefined ? NO_RIGHTS : rightsOfLeaf(group, leaf.account);
    spans.set(leafKey, addSpan(spans.get(leafKey) ?? [], { from: (sequence ?? -1) + 1, ...rights }));
  }
  for (const [leafKey, leaf] of present) {
    if (!spans.has(leafKey)) spans.set(leafKey, [{ from: 0, ...rightsOfLeaf(group, leaf.account) }]);
  }
  // Leaves that have gone give way, oldest first, where the log would have no room for their events either.
  for (const leafKey of spans.keys()) {
    if (spans.size <= MAX_AUTHORS) break;
    if (!present.has(leafKey)) spans.delete(leafKey);
  }
  return { spans };
}

/** A leaf that was never in this line, and counts from now on as `like` does (spec/event.md, LG19). */
export function withRightsLike({ spans }: RightsHistory, leafKey: Hex, like: Hex): RightsHistory {
  const now = spans.get(like)?.at(-1);
  if (now === undefined || spans.has(leafKey) || spans.size >= MAX_AUTHORS) return { spans };
  return { spans: new Map(spans).set(leafKey, [{ ...now, from: 0 }]) };
}

/** A later change never rewrites what an earlier one has settled. */
function addSpan(spans: readonly Span[], next: Span): readonly Span[] {
  const from = Math.max(next.from, spans.at(-1)?.from ?? 0);
  return [...spans.filter((span) => span.from < from), { ...next, from }].slice(-MAX_SPANS);
}

export function rightsAt({ spans }: RightsHistory, leafKey: Hex, sequence: number): Rights {
  const own = spans.get(leafKey);
  if (own === undefined) return ALL_RIGHTS;
  return own.findLast(({ from }) => from <= sequence) ?? (own[0] as Span);
}

// ---- in the store

const HISTORY_VERSION = 1;
const hash = hexBytes(32);
const span: Codec<Span> = struct({ from: uint(), say: word("nothing", "react", "write"), mayPin: bool });

const historyCodec = struct({
  version: literal(HISTORY_VERSION, "unknown-version"),
  leaves: list(struct({ leafKey: hash, spans: list(span, { min: 1, max: MAX_SPANS }) }), { max: MAX_AUTHORS }),
});

export const encodeRights = ({ spans }: RightsHistory): Uint8Array =>
  encode(historyCodec, {
    version: HISTORY_VERSION,
    leaves: Array.from(spans, ([leafKey, list]) => ({ leafKey, spans: list })),
  });

export function decodeRights(encoded: Uint8Array): Result<RightsHistory, DecodeError> {
  const decoded = decode(historyCodec, encoded);
  if (!decoded.ok) return decoded;
  return ok({ spans: new Map(decoded.value.leaves.map(({ leafKey, spans }) => [leafKey, spans])) });
}
