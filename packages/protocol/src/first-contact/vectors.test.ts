import { readFileSync } from "node:fs";
import { base64UrlToBytes, bytesToBase64Url, bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { parseAccountId } from "../identity/account-id.ts";
import { openCard, sealCard } from "./card.ts";
import { cardBinding, cardKey, cardPlace, requestBinding, requestProofKey } from "./invitation-keys.ts";
import { decodeInvitationCode, encodeInvitationCode } from "./invitation.ts";
import { openRequest } from "./request.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const path = new URL("../../../../spec/vectors/first-contact.json", import.meta.url);
const { keys, invitation, card, request } = JSON.parse(readFileSync(path, "utf8")) as {
  keys: {
    secret: string;
    cardPlace: string;
    cardKey: string;
    cardBinding: string;
    requestProofKey: string;
    requestBinding: string;
  };
  invitation: {
    secret: string;
    accountIdHash: string;
    nodes: { address: string; keyHash: string }[];
    code: string;
    texts: string[];
    refused: { text: string; reason: string }[];
  };
  card: {
    code: string;
    now: number;
    blob: string;
    nonce: string;
    deviceSeed: string;
    chain: string;
    name: string;
    keyPackages: string[];
    mailbox: string;
    requestKey: string;
    isLasting: boolean;
    issuedAt: number;
    expiresAt: number;
    accountId: string;
    refused: { name: string; blob: string; now: number; reason: string }[];
  };
  request: {
    inboxSeed: string;
    secret: string;
    ownAccountId: string;
    now: number;
    sealed: string;
    hash: string;
    statementHash: string;
    accountId: string;
    name: string;
    greeting: string;
    groupId: string;
    welcomeHash: string;
    keyPackageHashes: string[];
    refused: { name: string; sealed: string; now: number; reason: string }[];
  };
};
const unhex = (text: string): Uint8Array => expectOk(hexToBytes(text), "vector");
const unbase = (text: string): Uint8Array => expectOk(base64UrlToBytes(text), "vector");

const theInvitation = expectOk(decodeInvitationCode(invitation.code), "vector");
const own = {
  inboxSecretKey: unhex(request.inboxSeed),
  invitationSecret: unhex(request.secret),
  ownAccountId: expectOk(parseAccountId(request.ownAccountId), "vector"),
};

describe("frozen vectors of first contact", () => {
  it("[FC4] keys of a secret", () => {
    const secret = unhex(keys.secret);
    const derive = { cardPlace, cardKey, cardBinding, requestProofKey, requestBinding };
    const made = Object.entries(derive).map(([name, one]) => [name, bytesToHex(one(provider, secret))]);
    expect({ secret: keys.secret, ...Object.fromEntries(made) }).toEqual(keys);
  });

  it("[FC1] [FC2] [FC3] invitation codes", () => {
    const value = {
      secret: unhex(invitation.secret),
      accountIdHash: unhex(invitation.accountIdHash),
      nodes: invitation.nodes.map(({ address, keyHash }) => ({ address, keyHash: unhex(keyHash) })),
    };
    expect(encodeInvitationCode(value)).toBe(invitation.code);
    for (const text of invitation.texts) expect(decodeInvitationCode(text)).toEqual({ ok: true, value });
    for (const { text, reason } of invitation.refused) {
      expect(decodeInvitationCode(text)).toEqual({ ok: false, error: { reason } });
    }
  });

  it("[FC8] [FC9] the same fields and nonce make the same card", async () => {
    const withNonce = Object.assign(Object.create(provider) as CryptoProvider, {
      randomBytes: () => unhex(card.nonce),
    });
    const blob = await sealCard(withNonce, {
      secret: theInvitation.secret,
      deviceSeed: unhex(card.deviceSeed),
      chain: unhex(card.chain),
      name: card.name,
      keyPackages: card.keyPackages.map(unhex),
      inbox: { mailbox: unhex(card.mailbox), requestKey: unhex(card.requestKey), nodes: theInvitation.nodes },
      isLasting: card.isLasting,
      issuedAt: card.issuedAt,
      expiresAt: card.expiresAt,
    });
    expect(bytesToBase64Url(blob)).toBe(card.blob);
    const opened = expectOk(await openCard(provider, theInvitation, blob, card.now), "card");
    expect(opened).toMatchObject({ accountId: card.accountId, name: card.name, issuedAt: card.issuedAt });
  });

  it.each(card.refused)("[FC8] [FC11] refused card: $name", async ({ blob, now, reason }) => {
    expect(await openCard(provider, theInvitation, unbase(blob), now)).toMatchObject({ ok: false, error: { reason } });
  });

  it("[FC13] [FC14] [FC17] a request", async () => {
    const opened = expectOk(await openRequest(provider, own, unbase(request.sealed), request.now), "request");
    expect(bytesToHex(opened.hash)).toBe(request.hash);
    expect(bytesToHex(opened.statementHash)).toBe(request.statementHash);
    expect(bytesToHex(opened.groupId)).toBe(request.groupId);
    expect(bytesToHex(provider.sha256(opened.welcome))).toBe(request.welcomeHash);
    expect(opened.keyPackageHashes.map(bytesToHex)).toEqual(request.keyPackageHashes);
    const { accountId, name, greeting } = request;
    expect(opened).toMatchObject({ accountId, name, greeting, createdAt: request.now });
  });

  it.each(request.refused)("[FC13] [FC14] [FC16] refused request: $name", async ({ sealed, now, reason }) => {
    expect(await openRequest(provider, own, unbase(sealed), now)).toEqual({ ok: false, error: { reason } });
  });
});
