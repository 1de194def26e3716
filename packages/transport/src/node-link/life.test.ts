import { describe, expect, it } from "vitest";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { MAX_REQUESTS, randomLife } from "./life.ts";
import { isFairPrice } from "./price.ts";

const MINUTE = 60_000;

/** A provider whose randomness is these bytes. */
const throwing = (...bytes: number[]): CryptoProvider => ({
  ...nodeCryptoProvider(),
  randomBytes: (length) => Uint8Array.from(bytes).subarray(0, length),
});

describe("an exchange of a client", () => {
  it("[X11] is used for 10 to 60 minutes, at random, and for 5,000 requests", () => {
    expect(randomLife(throwing(0, 0))).toBe(10 * MINUTE);
    expect(randomLife(throwing(128, 0))).toBe(35 * MINUTE);
    expect(randomLife(throwing(255, 255))).toBeGreaterThan(59 * MINUTE);
    expect(randomLife(throwing(255, 255))).toBeLessThan(60 * MINUTE);
    expect(MAX_REQUESTS).toBe(5_000);
  });
});

describe("the price of a stamp", () => {
  it("[D6] is paid up to 64 times 4,096 KiB × 32 trials, however it is put together", () => {
    expect(isFairPrice({ memoryKiB: 2_048, passes: 1, bits: 5 })).toBe(true);
    expect(isFairPrice({ memoryKiB: 4_096, passes: 1, bits: 11 })).toBe(true);
    expect(isFairPrice({ memoryKiB: 4_096, passes: 2, bits: 11 })).toBe(false);
    expect(isFairPrice({ memoryKiB: 4_097, passes: 1, bits: 11 })).toBe(false);
    expect(isFairPrice({ memoryKiB: 8, passes: 1, bits: 32 })).toBe(false);
    expect(isFairPrice({ memoryKiB: 65_536, passes: 16, bits: 4 })).toBe(false);
    expect(isFairPrice({ memoryKiB: 7, passes: 1, bits: 1 })).toBe(false);
    expect(isFairPrice({ memoryKiB: 64, passes: 0, bits: 1 })).toBe(false);
  });
});
