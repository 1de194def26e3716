import { createHash } from "node:crypto";
import { expectOk } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { expectHardened } from "../hostile-input.node.ts";
import {
  ACK_DELAY,
  ackDueAt,
  MAX_ACK_MEMBERS,
  markRead,
  nextAck,
  receiveAck,
  receiveRead,
  type AckFacts,
} from "./acknowledge.ts";
import { decodeLog, encodeLog } from "./log-codec.ts";
import { appended, prepareOwn, receiveEvent } from "./receive.ts";
import { answerWant, GIVE_BURST, MAX_GIVEN, nextRepair, repairDueAt } from "./repair.ts";
import { RELEASE_AFTER, REPAIR_DELAYS } from "./schedule.ts";
import {
  MAX_AUTHORS,
  MAX_DEPTH_JUMP,
  MAX_FORK_REPORTS,
  MAX_HEADS,
  MAX_LOST_RANGES,
  MAX_MISSING_OF_AUTHOR,
  MAX_PENDING_OF_AUTHOR,
  missingCount,
  startLog,
  type EventFacts,
  type Hex,
  type Log,
  type LogEffect,
  type LogStep,
  type Lookup,
} from "./state.ts";

const NOW = 1_700_000_000_000;
const hash = (text: string): Hex => createHash("sha256").update(text).digest("hex");
const CHAT = hash("chat");
const [self, alice, bob] = [hash("self"), hash("alice"), hash("bob")] as const;

let serial = 0;
const event = (author: Hex, sequence: number, over: Partial<EventFacts> = {}): EventFacts => ({
  id: hash(`event ${serial++}`),
  conversation: CHAT,
  author,
  sequence,
  depth: sequence + 1,
  previous: null,
  parents: [],
  ...over,
});

/** Events of one author, each after the one before. */
function chainOf(author: Hex, count: number): readonly [EventFacts, ...EventFacts[]] {
  const events: EventFacts[] = [];
  for (let i = 0; i < count; i++) events.push(event(author, i, { previous: events.at(-1)?.id ?? null }));
  return events as unknown as readonly [EventFacts, ...EventFacts[]];
}

/** A log with the store beside it, as a client keeps them. */
class Story {
  log: Log = startLog({ conversation: CHAT, self });
  now = NOW;
  readonly shown = new Map<Hex, EventFacts>();
  readonly arrived = new Map<Hex, EventFacts>();
  readonly lookup: Lookup = {
    event: (id) => this.shown.get(id) ?? null,
    at: (author, sequence) =>
      [...this.shown.values()].find((one) => one.author === author && one.sequence === sequence)?.id ?? null,
  };

  take({ log, effects }: LogStep): readonly LogEffect[] {
    this.log = log;
    for (const effect of effects) {
      if (effect.kind === "show") this.shown.set(effect.id, this.arrived.get(effect.id) as EventFacts);
    }
    return effects;
  }

  receive(...events: readonly EventFacts[]): readonly LogEffect[] {
    return events.flatMap((one) => {
      this.arrived.set(one.id, one);
      return this.take(receiveEvent(this.log, one, this.lookup, this.now));
    });
  }

  write(): EventFacts {
    const own = { id: hash(`own ${serial++}`), conversation: CHAT, author: self, ...prepareOwn(this.log) };
    this.arrived.set(own.id, own);
    this.take(appended(this.log, own, this.now));
    return own;
  }

  wait(milliseconds: number, members: readonly Hex[] = [alice, bob]): readonly LogEffect[] {
    this.now += milliseconds;
    return this.take(nextRepair(this.log, { now: this.now, members, random: 0 }));
  }

  ack(from: Hex, ack: AckFacts): readonly LogEffect[] {
    return this.take(receiveAck(this.log, from, ack, this.lookup, this.now));
  }

  order(): readonly Hex[] {
    return [...this.shown.values()].toSorted((a, b) => a.depth - b.depth || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  }
}

const kinds = (effects: readonly LogEffect[]): readonly string[] => effects.map(({ kind }) => kind);
const of = <K extends LogEffect["kind"]>(
  effects: readonly LogEffect[],
  kind: K,
): readonly Extract<LogEffect, { kind: K }>[] =>
  effects.filter((effect): effect is Extract<LogEffect, { kind: K }> => effect.kind === kind);

describe("showing", () => {
  it("[LG1] an event waits for its previous one and its parents, and is shown with the last of them", () => {
    const story = new Story();
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    const b0 = event(bob, 0, { parents: [a1.id], depth: 3 });
    expect(kinds(story.receive(b0))).toEqual(["hold", "gap"]);
    expect(kinds(story.receive(a1))).toEqual(["hold", "gap-closed", "gap"]);
    expect(missingCount(story.log)).toBe(1);
    const effects = story.receive(a0);
    expect(of(effects, "show").map(({ id }) => id)).toEqual([a0.id, a1.id, b0.id]);
    expect(missingCount(story.log)).toBe(0);
  });

  it("[LG2] nothing is shown twice, pending or shown", () => {
    const story = new Story();
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    story.receive(a1);
    expect(kinds(story.receive(a1))).toEqual(["duplicate"]);
    story.receive(a0);
    expect(kinds(story.receive(a0, a1))).toEqual(["duplicate", "duplicate"]);
  });

  it("[LG3] own events cite the heads of others, and not the own previous one", () => {
    const story = new Story();
    expect(prepareOwn(story.log)).toEqual({ sequence: 0, previous: null, parents: [], depth: 1 });
    const own = story.write();
    expect(prepareOwn(story.log)).toEqual({ sequence: 1, previous: own.id, parents: [], depth: 2 });
    const a0 = event(alice, 0, { parents: [own.id], depth: 2 });
    const b0 = event(bob, 0, { parents: [own.id], depth: 2 });
    story.receive(a0, b0);
    expect(prepareOwn(story.log)).toEqual({
      sequence: 1,
      previous: own.id,
      parents: [a0.id, b0.id].toSorted(),
      depth: 3,
    });
    story.write();
    expect(story.log.heads).toHaveLength(1);
  });

  it("[LG3] what comes after it was cited and given up is no head", () => {
    const story = new Story();
    const late = event(bob, 0);
    story.receive(event(alice, 0, { parents: [late.id], depth: 2 }));
    story.wait(RELEASE_AFTER);
    story.receive(late);
    expect(story.log.heads).toHaveLength(1);
    expect(prepareOwn(story.log).parents).not.toContain(late.id);
  });

  it("[LG3] at most sixteen heads are cited, the deepest", () => {
    const story = new Story();
    const authors = Array.from({ length: 20 }, (_, i) => hash(`author ${i}`));
    for (const author of authors) story.receive(event(author, 0));
    const [deep0, deep1] = chainOf(hash("deep"), 2) as [EventFacts, EventFacts];
    story.receive(deep0, deep1);
    const { parents, depth } = prepareOwn(story.log);
    expect(parents).toHaveLength(16);
    expect(parents).toContain(deep1.id);
    expect(depth).toBe(3);
  });

  it("[LG3] an own event that was not prepared here is misuse", () => {
    const story = new Story();
    story.write();
    expect(() => appended(story.log, event(self, 5, { previous: hash("x") }), NOW)).toThrow("not the next own event");
  });

  it("an event of another conversation is refused", () => {
    const effects = new Story().receive(event(alice, 0, { conversation: hash("other") }));
    expect(effects).toMatchObject([{ kind: "refused", reason: "other-conversation" }]);
  });

  it("a newcomer's history starts at the heads that the introduction names", () => {
    const story = new Story();
    const a7 = { sequence: 7, id: hash("a7"), depth: 12 };
    story.log = startLog({ conversation: CHAT, self, start: [{ author: alice, ...a7 }] });
    const a8 = event(alice, 8, { previous: a7.id, depth: 13 });
    expect(kinds(story.receive(a8))).toEqual(["show"]);
    expect(prepareOwn(story.log)).toMatchObject({ parents: [a8.id], depth: 14 });
  });

  const a7 = { author: alice, sequence: 7, id: hash("a7"), depth: 12 };
  const b3 = { author: bob, sequence: 3, id: hash("b3"), depth: 9 };

  it("[LG16] where history starts may be cited by several who speak at once", () => {
    const story = new Story();
    story.log = startLog({ conversation: CHAT, self, start: [b3, a7] });
    const a8 = event(alice, 8, { previous: a7.id, depth: 13 });
    const b4 = event(bob, 4, { previous: b3.id, parents: [a7.id], depth: 13 });
    expect(kinds(story.receive(a8))).toEqual(["show"]);
    const stored = decodeLog(encodeLog(story.log));
    if (stored.ok) story.log = stored.value;
    expect(kinds(story.receive(b4))).toEqual(["show"]);
    expect(missingCount(story.log)).toBe(0);
  });

  it("[LG16] what was said before, and is cited by who had not heard the newest, is no gap", () => {
    const story = new Story();
    story.log = startLog({ conversation: CHAT, self, start: [b3, a7] });
    const late = event(bob, 4, { previous: b3.id, parents: [hash("a2")], depth: 10 });
    expect(kinds(story.receive(late))).toEqual(["show"]);
    // An author's own numbers are counted by acknowledgements: those may still come, and lack until then.
    const c2 = event(hash("carol"), 2, { previous: hash("c1"), depth: 9 });
    const c3 = event(hash("carol"), 3, { previous: c2.id, depth: 10 });
    expect(kinds(story.receive(c3))).toEqual(["show"]);
    expect(missingCount(story.log)).toBe(0);
    expect(story.log.authors.get(c3.author)?.lost).toMatchObject([{ from: 0, to: 2 }]);
    expect(kinds(story.receive(c2))).toContain("show");
    expect(of(story.wait(3 * 3_600_000), "want")).toEqual([]);
    expect(story.log.authors.get(c3.author)?.lost).toEqual([]);
    // And what lies deeper was said since.
    const after = event(alice, 8, { previous: a7.id, parents: [hash("b5")], depth: 14 });
    expect(kinds(story.receive(after))).toEqual(["hold", "gap"]);
  });

  it("[LG5] a start with many authors keeps the newest", () => {
    const start = Array.from({ length: 200 }, (_, i) => ({
      author: hash(`m ${i}`),
      sequence: 0,
      id: hash(`e ${i}`),
      depth: i + 1,
    }));
    const log = startLog({ conversation: CHAT, self, start });
    expect(decodeLog(encodeLog(log))).toEqual({ ok: true, value: log });
    expect([log.heads.length, log.heads[0]?.depth, log.startDepth]).toEqual([64, 200, 200]);
  });
});

describe("forged headers", () => {
  it("[LG3] a depth that its parents contradict is refused, and what cites it goes on", () => {
    const story = new Story();
    const a0 = event(alice, 0);
    const forged = event(alice, 1, { previous: a0.id, depth: 9 });
    const cites = event(bob, 0, { parents: [forged.id], depth: 10 });
    story.receive(a0, cites);
    const effects = story.receive(forged);
    expect(of(effects, "refused")).toMatchObject([{ id: forged.id, reason: "bad-depth" }]);
    expect(of(effects, "show")).toMatchObject([{ id: cites.id }]);
    // Nobody is asked for it again.
    expect(of(story.wait(3_600_000), "want")).toEqual([]);
  });

  it("[LG3] what follows a refused event of its author goes on, and the refused one is not asked for", () => {
    const story = new Story();
    const a0 = event(alice, 0);
    const forged = event(alice, 1, { previous: a0.id, depth: 9 });
    const next = event(alice, 2, { previous: forged.id, depth: 10 });
    story.receive(a0, next);
    expect(kinds(story.receive(forged))).toEqual(["refused", "placeholder", "lost", "show"]);
    expect(missingCount(story.log)).toBe(0);
    expect(of(story.wait(3_600_000), "want")).toEqual([]);
  });

  it("[LG3] parents that nobody has do not buy a depth beyond the jump", () => {
    const story = new Story();
    const a0 = event(alice, 0);
    const leap = event(alice, 1, { previous: a0.id, parents: [hash("nowhere")], depth: MAX_DEPTH_JUMP + 2 });
    const within = event(bob, 0, { parents: [hash("nowhere else")], depth: MAX_DEPTH_JUMP });
    story.receive(a0, leap, within);
    const effects = story.wait(RELEASE_AFTER);
    expect(of(effects, "refused")).toMatchObject([{ id: leap.id, reason: "bad-depth" }]);
    expect(of(effects, "show")).toMatchObject([{ id: within.id }]);
  });

  it("a previous event of another author, or with another number, breaks the chain", () => {
    const story = new Story();
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    story.receive(a0);
    const ofAlice = event(bob, 1, { previous: a0.id });
    expect(story.receive(ofAlice)).toMatchObject([{ kind: "refused", reason: "chain-broken" }]);
    // The same when the previous one comes only later.
    const early = event(bob, 2, { previous: a1.id });
    expect(kinds(story.receive(early))).toEqual(["hold", "gap"]);
    expect(of(story.receive(a1), "refused")).toMatchObject([{ id: early.id, reason: "chain-broken" }]);
    expect(story.log.pending.size).toBe(0);
  });

  it("[LG6] two events with one number are both shown and reported with their ids", () => {
    const story = new Story();
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    const twin = event(alice, 1, { previous: a0.id });
    story.receive(a0, a1);
    const effects = story.receive(twin);
    expect(of(effects, "equivocation")).toEqual([
      { kind: "equivocation", author: alice, sequence: 1, ids: [a1.id, twin.id] },
    ]);
    expect(of(effects, "show")).toHaveLength(1);
    const after = event(alice, 2, { previous: twin.id });
    expect(kinds(story.receive(after))).toContain("show");
  });

  it("[LG6] forks shown in another order give the same chat", () => {
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    const twin = event(alice, 1, { previous: a0.id });
    const tail = event(alice, 2, { previous: twin.id });
    const [one, other] = [new Story(), new Story()];
    one.receive(a0, a1, twin, tail);
    other.receive(a0, tail, twin, a1);
    expect(other.order()).toEqual(one.order());
    expect(one.log.authors.get(alice)?.forks).toBeGreaterThan(0);
    expect(other.log.authors.get(alice)?.forks).toBeGreaterThan(0);
  });

  it("[LG6] a previous event that differs from the one shown is a fork too", () => {
    const story = new Story();
    const [a0] = chainOf(alice, 1);
    story.receive(a0);
    const effects = story.receive(event(alice, 1, { previous: hash("another first") }));
    expect(of(effects, "equivocation")).toMatchObject([{ sequence: 0, ids: [a0.id, hash("another first")] }]);
  });

  it("[LG6] reports and heads of a forking author are bounded", () => {
    const story = new Story();
    const a0 = event(alice, 0);
    story.receive(a0);
    const effects = Array.from({ length: 100 }, () => story.receive(event(alice, 1, { previous: a0.id }))).flat();
    expect(of(effects, "equivocation")).toHaveLength(MAX_FORK_REPORTS);
    expect(of(effects, "show")).toHaveLength(100);
    expect(story.log.heads.length).toBeLessThanOrEqual(MAX_HEADS);
  });

  it("an own event that this store has never seen tells that the store is behind", () => {
    const story = new Story();
    const own = event(self, 0);
    expect(of(story.receive(own), "behind")).toEqual([{ kind: "behind", sequence: 0 }]);
    // The next own event goes on from there and forks nothing.
    expect(prepareOwn(story.log)).toMatchObject({ sequence: 1, previous: own.id });
  });
});

describe("floods", () => {
  it("[LG5] sixteen bogus parents an event fill neither memory nor the questions to others", () => {
    const story = new Story();
    let previous: Hex | null = null;
    for (let i = 0; i < 200; i++) {
      const parents = Array.from({ length: 16 }, (_, k) => hash(`bogus ${i} ${k}`)).toSorted();
      const flood: EventFacts = event(alice, i, { previous, parents });
      story.receive(flood);
      previous = flood.id;
    }
    expect(story.log.missing.size).toBeLessThanOrEqual(MAX_MISSING_OF_AUTHOR);
    // An honest gap beside it is asked for in the first question.
    const [, b1] = chainOf(bob, 2) as [EventFacts, EventFacts];
    story.receive(b1);
    const wants = of(story.wait(5_000), "want");
    expect(wants.find(({ asked }) => asked === bob)?.ranges).toEqual([{ author: bob, from: 0, to: 0 }]);
    for (const want of wants) expect(want.ids.length).toBeLessThanOrEqual(32);
  });

  it("[LG5] events that wait are bounded, the nearest are kept, and the rest comes later", () => {
    const story = new Story();
    const chain = chainOf(alice, 600);
    const effects = story.receive(...chain.slice(1).toReversed());
    expect(story.log.pending.size).toBe(MAX_PENDING_OF_AUTHOR);
    expect(of(effects, "drop").length).toBe(599 - MAX_PENDING_OF_AUTHOR);
    story.receive(chain[0]);
    expect(story.shown.size).toBe(MAX_PENDING_OF_AUTHOR + 1);
    const [want] = of(story.wait(5_000), "want");
    expect(want?.ranges).toEqual([{ author: alice, from: 257, to: 320 }]);
    story.receive(...chain.slice(257));
    expect(story.shown.size).toBe(600);
    expect(repairDueAt(story.log, story.now)).toBeNull();
  });

  it("[LG5] one that is farther off gives way to those that are nearer", () => {
    const story = new Story();
    const chain = chainOf(alice, 400);
    const effects = story.receive(...chain.slice(1));
    expect(of(effects, "drop").map(({ id }) => id)).toEqual(chain.slice(MAX_PENDING_OF_AUTHOR + 1).map(({ id }) => id));
    expect(story.log.pending.has(chain[MAX_PENDING_OF_AUTHOR]?.id as Hex)).toBe(true);
  });

  it("[LG5] one author's flood takes nothing from another", () => {
    const story = new Story();
    const [floods, [b0, b1]] = [chainOf(alice, 500), chainOf(bob, 2) as [EventFacts, EventFacts]];
    story.receive(b1, ...floods.slice(1));
    expect(kinds(story.receive(b0))).toContain("show");
    expect(story.shown.has(b1.id)).toBe(true);
  });

  it("[LG5] a number from the far future is refused by its depth or waits its minute, and costs one question", () => {
    const story = new Story();
    story.receive(event(alice, 0));
    const far = event(alice, 2 ** 50, { previous: hash("x"), depth: 2 ** 50 + 1 });
    const near = event(bob, 2 ** 20, { previous: hash("y"), depth: 2 ** 20 + 1 });
    story.receive(far, near);
    const [want] = of(story.wait(5_000), "want");
    expect(want?.ranges.every(({ from, to }) => to - from < 64)).toBe(true);
    const effects = story.wait(RELEASE_AFTER);
    expect(of(effects, "refused")).toMatchObject([{ id: far.id }]);
    expect(of(effects, "show")).toMatchObject([{ id: near.id }]);
  });

  it("[LG5] authors beyond the limit are refused", () => {
    const story = new Story();
    const start = Array.from({ length: MAX_AUTHORS }, (_, i) => ({
      author: hash(`member ${i}`),
      sequence: 0,
      id: hash(`e ${i}`),
      depth: 1,
    }));
    story.log = { ...startLog({ conversation: CHAT, self, start }), heads: [] };
    expect(story.receive(event(alice, 0))).toMatchObject([{ kind: "refused", reason: "too-many-authors" }]);
  });

  it("[LG5] ranges that the chat went on without are bounded", () => {
    const story = new Story();
    for (let i = 0; i < 2 * MAX_LOST_RANGES; i++) {
      story.receive(event(alice, 2 * i + 1, { previous: hash(`gone ${i}`) }));
      story.wait(RELEASE_AFTER);
    }
    expect(story.log.authors.get(alice)?.lost).toHaveLength(MAX_LOST_RANGES);
    expect(story.shown.size).toBe(2 * MAX_LOST_RANGES);
  });
});

describe("gap repair", () => {
  const withGap = (): { readonly story: Story; readonly chain: readonly EventFacts[] } => {
    const story = new Story();
    const chain = chainOf(alice, 5);
    story.receive(chain[0], chain[4] as EventFacts);
    return { story, chain };
  };

  it("[LG7] a question that becomes due after it was asked whether one is, is put a second later", () => {
    const { story } = withGap();
    const [first] = REPAIR_DELAYS as readonly [number];
    expect(of(story.wait(first - 1), "want")).toEqual([]);
    expect(repairDueAt(story.log, story.now)).toBe(story.now + 1_000);
    story.now += 30;
    expect(repairDueAt(story.log, story.now)).toBe(story.now + 1_000);
    expect(of(story.wait(1_000), "want")).toHaveLength(1);
  });

  it("[LG7] asks the author after a grace, with growing waits, a few times", () => {
    const { story } = withGap();
    expect(of(story.wait(1_000), "want")).toEqual([]);
    const asked: string[] = [];
    for (let hours = 0; hours < 24 * 30; hours++) {
      for (const { asked: member, ranges } of of(story.wait(3_600_000), "want")) {
        expect(ranges).toEqual([{ author: alice, from: 1, to: 3 }]);
        asked.push(member);
      }
    }
    expect(asked.length).toBe(REPAIR_DELAYS.length);
    expect(asked.slice(0, 2)).toEqual([alice, alice]);
    expect(asked).toContain(bob);
    expect(repairDueAt(story.log, story.now)).toBeNull();
  });

  it("[LG8] after a minute the chat goes on behind a placeholder that says how many", () => {
    const { story, chain } = withGap();
    const effects = story.wait(RELEASE_AFTER);
    expect(of(effects, "placeholder")).toEqual([
      { kind: "placeholder", id: chain[3]?.id, author: alice, from: 1, to: 3, depth: 4 },
    ]);
    expect(of(effects, "show")).toMatchObject([{ id: chain[4]?.id, depth: 5 }]);
    expect(missingCount(story.log)).toBe(3);
  });

  it("[LG8] what comes late takes its place, and the order is as if it had come in time", () => {
    const { story, chain } = withGap();
    story.wait(RELEASE_AFTER);
    const middle = story.receive(chain[2] as EventFacts);
    expect(of(middle, "placeholder")).toMatchObject([
      { id: chain[1]?.id, from: 1, to: 1 },
      { id: chain[3]?.id, from: 3, to: 3 },
    ]);
    story.receive(chain[3] as EventFacts, chain[1] as EventFacts);
    expect(story.order()).toEqual(chain.map(({ id }) => id));
    expect(missingCount(story.log)).toBe(0);
    expect(story.log.heads).toEqual([{ id: chain[4]?.id, depth: 5 }]);
  });

  it("[LG8] after the last question it is told as lost, and shown if it comes all the same", () => {
    const { story, chain } = withGap();
    const effects = Array.from({ length: 24 * 10 }, () => story.wait(3_600_000)).flat();
    expect(of(effects, "lost")).toMatchObject([{ id: chain[3]?.id }]);
    expect(missingCount(story.log)).toBe(0);
    expect(of(story.receive(chain[1] as EventFacts), "show")).toHaveLength(1);
  });

  it("[LG8] the last question has an hour to be answered", () => {
    const story = new Story();
    story.receive(event(alice, 0, { parents: [hash("lost")], depth: 2 }), event(bob, 1, { previous: hash("gone") }));
    let asked = 0;
    while (asked < 2 * REPAIR_DELAYS.length) {
      const effects = story.wait(60_000);
      expect(of(effects, "lost")).toEqual([]);
      asked += of(effects, "want").reduce((sum, { ids, ranges }) => sum + ids.length + ranges.length, 0);
    }
    expect(of(story.wait(59 * 60_000), "lost")).toEqual([]);
    expect(
      of(story.wait(2 * 60_000), "lost")
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([hash("lost"), hash("gone")].toSorted());
  });

  it("[LG7] questions are a second apart", () => {
    const story = new Story();
    story.receive(event(alice, 1, { previous: hash("gone") }));
    story.now += 300;
    story.receive(event(bob, 1, { previous: hash("gone too") }));
    expect(of(story.wait(1_700), "want")).toHaveLength(1);
    expect(of(story.wait(300), "want")).toHaveLength(0);
    expect(of(story.wait(700), "want")).toHaveLength(1);
  });

  it("[LG8] a parent whose author is not known is asked of who cited it", () => {
    const story = new Story();
    const cites = event(alice, 0, { parents: [hash("lost")], depth: 2 });
    story.receive(cites);
    expect(of(story.wait(5_000), "want")).toEqual([{ kind: "want", asked: alice, ids: [hash("lost")], ranges: [] }]);
    expect(of(story.wait(RELEASE_AFTER), "placeholder")).toEqual([
      { kind: "placeholder", id: hash("lost"), author: null, from: 0, to: 0, depth: 1 },
    ]);
  });

  it("[LG9] only present members are asked, and nobody where there is none", () => {
    const { story } = withGap();
    expect(of(story.wait(5_000, [self, bob]), "want")).toMatchObject([{ asked: bob }]);
    expect(of(story.wait(60_000, [self]), "want")).toEqual([]);
  });

  it("[LG7] progress starts the questions anew, in batches", () => {
    const story = new Story();
    const chain = chainOf(alice, 200);
    story.receive(chain[0], chain[199] as EventFacts);
    let rounds = 0;
    while (story.shown.size < 200 && rounds++ < 20) {
      const [want] = of(story.wait(2_500), "want");
      for (const { from, to } of want?.ranges ?? []) story.receive(...chain.slice(from, to + 1));
    }
    expect(story.shown.size).toBe(200);
    expect(rounds).toBe(4);
  });

  it("[LG7] [LG8] a clock that is set back puts nothing off for years", () => {
    const { story } = withGap();
    story.now -= 365 * 86_400_000;
    expect(of(story.wait(0), "show")).toHaveLength(1);
    const later = withGap().story;
    later.wait(RELEASE_AFTER);
    later.now -= 365 * 86_400_000;
    expect(of(later.wait(0), "want")).toHaveLength(1);
  });

  it("[LG10] answers are limited by a budget that refills; what is not asked of this device is not answered", () => {
    const story = new Story();
    const want = { from: bob, asked: self, ids: [], ranges: [{ author: alice, from: 0, to: 2 ** 50 }] };
    let given = 0;
    for (let i = 0; i < 100; i++) {
      const { log, ranges } = answerWant(story.log, want, NOW);
      story.log = log;
      const count = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
      expect(count).toBeLessThanOrEqual(MAX_GIVEN);
      given += count;
    }
    expect(given).toBe(GIVE_BURST);
    expect(answerWant(story.log, want, NOW + 10_000).ranges).toEqual([{ author: alice, from: 0, to: 39 }]);
    expect(answerWant(story.log, { ...want, from: alice }, NOW).ranges).toHaveLength(1);
    expect(answerWant(story.log, { ...want, asked: alice }, NOW + 99_000).ranges).toEqual([]);
    expect(answerWant(story.log, { ...want, from: self, asked: self }, NOW).ranges).toEqual([]);
  });
});

describe("acknowledgements", () => {
  const due = (story: Story, isPiggyback = false) => {
    const { log, outgoing } = nextAck(story.log, { now: story.now, memberCount: 2, isPiggyback });
    story.log = log;
    return { outgoing, wakeAt: ackDueAt(log, { now: story.now, memberCount: 2 }) };
  };
  const ackOf = (entry: Partial<AckFacts["entries"][number]>, tip: AckFacts["tip"] = null): AckFacts => ({
    tip,
    entries: [{ author: self, sequence: 0, id: hash("?"), lacking: [], ...entry }],
  });

  it("[LG13] waits a little and then covers everything that has come", () => {
    const story = new Story();
    const chain = chainOf(alice, 3);
    story.receive(chain[0]);
    expect(due(story)).toEqual({ outgoing: null, wakeAt: NOW + ACK_DELAY });
    story.receive(...chain.slice(1));
    story.now += ACK_DELAY;
    expect(due(story).outgoing?.ack).toEqual({
      tip: null,
      entries: [{ author: alice, sequence: 2, id: chain[2]?.id, lacking: [] }],
    });
    expect(due(story)).toEqual({ outgoing: null, wakeAt: null });
  });

  it("[LG13] one that becomes due after it was asked for is due still", () => {
    const story = new Story();
    story.receive(event(alice, 0));
    expect(due(story).outgoing).toBeNull();
    story.now += ACK_DELAY + 30;
    expect(ackDueAt(story.log, { now: story.now, memberCount: 2 })).toBe(NOW + ACK_DELAY);
    story.now -= 86_400_000;
    expect(ackDueAt(story.log, { now: story.now, memberCount: 2 })).toBe(story.now);
    expect(due(story)).toMatchObject({ outgoing: { ack: {} }, wakeAt: null });
  });

  it("[LG17] says it again to who sends the same event again, and to nobody of what is not shown", () => {
    const story = new Story();
    const [a0, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    story.receive(a1);
    story.receive(a1);
    story.now += 60_000;
    expect(due(story).outgoing).toBeNull();
    story.receive(a0);
    story.now += 60_000;
    expect(due(story).outgoing?.ack?.entries).toMatchObject([{ author: alice, sequence: 1 }]);
    expect(due(story).outgoing).toBeNull();
    story.receive(a0);
    story.now += 60_000;
    expect(due(story).outgoing?.ack?.entries).toMatchObject([{ author: alice, sequence: 1 }]);
    expect(due(story).wakeAt).toBeNull();
  });

  it("[LG13] rides on a message that goes anyway, and is off in large groups", () => {
    const story = new Story();
    story.receive(event(alice, 0));
    const off = nextAck(story.log, { now: story.now + 99_999, memberCount: MAX_ACK_MEMBERS + 1, isPiggyback: true });
    expect(off.outgoing).toBeNull();
    expect(due(story, true).outgoing?.ack?.entries).toHaveLength(1);
  });

  it("[LG13] a clock that is set back does not hold one up", () => {
    const story = new Story();
    story.receive(event(alice, 0));
    story.now -= 86_400_000;
    expect(due(story).outgoing).not.toBeNull();
  });

  it("[LG12] what the chat went on without is lacking", () => {
    const story = new Story();
    const chain = chainOf(alice, 5);
    story.receive(chain[0], chain[4] as EventFacts);
    story.wait(RELEASE_AFTER);
    expect(due(story, true).outgoing?.ack?.entries[0]).toMatchObject({ sequence: 4, lacking: [{ from: 1, to: 3 }] });
    story.receive(chain[2] as EventFacts);
    expect(due(story, true).outgoing?.ack?.entries[0]).toMatchObject({
      lacking: [
        { from: 1, to: 1 },
        { from: 3, to: 3 },
      ],
    });
  });

  it("[LG11] each own event is told as delivered once, and what was lacking when it comes", () => {
    const story = new Story();
    const own = Array.from({ length: 6 }, () => story.write());
    const at = (sequence: number, lacking: AckFacts["entries"][number]["lacking"] = []) =>
      ackOf({ sequence, id: own[sequence]?.id as Hex, lacking });
    const ranges = (effects: readonly LogEffect[]) => of(effects, "delivered").flatMap((effect) => effect.ranges);
    expect(ranges(story.ack(alice, at(2)))).toEqual([{ from: 0, to: 2 }]);
    expect(ranges(story.ack(alice, at(2)))).toEqual([]);
    expect(ranges(story.ack(alice, at(1)))).toEqual([]);
    expect(ranges(story.ack(alice, at(5, [{ from: 4, to: 4 }])))).toEqual([
      { from: 3, to: 3 },
      { from: 5, to: 5 },
    ]);
    // What it has said before it cannot take back.
    expect(ranges(story.ack(alice, at(5, [{ from: 0, to: 4 }])))).toEqual([]);
    expect(ranges(story.ack(alice, at(5)))).toEqual([{ from: 4, to: 4 }]);
    expect(story.log.authors.get(alice)?.delivered).toEqual({ upTo: 5, lacking: [] });
  });

  it("[LG11] an acknowledgement of what does not exist, or under a wrong id, is refused", () => {
    const story = new Story();
    expect(story.ack(alice, ackOf({}))).toMatchObject([{ kind: "ack-refused", reason: "beyond-own-events" }]);
    const own = story.write();
    story.write();
    expect(story.ack(alice, ackOf({ sequence: 7 }))).toMatchObject([{ reason: "beyond-own-events" }]);
    expect(story.ack(alice, ackOf({ sequence: 0, id: hash("no") }))).toMatchObject([{ reason: "not-own-event" }]);
    expect(story.ack(alice, ackOf({ sequence: 1, id: own.id }))).toMatchObject([{ reason: "not-own-event" }]);
    expect(story.ack(self, ackOf({ sequence: 0, id: own.id }))).toMatchObject([{ reason: "own-acknowledgement" }]);
    expect(of(story.ack(alice, ackOf({ sequence: 0, id: own.id })), "delivered")).toHaveLength(1);
  });

  it("[LG11] one that knows more own events than this store asks that member for the proof, a few times", () => {
    const story = new Story();
    story.write();
    story.ack(alice, ackOf({ sequence: 3, id: hash("from a later life") }));
    const wants = Array.from({ length: 24 * 10 }, () => of(story.wait(3_600_000), "want")).flat();
    expect(wants[0]).toMatchObject({ asked: alice, ranges: [{ author: self, from: 1, to: 3 }] });
    expect(wants.length).toBeLessThanOrEqual(REPAIR_DELAYS.length);
    expect(story.log.authors.get(self)?.claimed).toBeNull();
  });

  it("[LG4] the sender's own newest number shows a gap at the end", () => {
    const story = new Story();
    const chain = chainOf(alice, 3);
    story.receive(chain[0]);
    story.ack(alice, { tip: { sequence: 2, id: chain[2]?.id as Hex }, entries: [] });
    expect(of(story.wait(5_000), "want")).toEqual([
      { kind: "want", asked: alice, ids: [], ranges: [{ author: alice, from: 1, to: 2 }] },
    ]);
    story.receive(chain[1] as EventFacts, chain[2] as EventFacts);
    expect(story.log.authors.get(alice)?.claimed).toBeNull();
    // Another id for a number that was shown is a fork.
    const effects = story.ack(alice, { tip: { sequence: 2, id: hash("other") }, entries: [] });
    expect(kinds(effects)).toEqual(["equivocation"]);
  });

  it("[LG11] lacking ranges that overlap, reach beyond, or are many stay bounded and never over-promise", () => {
    const story = new Story();
    const own = Array.from({ length: 80 }, () => story.write());
    const lacking = Array.from({ length: 16 }, (_, i) => ({ from: 5 * i, to: 5 * i + 1 }));
    story.ack(
      alice,
      ackOf({ sequence: 79, id: own[79]?.id as Hex, lacking: [...lacking.slice(0, 15), { from: 70, to: 2 ** 50 }] }),
    );
    const delivered = story.log.authors.get(alice)?.delivered;
    expect(delivered?.lacking.length).toBeLessThanOrEqual(16);
    expect(delivered?.lacking.at(-1)).toEqual({ from: 70, to: 79 });
  });
});

describe("read positions", () => {
  it("[LG13] go out with the next acknowledgement, once, and only forward", () => {
    const story = new Story();
    const chain = chainOf(alice, 3);
    story.receive(...chain);
    story.log = nextAck(story.log, { now: NOW, memberCount: 2, isPiggyback: true }).log;
    story.log = markRead(story.log, { author: alice, sequence: 1, id: chain[1]?.id as Hex }, NOW);
    story.log = markRead(story.log, { author: alice, sequence: 0, id: chain[0].id }, NOW);
    story.log = markRead(story.log, { author: alice, sequence: 9, id: hash("?") }, NOW);
    const { outgoing, log } = nextAck(story.log, { now: NOW + ACK_DELAY, memberCount: 2, isPiggyback: false });
    expect(outgoing).toEqual({ ack: null, read: [{ author: alice, sequence: 1, id: chain[1]?.id }] });
    expect(log.ackDueSince).toBeNull();
  });

  it("[LG11] are believed for own events only, and only forward", () => {
    const story = new Story();
    const own = [story.write(), story.write()] as const;
    const read = (sequence: number, id: Hex) =>
      story.take(receiveRead(story.log, alice, [{ author: self, sequence, id }], story.lookup));
    expect(read(0, own[1].id)).toMatchObject([{ reason: "not-own-event" }]);
    expect(read(5, own[1].id)).toMatchObject([{ reason: "beyond-own-events" }]);
    expect(read(1, own[1].id)).toEqual([{ kind: "read", by: alice, upTo: 1 }]);
    expect(read(0, own[0].id)).toEqual([]);
  });
});

describe("the stored log", () => {
  const busy = (): Log => {
    const story = new Story();
    const [, a1] = chainOf(alice, 2) as [EventFacts, EventFacts];
    story.write();
    story.receive(a1, event(bob, 3, { previous: hash("p"), parents: [hash("q")], depth: 9 }));
    story.wait(RELEASE_AFTER);
    story.receive(event(bob, 9, { previous: hash("r") }));
    story.ack(alice, {
      tip: { sequence: 8, id: hash("t") },
      entries: [{ author: self, sequence: 0, id: story.log.authors.get(self)?.tip?.id as Hex, lacking: [] }],
    });
    story.log = markRead(story.log, { author: alice, sequence: 1, id: a1.id }, NOW);
    return answerWant(story.log, { from: bob, asked: self, ids: [hash("w")], ranges: [] }, NOW).log;
  };

  it("round-trips whole", () => {
    const log = busy();
    expect(expectOk(decodeLog(encodeLog(log)), "log")).toEqual(log);
  });

  it("[C5] survives damage", async () => {
    await expectHardened(decodeLog, [encodeLog(busy())]);
  });

  it("a newer version is refused with a word", () => {
    const encoded = encodeLog(busy());
    encoded[1] = 2;
    expect(decodeLog(encoded)).toMatchObject({ ok: false, error: { reason: "unknown-version" } });
  });

  it("its size does not grow with the history", () => {
    const story = new Story();
    let previous: Hex | null = null;
    const sizes: number[] = [];
    for (let i = 0; i < 2_000; i++) {
      const one: EventFacts = event(alice, i, { previous });
      story.arrived.set(one.id, one);
      story.log = receiveEvent(
        story.log,
        one,
        { event: (id) => (id === previous ? (story.arrived.get(id) ?? null) : null), at: () => null },
        NOW,
      ).log;
      previous = one.id;
      if (i % 500 === 499) sizes.push(encodeLog(story.log).length);
    }
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(16);
    expect(sizes.at(-1)).toBeLessThan(512);
  });
});
