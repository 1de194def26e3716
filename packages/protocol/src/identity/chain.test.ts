import { encode, bytes, list, literal, struct } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { accountIdOfGenesis } from "./account-id.ts";
import { appendOperation, createIdentity, draftOperation, readOperation, signOperation, verifyChain } from "./chain.ts";
import {
  decodeOperation,
  encodeChain,
  encodeOperation,
  encodeOperationBody,
  HOUR_MS,
  splitChain,
  type Action,
} from "./operation.ts";
import {
  bitFlips,
  extend,
  keyOf,
  mustExtend,
  mustVerify,
  newPerson,
  NOW,
  seedOf,
  truncations,
  type Person,
} from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Person;
let laptop: Uint8Array;
let tablet: Uint8Array;
/** phone and laptop */
let twoDevices: Uint8Array;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  laptop = await keyOf(provider, "laptop");
  tablet = await keyOf(provider, "tablet");
  twoDevices = await mustExtend(provider, alice.chain, addBy(alice.deviceKey, laptop), "alice phone", "laptop");
});

const addBy = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "add-device", by, deviceKey });
const removeBy = (by: Uint8Array, deviceKey: Uint8Array): Action => ({ kind: "remove-device", by, deviceKey });

const operationsOf = (chain: Uint8Array): Uint8Array[] => {
  const split = splitChain(chain);
  if (!split.ok) throw new Error("test chain");
  return [...split.value];
};
const reasonOf = async (chain: Uint8Array): Promise<string | null> => {
  const verified = await verifyChain(provider, chain);
  return verified.ok ? null : verified.error.reason;
};
/** An operation signed by the named seeds, whatever the rules say. */
const rawOperation = async (body: Uint8Array, ...signers: string[]): Promise<Uint8Array> =>
  encodeOperation({
    body,
    signatures: await Promise.all(signers.map((name) => signOperation(provider, body, seedOf(provider, name)))),
  });

describe("identity chain", () => {
  it("begins with a recovery key and a device, and is named by the hash of its genesis", async () => {
    const identity = await mustVerify(provider, alice.chain);
    const [genesis] = operationsOf(alice.chain) as [Uint8Array];
    expect(identity.accountId).toBe(alice.accountId);
    expect(accountIdOfGenesis(provider, genesis)).toBe(alice.accountId);
    expect(identity.head).toEqual(provider.sha256(genesis));
    expect(identity.devices).toEqual([{ deviceKey: alice.deviceKey, addedAt: Math.floor(NOW / HOUR_MS) * HOUR_MS }]);
    expect(identity.recoveryKey).toEqual(await keyOf(provider, "alice recovery"));
    expect(identity.length).toBe(1);
  });

  it("keeps its id through additions, removals, rotation and recovery", async () => {
    let chain = await mustExtend(provider, twoDevices, removeBy(laptop, alice.deviceKey), "laptop");
    const newWords = await keyOf(provider, "new words");
    chain = await mustExtend(provider, chain, { kind: "rotate", recoveryKey: newWords }, "alice recovery", "new words");
    const recover: Action = { kind: "recover", deviceKey: tablet, keptDevices: [laptop] };
    chain = await mustExtend(provider, chain, recover, "new words", "tablet");
    const identity = await mustVerify(provider, chain);
    expect(identity.accountId).toBe(alice.accountId);
    expect(identity.devices.map(({ deviceKey }) => deviceKey)).toEqual([laptop, tablet]);
    expect(identity.recoveryKey).toEqual(newWords);
    expect(identity.length).toBe(5);
  });

  it("[ID2] refuses an operation of which any bit was changed", async () => {
    for (const flipped of bitFlips(twoDevices, 400)) {
      const verified = await verifyChain(provider, flipped);
      // A flip inside of the genesis makes another account at best; it must never verify as anything.
      expect(verified.ok).toBe(false);
    }
  });

  it("[ID2] a signature of another purpose does not stand for one of an operation", async () => {
    const identity = await mustVerify(provider, alice.chain);
    const body = draftOperation(identity, addBy(alice.deviceKey, laptop), NOW);
    const bare = [
      await provider.ed25519Sign(alice.deviceSeed, body),
      await provider.ed25519Sign(seedOf(provider, "laptop"), body),
    ];
    const appended = await appendOperation(provider, alice.chain, body, bare);
    expect(appended).toMatchObject({ ok: false, error: { reason: "signature-invalid", operation: 1 } });
  });

  it("[ID3] a key that is brought in must sign too", async () => {
    const add = addBy(alice.deviceKey, laptop);
    const rotate: Action = { kind: "rotate", recoveryKey: laptop };
    const recover: Action = { kind: "recover", deviceKey: laptop, keptDevices: [] };
    expect(await extend(provider, alice.chain, add, "alice phone")).toEqual({ ok: false, error: "signature-invalid" });
    for (const [action, right] of [
      [add, "alice phone"],
      [rotate, "alice recovery"],
      [recover, "alice recovery"],
    ] as const) {
      const refused = await extend(provider, alice.chain, action, right, "tablet");
      expect(refused).toEqual({ ok: false, error: "signature-invalid" });
    }
  });

  it("[ID3] a genesis needs both of its keys", async () => {
    const action: Action = { kind: "genesis", recoveryKey: laptop, deviceKey: tablet };
    const body = encodeOperationBody({ version: 1, suite: 1, sequence: 0, previous: null, hour: 1, action });
    expect(await reasonOf(encodeChain([await rawOperation(body, "laptop", "tablet")]))).toBeNull();
    for (const signers of [["laptop"], ["tablet", "laptop"], ["laptop", "laptop"], ["tablet", "tablet"]]) {
      expect(await reasonOf(encodeChain([await rawOperation(body, ...signers)]))).toBe("signature-invalid");
    }
  });

  it("[ID4] refuses operations that are missing, repeated, swapped, or of another chain", async () => {
    const chain = await mustExtend(provider, twoDevices, addBy(laptop, tablet), "laptop", "tablet");
    const [genesis, second, third] = operationsOf(chain) as [Uint8Array, Uint8Array, Uint8Array];
    expect(await reasonOf(encodeChain([second, third]))).toBe("sequence-wrong");
    expect(await reasonOf(encodeChain([genesis, third]))).toBe("sequence-wrong");
    expect(await reasonOf(encodeChain([genesis, genesis]))).toBe("sequence-wrong");
    expect(await reasonOf(encodeChain([genesis, third, second]))).toBe("sequence-wrong");
    const bob = await newPerson(provider, "bob");
    expect(await reasonOf(encodeChain([...operationsOf(bob.chain), second]))).toBe("previous-wrong");
  });

  it("[ID4] a genesis stands first and nowhere else, and has no previous one", async () => {
    const { head } = await mustVerify(provider, alice.chain);
    const genesis: Action = { kind: "genesis", recoveryKey: laptop, deviceKey: tablet };
    const second = encodeOperationBody({ version: 1, suite: 1, sequence: 1, previous: head, hour: 1, action: genesis });
    const [first] = operationsOf(alice.chain) as [Uint8Array];
    const chain = encodeChain([first, await rawOperation(second, "laptop", "tablet")]);
    expect(await reasonOf(chain)).toBe("genesis-repeated");
    const add = addBy(laptop, tablet);
    const orphan = encodeOperationBody({ version: 1, suite: 1, sequence: 0, previous: null, hour: 1, action: add });
    expect(await reasonOf(encodeChain([await rawOperation(orphan, "laptop", "tablet")]))).toBe("genesis-missing");
    const tied = encodeOperationBody({ version: 1, suite: 1, sequence: 0, previous: head, hour: 1, action: genesis });
    expect(await reasonOf(encodeChain([await rawOperation(tied, "laptop", "tablet")]))).toBe("previous-wrong");
  });

  it("[ID5] a stranger, a removed device and the recovery key cannot act as a device", async () => {
    const add = addBy(laptop, tablet);
    expect(await extend(provider, alice.chain, add, "laptop", "tablet")).toEqual({
      ok: false,
      error: "signer-not-listed",
    });
    const removed = await mustExtend(provider, twoDevices, removeBy(alice.deviceKey, laptop), "alice phone");
    expect(await extend(provider, removed, add, "laptop", "tablet")).toEqual({ ok: false, error: "signer-not-listed" });
    const words = await keyOf(provider, "alice recovery");
    const byWords = await extend(provider, alice.chain, addBy(words, tablet), "alice recovery", "tablet");
    expect(byWords).toEqual({ ok: false, error: "signer-not-listed" });
    const inPlaceOf = await extend(provider, twoDevices, addBy(alice.deviceKey, tablet), "laptop", "tablet");
    expect(inPlaceOf).toEqual({ ok: false, error: "signature-invalid" });
  });

  it("[ID5] a device cannot act as the recovery key, nor can a retired one", async () => {
    const rotate: Action = { kind: "rotate", recoveryKey: tablet };
    const recover: Action = { kind: "recover", deviceKey: laptop, keptDevices: [] };
    for (const action of [rotate, recover]) {
      const possession = action === rotate ? "tablet" : "laptop";
      const refused = await extend(provider, alice.chain, action, "alice phone", possession);
      expect(refused).toEqual({ ok: false, error: "signature-invalid" });
    }
    const rotated = await mustExtend(provider, alice.chain, rotate, "alice recovery", "tablet");
    const byOld = await extend(provider, rotated, recover, "alice recovery", "laptop");
    expect(byOld).toEqual({ ok: false, error: "signature-invalid" });
  });

  it("[ID6] no key is listed twice in the life of an account", async () => {
    const removed = await mustExtend(provider, twoDevices, removeBy(alice.deviceKey, laptop), "alice phone");
    const again = await extend(provider, removed, addBy(alice.deviceKey, laptop), "alice phone", "laptop");
    expect(again).toEqual({ ok: false, error: "key-used-before" });
    const words = await keyOf(provider, "alice recovery");
    for (const key of [words, alice.deviceKey]) {
      const name = key === words ? "alice recovery" : "alice phone";
      const refused = await extend(provider, twoDevices, addBy(laptop, key), "laptop", name);
      expect(refused).toEqual({ ok: false, error: "key-used-before" });
    }
    const back: Action = { kind: "rotate", recoveryKey: laptop };
    expect(await extend(provider, removed, back, "alice recovery", "laptop")).toEqual({
      ok: false,
      error: "key-used-before",
    });
    const one = seedOf(provider, "one");
    await expect(createIdentity(provider, { recoverySeed: one, deviceSeed: one, now: NOW })).rejects.toThrow(
      RangeError,
    );
  });

  it("[ID7] the last device stays, a ninth is refused, and recovery keeps only listed ones", async () => {
    const last = await extend(provider, alice.chain, removeBy(alice.deviceKey, alice.deviceKey), "alice phone");
    expect(last).toEqual({ ok: false, error: "last-device" });
    const gone = await extend(provider, twoDevices, removeBy(laptop, tablet), "laptop");
    expect(gone).toEqual({ ok: false, error: "device-not-listed" });
    let chain = alice.chain;
    for (let device = 2; device <= 8; device++) {
      const key = await keyOf(provider, `device ${device}`);
      chain = await mustExtend(provider, chain, addBy(alice.deviceKey, key), "alice phone", `device ${device}`);
    }
    const ninth = await extend(provider, chain, addBy(alice.deviceKey, tablet), "alice phone", "tablet");
    expect(ninth).toEqual({ ok: false, error: "too-many-devices" });
    for (const keptDevices of [[laptop], [alice.deviceKey, alice.deviceKey]]) {
      const recover: Action = { kind: "recover", deviceKey: tablet, keptDevices };
      const refused = await extend(provider, alice.chain, recover, "alice recovery", "tablet");
      expect(refused).toEqual({ ok: false, error: "device-not-listed" });
    }
  });

  it("[ID8] ends at 64 operations and 16,384 bytes", async () => {
    let chain = alice.chain;
    for (let length = 1; length < 64; length++) {
      const name = `words ${length}`;
      const before = length === 1 ? "alice recovery" : `words ${length - 1}`;
      const rotate: Action = { kind: "rotate", recoveryKey: await keyOf(provider, name) };
      const [operations, identity] = [operationsOf(chain), await mustVerify(provider, chain)];
      const body = draftOperation(identity, rotate, NOW);
      chain = encodeChain([...operations, await rawOperation(body, before, name)]);
    }
    expect(chain.length).toBeLessThanOrEqual(16_384);
    expect((await mustVerify(provider, chain)).length).toBe(64);
    const more = await extend(provider, chain, { kind: "rotate", recoveryKey: tablet }, "words 63", "tablet");
    expect(more).toEqual({ ok: false, error: "chain-too-long" });
    expect(await reasonOf(new Uint8Array(16_385))).toBe("chain-too-long");
  });

  it("says of another version or suite that it is newer", async () => {
    const genesis = operationsOf(alice.chain)[0] as Uint8Array;
    const newer = struct({ version: literal(2), operations: list(bytes({ max: 1000 }), { max: 1 }) });
    expect(await reasonOf(encode(newer, { version: 2, operations: [genesis] }))).toBe("chain-newer-version");
    const operation = decodeOperation(genesis);
    if (!operation.ok) throw new Error("test chain");
    const body = operation.value.body.slice();
    expect(body[2]).toBe(1);
    body[2] = 2;
    expect(await reasonOf(encodeChain([await rawOperation(body, "alice recovery", "alice phone")]))).toBe(
      "chain-newer-version",
    );
  });

  it("shows a drafted operation before it is signed, and refuses a misshapen one", async () => {
    const body = draftOperation(await mustVerify(provider, alice.chain), addBy(alice.deviceKey, laptop), NOW);
    expect(readOperation(body)).toMatchObject({ ok: true, value: { sequence: 1, action: { kind: "add-device" } } });
    expect(readOperation(body.slice(1)).ok).toBe(false);
    for (const [badBody, signatures] of [
      [new Uint8Array(600), []],
      [body, [new Uint8Array(63)]],
      [body, [1, 2, 3].map(() => new Uint8Array(64))],
    ] as const) {
      const refused = await appendOperation(provider, alice.chain, badBody, signatures);
      expect(refused).toMatchObject({ ok: false, error: { reason: "chain-malformed" } });
    }
  });

  it("refuses every truncation and random bytes without a throw", async () => {
    for (const cut of truncations(twoDevices)) expect((await verifyChain(provider, cut)).ok).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (random) => {
        expect((await verifyChain(provider, random)).ok).toBe(false);
      }),
    );
  });
});
