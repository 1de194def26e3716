/** A person with words, devices and an address book, from seeds. For tests and vectors only. */
import { deriveBranch, type CryptoProvider } from "@xchat/crypto";
import { hintOf } from "../first-contact/test-actors.ts";
import { createIdentity } from "../identity/chain.ts";
import { NOW, seedOf } from "../identity/test-actors.ts";
import type { BackupContact, BackupContent, BackupConversation } from "./backup-content.ts";

export interface Owner {
  readonly name: string;
  readonly entropy: Uint8Array;
  readonly deviceSeed: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly chain: Uint8Array;
}

/** The seed of the first device is that of `${name} phone`, so that `mustExtend` can sign for it. */
export async function newOwner(provider: CryptoProvider, name: string): Promise<Owner> {
  const entropy = seedOf(provider, `${name} words`);
  const deviceSeed = seedOf(provider, `${name} phone`);
  const recoverySeed = deriveBranch(provider, entropy, "identity-recovery");
  const { chain } = await createIdentity(provider, { recoverySeed, deviceSeed, now: NOW });
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  return { name, entropy, deviceSeed, deviceKey, chain };
}

const contactOf = (provider: CryptoProvider, n: number, petname = `Contact number ${n}`): BackupContact => ({
  account: seedOf(provider, `contact ${n}`),
  petname,
  pin: { length: 2, head: seedOf(provider, `head ${n}`), recoveries: 0 },
  isVerified: n % 3 === 0,
  isBlocked: false,
  direct: "unset",
});

export const conversationOf = (provider: CryptoProvider, n: number, kind: "pair" | "group"): BackupConversation => ({
  conversation: seedOf(provider, `conversation ${n}`),
  kind,
  account: kind === "pair" ? seedOf(provider, `contact ${n}`) : null,
  name: kind === "group" ? `Group number ${n}` : null,
  ownName: null,
  nodes: [n % 5, 5, 6],
  rejoin: { number: n, seed: seedOf(provider, `rejoin ${n}`) },
  isArchived: false,
  rank: n < 3 ? n : null,
  mutedUntil: null,
  read: { depth: 1_000 + n, id: seedOf(provider, `read ${n}`) },
});

export function contentOf(
  provider: CryptoProvider,
  owner: Owner,
  counts: { readonly contacts: number; readonly conversations: number } = { contacts: 3, conversations: 2 },
): BackupContent {
  return {
    counter: 7,
    hour: Math.floor(NOW / 3_600_000),
    chain: owner.chain,
    name: owner.name,
    picture: null,
    deviceName: "phone",
    ownNodes: 3,
    nodes: Array.from({ length: 10 }, (_, n) => hintOf(provider, `node-${n}`)),
    contacts: Array.from({ length: counts.contacts }, (_, n) => contactOf(provider, n)),
    conversations: Array.from({ length: counts.conversations }, (_, n) =>
      conversationOf(provider, n, n % 2 === 0 ? "pair" : "group"),
    ),
    settings: [{ name: "language", value: "de" }],
  };
}
