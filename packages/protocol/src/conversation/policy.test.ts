import { expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { isNodeAddress, MAX_NODE_ADDRESS_BYTES } from "../node-hint.ts";
import { epochKeys, epochWrapKey } from "./epoch-keys.ts";
import { decodePolicy, encodePolicy, pairPolicy, type ConversationPolicy } from "./policy.ts";

const provider = nodeCryptoProvider();
const [requester, accepter] = [filled(32, 9), filled(32, 1)] as const;
const homeNodes = [
  { address: "wss://node.example/", keyHash: filled(32, 40) },
  { address: "ws://localhost:8787/", keyHash: filled(32, 41) },
];
const pair = pairPolicy({ requester, accepter, homeNodes });
const group: ConversationPolicy = {
  ...pair,
  kind: "group",
  accounts: [
    { account: accepter, role: "owner" },
    { account: requester, role: "admin" },
  ],
  requester: null,
  isAccepted: true,
  name: "Book club",
  picture: filled(32, 60),
  disappearAfter: 86_400,
  capabilities: ["event-1"],
  extensions: new Map<number | string, string>([[7, "later"]]),
};

describe("policies", () => {
  it("[CV4] round-trip, with what this version does not know", () => {
    for (const policy of [pair, group, { ...group, kind: "devices" as const }]) {
      expect(expectOk(decodePolicy(encodePolicy(policy)), "policy")).toEqual(policy);
    }
  });

  it("[CV2] a pair names both accounts in one order, whoever asked", () => {
    const other = pairPolicy({ requester: accepter, accepter: requester, homeNodes });
    expect(other.accounts).toEqual(pair.accounts);
    expect(pair.isAccepted).toBe(false);
  });

  it.each<[string, ConversationPolicy]>([
    ["[CV1] without a home node", { ...pair, homeNodes: [] }],
    [
      "[CV1] with four",
      { ...pair, homeNodes: Array.from({ length: 4 }, (_, i) => ({ address: "wss://a/", keyHash: filled(32, i) })) },
    ],
    [
      "[CV1] with one node under two addresses",
      { ...pair, homeNodes: [homeNodes[0]!, { ...homeNodes[1]!, keyHash: homeNodes[0]!.keyHash }] },
    ],
    ["[CV2] with accounts out of order", { ...pair, accounts: pair.accounts.toReversed() }],
    ["[CV2] with an account twice", { ...pair, accounts: [pair.accounts[0]!, pair.accounts[0]!] }],
    ["[CV2] of one", { ...pair, accounts: [pair.accounts[0]!] }],
    ["[CV2] asked for by a stranger", { ...pair, requester: filled(32, 77) }],
    ["[CV2] asked for by nobody", { ...pair, requester: null }],
    ["[CV3] with ranks", { ...pair, accounts: [{ ...pair.accounts[0]!, role: "owner" }, pair.accounts[1]!] }],
    ["[CV3] with a name", { ...pair, name: "x" }],
    ["[CV3] a group with a requester", { ...group, requester }],
    ["[CV3] a group that nobody accepted", { ...group, isAccepted: false }],
  ])("a pair %s is refused", (_name, policy) => {
    expect(() => encodePolicy(policy)).toThrow(RangeError);
  });

  it("[CV2] what may not be written may not be read either", () => {
    const encoded = encodePolicy(pair);
    // The ranks are the only place where an account is followed by its role.
    const at = encoded.findIndex((_, i) => encoded.subarray(i, i + 32).every((byte, k) => byte === accepter[k])) + 32;
    encoded[at] = 0;
    expect(decodePolicy(encoded)).toMatchObject({ ok: false, error: { reason: "pair-has-ranks" } });
  });

  it("[C5] survive hostile input", async () => {
    await expectHardened(decodePolicy, [encodePolicy(pair), encodePolicy(group)]);
  });
});

describe("node addresses", () => {
  it.each([
    "wss://node.example/",
    "wss://node.example:8443/xchat/node",
    "ws://localhost:8787/",
    "wss://[2001:db8::1]:443/",
    "ws://127.0.0.1:1",
  ])("%s is one", (address) => expect(isNodeAddress(address)).toBe(true));

  it.each([
    "",
    "https://node.example/",
    "wss://",
    "wss://user@node.example/",
    "wss://node.example/?id=1",
    "wss://node.example/#x",
    "wss://node.example/ x",
    "wss://node.example/\n",
    "wss://nöde.example/",
    "javascript:alert(1)",
    `wss://${"a".repeat(MAX_NODE_ADDRESS_BYTES)}/`,
  ])("%s is none", (address) => expect(isNodeAddress(address)).toBe(false));
});

describe("keys of an epoch", () => {
  const exporterOf = (epochSecret: Uint8Array) => (label: string, context: Uint8Array, length: number) =>
    provider
      .hmacSha512(epochSecret, Uint8Array.from([...new TextEncoder().encode(label), 0, ...context]))
      .slice(0, length);

  it("[CV5] a mailbox differs by node and by epoch, and is the same for each member", async () => {
    const [node, other] = [filled(32, 1), filled(32, 2)];
    const here = await epochKeys(exporterOf(filled(32)), provider, node);
    expect(await epochKeys(exporterOf(filled(32)), provider, node)).toEqual(here);
    expect((await epochKeys(exporterOf(filled(32)), provider, other)).mailbox.publicKey).not.toEqual(
      here.mailbox.publicKey,
    );
    expect((await epochKeys(exporterOf(filled(32, 9)), provider, node)).mailbox.publicKey).not.toEqual(
      here.mailbox.publicKey,
    );
    const signature = await provider.ed25519Sign(here.mailbox.seed, filled(5));
    expect(await provider.ed25519Verify(here.mailbox.publicKey, filled(5), signature)).toBe(true);
  });

  it("[CV6] the wrap key is that of the epoch, whatever the node", async () => {
    const { wrapKey } = await epochKeys(exporterOf(filled(32)), provider, filled(32, 1));
    expect(await epochWrapKey(exporterOf(filled(32)))).toEqual(wrapKey);
    expect(await epochWrapKey(exporterOf(filled(32, 9)))).not.toEqual(wrapKey);
    await expect(epochKeys(exporterOf(filled(32)), provider, filled(31))).rejects.toThrow(RangeError);
  });
});
