import { bytesToBech32m } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountIdOfBytes, accountIdToBytes, parseAccountId } from "./account-id.ts";
import { newPerson } from "./test-actors.ts";

const provider = nodeCryptoProvider();
const refused = { ok: false, error: { reason: "account-id-malformed" } };

describe("account id", () => {
  it("[ID1] is bech32m with the prefix xc, and comes back from its text", async () => {
    const { accountId } = await newPerson(provider, "alice");
    expect(accountId).toMatch(/^xc1[02-9ac-hj-np-z]{58}$/);
    expect(parseAccountId(accountId)).toEqual({ ok: true, value: accountId });
    expect(parseAccountId(`  ${accountId.toUpperCase()}\n`)).toEqual({ ok: true, value: accountId });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(accountIdToBytes(accountIdOfBytes(bytes))).toEqual(bytes);
      }),
    );
  });

  it("[ID1] refuses another prefix, length, checksum and mixed case, and any other text", () => {
    const bytes = new Uint8Array(32).fill(7);
    const id = accountIdOfBytes(bytes);
    expect(parseAccountId(bytesToBech32m("bc", bytes))).toEqual(refused);
    expect(parseAccountId(bytesToBech32m("xc", bytes.slice(1)))).toEqual(refused);
    expect(parseAccountId(id.slice(0, 20) + id.slice(20).toUpperCase())).toEqual(refused);
    for (let i = 3; i < id.length; i++) {
      const other = id[i] === "q" ? "p" : "q";
      expect(parseAccountId(id.slice(0, i) + other + id.slice(i + 1))).toEqual(refused);
    }
    fc.assert(fc.property(fc.string({ maxLength: 120 }), (text) => !parseAccountId(text).ok));
  });
});
