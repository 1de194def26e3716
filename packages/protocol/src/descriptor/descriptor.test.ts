import { describe, expect, it } from "vitest";
import { expectOk } from "@xchat/codec";
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

  it("never make a reader throw", async () => {
    await expectHardened(open, [await signDescriptor(provider, identity, { ...descriptor, keys: descriptor.keys })]);
    expect(await reasonOf(new Uint8Array(9_000))).toBe("malformed");
  }, 120_000);
});
