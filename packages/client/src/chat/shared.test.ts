import { anyValue, encode } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { decodeShared, encodeShared, newShared } from "./shared.ts";

const key = new Uint8Array(32).fill(7);
const raw = (value: unknown): Uint8Array => encode(anyValue({ depth: 4, entries: 64 }), value as never);

describe("the state of a chat outside MLS and log", () => {
  it("survives the store", () => {
    const shared = {
      ...newShared(key),
      plan: ["policy", "path"] as const,
      nextPolicy: new Uint8Array([1]),
      readCount: 3,
    };
    expect(decodeShared(encodeShared(shared))).toEqual(shared);
  });

  it("what the version before has written is read, a commit on its way included", () => {
    const commit = ["outbox id", 4, new Uint8Array([1]), new Uint8Array([2])];
    expect(decodeShared(raw([1, key, true, 2, 3, 4, 5, 6, [1], null, commit]))).toEqual({
      ...newShared(key),
      theyMayDirect: true,
      theirConsentRevision: 2,
      ownConsentRevision: 3,
      ownProfileRevision: 4,
      theirProfileRevision: 5,
      readCount: 6,
      plan: ["path"],
      pendingCommit: {
        outboxId: "outbox id",
        epoch: 4,
        epochPart: new Uint8Array([1]),
        ratchetPart: new Uint8Array([2]),
        policy: null,
      },
    });
  });

  it("what a newer version has written is refused", () => {
    expect(() => decodeShared(raw([3, key]))).toThrow();
  });
});
