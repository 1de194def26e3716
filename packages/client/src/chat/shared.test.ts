import { anyValue, encode } from "@xchat/codec";
import { accountIdOfBytes, encodePolicy, pairPolicy } from "@xchat/protocol";
import { describe, expect, it } from "vitest";
import { decodeShared, encodeShared, newShared } from "./shared.ts";

const key = new Uint8Array(32).fill(7);
const account = accountIdOfBytes(key);
const raw = (value: unknown): Uint8Array => encode(anyValue({ depth: 4, entries: 64 }), value as never);

describe("the state of a chat outside MLS and log", () => {
  it("survives the store", () => {
    const shared = {
      ...newShared(),
      wishes: [
        { id: "1", change: { kind: "add", account, keyPackages: [new Uint8Array(4)] } },
        { id: "2", change: { kind: "state", change: { kind: "info", name: "Choir", description: null } } },
        { id: "3", change: { kind: "state", change: { kind: "role", account, role: "admin" } } },
        { id: "4", change: { kind: "remove", account } },
      ],
      readCount: 3,
    } as const;
    expect(decodeShared(encodeShared(shared))).toEqual({ shared, before: null });
  });

  it("what the version before has written is read, and the yes that was on its way is said again", () => {
    const homeNodes = [{ address: "wss://node.example/x", keyHash: new Uint8Array(32).fill(9) }];
    const policy = encodePolicy({
      ...pairPolicy({ requester: key, accepter: new Uint8Array(32).fill(8), homeNodes }),
      isAccepted: true,
    });
    const commit = ["outbox id", 4, new Uint8Array([1]), new Uint8Array([2]), policy];
    expect(decodeShared(raw([2, key, true, 2, 3, 4, 5, 6, [], null, commit, new Uint8Array(0), []]))).toEqual({
      shared: {
        ...newShared(),
        ownConsentRevision: 3,
        ownProfileRevision: 4,
        readCount: 6,
        wishes: [{ id: "accept", change: { kind: "state", change: { kind: "accept", homeNodes } } }],
      },
      before: { peerLeafKey: key, theyMayDirect: true, theirConsentRevision: 2, theirProfileRevision: 5 },
    });
    expect(decodeShared(raw([1, key, true, 2, 3, 4, 5, 6, [1], null, null])).shared.wishes).toEqual([]);
  });

  it("what a newer version has written is refused", () => {
    expect(() => decodeShared(raw([4, key]))).toThrow();
  });
});
