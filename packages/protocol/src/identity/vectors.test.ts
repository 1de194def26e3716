import { readFileSync } from "node:fs";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { accountIdToBytes, parseAccountId, type AccountId } from "./account-id.ts";
import { createIdentity, verifyChain } from "./chain.ts";
import { verifyLeafCredential } from "./certificate.ts";
import { extendsChain } from "./fork.ts";
import { checkSafetyCode, safetyCode, safetyNumber } from "./safety-number.ts";

const provider = nodeCryptoProvider();
const path = new URL("../../../../spec/vectors/identity.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as {
  genesis: {
    recoverySeed: string;
    deviceSeed: string;
    now: number;
    chain: string;
    accountId: string;
    accountIdBytes: string;
  };
  chains: {
    name: string;
    chain: string;
    accountId: string;
    devices: { deviceKey: string; addedAt: number }[];
    recoveryKey: string;
    head: string;
    length: number;
  }[];
  invalidChains: { name: string; chain?: string; zeros?: number; reason: string }[];
  extensions: { older: string; newer: string; result: string }[];
  credentials: {
    name: string;
    credential: string;
    leafKey: string;
    now: number;
    accountId?: string;
    deviceKey?: string;
    reason?: string;
  }[];
  safety: { a: string; b: string; number: string; codeShownByA: string; codeShownByB: string };
};
const unhex = (text: string): Uint8Array => expectOk(hexToBytes(text), "vector");
const idOf = (text: string): AccountId => expectOk(parseAccountId(text), "vector");

describe("frozen vectors of identity", () => {
  it("[ID1] [ID2] the same seeds make the same chain and id", async () => {
    const { recoverySeed, deviceSeed, now, chain, accountId, accountIdBytes } = vectors.genesis;
    const made = await createIdentity(provider, {
      recoverySeed: unhex(recoverySeed),
      deviceSeed: unhex(deviceSeed),
      now,
    });
    expect(bytesToHex(made.chain)).toBe(chain);
    expect(made.accountId).toBe(accountId);
    expect(bytesToHex(accountIdToBytes(made.accountId))).toBe(accountIdBytes);
  });

  it.each(vectors.chains)("[ID4] [ID5] chain: $name", async ({ name: _name, chain, ...wanted }) => {
    const { devices, recoveryKey, head, ...rest } = expectOk(await verifyChain(provider, unhex(chain)), "chain");
    expect({
      ...rest,
      devices: devices.map(({ deviceKey, addedAt }) => ({ deviceKey: bytesToHex(deviceKey), addedAt })),
      recoveryKey: bytesToHex(recoveryKey),
      head: bytesToHex(head),
    }).toEqual(wanted);
  });

  it.each(vectors.invalidChains)("[ID4] [ID8] refused chain: $name", async ({ chain, zeros, reason }) => {
    const bytes = chain === undefined ? new Uint8Array(zeros as number) : unhex(chain);
    expect(await verifyChain(provider, bytes)).toMatchObject({ ok: false, error: { reason } });
  });

  it.each(vectors.extensions)("[ID9] [ID10] [ID12] $newer after $older: $result", ({ older, newer, result }) => {
    const chainOf = (name: string): Uint8Array =>
      unhex((vectors.chains.find((entry) => entry.name === name) as { chain: string }).chain);
    const found = extendsChain(chainOf(older), chainOf(newer));
    expect(found.ok ? found.value : found.error.reason).toBe(result);
  });

  it.each(vectors.credentials)("[ID13] [ID16] credential: $name", async ({ credential, leafKey, now, ...wanted }) => {
    const verified = await verifyLeafCredential(provider, unhex(credential), unhex(leafKey), now);
    const found = verified.ok
      ? { accountId: verified.value.accountId, deviceKey: bytesToHex(verified.value.deviceKey) }
      : { reason: verified.error.reason };
    expect({ name: wanted.name, ...found }).toEqual(wanted);
  });

  it("[ID18] [ID19] safety number and codes", () => {
    const [a, b] = [idOf(vectors.safety.a), idOf(vectors.safety.b)];
    expect(safetyNumber(provider, a, b)).toBe(vectors.safety.number);
    expect(safetyCode(provider, a, b)).toBe(vectors.safety.codeShownByA);
    expect(checkSafetyCode(provider, a, b, vectors.safety.codeShownByB)).toEqual({ ok: true, value: true });
  });
});
