/** The providers of simulations behave as the real ones do, as far as anybody can see who does not try to break them. */
import { bytesToHex } from "@xchat/codec";
import { describe, expect, test } from "vitest";
import type { CryptoProvider } from "../provider.ts";
import { nodeCryptoProvider } from "../provider.node.ts";
import { CheapKeys, cheapCryptoProvider, seededCryptoProvider } from "./index.node.ts";

/** 32-bit integers from a seed (an LCG is enough here). */
function wordsOf(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0);
}
const cheap = (seed: number, keys = new CheapKeys()): CryptoProvider => cheapCryptoProvider(keys, wordsOf(seed));
const seeded = (seed: number): CryptoProvider => seededCryptoProvider(wordsOf(seed));
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const EMPTY = filled(0, 0);

describe.each([
  { name: "cheap", make: cheap },
  { name: "seeded", make: seeded },
])("the $name provider", ({ make }) => {
  test("[CP2] is a function of its seed", async () => {
    const run = async (seed: number): Promise<string> => {
      const provider = make(seed);
      const { publicKey } = await provider.xwingKeyPair(provider.randomBytes(32));
      const sent = await provider.xwingEncapsulate(publicKey);
      return bytesToHex(sent?.secret ?? EMPTY);
    };
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
  });

  test("signs for its signer alone", async () => {
    const provider = make(3);
    const [one, other] = [await provider.ed25519KeyPair(filled(32, 1)), await provider.ed25519KeyPair(filled(32, 2))];
    const message = provider.randomBytes(100);
    const signature = await provider.ed25519Sign(one.secretKey, message);
    expect(signature.length).toBe(64);
    expect(await provider.ed25519Verify(one.publicKey, message, signature)).toBe(true);
    expect(await provider.ed25519Verify(other.publicKey, message, signature)).toBe(false);
    expect(await provider.ed25519Verify(one.publicKey, message.subarray(1), signature)).toBe(false);
    expect(await provider.ed25519Verify(filled(32, 9), message, signature)).toBe(false);
    expect(await provider.ed25519Verify(one.publicKey, message, signature.subarray(1))).toBe(false);
  });

  test("opens with the right key, nonce and data alone, and hides what it seals", async () => {
    const provider = make(4);
    for (const length of [0, 1, 15, 16, 17, 500, 8_164]) {
      const plaintext = filled(length, 65);
      const [key, nonce, aad] = [provider.randomBytes(32), provider.randomBytes(12), provider.randomBytes(5)];
      const sealed = await provider.aesGcmSeal(key, nonce, aad, plaintext);
      expect(sealed.length).toBe(length + 16);
      expect(await provider.aesGcmOpen(key, nonce, aad, sealed)).toEqual(plaintext);
      if (length > 15) expect(bytesToHex(sealed)).not.toContain(bytesToHex(filled(12, 65)));
      for (const [k, n, a] of [
        [filled(32, 1), nonce, aad],
        [key, filled(12, 1), aad],
        [key, nonce, EMPTY],
      ] as const) {
        expect(await provider.aesGcmOpen(k, n, a, sealed)).toBeNull();
      }
      for (let i = 0; i < sealed.length; i += 1 + Math.floor(length / 40)) {
        const bent = sealed.slice();
        bent[i] = (bent[i] as number) ^ 1;
        expect(await provider.aesGcmOpen(key, nonce, aad, bent)).toBeNull();
      }
    }
  });

  test("agrees on a secret with the owner of a key, and refuses what is none", async () => {
    const provider = make(5);
    const { publicKey, secretKey } = await provider.xwingKeyPair(filled(32, 3));
    const sent = await provider.xwingEncapsulate(publicKey);
    const again = await provider.xwingEncapsulate(publicKey);
    expect(sent === null ? null : await provider.xwingDecapsulate(secretKey, sent.enc)).toEqual(sent?.secret);
    expect(bytesToHex(again?.secret ?? EMPTY)).not.toBe(bytesToHex(sent?.secret ?? EMPTY));
    expect(await provider.xwingDecapsulate(filled(32, 4), sent?.enc ?? EMPTY)).not.toEqual(sent?.secret);
    expect(provider.isXwingPublicKey?.(publicKey)).toBe(true);
    expect(provider.isXwingPublicKey?.(publicKey.subarray(1))).toBe(false);
    expect(await provider.xwingEncapsulate(filled(1216, 0xff))).toBeNull();
    expect(await provider.xwingDecapsulate(secretKey, filled(3, 0))).toBeNull();
  });
});

test("the seeded provider is the real suite", async () => {
  const [provider, real] = [seeded(6), nodeCryptoProvider()];
  const { publicKey } = await real.xwingKeyPair(filled(32, 7));
  const sent = await provider.xwingEncapsulate(publicKey);
  expect(sent === null ? null : await real.xwingDecapsulate(filled(32, 7), sent.enc)).toEqual(sent?.secret);
});

test("[CP1] what one world makes means nothing in another", async () => {
  const [here, there] = [cheap(7), cheap(7)];
  const { publicKey, secretKey } = await here.ed25519KeyPair(filled(32, 1));
  const signature = await here.ed25519Sign(secretKey, publicKey);
  expect(await there.ed25519Verify(publicKey, publicKey, signature)).toBe(false);
  expect(await there.xwingEncapsulate((await here.xwingKeyPair(filled(32, 1))).publicKey)).toBeNull();
});

test("cheap hashes differ where inputs differ in one bit, in length, or in where they are cut", () => {
  const provider = cheap(8);
  const base = provider.randomBytes(100);
  const digests = new Set<string>();
  let count = 0;
  const take = (digest: Uint8Array): void => {
    digests.add(bytesToHex(digest));
    count++;
  };
  for (let bit = 0; bit < 800; bit++) {
    const bent = base.slice();
    bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
    take(provider.sha256(bent));
  }
  for (let length = 0; length <= 100; length++) take(provider.sha256(base.subarray(0, length)));
  for (let length = 0; length <= 64; length++) take(provider.sha256(filled(length, 0)));
  for (let cut = 1; cut < 100; cut++) take(provider.hmacSha256(base.subarray(0, cut), base.subarray(cut)));
  for (let i = 0; i < 50_000; i++) take(provider.sha256(Uint8Array.of(i, i >> 8, i >> 16)));
  // The empty input came twice, and that of three zeros.
  expect(digests.size).toBe(count - 2);
  expect(provider.shake256(base, 200).length).toBe(200);
});
