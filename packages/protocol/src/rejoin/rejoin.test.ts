import { readFileSync } from "node:fs";
import { bytesToHex, concatBytes, encode, expectOk, hexToBytes, bytes, struct } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeLeafCredential } from "../identity/certificate.ts";
import { bitFlips, newPerson, NOW, seededProvider, seedOf, truncations } from "../identity/test-actors.ts";
import {
  decodeRejoinMessage,
  encodeRejoinMessage,
  makeRejoinAnswer,
  makeRejoinOut,
  makeRejoinRequest,
  openRejoinAnswer,
  openRejoinRequest,
  type RejoinMessage,
  type RejoinRequest,
  type RejoinWayIn,
} from "./rejoin-message.ts";
import { openLeftBehind } from "./left-behind.ts";
import {
  answerDelay,
  chooseAnswer,
  doubtDue,
  DOUBT_PATIENCE,
  isAnswered,
  isAnswerWanted,
  MAX_ANSWERS_IN_ALL,
  mayAnswer,
  noAnswers,
  OUT_PATIENCE,
  STRANGERS_AN_HOUR,
  withAnswer,
  withStranger,
} from "./rejoin-rule.ts";

const provider: CryptoProvider = seededProvider(nodeCryptoProvider(), "rejoin");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const conversation = seedOf(provider, "conversation");
const ada = await newPerson(provider, "Ada");
const leafKey = await provider.ed25519KeyPair(seedOf(provider, "fresh leaf"));
const credential = await makeLeafCredential(provider, {
  chain: ada.chain,
  deviceSeed: ada.deviceSeed,
  leafPublicKey: leafKey.publicKey,
  now: NOW,
  lifetimeMs: 90 * DAY,
});
const around = { conversation, now: NOW, isWelcome: () => "yes" as const };
const made = await makeRejoinRequest(provider, {
  conversation,
  leafKey,
  credential,
  epoch: null,
  attempt: 0,
  now: NOW,
});
const signer = await provider.ed25519KeyPair(seedOf(provider, "signer"));
const place = {
  wrapKey: seedOf(provider, "wrap"),
  nodes: [{ hint: { address: "wss://n.example/", keyHash: seedOf(provider, "n") }, seed: seedOf(provider, "box") }],
};
const groupInfo = new Uint8Array(500).fill(3);
const start = { lineDepth: 4, tips: [{ author: "ab".repeat(32), sequence: 2, id: "cd".repeat(32), depth: 5 }] };

const opened = async (): Promise<RejoinRequest> =>
  expectOk(await openRejoinRequest(provider, made.request, around), "request");

async function answer(): Promise<Extract<RejoinMessage, { kind: "answer" }>> {
  const bytesOfAnswer = await makeRejoinAnswer(provider, await opened(), { groupInfo, place, start, leafKey: signer });
  const message = expectOk(decodeRejoinMessage(bytesOfAnswer as Uint8Array), "answer");
  if (message.kind !== "answer") throw new Error(message.kind);
  return message;
}

/** As `openRejoinAnswer`, of an answer that lets in. */
async function openIn(
  request: Parameters<typeof openRejoinAnswer>[1],
  sealed: Uint8Array,
): Promise<RejoinWayIn | null> {
  const got = await openRejoinAnswer(provider, request, sealed);
  return got?.kind === "in" ? got : null;
}

const reasonOf = async (request: Uint8Array, change: object = {}): Promise<string> => {
  const result = await openRejoinRequest(provider, request, { ...around, ...change });
  return result.ok ? "ok" : result.error.reason;
};

test("[RJ10] who has lost everything goes by the owner that most of those who answer name, and never hears that it is out", () => {
  const mine = { policy: roles(["m", "owner"]) };
  expect(chooseAnswer(asker({ known: null }), [offer("m", 9, mine), offer("a", 3), offer("n", 4)])).toBe(1);
  expect(
    chooseAnswer(asker({ known: null }), [offer("m", 9, mine), offer("m", 10, mine), offer("n", 4), offer("o", 2)]),
  ).toBe(3);
  expect(chooseAnswer(asker({ known: null }), [offer("o", 9, { hasAsker: false })])).toBeNull();
  expect(chooseAnswer(asker({ known: null }), [])).toBeNull();
});

test("[RJ2] a request says whose device asks, and is answered to its key", async () => {
  const request = await opened();
  expect(request).toMatchObject({ account: ada.accountId, leafKey: leafKey.publicKey, attempt: 0, epoch: null });
  const { sealed, requestHash } = await answer();
  expect(requestHash).toEqual(made.hash);
  const got = await openIn(made, sealed);
  expect([got?.groupInfo, got?.place, got?.start]).toEqual([groupInfo, place, start]);
  expect(await got?.isSignedBy(signer.publicKey)).toBe(true);
  expect(await got?.isSignedBy(leafKey.publicKey)).toBe(false);
});

test("[RJ3] cheap checks come first: nothing that costs a signature for strangers, floods and other conversations", async () => {
  let verified = 0;
  const watched: CryptoProvider = Object.assign(Object.create(provider) as CryptoProvider, {
    ed25519Verify: (...args: Parameters<CryptoProvider["ed25519Verify"]>) => {
      verified++;
      return provider.ed25519Verify(...args);
    },
  });
  const refused = async (change: object): Promise<string> => {
    const result = await openRejoinRequest(watched, made.request, { ...around, ...change });
    return result.ok ? "ok" : result.error.reason;
  };
  expect(await refused({ conversation: seedOf(provider, "another") })).toBe("request-for-another");
  expect(await refused({ now: NOW + 3 * DAY })).toBe("request-expired");
  expect(await refused({ now: NOW - 2 * DAY })).toBe("request-not-yet-valid");
  expect(await refused({ isWelcome: () => "outside" })).toBe("request-outside");
  expect(await refused({ isWelcome: () => "too-often" })).toBe("request-too-often");
  expect(verified).toBe(0);
});

test("[RJ2] no bit of a request can be changed, and none of it left out", async () => {
  for (const flipped of bitFlips(made.request, 200)) expect(await reasonOf(flipped)).not.toBe("ok");
  for (const short of truncations(made.request.slice(0, 400))) expect(await reasonOf(short)).toBe("request-malformed");
  expect(await reasonOf(concatBytes(made.request, Uint8Array.of(0)))).toBe("request-malformed");
});

test("[RJ2] a credential of somebody else's leaf does not sign, nor one that is not of the key", async () => {
  const eve = await provider.ed25519KeyPair(seedOf(provider, "eve"));
  const forged = await makeRejoinRequest(provider, {
    conversation,
    leafKey: eve,
    credential,
    epoch: null,
    attempt: 0,
    now: NOW,
  });
  expect(await reasonOf(forged.request)).toBe("request-credential-invalid");
  const newer = struct({
    body: bytes({ max: 99 }),
    a: bytes({ length: 32 }),
    b: bytes({ max: 9 }),
    c: bytes({ length: 64 }),
  });
  const shape = encode(newer, {
    body: new Uint8Array(3),
    a: new Uint8Array(32),
    b: new Uint8Array(1),
    c: new Uint8Array(64),
  });
  expect(await reasonOf(shape)).toBe("request-malformed");
});

test("[RJ4] an answer opens for its request alone, unaltered", async () => {
  const { sealed } = await answer();
  const other = await makeRejoinRequest(provider, {
    conversation,
    leafKey,
    credential,
    epoch: null,
    attempt: 1,
    now: NOW,
  });
  expect(await openRejoinAnswer(provider, other, sealed)).toBeNull();
  expect(await openRejoinAnswer(provider, { ...made, hash: other.hash }, sealed)).toBeNull();
  for (const flipped of bitFlips(sealed, 60)) expect(await openRejoinAnswer(provider, made, flipped)).toBeNull();
  for (const length of [0, 1, 1_135, 1_136, sealed.length - 1]) {
    expect(await openRejoinAnswer(provider, made, sealed.slice(0, length))).toBeNull();
  }
});

test("[RJ4] the same GroupInfo signed for one request is not signed for another", async () => {
  const first = await answer();
  const content = await openIn(made, first.sealed);
  const other = await makeRejoinRequest(provider, {
    conversation,
    leafKey,
    credential,
    epoch: null,
    attempt: 1,
    now: NOW,
  });
  const key = (await provider.xwingKeyPair(other.secretKey)).publicKey;
  // Somebody with the content, who is not the signer, seals it again for the other request.
  const again = await makeRejoinAnswer(
    provider,
    { hash: other.hash, key },
    { groupInfo: (content as { groupInfo: Uint8Array }).groupInfo, place, start, leafKey },
  );
  const message = expectOk(decodeRejoinMessage(again as Uint8Array), "answer");
  const got = message.kind === "answer" ? await openIn(other, message.sealed) : null;
  expect(await got?.isSignedBy(signer.publicKey)).toBe(false);
});

test("[RJ4] a key that is none gets no answer", async () => {
  const request = { ...(await opened()), key: new Uint8Array(1_216).fill(255) };
  expect(await makeRejoinAnswer(provider, request, { groupInfo, place, start, leafKey: signer })).toBeNull();
});

test("[RJ1] any bytes are a message or refused with a reason", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      const decoded = decodeRejoinMessage(value);
      return decoded.ok
        ? bytesToHex(encodeRejoinMessage(decoded.value)) === bytesToHex(value)
        : decoded.error.reason !== "";
    }),
  );
});

test("[RJ5] four answers an hour for one account, 64 for all, one for a request", () => {
  let answers = noAnswers;
  for (let i = 0; i < 4; i++) {
    expect(mayAnswer(answers, ada.accountId, NOW + i)).toBe(true);
    answers = withAnswer(answers, { account: ada.accountId, request: `${i}`, at: NOW + i });
  }
  expect(mayAnswer(answers, ada.accountId, NOW + 5)).toBe(false);
  expect(mayAnswer(answers, ada.accountId, NOW + HOUR)).toBe(true);
  expect([isAnswered(answers, "3"), isAnswered(answers, "4")]).toEqual([true, false]);
  let many = noAnswers;
  for (let i = 0; i < MAX_ANSWERS_IN_ALL; i++) {
    const account = `${i}` as typeof ada.accountId;
    expect(mayAnswer(many, account, NOW)).toBe(true);
    many = withAnswer(many, { account, request: `${i}`, at: NOW });
  }
  expect([mayAnswer(many, ada.accountId, NOW), mayAnswer(many, ada.accountId, NOW + HOUR)]).toEqual([false, true]);
  for (let i = 0; i < 2_000; i++) answers = withAnswer(answers, { account: ada.accountId, request: `r${i}`, at: NOW });
  expect(answers.given).toHaveLength(1_024);
});

test("[RJ13] who makes accounts without end has sixteen of them looked at in an hour", () => {
  let times: readonly number[] = [];
  for (let i = 0; i < STRANGERS_AN_HOUR; i++) times = withStranger(times, NOW + i) as readonly number[];
  expect(withStranger(times, NOW + 20)).toBeNull();
  expect(withStranger(times, NOW + HOUR + 2)).toHaveLength(STRANGERS_AN_HOUR - 2);
});

test("[RJ6] ranks answer first, members where it is needed", () => {
  expect([answerDelay(2, 0), answerDelay(1, 0.999)].every((delay) => delay < 10_000)).toBe(true);
  expect([answerDelay(0, 0), answerDelay(0, 0.999)].every((delay) => delay >= 30_000 && delay < 60_000)).toBe(true);
  expect(isAnswerWanted(1, { attempt: 0 }, 99)).toBe(true);
  expect([isAnswerWanted(0, { attempt: 0 }, 2), isAnswerWanted(0, { attempt: 0 }, 3)]).toEqual([true, false]);
  expect(isAnswerWanted(0, { attempt: 1 }, 99)).toBe(true);
});

const roles = (...entries: readonly (readonly [string, "owner" | "admin"])[]) => ({
  homeNodes: [],
  roles: new Map(entries),
});
const KNOWN = roles(["o", "owner"], ["a", "admin"]);
const offer = (signer: string, epoch: number, more: object = {}) => ({
  signer,
  epoch,
  policy: KNOWN,
  hasAsker: true,
  isOwnPlace: false,
  ...more,
});
/** Fallen out, and has asked for long. */
const asker = (more: object = {}) => ({
  account: "me",
  known: KNOWN,
  broughtBy: null,
  isInside: false,
  asks: 48 * HOUR,
  ...more,
});

test("[RJ7] the highest rank of the last known epoch is followed, then the newest epoch", () => {
  expect(chooseAnswer(asker(), [offer("m", 9), offer("a", 5), offer("o", 3)])).toBe(2);
  expect(chooseAnswer(asker(), [offer("m", 3), offer("n", 4)])).toBe(1);
  expect(chooseAnswer(asker(), [])).toBeNull();
});

test("[RJ7] not into a group with another owner, nor by somebody who has risen there", () => {
  const taken = offer("a", 9, { policy: roles(["a", "owner"]) });
  const risen = offer("m", 9, { policy: roles(["o", "owner"], ["m", "admin"]) });
  expect(chooseAnswer(asker(), [taken, risen])).toBeNull();
  expect(chooseAnswer(asker(), [taken, risen, offer("m", 1)])).toBe(2);
  // The owner may have left.
  expect(chooseAnswer(asker(), [offer("a", 9, { policy: roles(["a", "admin"]) })])).toBe(0);
});

const out = (signer: string) => offer(signer, 0, { hasAsker: false });

test("[RJ7] [RJ14] that one is out is believed of who could have done it, and of an own device", () => {
  expect(chooseAnswer(asker(), [out("m")])).toBeNull();
  expect(chooseAnswer(asker(), [out("m"), offer("n", 2)])).toBe(1);
  expect(chooseAnswer(asker(), [out("a"), offer("n", 2)])).toBe("removed");
  expect(chooseAnswer(asker({ asks: 0 }), [out("me")])).toBe("removed");
  expect(chooseAnswer(asker({ account: "a" }), [out("m")])).toBeNull();
  expect(chooseAnswer(asker({ account: "a" }), [out("a2"), out("o")])).toBe("removed");
});

test("[RJ14] a former superior is not faster than those who are there", () => {
  const early = asker({ asks: OUT_PATIENCE - 1 });
  expect(chooseAnswer(early, [out("a")])).toBeNull();
  expect(chooseAnswer(early, [out("a"), offer("m", 5)])).toBe(1);
  // Of two who rank alike, who lets in is followed.
  expect(chooseAnswer(asker(), [out("a"), offer("a2", 5, { policy: KNOWN })])).toBe("removed");
  const two = roles(["o", "owner"], ["a", "admin"], ["b", "admin"]);
  expect(chooseAnswer(asker({ known: two }), [out("a"), offer("b", 5)])).toBe(1);
});

test("[RJ14] an equal is believed that one is out when it had brought one in, nobody says otherwise, and a day has passed", () => {
  const late = asker({ broughtBy: "m" });
  expect(chooseAnswer(late, [out("m")])).toBe("removed");
  expect(chooseAnswer(late, [out("n")])).toBeNull();
  expect(chooseAnswer(asker({ broughtBy: "m", asks: DOUBT_PATIENCE - 1 }), [out("m")])).toBeNull();
  expect(chooseAnswer(late, [out("m"), offer("n", 3)])).toBe(1);
  expect(chooseAnswer(asker({ broughtBy: "m", isInside: true }), [out("m"), offer("n", 3, { isOwnPlace: true })])).toBe(
    1,
  );
});

test("[RJ16] the same word makes nobody ask more than once a day, and of whoever is believed once an hour", () => {
  const MINUTE = 60_000;
  const HOUR = 60 * MINUTE;
  expect(doubtDue(0, null, false)).toBe(MINUTE);
  expect(doubtDue(5 * HOUR, HOUR, false)).toBe(25 * HOUR);
  expect(doubtDue(5 * HOUR, HOUR, true)).toBe(5 * HOUR + MINUTE);
  expect(doubtDue(HOUR + MINUTE, HOUR, true)).toBe(2 * HOUR);
});

test("[RJ16] in doubt, an equal leads nobody away before a day has passed, but for whoever brought them in", () => {
  const inside = asker({ isInside: true, asks: 0, broughtBy: "b" });
  expect(chooseAnswer(inside, [offer("m", 99)])).toBeNull();
  expect(chooseAnswer(inside, [offer("m", 99), offer("n", 2, { isOwnPlace: true })])).toBe(1);
  expect(chooseAnswer(inside, [offer("m", 99), offer("b", 2)])).toBe(1);
  expect(chooseAnswer(inside, [offer("m", 99), offer("a", 2)])).toBe(1);
  expect(chooseAnswer(inside, [offer("m", 99), offer("me", 2)])).toBe(1);
  expect(chooseAnswer(asker({ isInside: true, asks: DOUBT_PATIENCE }), [offer("m", 99)])).toBe(0);
  const taken = offer("b", 9, { policy: roles(["b", "owner"]) });
  expect(chooseAnswer(asker({ isInside: true, broughtBy: "b" }), [taken])).toBeNull();
});

async function outAnswer(): Promise<Uint8Array> {
  const said = await makeRejoinOut(provider, await opened(), signer);
  const message = expectOk(decodeRejoinMessage(said as Uint8Array), "out");
  return message.kind === "answer" ? message.sealed : new Uint8Array(0);
}

test("[RJ13] that one is out is said for one request, by one leaf, and looks like any answer", async () => {
  const sealed = await outAnswer();
  expect(await openRejoinAnswer(provider, made, sealed)).toEqual({ kind: "out", leafKey: signer.publicKey });
  for (const flipped of bitFlips(sealed, 60)) expect(await openRejoinAnswer(provider, made, flipped)).toBeNull();
  for (const short of truncations(sealed)) expect(await openRejoinAnswer(provider, made, short)).toBeNull();
  const other = await makeRejoinRequest(provider, {
    conversation,
    leafKey,
    credential,
    epoch: null,
    attempt: 1,
    now: NOW,
  });
  expect(await openRejoinAnswer(provider, other, sealed)).toBeNull();
});

test("[RJ13] nobody says so in the name of another leaf", async () => {
  const other = await makeRejoinRequest(provider, {
    conversation,
    leafKey,
    credential,
    epoch: null,
    attempt: 1,
    now: NOW,
  });
  const mallory = await provider.ed25519KeyPair(seedOf(provider, "mallory"));
  const key = (await provider.xwingKeyPair(other.secretKey)).publicKey;
  const forged = await makeRejoinOut(
    provider,
    { hash: other.hash, key },
    { publicKey: signer.publicKey, secretKey: mallory.secretKey },
  );
  const message = expectOk(decodeRejoinMessage(forged as Uint8Array), "out");
  expect(message.kind === "answer" && (await openRejoinAnswer(provider, other, message.sealed))).toBeNull();
});

test("vectors: request and answer are read as they were written", async () => {
  const path = new URL("../../../../spec/vectors/rejoin.json", import.meta.url);
  const vector = JSON.parse(readFileSync(path, "utf8")) as Record<string, string> & { now: number; attempt: number };
  const raw = (name: string): Uint8Array => expectOk(hexToBytes(vector[name] as string), name);
  const message = expectOk(decodeRejoinMessage(raw("request")), "request");
  if (message.kind !== "request") throw new Error(message.kind);
  const request = expectOk(
    await openRejoinRequest(provider, message.request, {
      ...around,
      conversation: raw("conversation"),
      now: vector.now,
    }),
    "request",
  );
  expect(request).toMatchObject({
    account: vector["account"],
    hash: raw("requestHash"),
    leafKey: raw("leafKey"),
    key: raw("key"),
    epoch: raw("epoch"),
    attempt: vector.attempt,
  });
  const reply = expectOk(decodeRejoinMessage(raw("answer")), "answer");
  if (reply.kind !== "answer") throw new Error(reply.kind);
  const asked = { hash: raw("requestHash"), secretKey: raw("secretKey") };
  const got = await openIn(asked, reply.sealed);
  expect(got?.groupInfo).toEqual(raw("groupInfo"));
  expect(got?.place.wrapKey).toEqual(raw("wrapKey"));
  expect(got?.place.nodes[0]?.seed).toEqual(raw("mailboxSeed"));
  expect(got?.start).toEqual(vector.start);
  expect(await got?.isSignedBy(raw("signer"))).toBe(true);
  const refusal = expectOk(decodeRejoinMessage(raw("out")), "out");
  if (refusal.kind !== "answer") throw new Error(refusal.kind);
  expect(await openRejoinAnswer(provider, asked, refusal.sealed)).toEqual({ kind: "out", leafKey: raw("signer") });
  const where = { conversation: raw("conversation"), epoch: raw("epoch"), isMember: () => true };
  expect(expectOk(await openLeftBehind(provider, raw("leftBehind"), where), "word")).toEqual(raw("signer"));
});
