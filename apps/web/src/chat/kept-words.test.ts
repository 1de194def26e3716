import { expect, test } from "vitest";
import { dropKeptWords, keepWords, keptWords } from "./kept-words.ts";

test("what could not be saved is kept for its chat, each once, in the order in which it was typed", () => {
  expect(keptWords("one")).toBeUndefined();
  keepWords("one", "");
  expect(keptWords("one")).toBeUndefined();
  keepWords("one", "Hello");
  keepWords("one", "Hello");
  keepWords("two", "elsewhere");
  expect(keptWords("one")).toBe("Hello");
  keepWords("one", "are you there?");
  expect(keptWords("one")).toBe("Hello\nare you there?");
  dropKeptWords("one");
  expect([keptWords("one"), keptWords("two")]).toEqual([undefined, "elsewhere"]);
  dropKeptWords("two");
});
