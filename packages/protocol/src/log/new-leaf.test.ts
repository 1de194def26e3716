/** The log under another leaf key. */
import { expect, test } from "vitest";
import { nextAck } from "./acknowledge.ts";
import { sayingAll, underNewLeaf } from "./new-leaf.ts";
import { prepareOwn } from "./receive.ts";
import { startLog } from "./state.ts";

const [CHAT, OLD, NEW, BOB] = ["00", "aa", "bb", "cc"].map((byte) => byte.repeat(32)) as [
  string,
  string,
  string,
  string,
];
const start = [
  { author: OLD, sequence: 6, id: "11".repeat(32), depth: 9 },
  { author: BOB, sequence: 2, id: "22".repeat(32), depth: 8 },
];
const before = startLog({ conversation: CHAT, self: OLD, start });

test("[RJ11] numbers begin anew, behind all that was shown, and what others had acknowledged says nothing of them", () => {
  const told = { upTo: 6, lacking: [] };
  const bob = before.authors.get(BOB);
  if (bob === undefined) throw new Error("no Bob");
  const authors = new Map(before.authors).set(BOB, { ...bob, delivered: told, readUpTo: 6 });
  const log = underNewLeaf({ ...before, authors }, NEW);
  expect(prepareOwn(log)).toMatchObject({ sequence: 0, previous: null, depth: 10 });
  expect(prepareOwn(log).parents).toEqual(start.map(({ id }) => id));
  expect(log.authors.get(BOB)).toMatchObject({ delivered: null, readUpTo: null });
});

test("[RJ8] how far everybody is here is said at once, the old leaf of who came among them", () => {
  const log = sayingAll(underNewLeaf(before, NEW), [OLD, BOB, NEW, "dd".repeat(32)], 1_000);
  const { outgoing } = nextAck(log, { now: 1_000, memberCount: 2, isPiggyback: true });
  expect(outgoing?.ack?.entries.map(({ author, sequence }) => [author, sequence])).toEqual([
    [OLD, 6],
    [BOB, 2],
  ]);
});
