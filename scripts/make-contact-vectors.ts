/**
 * Writes spec/vectors/identity.json and spec/vectors/first-contact.json. They are frozen: run it only where the format
 * has changed on purpose, and say so in the commit. Byte strings are hex; sealed ones, which are long, base64url.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToBase64Url, bytesToHex, expectOk, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  accountIdToBytes,
  decodeInvitationCode,
  encodeInvitationCode,
  extendsChain,
  makeLeafCredential,
  openCard,
  openRequest,
  safetyCode,
  safetyNumber,
  verifyChain,
  verifyLeafCredential,
  type Action,
} from "@xchat/protocol";
import { encodeChain, splitChain } from "../packages/protocol/src/identity/operation.ts";
import {
  keyOf,
  mustExtend,
  mustVerify,
  newPerson,
  NOW,
  seededProvider,
  seedOf,
  type Person,
} from "../packages/protocol/src/identity/test-actors.ts";
import {
  cardBinding,
  cardKey,
  cardPlace,
  requestBinding,
  requestProofKey,
} from "../packages/protocol/src/first-contact/invitation-keys.ts";
import {
  DAY,
  newCard,
  newInviter,
  newRequest,
  requestInput,
  type Inviter,
} from "../packages/protocol/src/first-contact/test-actors.ts";

const provider: CryptoProvider = seededProvider(nodeCryptoProvider(), "vectors");
const hex = bytesToHex;
const reasonOf = (result: Result<unknown, { readonly reason: string }>): string =>
  result.ok ? "" : result.error.reason;

/** A copy with one bit of one byte changed; from the end where `at` is negative. */
function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

const operationsOf = (chain: Uint8Array): readonly Uint8Array[] => expectOk(splitChain(chain), "chain");

// ---- identity

type NamedChains = Awaited<ReturnType<typeof chainsOf>>;

async function chainsOf(alice: Person) {
  const laptop = await keyOf(provider, "laptop");
  const tablet = await keyOf(provider, "tablet");
  const newWords = await keyOf(provider, "new words");
  const add = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "add-device", by, deviceKey });
  const remove = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "remove-device", by, deviceKey });
  const two = await mustExtend(provider, alice.chain, add(alice.deviceKey, laptop), "alice phone", "laptop");
  const phoneRemoved = await mustExtend(provider, two, remove(laptop, alice.deviceKey), "laptop");
  const laptopRemoved = await mustExtend(provider, two, remove(alice.deviceKey, laptop), "alice phone");
  const rotate: Action = { kind: "rotate", recoveryKey: newWords };
  const rotated = await mustExtend(provider, two, rotate, "alice recovery", "new words");
  const recover: Action = { kind: "recover", deviceKey: tablet, keptDevices: [laptop] };
  const recovered = await mustExtend(provider, two, recover, "alice recovery", "tablet");
  return { genesis: alice.chain, two, phoneRemoved, laptopRemoved, rotated, recovered };
}

async function validChains(chains: NamedChains) {
  const entries = Object.entries(chains).map(async ([name, chain]) => {
    const identity = await mustVerify(provider, chain);
    return {
      name,
      chain: hex(chain),
      accountId: identity.accountId,
      devices: identity.devices.map(({ deviceKey, addedAt }) => ({ deviceKey: hex(deviceKey), addedAt })),
      recoveryKey: hex(identity.recoveryKey),
      head: hex(identity.head),
      length: identity.length,
    };
  });
  return Promise.all(entries);
}

async function invalidChains(chains: NamedChains) {
  const { genesis, two, phoneRemoved } = chains;
  const [first, second, third] = operationsOf(phoneRemoved) as [Uint8Array, Uint8Array, Uint8Array];
  const candidates: [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["trailing byte", Uint8Array.of(...genesis, 0)],
    ["version 2", genesis.map((byte, i) => (i === 1 ? 2 : byte))],
    ["a signature damaged", damaged(two, -1)],
    ["an operation left out", encodeChain([first, third])],
    ["operations swapped", encodeChain([first, third, second])],
    ["no genesis", encodeChain([second, third])],
    ["too long", new Uint8Array(16_385)],
  ];
  return Promise.all(
    candidates.map(async ([name, chain]) => {
      const verified = await verifyChain(provider, chain);
      const isLong = chain.length > 16_384;
      return { name, ...(isLong ? { zeros: chain.length } : { chain: hex(chain) }), reason: reasonOf(verified) };
    }),
  );
}

function extensions(chains: NamedChains) {
  const all = Object.entries(chains);
  return all.flatMap(([older, olderChain]) =>
    all.map(([newer, newerChain]) => {
      const result = extendsChain(olderChain, newerChain);
      return { older, newer, result: result.ok ? result.value : result.error.reason };
    }),
  );
}

async function credentials(alice: Person, chains: NamedChains) {
  const leafKey = await keyOf(provider, "leaf");
  const input = { deviceSeed: alice.deviceSeed, leafPublicKey: leafKey, now: NOW, lifetimeMs: 30 * DAY };
  const credential = await makeLeafCredential(provider, { ...input, chain: chains.two });
  const cases: [string, Uint8Array, Uint8Array, number][] = [
    ["valid", credential, leafKey, NOW],
    ["another leaf key", credential, await keyOf(provider, "other leaf"), NOW],
    ["expired", credential, leafKey, NOW + 31 * DAY + 1],
    ["last moment", credential, leafKey, NOW + 31 * DAY],
    ["not yet valid", credential, leafKey, NOW - DAY - 1],
    ["signature damaged", damaged(credential, -1), leafKey, NOW],
    ["cut off", credential.slice(0, -1), leafKey, NOW],
  ];
  return Promise.all(
    cases.map(async ([name, bytes, key, now]) => {
      const verified = await verifyLeafCredential(provider, bytes, key, now);
      const outcome = verified.ok
        ? { accountId: verified.value.accountId, deviceKey: hex(verified.value.deviceKey) }
        : { reason: verified.error.reason };
      return { name, credential: hex(bytes), leafKey: hex(key), now, ...outcome };
    }),
  );
}

async function identityVectors() {
  const alice = await newPerson(provider, "alice");
  const bob = await newPerson(provider, "bob");
  const chains = await chainsOf(alice);
  return {
    about: "spec/identity.md. Hex; times in milliseconds since 1970.",
    genesis: {
      recoverySeed: hex(alice.recoverySeed),
      deviceSeed: hex(alice.deviceSeed),
      now: NOW,
      chain: hex(alice.chain),
      accountIdBytes: hex(accountIdToBytes(alice.accountId)),
      accountId: alice.accountId,
    },
    chains: await validChains(chains),
    invalidChains: await invalidChains(chains),
    extensions: extensions(chains),
    credentials: await credentials(alice, chains),
    safety: {
      a: alice.accountId,
      b: bob.accountId,
      number: safetyNumber(provider, alice.accountId, bob.accountId),
      codeShownByA: safetyCode(provider, alice.accountId, bob.accountId),
      codeShownByB: safetyCode(provider, bob.accountId, alice.accountId),
    },
  };
}

// ---- first contact

function invitationVectors({ invitation }: Inviter) {
  const code = encodeInvitationCode(invitation);
  const texts = [
    `https://chat.example.org/#${code}`,
    `https://chat.example.org/%23${code}`,
    ` ${code.slice(0, 50)}\r\n> ${code.slice(50)} `,
    `Open https://chat.example.org/#${code} please.`,
  ];
  const slips = [code.slice(0, -1), code.slice(0, 40) + code.slice(41), code.replace("i1.", "i2."), "hello", "i1."];
  return {
    secret: hex(invitation.secret),
    accountIdHash: hex(invitation.accountIdHash),
    nodes: invitation.nodes.map(({ address, keyHash }) => ({ address, keyHash: hex(keyHash) })),
    code,
    texts,
    refused: slips.map((text) => ({ text, reason: reasonOf(decodeInvitationCode(text)) })),
  };
}

const keyVectors = (secret: Uint8Array) => ({
  secret: hex(secret),
  cardPlace: hex(cardPlace(provider, secret)),
  cardKey: hex(cardKey(provider, secret)),
  cardBinding: hex(cardBinding(provider, secret)),
  requestProofKey: hex(requestProofKey(provider, secret)),
  requestBinding: hex(requestBinding(provider, secret)),
});

async function cardVectors(bob: Inviter) {
  const blob = await newCard(provider, bob);
  const mallory = await newPerson(provider, "mallory");
  const forged = await newCard(provider, bob, { chain: mallory.chain, deviceSeed: mallory.deviceSeed });
  const cases: [string, Uint8Array, number][] = [
    ["altered", damaged(blob, 4_000), NOW],
    ["signed by another account", forged, NOW],
    ["expired", blob, NOW + 8 * DAY + 1],
    ["not yet valid", blob, NOW - DAY - 1],
  ];
  const { cardInput } = bob;
  return {
    code: encodeInvitationCode(bob.invitation),
    now: NOW,
    blob: bytesToBase64Url(blob),
    nonce: hex(blob.subarray(0, 12)),
    deviceSeed: hex(cardInput.deviceSeed),
    chain: hex(cardInput.chain),
    name: cardInput.name,
    keyPackages: cardInput.keyPackages.map(hex),
    mailbox: hex(cardInput.inbox.mailbox),
    requestKey: hex(cardInput.inbox.requestKey),
    isLasting: cardInput.isLasting,
    issuedAt: cardInput.issuedAt,
    expiresAt: cardInput.expiresAt,
    accountId: bob.person.accountId,
    refused: await Promise.all(
      cases.map(async ([name, bytes, now]) => ({
        name,
        blob: bytesToBase64Url(bytes),
        now,
        reason: reasonOf(await openCard(provider, bob.invitation, bytes, now)),
      })),
    ),
  };
}

async function requestVectors(bob: Inviter) {
  const alice = await newPerson(provider, "alice");
  const input = requestInput(provider, alice, bob);
  const sealed = await newRequest(provider, alice, bob);
  const guessed = await newRequest(provider, alice, bob, { invitationSecret: seedOf(provider, "a guess") });
  const misdirected = await newRequest(provider, alice, bob, { inviter: alice.accountId });
  const own = {
    inboxSecretKey: bob.requestSeed,
    invitationSecret: bob.invitation.secret,
    ownAccountId: bob.person.accountId,
  };
  const opened = expectOk(await openRequest(provider, own, sealed, NOW), "request");
  const cases: [string, Uint8Array, number][] = [
    ["altered", damaged(sealed, 4_000), NOW],
    ["without the secret", guessed, NOW],
    ["for another inviter", misdirected, NOW],
    ["too old", sealed, NOW + 90 * DAY + 1],
  ];
  return {
    inboxSeed: hex(own.inboxSecretKey),
    secret: hex(own.invitationSecret),
    ownAccountId: own.ownAccountId,
    now: NOW,
    sealed: bytesToBase64Url(sealed),
    hash: hex(opened.hash),
    statementHash: hex(opened.statementHash),
    accountId: opened.accountId,
    name: input.name,
    greeting: input.greeting,
    groupId: hex(input.groupId),
    welcomeHash: hex(provider.sha256(input.welcome)),
    keyPackageHashes: input.keyPackageHashes.map(hex),
    refused: await Promise.all(
      cases.map(async ([name, bytes, now]) => ({
        name,
        sealed: bytesToBase64Url(bytes),
        now,
        reason: reasonOf(await openRequest(provider, own, bytes, now)),
      })),
    ),
  };
}

async function firstContactVectors() {
  const bob = await newInviter(provider, "bob");
  return {
    about: "spec/first-contact.md. Hex, sealed bytes base64url; times in milliseconds since 1970.",
    keys: keyVectors(bob.invitation.secret),
    invitation: invitationVectors(bob),
    card: await cardVectors(bob),
    request: await requestVectors(bob),
  };
}

const folder = join(import.meta.dirname, "..", "spec", "vectors");
await writeFile(join(folder, "identity.json"), `${JSON.stringify(await identityVectors(), null, 1)}\n`);
await writeFile(join(folder, "first-contact.json"), `${JSON.stringify(await firstContactVectors(), null, 1)}\n`);
