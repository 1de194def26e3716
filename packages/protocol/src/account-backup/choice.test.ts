import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, expectOk } from "@xchat/codec";
import { beforeAll, describe, expect, it } from "vitest";
import { keyOf, mustExtend, seedOf } from "../identity/test-actors.ts";
import { backupReader, openBackup, sealBackup, type BackupReader, type OpenedBackup } from "./backup-box.ts";
import { chooseBackup } from "./backup-choice.ts";
import { recoverAccount } from "./recovery.ts";
import { contentOf, newOwner, type Owner } from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Owner;
let reader: BackupReader;
let two: Uint8Array;
let thiefs: Uint8Array;
let recovered: Uint8Array;

beforeAll(async () => {
  alice = await newOwner(provider, "alice");
  reader = await backupReader(provider, alice.entropy);
  const by = alice.deviceKey;
  const [laptop, thief] = [await keyOf(provider, "laptop"), await keyOf(provider, "thief")];
  two = await mustExtend(provider, alice.chain, { kind: "add-device", by, deviceKey: laptop }, "alice phone", "laptop");
  thiefs = await mustExtend(
    provider,
    alice.chain,
    { kind: "add-device", by, deviceKey: thief },
    "alice phone",
    "thief",
  );
  const input = { entropy: alice.entropy, chains: [thiefs], deviceSeed: seedOf(provider, "new phone"), now: 1e12 };
  recovered = expectOk(await recoverAccount(provider, input), "recovery").chain;
});

async function backup(counter: number, chain = alice.chain, device = "alice phone"): Promise<OpenedBackup> {
  const content = { ...contentOf(provider, alice), counter, chain };
  const parts = await sealBackup(provider, reader.sealKey, { content, deviceSeed: seedOf(provider, device) });
  return expectOk(await openBackup(provider, reader, parts), "backup");
}

const [ONE, TWO, THREE] = ["one", "two", "three"].map((name) => bytesToHex(seedOf(provider, name))) as [
  string,
  string,
  string,
];

describe("which backup to restore", () => {
  it("[AB9] the greatest counter, whatever order the nodes answer in", async () => {
    const [old, middle, recent] = [await backup(3), await backup(4), await backup(9)];
    const found = [old, recent, middle].map((one, i) => ({ node: [ONE, TWO, THREE][i] as string, backup: one }));
    for (const order of [found, found.toReversed()]) {
      const choice = chooseBackup(order);
      expect(choice.ranked.map(({ counter }) => counter)).toEqual([9, 4, 3]);
      expect(choice.level).toBe(1);
    }
  });

  it("[AB9] no counter outweighs a chain that goes on", async () => {
    const huge = await backup(0xffff_ffff_ffff);
    const later = await backup(5, two, "laptop");
    expect(chooseBackup([huge, later].map((one) => ({ node: ONE, backup: one }))).ranked[0]).toBe(later);
    const decided = await backup(1, recovered, "new phone");
    expect(chooseBackup([huge, later, decided].map((one) => ({ node: ONE, backup: one }))).ranked[0]).toBe(decided);
  });

  it("[AB9] branches that contradict each other stand level, for the person to decide", async () => {
    const [ours, theirs] = [await backup(5, two, "laptop"), await backup(50, thiefs, "thief")];
    const choice = chooseBackup([ours, theirs, await backup(4)].map((one) => ({ node: ONE, backup: one })));
    expect(choice.level).toBe(2);
    expect(choice.ranked.map(({ counter }) => counter)).toEqual([50, 5, 4]);
  });

  it("[AB10] a node that gives an older backup of a device than another is named, and has no say", async () => {
    const [old, recent, laptop] = [await backup(3), await backup(9), await backup(5, two, "laptop")];
    const choice = chooseBackup([
      { node: ONE, backup: old },
      { node: TWO, backup: recent },
      { node: TWO, backup: old },
      { node: THREE, backup: laptop },
    ]);
    expect(choice.behind).toEqual([ONE]);
    expect(choice.ranked.length).toBe(3);
    expect(chooseBackup([]).ranked).toEqual([]);
  });
});
