import { nodeCryptoProvider } from "@xchat/crypto/node";
import { SECRET_BOX_OVERHEAD, sealSecretBox, type CryptoProvider } from "@xchat/crypto";
import { concatBytes, encode, bytes, struct, uint } from "@xchat/codec";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { accountIdToBytes } from "../identity/account-id.ts";
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
import { openCard, sealCard, type CardInput, type OpenedCard } from "./card.ts";
import { judgeCardMember } from "./first-group.ts";
import { cardBinding, cardKey, cardPlace, requestBinding, requestProofKey } from "./invitation-keys.ts";
import { MAX_CARD_LIFETIME_MS } from "./signed-card.ts";
import { DAY, hintOf, newCard, newInviter, type Inviter } from "./test-actors.ts";
import { padToClass } from "./size-class.ts";

const provider: CryptoProvider = nodeCryptoProvider();
let bob: Inviter;
let mallory: Person;
let blob: Uint8Array;

beforeAll(async () => {
  bob = await newInviter(provider, "bob");
  mallory = await newPerson(provider, "mallory");
  blob = await newCard(provider, bob);
});

async function refusalOf(candidate: Uint8Array, inviter = bob, now = NOW): Promise<string | null> {
  const opened = await openCard(provider, inviter.invitation, candidate, now);
  return opened.ok ? null : `${opened.error.reason}: ${opened.error.detail}`;
}

async function mustOpen(candidate: Uint8Array, inviter = bob): Promise<OpenedCard> {
  const opened = await openCard(provider, inviter.invitation, candidate, NOW);
  if (!opened.ok) throw new Error(`test card: ${opened.error.detail}`);
  return opened.value;
}

/** A box that anybody with the link can make, around bytes of their choice. */
async function boxOf(plaintext: Uint8Array, { secret } = bob.invitation): Promise<Uint8Array> {
  const padded = padToClass(plaintext, SECRET_BOX_OVERHEAD) as Uint8Array;
  return sealSecretBox(provider, cardKey(provider, secret), cardPlace(provider, secret), padded);
}

describe("contact card", () => {
  it("[FC8] [FC12] brings the newcomer all that a conversation begins with", async () => {
    const { secret: _secret, deviceSeed: _seed, ...fields } = bob.cardInput;
    expect(await mustOpen(blob)).toMatchObject({
      ...fields,
      version: 1,
      capabilities: [],
      accountId: bob.person.accountId,
      deviceKey: bob.person.deviceKey,
      length: 1,
    });
  });

  it("[FC4] every key of an invitation is its own", async () => {
    const { secret } = bob.invitation;
    const derive = [cardPlace, cardKey, cardBinding, requestProofKey, requestBinding];
    const all = [secret, ...derive.map((one) => one(provider, secret))].map(String);
    expect(new Set(all).size).toBe(derive.length + 1);
    const other = seedOf(provider, "another secret");
    expect(cardPlace(provider, other)).not.toEqual(cardPlace(provider, secret));
  });

  it("[FC8] somebody with the link cannot make a card in the inviter's name", async () => {
    const byMallory = await newCard(provider, bob, { deviceSeed: mallory.deviceSeed });
    expect(await refusalOf(byMallory)).toBe("card-forged: signer-not-listed");
    const recovery = await newCard(provider, bob, { deviceSeed: bob.person.recoverySeed });
    expect(await refusalOf(recovery)).toBe("card-forged: signer-not-listed");
  });

  it("[FC8] a card cannot be moved to another invitation of the same inviter", async () => {
    const lasting = await newInviter(provider, "bob", "bob lasting");
    expect(await refusalOf(blob, lasting)).toBe("card-forged: box");
    // Whoever has both links can take the signed bytes out of one box and put them into the other.
    const inner = await signedBytesOf(blob, bob);
    expect(await refusalOf(await boxOf(inner, bob.invitation))).toBeNull();
    expect(await refusalOf(await boxOf(inner, lasting.invitation), lasting)).toBe("card-forged: signature");
  });

  it("[FC8] a device that was removed signs no more cards", async () => {
    const laptop = await keyOf(provider, "laptop");
    const { deviceKey } = bob.person;
    const add: Action = { kind: "add-device", by: deviceKey, deviceKey: laptop };
    const remove: Action = { kind: "remove-device", by: deviceKey, deviceKey: laptop };
    const longer = await mustExtend(provider, bob.person.chain, add, "bob phone", "laptop");
    const longest = await mustExtend(provider, longer, remove, "bob phone");
    const deviceSeed = seedOf(provider, "laptop");
    expect(await refusalOf(await newCard(provider, bob, { chain: longer, deviceSeed }))).toBeNull();
    const refused = await refusalOf(await newCard(provider, bob, { chain: longest, deviceSeed }));
    expect(refused).toBe("card-forged: signer-not-listed");
  });

  it("[FC9] a node that swaps the card, or alters any bit of it, is found out", async () => {
    const other = await newInviter(provider, "bob", "bob second");
    expect(await refusalOf(await newCard(provider, other))).toBe("card-forged: box");
    for (const flipped of bitFlips(blob, 100)) expect(await refusalOf(flipped)).toBe("card-forged: box");
    for (const size of [8_192, 65_536]) expect(await refusalOf(new Uint8Array(size))).toBe("card-forged: box");
  });

  it("[FC9] has one of two sizes, whatever is in it", async () => {
    const small = await newCard(provider, bob, { name: "B", keyPackages: [new Uint8Array(10)] });
    const large = await newCard(provider, bob, { keyPackages: Array.from({ length: 8 }, () => new Uint8Array(7_500)) });
    expect([blob.length, small.length, large.length]).toEqual([8_192, 8_192, 65_536]);
    expect((await mustOpen(large)).keyPackages.length).toBe(8);
    const tooLarge = newCard(provider, bob, { keyPackages: Array.from({ length: 8 }, () => new Uint8Array(8_500)) });
    await expect(tooLarge).rejects.toMatchObject({ name: "RangeError", code: "card-too-large" });
    // To the byte: the longest card that is written is read, one byte more is refused.
    const longest =
      65_536 - (await contentLength({ ...bob.cardInput, keyPackages: [24_000, 24_000].map(zeros) })) - 28 - 4;
    const fits = await newCard(provider, bob, { keyPackages: [24_000, 24_000, longest - 3].map(zeros) });
    expect((await mustOpen(fits)).keyPackages.length).toBe(3);
    const over = newCard(provider, bob, { keyPackages: [24_000, 24_000, longest - 2].map(zeros) });
    await expect(over).rejects.toMatchObject({ code: "card-too-large" });
    for (const size of [0, 100, 8_191, 8_193, 65_535, 65_537]) {
      expect(await refusalOf(new Uint8Array(size))).toBe("card-malformed: size");
    }
  });

  it("[FC10] Mallory's own well-formed card is not the inviter's", async () => {
    const { chain, deviceSeed } = mallory;
    expect(await refusalOf(await newCard(provider, bob, { chain, deviceSeed }))).toBe("card-forged: another-account");
    const damaged = bob.person.chain.slice();
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    expect(await refusalOf(await newCard(provider, bob, { chain: damaged }))).toBe("card-forged: signature-invalid");
  });

  it("[FC11] is valid in its time, give or take one day", async () => {
    const end = bob.cardInput.expiresAt + DAY;
    expect(await refusalOf(blob, bob, end)).toBeNull();
    expect(await refusalOf(blob, bob, end + 1)).toBe("card-expired: expired");
    expect(await refusalOf(blob, bob, NOW - DAY)).toBeNull();
    expect(await refusalOf(blob, bob, NOW - DAY - 1)).toBe("card-not-yet-valid: issued-later");
    const longest = await newCard(provider, bob, { expiresAt: NOW + MAX_CARD_LIFETIME_MS });
    expect(await refusalOf(longest)).toBeNull();
    for (const expiresAt of [NOW + MAX_CARD_LIFETIME_MS + 1, NOW, NOW - 1]) {
      expect(await refusalOf(await newCard(provider, bob, { expiresAt }))).toBe("card-malformed: lifetime");
    }
  });

  it("[FC12] counts and names are bounded where they are written", async () => {
    const { inbox } = bob.cardInput;
    const hint = hintOf(provider, "one");
    for (const changes of [
      { keyPackages: Array.from({ length: 9 }, () => new Uint8Array(1)) },
      { inbox: { ...inbox, nodes: [hint, hint, hint, hint] } },
      { inbox: { ...inbox, requestKey: new Uint8Array(1_215) } },
      { name: "B\u202eob" },
      { capabilities: Array.from({ length: 33 }, (_, i) => i) },
    ]) {
      await expect(newCard(provider, bob, changes)).rejects.toThrow(RangeError);
    }
    const later = await mustOpen(await newCard(provider, bob, { capabilities: [7, 65_535] }));
    expect(later.capabilities).toEqual([7, 65_535]);
    expect(await refusalOf(await newCard(provider, bob, { keyPackages: [] }))).toBe("card-malformed: too-few-entries");
  });

  it("[FC18] Mallory cannot put Bob's key package into a card of their own", async () => {
    const { inbox: _inbox, ...mallorysCard } = {
      ...bob.cardInput,
      ...(await newInviter(provider, "mallory")).cardInput,
    };
    const inviter = await newInviter(provider, "mallory");
    const card = await mustOpen(await sealCard(provider, { ...mallorysCard, inbox: inviter.cardInput.inbox }), inviter);
    expect(judgeCardMember(card, inviter.person)).toBeNull();
    expect(judgeCardMember(card, bob.person)).toBe("another-account");
    const deviceKey = await keyOf(provider, "laptop");
    expect(judgeCardMember(card, { accountId: inviter.person.accountId, deviceKey })).toBe("device-not-listed");
  });

  it("says of another version that it is newer", async () => {
    const format = struct({ version: uint(), card: bytes({ max: 10 }), signature: bytes({ length: 64 }) });
    const newer = encode(format, { version: 2, card: new Uint8Array(0), signature: new Uint8Array(64) });
    expect(await refusalOf(await boxOf(newer))).toBe("card-newer-version: newer-version");
  });

  it("refuses every truncation, changed bit and random content without a throw", async () => {
    const inner = await signedBytesOf(await newCard(provider, bob, { keyPackages: [new Uint8Array(10)] }), bob);
    for (const cut of truncations(inner)) expect(await refusalOf(await boxOf(cut))).not.toBeNull();
    for (const flipped of bitFlips(inner, 300)) expect(await refusalOf(await boxOf(flipped))).not.toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (random) => {
        expect(await refusalOf(await boxOf(random))).not.toBeNull();
        expect(await refusalOf(random)).toBe("card-malformed: size");
      }),
    );
  });

  it("the place gives away neither account nor secret", async () => {
    const place = cardPlace(provider, bob.invitation.secret);
    expect(place.length).toBe(32);
    expect(place).not.toEqual(provider.sha256(bob.invitation.secret));
    expect(Buffer.from(blob).includes(Buffer.from(accountIdToBytes(bob.person.accountId)))).toBe(false);
    expect(Buffer.from(blob).includes(Buffer.from(bob.person.chain.slice(20, 60)))).toBe(false);
  });
});

const zeros = (length: number): Uint8Array => new Uint8Array(length);

const contentLength = async (input: CardInput): Promise<number> =>
  (await signedBytesOf(await sealCard(provider, input), bob)).length;

/** The signed card inside of a box, as anybody with the link can take it out. */
async function signedBytesOf(sealed: Uint8Array, { invitation }: Inviter): Promise<Uint8Array> {
  const { secret } = invitation;
  const nonce = sealed.subarray(0, 12);
  const padded = await provider.aesGcmOpen(
    cardKey(provider, secret),
    nonce,
    cardPlace(provider, secret),
    sealed.subarray(12),
  );
  if (padded === null) throw new Error("test card");
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  return concatBytes(padded.subarray(4, 4 + length));
}
