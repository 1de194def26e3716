import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expect, test } from "vitest";
import { MAX_REMEMBERED, rememberingVerify } from "./verified-signatures.ts";

const provider = nodeCryptoProvider();
const keys = await provider.ed25519KeyPair(new Uint8Array(32).fill(1));
const message = new Uint8Array(100).fill(2);
const signature = await provider.ed25519Sign(keys.secretKey, message);

function counting() {
  let asked = 0;
  const verify = rememberingVerify({
    ...provider,
    ed25519Verify: (...input) => {
      asked++;
      return provider.ed25519Verify(...input);
    },
  });
  return { verify, asked: () => asked };
}

test("a good signature is verified once", async () => {
  const { verify, asked } = counting();
  for (let i = 0; i < 3; i++) expect(await verify(keys.publicKey, message, signature)).toBe(true);
  expect(asked()).toBe(1);
});

test("one that differs in a bit of key, message or signature is another, and bad each time", async () => {
  const { verify } = counting();
  expect(await verify(keys.publicKey, message, signature)).toBe(true);
  const bent = (bytes: Uint8Array, i: number): Uint8Array => bytes.with(i, (bytes[i] as number) ^ 1);
  for (let round = 0; round < 2; round++) {
    expect(await verify(bent(keys.publicKey, 3), message, signature)).toBe(false);
    expect(await verify(keys.publicKey, bent(message, 7), signature)).toBe(false);
    expect(await verify(keys.publicKey, message, bent(signature, 9))).toBe(false);
  }
});

test("bytes that move from one part to the next are no match", async () => {
  const { verify } = counting();
  expect(await verify(keys.publicKey, message, signature)).toBe(true);
  const moved = Uint8Array.of(...signature.subarray(63), ...message);
  expect(await verify(keys.publicKey, moved, signature.subarray(0, 63))).toBe(false);
  expect(await verify(Uint8Array.of(...keys.publicKey, signature[0] as number), message, signature.subarray(1))).toBe(
    false,
  );
});

test("the oldest is forgotten beyond the bound", async () => {
  // Only the memory is under test: everything verifies.
  let asked = 0;
  const verify = rememberingVerify({
    ...provider,
    ed25519Verify: () => {
      asked++;
      return true;
    },
  });
  const messageOf = (i: number): Uint8Array => Uint8Array.of(i & 0xff, i >> 8);
  for (let i = 0; i <= MAX_REMEMBERED; i++) await verify(keys.publicKey, messageOf(i), signature);
  asked = 0;
  await verify(keys.publicKey, messageOf(MAX_REMEMBERED), signature);
  expect(asked).toBe(0);
  await verify(keys.publicKey, messageOf(0), signature);
  expect(asked).toBe(1);
});
