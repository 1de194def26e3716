import { bytesToHex } from "@xchat/codec";
import {
  HPKE_OVERHEAD,
  openSecretBox,
  SECRET_BOX_OVERHEAD,
  sealSecretBox,
  sealTo,
  type CryptoProvider,
} from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openCard } from "../first-contact/card.ts";
import { decodeInvitationCode, encodeInvitationCode } from "../first-contact/invitation.ts";
import { openRequest } from "../first-contact/request.ts";
import { padToClass, unpad } from "../first-contact/size-class.ts";
import { DAY } from "../first-contact/test-actors.ts";
import { encodeLinkCode } from "../devices/link-code.ts";
import { bitFlips, newPerson, NOW, seedOf, truncations, type Person } from "../identity/test-actors.ts";
import { openGroupCard } from "./group-card.ts";
import { decodeGroupLinkCode, encodeGroupLinkCode } from "./group-link-code.ts";
import { openJoinRequest } from "./join-request.ts";
import { answerPlace, groupCardKeys, groupLinkKeys, isSoundLink, joinRequestKeys } from "./link-keys.ts";
import { newGroupCard, newJoinRequest, newLinkWorld, type LinkWorld } from "./test-actors.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
let world: LinkWorld;
let other: LinkWorld;
let mallory: Person;
let blob: Uint8Array;
let sealed: Uint8Array;

beforeAll(async () => {
  world = await newLinkWorld(provider);
  other = await newLinkWorld(provider, "chess");
  mallory = await newPerson(provider, "mallory");
  blob = await newGroupCard(provider, world);
  sealed = await newJoinRequest(provider, world);
});

const linkOf = ({ keys, ada, groupId }: LinkWorld) => ({ ...keys, by: ada.accountId, groupId });

async function cardRefusal(candidate: Uint8Array, code = world.code, now = NOW): Promise<string | null> {
  const opened = await openGroupCard(provider, code, candidate, now);
  return opened.ok ? null : `${opened.error.reason}: ${opened.error.detail}`;
}

async function requestRefusal(candidate: Uint8Array, link = linkOf(world), now = NOW): Promise<string | null> {
  const opened = await openJoinRequest(provider, link, candidate, now);
  return opened.ok ? null : opened.error.reason;
}

describe("keys of a group link", () => {
  it("[GL2] each is its own, and those of members do not follow from the secret", () => {
    const { secret, inboxSeed, requestSeed, ownerSeed } = world.keys;
    const fromSecret = [
      ...Object.values(groupCardKeys(provider, secret)),
      ...Object.values(joinRequestKeys(provider, secret)),
    ];
    const all = [secret, inboxSeed, requestSeed, ownerSeed, ...fromSecret].map(bytesToHex);
    expect(new Set(all).size).toBe(9);
    const again = groupLinkKeys(provider, bytesToHex(secret));
    expect(all).not.toContain(bytesToHex(again.inboxSeed));
    expect(all).not.toContain(bytesToHex(again.requestSeed));
  });

  it("[GL3] a link whose hash is not that of its seed is not sound", () => {
    const seed = bytesToHex(seedOf(provider, "choir link"));
    const link = {
      hash: world.keys.hash,
      seed,
      by: world.ada.accountId,
      needsApproval: false,
      expiresAt: null,
      isRevoked: false,
    };
    expect(isSoundLink(provider, link)).toBe(true);
    expect(isSoundLink(provider, { ...link, hash: other.keys.hash })).toBe(false);
    expect(isSoundLink(provider, { ...link, seed: bytesToHex(seedOf(provider, "chess link")) })).toBe(false);
  });

  it("[GL8] an answer lies at another place at each node, and only who asked and who was asked know it", () => {
    const answerSeed = seedOf(provider, "answer");
    const [one, two] = ["one", "two"].map((name) => answerPlace(provider, answerSeed, seedOf(provider, name)));
    expect(one!.mailboxSeed).not.toEqual(two!.mailboxSeed);
    expect(one!.wrapKey).toEqual(two!.wrapKey);
    expect(answerPlace(provider, seedOf(provider, "x"), seedOf(provider, "one")).mailboxSeed).not.toEqual(
      one!.mailboxSeed,
    );
  });
});

describe("the code of a group link", () => {
  it("[GL1] comes back from whatever a person pasted", () => {
    const code = encodeGroupLinkCode(world.code);
    expect(code).toMatch(/^g1\.[A-Za-z0-9_-]+$/);
    for (const paste of [
      code,
      `https://chat.example/#${code}`,
      ` Join us: <${code.slice(0, 40)}\n${code.slice(40)}> `,
    ]) {
      expect(decodeGroupLinkCode(paste)).toEqual({ ok: true, value: world.code });
    }
    expect(() => encodeGroupLinkCode({ ...world.code, nodes: [] })).toThrow(RangeError);
  });

  it("[GL1] [FC3] is told from slips, newer versions and codes of other kinds, and they from it", () => {
    const code = encodeGroupLinkCode(world.code);
    const reason = (value: string): string => {
      const read = decodeGroupLinkCode(value);
      return read.ok ? "ok" : read.error.reason;
    };
    expect(reason(`${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`)).toBe("group-link-mistyped");
    expect(reason(`g2.${code.slice(3)}`)).toBe("group-link-newer-version");
    expect(reason("hello")).toBe("group-link-malformed");
    expect(reason(encodeInvitationCode(world.code))).toBe("group-link-is-invitation");
    const device = encodeLinkCode({ secret: new Uint8Array(16), keyHash: new Uint8Array(16), nodes: [] });
    expect(reason(device)).toBe("group-link-is-device-code");
    expect(decodeInvitationCode(code)).toEqual({ ok: false, error: { reason: "invitation-is-group-link" } });
    expect(decodeInvitationCode(device)).toEqual({ ok: false, error: { reason: "invitation-is-device-code" } });
  });

  it("[GL1] never throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (random) => {
        expect(decodeGroupLinkCode(random).ok).toBe(false);
        expect(typeof decodeGroupLinkCode(`g1.${random}`).ok).toBe("boolean");
      }),
    );
  });
});

describe("the card of a group link", () => {
  it("[GL4] says which group, who made the link, and where to ask", async () => {
    const opened = await openGroupCard(provider, world.code, blob, NOW);
    const { secret: _secret, deviceSeed: _seed, ...fields } = world.cardInput;
    expect(opened).toMatchObject({ ok: true, value: { ...fields, accountId: world.ada.accountId, capabilities: [] } });
    expect([8_192, 65_536]).toContain(blob.length);
  });

  it("[GL4] somebody with the link cannot make one, nor move one to another link", async () => {
    const byMallory = await newGroupCard(provider, world, { deviceSeed: mallory.deviceSeed });
    expect(await cardRefusal(byMallory)).toBe("card-forged: signer-not-listed");
    const chain = mallory.chain;
    expect(await cardRefusal(await newGroupCard(provider, world, { deviceSeed: mallory.deviceSeed, chain }))).toBe(
      "card-forged: another-account",
    );
    expect(await cardRefusal(blob, other.code)).toBe("card-forged: box");
    // Taken out of its box and put into that of another link of the same person.
    const from = groupCardKeys(provider, world.keys.secret);
    const to = groupCardKeys(provider, other.keys.secret);
    const inner = (await openSecretBox(provider, from.key, from.place, blob)) as Uint8Array;
    expect(await cardRefusal(await sealSecretBox(provider, to.key, to.place, inner), other.code)).toBe(
      "card-forged: signature",
    );
  });

  it("[GL4] is no contact card, and a contact card is none", async () => {
    const opened = await openCard(provider, world.code, blob, NOW);
    expect(opened).toMatchObject({ ok: false, error: { reason: "card-forged" } });
  });

  it("[FC11] has its time", async () => {
    expect(await cardRefusal(blob, world.code, NOW + 8 * DAY + 1)).toBe("card-expired: expired");
    expect(await cardRefusal(blob, world.code, NOW - DAY - 1)).toBe("card-not-yet-valid: issued-later");
  });

  it("survives hostile input", async () => {
    const { key, place } = groupCardKeys(provider, world.keys.secret);
    const padded = (await openSecretBox(provider, key, place, blob)) as Uint8Array;
    const inner = unpad(padded);
    if (!inner.ok) throw new Error("test card");
    const boxed = (bytes: Uint8Array): Promise<Uint8Array> =>
      sealSecretBox(provider, key, place, padToClass(bytes, SECRET_BOX_OVERHEAD) as Uint8Array);
    for (const cut of truncations(inner.value)) expect(await cardRefusal(await boxed(cut))).not.toBeNull();
    for (const flipped of bitFlips(inner.value, 200)) expect(await cardRefusal(await boxed(flipped))).not.toBeNull();
  });
});

describe("the request of somebody with a group link", () => {
  it("[GL5] brings what it takes to let them in", async () => {
    const opened = await openJoinRequest(provider, linkOf(world), sealed, NOW);
    const { name, greeting, answerSeed, keyPackage, groupId, chain } = world.requestInput;
    expect(opened).toMatchObject({
      ok: true,
      value: { name, greeting, answerSeed, keyPackage, groupId, chain, accountId: world.zoe.accountId, createdAt: NOW },
    });
  });

  it("[GL5] needs the link, and a device of the account that it names", async () => {
    expect(await requestRefusal(await newJoinRequest(provider, world, { secret: other.keys.secret }))).toBe(
      "request-proof-invalid",
    );
    expect(await requestRefusal(await newJoinRequest(provider, world, { deviceSeed: mallory.deviceSeed }))).toBe(
      "request-signer-not-listed",
    );
    expect(await requestRefusal(sealed, linkOf(other))).toBe("request-unopenable");
  });

  it("[GL6] counts for its group and for who made the link alone", async () => {
    expect(await requestRefusal(sealed, { ...linkOf(world), groupId: other.groupId })).toBe("request-for-another");
    expect(await requestRefusal(sealed, { ...linkOf(world), by: mallory.accountId })).toBe("request-for-another");
    expect(await requestRefusal(sealed, linkOf(world), NOW + 90 * DAY + 1)).toBe("request-expired");
    expect(await requestRefusal(sealed, linkOf(world), NOW - DAY - 1)).toBe("request-not-yet-valid");
  });

  it("[GL5] is no contact request, and of a size class", async () => {
    const own = {
      inboxSecretKey: world.keys.requestSeed,
      invitationSecret: world.keys.secret,
      ownAccountId: world.ada.accountId,
    };
    expect(await openRequest(provider, own, sealed, NOW)).toEqual({
      ok: false,
      error: { reason: "request-unopenable" },
    });
    expect([8_192, 65_536]).toContain(sealed.length);
    const keyPackage = new Uint8Array(65_536);
    await expect(newJoinRequest(provider, world, { keyPackage })).rejects.toThrow("request-too-large");
  });

  it("survives hostile input", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (random) => {
        const padded = padToClass(random, HPKE_OVERHEAD) as Uint8Array;
        const box = await sealTo(
          provider,
          world.requestInput.requestKey,
          text("xchat group request 1"),
          new Uint8Array(0),
          padded,
        );
        expect(await requestRefusal(box as Uint8Array)).not.toBeNull();
        expect(await requestRefusal(random)).toBe("request-malformed");
      }),
      { numRuns: 100 },
    );
  });
});
