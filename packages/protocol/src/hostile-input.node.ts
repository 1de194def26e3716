/**
 * What every decoder must survive: each truncation is refused, and neither flipped bits nor random bytes make it throw.
 * For tests only.
 */
import type { Result } from "@xchat/codec";
import fc from "fast-check";
import { expect } from "vitest";

type Decode = (bytes: Uint8Array) => Result<unknown, unknown> | Promise<Result<unknown, unknown>>;

export async function expectHardened(decode: Decode, samples: readonly Uint8Array[]): Promise<void> {
  for (const sample of samples) {
    for (let length = 0; length < sample.length; length++) {
      expect((await decode(sample.slice(0, length))).ok, `truncated to ${length} bytes`).toBe(false);
    }
    expect((await decode(Uint8Array.of(...sample, 0))).ok, "one byte more").toBe(false);
  }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...samples), fc.nat(), fc.nat(7), async (sample, at, bit) => {
      const flipped = sample.slice();
      const index = at % sample.length;
      flipped[index] = (flipped[index] as number) ^ (1 << bit);
      expect(typeof (await decode(flipped)).ok).toBe("boolean");
    }),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (random) => {
      expect(typeof (await decode(random)).ok).toBe("boolean");
    }),
    { numRuns: 300 },
  );
}

/** Bytes that are the same in every run. */
export const filled = (length: number, start = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (start + i * 7) & 0xff);
