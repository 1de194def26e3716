/**
 * Frozen vectors of group links (`spec/vectors/group-link.json`). Cards and requests are sealed with fresh randomness, so
 * they are read and not made again. `XCHAT_WRITE_VECTORS=1` writes them anew, which is a change of the law.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { base64UrlToBytes, bytesToBase64Url, bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { parseAccountId } from "../identity/account-id.ts";
import { NOW, seedOf } from "../identity/test-actors.ts";
import { openGroupCard } from "./group-card.ts";
import { decodeGroupLinkCode, encodeGroupLinkCode } from "./group-link-code.ts";
import { openJoinRequest } from "./join-request.ts";
import { answerPlace, groupCardKeys, groupLinkKeys, joinRequestKeys } from "./link-keys.ts";
import { newGroupCard, newJoinRequest, newLinkWorld } from "./test-actors.ts";

const provider = nodeCryptoProvider();
const path = new URL("../../../../spec/vectors/group-link.json", import.meta.url);
const hex = (value: string): Uint8Array => expectOk(hexToBytes(value), "hex");
const sealedBytes = (value: string): Uint8Array => expectOk(base64UrlToBytes(value), "base64url");
const hexAll = (keys: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(keys).map(([name, value]) => [
      name,
      typeof value === "string" ? value : bytesToHex(value as Uint8Array),
    ]),
  );

type Words = Record<string, string>;
interface Vectors {
  readonly keys: { readonly seed: string; readonly fromSeed: Words; readonly card: Words; readonly request: Words };
  readonly answer: { readonly seed: string; readonly nodeKeyHash: string; readonly place: Words };
  readonly card: {
    readonly code: string;
    readonly now: number;
    readonly blob: string;
    readonly accountId: string;
    readonly groupName: string;
  };
  readonly request: {
    readonly inviter: string;
    readonly groupId: string;
    readonly now: number;
    readonly sealed: string;
    readonly accountId: string;
    readonly name: string;
    readonly answerSeed: string;
    readonly keyPackageHash: string;
  };
}

const keysOf = (seed: string): Vectors["keys"] => {
  const fromSeed = groupLinkKeys(provider, seed);
  return {
    seed,
    fromSeed: hexAll(fromSeed),
    card: hexAll(groupCardKeys(provider, fromSeed.secret)),
    request: hexAll(joinRequestKeys(provider, fromSeed.secret)),
  };
};

async function make(): Promise<Vectors> {
  const world = await newLinkWorld(provider);
  const answerSeed = seedOf(provider, "answer");
  const nodeKeyHash = seedOf(provider, "node one");
  return {
    keys: keysOf(bytesToHex(seedOf(provider, "choir link"))),
    answer: {
      seed: bytesToHex(answerSeed),
      nodeKeyHash: bytesToHex(nodeKeyHash),
      place: hexAll(answerPlace(provider, answerSeed, nodeKeyHash)),
    },
    card: {
      code: encodeGroupLinkCode(world.code),
      now: NOW,
      blob: bytesToBase64Url(await newGroupCard(provider, world)),
      accountId: world.ada.accountId,
      groupName: "Choir 🎶",
    },
    request: {
      inviter: world.ada.accountId,
      groupId: bytesToHex(world.groupId),
      now: NOW,
      sealed: bytesToBase64Url(await newJoinRequest(provider, world)),
      accountId: world.zoe.accountId,
      name: "Zoe",
      answerSeed: bytesToHex(answerSeed),
      keyPackageHash: bytesToHex(provider.sha256(world.requestInput.keyPackage)),
    },
  };
}

if (process.env["XCHAT_WRITE_VECTORS"] === "1" || !existsSync(path)) {
  writeFileSync(path, `${JSON.stringify(await make(), null, 2)}\n`);
}
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

describe("vectors of group links", () => {
  it("[GL2] [GL8] keys and places follow from the seeds", () => {
    expect(keysOf(vectors.keys.seed)).toEqual(vectors.keys);
    const { seed, nodeKeyHash, place } = vectors.answer;
    expect(hexAll(answerPlace(provider, hex(seed), hex(nodeKeyHash)))).toEqual(place);
  });

  it("[GL1] [GL4] code and card are read", async () => {
    const { code, now, blob, accountId, groupName } = vectors.card;
    const read = expectOk(decodeGroupLinkCode(code), "code");
    expect(encodeGroupLinkCode(read)).toBe(code);
    expect(await openGroupCard(provider, read, sealedBytes(blob), now)).toMatchObject({
      ok: true,
      value: { accountId, groupName },
    });
  });

  it("[GL5] the request is read", async () => {
    const { inviter, groupId, now, sealed, accountId, name, answerSeed, keyPackageHash } = vectors.request;
    const keys = groupLinkKeys(provider, vectors.keys.seed);
    const link = { ...keys, by: expectOk(parseAccountId(inviter), "account"), groupId: hex(groupId) };
    const opened = await openJoinRequest(provider, link, sealedBytes(sealed), now);
    expect(opened).toMatchObject({ ok: true, value: { accountId, name, answerSeed: hex(answerSeed) } });
    if (opened.ok) expect(bytesToHex(provider.sha256(opened.value.keyPackage))).toBe(keyPackageHash);
  });
});
