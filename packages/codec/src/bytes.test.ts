import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  base64UrlToBytes,
  bech32mToBytes,
  bytesToBase64Url,
  bytesToBech32m,
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  utf8ToBytes,
} from "./bytes.ts";

describe("bytes and their texts", () => {
  test("base64url agrees with the platform's, and unused bits must be zero", () => {
    for (let length = 0; length < 70; length++) {
      const value = new Uint8Array(randomBytes(length));
      const text = bytesToBase64Url(value);
      expect(text).toBe(Buffer.from(value).toString("base64url"));
      expect(base64UrlToBytes(text)).toEqual({ ok: true, value });
    }
    for (const bad of ["A", "AB", "AA==", "A+A/", "A A", "AAé"]) expect(base64UrlToBytes(bad).ok).toBe(false);
  });

  test("hex is strict", () => {
    expect(bytesToHex(Uint8Array.of(0, 255, 16))).toBe("00ff10");
    expect(hexToBytes("00ff10")).toEqual({ ok: true, value: Uint8Array.of(0, 255, 16) });
    for (const bad of ["0", "0g", " 00"]) expect(hexToBytes(bad).ok).toBe(false);
  });

  test("bech32m refuses another prefix, a changed letter and mixed case", () => {
    const value = new Uint8Array(32).fill(7);
    const text = bytesToBech32m("xc", value);
    expect(bech32mToBytes("xc", text)).toEqual({ ok: true, value });
    expect(bech32mToBytes("bc", text).ok).toBe(false);
    expect(bech32mToBytes("xc", `${text.slice(0, -1)}${text.endsWith("q") ? "p" : "q"}`).ok).toBe(false);
    expect(bech32mToBytes("xc", text.slice(0, 9).toUpperCase() + text.slice(9)).ok).toBe(false);
  });

  test("UTF-8 is strict and keeps a byte order mark", () => {
    expect(bytesToUtf8(utf8ToBytes("grüß 👋🏽"))).toEqual({ ok: true, value: "grüß 👋🏽" });
    expect(bytesToUtf8(Uint8Array.of(0xef, 0xbb, 0xbf))).toEqual({ ok: true, value: "\ufeff" });
    for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) expect(bytesToUtf8(Uint8Array.from(bad)).ok).toBe(false);
  });

  test("joining and comparing", () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(2), Uint8Array.of(1, 9))).toBeGreaterThan(0);
  });
});
