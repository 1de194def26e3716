import { concatBytes, encode, expectOk, utf8ToBytes } from "@xchat/codec";
import { sealSecretBox, type CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { filled } from "../hostile-input.node.ts";
import {
  ENVELOPE_LARGE,
  ENVELOPE_SHORT,
  ENVELOPE_SMALL,
  envelopeHash,
  FRAGMENT_BYTES,
  isDirectEnvelopeSize,
  isEnvelopeSize,
  MAX_SEALED_BYTES,
  openEnvelope,
  sealEnvelopes,
  sealShortEnvelope,
  type Fragment,
} from "./envelope.ts";
import { collectFragment, emptyReassembly, MAX_OPEN_SETS, type Reassembly } from "./reassembly.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const wrapKey = filled(32);

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

async function openAll(envelopes: readonly Uint8Array[]): Promise<readonly Fragment[]> {
  const opened = await Promise.all(envelopes.map((envelope) => openEnvelope(provider, wrapKey, envelope)));
  return opened.map((one) => expectOk(one, "envelope") as Fragment);
}

function collectAll(
  fragments: readonly Fragment[],
  from: Reassembly = emptyReassembly(),
): { readonly state: Reassembly; readonly payloads: readonly Uint8Array[] } {
  let state = from;
  const payloads: Uint8Array[] = [];
  for (const fragment of fragments) {
    const collected = collectFragment(provider, state, fragment);
    state = collected.state;
    if (collected.payload !== null) payloads.push(collected.payload);
  }
  return { state, payloads };
}

/** Seals a frame of the test's own making. */
async function sealRaw(
  frame: Uint8Array,
  over: { readonly length?: number; readonly behind?: number } = {},
): Promise<Uint8Array> {
  const padded = new Uint8Array(ENVELOPE_SMALL - 28);
  new DataView(padded.buffer).setUint32(0, over.length ?? frame.length);
  padded.set(frame, 4);
  if (over.behind !== undefined) padded[padded.length - 1] = over.behind;
  return sealSecretBox(provider, wrapKey, utf8ToBytes(`xchat envelope v1\0${ENVELOPE_SMALL}`), padded);
}

const encodeRaw = (value: any): Uint8Array => encode({ write: () => value, read: () => value }, value);

describe("envelopes", () => {
  it.each([1, 100, 255, 256, 8_153, 8_154, 30_000, 65_497])(
    "[EN1] %i bytes come back from one envelope of a known size",
    async (length) => {
      const payload = bytesOf(length);
      const envelopes = await sealEnvelopes(provider, wrapKey, payload);
      expect(envelopes).toHaveLength(1);
      expect([ENVELOPE_SMALL, ENVELOPE_LARGE]).toContain(envelopes[0]?.length);
      expect(expectOk(await openEnvelope(provider, wrapKey, envelopes[0] as Uint8Array), "envelope")).toEqual({
        kind: "whole",
        payload,
      });
    },
  );

  it("[EN1] a message of the usual length takes a small one", async () => {
    expect((await sealEnvelopes(provider, wrapKey, bytesOf(4_096)))[0]).toHaveLength(ENVELOPE_SMALL);
    expect((await sealEnvelopes(provider, wrapKey, bytesOf(8_153)))[0]).toHaveLength(ENVELOPE_SMALL);
    expect((await sealEnvelopes(provider, wrapKey, bytesOf(8_154)))[0]).toHaveLength(ENVELOPE_LARGE);
    expect(await sealEnvelopes(provider, wrapKey, bytesOf(65_497))).toHaveLength(1);
    expect(await sealEnvelopes(provider, wrapKey, bytesOf(65_498))).toHaveLength(2);
  });

  it("[EN8] what is short fits a short one, which opens like the others and is none of what nodes take", async () => {
    for (const length of [1, 500, 2_009]) {
      const envelope = (await sealShortEnvelope(provider, wrapKey, bytesOf(length))) as Uint8Array;
      expect(envelope).toHaveLength(ENVELOPE_SHORT);
      expect(isEnvelopeSize(envelope.length)).toBe(false);
      expect(isDirectEnvelopeSize(envelope.length)).toBe(true);
      expect(expectOk(await openEnvelope(provider, wrapKey, envelope), "envelope")).toEqual({
        kind: "whole",
        payload: bytesOf(length),
      });
      const stretched = concatBytes(envelope, new Uint8Array(ENVELOPE_SMALL - ENVELOPE_SHORT));
      expect(await openEnvelope(provider, wrapKey, stretched)).toMatchObject({ error: { reason: "not-authentic" } });
    }
    expect(await sealShortEnvelope(provider, wrapKey, bytesOf(2_010))).toBeNull();
  });

  it("[EN2] nothing in an envelope is constant: of one payload sealed often, each byte takes many values", async () => {
    const runs = 256;
    const seen = Array.from({ length: ENVELOPE_SMALL }, () => new Set<number>());
    for (let i = 0; i < runs; i++) {
      const [envelope] = await sealEnvelopes(provider, wrapKey, bytesOf(10));
      (envelope as Uint8Array).forEach((byte, at) => seen[at]?.add(byte));
    }
    // 256 draws of 256 values: 162 distinct ones on average, give or take 6. One constant bit would leave 110.
    for (const [at, values] of seen.entries()) expect(values.size, `byte ${at}`).toBeGreaterThan(120);
  });

  it("[EN2] another key, an altered byte and another size do not open", async () => {
    const [envelope] = (await sealEnvelopes(provider, wrapKey, bytesOf(10))) as [Uint8Array];
    expect(await openEnvelope(provider, filled(32, 1), envelope)).toMatchObject({ error: { reason: "not-authentic" } });
    for (const at of [0, 11, 12, 4_000, ENVELOPE_SMALL - 1]) {
      const altered = envelope.slice();
      altered[at] = (altered[at] as number) ^ 0x80;
      expect(await openEnvelope(provider, wrapKey, altered)).toMatchObject({ error: { reason: "not-authentic" } });
    }
    for (const size of [0, 27, ENVELOPE_SMALL - 1, ENVELOPE_SMALL + 1, ENVELOPE_LARGE + 1]) {
      expect(await openEnvelope(provider, wrapKey, new Uint8Array(size))).toMatchObject({
        error: { reason: "bad-size" },
      });
    }
    const stretched = concatBytes(envelope, new Uint8Array(ENVELOPE_LARGE - ENVELOPE_SMALL));
    expect(await openEnvelope(provider, wrapKey, stretched)).toMatchObject({ error: { reason: "not-authentic" } });
  });

  it("[EN3] bytes behind the frame, a length beyond it, and frames without sense are refused", async () => {
    const frame = encodeRaw([1, [0, bytesOf(5)]]);
    expect(await openEnvelope(provider, wrapKey, await sealRaw(frame))).toMatchObject({ ok: true });
    for (const envelope of [
      await sealRaw(frame, { behind: 1 }),
      await sealRaw(frame, { length: ENVELOPE_SMALL }),
      await sealRaw(frame, { length: 2 ** 32 - 1 }),
      await sealRaw(frame, { length: 0 }),
      await sealRaw(encodeRaw([2, [0, bytesOf(5)]])),
      await sealRaw(encodeRaw([1, [0, new Uint8Array(0)]])),
      await sealRaw(encodeRaw([1, [1, [filled(32), filled(32)], 0, bytesOf(5)]])),
      await sealRaw(encodeRaw([1, [1, [provider.sha256(bytesOf(5)), filled(32)], 0, bytesOf(5)]])),
      await sealRaw(encodeRaw([1, [1, [filled(32), provider.sha256(bytesOf(5))], 2, bytesOf(5)]])),
    ]) {
      expect(await openEnvelope(provider, wrapKey, envelope)).toMatchObject({
        ok: false,
        error: { reason: "malformed" },
      });
    }
  });

  it("[EN4] [EN7] larger payloads come back from fragments in any order, with repetitions", async () => {
    for (const length of [65_600, FRAGMENT_BYTES * 2, FRAGMENT_BYTES * 4 + 1]) {
      const payload = bytesOf(length);
      const envelopes = await sealEnvelopes(provider, wrapKey, payload);
      expect(envelopes).toHaveLength(Math.ceil(length / FRAGMENT_BYTES));
      for (const envelope of envelopes) expect(envelope).toHaveLength(ENVELOPE_LARGE);
      const fragments = await openAll(envelopes);
      const shuffled = [...fragments, ...fragments].toReversed();
      const { state, payloads } = collectAll(shuffled.slice(0, fragments.length));
      expect(payloads).toEqual([payload]);
      expect(state.sets).toEqual([]);
    }
  });

  it("[EN4] nothing, and more than the limit, cannot be sealed", async () => {
    await expect(sealEnvelopes(provider, wrapKey, new Uint8Array(0))).rejects.toThrow(RangeError);
    await expect(sealEnvelopes(provider, wrapKey, new Uint8Array(MAX_SEALED_BYTES + 1))).rejects.toThrow(RangeError);
    const most = await sealEnvelopes(provider, wrapKey, new Uint8Array(MAX_SEALED_BYTES));
    expect(collectAll(await openAll(most)).payloads[0]).toHaveLength(MAX_SEALED_BYTES);
  });

  it("[EN5] fragments of two payloads do not mix, and a poisoned part spoils only its own set", async () => {
    const [a, b] = [bytesOf(130_000), bytesOf(130_001)];
    const [fragmentsA, fragmentsB] = [
      await openAll(await sealEnvelopes(provider, wrapKey, a)),
      await openAll(await sealEnvelopes(provider, wrapKey, b)),
    ];
    const mixed = fragmentsA.flatMap((fragment, i) => [fragment, fragmentsB[i] as Fragment]);
    expect(collectAll(mixed).payloads).toEqual([a, b]);
    // A member who knows what will come sends a part under a list of his own: another list is another set.
    const first = fragmentsA[0] as Fragment;
    const poisoned: Fragment = { ...first, hashes: [first.hashes[0] as Uint8Array, filled(32), filled(32)] };
    expect(collectAll([poisoned, ...fragmentsA]).payloads).toEqual([a]);
  });

  it("[EN6] only so many payloads are under way; the first begun gives way and is told", async () => {
    let state = emptyReassembly();
    const evicted: string[] = [];
    for (let i = 0; i <= MAX_OPEN_SETS; i++) {
      const part = bytesOf(FRAGMENT_BYTES);
      const fragment: Fragment = { kind: "fragment", hashes: [filled(32, i), filled(32, i + 50)], index: 0, part };
      const collected = collectFragment(provider, state, fragment);
      state = collected.state;
      evicted.push(...collected.evicted);
    }
    expect(state.sets).toHaveLength(MAX_OPEN_SETS);
    expect(evicted).toHaveLength(1);
  });

  it("[EN6] the bytes under way are bounded too", () => {
    let state = emptyReassembly();
    let evictions = 0;
    for (let set = 0; set < MAX_OPEN_SETS; set++) {
      const hashes = Array.from({ length: 64 }, (_, i) => filled(32, set * 64 + i));
      for (let index = 0; index < 63; index++) {
        const collected = collectFragment(provider, state, {
          kind: "fragment",
          hashes,
          index,
          part: new Uint8Array(1),
        });
        state = collected.state;
        evictions += collected.evicted.length;
      }
    }
    expect(state.sets.reduce((sum, set) => sum + set.parts.size * FRAGMENT_BYTES, 0)).toBeLessThanOrEqual(
      8 * 1024 * 1024,
    );
    expect(evictions).toBeGreaterThan(0);
  });

  it("the hash of an envelope is that of all its bytes", async () => {
    const [envelope] = (await sealEnvelopes(provider, wrapKey, bytesOf(10))) as [Uint8Array];
    expect(envelopeHash(provider, envelope)).toEqual(provider.sha256(envelope));
  });
});
