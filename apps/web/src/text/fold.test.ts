import { expect, test } from "vitest";
import { isLike } from "./fold.ts";

test("names are found without regard to capitals, accents and place", () => {
  expect(isLike("zoe", "Zoë")).toBe(true);
  expect(isLike("  ÉMIL ", "Emil A.")).toBe(true);
  expect(isLike("أحمد", "احمد")).toBe(true);
  expect(isLike("mira", "Jonas", "Mira (choir)")).toBe(true);
  expect(isLike("x", "Mira")).toBe(false);
});

test("where nothing is wanted everything is like it", () => {
  expect(isLike("", "Mira")).toBe(true);
  expect(isLike("   ", "Mira")).toBe(true);
});
