import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { quietness } from "./quiet.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Milliseconds until it lets in what waits; lets so much time pass. */
async function waited(until: Promise<void>, passes = 500): Promise<number> {
  const begun = performance.now();
  const end = until.then(() => performance.now());
  await vi.advanceTimersByTimeAsync(passes);
  return (await end) - begun;
}

const ask = (port: EventTarget): boolean => port.dispatchEvent(new Event("message"));

it("waits from the last thing that was asked for", async () => {
  const port = new EventTarget();
  const pause = quietness(port);
  const first = pause();
  await vi.advanceTimersByTimeAsync(200);
  ask(port);
  expect(await waited(first)).toBeCloseTo(250, -1);
  expect(await waited(pause())).toBeLessThan(20);
  ask(port);
  expect(await waited(pause())).toBeCloseTo(250, -1);
});

it("does not wait for somebody who never stops asking", async () => {
  const port = new EventTarget();
  const pause = quietness(port);
  setInterval(() => ask(port), 50);
  const time = await waited(pause(), 3_000);
  expect(time).toBeGreaterThan(1_900);
  expect(time).toBeLessThan(2_100);
  expect(await waited(pause())).toBeLessThan(20);
});
