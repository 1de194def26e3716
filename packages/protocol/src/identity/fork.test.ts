import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { devicesWhileConflicting, extendsChain } from "./fork.ts";
import type { Action } from "./operation.ts";
import { bitFlips, keyOf, mustExtend, newPerson, truncations, type Person } from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Person;
let laptop: Uint8Array;
/** phone and laptop: where the thief of the laptop and Alice part */
let fork: Uint8Array;
let byAlice: Uint8Array;
let byThief: Uint8Array;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  laptop = await keyOf(provider, "laptop");
  fork = await mustExtend(provider, alice.chain, add(alice.deviceKey, laptop), "alice phone", "laptop");
  byAlice = await mustExtend(provider, fork, remove(alice.deviceKey, laptop), "alice phone");
  byThief = await mustExtend(provider, fork, add(laptop, await keyOf(provider, "thief")), "laptop", "thief");
  byThief = await mustExtend(provider, byThief, remove(laptop, alice.deviceKey), "laptop");
});

const add = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "add-device", by, deviceKey });
const remove = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "remove-device", by, deviceKey });
const recoverWith = async (chain: Uint8Array, device: string, words = "alice recovery"): Promise<Uint8Array> =>
  mustExtend(
    provider,
    chain,
    { kind: "recover", deviceKey: await keyOf(provider, device), keptDevices: [] },
    words,
    device,
  );
const rotateTo = async (chain: Uint8Array, next: string, words = "alice recovery"): Promise<Uint8Array> =>
  mustExtend(provider, chain, { kind: "rotate", recoveryKey: await keyOf(provider, next) }, words, next);

const refused = (reason: string) => ({ ok: false, error: { reason } });
const accepted = (value: string) => ({ ok: true, value });

describe("two chains of one account", () => {
  it("[ID9] a longer chain with the same beginning extends, and a beginning is a rollback", () => {
    expect(extendsChain(fork, fork)).toEqual(accepted("same"));
    expect(extendsChain(alice.chain, byAlice)).toEqual(accepted("extends"));
    expect(extendsChain(byAlice, fork)).toEqual(refused("chain-rolled-back"));
  });

  it("[ID9] chains of two accounts never extend one another", async () => {
    const bob = await newPerson(provider, "bob");
    expect(extendsChain(alice.chain, bob.chain)).toEqual(refused("another-account"));
    expect(devicesWhileConflicting(alice.chain, bob.chain)).toEqual(refused("another-account"));
  });

  it("[ID12] what two devices say against each other is a conflict, in both directions", () => {
    expect(extendsChain(byAlice, byThief)).toEqual(refused("conflicting-chains"));
    expect(extendsChain(byThief, byAlice)).toEqual(refused("conflicting-chains"));
  });

  it("[ID12] in a conflict additions are frozen and removals hold", async () => {
    const tablet = await keyOf(provider, "tablet");
    const before = await mustExtend(provider, fork, add(laptop, tablet), "laptop", "tablet");
    const one = await mustExtend(provider, before, remove(alice.deviceKey, laptop), "alice phone");
    const stranger = await keyOf(provider, "thief");
    const other = await mustExtend(provider, before, add(laptop, stranger), "laptop", "thief");
    const left = devicesWhileConflicting(one, other);
    if (!left.ok) throw new Error("test chains");
    expect(left.value.map(({ deviceKey }) => deviceKey)).toEqual([alice.deviceKey, tablet]);
  });

  it("[ID10] a recovery overrules whatever devices did after the fork, however long", async () => {
    const recovered = await recoverWith(alice.chain, "new phone");
    expect(extendsChain(byThief, recovered)).toEqual(accepted("overrules"));
    expect(extendsChain(recovered, byThief)).toEqual(refused("chain-overruled"));
    const rotated = await rotateTo(fork, "new words");
    expect(extendsChain(byThief, rotated)).toEqual(accepted("overrules"));
    expect(extendsChain(rotated, byThief)).toEqual(refused("chain-overruled"));
  });

  it("[ID11] words that were rotated away do not undo their rotation", async () => {
    const rotated = await rotateTo(fork, "new words");
    const byOldWords = await recoverWith(await recoverWith(fork, "thief 1"), "thief 2");
    expect(extendsChain(rotated, byOldWords)).toEqual(refused("chain-overruled"));
    expect(extendsChain(byOldWords, rotated)).toEqual(accepted("overrules"));
  });

  it("[ID11] of two recoveries the one that was followed by another recovery wins; equals conflict", async () => {
    const one = await recoverWith(fork, "new phone");
    const other = await recoverWith(fork, "other phone");
    expect(extendsChain(one, other)).toEqual(refused("conflicting-chains"));
    const decided = await recoverWith(other, "third phone");
    expect(extendsChain(one, decided)).toEqual(accepted("overrules"));
    expect(extendsChain(decided, one)).toEqual(refused("chain-overruled"));
  });

  it("[ID12] two rotations of the same words stay a conflict", async () => {
    const one = await rotateTo(fork, "new words");
    const other = await rotateTo(await recoverWith(fork, "thief"), "words of a thief");
    expect(extendsChain(one, other)).toEqual(refused("conflicting-chains"));
    expect(extendsChain(other, one)).toEqual(refused("conflicting-chains"));
  });

  it("[ID10] no two chains overrule each other", async () => {
    const chains = [
      alice.chain,
      fork,
      byAlice,
      byThief,
      await recoverWith(fork, "new phone"),
      await recoverWith(byThief, "other phone"),
      await rotateTo(byAlice, "new words"),
      await recoverWith(await rotateTo(fork, "new words"), "late phone", "new words"),
    ];
    for (const a of chains) {
      for (const b of chains) {
        if (a === b) continue;
        expect(extendsChain(a, b).ok && extendsChain(b, a).ok).toBe(false);
      }
    }
  });

  it("reads damaged chains without a throw", () => {
    for (const cut of truncations(byAlice)) expect(extendsChain(fork, cut).ok).toBe(false);
    for (const flipped of bitFlips(byAlice, 500)) {
      extendsChain(fork, flipped);
      devicesWhileConflicting(flipped, byThief);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
        expect(extendsChain(fork, random).ok || extendsChain(random, fork).ok).toBe(false);
      }),
    );
  });
});
