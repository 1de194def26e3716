import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, expectOk } from "@xchat/codec";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { expectHardened } from "../hostile-input.node.ts";
import { signOperation } from "../identity/chain.ts";
import { extendsChain } from "../identity/fork.ts";
import {
  encodeChain,
  encodeOperation,
  encodeOperationBody,
  MAX_OPERATIONS,
  splitChain,
} from "../identity/operation.ts";
import { judgePinned } from "../identity/pin.ts";
import { keyOf, mustExtend, mustVerify, NOW, seedOf } from "../identity/test-actors.ts";
import { recoverAccount, recoveryBase, rotateWords } from "./recovery.ts";
import {
  decodeRecoveryWork,
  encodeRecoveryWork,
  noteRecoveryWork,
  recoveryWorkStep,
  startRecoveryWork,
  type RecoveryWork,
} from "./recovery-work.ts";
import { conversationOf, newOwner, type Owner } from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Owner;

beforeAll(async () => {
  alice = await newOwner(provider, "alice");
});

const recover = (chains: readonly Uint8Array[], device: string, entropy = alice.entropy) =>
  recoverAccount(provider, { entropy, chains, deviceSeed: seedOf(provider, device), now: NOW });

async function mustRecover(chains: readonly Uint8Array[], device: string): Promise<Uint8Array> {
  return expectOk(await recover(chains, device), "recovery").chain;
}

const add = async (
  chain: Uint8Array,
  name: string,
  by = alice.deviceKey,
  signer = "alice phone",
): Promise<Uint8Array> =>
  mustExtend(provider, chain, { kind: "add-device", by, deviceKey: await keyOf(provider, name) }, signer, name);

/** As many devices added and removed as a chain takes; judged once at the end, which would otherwise take a minute. */
async function filled(chain: Uint8Array, signer: string): Promise<Uint8Array> {
  const operations = [...expectOk(splitChain(chain), "chain")];
  const by = await keyOf(provider, signer);
  while (operations.length < MAX_OPERATIONS) {
    const sequence = operations.length;
    const isAddition = sequence % 2 === 0;
    const name = `filler ${sequence >> 1}`;
    const action = {
      kind: isAddition ? "add-device" : "remove-device",
      by,
      deviceKey: await keyOf(provider, name),
    } as const;
    const previous = provider.sha256(operations.at(-1) as Uint8Array);
    const body = encodeOperationBody({ version: 1, suite: 1, sequence, previous, hour: 0, action });
    const signers = isAddition ? [signer, name] : [signer];
    const signatures: Uint8Array[] = [];
    for (const one of signers) signatures.push(await signOperation(provider, body, seedOf(provider, one)));
    operations.push(encodeOperation({ body, signatures }));
  }
  return encodeChain(operations);
}

describe("recovery of the chain", () => {
  it("[AB14] the words put this device in and all others out, and give it what it writes backups with", async () => {
    const two = await add(alice.chain, "laptop");
    const recovered = expectOk(await recover([two, alice.chain], "new phone"), "recovery");
    const identity = await mustVerify(provider, recovered.chain);
    expect(identity.devices.map(({ deviceKey }) => deviceKey)).toEqual([await keyOf(provider, "new phone")]);
    expect(identity.accountId).toBe((await mustVerify(provider, alice.chain)).accountId);
    expect(recovered.keys.sealKey.length).toBe(1_216);
    expect(extendsChain(two, recovered.chain)).toEqual({ ok: true, value: "extends" });
  });

  it("[AB14] what a contact sees: the new chain takes the place of the old, and a thief's later one does not come back", async () => {
    const thiefs = await add(await add(alice.chain, "thief"), "thief's second");
    const recovered = await mustRecover([alice.chain], "new phone");
    const deviceKey = await keyOf(provider, "new phone");
    const verdict = expectOk(judgePinned(thiefs, { chain: recovered, deviceKey }), "verdict");
    expect(verdict).toEqual({ chain: recovered, isConflicting: false });
    const stolen = judgePinned(recovered, { chain: thiefs, deviceKey: await keyOf(provider, "thief") });
    expect(stolen).toEqual({ ok: false, error: { reason: "device-removed" } });
  });

  it("[AB15] two recoveries of the same words conflict until the next, which decides", async () => {
    const one = await mustRecover([alice.chain], "phone one");
    const other = await mustRecover([alice.chain], "phone two");
    expect(extendsChain(one, other)).toMatchObject({ error: { reason: "conflicting-chains" } });
    for (const chains of [
      [one, other],
      [other, one, alice.chain],
    ]) {
      const third = await mustRecover(chains, "phone three");
      for (const loser of chains) expect(extendsChain(loser, third).ok).toBe(true);
    }
    // Whatever the order in which the backups came.
    expect(recoveryBase([one, other])).toEqual(recoveryBase([other, one]));
  });

  it("[AB15] passes over chains that do not verify, and needs one", async () => {
    const damaged = (await add(alice.chain, "laptop")).slice();
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    expect((await mustVerify(provider, await mustRecover([damaged, alice.chain], "new phone"))).length).toBe(2);
    expect(await recover([damaged], "new phone")).toEqual({ ok: false, error: { reason: "no-chain" } });
    expect(await recover([], "new phone")).toEqual({ ok: false, error: { reason: "no-chain" } });
  });

  it("[AB21] words that were rotated away recover nothing, and the new ones do", async () => {
    const newEntropy = seedOf(provider, "new words");
    const input = { oldEntropy: alice.entropy, newEntropy, chain: alice.chain, now: NOW };
    const rotated = expectOk(await rotateWords(provider, input), "rotation");
    const refused = { ok: false, error: { reason: "words-rotated-away" } };
    expect(await recover([rotated.chain], "x")).toEqual(refused);
    expect(await recover([rotated.chain, alice.chain], "x")).toEqual(refused);
    expect(await recover([alice.chain], "x", seedOf(provider, "other words"))).toEqual(refused);
    const recovered = expectOk(await recover([rotated.chain, alice.chain], "x", newEntropy), "recovery");
    expect(extendsChain(rotated.chain, recovered.chain)).toEqual({ ok: true, value: "extends" });
    expect(recovered.keys).toEqual(rotated.keys);
    // Who found the old words, and the chain of the day before, cannot undo it with anyone who has seen it.
    const stolen = await mustRecover([alice.chain], "thief");
    expect(extendsChain(rotated.chain, stolen)).toMatchObject({ error: { reason: "chain-overruled" } });
    expect(await rotateWords(provider, { ...input, chain: rotated.chain })).toEqual(refused);
    expect(await rotateWords(provider, { ...input, newEntropy: alice.entropy })).toMatchObject({
      error: { reason: "key-used-before" },
    });
  });

  it("[AB16] a chain that a thief has filled is recovered all the same", async () => {
    const chain = await filled(await mustRecover([alice.chain], "second phone"), "second phone");
    const identity = await mustVerify(provider, chain);
    expect(identity.length).toBe(64);
    const recovered = await mustRecover([chain, alice.chain], "third phone");
    expect((await mustVerify(provider, recovered)).length).toBe(3);
    expect(extendsChain(chain, recovered)).toEqual({ ok: true, value: "overrules" });
  });
});

describe("what is left to do after a recovery", () => {
  const conversations = [3, 4, 5, 6].map((n) => conversationOf(provider, n, n % 2 === 0 ? "group" : "pair"));
  const pinned = { ...conversationOf(provider, 9, "group"), rank: 0 };
  const lost = { ...conversationOf(provider, 10, "pair"), rejoin: null };
  const idOf = (n: number): string => bytesToHex(conversationOf(provider, n, "pair").conversation);
  const start = (): RecoveryWork => startRecoveryWork([...conversations, pinned, lost], NOW);
  const DAY = 86_400_000;

  const afterSteps = (): RecoveryWork => {
    let work = start();
    for (const step of ["write-backup", "self-conversation"] as const) {
      work = noteRecoveryWork(work, { kind: "step-done", step }, NOW);
    }
    return work;
  };

  it("[AB17] first the backup, then the conversation of the own devices, then the others", () => {
    let work = start();
    expect(recoveryWorkStep(work, NOW).effects).toEqual([{ kind: "step", step: "write-backup" }]);
    work = noteRecoveryWork(work, { kind: "step-done", step: "write-backup" }, NOW);
    expect(recoveryWorkStep(work, NOW).effects).toEqual([{ kind: "step", step: "self-conversation" }]);
    work = noteRecoveryWork(work, { kind: "step-done", step: "self-conversation" }, NOW);
    const { effects, progress } = recoveryWorkStep(work, NOW);
    expect(effects).toEqual([9, 3, 5, 4, 6].map((n) => ({ kind: "rejoin", conversation: idOf(n) })));
    expect(progress).toEqual({ total: 6, joined: 0, unreachable: [idOf(10)] });
  });

  it("[AB18] asks again, later each time, for 90 days, and begins anew by hand", () => {
    let work = afterSteps();
    let now = NOW;
    const waits: number[] = [];
    const isAsked = (): boolean =>
      recoveryWorkStep(work, now).effects.some((one) => one.kind === "rejoin" && one.conversation === idOf(3));
    const others = [9, 4, 5, 6];
    for (const n of others) work = noteRecoveryWork(work, { kind: "dropped", conversation: idOf(n) }, now);
    while (isAsked()) {
      work = noteRecoveryWork(work, { kind: "asked", conversation: idOf(3) }, now);
      expect(isAsked()).toBe(false);
      const { wakeAt } = recoveryWorkStep(work, now);
      waits.push(((wakeAt as number) - now) / 60_000);
      now = wakeAt as number;
    }
    expect(waits.slice(0, 6)).toEqual([1, 10, 60, 360, 1_440, 1_440]);
    expect(now - NOW).toBeGreaterThan(89 * DAY);
    expect(now - NOW).toBeLessThan(92 * DAY);
    const given = recoveryWorkStep(work, now);
    expect(given.progress).toEqual({ total: 2, joined: 0, unreachable: [idOf(3), idOf(10)] });
    expect(given.wakeAt).toBeNull();
    work = noteRecoveryWork(given.work, { kind: "try-again", conversation: idOf(3) }, now);
    expect(isAsked()).toBe(true);
  });

  it("[AB19] asks for history once, after the rejoin", () => {
    let work = noteRecoveryWork(afterSteps(), { kind: "joined", conversation: idOf(4) }, NOW);
    const ask = { kind: "ask-history", conversation: idOf(4) };
    expect(recoveryWorkStep(work, NOW).effects).toContainEqual(ask);
    work = noteRecoveryWork(work, { kind: "history-asked", conversation: idOf(4) }, NOW);
    expect(recoveryWorkStep(work, NOW).effects).not.toContainEqual(ask);
    work = noteRecoveryWork(work, { kind: "dropped", conversation: idOf(4) }, NOW);
    expect(recoveryWorkStep(work, NOW).progress.joined).toBe(1);
  });

  it("comes to an end whatever happens in between, from the store at any point", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { size: "max", maxLength: 60 }), (fates) => {
        let work = start();
        let now = NOW;
        const script = [...fates, ...Array.from({ length: 60 }, () => [0, 0] as const)];
        for (const [fate, which] of script) {
          const { effects, wakeAt, work: next } = recoveryWorkStep(work, now);
          work = fate === 1 ? expectOk(decodeRecoveryWork(encodeRecoveryWork(next)), "work") : next;
          const effect = effects[Math.min(which, effects.length - 1)];
          if (effect === undefined) now = wakeAt ?? now;
          else if (effect.kind === "step")
            work = fate === 2 ? work : noteRecoveryWork(work, { kind: "step-done", step: effect.step }, now);
          else if (effect.kind === "ask-history")
            work = noteRecoveryWork(work, { ...effect, kind: "history-asked" }, now);
          else work = noteRecoveryWork(work, { ...effect, kind: fate === 3 ? "asked" : "joined" }, now);
          if (fate === 4) now -= 40 * DAY;
        }
        const { progress, effects } = recoveryWorkStep(work, now);
        expect([progress.joined, effects]).toEqual([5, []]);
      }),
      { numRuns: 60 },
    );
  });

  it("lies in the store and comes back, and damaged bytes are refused", async () => {
    const encoded = encodeRecoveryWork(start());
    expect(decodeRecoveryWork(encoded)).toEqual({ ok: true, value: start() });
    await expectHardened(decodeRecoveryWork, [encodeRecoveryWork(startRecoveryWork([pinned], NOW))]);
  });
});
