import { describe, expect, it } from "vitest";
import { clockErrorOf } from "./clock-error.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("[X14] whether this device's clock is wrong", () => {
  it("nobody heard, or a quarter of an hour, says nothing", () => {
    expect(clockErrorOf([])).toBeNull();
    expect(clockErrorOf([null, null])).toBeNull();
    expect(clockErrorOf([15 * MINUTE, -15 * MINUTE])).toBeNull();
  });

  it("a single node is believed; one among others is not", () => {
    expect(clockErrorOf([24 * HOUR])).toBe(-24 * HOUR);
    expect(clockErrorOf([null, -2 * HOUR])).toBe(2 * HOUR);
    expect(clockErrorOf([24 * HOUR, 0])).toBeNull();
    expect(clockErrorOf([24 * HOUR, 0, MINUTE])).toBeNull();
  });

  it("more than half that agree which way decide, by their median", () => {
    expect(clockErrorOf([24 * HOUR, 25 * HOUR, 0])).toBe(-25 * HOUR);
    expect(clockErrorOf([-HOUR, -2 * HOUR, -300 * HOUR])).toBe(2 * HOUR);
    expect(clockErrorOf([24 * HOUR, -24 * HOUR])).toBeNull();
    expect(clockErrorOf([24 * HOUR, -24 * HOUR, 0])).toBeNull();
  });
});
