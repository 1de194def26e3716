import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, encode, expectOk, list, struct, uint, bytes, nullable } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";
import { createEvent } from "../event/event.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { keyOf, NOW, seedOf } from "../identity/test-actors.ts";
import {
  decodeSyncEvent,
  decodeSyncSnapshot,
  encodeSyncEvents,
  encodeSyncSnapshot,
  MAX_SYNC_OPERATIONS,
  SYNC_BODY_KIND,
} from "./sync-event.ts";
import { MAX_UNKNOWN_REGISTERS, REGISTERS, writeRegister, type SyncOperation } from "./sync-registers.ts";
import {
  EMPTY_SYNC,
  foldSync,
  hasRoom,
  listRegister,
  readRegister,
  writesOf,
  type StampedWrite,
  type SyncState,
} from "./sync-state.ts";

const provider = nodeCryptoProvider();
const id = (n: number): Uint8Array => filled(32, n);
const PHONE = bytesToHex(id(1));
const LAPTOP = bytesToHex(id(2));
const bob = { account: id(10) };
const chat = { conversation: id(20) };

const at = (operation: SyncOperation, depth: number, author = PHONE): StampedWrite => ({ ...operation, depth, author });
const named = (petname: string): SyncOperation => writeRegister("contact", bob, { petname });
const fold = (...writes: readonly StampedWrite[]): SyncState => foldSync(EMPTY_SYNC, writes).state;

/** Small worlds, so that writes meet: few registers, few depths, authors who fork themselves, some of unknown kinds. */
const anyOperation: fc.Arbitrary<SyncOperation> = fc.oneof(
  fc
    .tuple(fc.nat(1), fc.constantFrom("a", "b", "c", null))
    .map(([n, name]) => writeRegister("contact", { account: id(n) }, name === null ? null : { petname: name })),
  fc
    .tuple(fc.nat(2), fc.nat(5), fc.nat(1))
    .map(([n, depth, mark]) => writeRegister("read", { conversation: id(n) }, { depth, id: id(mark) })),
  fc
    .tuple(fc.nat(2), fc.boolean())
    .map(([n, isSet]) => writeRegister("star", { conversation: id(n), event: id(n) }, isSet ? {} : null)),
  // One kind of which more are written than are kept.
  fc.nat(200).map((n) => writeRegister("device-name", { deviceKey: id(n) }, { name: `d${n}` })),
  fc
    .tuple(fc.integer({ min: 1_000, max: 1_002 }), fc.nat(3), fc.uint8Array({ maxLength: 2 }))
    .map(([tag, key, value]) => ({
      tag,
      key: Uint8Array.of(key),
      value: value.length === 0 ? null : value,
    })),
  fc.constant({ tag: 0, key: Uint8Array.of(1), value: null }),
);
const anyWrite = fc
  .tuple(anyOperation, fc.nat(4), fc.constantFrom(PHONE, LAPTOP))
  .map(([operation, depth, author]) => at(operation, depth, author));
/** So many of one kind that its limit is met at once. */
const anyHistory = fc
  .tuple(fc.array(anyWrite, { maxLength: 60, size: "max" }), fc.boolean(), fc.infiniteStream(fc.nat(12)))
  .map(([writes, isFull, depths]) =>
    isFull
      ? [
          ...Array.from({ length: 150 }, (_, n) =>
            at(writeRegister("device-name", { deviceKey: id(n) }, { name: "x" }), depths.next().value as number),
          ),
          ...writes,
        ]
      : writes,
  );

const shown = (state: SyncState): readonly string[] =>
  writesOf(state).map(
    ({ tag, key, value, depth, author }) =>
      `${tag} ${bytesToHex(key)} ${value === null ? "-" : bytesToHex(value)} ${depth} ${author}`,
  );

describe("the fold", () => {
  it("[DV22] who had seen the other write overrules it, whatever comes first", () => {
    const writes = [at(named("Bob"), 1), at(named("Robert"), 2, LAPTOP), at(named("Bobby"), 3)];
    for (const order of [writes, writes.toReversed()]) {
      expect(readRegister(fold(...order), "contact", bob)).toEqual({ petname: "Bobby" });
    }
  });

  it("[DV22] of two who did not know each other the greater author wins, and all that it wrote then", () => {
    const profile = (name: string): SyncOperation => writeRegister("profile", {}, { name, picture: null });
    const phone = [at(named("Bob"), 5, PHONE), at(profile("P"), 5, PHONE)];
    const laptop = [at(named("Robert"), 5, LAPTOP), at(profile("L"), 5, LAPTOP)];
    for (const state of [fold(...phone, ...laptop), fold(...laptop, ...phone)]) {
      expect(readRegister(state, "contact", bob)).toEqual({ petname: "Robert" });
      expect(readRegister(state, "profile", {})).toEqual({ name: "L", picture: null });
    }
  });

  it("[DV22] a contact that was removed stays removed until somebody writes it anew", () => {
    const removed = at(writeRegister("contact", bob, null), 6);
    const state = fold(removed, at(named("Bob"), 5, LAPTOP));
    expect(readRegister(state, "contact", bob)).toBeNull();
    expect(listRegister(state, "contact")).toEqual([]);
    expect(readRegister(foldSync(state, [at(named("Bob"), 7)]).state, "contact", bob)).toEqual({ petname: "Bob" });
  });

  it("[DV23] a device that was away does not make things unread", () => {
    const read = (depth: number): SyncOperation => writeRegister("read", chat, { depth, id: id(0) });
    const state = fold(at(read(100), 5), at(read(70), 9, LAPTOP));
    expect(readRegister(state, "read", chat)).toEqual({ depth: 100, id: id(0) });
    expect(() => writeRegister("read", chat, null)).toThrow(RangeError);
    const forged = { tag: REGISTERS.read.tag, key: read(1).key, value: null };
    expect(foldSync(state, [at(forged, 10)]).refused).toBe(1);
  });

  it("[DV22] [DV23] [DV24] comes to the same whatever the order, the grouping and the repetition", () => {
    fc.assert(
      fc.property(anyHistory, fc.infiniteStream(fc.nat()), (writes, dice) => {
        const roll = (below: number): number => (dice.next().value as number) % below;
        const together = shown(fold(...writes));
        const order = writes.map((write) => ({ write, place: roll(1_000_000) }));
        const shuffled = order.toSorted((a, b) => a.place - b.place).map(({ write }) => write);
        let state = EMPTY_SYNC;
        for (let from = 0; from < shuffled.length;) {
          const to = from + 1 + roll(5);
          // What came before comes again now and then.
          state = foldSync(state, [...shuffled.slice(roll(from + 1), from), ...shuffled.slice(from, to)]).state;
          from = to;
        }
        expect(shown(state)).toEqual(together);
      }),
      { numRuns: 60 },
    );
  });

  it("[DV26] a snapshot of one device joined by another is as good as what it stands for", () => {
    fc.assert(
      fc.property(anyHistory, anyHistory, (ours, theirs) => {
        const parts = encodeSyncSnapshot(fold(...theirs), new Uint8Array(16)).toReversed();
        const writes = parts.flatMap((part) => expectOk(decodeSyncSnapshot(part, { depth: 100 }), "part").writes);
        expect(shown(fold(...ours, ...writes))).toEqual(shown(fold(...ours, ...theirs)));
      }),
      { numRuns: 40 },
    );
  });

  it("[DV24] what was written longest ago gives way, and never comes back by itself", () => {
    const limit = REGISTERS["device-name"].limit;
    const device = (n: number): SyncOperation =>
      writeRegister("device-name", { deviceKey: provider.sha256(Uint8Array.of(n >> 8, n)) }, { name: `d${n}` });
    const writes = Array.from({ length: limit + 10 }, (_, n) => at(device(n), n + 1));
    const state = fold(...writes);
    expect(hasRoom(state, "device-name")).toBe(false);
    expect(hasRoom(state, "contact")).toBe(true);
    const names = listRegister(state, "device-name").map(({ value }) => value.name);
    expect(names.length).toBe(limit);
    for (let n = 0; n < 10; n++) expect(names).not.toContain(`d${n}`);
    expect(shown(foldSync(state, writes).state)).toEqual(shown(state));
    expect(foldSync(state, writes).changed).toEqual([]);
    const more = foldSync(state, [at(device(1_000), 1_000)]);
    expect(more.changed.toSorted((a, b) => (a.value === null ? -1 : 1) - (b.value === null ? -1 : 1))).toEqual([
      { ...device(10), value: null },
      device(1_000),
    ]);
  });

  it("[DV21] kinds of later versions fold too, and are bounded together", () => {
    const writes = Array.from({ length: MAX_UNKNOWN_REGISTERS + 5 }, (_, n) =>
      at({ tag: 900 + (n % 7), key: Uint8Array.of(n >> 8, n), value: Uint8Array.of(1) }, n),
    );
    expect(writesOf(fold(...writes)).length).toBe(MAX_UNKNOWN_REGISTERS);
  });

  it("says which registers have another value, once each", () => {
    const first = foldSync(EMPTY_SYNC, [at(named("Bob"), 1), at(named("Robert"), 2)]);
    expect(first.changed).toEqual([named("Robert")]);
    expect(foldSync(first.state, [at(named("Robert"), 3)]).changed).toEqual([]);
    const gone = foldSync(first.state, [at(writeRegister("contact", bob, null), 4)]);
    expect(gone.changed).toEqual([{ ...named("x"), value: null }]);
    expect(first.state.tables.get(0)?.size).toBe(1);
    expect(readRegister(first.state, "contact", bob)).toEqual({ petname: "Robert" });
  });

  it("[DV21] refuses what is not as its kind has it, and keeps the rest of the event", () => {
    const bad = { tag: 0, key: named("x").key, value: Uint8Array.of(0xff) };
    const step = foldSync(EMPTY_SYNC, [at(bad, 1), at(writeRegister("chat-archived", chat, {}), 1)]);
    expect(step.refused).toBe(1);
    expect(readRegister(step.state, "chat-archived", chat)).toEqual({});
    expect(() => writeRegister("contact", bob, { petname: "B\u202eob" })).toThrow(RangeError);
    expect(() => writeRegister("draft", chat, { text: "x".repeat(9_000) })).not.toThrow();
    const long = writeRegister("draft", chat, { text: "x".repeat(9_000) });
    expect(foldSync(EMPTY_SYNC, [at(long, 1)]).refused).toBe(1);
  });
});

describe("write events and snapshots", () => {
  const operations = [
    named("Bob"),
    writeRegister("contact-blocked", { account: id(11) }, {}),
    writeRegister("read", chat, { depth: 9, id: id(5) }),
    writeRegister("draft", chat, null),
    { tag: 60_000, key: new Uint8Array(0), value: Uint8Array.of(1) },
  ];
  const stamp = { author: PHONE, depth: 7 };

  it("[DV25] come back as they were, under the stamp of their event", () => {
    const [content] = encodeSyncEvents(operations);
    expect(decodeSyncEvent(content as Uint8Array, stamp)).toEqual({
      ok: true,
      value: operations.map((one) => ({ ...one, ...stamp })),
    });
  });

  it("[DV25] one write of each register in an event, as many events as are needed, each within a body", async () => {
    const many = Array.from({ length: 3 * MAX_SYNC_OPERATIONS }, (_, n) =>
      writeRegister("draft", { conversation: provider.sha256(Uint8Array.of(n >> 8, n)) }, { text: "x".repeat(n * 8) }),
    );
    const contents = encodeSyncEvents([...many, ...many.map((one) => ({ ...one, value: null }))]);
    expect(encodeSyncEvents(many).length).toBeGreaterThan(30);
    const read = contents.flatMap((content) => expectOk(decodeSyncEvent(content, stamp), "event"));
    expect(read.map(({ value }) => value)).toEqual(many.map(() => null));
    for (const content of encodeSyncEvents(many)) expect(content.length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    const raw = struct({
      version: uint(),
      operations: list(struct({ tag: uint(), key: bytes({ max: 99 }), value: nullable(bytes({ max: 99 })) }), {
        max: 9,
      }),
    });
    const twice = encode(raw, { version: 1, operations: [operations[0]!, operations[0]!] });
    expect(decodeSyncEvent(twice, stamp)).toMatchObject({ error: { reason: "repeated-register" } });
    const empty = encode(raw, { version: 1, operations: [] });
    expect(decodeSyncEvent(empty, stamp)).toMatchObject({ error: { reason: "too-few-entries" } });
    const newer = encode(raw, { version: 2, operations: [operations[0]!] });
    expect(decodeSyncEvent(newer, stamp)).toMatchObject({ error: { reason: "newer-version" } });
    // The body of an event takes the largest of them.
    const largest = encodeSyncEvents(many).toSorted((a, b) => b.length - a.length)[0] as Uint8Array;
    const author = { account: id(1), leafKey: await keyOf(provider, "leaf") };
    const place = { conversation: id(9), author, sequence: 0, depth: 1, previous: null, parents: [] };
    const event = { ...place, sentAt: NOW, kind: SYNC_BODY_KIND, content: largest };
    expect((await createEvent(provider, event, seedOf(provider, "leaf"))).body?.kind).toBe(SYNC_BODY_KIND);
  });

  it("[DV26] a snapshot of much comes in parts that fit, and an empty one in one part", () => {
    const writes = Array.from({ length: 2_000 }, (_, n) =>
      at(
        writeRegister("contact", { account: provider.sha256(Uint8Array.of(n >> 8, n)) }, { petname: `Contact ${n}` }),
        n + 1,
        bytesToHex(provider.sha256(Uint8Array.of(n % 9))),
      ),
    );
    const state = fold(...writes);
    const parts = encodeSyncSnapshot(state, id(7).slice(0, 16));
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    const read = parts.map((part) => expectOk(decodeSyncSnapshot(part, { depth: 3_000 }), "part"));
    expect(read.map(({ index, count }) => [index, count])).toEqual(parts.map((_, index) => [index, parts.length]));
    expect(shown(fold(...read.flatMap((part) => part.writes)))).toEqual(shown(state));
    const empty = encodeSyncSnapshot(EMPTY_SYNC, new Uint8Array(16));
    expect(expectOk(decodeSyncSnapshot(empty[0] as Uint8Array, { depth: 1 }), "part").writes).toEqual([]);
  });

  it("[DV26] a stamp that does not lie before its snapshot is refused", () => {
    const [part] = encodeSyncSnapshot(fold(at(named("Bob"), 10)), new Uint8Array(16));
    expect(decodeSyncSnapshot(part as Uint8Array, { depth: 11 }).ok).toBe(true);
    const refused = decodeSyncSnapshot(part as Uint8Array, { depth: 10 });
    expect(refused).toMatchObject({ error: { reason: "stamp-from-the-future" } });
  });

  it("survive truncation, flipped bits and random bytes", async () => {
    const [event] = encodeSyncEvents(operations);
    const [part] = encodeSyncSnapshot(fold(...operations.map((one) => at(one, 3))), new Uint8Array(16));
    await expectHardened((candidate) => decodeSyncEvent(candidate, stamp), [event as Uint8Array]);
    await expectHardened((candidate) => decodeSyncSnapshot(candidate, { depth: 9 }), [part as Uint8Array]);
    // And what does decode folds without a throw.
    fc.assert(
      fc.property(fc.nat(), fc.nat(7), (index, bit) => {
        const flipped = (part as Uint8Array).slice();
        flipped[index % flipped.length] = (flipped[index % flipped.length] as number) ^ (1 << bit);
        const read = decodeSyncSnapshot(flipped, { depth: 9 });
        if (!read.ok) return;
        const { state } = foldSync(EMPTY_SYNC, read.value.writes);
        for (const name of Object.keys(REGISTERS)) listRegister(state, name as keyof typeof REGISTERS);
      }),
      { numRuns: 500 },
    );
  });

  it("every register has a number of its own", () => {
    const tags = Object.values(REGISTERS).map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(tags.length);
  });
});
