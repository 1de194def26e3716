import { bytes, concatBytes, decode, encode, struct, uint, utf8ToBytes } from "@xchat/codec";
import { HPKE_OVERHEAD, openFrom, sealTo, type CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Action } from "../identity/operation.ts";
import {
  bitFlips,
  keyOf,
  mustExtend,
  newPerson,
  NOW,
  seedOf,
  truncations,
  type Person,
} from "../identity/test-actors.ts";
import { judgeWelcomedGroup } from "./first-group.ts";
import { requestBinding, requestProofKey } from "./invitation-keys.ts";
import { openRequest, sealRequest, type OpenedRequest } from "./request.ts";
import { MAX_REQUEST_AGE_MS } from "./signed-request.ts";
import { padToClass, unpad } from "./size-class.ts";
import { DAY, newInviter, newRequest, requestInput, type Inviter } from "./test-actors.ts";

const provider: CryptoProvider = nodeCryptoProvider();
let alice: Person;
let bob: Inviter;
let mallory: Inviter;
let sealed: Uint8Array;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  bob = await newInviter(provider, "bob");
  mallory = await newInviter(provider, "mallory");
  sealed = await newRequest(provider, alice, bob);
});

const open = (candidate: Uint8Array, inviter = bob, now = NOW, by = provider) =>
  openRequest(
    by,
    {
      inboxSecretKey: inviter.requestSeed,
      invitationSecret: inviter.invitation.secret,
      ownAccountId: inviter.person.accountId,
    },
    candidate,
    now,
  );
async function refusalOf(candidate: Uint8Array, inviter = bob, now = NOW): Promise<string | null> {
  const opened = await open(candidate, inviter, now);
  return opened.ok ? null : opened.error.reason;
}
async function mustOpen(candidate: Uint8Array, inviter = bob): Promise<OpenedRequest> {
  const opened = await open(candidate, inviter);
  if (!opened.ok) throw new Error(`test request: ${opened.error.reason}`);
  return opened.value;
}

// ---- the outer format, written a second time, to put together what the maker would not

const outerFormat = struct({
  version: uint(),
  statement: bytes({ max: 70_000 }),
  signature: bytes({ length: 64 }),
  proof: bytes({ length: 32 }),
  welcome: bytes({ max: 70_000 }),
});
const INFO = utf8ToBytes("xchat contact request 1");
const EMPTY = new Uint8Array(0);

async function outerOf(request: Uint8Array, inviter = bob) {
  const padded = (await openFrom(provider, inviter.requestSeed, INFO, EMPTY, request)) as Uint8Array;
  const plaintext = unpad(padded);
  const outer = plaintext.ok ? decode(outerFormat, plaintext.value) : plaintext;
  if (!outer.ok) throw new Error("test request");
  return outer.value;
}
async function resealed(plaintext: Uint8Array, inviter = bob): Promise<Uint8Array> {
  const padded = padToClass(plaintext, HPKE_OVERHEAD) as Uint8Array;
  return (await sealTo(provider, inviter.requestKey, INFO, EMPTY, padded)) as Uint8Array;
}
const proofFor = (statement: Uint8Array, { invitation }: Inviter): Uint8Array =>
  provider.hmacSha256(requestProofKey(provider, invitation.secret), statement);

describe("contact request", () => {
  it("[FC14] tells the inviter who asks, with what, and from where", async () => {
    const input = requestInput(provider, alice, bob);
    const { inviter: _i, requestKey: _k, invitationSecret: _s, deviceSeed: _d, now, ...fields } = input;
    expect(await mustOpen(sealed)).toMatchObject({
      ...fields,
      accountId: alice.accountId,
      deviceKey: alice.deviceKey,
      capabilities: [],
      createdAt: now,
      welcomeHash: provider.sha256(input.welcome),
    });
  });

  it("[FC13] has one of two sizes and opens with the key of its inbox alone", async () => {
    const large = await newRequest(provider, alice, bob, { welcome: new Uint8Array(9_000) });
    expect([sealed.length, large.length]).toEqual([8_192, 65_536]);
    expect(await refusalOf(large)).toBeNull();
    expect(await refusalOf(sealed, { ...bob, requestSeed: seedOf(provider, "another inbox") })).toBe(
      "request-unopenable",
    );
    for (const flipped of bitFlips(sealed, 60)) expect(await refusalOf(flipped)).toBe("request-unopenable");
    for (const size of [0, 8_191, 8_193, 65_537])
      expect(await refusalOf(new Uint8Array(size))).toBe("request-malformed");
    for (const size of [8_192, 65_536]) expect(await refusalOf(new Uint8Array(size))).toBe("request-unopenable");
  });

  it("[FC13] a card with a bad inbox key, or a Welcome that does not fit, is no throw", async () => {
    const input = requestInput(provider, alice, bob);
    const badKey = await sealRequest(provider, { ...input, requestKey: new Uint8Array(1_216).fill(255) });
    expect(badKey).toEqual({ ok: false, error: { reason: "inbox-key-malformed" } });
    for (const size of [64_000, 70_000]) {
      const tooLarge = await sealRequest(provider, { ...input, welcome: new Uint8Array(size) });
      expect(tooLarge).toEqual({ ok: false, error: { reason: "request-too-large" } });
    }
  });

  it("[FC14] a stranger who has the card's inbox but not the secret cannot make one", async () => {
    const guessed = await newRequest(provider, alice, bob, { invitationSecret: seedOf(provider, "a guess") });
    expect(await refusalOf(guessed)).toBe("request-proof-invalid");
  });

  it("[FC14] a request for another invitation of the same inviter is refused", async () => {
    const lasting = await newInviter(provider, "bob", "bob lasting");
    expect(await refusalOf(sealed, lasting)).toBe("request-unopenable");
    const toOtherInbox = await newRequest(provider, alice, bob, { requestKey: lasting.requestKey });
    expect(await refusalOf(toOtherInbox, lasting)).toBe("request-proof-invalid");
    // Even with the proof of the other invitation, made by somebody who knows both secrets:
    const outer = await outerOf(sealed);
    const moved = encode(outerFormat, { ...outer, proof: proofFor(outer.statement, lasting) });
    expect(await refusalOf(await resealed(moved, lasting), lasting)).toBe("request-signature-invalid");
  });

  it("[FC14] Mallory cannot forward what Alice wrote to them as if she had written to Bob", async () => {
    const toMallory = await outerOf(await newRequest(provider, alice, mallory), mallory);
    const forwarded = encode(outerFormat, { ...toMallory, proof: proofFor(toMallory.statement, bob) });
    expect(await refusalOf(await resealed(forwarded))).toBe("request-for-another");
  });

  it("[FC14] Mallory cannot put their own name under Alice's request", async () => {
    // Mallory is given more than they can have: the plaintext of Alice's request, and the secret of Bob's invitation.
    const outer = await outerOf(sealed);
    const message = concatBytes(
      utf8ToBytes("xchat contact introduction 1\0"),
      requestBinding(provider, bob.invitation.secret),
      outer.statement,
    );
    const signature = await provider.ed25519Sign(mallory.person.deviceSeed, message);
    expect(await refusalOf(await resealed(encode(outerFormat, outer)))).toBeNull();
    const signedByMallory = encode(outerFormat, { ...outer, signature });
    expect(await refusalOf(await resealed(signedByMallory))).toBe("request-signature-invalid");
    const withChainOfAlice = await newRequest(provider, alice, bob, { deviceSeed: mallory.person.deviceSeed });
    expect(await refusalOf(withChainOfAlice)).toBe("request-signer-not-listed");
  });

  it("[FC19] nor bring Bob into a group of Alice's as their own", async () => {
    const group = { groupId: seedOf(provider, "group"), members: [alice, bob.person] };
    const byMallory = await mustOpen(await newRequest(provider, mallory.person, bob));
    expect(judgeWelcomedGroup(byMallory, bob.person, group)).toBe("stranger-in-group");
    const byAlice = await mustOpen(sealed);
    expect(judgeWelcomedGroup(byAlice, bob.person, group)).toBeNull();
    const secretly = { ...group, members: [alice, bob.person, mallory.person] };
    expect(judgeWelcomedGroup(byAlice, bob.person, secretly)).toBe("stranger-in-group");
    const otherGroup = { ...group, groupId: seedOf(provider, "other group") };
    expect(judgeWelcomedGroup(byAlice, bob.person, otherGroup)).toBe("another-group");
    const withoutAlice = { ...group, members: [bob.person] };
    expect(judgeWelcomedGroup(byAlice, bob.person, withoutAlice)).toBe("newcomer-missing");
    const otherDevice = { accountId: alice.accountId, deviceKey: await keyOf(provider, "laptop") };
    expect(judgeWelcomedGroup(byAlice, bob.person, { ...group, members: [otherDevice, bob.person] })).toBe(
      "newcomer-missing",
    );
    expect(judgeWelcomedGroup(byAlice, bob.person, { ...group, members: [alice] })).toBe("own-device-missing");
  });

  it("[FC14] another Welcome under the same statement is refused", async () => {
    const outer = await outerOf(sealed);
    const swapped = encode(outerFormat, { ...outer, welcome: new Uint8Array(4_000).fill(3) });
    expect(await refusalOf(await resealed(swapped))).toBe("request-welcome-altered");
  });

  it("[FC15] a flood without the secret costs no signature check", async () => {
    let verifications = 0;
    const counting = Object.assign(Object.create(provider) as CryptoProvider, {
      ed25519Verify: (...input: Parameters<CryptoProvider["ed25519Verify"]>) => {
        verifications++;
        return provider.ed25519Verify(...input);
      },
    });
    const flood = [
      new Uint8Array(8_192),
      await newRequest(provider, alice, bob, { invitationSecret: seedOf(provider, "a guess") }),
      await newRequest(provider, alice, bob, { inviter: mallory.person.accountId }),
      await newRequest(provider, alice, bob, { now: NOW + 2 * DAY }),
    ];
    for (const one of flood) expect((await open(one, bob, NOW, counting)).ok).toBe(false);
    expect(verifications).toBe(0);
    expect((await open(sealed, bob, NOW, counting)).ok).toBe(true);
    expect(verifications).toBe(3);
  });

  it("[FC16] is for the inviter whom it names, not from themselves, and in its time", async () => {
    const misdirected = await newRequest(provider, alice, bob, { inviter: mallory.person.accountId });
    expect(await refusalOf(misdirected)).toBe("request-for-another");
    expect(await refusalOf(await newRequest(provider, bob.person, bob))).toBe("request-own");
    expect(await refusalOf(sealed, bob, NOW + MAX_REQUEST_AGE_MS)).toBeNull();
    expect(await refusalOf(sealed, bob, NOW + MAX_REQUEST_AGE_MS + 1)).toBe("request-expired");
    expect(await refusalOf(sealed, bob, NOW - DAY)).toBeNull();
    expect(await refusalOf(sealed, bob, NOW - DAY - 1)).toBe("request-not-yet-valid");
  });

  it("[FC16] refuses a chain that does not verify and a device that was removed", async () => {
    const chain = alice.chain.slice();
    chain[chain.length - 1] = (chain.at(-1) as number) ^ 1;
    expect(await refusalOf(await newRequest(provider, alice, bob, { chain }))).toBe("request-chain-invalid");
    const laptop = await keyOf(provider, "laptop");
    const add: Action = { kind: "add-device", by: alice.deviceKey, deviceKey: laptop };
    const remove: Action = { kind: "remove-device", by: laptop, deviceKey: alice.deviceKey };
    const longer = await mustExtend(provider, alice.chain, add, "alice phone", "laptop");
    const longest = await mustExtend(provider, longer, remove, "laptop");
    const byRemoved = await newRequest(provider, alice, bob, { chain: longest });
    expect(await refusalOf(byRemoved)).toBe("request-signer-not-listed");
  });

  it("[FC17] a replay has the same hash; the same request sealed again has the same statement", async () => {
    const first = await mustOpen(sealed);
    const replayed = await mustOpen(sealed.slice());
    expect(replayed.hash).toEqual(first.hash);
    expect(first.hash).toEqual(provider.sha256(sealed));
    const again = await mustOpen(await newRequest(provider, alice, bob));
    expect(again.hash).not.toEqual(first.hash);
    expect(again.statementHash).toEqual(first.statementHash);
    const other = await mustOpen(await newRequest(provider, alice, bob, { groupId: seedOf(provider, "other group") }));
    expect(other.statementHash).not.toEqual(first.statementHash);
  });

  it("says of another version that it is newer", async () => {
    const outer = await outerOf(sealed);
    const newer = encode(outerFormat, { ...outer, version: 2 });
    expect(await refusalOf(await resealed(newer))).toBe("request-newer-version");
  });

  it("what the reader would refuse is not written", async () => {
    const input = requestInput(provider, alice, bob);
    for (const changes of [{ name: "" }, { greeting: "x".repeat(1_001) }, { groupId: new Uint8Array(65) }]) {
      await expect(sealRequest(provider, { ...input, ...changes })).rejects.toThrow(RangeError);
    }
  });

  it("refuses every truncation, changed bit and random content without a throw", async () => {
    const outer = await outerOf(sealed);
    const plaintext = encode(outerFormat, { ...outer, welcome: new Uint8Array(0) });
    for (const cut of truncations(plaintext)) expect(await refusalOf(await resealed(cut))).not.toBeNull();
    const whole = encode(outerFormat, outer);
    for (const flipped of bitFlips(whole, 200)) expect(await refusalOf(await resealed(flipped))).not.toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (random) => {
        expect(await refusalOf(await resealed(random))).not.toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  it("[FC14] whoever knows the secret can still write garbage, and it is refused as such", async () => {
    const garbage = utf8ToBytes("not a statement");
    const outer = await outerOf(sealed);
    const crafted = encode(outerFormat, { ...outer, statement: garbage, proof: proofFor(garbage, bob) });
    expect(await refusalOf(await resealed(crafted))).toBe("request-malformed");
  });
});
