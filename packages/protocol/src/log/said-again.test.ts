/** What a device says again under another leaf key, and how it hears that it came (spec/event.md, LG18). */
import { expectOk } from "@xchat/codec";
import { describe, expect, test } from "vitest";
import { ACK_DELAY, nextAck, receiveAck } from "./acknowledge.ts";
import { decodeLog, encodeLog } from "./log-codec.ts";
import { underNewLeaf } from "./new-leaf.ts";
import { receiveEvent } from "./receive.ts";
import { nothingMoreOf, sayingAgain } from "./said-again.ts";
import { MAX_AGAIN, startLog, type AckEntryFacts, type EventFacts, type Hex, type Log, type Lookup } from "./state.ts";

const NOW = 1_700_000_000_000;
const idOf = (n: number): Hex => n.toString(16).padStart(64, "0");
const [CHAT, OLD, NEW, BOB, CAROL] = [1, 2, 3, 4, 5].map(idOf) as [Hex, Hex, Hex, Hex, Hex];
const eventOf = (n: number, sequence: number, previous: number | null): EventFacts => ({
  id: idOf(n),
  conversation: CHAT,
  author: OLD,
  sequence,
  depth: sequence + 1,
  previous: previous === null ? null : idOf(previous),
  parents: [],
});
const [zero, one, two] = [eventOf(100, 0, null), eventOf(101, 1, 100), eventOf(102, 2, 101)] as const;
/** As the old copy of a store writes it that does not know of `one`. */
const other = eventOf(201, 1, 100);

const lookupOf = (known: readonly EventFacts[]): Lookup => ({
  event: (id) => known.find((event) => event.id === id) ?? null,
  at: (author, sequence) => known.find((event) => event.author === author && event.sequence === sequence)?.id ?? null,
});

function logOf(self: Hex, events: readonly EventFacts[]): Log {
  let log = startLog({ conversation: CHAT, self });
  for (const [i, event] of events.entries()) log = receiveEvent(log, event, lookupOf(events.slice(0, i)), NOW).log;
  return log;
}

/** Of a device that has come back and says these again. */
const cameBack = (events: readonly EventFacts[], again: readonly EventFacts[]): Log =>
  sayingAgain(underNewLeaf(logOf(OLD, events), NEW), again);

const entry = ({ sequence, id }: EventFacts, lacking: AckEntryFacts["lacking"] = []): AckEntryFacts => ({
  author: OLD,
  sequence,
  id,
  lacking,
});

/** Ids that this acknowledgement tells of, and the log after it. */
function heard(log: Log, from: Hex, entries: readonly AckEntryFacts[], known: readonly EventFacts[]) {
  const step = receiveAck(log, from, { tip: null, entries }, lookupOf(known), NOW);
  const ids = step.effects.flatMap((effect) => (effect.kind === "delivered-again" ? effect.ids : []));
  return { ids, log: step.log };
}

const said = (log: Log): readonly AckEntryFacts[] =>
  nextAck(log, { now: NOW + ACK_DELAY, memberCount: 2, isPiggyback: false }).outgoing?.ack?.entries ?? [];

describe("own events under a former leaf key", () => {
  const all = [zero, one, two];

  test("[LG18] are acknowledged by number where there is one branch, each member for themselves, and once", () => {
    const log = cameBack(all, [one, two]);
    const bob = heard(log, BOB, [entry(one)], all);
    expect(bob.ids).toEqual([one.id]);
    expect(bob.log.again.get(one.id)?.by).toEqual([BOB]);
    const more = heard(bob.log, BOB, [entry(two)], all);
    expect(more.ids).toEqual([two.id]);
    expect(heard(more.log, BOB, [entry(two)], all).ids).toEqual([]);
    expect(heard(more.log, CAROL, [entry(two)], all).ids).toEqual([one.id, two.id]);
    expect(expectOk(decodeLog(encodeLog(more.log)), "log")).toEqual(more.log);
  });

  test("[LG18] [LG12] but for what is lacking", () => {
    expect(heard(cameBack(all, [one, two]), BOB, [entry(two, [{ from: 1, to: 1 }])], all).ids).toEqual([two.id]);
  });

  test("[LG18] [LG11] what names no event of that key by number and id is not believed", () => {
    const log = cameBack(all, [one, two]);
    expect(heard(log, BOB, [{ ...entry(two), id: idOf(7) }], all).ids).toEqual([]);
    expect(heard(log, BOB, [{ ...entry(two), sequence: 9 }], [...all, { ...one, author: BOB }]).ids).not.toContain(
      zero.id,
    );
    expect(heard(log, BOB, [{ ...entry(one), id: two.id, author: CAROL }], all).ids).toEqual([]);
  });

  test("[LG18] [LG6] where the old key has two branches, an event says something of its own branch alone", () => {
    const forked = [zero, one, two, other];
    const log = cameBack(forked, [two, other]);
    expect(log.authors.get(OLD)?.forks).toBeGreaterThan(0);
    expect(heard(log, BOB, [entry(two)], forked).ids).toEqual([two.id]);
    expect(heard(log, BOB, [entry(two), entry(other)], forked).ids).toEqual([two.id, other.id]);
  });

  test("[LG18] what has reached everybody is forgotten, and never more is kept than the bound", () => {
    const log = cameBack(all, [one, two]);
    expect([...nothingMoreOf(log, [one.id]).again.keys()]).toEqual([two.id]);
    expect(nothingMoreOf(log, [zero.id])).toBe(log);
    const many = Array.from({ length: MAX_AGAIN + 5 }, (_, n) => eventOf(1_000 + n, n, null));
    const kept = [...sayingAgain(log, many).again.keys()];
    expect([kept.length, kept.at(-1)]).toEqual([MAX_AGAIN, many.at(-1)?.id]);
  });
});

describe("whoever hears an author with two branches", () => {
  test("[LG18] names what came beside the newest as well, once, and again when it comes again", () => {
    let log = logOf(BOB, [zero, one, two]);
    expect(said(log)).toEqual([entry(two)]);
    log = nextAck(log, { now: NOW + ACK_DELAY, memberCount: 2, isPiggyback: false }).log;
    for (let times = 0; times < 2; times++) {
      log = receiveEvent(log, other, lookupOf(times === 0 ? [zero, one, two] : [zero, one, two, other]), NOW).log;
      expect(said(log)).toEqual([entry(two), entry(other)]);
      log = nextAck(log, { now: NOW + ACK_DELAY, memberCount: 2, isPiggyback: false }).log;
      expect(said(log)).toEqual([]);
    }
  });
});
