/** A leaf key that others never saw, and what its device says again under it. */
import { bytesToHex } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { createIdentity, makeLeafCredential, rightsAt, type AccountId } from "@xchat/protocol";
import { beforeAll, expect, test } from "vitest";
import type { StoreChange } from "../ports.ts";
import { takeFormerLeaf } from "./former-leaf.ts";
import type { Roster, RosterLeaf } from "./roster.ts";
import type { Step } from "./step.ts";

const provider = nodeCryptoProvider();
const NOW = 1_795_512_600_000;
const DAY = 86_400_000;
const seedOf = (name: string): Uint8Array => provider.sha256(new TextEncoder().encode(name));
const keyOf = async (name: string): Promise<Uint8Array> => (await provider.ed25519KeyPair(seedOf(name))).publicKey;

interface Person {
  readonly account: AccountId;
  readonly chain: Uint8Array;
  readonly deviceKey: string;
}
let alice: Person;
let bob: Person;
let former: Uint8Array;
/** Of Alice's device, for the former leaf. */
let credential: Uint8Array;

const personOf = async (name: string): Promise<Person> => {
  const made = await createIdentity(provider, {
    recoverySeed: seedOf(`${name}'s words`),
    deviceSeed: seedOf(name),
    now: NOW,
  });
  return { account: made.accountId, chain: made.chain, deviceKey: bytesToHex(await keyOf(name)) };
};
const credentialOf = (name: string, { chain }: Person, now = NOW): Promise<Uint8Array> =>
  makeLeafCredential(provider, {
    chain,
    deviceSeed: seedOf(name),
    leafPublicKey: former,
    now,
    lifetimeMs: 30 * DAY,
  });

beforeAll(async () => {
  alice = await personOf("alice");
  bob = await personOf("bob");
  former = await keyOf("former leaf");
  credential = await credentialOf("alice", alice);
});

interface Room {
  readonly step: Step;
  readonly changes: readonly StoreChange[];
  readonly roster: () => Roster;
}

/** Alice's leaf "aa" and Bob's "bb", as a third member sees them; Alice may but react. */
function room(say: "write" | "react" = "write", others = 0): Room {
  const leafOf = (account: AccountId): RosterLeaf => ({ account, since: 3, joinedAt: 40, joinedOn: NOW });
  const leaves = new Map([
    ["aa", leafOf(alice.account)],
    ["bb", leafOf(bob.account)],
    ...Array.from({ length: others }, (_, i) => [`a${i}`, leafOf(alice.account)] as const),
  ]);
  const spans = new Map([["aa", [{ from: 0, say, mayPin: false }]]]);
  const changes: StoreChange[] = [];
  const side = {
    leaves: [
      { leafKey: "aa", account: alice.account, deviceKey: alice.deviceKey },
      { leafKey: "bb", account: bob.account, deviceKey: bob.deviceKey },
    ],
  };
  const step = {
    id: "cc",
    core: { provider, clock: { now: () => NOW + DAY } },
    changes,
    state: { side, roster: { leaves, rights: { spans }, people: new Map(), lineDepth: 0 } },
    set(part: object) {
      step.state = { ...step.state, ...part };
    },
  };
  return { step: step as unknown as Step, changes, roster: () => step.state.roster as unknown as Roster };
}

const taken = async (from: string, given: Uint8Array, into = room(), leafKey = former): Promise<Room> => {
  await takeFormerLeaf(into.step, from, { kind: "former-leaf", leafKey, credential: given });
  return into;
};
const isKnown = ({ roster }: Room): boolean => roster().leaves.has(bytesToHex(former));

test("[LG19] a device that came in where the others were not says whose key it had there", async () => {
  const { roster, changes } = await taken("aa", credential);
  expect(roster().leaves.get(bytesToHex(former))).toEqual(roster().leaves.get("aa"));
  // For those who are given the past later.
  expect(changes).toMatchObject([{ put: "part", record: { kind: "past-credential", value: credential } }]);
});

test("[LG19] it counts for the device that hands it over, and by its certificate alone", async () => {
  expect(isKnown(await taken("bb", credential))).toBe(false);
  expect(isKnown(await taken("dd", credential))).toBe(false);
  expect(isKnown(await taken("aa", await credentialOf("bob", bob)))).toBe(false);
  expect(isKnown(await taken("aa", await credentialOf("alice", alice, NOW - 60 * DAY)))).toBe(false);
  expect(isKnown(await taken("aa", credential, room(), await keyOf("another leaf")))).toBe(false);
  const flipped = credential.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
  expect(isKnown(await taken("aa", flipped))).toBe(false);
  expect(isKnown(await taken("aa", new Uint8Array(9)))).toBe(false);
});

test("[LG19] under it nobody may say more than they may now, nor bring keys without end", async () => {
  const { roster } = await taken("aa", credential, room("react"));
  expect(rightsAt(roster().rights, bytesToHex(former), 7)).toMatchObject({ say: "react", mayPin: false });
  expect(isKnown(await taken("aa", credential, room("write", 62)))).toBe(true);
  expect(isKnown(await taken("aa", credential, room("write", 63)))).toBe(false);
});
