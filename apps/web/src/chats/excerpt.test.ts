import { expect, test } from "vitest";
import { excerpt } from "./excerpt.ts";

const marked = (text: string, wanted: string): string =>
  excerpt(text, wanted)
    .map((part) => (part.isHit ? `[${part.text}]` : part.text))
    .join("");

test("every word is marked, whatever its case, and signs are taken as they are", () => {
  expect(marked("The Seal is a seal (really).", "seal")).toBe("The [Seal] is a [seal] (really).");
  expect(marked("a+b (c)", "a+b (c)")).toBe("[a+b] [(c)]");
});

test("a hit deep in a long text is shown with a little before it", () => {
  const text = `${"word ".repeat(100)}needle ${"word ".repeat(100)}`;
  const shown = marked(text, "needle");
  expect(shown).toMatch(/^…word .*\[needle\] word.*…$/u);
  expect(shown.length).toBeLessThan(170);
});

test("where only the folded text matched, the beginning is shown", () => {
  expect(marked("Café", "cafe")).toBe("Café");
});
