/** Arbitrary facts of arbitrary authors: whatever they are, the log stands, within its bounds, and can be stored. */
import { expectOk } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextAck, receiveAck, receiveRead } from "./acknowledge.ts";
import { decodeLog, encodeLog } from "./log-codec.ts";
import { appended, prepareOwn, receiveEvent } from "./receive.ts";
import { answerWant, nextRepair, repairDueAt } from "./repair.ts";
import {
  MAX_HEADS,
  MAX_MISSING,
  MAX_MISSING_OF_AUTHOR,
  MAX_PENDING_OF_AUTHOR,
  missingCount,
  startLog,
  type EventFacts,
  type Hex,
  type Log,
  type LogStep,
  type Lookup,
} from "./state.ts";

const idOf = (n: number): Hex => n.toString(16).padStart(64, "0");
const CHAT = idOf(0xc4a7);
const authors = [1, 2, 3].map((n) => idOf(0xa0 + n)) as [Hex, Hex, Hex];
const self = authors[0];

const EVENTS = 40;
const NOWHERE = 1_000;
const number = fc.oneof(fc.nat(12), fc.constantFrom(2 ** 32, 2 ** 32 + 7, 2 ** 50, Number.MAX_SAFE_INTEGER));
const id = fc.nat(EVENTS).map((n) => idOf(n + 1));
const author = fc.constantFrom(...authors);

/**
 * The event with number `n`: anything that a header may say (EV2, EV3). An id is a hash of what it stands for, so it
 * names one event for good, and what it refers to was there before: an earlier event, or nothing.
 */
const factsOf = (n: number): fc.Arbitrary<EventFacts> => {
  const reference = fc.oneof(
    fc.nat(NOWHERE + 5).map((k) => idOf(k % NOWHERE < n ? k % NOWHERE : NOWHERE + k)),
    fc.nat(Math.max(0, n - 1)).map(idOf),
  );
  return fc
    .record({
      conversation: fc.constantFrom(CHAT, CHAT, CHAT, CHAT, idOf(1)),
      author,
      sequence: fc.oneof(fc.nat(12), fc.constantFrom(2 ** 32, 2 ** 50)),
      above: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.constantFrom(2, 5, 2 ** 32, 2 ** 51) },
      ),
      previous: reference,
      parents: fc.uniqueArray(reference, { maxLength: 16 }),
    })
    .map(({ above, previous, parents, ...rest }) => ({
      ...rest,
      id: idOf(n),
      depth: rest.sequence + above,
      previous: rest.sequence === 0 ? null : previous,
      parents: parents.filter((parent) => rest.sequence === 0 || parent !== previous).toSorted(),
    }));
};

const history = fc.tuple(...Array.from({ length: EVENTS }, (_, i) => factsOf(i + 1)));

const range = fc.tuple(number, number).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const position = fc.record({ author, sequence: number, id });

const move = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("event" as const), index: fc.nat(EVENTS - 1) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "write" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("ack" as const),
      from: author,
      tip: fc.option(fc.record({ sequence: number, id }), { nil: null }),
      entries: fc.array(
        fc.tuple(position, fc.array(range, { maxLength: 16 })).map(([p, lacking]) => ({ ...p, lacking })),
        { maxLength: 3 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      from: author,
      positions: fc.array(position, { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("want" as const),
      from: author,
      asked: author,
      ids: fc.array(id, { maxLength: 32 }),
      ranges: fc.array(
        fc.tuple(author, range).map(([a, r]) => ({ author: a, ...r })),
        { maxLength: 16 },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      milliseconds: fc.constantFrom<number>(1, 2_000, 61_000, 3_600_000, 90_000_000, -86_400_000),
    }),
  },
);

type Move = typeof move extends fc.Arbitrary<infer M> ? M : never;

class Target {
  log: Log = startLog({ conversation: CHAT, self });
  now = 1_700_000_000_000;
  readonly shown = new Map<Hex, EventFacts>();
  readonly kept = new Map<Hex, EventFacts>();
  readonly lookup: Lookup = {
    event: (wanted) => this.shown.get(wanted) ?? null,
    at: (who, sequence) =>
      [...this.shown.values()].find((one) => one.author === who && one.sequence === sequence)?.id ?? null,
  };
  #own = 0xffff;

  take({ log, effects }: LogStep, event?: EventFacts): void {
    this.log = log;
    for (const effect of effects) {
      if (effect.kind === "hold" && event !== undefined) this.kept.set(event.id, event);
      if (effect.kind !== "show") continue;
      expect(this.shown.has(effect.id), "shown twice").toBe(false);
      const found = event?.id === effect.id ? event : this.kept.get(effect.id);
      expect(found, "shown without having been kept").toBeDefined();
      this.shown.set(effect.id, found as EventFacts);
    }
  }

  readonly history: readonly EventFacts[];

  constructor(events: readonly EventFacts[] = []) {
    this.history = events;
  }

  receive(event: EventFacts): void {
    this.take(receiveEvent(this.log, event, this.lookup, this.now), event);
  }

  play(next: Move): void {
    switch (next.kind) {
      case "event":
        return this.receive(this.history[next.index] as EventFacts);
      case "write": {
        const prepared = prepareOwn(this.log);
        if (!Number.isSafeInteger(prepared.depth) || !Number.isSafeInteger(prepared.sequence)) return;
        const own = { id: idOf(this.#own++), conversation: CHAT, author: self, ...prepared };
        return this.take(appended(this.log, own, this.now), own);
      }
      case "ack":
        return this.take(receiveAck(this.log, next.from, next, this.lookup, this.now));
      case "read":
        return this.take(receiveRead(this.log, next.from, next.positions, this.lookup));
      case "want":
        this.log = answerWant(this.log, next, this.now).log;
        return;
      case "wait": {
        this.now += next.milliseconds;
        const repair = nextRepair(this.log, { now: this.now, members: authors, random: 0.5 });
        this.take(repair);
        expect(repairDueAt(repair.log, this.now) ?? Infinity).toBeGreaterThan(this.now);
        this.log = nextAck(this.log, { now: this.now, memberCount: 3, isPiggyback: false }).log;
      }
    }
  }

  check(): void {
    const { log } = this;
    expect(expectOk(decodeLog(encodeLog(log)), "log").pending.size).toBe(log.pending.size);
    expect(log.missing.size).toBeLessThanOrEqual(MAX_MISSING);
    expect(log.heads.length).toBeLessThanOrEqual(MAX_HEADS);
    expect(missingCount(log)).toBeGreaterThanOrEqual(0);
    for (const held of log.pending.values()) {
      expect(held.unresolved.length).toBeGreaterThan(0);
      for (const needed of held.unresolved)
        expect(log.pending.has(needed) || log.missing.has(needed), "a silent gap").toBe(true);
      expect(this.shown.has(held.id)).toBe(false);
    }
    for (const who of authors) {
      const cited = [...log.missing.values()].filter((missing) => missing.citedBy === who);
      expect(cited.length).toBeLessThanOrEqual(MAX_MISSING_OF_AUTHOR);
      expect([...log.pending.values()].filter((held) => held.author === who).length).toBeLessThanOrEqual(
        MAX_PENDING_OF_AUTHOR,
      );
    }
  }
}

describe("hostile facts", () => {
  it("[LG2] [LG4] [LG5] never throw, never show twice, leave no silent gap, and can always be stored", () => {
    fc.assert(
      fc.property(history, fc.array(move, { maxLength: 80 }), (events, moves) => {
        const target = new Target(events);
        for (const next of moves) {
          target.play(next);
          target.check();
        }
      }),
      { numRuns: Number(process.env["XCHAT_FUZZ"] ?? 300) },
    );
  });

  it("[LG7] what is missing ends: after a month without news nothing is asked or waited for", () => {
    fc.assert(
      fc.property(history, fc.array(move, { maxLength: 40 }), (events, moves) => {
        const target = new Target(events);
        for (const next of moves) target.play(next);
        for (let hour = 0; hour < 24 * 30; hour += 2) target.play({ kind: "wait", milliseconds: 7_200_000 });
        expect(target.log.pending.size).toBe(0);
        expect(repairDueAt(target.log, target.now)).toBeNull();
      }),
      { numRuns: Number(process.env["XCHAT_FUZZ"] ?? 300) / 10 },
    );
  });

  it("[LG5] evicting what others wait for leaves the bounds", () => {
    const target = new Target();
    const flood = authors[1];
    // Each cites sixteen that are farther; each new one is nearer and drives the farthest out.
    const ids = Array.from({ length: 700 }, (_, i) => idOf(10_000 + i));
    for (let i = ids.length - 1; i >= 0; i--) {
      const parents = ids.slice(i + 2, i + 18).toSorted();
      const previous = idOf(90_000 + i);
      target.receive({
        id: ids[i] as Hex,
        conversation: CHAT,
        author: flood,
        sequence: i + 1,
        depth: i + 9,
        previous,
        parents,
      });
    }
    target.check();
  });
});
