/** The rules over real identities: chains, certificates, and groups as the cipher's port describes them. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { encodePolicy, pairPolicy } from "../conversation/policy.ts";
import type { CommitChange, Member } from "../group/port.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { makeLeafCredential } from "../identity/certificate.ts";
import { keyOf, mustExtend, newPerson, NOW, seedOf, type Person } from "../identity/test-actors.ts";
import { filled } from "../hostile-input.node.ts";
import { judgeChange, refuseCommit } from "./conversation-rules.ts";
import { epochRanks, isDecree } from "./fork-facts.ts";
import { readLeaf, readLeaves, type GroupLeaf } from "./leaf.ts";
import { standing } from "./roles.ts";
import { decodeGroupState, encodeGroupState, newGroupState, sortedAccounts, type GroupState } from "./state.ts";
import { hashOf, HOME } from "./test-actors.node.ts";

const provider = nodeCryptoProvider();
let counter = 0;

/** A leaf with a fresh key, of the device with that seed, whose certificate names the given chain. */
async function member(chain: Uint8Array, device: string): Promise<Member> {
  const { publicKey } = await provider.ed25519KeyPair(seedOf(provider, `leaf ${counter}`));
  const credential = await makeLeafCredential(provider, {
    chain,
    deviceSeed: seedOf(provider, device),
    leafPublicKey: publicKey,
    now: NOW,
    lifetimeMs: 86_400_000,
  });
  return { leaf: counter++, credential, signatureKey: publicKey };
}

let ada: Person;
let bob: Person;
let adaPhone: Member;
let bobPhone: Member;
/** Bob's chain with a laptop, and the one after it in which the phone is out. */
let withLaptop: Uint8Array;
let phoneGone: Uint8Array;
let recovered: Uint8Array;
let group: GroupState;

beforeAll(async () => {
  [ada, bob] = [await newPerson(provider, "ada"), await newPerson(provider, "bob")];
  const laptop = await keyOf(provider, "bob laptop");
  const actionBy = { by: bob.deviceKey, deviceKey: laptop };
  withLaptop = await mustExtend(provider, bob.chain, { kind: "add-device", ...actionBy }, "bob phone", "bob laptop");
  const removal = { kind: "remove-device", by: laptop, deviceKey: bob.deviceKey } as const;
  phoneGone = await mustExtend(provider, withLaptop, removal, "bob laptop");
  const recovery = { kind: "recover", deviceKey: await keyOf(provider, "bob new"), keptDevices: [] } as const;
  recovered = await mustExtend(provider, bob.chain, recovery, "bob recovery", "bob new");
  [adaPhone, bobPhone] = [await member(ada.chain, "ada phone"), await member(bob.chain, "bob phone")];
  group = newGroupState({ owner: ada.accountId, homeNodes: HOME, name: "Choir", rejoinSeed: hashOf("seed") });
});

const change = (committer: Member, over: Partial<CommitChange> = {}): CommitChange => ({
  committer,
  added: [],
  removed: [],
  policy: null,
  isExternal: false,
  hasPath: true,
  ...over,
});
const refused = (over: CommitChange, members: readonly Member[] = [adaPhone, bobPhone], state: GroupState = group) =>
  refuseCommit({ members, policy: encodeGroupState(state) }, over);

describe("a group of real identities", () => {
  it("[GR5] [GR11] judges what the cipher describes", () => {
    expect(refused(change(adaPhone, { removed: [bobPhone] }))).toBeNull();
    expect(refused(change(bobPhone, { removed: [adaPhone] }))).toBe("removal-without-authority");
    expect(refused(change(bobPhone, { policy: filled(9) }))).toBe("policy-malformed");
    expect(refuseCommit({ members: [adaPhone], policy: filled(9) }, change(adaPhone))).toBe("policy-unreadable");
    expect(refused(change({ ...adaPhone, credential: filled(4) }))).toBe("credential-unreadable");
    expect(refused(change(adaPhone), [adaPhone, { ...bobPhone, credential: filled(4) }])).toBe("credential-unreadable");
    expect(refused(change(adaPhone, { added: [{ ...bobPhone, credential: filled(4) }] }))).toBe(
      "credential-unreadable",
    );
  });

  it("[GR6] [GR7] lets a device in that the chain has added, and none that it has removed", async () => {
    const laptop = await member(withLaptop, "bob laptop");
    expect(refused(change(bobPhone, { added: [laptop] }))).toBeNull();
    expect(refused(change(adaPhone, { added: [laptop] }))).toBe("device-of-another");
    // The laptop's leaf knows that the phone is out: with the chain of before, the phone does not come back beside it.
    const after = await member(phoneGone, "bob laptop");
    expect(refused(change(after, { added: [await member(withLaptop, "bob phone")] }), [adaPhone, after])).toBe(
      "device-removed",
    );
    // One device has one leaf, also of somebody who comes in anew.
    const again = await member(withLaptop, "bob laptop");
    expect(refused(change(adaPhone, { added: [after, again] }), [adaPhone])).toBe("device-already-in");
  });

  it("[GR4] lets a device take the place of its own leaf, and nobody else's", async () => {
    const back = await member(bob.chain, "bob phone");
    expect(refused(change(back, { isExternal: true, removed: [bobPhone] }))).toBeNull();
    expect(refused(change(back, { isExternal: true, removed: [adaPhone] }))).toBe("external-not-own-leaf");
    const laptop = await member(withLaptop, "bob laptop");
    expect(refused(change(laptop, { isExternal: true, removed: [bobPhone] }))).toBe("external-not-own-leaf");
  });

  it("[GR4] lets the new device of somebody who lost all take the place of one that recovery has put out", async () => {
    const fresh = await member(recovered, "bob new");
    const judged = judgeChange(
      { members: [adaPhone, bobPhone], policy: encodeGroupState(group) },
      change(fresh, { isExternal: true, removed: [bobPhone] }),
    );
    expect(judged.ok && judged.value.whatHappened).toMatchObject([{ kind: "rejoined", account: bob.accountId }]);
    // And the thief of the old phone does not come back with the chain of before.
    const thief = await member(bob.chain, "bob phone");
    expect(refused(change(thief, { isExternal: true, removed: [fresh] }), [adaPhone, fresh])).toBe(
      "external-not-own-leaf",
    );
    const both = [adaPhone, fresh, bobPhone];
    expect(refused(change(thief, { isExternal: true, removed: [bobPhone] }), both)).toBe("device-removed");
    expect(refused(change(fresh, { removed: [bobPhone] }), both)).toBeNull();
  });
});

describe("a pair", () => {
  const accepted = () => {
    const policy = pairPolicy({
      requester: accountIdToBytes(ada.accountId),
      accepter: accountIdToBytes(bob.accountId),
      homeNodes: HOME,
    });
    const state = decodeGroupState(encodePolicy({ ...policy, isAccepted: true }));
    if (!state.ok) throw new Error(state.error.reason);
    return state.value;
  };

  it("[GS1] of version 1 or 2 keeps its own rules, and may be raised", () => {
    const pair = accepted();
    const next: GroupState = { ...pair, version: 2, rejoin: [{ number: 0, seed: hashOf("seed") }] };
    const members = [adaPhone, bobPhone];
    for (const by of members) {
      const judged = judgeChange(
        { members, policy: encodeGroupState(pair) },
        change(by, { policy: encodeGroupState(next) }),
      );
      expect(judged.ok && judged.value.whatHappened).toEqual([
        { kind: "rejoin-renewed" },
        { kind: "upgraded", version: 2 },
      ]);
    }
    for (const state of [pair, next]) {
      expect(refused(change(adaPhone), members, state)).toBeNull();
      expect(refused(change(adaPhone, { removed: [bobPhone] }), members, state)).toBe("removes-another-account");
      expect(refused(change(adaPhone, { policy: encodeGroupState(group) }), members, state)).toBe("policy-fixed-field");
      expect(refused(change(adaPhone, { policy: filled(3) }), members, state)).toBe("policy-malformed");
    }
    expect(refused(change(adaPhone, { policy: encodeGroupState(pair) }), members, next)).toBe("policy-version-back");
    const taken: GroupState = { ...next, pair: { ...(next.pair as never as object), isAccepted: false } as never };
    expect(refused(change(bobPhone, { policy: encodeGroupState(taken) }), members, next)).toBe("acceptance-reversed");
  });

  it("[GR4] takes back somebody who has lost every device", async () => {
    const fresh = await member(recovered, "bob new");
    const members = [adaPhone, bobPhone];
    expect(refused(change(fresh, { isExternal: true, removed: [bobPhone] }), members, accepted())).toBeNull();
    expect(refused(change(fresh, { isExternal: true, removed: [adaPhone] }), members, accepted())).toBe(
      "external-not-own-leaf",
    );
  });
});

describe("what the fork rule asks", () => {
  const leavesOf = (...members: readonly Member[]): readonly GroupLeaf[] => readLeaves(members) as never;
  const hex = (person: Person): string => Buffer.from(accountIdToBytes(person.accountId)).toString("hex");

  it("[GR1] ranks are those of who is here", () => {
    const state = { ...group, admins: sortedAccounts([bob.accountId]) };
    const both = epochRanks(standing(state, leavesOf(adaPhone, bobPhone)));
    expect([...both.roles]).toEqual([
      [hex(ada), "owner"],
      [hex(bob), "admin"],
    ]);
    expect([...epochRanks(standing(state, leavesOf(adaPhone))).roles]).toEqual([[hex(ada), "owner"]]);
    expect(both.homeNodes).toHaveLength(1);
  });

  it("[GR10] a decree takes something from somebody else", () => {
    const state = { ...group, admins: sortedAccounts([bob.accountId]) };
    const before = standing(state, leavesOf(adaPhone, bobPhone));
    const commit = {
      committer: readLeaf(adaPhone) as GroupLeaf,
      added: [],
      removed: [],
      state: null,
      isExternal: false,
    };
    const decrees = (after: GroupState, removed: readonly Member[] = []): boolean =>
      isDecree(before, { after, leaves: leavesOf(adaPhone, bobPhone) }, { ...commit, removed: leavesOf(...removed) });
    expect(decrees(state)).toBe(false);
    expect(decrees({ ...state, name: "Other" })).toBe(false);
    expect(decrees(state, [bobPhone])).toBe(true);
    expect(decrees({ ...state, admins: [] })).toBe(true);
    const leaving = standing({ ...state, leaving: [bob.accountId] }, leavesOf(adaPhone, bobPhone));
    const farewell = { ...commit, removed: leavesOf(bobPhone) };
    expect(isDecree(leaving, { after: leaving.state, leaves: leavesOf(adaPhone) }, farewell)).toBe(false);
    expect(decrees({ ...state, homeNodes: [{ address: "wss://b.example/", keyHash: filled(32, 9) }] })).toBe(true);
    expect(decrees({ ...state, homeNodes: [...HOME, { address: "wss://b.example/", keyHash: filled(32, 9) }] })).toBe(
      false,
    );
  });
});

describe("hostile commits", () => {
  it("are judged, whatever their bytes: flipped, cut short or made up", () => {
    const pair = pairPolicy({
      requester: accountIdToBytes(ada.accountId),
      accepter: accountIdToBytes(bob.accountId),
      homeNodes: HOME,
    });
    const asVersion2 = decodeGroupState(encodePolicy({ ...pair, isAccepted: true }));
    if (!asVersion2.ok) throw new Error(asVersion2.error.reason);
    const states = [group, asVersion2.value, { ...asVersion2.value, version: 2 as const }].map(encodeGroupState);
    const mangled = fc
      .tuple(fc.constantFrom(...states), fc.nat(), fc.nat(255), fc.option(fc.nat()))
      .map(([bytes, at, value, length]) => {
        const copy = bytes.slice();
        copy[at % copy.length] = value;
        return length === null ? copy : copy.slice(0, length % copy.length);
      });
    const anything = fc.oneof(mangled, fc.uint8Array({ maxLength: 200 }));
    const credential = fc.oneof(
      fc.constantFrom(adaPhone.credential, bobPhone.credential),
      fc.nat(adaPhone.credential.length).map((length) => adaPhone.credential.slice(0, length)),
    );
    const judge = (before: Uint8Array, policy: Uint8Array | null, bytes: Uint8Array, isExternal: boolean) =>
      judgeChange(
        { members: [adaPhone, bobPhone], policy: before },
        change({ ...bobPhone, credential: bytes }, { policy, isExternal, removed: isExternal ? [bobPhone] : [] }),
      );
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...states), anything),
        fc.option(anything),
        credential,
        fc.boolean(),
        (...input) => {
          const judged = judge(...input);
          if (!judged.ok) expect(judged.error.reason).toMatch(/^[a-z-]+$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
