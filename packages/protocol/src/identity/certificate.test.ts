import { bytes, decode, encode, literal, struct, uint } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  claimedLeaf,
  CLOCK_TOLERANCE_MS,
  DAY_MS,
  isSuccessorCredential,
  makeLeafCredential,
  MAX_CERTIFICATE_LIFETIME_MS,
  MAX_CREDENTIAL_BYTES,
  verifyLeafCredential,
} from "./certificate.ts";
import type { Action } from "./operation.ts";
import { bitFlips, keyOf, mustExtend, newPerson, NOW, seedOf, truncations, type Person } from "./test-actors.ts";

const provider = nodeCryptoProvider();
const LIFETIME = 30 * DAY_MS;
let alice: Person;
let mallory: Person;
let leafKey: Uint8Array;
let credential: Uint8Array;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  mallory = await newPerson(provider, "mallory");
  leafKey = await keyOf(provider, "leaf");
  credential = await credentialOf(alice, alice.chain);
});

const credentialOf = (
  { deviceSeed }: Pick<Person, "deviceSeed">,
  chain: Uint8Array,
  leafPublicKey = leafKey,
): Promise<Uint8Array> =>
  makeLeafCredential(provider, { chain, deviceSeed, leafPublicKey, now: NOW, lifetimeMs: LIFETIME });

const reasonOf = async (encoded: Uint8Array, key = leafKey, now = NOW): Promise<string | null> => {
  const verified = await verifyLeafCredential(provider, encoded, key, now);
  return verified.ok ? null : verified.error.reason;
};

/** The format, written a second time, so that a test can put together what the makers would refuse to make. */
const outerFormat = struct({
  version: literal(1),
  chain: bytes({ max: 20_000 }),
  certificate: bytes({ max: 1_000 }),
  signature: bytes({ length: 64 }),
});
const bodyFormat = struct({
  version: literal(1),
  suite: literal(1),
  account: bytes({ length: 32 }),
  deviceKey: bytes({ length: 32 }),
  head: bytes({ length: 32 }),
  leafKey: bytes({ length: 32 }),
  notBefore: uint(),
  notAfter: uint(),
});
type Body = { -readonly [K in keyof ReturnType<typeof bodyOf>]: ReturnType<typeof bodyOf>[K] };

function outerOf(encoded: Uint8Array) {
  const outer = decode(outerFormat, encoded);
  if (!outer.ok) throw new Error("test credential");
  return outer.value;
}
function bodyOf(encoded: Uint8Array) {
  const body = decode(bodyFormat, outerOf(encoded).certificate);
  if (!body.ok) throw new Error("test certificate");
  return body.value;
}
/** A credential with other fields, signed by whoever is named. */
async function forge(
  changes: Partial<Body>,
  signer: Uint8Array,
  chain = outerOf(credential).chain,
): Promise<Uint8Array> {
  const certificate = encode(bodyFormat, { ...bodyOf(credential), ...changes });
  const message = new Uint8Array([...new TextEncoder().encode("xchat device certificate 1\0"), ...certificate]);
  const signature = await provider.ed25519Sign(signer, message);
  return encode(outerFormat, { version: 1, chain, certificate, signature });
}

describe("leaf credential", () => {
  it("[ID13] [ID14] binds a leaf key to a device of an account", async () => {
    const verified = await verifyLeafCredential(provider, credential, leafKey, NOW);
    expect(verified).toMatchObject({
      ok: true,
      value: { accountId: alice.accountId, deviceKey: alice.deviceKey, chain: alice.chain, notAfter: NOW + LIFETIME },
    });
    expect(claimedLeaf(credential)).toEqual({
      ok: true,
      value: { accountId: alice.accountId, deviceKey: alice.deviceKey, chain: alice.chain },
    });
    expect(credential.length).toBeLessThan(MAX_CREDENTIAL_BYTES);
  });

  it("[ID13] refuses a certificate that another key has signed, or signed for another purpose", async () => {
    expect(await reasonOf(await forge({}, alice.deviceSeed))).toBeNull();
    expect(await reasonOf(await forge({}, mallory.deviceSeed))).toBe("certificate-signature-invalid");
    expect(await reasonOf(await forge({}, alice.recoverySeed))).toBe("certificate-signature-invalid");
    const { chain, certificate } = outerOf(credential);
    const signature = await provider.ed25519Sign(alice.deviceSeed, certificate);
    const unlabelled = encode(outerFormat, { version: 1, chain, certificate, signature });
    expect(await reasonOf(unlabelled)).toBe("certificate-signature-invalid");
  });

  it("[ID14] Mallory cannot pass off Alice's certificate under their own chain, nor claim her device", async () => {
    const moved = encode(outerFormat, { ...outerOf(credential), chain: mallory.chain });
    expect(await reasonOf(moved)).toBe("another-account");
    const ownBody = bodyOf(await credentialOf(mallory, mallory.chain));
    const stolen = await forge({ ...ownBody, deviceKey: alice.deviceKey }, mallory.deviceSeed, mallory.chain);
    expect(await reasonOf(stolen)).toBe("certificate-device-not-listed");
  });

  it("[ID14] the certificate is for the head of the chain that comes with it", async () => {
    const laptop = await keyOf(provider, "laptop");
    const add: Action = { kind: "add-device", by: alice.deviceKey, deviceKey: laptop };
    const longer = await mustExtend(provider, alice.chain, add, "alice phone", "laptop");
    const stale = encode(outerFormat, { ...outerOf(credential), chain: longer });
    expect(await reasonOf(stale)).toBe("another-head");
  });

  it("[ID14] a removed device gets no certificate on the chain that removed it", async () => {
    const laptop = await keyOf(provider, "laptop");
    const added: Action = { kind: "add-device", by: alice.deviceKey, deviceKey: laptop };
    const longer = await mustExtend(provider, alice.chain, added, "alice phone", "laptop");
    const removed: Action = { kind: "remove-device", by: alice.deviceKey, deviceKey: laptop };
    const longest = await mustExtend(provider, longer, removed, "alice phone");
    const laptopSeed = { deviceSeed: seedOf(provider, "laptop") };
    await expect(credentialOf(laptopSeed, longest)).rejects.toThrow("certificate-device-not-listed");
    const bound = bodyOf(await credentialOf(alice, longest));
    const forged = await forge({ ...bound, deviceKey: laptop }, laptopSeed.deviceSeed, longest);
    expect(await reasonOf(forged)).toBe("certificate-device-not-listed");
  });

  it("[ID14] a chain that does not verify is refused with its own reason", async () => {
    const chain = alice.chain.slice();
    chain[chain.length - 1] = (chain.at(-1) as number) ^ 1;
    expect(await reasonOf(encode(outerFormat, { ...outerOf(credential), chain }))).toBe("signature-invalid");
  });

  it("[ID15] is for one leaf key, which is none of the chain's", async () => {
    expect(await reasonOf(credential, await keyOf(provider, "other leaf"))).toBe("another-leaf-key");
    for (const key of [alice.deviceKey, await keyOf(provider, "alice recovery")]) {
      expect(await reasonOf(await forge({ leafKey: key }, alice.deviceSeed), key)).toBe("leaf-key-not-fresh");
      await expect(credentialOf(alice, alice.chain, key)).rejects.toThrow("leaf-key-not-fresh");
    }
  });

  it("[ID16] is valid within its time, give or take one day", async () => {
    const end = NOW + LIFETIME + CLOCK_TOLERANCE_MS;
    expect(await reasonOf(credential, leafKey, end)).toBeNull();
    expect(await reasonOf(credential, leafKey, end + 1)).toBe("certificate-expired");
    expect(await reasonOf(credential, leafKey, NOW - CLOCK_TOLERANCE_MS)).toBeNull();
    expect(await reasonOf(credential, leafKey, NOW - CLOCK_TOLERANCE_MS - 1)).toBe("certificate-not-yet-valid");
  });

  it("[ID16] lives at most 3,660 days, and more than no time", async () => {
    const forTime = (lifetime: number): Promise<Uint8Array> => forge({ notAfter: NOW + lifetime }, alice.deviceSeed);
    expect(await reasonOf(await forTime(MAX_CERTIFICATE_LIFETIME_MS))).toBeNull();
    expect(await reasonOf(await forTime(MAX_CERTIFICATE_LIFETIME_MS + 1))).toBe("certificate-lifetime");
    expect(await reasonOf(await forTime(0))).toBe("certificate-lifetime");
  });

  it("[ID17] a successor has the same account and device, and no older chain", async () => {
    const laptop = await keyOf(provider, "laptop");
    const add: Action = { kind: "add-device", by: alice.deviceKey, deviceKey: laptop };
    const longer = await mustExtend(provider, alice.chain, add, "alice phone", "laptop");
    const next = await credentialOf(alice, longer, await keyOf(provider, "next leaf"));
    const ofLaptop = await credentialOf({ deviceSeed: seedOf(provider, "laptop") }, longer);
    expect(isSuccessorCredential(credential, next)).toBe(true);
    expect(isSuccessorCredential(credential, credential)).toBe(true);
    expect(isSuccessorCredential(next, credential)).toBe(false);
    expect(isSuccessorCredential(credential, ofLaptop)).toBe(false);
    expect(isSuccessorCredential(credential, await credentialOf(mallory, mallory.chain))).toBe(false);
  });

  it("refuses every truncation, changed bit and random bytes without a throw", async () => {
    for (const cut of truncations(credential)) {
      expect(await reasonOf(cut)).not.toBeNull();
      expect(isSuccessorCredential(credential, cut)).toBe(false);
    }
    for (const flipped of bitFlips(credential, 400)) expect(await reasonOf(flipped)).not.toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (random) => {
        expect(await reasonOf(random)).not.toBeNull();
        expect(isSuccessorCredential(random, random)).toBe(false);
      }),
    );
    const newer = credential.slice();
    newer[1] = 2;
    expect(await reasonOf(newer)).toBe("credential-newer-version");
  });
});
