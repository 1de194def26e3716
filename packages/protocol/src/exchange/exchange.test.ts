import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectOk } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { dayKeyIdOf } from "../descriptor/descriptor.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { CHUNK_CLASSES, decodeChunk, encodeChunk, MAX_CHUNK_CONTENT } from "./chunk.ts";
import { openClientExchange, type ClientExchange } from "./client.ts";
import { acceptExchange, type NodeDayKey } from "./node.ts";
import { decodeOpening } from "./opening.ts";
import { ReplayWindow } from "./replay.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const NOW = 1_800_000_000;
const nodeId = filled(32, 3);
const pair = await provider.xwingKeyPair(filled(32, 9));
const dayKey = { id: dayKeyIdOf(provider, pair.publicKey), publicKey: pair.publicKey };
const held: NodeDayKey = { id: dayKey.id, secretKey: pair.secretKey, provider };

interface World {
  readonly replays: ReplayWindow;
  readonly accept: (
    message: Uint8Array,
    over?: { readonly nodeId?: Uint8Array; readonly nowSeconds?: number; readonly dayKey?: NodeDayKey | null },
  ) => ReturnType<typeof acceptExchange>;
}

function world(maxEntries = 100): World {
  const replays = new ReplayWindow(provider, maxEntries);
  return {
    replays,
    accept: (message, over = {}) =>
      acceptExchange(
        {
          provider,
          nodeId: over.nodeId ?? nodeId,
          dayKeyById: () => (over.dayKey === undefined ? held : over.dayKey),
          replays,
          nowSeconds: over.nowSeconds ?? NOW,
        },
        message,
      ),
  };
}

async function newExchange(nowSeconds = NOW): Promise<ClientExchange> {
  const exchange = await openClientExchange({ provider, nodeId, dayKey, nowSeconds });
  if (exchange === null) throw new Error("no exchange");
  return exchange;
}

const reasonOf = (result: { ok: boolean; error?: { reason: string } }): string =>
  result.ok ? "accepted" : (result.error?.reason ?? "");

describe("chunks", () => {
  it.each([0, 1, 1_018, 1_019, 9_210, 9_211, MAX_CHUNK_CONTENT])(
    "[X7] %i bytes come back from the least class",
    (length) => {
      const head = filled(Math.min(length, 300));
      const body = filled(length - head.length, 1);
      const chunk = encodeChunk(head, body);
      expect(chunk.length).toBe(CHUNK_CLASSES.find((size) => size >= length + 6));
      expect(expectOk(decodeChunk(chunk), "chunk")).toEqual({ head, body });
    },
  );

  it("[X7] what fits no class is the caller's mistake", () => {
    expect(() => encodeChunk(filled(0), new Uint8Array(MAX_CHUNK_CONTENT + 1))).toThrow(RangeError);
  });

  it("[X8] padding with a mark in it, and a larger class than needed, are refused", () => {
    const chunk = encodeChunk(filled(10));
    chunk[1_000] = 1;
    expect(reasonOf(decodeChunk(chunk))).toBe("chunk-padding");
    const larger = new Uint8Array(9_216);
    larger.set(encodeChunk(filled(10)));
    expect(reasonOf(decodeChunk(larger))).toBe("chunk-size");
  });

  it("[X8] truncated, flipped and random chunks never throw", async () => {
    await expectHardened(decodeChunk, [encodeChunk(filled(100), filled(50))]);
  });
});

describe("an exchange", () => {
  it("[X3] carries requests and answers, in order, under one id", async () => {
    const client = await newExchange();
    const { exchange, first } = expectOk(await world().accept(await client.seal(filled(5), filled(8_192))), "opening");
    expect(first).toEqual({ head: filled(5), body: filled(8_192) });
    expect(exchange.id).toEqual(client.id);
    for (const size of [1, 9_000, 65_536]) {
      expect(expectOk(await exchange.open(await client.seal(filled(3), filled(size))), "chunk").body).toEqual(
        filled(size),
      );
      expect(expectOk(await client.open(await exchange.seal(filled(4), filled(size))), "answer").body).toEqual(
        filled(size),
      );
    }
  });

  it("[X6] ids differ from one exchange to the next", async () => {
    expect((await newExchange()).id).not.toEqual((await newExchange()).id);
  });

  it("[X7] requests with an envelope have one size each, whatever their head", async () => {
    const client = await newExchange();
    await client.seal(filled(1));
    const sizes = new Set<number>();
    for (const head of [10, 200, 1_000]) sizes.add((await client.seal(filled(head), filled(8_192))).length);
    expect([...sizes]).toEqual([9_216 + 16]);
  });

  it("[X2] is worth nothing at another node, under another key, or with a changed minute", async () => {
    const opening = await (await newExchange()).seal(filled(5));
    expect(reasonOf(await world().accept(opening, { nodeId: filled(32, 4) }))).toBe("malformed");
    expect(reasonOf(await world().accept(opening, { dayKey: null }))).toBe("unknown-key");
    const other = await provider.xwingKeyPair(filled(32, 77));
    expect(reasonOf(await world().accept(opening, { dayKey: { ...held, secretKey: other.secretKey } }))).toBe(
      "malformed",
    );
    const later = opening.slice();
    later[18] = (later[18] as number) ^ 1;
    expect(reasonOf(await world().accept(later))).toBe("malformed");
  });

  it("[X9] is refused when it is replayed, also when both copies come at once", async () => {
    const { accept } = world();
    const opening = await (await newExchange()).seal(filled(5));
    expect(reasonOf(await accept(opening))).toBe("accepted");
    expect(reasonOf(await accept(opening))).toBe("replayed");
    const another = await (await newExchange()).seal(filled(5));
    const both = await Promise.all([accept(another), accept(another)]);
    expect(both.map(reasonOf).toSorted()).toEqual(["accepted", "replayed"]);
  });

  it("[X9] is refused outside the window, at both ends, and forgotten once it could not be replayed", async () => {
    const { accept, replays } = world();
    for (const minutes of [-16, 16]) {
      const opening = await (await newExchange(NOW + minutes * 60)).seal(filled(5));
      expect(reasonOf(await accept(opening))).toBe("clock-wrong");
    }
    for (const minutes of [-15, 15]) {
      const opening = await (await newExchange(NOW + minutes * 60)).seal(filled(5));
      expect(reasonOf(await accept(opening))).toBe("accepted");
    }
    expect(replays.entries).toBe(2);
    const opening = await (await newExchange(NOW + 3_600)).seal(filled(5));
    expect(reasonOf(await accept(opening, { nowSeconds: NOW + 3_600 }))).toBe("accepted");
    expect(replays.entries).toBe(1);
  });

  it("[X10] says try-later when it remembers as much as it may, and forged openings take no room", async () => {
    const { accept, replays } = world(1);
    const forged = await (await newExchange()).seal(filled(5));
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
    expect(reasonOf(await accept(forged))).toBe("malformed");
    expect(replays.entries).toBe(0);
    expect(reasonOf(await accept(await (await newExchange()).seal(filled(5))))).toBe("accepted");
    expect(reasonOf(await accept(await (await newExchange()).seal(filled(5))))).toBe("try-later");
  });

  it("[X3] ends at a request that is lost, repeated, out of order or changed", async () => {
    const client = await newExchange();
    const { exchange } = expectOk(await world().accept(await client.seal(filled(1))), "opening");
    const [second, third] = [await client.seal(filled(2)), await client.seal(filled(3))];
    expect(reasonOf(await exchange.open(third))).toBe("not-authentic");
    const changed = second.slice();
    changed[5] = (changed[5] as number) ^ 1;
    expect(reasonOf(await exchange.open(changed))).toBe("not-authentic");
    expect(reasonOf(await exchange.open(second))).toBe("accepted");
    expect(reasonOf(await exchange.open(second))).toBe("not-authentic");
  });

  it("[X5] does not take an answer that is lost, changed, short, or of another exchange", async () => {
    const [client, other] = [await newExchange(), await newExchange()];
    const { accept } = world();
    const { exchange } = expectOk(await accept(await client.seal(filled(1))), "opening");
    const { exchange: otherAtNode } = expectOk(await accept(await other.seal(filled(1))), "opening");
    expect(reasonOf(await client.open(filled(20)))).toBe("answer-short");
    expect(reasonOf(await client.open(await otherAtNode.seal(filled(2))))).toBe("answer-not-authentic");
    const fresh = await newExchange();
    const { exchange: at } = expectOk(await accept(await fresh.seal(filled(1))), "opening");
    await at.seal(filled(2));
    expect(reasonOf(await fresh.open(await at.seal(filled(3))))).toBe("answer-not-authentic");
    expect(exchange.id).toEqual(client.id);
  });

  it("[X1] openings of any shape are refused without a throw", async () => {
    const opening = await (await newExchange()).seal(filled(5));
    const { accept } = world(10_000);
    await fc.assert(
      fc.asyncProperty(fc.nat(opening.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = opening.slice();
        flipped[at] = (flipped[at] as number) ^ (1 << bit);
        expect((await accept(flipped)).ok).toBe(false);
      }),
      { numRuns: 60 },
    );
    for (let length = 0; length < opening.length; length += 97) {
      expect((await accept(opening.slice(0, length))).ok).toBe(false);
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), async (random) => {
        expect((await accept(random)).ok).toBe(false);
        expect(typeof decodeOpening(random).ok).toBe("boolean");
      }),
      { numRuns: 100 },
    );
  });

  it("a node's key that is none is told, not thrown", async () => {
    const bad = { id: filled(8), publicKey: filled(1_216) };
    const made = await openClientExchange({
      provider,
      nodeId,
      dayKey: { ...bad, publicKey: filled(3) },
      nowSeconds: NOW,
    });
    expect(made).toBeNull();
  });
});
