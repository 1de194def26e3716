/** Chains that leaves show, where a chat begins beside a contact who is known from before. */
import { bytesToHex, expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { createIdentity, extendIdentity, type AccountId } from "@xchat/protocol";
import { beforeAll, expect, test } from "vitest";
import type { SessionCore } from "../session-core.ts";
import { chainOfLeaves } from "./contact-news.ts";
import { isPeerOut } from "./gone.ts";
import type { Side } from "./roster.ts";

const provider = nodeCryptoProvider();
const NOW = 1_795_512_600_000;
const core = { provider, pins: new Map(), clock: { now: () => NOW } } as unknown as SessionCore;
const seedOf = (name: string): Uint8Array => provider.sha256(new TextEncoder().encode(name));
const keyOf = async (name: string): Promise<Uint8Array> => (await provider.ed25519KeyPair(seedOf(name))).publicKey;

let alice: AccountId;
/** Of the phone alone; with a laptop; the laptop alone. */
let chains: readonly [Uint8Array, Uint8Array, Uint8Array];
let laptopKey: string;

beforeAll(async () => {
  const [phone, laptop] = [await keyOf("phone"), await keyOf("laptop")];
  const made = await createIdentity(provider, { recoverySeed: seedOf("words"), deviceSeed: seedOf("phone"), now: NOW });
  const extend = async (chain: Uint8Array, input: Omit<Parameters<typeof extendIdentity>[2], "now">) =>
    expectOk(await extendIdentity(provider, chain, { ...input, now: NOW + 1_000 }), "chain");
  const both = await extend(made.chain, {
    action: { kind: "add-device", by: phone, deviceKey: laptop },
    seeds: [seedOf("phone"), seedOf("laptop")],
  });
  const last = await extend(both, {
    action: { kind: "remove-device", by: laptop, deviceKey: phone },
    seeds: [seedOf("laptop")],
  });
  alice = made.accountId;
  chains = [made.chain, both, last];
  laptopKey = bytesToHex(laptop);
});

test("[ID21] [DV35] who is known by an old invitation, and has other devices here, is not taken for somebody who has none", () => {
  const leaf = { leafKey: "aa", account: alice, deviceKey: laptopKey, chain: chains[2] };
  const side = { leaves: [leaf] } as unknown as Side;
  expect(isPeerOut(side, alice, chains[0])).toBe(true);
  const { chain, notices } = chainOfLeaves(core, { accountId: alice, chain: chains[0] }, side.leaves);
  expect(chain).toEqual(chains[2]);
  expect(isPeerOut(side, alice, chain)).toBe(false);
  expect(notices).toMatchObject([{ kind: "identity", change: "newer" }]);
});

test("[ID21] the chain of the day when a leaf was made takes nothing back, and is no news", () => {
  const leaves = [chains[0], chains[1]].map((chain) => ({ account: alice, chain }));
  expect(chainOfLeaves(core, { accountId: alice, chain: chains[2] }, leaves)).toEqual({
    chain: chains[2],
    notices: [],
  });
  expect(chainOfLeaves(core, { accountId: alice, chain: new Uint8Array(0) }, leaves).chain).toEqual(chains[1]);
  const others = [{ account: "somebody", chain: chains[1] }];
  expect(chainOfLeaves(core, { accountId: alice, chain: chains[0] }, others).chain).toEqual(chains[0]);
});
