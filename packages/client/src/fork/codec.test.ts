/** The pieces in the store: each comes back as it was, and what is damaged is refused with a code. */
import { expect, test } from "vitest";
import {
  decodeHeadPart,
  decodeOwnPart,
  decodePieces,
  decodeReceiptPart,
  decodeRoot,
  decodeSnapshot,
  decodeTreeCommit,
  encodeHeadPart,
  encodeOwnPart,
  encodePieces,
  encodeReceiptPart,
  encodeRoot,
  encodeSnapshot,
  encodeTreeCommit,
} from "./codec.ts";
import type { EpochPlace } from "./state.ts";

const hex = (n: number): string => n.toString(16).padStart(64, "0");
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

const place: EpochPlace = {
  number: 7,
  name: hex(1),
  wrapKey: filled(32, 2),
  nodes: [
    {
      hint: { address: "wss://node.example/", keyHash: filled(32, 3) },
      mailbox: { seed: filled(32, 4), publicKey: filled(32, 5) },
    },
  ],
};
const member = { leaf: filled(32, 9) };
const policy = { homeNodes: [hex(3)], roles: new Map([[hex(10), "owner" as const]]) };
const candidate = {
  id: hex(1),
  parent: hex(2),
  author: hex(3),
  account: hex(4),
  kind: "removal" as const,
  isDecree: true,
  previous: { sequence: 3, id: hex(5) },
  rank: hex(6),
  removes: [{ leaf: hex(7), account: hex(8) }],
  policy,
};
const mlsMember = { leaf: 1, credential: filled(9, 1), signatureKey: member.leaf };

const CASES: Readonly<Record<string, readonly [unknown, Uint8Array, (stored: Uint8Array) => unknown]>> = (() => {
  const root = { id: hex(1), ...policy, place, members: [{ leaf: hex(7), account: hex(8) }] };
  const commit = { candidate, place, adds: [{ leaf: hex(7), account: hex(8) }], hash: hex(9) };
  const head = { member: hex(1), account: hex(2), epoch: hex(3), at: 12 };
  const receipt = { epoch: hex(1), node: hex(2), hash: hex(3), candidate: null, receipt: filled(80, 1) };
  const snapshot = { epochPart: filled(10, 1), ratchetPart: filled(3, 2) };
  const own = {
    ...snapshot,
    welcome: filled(4, 1),
    memo: filled(0, 0),
    facts: {
      commitKind: "update" as const,
      parentEpoch: 3,
      change: {
        committer: mlsMember,
        added: [],
        removed: [mlsMember],
        policy: null,
        isExternal: false,
        hasPath: true,
      },
      authenticatedData: filled(2, 2),
    },
  };
  const pieces = [filled(3, 1), filled(0, 0)];
  return {
    root: [root, encodeRoot(root), decodeRoot],
    commit: [commit, encodeTreeCommit(commit), decodeTreeCommit],
    head: [head, encodeHeadPart(head), (stored) => without(decodeHeadPart(stored))],
    receipt: [receipt, encodeReceiptPart(receipt), (stored) => without(decodeReceiptPart(stored))],
    snapshot: [snapshot, encodeSnapshot(snapshot), (stored) => without(decodeSnapshot(stored))],
    own: [own, encodeOwnPart(own), (stored) => without(decodeOwnPart(stored))],
    pieces: [pieces, encodePieces(pieces), decodePieces],
  };
})();

const without = (part: object): object => Object.fromEntries(Object.entries(part).filter(([key]) => key !== "version"));

for (const [name, [value, stored, read]] of Object.entries(CASES)) {
  test(`${name}: round trip`, () => expect(read(stored)).toEqual(value));

  test(`${name}: cut short anywhere, or followed by something, it is refused`, () => {
    const refused = { code: "broken-invariant" };
    for (let length = 0; length < stored.length; length++) {
      expect(() => read(stored.slice(0, length)), `${length} bytes`).toThrow(expect.objectContaining(refused));
    }
    expect(() => read(Uint8Array.from([...stored, 0]))).toThrow(expect.objectContaining(refused));
  });
}
