import { decodeQR } from "qr/decode.js";
import { describe, expect, it } from "vitest";
import { qrText } from "./qr-text.ts";

/** As long as an invitation that names three nodes. */
const LONG = `i1.${"aB3_".repeat(95)}`;
const PIXELS = 4;

/** What a camera sees: each character is two pixels of the code, one above the other. */
function pictureOf(lines: readonly string[]): {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
} {
  const dark = lines.flatMap((line) => [
    [...line].map((character) => "█▀".includes(character)),
    [...line].map((character) => "█▄".includes(character)),
  ]);
  const width = (dark[0]?.length ?? 0) * PIXELS;
  const height = dark.length * PIXELS;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (dark[Math.floor(y / PIXELS)]?.[Math.floor(x / PIXELS)] === true)
        data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
  return { data, width, height };
}

// oxlint-disable-next-line no-control-regex -- what colours a terminal is looked for
const ESCAPES = /\u001b\[[\d;]*m/gu;

describe("a square code on a terminal", () => {
  for (const [name, text] of [
    ["a short one", "i1.abc"],
    ["an invitation", LONG],
  ] as const) {
    it(`is what a camera reads: ${name}`, () => {
      const lines = qrText(text).replaceAll(ESCAPES, "").split("\n");
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
      expect(decodeQR(pictureOf(lines))).toBe(text);
    });
  }

  it("fits into 80 columns, half as high as it is wide", () => {
    const lines = qrText(LONG).replaceAll(ESCAPES, "").split("\n");
    expect(lines[0]?.length).toBeLessThanOrEqual(80);
    expect(lines).toHaveLength(Math.ceil((lines[0]?.length ?? 0) / 2));
  });

  it("is black on white, whatever colours the terminal has, and leaves none behind", () => {
    for (const line of qrText("i1.abc").split("\n")) {
      expect(line.startsWith("\u001b[38;5;16;48;5;231m")).toBe(true);
      expect(line.endsWith("\u001b[0m")).toBe(true);
    }
  });
});
