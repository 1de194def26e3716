/** Lose every device, type the words, be the same person: with nodes that keep MB26 to MB28. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, equalBytes, expectOk } from "@xchat/codec";
import { deriveBranch } from "@xchat/crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeRegister, type SyncOperation } from "../devices/sync-registers.ts";
import { EMPTY_SYNC, foldSync, listRegister, readRegister, type SyncState } from "../devices/sync-state.ts";
import { hintOf } from "../first-contact/test-actors.ts";
import { keyOf, mustExtend, mustVerify, NOW, seedOf } from "../identity/test-actors.ts";
import { sealBackup } from "./backup-box.ts";
import { chooseBackup, type FoundBackup } from "./backup-choice.ts";
import { backupKeys, backupOwnerSeed, backupPlace, BACKUP_SLOTS, slotOrder, type BackupKeys } from "./backup-keys.ts";
import { contentFromRegisters, registersFromContent, type BackupFacts } from "./backup-registers.ts";
import { backupBlobs, findBackups } from "./backup-search.ts";
import { recoverAccount } from "./recovery.ts";
import { newOwner, type Owner } from "./test-actors.ts";

const provider = nodeCryptoProvider();

/** Blobs as a node keeps them: a place belongs to the key that took it, and versions grow. */
class FakeNode {
  readonly id: Uint8Array;
  readonly blobs = new Map<string, { owner: Uint8Array; version: number; blob: Uint8Array }>();
  constructor(name: string) {
    this.id = seedOf(provider, name);
  }

  put(place: Uint8Array, owner: Uint8Array, version: number, blob: Uint8Array): "done" | "place-taken" | "version-old" {
    const held = this.blobs.get(bytesToHex(place));
    if (held !== undefined && !equalBytes(held.owner, owner)) return "place-taken";
    const isSame = held?.version === version && equalBytes(held.blob, blob);
    if (held !== undefined && !isSame && held.version >= version) return "version-old";
    this.blobs.set(bytesToHex(place), { owner, version, blob });
    return "done";
  }

  readonly fetch = async (place: Uint8Array): Promise<Uint8Array | null> =>
    this.blobs.get(bytesToHex(place))?.blob ?? null;
}

let alice: Owner;
let keys: BackupKeys;
let chain: Uint8Array;
let nodes: readonly FakeNode[];

beforeAll(async () => {
  alice = await newOwner(provider, "alice");
  keys = await backupKeys(provider, deriveBranch(provider, alice.entropy, "account-backup"));
  const add = { kind: "add-device", by: alice.deviceKey, deviceKey: await keyOf(provider, "laptop") } as const;
  chain = await mustExtend(provider, alice.chain, add, "alice phone", "laptop");
});

beforeEach(() => {
  nodes = ["one", "two", "three"].map((name) => new FakeNode(name));
});

const hints = [hintOf(provider, "own"), hintOf(provider, "two")];
const chats = [0, 1, 2].map((n) => seedOf(provider, `chat ${n}`));
const people = [0, 1, 2].map((n) => seedOf(provider, `person ${n}`)) as [Uint8Array, Uint8Array, Uint8Array];

const OPERATIONS: readonly SyncOperation[] = [
  writeRegister("profile", {}, { name: "Alice", picture: Uint8Array.of(1) }),
  writeRegister("node", { keyHash: hints[0]!.keyHash }, { hint: hints[0]!, rank: 0 }),
  writeRegister("contact", { account: people[0] }, { petname: "Bob" }),
  writeRegister("contact-chain", { account: people[0] }, { length: 3, head: seedOf(provider, "head"), recoveries: 1 }),
  writeRegister("contact-verified", { account: people[0] }, {}),
  writeRegister("contact-direct", { account: people[0] }, { isAllowed: false }),
  writeRegister("contact", { account: people[1] }, { petname: "Carol" }),
  writeRegister("contact-blocked", { account: people[2] }, {}),
  writeRegister("chat", { conversation: chats[0]! }, { kind: "pair", account: people[0] }),
  writeRegister("chat", { conversation: chats[1]! }, { kind: "group", account: null }),
  writeRegister("chat-name", { conversation: chats[1]! }, { name: "The loud ones" }),
  writeRegister("chat-muted", { conversation: chats[1]! }, { until: NOW }),
  writeRegister("chat-pinned", { conversation: chats[0]! }, { rank: 2 }),
  writeRegister("chat-archived", { conversation: chats[1]! }, {}),
  writeRegister("read", { conversation: chats[0]! }, { depth: 40, id: seedOf(provider, "event") }),
  writeRegister("setting", { name: "language" }, { value: "ar" }),
  writeRegister("backup-counter", {}, { counter: 7 }),
];

const fold = (operations: readonly SyncOperation[]): SyncState =>
  foldSync(
    EMPTY_SYNC,
    operations.map((one, n) => ({ ...one, depth: n + 1, author: bytesToHex(people[0]) })),
  ).state;

const facts = (changes: Partial<BackupFacts> = {}): BackupFacts => ({
  counter: 7,
  hour: Math.floor(NOW / 3_600_000),
  chain,
  deviceName: "phone",
  name: "nobody",
  conversations: new Map(
    chats.map((id, n) => [
      bytesToHex(id),
      { name: `Group ${n}`, rejoin: { number: n, seed: seedOf(provider, "rejoin") }, homeNodes: hints },
    ]),
  ),
  ...changes,
});

/** What a device does to store a backup at a node: the parts in order, in the first slot that is its own or free. */
async function store(
  node: FakeNode,
  device: string,
  counter: number,
  options: { tornAfter?: number; slot?: number } = {},
) {
  const deviceSeed = seedOf(provider, device);
  const { publicKey: owner } = await provider.ed25519KeyPair(backupOwnerSeed(provider, deviceSeed, node.id));
  const content = contentFromRegisters(fold(OPERATIONS), facts({ counter, deviceName: device }));
  const parts = await sealBackup(provider, keys.sealKey, { content, deviceSeed });
  for (const slot of slotOrder(provider, await keyOf(provider, device))) {
    const blobs = backupBlobs(provider, keys.placeSecret, { node: node.id, slot, counter, parts });
    const first = blobs[0]!;
    const answer = node.put(first.place, owner, counter, first.blob);
    if (answer === "place-taken") continue;
    if (answer === "done")
      for (const { place, blob } of blobs.slice(0, options.tornAfter)) node.put(place, owner, counter, blob);
    return answer;
  }
  return "place-taken";
}

const search = async (entropy = alice.entropy): Promise<readonly FoundBackup[]> =>
  (await Promise.all(nodes.map(({ id, fetch }) => findBackups(provider, entropy, id, fetch)))).flat();

describe("a backup among nodes", () => {
  it("[AB20] registers come back as they were, but for what is left behind", () => {
    const state = fold([
      ...OPERATIONS,
      writeRegister("draft", { conversation: chats[0]! }, { text: "Dear Bob" }),
      writeRegister("star", { conversation: chats[0]!, event: people[0] }, {}),
      // No way back into this one.
      writeRegister("chat", { conversation: people[2] }, { kind: "group", account: null }),
    ]);
    const content = contentFromRegisters(state, facts());
    expect(content).toMatchObject({ name: "Alice", ownNodes: 1, nodes: hints });
    expect(content.conversations.map((one) => one.nodes)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    const restored = fold(registersFromContent(content));
    const before = fold(OPERATIONS);
    for (const name of [
      "profile",
      "node",
      "contact",
      "contact-chain",
      "contact-verified",
      "contact-blocked",
    ] as const) {
      expect(listRegister(restored, name)).toEqual(listRegister(before, name));
    }
    for (const name of ["contact-direct", "chat", "chat-name", "chat-muted", "chat-pinned", "chat-archived"] as const) {
      expect(listRegister(restored, name)).toEqual(listRegister(before, name));
    }
    for (const name of ["read", "setting", "backup-counter"] as const) {
      expect(listRegister(restored, name)).toEqual(listRegister(before, name));
    }
    expect(listRegister(restored, "draft")).toEqual([]);
    expect(contentFromRegisters(EMPTY_SYNC, facts())).toMatchObject({
      name: "nobody",
      contacts: [],
      conversations: [],
    });
  });

  it("[AB9] [AB14] all devices lost, one node behind, one empty: the words bring it all back", async () => {
    const [one, two] = nodes as [FakeNode, FakeNode, FakeNode];
    await store(one, "alice phone", 6);
    await store(two, "alice phone", 6);
    await store(two, "alice phone", 7);
    await store(two, "laptop", 5);
    const found = await search();
    expect(found.length).toBe(4);
    const { ranked, behind, level } = chooseBackup(found);
    expect([ranked[0]?.counter, level, behind]).toEqual([7, 1, [bytesToHex(one.id)]]);
    const chains = found.map(({ backup }) => backup.chain);
    const deviceSeed = seedOf(provider, "new phone");
    const recovered = expectOk(
      await recoverAccount(provider, { entropy: alice.entropy, chains, deviceSeed, now: NOW }),
      "x",
    );
    const identity = await mustVerify(provider, recovered.chain);
    expect(identity.devices.map(({ deviceKey }) => deviceKey)).toEqual([await keyOf(provider, "new phone")]);
    const state = fold(registersFromContent(ranked[0]!));
    expect(readRegister(state, "contact", { account: people[0] })).toEqual({ petname: "Bob" });
    // The next backup of the new device, under the new chain, is found before all others.
    const node = nodes[2]!;
    const content = { ...ranked[0]!, chain: recovered.chain, counter: 8 };
    const parts = await sealBackup(provider, recovered.keys.sealKey, { content, deviceSeed });
    const { publicKey: owner } = await provider.ed25519KeyPair(backupOwnerSeed(provider, deviceSeed, node.id));
    const slot = slotOrder(provider, await keyOf(provider, "new phone"))[0]!;
    for (const { place, blob } of backupBlobs(provider, recovered.keys.placeSecret, {
      node: node.id,
      slot,
      counter: 8,
      parts,
    })) {
      expect(node.put(place, owner, 8, blob)).toBe("done");
    }
    expect(chooseBackup(await search()).ranked[0]?.counter).toBe(8);
  });

  it("[AB3] a write that stops half way leaves the one before", async () => {
    const [node] = nodes as [FakeNode];
    const many = Array.from({ length: 1_500 }, (_, n) =>
      writeRegister("contact", { account: provider.sha256(Uint8Array.of(n >> 8, n)) }, { petname: `Contact ${n}` }),
    );
    const state = fold(many);
    const deviceSeed = seedOf(provider, "alice phone");
    const { publicKey: owner } = await provider.ed25519KeyPair(backupOwnerSeed(provider, deviceSeed, node.id));
    const write = async (counter: number, upTo?: number): Promise<void> => {
      const content = contentFromRegisters(state, facts({ counter }));
      const parts = await sealBackup(provider, keys.sealKey, { content, deviceSeed });
      expect(parts.length).toBe(2);
      const blobs = backupBlobs(provider, keys.placeSecret, { node: node.id, slot: 3, counter, parts });
      for (const { place, blob } of blobs.slice(0, upTo)) expect(node.put(place, owner, counter, blob)).toBe("done");
    };
    await write(1);
    await write(2);
    await write(3, 1);
    expect((await search()).map(({ backup }) => backup.counter)).toEqual([2]);
    await write(4, 1);
    // Now both halves are torn at this node: that is what the other nodes are for.
    expect(await search()).toEqual([]);
    await write(5);
    expect((await search()).map(({ backup }) => backup.counter)).toEqual([5]);
  });

  it("[AB2] a stolen device overwrites no backup but its own, and fills at most the free slots", async () => {
    const [node] = nodes as [FakeNode];
    await store(node, "alice phone", 6);
    const { publicKey: thief } = await provider.ed25519KeyPair(
      backupOwnerSeed(provider, seedOf(provider, "laptop"), node.id),
    );
    let taken = 0;
    for (let slot = 0; slot < BACKUP_SLOTS; slot++) {
      for (const half of [0, 1]) {
        const place = backupPlace(provider, keys.placeSecret, node.id, { slot, half, part: 0 });
        if (node.put(place, thief, 0xffff, new Uint8Array(65_536)) === "done") taken++;
      }
    }
    expect(taken).toBe(2 * BACKUP_SLOTS - 1);
    expect((await search()).map(({ backup }) => backup.counter)).toEqual([6]);
  });

  it("[AB1] other words find nothing", async () => {
    await store(nodes[0]!, "alice phone", 6);
    expect(await search(seedOf(provider, "other words"))).toEqual([]);
  });
});
