import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Action } from "./operation.ts";
import { judgePinned } from "./pin.ts";
import { keyOf, mustExtend, newPerson, truncations, type Person } from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Person;
let laptop: Uint8Array;
let two: Uint8Array;
let laptopRemoved: Uint8Array;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  laptop = await keyOf(provider, "laptop");
  const add: Action = { kind: "add-device", by: alice.deviceKey, deviceKey: laptop };
  const remove: Action = { kind: "remove-device", by: alice.deviceKey, deviceKey: laptop };
  two = await mustExtend(provider, alice.chain, add, "alice phone", "laptop");
  laptopRemoved = await mustExtend(provider, two, remove, "alice phone");
});

const pinnedAs = (chain: Uint8Array, isConflicting = false) => ({ ok: true, value: { chain, isConflicting } });
const refused = (reason: string) => ({ ok: false, error: { reason } });

describe("a pinned chain", () => {
  it("[ID21] moves on with a chain that extends it", () => {
    expect(judgePinned(alice.chain, { chain: two, deviceKey: laptop })).toEqual(pinnedAs(two));
    expect(judgePinned(two, { chain: two, deviceKey: laptop })).toEqual(pinnedAs(two));
  });

  it("[ID21] a removed device does not come back with the chain of the day before", () => {
    expect(judgePinned(laptopRemoved, { chain: two, deviceKey: laptop })).toEqual(refused("device-removed"));
  });

  it("[ID21] a device that is behind but still listed is let in, and does not move the pin back", () => {
    expect(judgePinned(laptopRemoved, { chain: alice.chain, deviceKey: alice.deviceKey })).toEqual(
      pinnedAs(laptopRemoved),
    );
  });

  it("[ID21] a thief's fork adds nothing, and is shown", async () => {
    const thief = await keyOf(provider, "thief");
    const add: Action = { kind: "add-device", by: laptop, deviceKey: thief };
    const stolen = await mustExtend(provider, two, add, "laptop", "thief");
    expect(judgePinned(laptopRemoved, { chain: stolen, deviceKey: thief })).toEqual(refused("device-removed"));
    expect(judgePinned(laptopRemoved, { chain: stolen, deviceKey: laptop })).toEqual(refused("device-removed"));
    const byPhone = judgePinned(laptopRemoved, { chain: stolen, deviceKey: alice.deviceKey });
    expect(byPhone).toEqual(pinnedAs(laptopRemoved, true));
  });

  it("[ID21] recovery takes the account back, and the thief's branch is out", async () => {
    const recover: Action = {
      kind: "recover",
      deviceKey: await keyOf(provider, "new"),
      keptDevices: [alice.deviceKey],
    };
    const recovered = await mustExtend(provider, alice.chain, recover, "alice recovery", "new");
    expect(judgePinned(two, { chain: recovered, deviceKey: await keyOf(provider, "new") })).toEqual(
      pinnedAs(recovered),
    );
    expect(judgePinned(recovered, { chain: two, deviceKey: laptop })).toEqual(refused("device-removed"));
    expect(judgePinned(recovered, { chain: two, deviceKey: alice.deviceKey })).toEqual(pinnedAs(recovered));
  });

  it("[ID21] is for one account, and reads anything without a throw", async () => {
    const bob = await newPerson(provider, "bob");
    expect(judgePinned(two, bob)).toEqual(refused("another-account"));
    for (const chain of truncations(two)) {
      expect(judgePinned(alice.chain, { chain, deviceKey: laptop })).toEqual(refused("chain-malformed"));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (chain) => {
        expect(judgePinned(two, { chain, deviceKey: laptop }).ok).toBe(false);
      }),
    );
  });
});
