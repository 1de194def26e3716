import { encode, expectOk } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { MAX_EVENT_BYTES } from "../event/event.ts";
import { MAX_NAME_GRAPHEMES } from "../first-contact/person-text.ts";
import { decodeDirectFrame, encodeDirectFrame, MAX_DIRECT_FRAME_BYTES, type DirectFrame } from "./direct-frame.ts";
import {
  decodePayload,
  encodePayload,
  itemBytes,
  MAX_ITEMS,
  MAX_PAYLOAD_BYTES,
  packPayloads,
  type PayloadItem,
} from "./payload.ts";

const key = filled(32);
const id = filled(32, 5);

const items: readonly PayloadItem[] = [
  { kind: "event", event: filled(40) },
  {
    kind: "ack",
    ack: { tip: { sequence: 3, id }, entries: [{ author: key, sequence: 9, id, lacking: [{ from: 1, to: 2 }] }] },
  },
  { kind: "ack", ack: { tip: null, entries: [] } },
  { kind: "read", positions: [{ author: key, sequence: 2, id }] },
  { kind: "want", want: { asked: key, ids: [id], ranges: [{ author: key, from: 0, to: 63 }] } },
  { kind: "give", events: [filled(9), filled(10)] },
  { kind: "signal", to: key, session: filled(16), signal: { kind: "description", type: "offer", sdp: "v=0\r\n" } },
  {
    kind: "signal",
    to: key,
    session: filled(16),
    signal: { kind: "candidate", candidate: "candidate:1 1 udp", mid: "0" },
  },
  { kind: "signal", to: key, session: filled(16), signal: { kind: "close" } },
  { kind: "direct-consent", isAllowed: true, revision: 7 },
  { kind: "profile", name: "Zoë 🦉", revision: 1 },
  { kind: "chain", chain: filled(100) },
  { kind: "unknown", tag: 999, content: filled(5) },
];

const encodeRaw = (value: any): Uint8Array => encode({ write: () => value, read: () => value }, value);
const reasonOf = (encoded: Uint8Array): string | null => {
  const decoded = decodePayload(encoded);
  return decoded.ok ? null : decoded.error.reason;
};

describe("payloads", () => {
  it("[CV7] every item round-trips, together and alone", () => {
    expect(expectOk(decodePayload(encodePayload(items)), "payload")).toEqual(items);
    for (const item of items) expect(expectOk(decodePayload(encodePayload([item])), item.kind)).toEqual([item]);
  });

  it("[CV7] the largest event fits, and the whole is bounded", () => {
    const largest: PayloadItem = { kind: "event", event: new Uint8Array(MAX_EVENT_BYTES) };
    expect(decodePayload(encodePayload([largest])).ok).toBe(true);
    expect(() => encodePayload([largest, largest])).toThrow(RangeError);
    expect(reasonOf(new Uint8Array(MAX_PAYLOAD_BYTES + 1))).toBe("payload-too-large");
  });

  it("[CV7] the size of an item is foretold", () => {
    const sum = items.reduce((total, item) => total + itemBytes(item), 0);
    expect(encodePayload(items).length).toBeLessThanOrEqual(sum + 8);
  });

  it("[CV7] any list goes in as many payloads as it needs, in order", () => {
    const large = (n: number): PayloadItem => ({ kind: "give", events: [filled(20_000, n), filled(10_000, n)] });
    const many = [
      ...items,
      large(1),
      large(2),
      large(3),
      ...items,
      ...Array.from({ length: 150 }, () => items[3] as PayloadItem),
    ];
    const packed = packPayloads(many);
    expect(packed.flat()).toEqual(many);
    for (const payload of packed) expect(decodePayload(encodePayload(payload)).ok).toBe(true);
    expect(packed.length).toBeLessThanOrEqual(6);
    expect(packPayloads([])).toEqual([]);
  });

  it("[CV8] an unknown kind is kept, another version and a malformed known kind refuse the whole", () => {
    expect(expectOk(decodePayload(encodeRaw([1, [[77, filled(3)]]])), "payload")).toEqual([
      { kind: "unknown", tag: 77, content: filled(3) },
    ]);
    expect(reasonOf(encodeRaw([2, []]))).toBe("unknown-version");
    expect(reasonOf(encodeRaw([1, [[6, encodeRaw([true])]]]))).toBe("too-few-entries");
  });

  it("[FC5] a name in a profile is judged as one in a card is", () => {
    const profile = (name: string): PayloadItem => ({ kind: "profile", name, revision: 1 });
    // As long as a name may be: 64 graphemes of four bytes each.
    const longest = "🦉".repeat(MAX_NAME_GRAPHEMES);
    expect(decodePayload(encodePayload([profile(longest)])).ok).toBe(true);
    expect(reasonOf(encodeRaw([1, [[7, encodeRaw([`${longest}a`, 1])]]]))).not.toBeNull();
    expect(reasonOf(encodeRaw([1, [[7, encodeRaw(["Ali\u202eb", 1])]]]))).toBe("bad-name");
  });

  it("[CV9] counts and ranges inside items are bounded", () => {
    const one = encodeRaw([77, filled(1)]);
    expect(one.length).toBeGreaterThan(0);
    expect(reasonOf(encodeRaw([1, Array.from({ length: MAX_ITEMS + 1 }, () => [77, filled(1)])]))).toBe(
      "too-many-entries",
    );
    const want = (ids: number, ranges: readonly any[]): Uint8Array =>
      encodeRaw([1, [[3, encodeRaw([[key, Array.from({ length: ids }, () => id), ranges]])]]]);
    expect(reasonOf(want(32, [[key, 0, 5]]))).toBeNull();
    expect(reasonOf(want(33, []))).toBe("too-many-entries");
    expect(reasonOf(want(0, [[key, 6, 5]]))).toBe("range-out-of-order");
    expect(
      reasonOf(
        want(
          0,
          Array.from({ length: 17 }, () => [key, 0, 1]),
        ),
      ),
    ).toBe("too-many-entries");
    const ack = (lacking: readonly any[]): Uint8Array =>
      encodeRaw([1, [[1, encodeRaw([[null, [[key, 1, id, lacking]]]])]]]);
    expect(reasonOf(ack([[0, 0]]))).toBeNull();
    expect(reasonOf(ack(Array.from({ length: 17 }, (_, i) => [i * 2, i * 2])))).toBe("too-many-entries");
  });

  it("[C5] survives hostile input", async () => {
    await expectHardened(decodePayload, [encodePayload(items)]);
  });
});

describe("direct frames", () => {
  const frames: readonly DirectFrame[] = [
    { kind: "envelope", envelope: new Uint8Array(2_048) },
    { kind: "envelope", envelope: new Uint8Array(8_192) },
    { kind: "envelope", envelope: new Uint8Array(65_536) },
    { kind: "ack", hash: id },
    { kind: "ping", number: 4 },
    { kind: "pong", number: 2 ** 32 - 1 },
  ];

  it("[CV15] round-trip within their bound", () => {
    for (const frame of frames) {
      const encoded = encodeDirectFrame(frame);
      expect(encoded.length).toBeLessThanOrEqual(MAX_DIRECT_FRAME_BYTES);
      expect(expectOk(decodeDirectFrame(encoded), "frame")).toEqual(frame);
    }
  });

  it("[CV15] an envelope of another size is refused", () => {
    for (const length of [0, 2_047, 8_191, 65_535])
      expect(decodeDirectFrame(encodeRaw([0, new Uint8Array(length)]))).toMatchObject({
        error: { reason: "bad-size" },
      });
  });

  it("[C5] survive hostile input", async () => {
    await expectHardened(decodeDirectFrame, frames.slice(3).map(encodeDirectFrame));
  });
});
