import { decode, encode, expectOk } from "@xchat/codec";
import { startLog, type Log, type LogEffect } from "@xchat/protocol";
import { describe, expect, it } from "vitest";
import {
  MAX_NOTICES_OF_A_KIND,
  noticesCodec,
  noticesOfEffects,
  noticesOfGaps,
  withNotice,
  type StoredNotice,
} from "./notices.ts";

const hash = (n: number): string => n.toString(16).padStart(64, "0");
const self = hash(1);
const peer = hash(2);
const log = startLog({ conversation: hash(3), self });
const nobody = new Set<string>();

/** A log that misses these, each asked for so often. */
const missing = (...ids: readonly (readonly [id: string, tries: number])[]): Log => ({
  ...log,
  missing: new Map(
    ids.map(([id, tries]) => [
      id,
      { id, citedBy: peer, position: null, depth: 3, isReleased: false, since: 0, tries, nextAt: 9 },
    ]),
  ),
});
const gapsIn = (notices: readonly StoredNotice[]): readonly (readonly [string, string])[] =>
  notices.flatMap((notice) => (notice.kind === "gap" ? [[notice.id, notice.state] as const] : []));

describe("notices", () => {
  it("[NO1] a gap is told once it was asked for, and stays as closed or given up", () => {
    expect(noticesOfGaps([], missing([hash(9), 0]), nobody, 10)).toEqual([]);
    const asked = noticesOfGaps([], missing([hash(9), 1], [hash(10), 2]), nobody, 10);
    expect(gapsIn(asked)).toEqual([
      [hash(9), "asked"],
      [hash(10), "asked"],
    ]);
    // Nothing new: the very same list, so that nothing is saved for it.
    expect(noticesOfGaps(asked, missing([hash(9), 2], [hash(10), 3]), nobody, 11)).toBe(asked);
    const over = noticesOfGaps(asked, log, new Set([hash(10)]), 12);
    expect(gapsIn(over)).toEqual([
      [hash(9), "closed"],
      [hash(10), "given-up"],
    ]);
    expect(over.map(({ at, changedAt }) => [at, changedAt])).toEqual([
      [10, 12],
      [10, 12],
    ]);
  });

  it("[NO1] numbers that an author says exist, and ranges that the chat went on without, are gaps", () => {
    const repair = { since: 0, tries: 1, nextAt: 9 };
    const author = {
      tip: { sequence: 4, id: hash(4), depth: 5 },
      beside: null,
      claimed: { sequence: 6, by: peer, ...repair },
      lost: [{ from: 1, to: 3, endId: hash(8), depth: 4, ...repair }],
      forks: 0,
      delivered: null,
      readUpTo: null,
      readMark: null,
      isAckDue: false,
      isReadDue: false,
    };
    const notices = noticesOfGaps([], { ...log, authors: new Map([[peer, author]]) }, nobody, 10);
    expect(notices).toMatchObject([
      { kind: "gap", id: hash(8), of: "them", count: 3 },
      { kind: "gap", of: "them", count: 2 },
    ]);
  });

  it("[NO2] keeps so many of each kind, and those that are over go first", () => {
    const open = missing(...Array.from({ length: MAX_NOTICES_OF_A_KIND }, (_, i) => [hash(100 + i), 1] as const));
    const fork: LogEffect = { kind: "equivocation", author: peer, sequence: 7, ids: [hash(5), hash(6)] };
    let notices = noticesOfEffects([], [fork], log, 1);
    notices = noticesOfGaps(notices, missing([hash(50), 1]), nobody, 2);
    notices = noticesOfGaps(notices, open, nobody, 3);
    const ids = notices.flatMap((notice) => (notice.kind === "gap" ? [notice.id] : []));
    expect(ids).toHaveLength(MAX_NOTICES_OF_A_KIND);
    expect(ids).not.toContain(hash(50));
    expect(notices.filter(({ kind }) => kind === "equivocation")).toHaveLength(1);
  });

  it("[NO3] what repeats itself is counted", () => {
    const refused: LogEffect = { kind: "ack-refused", by: peer, reason: "beyond-own-events" };
    const behind: LogEffect = { kind: "behind", sequence: 3 };
    const notices = noticesOfEffects([], [refused, behind, refused, refused], log, 5);
    expect(notices).toMatchObject([
      { kind: "behind", count: 1 },
      { kind: "refused", what: "acknowledgement", reason: "beyond-own-events", count: 3 },
    ]);
  });

  it("all kinds survive the store", () => {
    let notices = noticesOfGaps([], missing([hash(9), 1]), nobody, 10);
    const effects: LogEffect[] = [
      { kind: "equivocation", author: self, sequence: 7, ids: [hash(5), hash(6)] },
      { kind: "behind", sequence: 3 },
      { kind: "refused", id: hash(4), reason: "bad-depth" },
      { kind: "ack-refused", by: peer, reason: "not-own-event" },
    ];
    notices = noticesOfEffects(notices, effects, log, 11);
    notices = withNotice(notices, { kind: "identity", id: `forked/${hash(1)}`, change: "forked", count: 1 }, 12);
    expect(notices).toHaveLength(6);
    expect(expectOk(decode(noticesCodec, encode(noticesCodec, notices)), "notices")).toEqual(notices);
  });
});
