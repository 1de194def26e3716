import { expect, test } from "vitest";
import { choosePositions, isSameWord } from "./word-check.ts";

test("positions are distinct, ascending and within the words", () => {
  for (let round = 0; round < 200; round++) {
    const positions = choosePositions(24, 3);
    expect(new Set(positions).size).toBe(3);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions.every((position) => position >= 0 && position < 24)).toBe(true);
  }
  expect(choosePositions(2, 3)).toEqual([0, 1]);
});

test("case and white space around a word are forgiven, nothing else", () => {
  expect(isSameWord(" Abandon ", "abandon")).toBe(true);
  expect(isSameWord("abandom", "abandon")).toBe(false);
});
