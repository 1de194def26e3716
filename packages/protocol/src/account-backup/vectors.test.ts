import { readFileSync } from "node:fs";
import { base64UrlToBytes, bytesToBase64Url, bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { deriveBranch, wordsToEntropy, type CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { backupReader, openBackup } from "./backup-box.ts";
import { decodeBackupContent, encodeBackupContent } from "./backup-content.ts";
import { backupKeys, backupOpenSeed, backupOwnerSeed, backupPlace, slotOrder } from "./backup-keys.ts";
import { recoverAccount } from "./recovery.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const path = new URL("../../../../spec/vectors/account-backup.json", import.meta.url);
const { keys, content, parts, refused, recovery } = JSON.parse(readFileSync(path, "utf8")) as {
  keys: {
    words: string;
    openSeed: string;
    sealKey: string;
    placeSecret: string;
    node: string;
    places: { slot: number; half: number; part: number; place: string }[];
    deviceSeed: string;
    ownerSeed: string;
    deviceKey: string;
    slots: number[];
  };
  content: string;
  parts: string[];
  refused: { name: string; parts: string[]; reason: string }[];
  recovery: { chain: string; deviceSeed: string; now: number; recovered: string };
};
const unhex = (text: string): Uint8Array => expectOk(hexToBytes(text), "vector");
const unbase = (text: string): Uint8Array => expectOk(base64UrlToBytes(text), "vector");
const entropy = expectOk(wordsToEntropy(provider, keys.words), "words");

describe("frozen vectors of the account backup", () => {
  it("[AB1] [AB2] [AB3] keys, places and slots", async () => {
    const root = deriveBranch(provider, entropy, "account-backup");
    const { sealKey, placeSecret } = await backupKeys(provider, root);
    expect(bytesToBase64Url(sealKey)).toBe(keys.sealKey);
    expect(bytesToHex(placeSecret)).toBe(keys.placeSecret);
    expect(bytesToHex(backupOpenSeed(provider, root))).toBe(keys.openSeed);
    const node = unhex(keys.node);
    for (const { place, ...where } of keys.places) {
      expect(bytesToHex(backupPlace(provider, placeSecret, node, where))).toBe(place);
    }
    expect(bytesToHex(backupOwnerSeed(provider, unhex(keys.deviceSeed), node))).toBe(keys.ownerSeed);
    expect(slotOrder(provider, unhex(keys.deviceKey))).toEqual(keys.slots);
  });

  it("[AB5] [AB6] [AB7] [AB8] a backup", async () => {
    const reader = await backupReader(provider, entropy);
    const opened = expectOk(await openBackup(provider, reader, parts.map(unbase)), "backup");
    expect(bytesToHex(opened.deviceKey)).toBe(keys.deviceKey);
    const value = expectOk(decodeBackupContent(unhex(content)), "content");
    expect(opened).toMatchObject(value);
    expect(bytesToHex(encodeBackupContent(value))).toBe(content);
    for (const bad of refused) {
      expect(await openBackup(provider, reader, bad.parts.map(unbase))).toMatchObject({
        error: { reason: bad.reason },
      });
    }
  });

  it("[AB14] a recovery", async () => {
    const { chain, deviceSeed, now, recovered } = recovery;
    const input = { entropy, chains: [unhex(chain)], deviceSeed: unhex(deviceSeed), now };
    expect(bytesToHex(expectOk(await recoverAccount(provider, input), "recovery").chain)).toBe(recovered);
  });
});
