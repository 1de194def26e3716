import { expect, test } from "vitest";
import { nodeCryptoProvider } from "./provider.node.ts";
import { solveStamp, verifyStamp, type StampParameters } from "./stamp.ts";

const provider = nodeCryptoProvider();
const challenge = Uint8Array.of(1, 2, 3);
const light: StampParameters = { memoryKiB: 64, passes: 1, bits: 6 };

test("a stamp fits its own challenge and parameters", async () => {
  const nonce = await solveStamp(provider, challenge, light);
  expect(await verifyStamp(provider, challenge, nonce, light)).toBe(true);
  expect(await verifyStamp(provider, challenge, nonce, { ...light, bits: 0 })).toBe(true);
  expect(await verifyStamp(provider, challenge, nonce, { ...light, bits: 32 })).toBe(false);
});

test("a nonce of another length is refused", async () => {
  expect(await verifyStamp(provider, challenge, new Uint8Array(7), { ...light, bits: 0 })).toBe(false);
  expect(await verifyStamp(provider, challenge, new Uint8Array(9), { ...light, bits: 0 })).toBe(false);
});

test("of random nonces, one in 2^bits fits", async () => {
  let fitting = 0;
  for (let i = 0; i < 400; i++) {
    if (await verifyStamp(provider, challenge, provider.randomBytes(8), { ...light, bits: 2 })) fitting++;
  }
  // Expected 100, standard deviation 8.7: outside these bounds once in ten million runs.
  expect(fitting).toBeGreaterThan(50);
  expect(fitting).toBeLessThan(150);
});

test("work stops when it is no longer wanted", async () => {
  const signal = { aborted: false };
  const work = solveStamp(provider, challenge, { ...light, bits: 32 }, signal);
  signal.aborted = true;
  await expect(work).rejects.toMatchObject({ code: "aborted" });
});
