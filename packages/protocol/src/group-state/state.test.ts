import { bytesToHex, encode, expectOk, hexToBytes, type CborValue } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePolicy, pairPolicy } from "../conversation/policy.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import {
  decodeGroupState,
  encodeGroupState,
  MAX_GROUP_STATE_BYTES,
  newDevicesState,
  OPEN_PERMISSIONS,
  sortedAccounts,
  type GroupState,
} from "./state.ts";
import { accountOf, groupOf, hashOf, HOME } from "./test-actors.node.ts";

const [one, other] = sortedAccounts([accountOf("ada"), accountOf("bob")]) as [never, never];
const pair: GroupState = {
  ...groupOf("ada"),
  kind: "pair",
  owner: null,
  name: null,
  pair: { accounts: [one, other], requester: other, isAccepted: false },
};

const full = groupOf("ada", ["bob", "cy"], {
  leaving: [accountOf("dan")],
  description: "Tuesdays at seven.\nBring your own scores.",
  picture: { blob: hashOf("picture"), key: hashOf("key"), size: 20_000 },
  permissions: { write: "admins", add: "everyone", info: "owner", pin: "admins" },
  disappearAfter: 604_800,
  links: [
    {
      hash: hashOf("a"),
      seed: hashOf("seed a"),
      by: accountOf("ada"),
      needsApproval: true,
      expiresAt: 1_800_000_000_000,
      isRevoked: false,
    },
    {
      hash: hashOf("b"),
      seed: hashOf("seed b"),
      by: accountOf("bob"),
      needsApproval: false,
      expiresAt: null,
      isRevoked: true,
    },
  ].toSorted((a, b) => (a.hash < b.hash ? -1 : 1)),
  rejoin: [
    { number: 3, seed: hashOf("3") },
    { number: 1, seed: hashOf("1") },
  ],
  capabilities: ["calls"],
  extensions: new Map<number | string, CborValue>([["later", new Map([["x", [1, "two", filled(3)]]])]]),
});

const roundTrip = (state: GroupState): GroupState => expectOk(decodeGroupState(encodeGroupState(state)), "state");
const refusal = (over: Partial<GroupState>, base: GroupState = full): string => {
  try {
    encodeGroupState({ ...base, ...over });
    return "ok";
  } catch (error) {
    return (error as Error).message;
  }
};

/** Writes what the codec would not: `change` edits the fields as they lie in the array. */
function forged(change: (fields: CborValue[]) => void, base: GroupState = full): string {
  const fields = written(base);
  change(fields);
  const decoded = decodeGroupState(encode({ write: () => fields, read: () => fields }, fields));
  return decoded.ok ? "ok" : decoded.error.reason;
}

/** The fields in their order, as values. */
const written = (state: GroupState): CborValue[] => {
  const bytesOf = (id: GroupState["admins"][number]): Uint8Array => accountIdToBytes(id);
  const hex = (value: string): Uint8Array => expectOk(hexToBytes(value), "hex");
  const HOLDERS = ["everyone", "admins", "owner"];
  const { permissions: p, picture } = state;
  return [
    2,
    ["pair", "group", "devices"].indexOf(state.kind),
    state.protocolVersion,
    state.homeNodes.map(({ address, keyHash }) => [address, keyHash]),
    state.pair && [state.pair.accounts.map(bytesOf), bytesOf(state.pair.requester), state.pair.isAccepted],
    state.owner && bytesOf(state.owner),
    state.admins.map(bytesOf),
    state.leaving.map(bytesOf),
    state.name,
    state.description,
    picture && [hex(picture.blob), hex(picture.key), picture.size],
    [p.write, p.add, p.info, p.pin].map((who) => HOLDERS.indexOf(who)),
    state.disappearAfter,
    state.links.map(({ hash, seed, by, needsApproval, expiresAt, isRevoked }) => [
      hex(hash),
      hex(seed),
      bytesOf(by),
      needsApproval,
      expiresAt,
      isRevoked,
    ]),
    state.rejoin.map(({ number, seed }) => [number, hex(seed)]),
    [...state.capabilities],
    state.extensions,
  ];
};

describe("the state of a group", () => {
  it("[GS1] is an array of its fields in the order of the law", () => {
    for (const state of [full, pair, newDevicesState({ owner: one, homeNodes: HOME, rejoinSeed: hashOf("s") })]) {
      const fields = written(state);
      const encoded = encode({ write: () => fields, read: () => fields }, fields);
      expect(bytesToHex(encodeGroupState(state))).toBe(bytesToHex(encoded));
      expect(roundTrip(state)).toEqual(state);
    }
  });

  it("[GS1] the policy of a pair, version 1, is read and written as it was", () => {
    const policy = pairPolicy({
      requester: accountIdToBytes(other),
      accepter: accountIdToBytes(one),
      homeNodes: HOME,
    });
    const encoded = encodePolicy({ ...policy, disappearAfter: 60, extensions: new Map([["later", 1]]) });
    const state = expectOk(decodeGroupState(encoded), "version 1");
    expect(state).toEqual({
      ...pair,
      version: 1,
      rejoin: [],
      disappearAfter: 60,
      extensions: new Map([["later", 1]]),
    });
    expect(bytesToHex(encodeGroupState(state))).toBe(bytesToHex(encoded));
    expect(roundTrip({ ...state, version: 2 })).toEqual({ ...state, version: 2 });
    expect(() => encodeGroupState({ ...state, rejoin: full.rejoin })).toThrow("rejoin-needs-version-2");
  });

  it("[GS1] ranks in version 1, and versions to come, are refused", () => {
    const base = pairPolicy({ requester: accountIdToBytes(one), accepter: accountIdToBytes(other), homeNodes: HOME });
    const group = encodePolicy({ ...base, kind: "group", requester: null, isAccepted: true });
    expect(decodeGroupState(group)).toMatchObject({ ok: false, error: { reason: "not-a-pair" } });
    expect(forged((fields) => (fields[0] = 3))).toBe("unknown-version");
  });

  it("[GS2] one to three home nodes, none twice", () => {
    expect(refusal({ homeNodes: [] })).toBe("no-home-node");
    expect(refusal({ homeNodes: [...HOME, ...HOME] })).toBe("repeated-node");
    expect(forged((fields) => (fields[3] = [1, 2, 3, 4].map((i) => ["wss://a.example/", filled(32, i)])))).toBe(
      "too-many-entries",
    );
  });

  it("[GS3] lists ascend and repeat nothing, and the owner is no admin", () => {
    expect(refusal({ admins: full.admins.toReversed() })).toBe("admins-out-of-order");
    expect(refusal({ admins: [...full.admins, full.admins[1] as never] })).toBe("admins-out-of-order");
    expect(refusal({ leaving: [accountOf("dan"), accountOf("dan")] })).toBe("leaving-out-of-order");
    expect(refusal({ admins: sortedAccounts([accountOf("ada"), accountOf("bob")]) })).toBe("owner-among-admins");
    expect(refusal({ links: full.links.toReversed() })).toBe("links-out-of-order");
    expect(refusal({ rejoin: full.rejoin.toReversed() })).toBe("rejoin-out-of-order");
    expect(forged((fields) => (fields[6] = (fields[6] as Uint8Array[]).toReversed()))).toBe("admins-out-of-order");
  });

  it("[GS4] a pair is a pair, and nothing else is", () => {
    expect(refusal({ pair: pair.pair })).toBe("not-a-pair");
    expect(refusal({ pair: null }, pair)).toBe("pair-needs-two");
    expect(forged((fields) => ((fields[4] as CborValue[])[0] = [accountIdToBytes(one)]), pair)).toBe("pair-needs-two");
    expect(refusal({ pair: { ...(pair.pair as never as object), requester: accountOf("cy") } as never }, pair)).toBe(
      "bad-requester",
    );
    expect(refusal({ owner: one }, pair)).toBe("pair-has-ranks");
    expect(refusal({ name: "Us" }, pair)).toBe("pair-has-name");
    expect(refusal({ permissions: { ...OPEN_PERMISSIONS, write: "admins" } }, pair)).toBe("pair-has-permissions");
    expect(refusal({ kind: "devices" })).toBe("devices-have-one-owner");
  });

  it("[GS5] every part has its limit, and the whole", () => {
    expect(refusal({ name: "n".repeat(257) })).toBe("text-too-long");
    expect(refusal({ name: "" })).toBe("bad-name");
    expect(refusal({ name: "a\u202eb" })).toBe("bad-name");
    expect(refusal({ description: "d".repeat(1_001) })).toBe("text-too-long");
    expect(refusal({ description: "a\u0007b" })).toBe("bad-description");
    expect(forged((fields) => (fields[9] = "a\u202eb"))).toBe("bad-description");
    expect(forged((fields) => (fields[8] = "n".repeat(100_000)))).toBe("state-too-large");
    expect(refusal({ admins: sortedAccounts(Array.from({ length: 65 }, (_, i) => accountOf(`a${i}`))) })).toMatch(
      /longer/,
    );
    expect(forged((fields) => (fields[13] = Array.from({ length: 17 }, () => 0)))).toBe("too-many-entries");
    expect(forged((fields) => (fields[10] = [filled(32), filled(32), 262_145]))).toBe("number-too-large");
    expect(refusal({ extensions: new Map([["x", "y".repeat(MAX_GROUP_STATE_BYTES)]]) })).toBe("state-too-large");
  });

  it("[GS5] a state of a thousand people who all leave, with every other field full, still fits", () => {
    const state = groupOf("ada", [], {
      admins: sortedAccounts(Array.from({ length: 64 }, (_, i) => accountOf(`admin ${i}`))),
      leaving: sortedAccounts(Array.from({ length: 1_024 }, (_, i) => accountOf(`person ${i}`))),
      name: "n".repeat(256),
      description: "d".repeat(1_000),
      links: full.links,
    });
    expect(roundTrip(state)).toEqual(state);
  });

  it("[GS6] what this version does not know is kept", () => {
    expect(roundTrip(full).extensions.get("later")).toEqual(new Map([["x", [1, "two", filled(3)]]]));
    expect(forged((fields) => (fields[16] = [1]))).toBe("expected-map");
  });

  it("survives truncation, flipped bits and random bytes", async () => {
    await expectHardened(decodeGroupState, [encodeGroupState(full), encodeGroupState(pair)]);
  });

  it("whatever decodes is written back as the same bytes", () => {
    const encoded = encodeGroupState(full);
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), fc.nat(255), (at, value) => {
        const changed = encoded.slice();
        changed[at] = value;
        const decoded = decodeGroupState(changed);
        if (decoded.ok) expect(bytesToHex(encodeGroupState(decoded.value))).toBe(bytesToHex(changed));
      }),
      { numRuns: 2_000 },
    );
  });
});
