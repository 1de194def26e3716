import { expect, test } from "vitest";
import { byteLength, initialOf, isEmojiOnly, isLong } from "./shape.ts";

test("one to five emoji are shown large", () => {
  for (const text of ["👍", "👩‍👩‍👧 ", "🇩🇪🇸🇦", "😀 😀\n😀"]) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ["", " ", "a", "👍 ok", "1", "#", "😀😀😀😀😀😀"]) expect(isEmojiOnly(text)).toBe(false);
});

test("text is folded from many characters or lines on", () => {
  expect(isLong("a".repeat(900))).toBe(false);
  expect(isLong("a".repeat(901))).toBe(true);
  expect(isLong("\n".repeat(15))).toBe(false);
  expect(isLong("\n".repeat(16))).toBe(true);
});

test("an initial is a whole grapheme, in capitals", () => {
  expect(initialOf("  élodie")).toBe("É");
  expect(initialOf("👩‍👩‍👧x")).toBe("👩‍👩‍👧");
  expect(initialOf("ليلى")).toBe("ل");
  expect(initialOf(" ")).toBe("?");
});

test("length is counted in bytes of UTF-8", () => {
  expect(byteLength("aé€😀")).toBe(10);
});
