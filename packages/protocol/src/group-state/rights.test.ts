import { bytesToHex, encode, expectOk, type CborValue } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { MAX_DEPTH_JUMP } from "../log/state.ts";
import { decodeGroupRecord, encodeGroupRecord, type GroupAction } from "./actions.ts";
import { withAdmin } from "./change.ts";
import { decodeCommitNote, depthOfLine, EMPTY_NOTE, encodeCommitNote, judgeNote, leavesToCut } from "./note.ts";
import type { CommitNote, CutEntry } from "./note.ts";
import { advanceRights, ALL_RIGHTS, decodeRights, encodeRights, rightsAt, startRights } from "./rights.ts";
import type { RightsHistory } from "./rights.ts";
import { OPEN_PERMISSIONS, type Permissions } from "./state.ts";
import { accountOf, done, groupOf, hashOf, leafOf, leavesOf, standingOf, type World } from "./test-actors.node.ts";

const choir: World = { state: groupOf("ada", ["bob"]), leaves: leavesOf("ada", "bob", "cy", "dan", "dan.laptop") };
const keyOf = (name: string): string => leafOf(name).leafKey;
const cutOf = (entries: Record<string, number | null>): readonly CutEntry[] =>
  Object.entries(entries)
    .map(([name, sequence]) => ({ leafKey: keyOf(name), sequence }))
    .toSorted((a, b) => (a.leafKey < b.leafKey ? -1 : 1));
const allowing = (world: World, over: Partial<Permissions>) =>
  done(world, "ada", { state: { ...world.state, permissions: { ...OPEN_PERMISSIONS, ...over } } });
const sayings = (history: RightsHistory, name: string, upTo: number): string =>
  Array.from({ length: upTo }, (_, i) => rightsAt(history, keyOf(name), i).say[0]).join("");

const note: CommitNote = {
  place: { depth: 9, previous: { sequence: 3, id: hashOf("previous") } },
  cut: cutOf({ cy: 7, dan: null }),
  unknown: [{ tag: 900, content: filled(5) }],
};

describe("what a commit says of events", () => {
  it("[GR21] reads what it writes, keeps unknown parts, and takes nothing for an empty note", () => {
    expect(expectOk(decodeCommitNote(encodeCommitNote(note)), "note")).toEqual(note);
    expect(encodeCommitNote(EMPTY_NOTE)).toHaveLength(0);
    expect(expectOk(decodeCommitNote(new Uint8Array(0)), "note")).toEqual(EMPTY_NOTE);
    const first = { place: { depth: 1, previous: null }, cut: [], unknown: [] };
    expect(expectOk(decodeCommitNote(encodeCommitNote(first)), "note")).toEqual(first);
  });

  it("[GR21] has one meaning: no part twice, no leaf twice", () => {
    const raw = (value: CborValue): Uint8Array => encode({ write: () => value, read: () => value }, value);
    const twice = raw([1, [1, 1].map((tag) => [tag, raw([])])]);
    expect(decodeCommitNote(twice)).toMatchObject({ ok: false, error: { reason: "part-twice" } });
    const [one] = cutOf({ cy: 1 }) as [CutEntry];
    expect(() => encodeCommitNote({ ...note, cut: [one, one] })).toThrow("cut-out-of-order");
    expect(decodeCommitNote(new Uint8Array(131_073))).toMatchObject({ ok: false, error: { reason: "note-too-large" } });
  });

  it("survives truncation, flipped bits and random bytes", async () => {
    const hardened = (bytes: Uint8Array) =>
      bytes.length === 0 ? { ok: false as const, error: 0 } : decodeCommitNote(bytes);
    await expectHardened(hardened, [encodeCommitNote(note)]);
  });

  it("[GR22] names the leaves whose rights it changes, and no other", () => {
    const judge = (after: World, cut: Record<string, number | null>, isExternal = false) => {
      const authenticatedData = encodeCommitNote({ ...EMPTY_NOTE, cut: cutOf(cut) });
      const judged = judgeNote(choir, after, { isExternal, authenticatedData });
      return judged.ok ? "ok" : judged.error.reason;
    };
    const removal = done(choir, "bob", { removed: leavesOf("dan", "dan.laptop") });
    expect(judge(removal, { dan: 4, "dan.laptop": null })).toBe("ok");
    expect(judge(removal, { dan: 4 })).toBe("cut-missing");
    expect(judge(removal, { dan: 4, "dan.laptop": 2, cy: 1 })).toBe("cut-of-another");
    const quiet = allowing(choir, { write: "admins" });
    expect(judge(quiet, { cy: 1, dan: 4, "dan.laptop": 2 })).toBe("ok");
    expect(judge(quiet, {})).toBe("cut-missing");
    expect(judge(done(choir, "cy"), {})).toBe("ok");
    expect(judge(done(choir, "cy"), { cy: 1 })).toBe("cut-of-another");
    expect(judge(done(choir, "cy", { added: leavesOf("zoe") }), {})).toBe("ok");
    // With nothing closed, rank alone changes nothing of what may be written.
    expect(judge(done(choir, "ada", { state: withAdmin(standingOf(choir), accountOf("cy"), true) }), {})).toBe("ok");
    const back = done(choir, "cy+1", { isExternal: true, removed: leavesOf("cy") });
    expect(judge(back, {}, true)).toBe("ok");
    expect(judge(back, { cy: 1 }, true)).toBe("cut-of-another");
    const garbled = { isExternal: false, authenticatedData: filled(7) };
    expect(judgeNote(choir, choir, garbled)).toEqual({ ok: false, error: { reason: "note-malformed" } });
    const pair = { ...choir, state: { ...choir.state, version: 1 as const } };
    expect(judgeNote(pair, pair, garbled).ok).toBe(true);
  });

  it("[GR23] lines keep the order of epochs, wherever commits would have them stand", () => {
    const at = (depth: number): CommitNote => ({ ...EMPTY_NOTE, place: { depth, previous: null } });
    expect(depthOfLine(5, at(9))).toBe(9);
    expect(depthOfLine(5, at(2))).toBe(5);
    expect(depthOfLine(5, at(2 ** 50))).toBe(5 + MAX_DEPTH_JUMP);
    expect(depthOfLine(5, EMPTY_NOTE)).toBe(5);
  });
});

describe("which events of a leaf count", () => {
  const start = startRights(choir.state, choir.leaves);

  it("[GR24] [GR25] after a removal nothing beyond the cut counts", () => {
    const after = done(choir, "bob", { removed: leavesOf("dan", "dan.laptop") });
    const history = advanceRights(start, after, cutOf({ dan: 2, "dan.laptop": null }));
    expect(sayings(history, "dan", 6)).toBe("wwwnnn");
    expect(sayings(history, "dan.laptop", 3)).toBe("nnn");
    expect(sayings(history, "cy", 3)).toBe("www");
    expect(rightsAt(history, keyOf("dan"), 5).mayPin).toBe(false);
  });

  it("[GR24] [GR25] where only admins write, the others react from the cut on, until it is opened again", () => {
    const quiet = allowing(choir, { write: "admins", pin: "owner" });
    const cut = cutOf({ bob: 0, cy: 1, dan: 0, "dan.laptop": null });
    expect(leavesToCut(choir, quiet)).toEqual(cut.map(({ leafKey }) => leafKey));
    const closed = advanceRights(start, quiet, cut);
    expect(sayings(closed, "cy", 5)).toBe("wwrrr");
    expect(sayings(closed, "bob", 3)).toBe("www");
    expect([0, 1].map((i) => rightsAt(closed, keyOf("bob"), i).mayPin)).toEqual([true, false]);
    const open = allowing(quiet, {});
    const again = advanceRights(closed, open, cutOf({ bob: 3, cy: 3, dan: 0, "dan.laptop": null }));
    expect(sayings(again, "cy", 6)).toBe("wwrrww");
    expect(sayings(again, "dan.laptop", 2)).toBe("ww");
  });

  it("[GR24] a later cut does not rewrite what an earlier one settled", () => {
    const quiet = allowing(choir, { write: "admins" });
    const closed = advanceRights(start, quiet, cutOf({ cy: 5, dan: 5, "dan.laptop": 5 }));
    const gone = done(quiet, "bob", { removed: leavesOf("cy") });
    expect(sayings(advanceRights(closed, gone, cutOf({ cy: null })), "cy", 8)).toBe("wwwwwwnn");
  });

  it("[GR26] of leaves that were never seen everything counts, and new ones begin with their rank", () => {
    expect(rightsAt(start, keyOf("zoe"), 4)).toEqual(ALL_RIGHTS);
    const quiet = allowing(choir, { write: "admins" });
    const joined = done(quiet, "dan", { added: leavesOf("zoe") });
    expect(sayings(advanceRights(start, joined, []), "zoe", 2)).toBe("rr");
  });

  it("bounds what it keeps", () => {
    let history = start;
    let world: World = choir;
    for (let i = 0; i < 100; i++) {
      world = allowing(world, { write: i % 2 === 0 ? "admins" : "everyone" });
      history = advanceRights(history, world, cutOf({ cy: 2 * i, dan: 2 * i, "dan.laptop": 2 * i }));
    }
    expect(history.spans.get(keyOf("cy"))).toHaveLength(32);
    const many = Array.from({ length: 4_200 }, (_, i) => [`k${i}`, [{ from: 0, ...ALL_RIGHTS }]] as const);
    const full = advanceRights({ spans: new Map([...history.spans, ...many]) }, choir, []);
    expect(full.spans.size).toBe(4_096);
    expect(full.spans.has(keyOf("cy"))).toBe(true);
  });

  it("lies in the store and comes back", async () => {
    const quiet = advanceRights(start, allowing(choir, { write: "admins" }), cutOf({ cy: 5, dan: 5, "dan.laptop": 5 }));
    expect(expectOk(decodeRights(encodeRights(quiet)), "rights")).toEqual(quiet);
    await expectHardened(decodeRights, [encodeRights(quiet)]);
  });
});

describe("records of who did what", () => {
  const account = accountOf("dan");
  const actions: readonly GroupAction[] = [
    { kind: "added", account },
    { kind: "rejoined", account, deviceKey: hashOf("new"), replaced: hashOf("old") },
    { kind: "role", account, from: "member", to: "admin" },
    { kind: "name", from: null, to: "Choir" },
    { kind: "permission", name: "write", from: "everyone", to: "admins" },
    { kind: "timer", from: 60, to: null },
    { kind: "link-made", hash: hashOf("link"), needsApproval: true, expiresAt: null },
    { kind: "rejoin-renewed" },
    { kind: "extension", key: "later" },
    { kind: "unknown", tag: 700, content: filled(4) },
  ];
  const record = { by: accountOf("ada"), actions };

  it("[GR20] unknown actions are kept as they are", async () => {
    const encoded = encodeGroupRecord(record);
    const decoded = expectOk(decodeGroupRecord(encoded), "record");
    expect(decoded).toEqual(record);
    expect(bytesToHex(encodeGroupRecord(decoded))).toBe(bytesToHex(encoded));
    await expectHardened(decodeGroupRecord, [encoded]);
  });

  it("[GR20] a known kind whose shape is not known is kept as unknown", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.uint8Array({ maxLength: 40 }), (tag, content) => {
        const encoded = encodeGroupRecord({ by: record.by, actions: [{ kind: "unknown", tag, content }] });
        const decoded = expectOk(decodeGroupRecord(encoded), "record");
        expect(bytesToHex(encodeGroupRecord(decoded))).toBe(bytesToHex(encoded));
      }),
    );
  });
});
