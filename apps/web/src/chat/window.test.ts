import { NO_MARKS, type MessageView } from "@xchat/client/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rowFacts } from "./rows.ts";
import { firstUnread, windowOf, withChanges, withNewer, withNewest, withOlder, type MessageWindow } from "./window.ts";

const order = (n: number): string => String(n).padStart(6, "0");
const message = (n: number, more: Partial<MessageView> = {}): MessageView => ({
  id: `m${n}`,
  isOwn: false,
  order: order(n),
  content: { kind: "text", text: String(n), mentions: [] },
  sentAt: n,
  receivedAt: n,
  delivery: null,
  via: "nodes",
  ...NO_MARKS,
  ...more,
});
const run = (from: number, to: number): MessageView[] => Array.from({ length: to - from }, (_, i) => message(from + i));
const page = (from: number, to: number, hasOlder = true, hasNewer = false): MessageWindow =>
  windowOf({ messages: run(from, to), hasOlder, hasNewer });
const ids = (window: MessageWindow): readonly string[] => window.messages.map(({ id }) => id);

test("[W1] pages join without doubles", () => {
  const joined = withOlder(page(10, 20), { messages: run(5, 12), hasOlder: false, hasNewer: true });
  expect(ids(joined)).toEqual(run(5, 20).map(({ id }) => id));
  expect(joined.hasOlder).toBe(false);
  const newer = withNewer(page(0, 5, false, true), { messages: run(4, 8), hasOlder: true, hasNewer: false });
  expect(ids(newer)).toEqual(run(0, 8).map(({ id }) => id));
  expect(newer.hasNewer).toBe(false);
});

test("[W2] a change replaces, and moves where the order changed", () => {
  const changed = withChanges(page(0, 4), { changed: [message(1, { order: order(9) })], removed: ["m0"] });
  expect(ids(changed)).toEqual(["m2", "m3", "m1"]);
});

test("[W3] nothing is taken in beyond an end with more behind it", () => {
  const window = page(10, 12, true, true);
  expect(ids(withChanges(window, { changed: [message(1), message(30)], removed: [] }))).toEqual(["m10", "m11"]);
  const closed = page(10, 12, false, false);
  expect(ids(withChanges(closed, { changed: [message(1), message(30)], removed: [] }))).toEqual([
    "m1",
    "m10",
    "m11",
    "m30",
  ]);
  expect(
    ids(withChanges(windowOf({ messages: [], hasOlder: false, hasNewer: false }), { changed: run(0, 3), removed: [] })),
  ).toEqual(["m0", "m1", "m2"]);
});

test("[W4] a newest page takes the place of the run where it reaches over all of it", () => {
  const newest = (from: number, to: number, hasOlder = true): MessageWindow => page(from, to, hasOlder, false);
  // What came late, in the middle too, and what is not there any more.
  const late = [message(5), message(6, { id: "late", order: `${order(6)}x` }), ...run(8, 12)];
  expect(withNewest(page(5, 10), { messages: [...run(2, 5), ...late], hasOlder: true, hasNewer: false })).toEqual({
    messages: late,
    hasOlder: true,
    hasNewer: false,
  });
  expect(withNewest(page(5, 10), newest(6, 20))).toBeNull();
  expect(withNewest(page(5, 10), newest(6, 20, false))?.messages).toEqual(run(6, 20));
  expect(withNewest(page(0, 10, true, true), newest(0, 12))).toBeNull();
  expect(withNewest(page(0, 0), newest(0, 12))).toBeNull();
});

test("[W1] [W3] any changes in any order end in the same run", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 40 }), (numbers) => {
      let window = page(20, 30, false, false);
      for (const n of numbers) window = withChanges(window, { changed: [message(n)], removed: [] });
      const expected = [...new Set([...run(20, 30).map((m) => m.sentAt), ...numbers])].toSorted((a, b) => a - b);
      expect(ids(window)).toEqual(expected.map((n) => `m${n}`));
    }),
  );
});

test("the unread line stands before the oldest unread message of the other person", () => {
  const messages = [message(1), message(2), message(3, { isOwn: true }), message(4)];
  const window = windowOf({ messages, hasOlder: false, hasNewer: false });
  expect(firstUnread(window, 0)).toBe(null);
  expect(firstUnread(window, 2)).toBe("m2");
  expect(firstUnread(window, 9)).toBe("m1");
});

test("rows group by person, minutes and day", () => {
  const at = (minutes: number): number => new Date(2026, 0, 5, 10, minutes).getTime();
  const a = message(1, { sentAt: at(0) });
  const b = message(2, { sentAt: at(1) });
  const late = message(3, { sentAt: at(30) });
  expect(rowFacts(undefined, a, b)).toEqual({
    startsDay: true,
    startsGroup: true,
    endsGroup: false,
    showsState: false,
  });
  expect(rowFacts(a, b, late)).toEqual({ startsDay: false, startsGroup: false, endsGroup: true, showsState: true });
  const own = message(4, { sentAt: at(1), isOwn: true, delivery: { state: "read", via: "direct" } });
  const queued = message(5, { sentAt: at(2), isOwn: true, delivery: { state: "queued", why: "offline" } });
  expect(rowFacts(a, own, queued)).toMatchObject({ startsGroup: true, endsGroup: false, showsState: true });
});
