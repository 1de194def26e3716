import { hkdfSync } from "node:crypto";
import { expect, test } from "vitest";
import { deriveKey, hkdfExpand, hkdfExtract } from "./kdf.ts";
import { nodeCryptoProvider } from "./provider.node.ts";

const provider = nodeCryptoProvider();
const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const none = new Uint8Array(0);

test("HKDF-SHA-512 equals that of OpenSSL at the lengths around a block", () => {
  const salt = Uint8Array.of(9, 9);
  const info = Uint8Array.of(1, 2, 3);
  for (const length of [1, 63, 64, 65, 128, 200, 16_320]) {
    const expected = new Uint8Array(hkdfSync("sha512", secret, salt, info, length));
    expect(hkdfExpand(provider, hkdfExtract(provider, salt, secret), info, length)).toEqual(expected);
  }
  expect(() => hkdfExpand(provider, secret, info, 16_321)).toThrow(RangeError);
});

test("a key depends on each of its label and its context, and on where one ends", () => {
  const keys = [
    deriveKey(provider, secret, "a", none, 32),
    deriveKey(provider, secret, "ab", none, 32),
    deriveKey(provider, secret, "a", Uint8Array.of(0x62), 32),
    deriveKey(provider, secret, "a", Uint8Array.of(0), 32),
  ].map((key) => Buffer.from(key).toString("hex"));
  expect(new Set(keys).size).toBe(keys.length);
});

test("a short secret and a label with a zero byte are misuse", () => {
  expect(() => deriveKey(provider, new Uint8Array(31), "a", none, 32)).toThrow(RangeError);
  expect(() => deriveKey(provider, secret, "a\0b", none, 32)).toThrow(RangeError);
});
