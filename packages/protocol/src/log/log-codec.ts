/** The log as it lies in the store (spec/event.md, section 6). A newer version is refused with a word. */
import {
  bool,
  decode,
  encode,
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
import {
  MAX_AGAIN,
  MAX_AGAIN_BY,
  MAX_AUTHORS,
  MAX_HEADS,
  MAX_LOST_RANGES,
  MAX_MISSING,
  MAX_PENDING,
  MAX_START,
  type AuthorLog,
  type Head,
  type Hex,
  type Log,
  type LostRange,
  type Missing,
  type PendingEvent,
  type Range,
  type SaidAgain,
  type StartEvent,
} from "./state.ts";

export const LOG_VERSION = 1;

const hash = hexBytes(32);
/** Whole milliseconds, whatever the clock gives. */
const time: Codec<number> = mapped(
  uint(),
  (value: number) => Math.max(0, Math.round(value)),
  (value) => value,
);
/** An exact number with a fraction: what is left of a budget, in thousandths. */
const thousandths: Codec<number> = mapped(
  uint(),
  (value: number) => Math.max(0, Math.round(value * 1_000)),
  (value) => value / 1_000,
);

const repair = { since: time, tries: uint(64), nextAt: time };
const range = { from: uint(), to: uint() };
const tip = struct({ sequence: uint(), id: hash, depth: uint() });

const rangeCodec: Codec<Range> = struct(range);
const lostCodec: Codec<LostRange> = struct({ ...range, endId: hash, depth: uint(), ...repair });
const startCodec: Codec<StartEvent> = struct({ author: hash, sequence: uint(), id: hash, depth: uint() });
const headCodec: Codec<Head> = struct({ id: hash, depth: uint() });

const authorCodec: Codec<AuthorLog> = struct({
  tip: nullable(tip),
  beside: nullable(struct({ sequence: uint(), id: hash })),
  claimed: nullable(struct({ sequence: uint(), by: hash, ...repair })),
  lost: list(lostCodec, { max: MAX_LOST_RANGES }),
  forks: uint(),
  delivered: nullable(struct({ upTo: uint(), lacking: list(rangeCodec, { max: 16 }) })),
  readUpTo: nullable(uint()),
  readMark: nullable(struct({ sequence: uint(), id: hash })),
  isAckDue: bool,
  isReadDue: bool,
});

const pendingCodec: Codec<PendingEvent> = struct({
  id: hash,
  conversation: hash,
  author: hash,
  sequence: uint(),
  depth: uint(),
  previous: nullable(hash),
  parents: list(hash, { max: 16 }),
  unresolved: list(hash, { max: 17 }),
  deepest: uint(),
  isIncomplete: bool,
});

const missingCodec: Codec<Missing> = struct({
  id: hash,
  citedBy: hash,
  position: nullable(struct({ author: hash, to: uint() })),
  depth: uint(),
  isReleased: bool,
  ...repair,
});

const againCodec: Codec<SaidAgain> = struct({
  id: hash,
  author: hash,
  sequence: uint(),
  previous: nullable(hash),
  by: list(hash, { max: MAX_AGAIN_BY }),
});

const mapOf = <K, V>(key: Codec<K>, value: Codec<V>, max: number): Codec<ReadonlyMap<K, V>> =>
  mapped(
    list(struct({ key, value }), { max }) as Codec<readonly { readonly key: K; readonly value: V }[]>,
    (map: ReadonlyMap<K, V>) => Array.from(map, ([k, v]) => ({ key: k, value: v })),
    (entries): ReadonlyMap<K, V> => new Map(entries.map((entry) => [entry.key, entry.value])),
  );

const byId = <T extends { readonly id: Hex }>(item: Codec<T>, max: number): Codec<ReadonlyMap<Hex, T>> =>
  mapped(
    list(item, { max }),
    (map: ReadonlyMap<Hex, T>) => [...map.values()],
    (items): ReadonlyMap<Hex, T> => new Map(items.map((entry) => [entry.id, entry])),
  );

interface StoredLog extends Log {
  readonly version: typeof LOG_VERSION;
}

const logCodec: Codec<StoredLog> = struct({
  version: literal(LOG_VERSION, "unknown-version"),
  conversation: hash,
  self: hash,
  authors: mapOf(hash, authorCodec, MAX_AUTHORS),
  start: list(startCodec, { max: MAX_START }),
  startDepth: uint(),
  heads: list(headCodec, { max: MAX_HEADS }),
  pending: byId(pendingCodec, MAX_PENDING),
  missing: byId(missingCodec, MAX_MISSING),
  askers: mapOf(hash, struct({ tokens: thousandths, at: time }), MAX_AUTHORS),
  again: byId(againCodec, MAX_AGAIN),
  ackDueSince: nullable(time),
  lastWantAt: time,
});

export const encodeLog = (log: Log): Uint8Array => encode<StoredLog>(logCodec, { version: LOG_VERSION, ...log });

export function decodeLog(encoded: Uint8Array): Result<Log, DecodeError> {
  const stored = decode(logCodec, encoded);
  if (!stored.ok) return stored;
  const { version: _version, ...log } = stored.value;
  return ok(log);
}
