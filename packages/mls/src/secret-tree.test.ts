import { bytesToHex } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, test } from "vitest";
import {
  MAX_SKIPPED_KEYS,
  MAX_SKIPPED_STEPS,
  retireSecretTree,
  startSecretTree,
  takeReceivingKey,
  takeSendingKey,
  type MessageKey,
  type SecretTree,
} from "./secret-tree.ts";
import { kdfOf } from "./suite.ts";

const kdf = kdfOf(nodeCryptoProvider());
const root = (): Uint8Array => new Uint8Array(64).fill(9);
const start = (leaves = 8): SecretTree => startSecretTree(root(), leaves);

/** Every secret that lies in a tree, as hex. */
function secretsIn(tree: SecretTree): Set<string> {
  const secrets = [...tree.folded.values()];
  for (const { handshake, application } of tree.leaves.values()) {
    for (const { secret, skipped } of [handshake, application]) {
      secrets.push(secret, ...[...skipped.values()].flatMap(({ key, nonce }) => [key, nonce]));
    }
  }
  return new Set(secrets.map(bytesToHex));
}

function receive(tree: SecretTree, leaf: number, generation: number): { messageKey: MessageKey; tree: SecretTree } {
  const taken = takeReceivingKey(kdf, tree, leaf, "application", generation);
  if (!taken.ok) throw new Error(taken.error);
  return taken.value;
}

test("[T4] sender and receiver get the same keys, in any order, and no tree changes", () => {
  let sending = start();
  const sent: MessageKey[] = [];
  for (let i = 0; i < 6; i++) {
    const taken = takeSendingKey(kdf, sending, 5, "application");
    sent.push(taken.messageKey);
    sending = taken.tree;
  }
  const first = start();
  const before = secretsIn(first);
  let receiving = first;
  for (const generation of [3, 0, 5, 1, 4, 2]) {
    const taken = receive(receiving, 5, generation);
    expect(taken.messageKey).toEqual(sent[generation]);
    receiving = taken.tree;
  }
  expect(secretsIn(first)).toEqual(before);
  expect(receiving.leaves.get(5)?.application.skipped.size).toBe(0);
});

test("leaves and kinds have keys of their own", () => {
  const keys = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((leaf) =>
    (["application", "handshake"] as const).map((kind) =>
      bytesToHex(takeSendingKey(kdf, start(), leaf, kind).messageKey.key),
    ),
  );
  expect(new Set(keys).size).toBe(16);
});

describe("[T1] what was used is gone", () => {
  test("the root and the nodes above a leaf that wrote", () => {
    let tree = start();
    const rootHex = bytesToHex(root());
    expect(secretsIn(tree)).toEqual(new Set([rootHex]));
    tree = takeSendingKey(kdf, tree, 2, "application").tree;
    expect(secretsIn(tree)).not.toContain(rootHex);
    // Three siblings on the way down, and the two ratchets of the leaf.
    expect([...tree.folded.keys()].toSorted((a, b) => a - b)).toEqual([1, 6, 11]);
    expect([...tree.leaves.keys()]).toEqual([2]);
  });

  test("the secret of a generation: nothing in the tree leads back to its key", () => {
    let tree = start(2);
    const used: MessageKey[] = [];
    for (let generation = 0; generation < 4; generation++) {
      const before = tree.leaves.get(1)?.application.secret;
      const taken = receive(tree, 1, generation);
      used.push(taken.messageKey);
      tree = taken.tree;
      if (before !== undefined) expect(secretsIn(tree)).not.toContain(bytesToHex(before));
    }
    for (const { key, nonce } of used) {
      expect(secretsIn(tree)).not.toContain(bytesToHex(key));
      expect(secretsIn(tree)).not.toContain(bytesToHex(nonce));
    }
    expect(takeReceivingKey(kdf, tree, 1, "application", 2)).toEqual({ ok: false, error: "already-opened" });
  });
});

test("[T2] of a skipped generation there is key and nonce, and not the secret that leads on", () => {
  const early = receive(start(2), 1, 0).tree;
  const secretOfOne = bytesToHex(early.leaves.get(1)?.application.secret as Uint8Array);
  const late = receive(early, 1, 3).tree;
  expect(late.leaves.get(1)?.application.skipped.size).toBe(2);
  expect(secretsIn(late)).not.toContain(secretOfOne);
});

describe("[T3] limits", () => {
  test("steps", () => {
    expect(takeReceivingKey(kdf, start(), 1, "application", MAX_SKIPPED_STEPS + 1)).toEqual({
      ok: false,
      error: "too-many-skipped",
    });
    expect(takeReceivingKey(kdf, start(), 1, "application", 2 ** 32 - 1).ok).toBe(false);
  });

  test("keys: the oldest are given up, the newest are there", () => {
    const far = receive(receive(start(), 1, MAX_SKIPPED_KEYS + 10).tree, 1, MAX_SKIPPED_KEYS * 2);
    expect(far.tree.leaves.get(1)?.application.skipped.size).toBe(MAX_SKIPPED_KEYS);
    expect(takeReceivingKey(kdf, far.tree, 1, "application", 3)).toEqual({ ok: false, error: "already-opened" });
    const same = receive(start(), 1, MAX_SKIPPED_KEYS * 2 - 1).messageKey;
    expect(receive(far.tree, 1, MAX_SKIPPED_KEYS * 2 - 1).messageKey).toEqual(same);
  });

  test("leaves outside the tree", () => {
    for (const leaf of [8, 100, 2 ** 31, 2 ** 32 - 1]) {
      expect(takeReceivingKey(kdf, start(), leaf, "application", 0)).toEqual({ ok: false, error: "no-such-leaf" });
    }
  });
});

test("[M2] a retired tree opens what others wrote, and neither own messages nor handshakes", () => {
  const tree = receive(takeSendingKey(kdf, start(), 0, "application").tree, 3, 0).tree;
  const retired = retireSecretTree(kdf, tree, 0);
  expect(receive(retired, 3, 1).messageKey).toEqual(receive(tree, 3, 1).messageKey);
  expect(receive(retired, 6, 4).messageKey).toEqual(receive(start(), 6, 4).messageKey);
  expect(takeReceivingKey(kdf, retired, 0, "application", 5)).toEqual({ ok: false, error: "no-such-leaf" });
  expect(takeReceivingKey(kdf, retired, 3, "handshake", 0)).toEqual({ ok: false, error: "already-opened" });
});

test("a tree of one leaf", () => {
  expect(takeSendingKey(kdf, start(1), 0, "handshake").tree.folded.size).toBe(0);
});
