import { decode, encode, text } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanName, greetingCodec, nameCodec } from "./person-text.ts";

const nameReason = (name: string): string | null => {
  const read = decode(nameCodec, encode(text(2_000), name));
  return read.ok ? null : read.error.reason;
};
const greetingReason = (greeting: string): string | null => {
  const read = decode(greetingCodec, encode(text(2_000), greeting));
  return read.ok ? null : read.error.reason;
};

describe("name and greeting of a stranger", () => {
  it("[FC5] takes names of all languages", () => {
    for (const name of ["Bob", "María José", "Åsa 🌻", "محمد", "שרה", "李小龍", "👩‍👩‍👧", "o'Neil-2"]) {
      expect(nameReason(name)).toBeNull();
      expect(cleanName(` ${name} `)).toEqual({ ok: true, value: name.normalize("NFC") });
    }
  });

  it("[FC5] refuses names that show nothing, hide something, or turn the text around", () => {
    for (const name of [
      "",
      " ",
      "\u200b",
      "\u2060\ufe0f",
      " Bob",
      "Bob ",
      "B\nob",
      "Bob\u202eecila",
      "\u2066x",
      "a\u0000b",
      "a\u2028b",
      "\ufeffBob",
    ]) {
      expect(nameReason(name), JSON.stringify(name)).toBe("bad-name");
    }
    expect(nameReason("x".repeat(256))).toBeNull();
    expect(nameReason("x".repeat(257))).toBe("text-too-long");
    expect(() => encode(nameCodec, "x\u202ey")).toThrow(RangeError);
  });

  it("[FC5] what is cleaned is what others accept", () => {
    expect(cleanName("  Bob \n\t the\u202e  builder ")).toEqual({ ok: true, value: "Bob the builder" });
    expect(cleanName("\u202e\n")).toEqual({ ok: false, error: { reason: "name-empty" } });
    expect(cleanName("x".repeat(65))).toEqual({ ok: false, error: { reason: "name-too-long" } });
    expect(cleanName("👩‍👩‍👧".repeat(20))).toEqual({ ok: false, error: { reason: "name-too-long" } });
    expect(cleanName("👩‍👩‍👧".repeat(14))).toMatchObject({ ok: true });
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 40 }), (units) => {
        // Lone surrogates among them: what is kept is what arrives.
        const clean = cleanName(String.fromCharCode(...units));
        if (clean.ok) expect(decode(nameCodec, encode(nameCodec, clean.value))).toEqual(clean);
      }),
    );
  });

  it("[FC6] takes a greeting of lines, refuses control characters and what is too long", () => {
    for (const greeting of ["", "Hello,\n\tit's me. 🌻", "שלום", "é".repeat(500)])
      expect(greetingReason(greeting)).toBeNull();
    for (const greeting of ["a\u0007", "a\rb", "\u001b[31m", "\u0085"])
      expect(greetingReason(greeting)).toBe("bad-greeting");
    expect(greetingReason("é".repeat(501))).toBe("text-too-long");
    expect(() => encode(greetingCodec, "x".repeat(1_001))).toThrow(RangeError);
  });
});
