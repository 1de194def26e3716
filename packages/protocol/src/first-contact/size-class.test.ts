import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capacity, padToClass, unpad } from "./size-class.ts";

describe("size classes", () => {
  it("[FC7] pads to the smaller class that fits, and comes back", () => {
    for (const [length, size] of [
      [0, 8_192],
      [8_192 - 4 - 28, 8_192],
      [8_192 - 4 - 27, 65_536],
      [capacity(28), 65_536],
    ] as const) {
      const plaintext = new Uint8Array(length).fill(1);
      const padded = padToClass(plaintext, 28) as Uint8Array;
      expect(padded.length).toBe(size - 28);
      expect(unpad(padded)).toEqual({ ok: true, value: plaintext });
    }
    expect(padToClass(new Uint8Array(capacity(28) + 1), 28)).toBeNull();
  });

  it("[FC7] reads no other padding", () => {
    const padded = padToClass(new Uint8Array([1, 2, 3]), 0) as Uint8Array;
    const dirty = padded.slice();
    dirty[8_000] = 1;
    expect(unpad(dirty).ok).toBe(false);
    const long = padded.slice();
    long[0] = 1;
    expect(unpad(long).ok).toBe(false);
    expect(unpad(padded.subarray(0, 3)).ok).toBe(false);
    const short = padded.slice();
    short[3] = 2;
    expect(unpad(short).ok).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
        const read = unpad(random);
        if (read.ok) expect(read.value.length).toBeLessThanOrEqual(random.length - 4);
      }),
    );
  });
});
