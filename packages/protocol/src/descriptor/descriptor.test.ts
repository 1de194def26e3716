import { describe, expect, it } from "vitest";
import {
  anyValue,
  bytes,
  concatBytes,
  decode,
  encode,
  expectOk,
  struct,
  utf8ToBytes,
  type CborValue,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { EXCHANGE_SUITE } from "../exchange/opening.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { nodeIdOf, openDescriptor, signDescriptor, type Descriptor } from "./descriptor.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const identity = await provider.ed25519KeyPair(filled(32));
const price = { memoryKiB: 4_096, passes: 1, bits: 5 };
const descriptor: Descriptor = {
  identityKey: identity.publicKey,
  notBefore: 1_000,
  expiresAt: 2_000,
  roles: ["mailbox", "blob"],
  capabilities: ["something-new"],
  addresses: ["wss://node.example/x"],
  keys: [{ id: filled(8), ...EXCHANGE_SUITE, publicKey: filled(1_216), notBefore: 900, notAfter: 3_000 }],
  limits: { mailboxBytes: 1, inboxEnvelopes: 2, expiryHours: 336, blobHours: 4_380, exchangeSeconds: 4_200 },
  stamps: { mailbox: price, inbox: price, envelope: price, blob: price },
  stun: ":8787",
};
const outer = struct({ body: bytes({ max: 8_192 }), signature: bytes({ length: 64 }) });
const signed = await signDescriptor(provider, identity, descriptor);
const open = (bytes: Uint8Array, now = 1_500) => openDescriptor(provider, bytes, now);
const reasonOf = async (bytes: Uint8Array, now?: number): Promise<string> => {
  const opened = await open(bytes, now);
  return opened.ok ? "accepted" : opened.error.reason;
};

describe("descriptors", () => {
  it("[D1] say what was signed, under the key that the node id is the hash of", async () => {
    expect(expectOk(await open(signed), "descriptor")).toEqual(descriptor);
    expect(nodeIdOf(provider, identity.publicKey)).toEqual(provider.sha256(identity.publicKey));
  });

  it("[D2] are refused when another key signed, or anything was changed", async () => {
    const other = await provider.ed25519KeyPair(filled(32, 1));
    expect(await reasonOf(await signDescriptor(provider, other, descriptor))).toBe("signature-invalid");
    for (let at = 0; at < signed.length; at += 13) {
      const changed = signed.slice();
      changed[at] = (changed[at] as number) ^ 4;
      expect(["signature-invalid", "malformed"]).toContain(await reasonOf(changed));
    }
  });

  it("[D3] hold between their times only", async () => {
    expect(await reasonOf(signed, 999)).toBe("not-yet-valid");
    expect(await reasonOf(signed, 1_000)).toBe("accepted");
    expect(await reasonOf(signed, 2_000)).toBe("expired");
  });

  it("[D4] words and extensions of a newer kind are read over; another version, and extensions that are no map, are not", async () => {
    const body = (expectOk(decode(outer, signed), "descriptor").body as Uint8Array).slice();
    const fields = expectOk(decode(anyValue({ depth: 8, entries: 64 }), body), "body") as CborValue[];
    const withField = async (at: number, value: CborValue): Promise<Uint8Array> => {
      const changed = encode(
        anyValue({ depth: 8, entries: 64 }),
        fields.map((field, i) => (i === at ? value : field)),
      );
      const label = concatBytes(utf8ToBytes("xchat descriptor v1"), new Uint8Array(1));
      const signature = await provider.ed25519Sign(identity.secretKey, concatBytes(label, changed));
      return encode(outer, { body: changed, signature });
    };
    expect(await reasonOf(await withField(0, 1))).toBe("accepted");
    const roles = expectOk(await open(await withField(4, ["mailbox", "something-new"])), "descriptor").roles;
    expect(roles).toEqual(["mailbox", "something-new"]);
    const extended = await open(
      await withField(
        11,
        new Map<CborValue & (string | number), CborValue>([
          [1, "more"],
          ["x", [2, new Map()]],
        ]),
      ),
    );
    expect(expectOk(extended, "descriptor")).toEqual(descriptor);
    expect(await reasonOf(await withField(0, 2))).toBe("malformed");
    expect(await reasonOf(await withField(11, 7))).toBe("malformed");
  });

  it("[D7] name their operator in one line of text, and what is none is read over", async () => {
    const named = { ...descriptor, operator: "Ada Lovelace" };
    expect(expectOk(await open(await signDescriptor(provider, identity, named)), "descriptor")).toEqual(named);
    for (const operator of ["", " Ada", "A\nB", "\u202eAda", "a".repeat(65)]) {
      const read = await open(await signDescriptor(provider, identity, { ...descriptor, operator }));
      expect(expectOk(read, "descriptor")).toEqual(descriptor);
    }
  });

  it("never make a reader throw", async () => {
    await expectHardened(open, [await signDescriptor(provider, identity, { ...descriptor, keys: descriptor.keys })]);
    expect(await reasonOf(new Uint8Array(9_000))).toBe("malformed");
  }, 120_000);
});
