import { bytesToHex } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { filled } from "../hostile-input.node.ts";
import { rejoinInbox } from "./rejoin-inbox.ts";
import { hashOf } from "./test-actors.node.ts";

const provider = nodeCryptoProvider();
const input = { conversation: hashOf("conversation"), seed: hashOf("seed"), nodeKeyHash: filled(32) };
const made = (over: Partial<typeof input> = {}) => {
  const { mailboxSeed, wrapKey } = rejoinInbox(provider, { ...input, ...over });
  return [bytesToHex(mailboxSeed), bytesToHex(wrapKey)] as const;
};

describe("the rejoin inbox", () => {
  it("[GR27] is the same for all who know the seed, and another at each node, conversation and seed", () => {
    expect(made()).toEqual(made());
    const others = [
      made({ nodeKeyHash: filled(32, 1) }),
      made({ conversation: hashOf("another") }),
      made({ seed: hashOf("another") }),
    ];
    expect(new Set([made(), ...others].map(([mailbox]) => mailbox)).size).toBe(4);
    // At another node the same key wraps: what is offered to several nodes is sealed once.
    expect(new Set([made(), ...others].map(([, key]) => key)).size).toBe(3);
  });
});
