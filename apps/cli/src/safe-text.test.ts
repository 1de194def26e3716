import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, safeJson, safeLine, safeText } from "./safe-text.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066\u2067\ufeff]/u;

describe("safe text", () => {
  it.each([
    ["\u001b[2J", "␛[2J"],
    ["a\u0007b", "a␇b"],
    ["\u009b31m", "<U+009B>31m"],
    ["\u202eevil", "<U+202E>evil"],
    ["x\u2066y\u2069", "x<U+2066>y<U+2069>"],
    ["one\r\ntwo\tthree", "one\ntwo\tthree"],
    ["over\rwritten", "over␍written"],
  ])("[T1] [T2] shows %j as %j", (text, shown) => {
    expect(safeText(text).replace(/[\u2068\u2069]/gu, "")).toBe(shown);
  });

  it("[T2] isolates each line of text that is not plain ASCII", () => {
    expect(safeText("مرحبا\nhello\n你好")).toBe("\u2068مرحبا\u2069\nhello\n\u2068你好\u2069");
  });

  it("[T1] keeps a name on its line", () => {
    expect(safeLine("a\nb\r\nc")).toBe("\u2068a ⏎ b ⏎ c\u2069");
  });

  it("[T1] [T2] lets nothing through, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(safeText(text)).not.toMatch(FORBIDDEN);
        expect(safeLine(text)).not.toMatch(/\n/u);
        for (const line of safeText(text).split("\n")) {
          expect(line.replace(/^\u2068/u, "").replace(/\u2069$/u, "")).not.toMatch(/[\u2068\u2069]/u);
        }
      }),
    );
  });

  it("[T1] JSON stays JSON, of the same value, on one line and without controls", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = safeJson({ text });
        expect(json).not.toMatch(FORBIDDEN);
        expect(json).not.toMatch(/\n/u);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });

  it("cuts between characters as a person sees them", () => {
    expect(cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2)).toBe("👩‍👩‍👧‍👦…");
    expect(cut("short", 10)).toBe("short");
    expect(cut(`a${"\u0301".repeat(10_000)}`, 5).length).toBeLessThan(100);
  });
});
