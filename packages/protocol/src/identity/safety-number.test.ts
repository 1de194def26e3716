import { bytesToBase64Url } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountIdOfBytes, type AccountId } from "./account-id.ts";
import { checkSafetyCode, safetyCode, safetyNumber } from "./safety-number.ts";

const provider = nodeCryptoProvider();
const idOf = (byte: number): AccountId => accountIdOfBytes(new Uint8Array(32).fill(byte));
const [alice, bob, mallory] = [idOf(1), idOf(2), idOf(3)];
const ids = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(accountIdOfBytes);

describe("safety number", () => {
  it("[ID18] has twelve groups of five digits, and is the same for both", () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        expect(safetyNumber(provider, a, b)).toMatch(/^\d{5}( \d{5}){11}$/);
        expect(safetyNumber(provider, a, b)).toBe(safetyNumber(provider, b, a));
      }),
    );
  });

  it("[ID18] differs when somebody stands between the two", () => {
    const seenByAlice = safetyNumber(provider, alice, mallory);
    const seenByBob = safetyNumber(provider, mallory, bob);
    expect(new Set([seenByAlice, seenByBob, safetyNumber(provider, alice, bob)]).size).toBe(3);
    const groups = seenByAlice.split(" ").filter((group, i) => group === seenByBob.split(" ")[i]);
    expect(groups.length).toBeLessThan(3);
  });
});

describe("safety code", () => {
  it("[ID19] matches on the other side, and there alone", () => {
    const shownByAlice = safetyCode(provider, alice, bob);
    expect(checkSafetyCode(provider, bob, alice, ` ${shownByAlice}\n`)).toEqual({ ok: true, value: true });
    expect(checkSafetyCode(provider, bob, mallory, shownByAlice)).toEqual({ ok: true, value: false });
    expect(checkSafetyCode(provider, mallory, alice, shownByAlice)).toEqual({ ok: true, value: false });
    expect(checkSafetyCode(provider, bob, alice, safetyCode(provider, mallory, bob))).toEqual({
      ok: true,
      value: false,
    });
  });

  it("[ID19] a person's own code shown back to them is no match", () => {
    const shownByAlice = safetyCode(provider, alice, bob);
    expect(checkSafetyCode(provider, alice, bob, shownByAlice)).toEqual({ ok: false, error: { reason: "code-own" } });
  });

  it("[ID20] a misread or foreign code is told apart from a mismatch", () => {
    const code = safetyCode(provider, alice, bob);
    const malformed = { ok: false, error: { reason: "code-malformed" } };
    for (let i = 5; i < code.length; i++) {
      const other = code[i] === "A" ? "B" : "A";
      expect(checkSafetyCode(provider, bob, alice, code.slice(0, i) + other + code.slice(i + 1))).toEqual(malformed);
      expect(checkSafetyCode(provider, bob, alice, code.slice(0, i))).toEqual(malformed);
    }
    expect(checkSafetyCode(provider, bob, alice, `xcs1:${bytesToBase64Url(new Uint8Array(36))}`)).toEqual(malformed);
    expect(checkSafetyCode(provider, bob, alice, code.replace("xcs1", "xcs2"))).toEqual({
      ok: false,
      error: { reason: "code-newer-version" },
    });
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        expect(checkSafetyCode(provider, bob, alice, text)).toEqual(malformed);
      }),
    );
  });
});
