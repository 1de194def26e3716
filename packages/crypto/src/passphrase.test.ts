import { encode, type CborValue, type Codec } from "@xchat/codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import { unwrapKey, wrapKey } from "./passphrase.ts";
import { nodeCryptoProvider } from "./provider.node.ts";

const provider = nodeCryptoProvider();
const light = { memoryKiB: 64, passes: 1 };
const key = provider.randomBytes(32);
const raw: Codec<CborValue> = { write: (value) => value, read: (reader) => reader.fail("write-only") };

test("the passphrase opens, in any Unicode form; another does not", async () => {
  const wrapped = await wrapKey(provider, "Zoë ﬁnds 12", key, light);
  expect(await unwrapKey(provider, "Zoe\u0308 finds 12", wrapped)).toEqual({ ok: true, value: key });
  for (const wrong of ["", "zoë finds 12", "Zoë finds 12 "]) {
    expect(await unwrapKey(provider, wrong, wrapped)).toEqual({ ok: false, error: { reason: "wrong-passphrase" } });
  }
});

test("the default parameters work, and no two records are alike", async () => {
  const [a, b] = [await wrapKey(provider, "p", key), await wrapKey(provider, "p", key, light)];
  expect(await unwrapKey(provider, "p", a)).toEqual({ ok: true, value: key });
  expect(a).not.toEqual(b);
});

test("parameters that ask for too much or nothing are refused before any work", async () => {
  const salt = new Uint8Array(16);
  const box = new Uint8Array(60);
  for (const [memoryKiB, passes] of [
    [1024 * 1024 + 1, 3],
    [64, 17],
    [7, 3],
    [64, 0],
  ] as const) {
    const record = encode(raw, [1, memoryKiB, passes, salt, box]);
    expect(await unwrapKey(provider, "p", record)).toEqual({ ok: false, error: { reason: "malformed" } });
  }
  const newer = encode(raw, [2, 64, 1, salt, box]);
  expect(await unwrapKey(provider, "p", newer)).toEqual({ ok: false, error: { reason: "unknown-version" } });
});

test("shortened, flipped and random records are refused without a throw", async () => {
  const wrapped = await wrapKey(provider, "p", key, light);
  for (let length = 0; length < wrapped.length; length++) {
    expect(await unwrapKey(provider, "p", wrapped.subarray(0, length))).toMatchObject({ ok: false });
  }
  // The bytes of salt and box: a flipped parameter may ask for a gigabyte and is covered above.
  const firstSaltByte = wrapped.length - 16 - 60 - 2;
  for (let i = firstSaltByte; i < wrapped.length; i++) {
    const flipped = wrapped.slice();
    flipped[i]! ^= 1;
    expect(await unwrapKey(provider, "p", flipped)).toMatchObject({ ok: false });
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => !(await unwrapKey(provider, "p", bytes)).ok),
    { numRuns: 200 },
  );
});
