/** Every provider against the official vectors and against each other: native code, WebCrypto and plain JavaScript. */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { describe, expect, test } from "vitest";
import { officialVectors } from "./official-vectors.node.ts";
import { domCryptoProvider } from "./provider.dom.ts";
import { nobleCryptoProvider } from "./provider.noble.ts";
import { nodeCryptoProvider } from "./provider.node.ts";

const providers = [nodeCryptoProvider(), nobleCryptoProvider(), await domCryptoProvider()];
const pairs = providers.flatMap((a) => providers.map((b) => ({ a, b, names: `${a.name} with ${b.name}` })));
const hex = (text: string): Uint8Array => expectOk(hexToBytes(text), "hex");
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

interface XwingVector {
  readonly seed: string;
  readonly sk: string;
  readonly pk: string;
  readonly ct: string;
  readonly ss: string;
}
const xwing = officialVectors<readonly XwingVector[]>("xwing/test-vectors.json");

describe.skipIf(xwing === null)("[X1] [X2] [X3] X-Wing reproduces the vectors of the draft", () => {
  test.each(providers)("$name", async (provider) => {
    for (const vector of xwing ?? []) {
      const pair = await provider.xwingKeyPair(hex(vector.seed));
      expect(bytesToHex(pair.publicKey)).toBe(vector.pk);
      const secret = await provider.xwingDecapsulate(hex(vector.sk), hex(vector.ct));
      expect(secret === null ? null : bytesToHex(secret)).toBe(vector.ss);
    }
  });
});

describe("what one provider makes, another takes", () => {
  test.each(pairs)("$names", async ({ a, b }) => {
    for (let round = 1; round <= 3; round++) {
      const seed = a.randomBytes(32);
      const pair = await a.xwingKeyPair(seed);
      expect((await b.xwingKeyPair(seed)).publicKey).toEqual(pair.publicKey);
      const sent = await b.xwingEncapsulate(pair.publicKey);
      expect(sent === null ? null : await a.xwingDecapsulate(seed, sent.enc)).toEqual(sent?.secret);

      const message = a.randomBytes(round * 700);
      const signer = await a.ed25519KeyPair(seed);
      const signature = await a.ed25519Sign(seed, message);
      expect(await b.ed25519Sign(seed, message)).toEqual(signature);
      expect(await b.ed25519Verify(signer.publicKey, message, signature)).toBe(true);
      const [nonce, aad] = [a.randomBytes(12), a.randomBytes(round * 10)];
      const sealed = await a.aesGcmSeal(seed, nonce, aad, message);
      expect(await b.aesGcmOpen(seed, nonce, aad, sealed)).toEqual(message);
      for (const length of [32, 96, 200]) expect(a.shake256(message, length)).toEqual(b.shake256(message, length));
      for (const name of ["sha256", "sha512"] as const) expect(a[name](message)).toEqual(b[name](message));
      expect(await a.sha256Aside(message)).toEqual(b.sha256(message));
      for (const name of ["hmacSha256", "hmacSha512"] as const) {
        for (const length of [0, 31, 64, 128, 129, 300]) {
          expect(a[name](filled(length, 7), message)).toEqual(b[name](filled(length, 7), message));
        }
      }
    }
  });
});

describe("[P2] what is malformed is a refusal, never a throw", () => {
  test.each(providers)("$name", async (provider) => {
    const seed = filled(32, 5);
    const pair = await provider.ed25519KeyPair(seed);
    const signature = await provider.ed25519Sign(seed, seed);
    for (const [key, bad] of [
      [filled(31, 1), signature],
      [filled(32, 0xff), signature],
      [pair.publicKey, signature.subarray(1)],
      [pair.publicKey, filled(64, 0)],
      [filled(32, 0), filled(64, 0)],
    ] as const) {
      expect(await provider.ed25519Verify(key, seed, bad)).toBe(false);
    }
    expect(await provider.ed25519Verify(pair.publicKey, filled(32, 6), signature)).toBe(false);

    const { publicKey } = await provider.xwingKeyPair(seed);
    expect(await provider.xwingEncapsulate(publicKey.subarray(1))).toBeNull();
    expect(await provider.xwingEncapsulate(filled(1216, 0xff))).toBeNull();
    // An X25519 public key of small order would make its half of the secret known to everybody.
    const weak = publicKey.slice();
    weak.fill(0, 1184);
    expect(await provider.xwingEncapsulate(weak)).toBeNull();
    expect(await provider.xwingDecapsulate(seed, filled(1119, 0))).toBeNull();

    const sealed = await provider.aesGcmSeal(seed, filled(12, 0), filled(0, 0), seed);
    for (let i = 0; i < sealed.length; i++) {
      const bent = sealed.slice();
      bent[i] = (bent[i] as number) ^ 1;
      expect(await provider.aesGcmOpen(seed, filled(12, 0), filled(0, 0), bent)).toBeNull();
    }
    expect(await provider.aesGcmOpen(seed, filled(12, 0), filled(1, 0), sealed)).toBeNull();
    expect(await provider.aesGcmOpen(seed, filled(12, 0), filled(0, 0), sealed.subarray(0, 15))).toBeNull();
    expect(provider.equalSecrets(seed, filled(32, 5))).toBe(true);
    expect(provider.equalSecrets(seed, filled(32, 4))).toBe(false);
    expect(provider.equalSecrets(seed, filled(31, 5))).toBe(false);
  });

  test.each(providers)("[P2] a key that can be encapsulated to is told without trying: $name", async (provider) => {
    const { publicKey } = await provider.xwingKeyPair(filled(32, 5));
    const p = 2n ** 255n - 19n;
    const orderEight = [
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    ];
    const points = [0n, 1n, 2n, 9n, p - 2n, p - 1n, p, p + 1n, p + 2n, ...orderEight, orderEight[0]! + 1n];
    const keys: Uint8Array[] = points.flatMap((u) =>
      [u, u + 2n ** 255n].map((encoded) => {
        const key = publicKey.slice();
        for (let i = 0; i < 32; i++) key[1184 + i] = Number((encoded >> BigInt(8 * i)) & 0xffn);
        return key;
      }),
    );
    const tooLarge = publicKey.slice();
    tooLarge.fill(0xff, 0, 3);
    keys.push(publicKey, tooLarge, publicKey.subarray(1), filled(1216, 0xff));
    for (const key of keys) {
      expect(provider.isXwingPublicKey?.(key)).toBe((await provider.xwingEncapsulate(key)) !== null);
    }
    expect(keys.filter((key) => provider.isXwingPublicKey?.(key)).length).toBeGreaterThan(8);
  });
});
