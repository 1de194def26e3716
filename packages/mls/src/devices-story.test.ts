/**
 * Several devices as one person, over real MLS: a laptop is linked, comes into a group, keeps in step, is handed history,
 * is lost and removed; then the phone is lost too, and the words bring its owner back (spec/devices.md,
 * spec/account-backup.md).
 */
import { bytesToHex, equalBytes, expectOk } from "@xchat/codec";
import { deriveBranch, type CryptoProvider, type KeyPair } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  accountIdToBytes,
  chooseBackup,
  backupBlobs,
  backupKeys,
  claimedLeaf,
  contentFromRegisters,
  createEvent,
  createIdentity,
  decodePayload,
  decodeSyncEvent,
  decodeEvent,
  devicesWhileConflicting,
  deviceWorkStep,
  EMPTY_SYNC,
  encodeEvent,
  encodeGroupState,
  encodePackages,
  encodePayload,
  encodeSyncEvents,
  existingLinkStep,
  extendIdentity,
  extendsChain,
  findBackups,
  foldSync,
  importRecord,
  isSuccessorCredential,
  makeLeafCredential,
  newDevicesState,
  newGroupState,
  newLinkStep,
  noteDeviceWork,
  readLeaf,
  readRegister,
  recoverAccount,
  refuseCommit,
  registersFromContent,
  sealBackup,
  startDeviceWork,
  startExistingLink,
  startNewLink,
  SYNC_BODY_KIND,
  textContent,
  encodeMessageContent,
  verifyChain,
  verifyEvent,
  verifyLeafCredential,
  writeRegister,
  type AccountFacts,
  type AccountId,
  type ConversationFacts,
  type ExistingLinkInput,
  type Group,
  type GroupRules,
  type KeyPackageBundle,
  type NewLinkInput,
  type SignedEvent,
} from "@xchat/protocol";
import { beforeAll, describe, expect, it } from "vitest";
import { mlsGroupCipher } from "./group-cipher.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const NOW = 1_795_512_600_000;
const DAY = 86_400_000;
const HOME = [{ address: "wss://home.example/", keyHash: new Uint8Array(32).fill(9) }];
const REJOIN = "22".repeat(32);

/** By the chains alone: the newcomer's goes on from the old leaf's, and lists its device no more. */
function hasReplaced(old: Uint8Array, successor: Uint8Array): boolean {
  const [before, after] = [claimedLeaf(old), claimedLeaf(successor)];
  if (!before.ok || !after.ok || !extendsChain(before.value.chain, after.value.chain).ok) return false;
  const listed = devicesWhileConflicting(after.value.chain, after.value.chain);
  return listed.ok && !listed.value.some(({ deviceKey }) => equalBytes(deviceKey, before.value.deviceKey));
}

const rules: GroupRules = {
  verifyCredential: async (credential, key) => (await verifyLeafCredential(provider, credential, key, NOW)).ok,
  isSuccessor: isSuccessorCredential,
  mayRejoin: (old, successor) => isSuccessorCredential(old, successor) || hasReplaced(old, successor),
  judgeCommit: refuseCommit,
  now: () => NOW,
};
const cipher = mlsGroupCipher({ provider, rules });

interface Device {
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
  chain: Uint8Array;
  readonly groups: Map<string, Group>;
}

interface Owner {
  readonly entropy: Uint8Array;
  readonly account: AccountId;
  readonly device: Device;
}

const newSeed = (): Uint8Array => provider.randomBytes(32);

async function newDevice(seed: Uint8Array, chain: Uint8Array): Promise<Device> {
  const { publicKey: key } = await provider.ed25519KeyPair(seed);
  return { seed, key, chain, groups: new Map() };
}

async function newOwner(): Promise<Owner> {
  const entropy = newSeed();
  const deviceSeed = newSeed();
  const recoverySeed = deriveBranch(provider, entropy, "identity-recovery");
  const { chain, accountId } = await createIdentity(provider, { recoverySeed, deviceSeed, now: NOW });
  return { entropy, account: accountId, device: await newDevice(deviceSeed, chain) };
}

async function newPackage({ seed: deviceSeed, chain }: Device): Promise<KeyPackageBundle> {
  const leafKey = await cipher.newLeafKey();
  const times = { now: NOW, lifetimeMs: 365 * DAY };
  const credential = await makeLeafCredential(provider, {
    chain,
    deviceSeed,
    leafPublicKey: leafKey.publicKey,
    ...times,
  });
  return cipher.newKeyPackage({ credential, leafKey, lifetimeSeconds: 60 * 86_400, isLastResort: false });
}

const groupOf = (device: Device, name: string): Group => {
  const group = device.groups.get(name);
  if (group === undefined) throw new Error(`test device without ${name}`);
  return group;
};

/** One commits, the others open what it made. */
async function commitAs(
  by: Device,
  others: readonly Device[],
  name: string,
  input: Parameters<typeof cipher.commit>[1],
): Promise<Uint8Array | null> {
  const { commit, welcome, group } = await cipher.commit(groupOf(by, name), input);
  by.groups.set(name, group);
  for (const other of others) {
    const opened = await cipher.open(groupOf(other, name), commit);
    other.groups.set(name, expectOk(opened, "commit").group);
  }
  return welcome;
}

const join = async (
  device: Device,
  name: string,
  welcome: Uint8Array | null,
  bundle: KeyPackageBundle,
): Promise<void> => {
  device.groups.set(name, expectOk(await cipher.join(welcome as Uint8Array, bundle), "welcome"));
};

const leavesOf = (group: Group, account: AccountId): readonly string[] =>
  cipher.members(group).flatMap((member) => {
    const leaf = readLeaf(member);
    return leaf?.account === account ? [leaf.deviceKey] : [];
  });

const leafNumber = (group: Group, device: Device): number => {
  const found = cipher.members(group).find((member) => readLeaf(member)?.deviceKey === bytesToHex(device.key));
  if (found === undefined) throw new Error("test device without a leaf");
  return found.leaf;
};

let alice: Owner;
let bob: Owner;
let phone: Device;
let laptop: Device;

/** Both machines over one mailbox, with both persons at hand. */
async function link(): Promise<void> {
  const mailbox: Uint8Array[] = [];
  const [phoneAt, laptopAt] = [phone, laptop].map(({ seed: deviceSeed }) => ({ provider, now: NOW, deviceSeed })) as [
    Parameters<typeof existingLinkStep>[2],
    Parameters<typeof newLinkStep>[2],
  ];
  const started = expectOk(
    await startExistingLink(phoneAt, { chain: phone.chain, name: "Alice", nodes: HOME }),
    "link",
  );
  let existing = started.state;
  let fresh = startNewLink(existing.code, { deviceName: "laptop", now: NOW }).state;
  let bundle: KeyPackageBundle | null = null;
  let digits = "";
  for (const effect of started.effects) if (effect.kind === "send") mailbox.push(effect.frame);

  const tellPhone = async (input: ExistingLinkInput): Promise<void> => {
    const { state, effects } = await existingLinkStep(existing, input, phoneAt);
    existing = state;
    for (const effect of effects) {
      if (effect.kind === "send") mailbox.push(effect.frame);
      if (effect.kind === "save-chain") {
        phone.chain = effect.chain;
        await tellPhone({ kind: "chain-saved" });
      }
      if (effect.kind === "welcome-device") {
        const welcome = await commitAs(phone, [], "self", { add: [effect.keyPackage] });
        await tellPhone({
          kind: "welcome",
          newcomer: { welcome: welcome as Uint8Array, introduction: new Uint8Array(0) },
        });
      }
    }
  };
  const tellLaptop = async (input: NewLinkInput): Promise<void> => {
    const { state, effects } = await newLinkStep(fresh, input, laptopAt);
    fresh = state;
    for (const effect of effects) {
      if (effect.kind === "send") mailbox.push(effect.frame);
      if (effect.kind === "show-digits") digits = effect.digits;
      if (effect.kind === "confirm-account") await tellLaptop({ kind: "accept-account" });
      if (effect.kind === "save-identity") {
        laptop.chain = effect.chain;
        await tellLaptop({ kind: "identity-saved" });
      }
      if (effect.kind === "make-key-package") {
        bundle = await newPackage(laptop);
        await tellLaptop({ kind: "key-package", keyPackage: bundle.keyPackage });
      }
      if (effect.kind === "join") {
        await join(laptop, "self", effect.newcomer.welcome, bundle as unknown as KeyPackageBundle);
        await tellLaptop({ kind: "joined" });
      }
    }
  };
  for (let at = 0; at < mailbox.length; at++) {
    const frame = mailbox[at] as Uint8Array;
    await tellPhone({ kind: "frame", frame });
    await tellLaptop({ kind: "frame", frame });
    if (existing.phase.kind === "comparing") await tellPhone({ kind: "digits", typed: digits });
  }
  expect([existing.phase.kind, fresh.phase.kind]).toEqual(["linked", "linked"]);
}

async function accountFacts(self: Device, changedBy: Device | null): Promise<AccountFacts> {
  const { head, devices } = expectOk(await verifyChain(provider, self.chain), "chain");
  return {
    head: bytesToHex(head),
    devices: devices.map(({ deviceKey }) => bytesToHex(deviceKey)),
    self: bytesToHex(self.key),
    changedBy: changedBy === null ? null : bytesToHex(changedBy.key),
    stock: new Map(),
  };
}

const conversationFacts = (device: Device, packaged: readonly Device[]): readonly ConversationFacts[] =>
  ["self", "group"].map((name) => ({
    conversation: bytesToHex(groupOf(device, name).groupId),
    isSelf: name === "self",
    leaves: leavesOf(groupOf(device, name), alice.account),
    canCommit: true,
    packaged: name === "self" ? [] : packaged.map(({ key }) => bytesToHex(key)),
    unopened: [],
    lastActiveAt: 0,
  }));

beforeAll(async () => {
  [alice, bob] = [await newOwner(), await newOwner()];
  phone = alice.device;
  laptop = await newDevice(newSeed(), new Uint8Array(0));
  const create = async (name: string, policy: Uint8Array): Promise<void> => {
    const keyPackage = await newPackage(phone);
    phone.groups.set(name, await cipher.createGroup({ groupId: provider.randomBytes(32), keyPackage, policy }));
  };
  const state = { owner: alice.account, homeNodes: HOME, rejoinSeed: REJOIN };
  await create("self", encodeGroupState(newDevicesState(state)));
  await create("group", encodeGroupState(newGroupState({ ...state, name: "Friends" })));
  const bundle = await newPackage(bob.device);
  await join(bob.device, "group", await commitAs(phone, [], "group", { add: [bundle.keyPackage] }), bundle);
});

describe("several devices as one person", () => {
  it("[DV10] [DV13] a laptop is linked, and let into the conversation of the own devices", async () => {
    await link();
    expect(leavesOf(groupOf(phone, "self"), alice.account).length).toBe(2);
    const exported = [phone, laptop].map((one) =>
      cipher.exportSecret(groupOf(one, "self"), "test", new Uint8Array(0), 32),
    );
    const [a, b] = await Promise.all(exported);
    expect(a).toEqual(b);
  });

  it("[DV30] [DV33] it comes into the group with a key package for that group alone, and Bob's device agrees", async () => {
    const bundle = await newPackage(laptop);
    const { groupId } = groupOf(phone, "group");
    const [supplied] = encodePackages([{ conversation: groupId, keyPackage: bundle.keyPackage }]);
    expect(supplied?.length).toBeLessThan(8_000);
    const account = await accountFacts(phone, phone);
    const step = deviceWorkStep(startDeviceWork(account, NOW), account, conversationFacts(phone, [laptop]), NOW);
    expect(step.effects).toContainEqual({
      kind: "add",
      conversation: bytesToHex(groupId),
      devices: [bytesToHex(laptop.key)],
    });
    const welcome = await commitAs(phone, [bob.device], "group", { add: [bundle.keyPackage] });
    await join(laptop, "group", welcome, bundle);
    expect(leavesOf(groupOf(bob.device, "group"), alice.account).length).toBe(2);
  });

  it("[DV22] [DV25] a name that is given on the phone is there on the laptop", async () => {
    const account = accountIdToBytes(bob.account);
    const [content] = encodeSyncEvents([writeRegister("contact", { account }, { petname: "Bob" })]);
    const { publicKey, secretKey }: KeyPair = cipher.ownLeafKey(groupOf(phone, "self"));
    const conversation = groupOf(phone, "self").groupId;
    const author = { account: accountIdToBytes(alice.account), leafKey: publicKey };
    const place = { conversation, author, sequence: 0, depth: 1, previous: null, parents: [] };
    const event = await createEvent(
      provider,
      { ...place, sentAt: NOW, kind: SYNC_BODY_KIND, content: content as Uint8Array },
      secretKey,
    );
    const payload = encodePayload([{ kind: "event", event: encodeEvent(event) }]);
    const sealed = await cipher.seal(groupOf(phone, "self"), payload, new Uint8Array(0));
    phone.groups.set("self", sealed.group);
    const opened = expectOk(await cipher.open(groupOf(laptop, "self"), sealed.message), "message");
    if (opened.kind !== "application") throw new Error("test message");
    laptop.groups.set("self", opened.group);
    const [item] = expectOk(decodePayload(opened.plaintext), "payload");
    if (item?.kind !== "event") throw new Error("test payload");
    const received = expectOk(decodeEvent(provider, item.event), "event");
    expect(await verifyEvent(provider, received, author)).toBe(true);
    const stamp = { author: bytesToHex(opened.sender.signatureKey), depth: received.header.depth };
    const writes = expectOk(decodeSyncEvent(received.body?.content as Uint8Array, stamp), "writes");
    expect(readRegister(foldSync(EMPTY_SYNC, writes).state, "contact", { account })).toEqual({ petname: "Bob" });
  });

  it("[DV18] history from the phone counts by its author's own signature and MLS credential", async () => {
    const group = groupOf(bob.device, "group");
    const { publicKey: leafKey, secretKey } = cipher.ownLeafKey(group);
    const author = { account: accountIdToBytes(bob.account), leafKey };
    const content = encodeMessageContent(textContent({ text: "Hello", salt: provider.randomBytes(16) }));
    const place = { conversation: group.groupId, author, sequence: 0, depth: 1, previous: null, parents: [] };
    const event: SignedEvent = await createEvent(
      provider,
      { ...place, sentAt: NOW, kind: "content", content },
      secretKey,
    );
    const members = cipher.members(groupOf(phone, "group"));
    const credential = members.find(({ signatureKey }) => equalBytes(signatureKey, leafKey))?.credential as Uint8Array;
    const history = {
      now: NOW,
      conversations: new Set([bytesToHex(group.groupId)]),
      isMember: () => true,
      authorOf: () => author,
    };
    const known = await importRecord(provider, history, {
      kind: "credential",
      conversation: group.groupId,
      leafKey,
      credential,
    });
    expect(known).toMatchObject({ ok: true, value: { author } });
    const imported = await importRecord(provider, history, { kind: "event", event: encodeEvent(event) });
    expect(imported.ok).toBe(true);
  });

  it("[DV30] the laptop is lost: it is removed everywhere, and reads nothing that comes after", async () => {
    const action = { kind: "remove-device", by: phone.key, deviceKey: laptop.key } as const;
    phone.chain = expectOk(
      await extendIdentity(provider, phone.chain, { action, seeds: [phone.seed], now: NOW }),
      "removal",
    );
    const account = await accountFacts(phone, phone);
    let work = startDeviceWork(account, NOW);
    for (const [name, others] of [
      ["self", [] as Device[]],
      ["group", [bob.device]],
    ] as const) {
      const step = deviceWorkStep(work, account, conversationFacts(phone, []), NOW);
      const conversation = bytesToHex(groupOf(phone, name).groupId);
      expect(step.effects).toContainEqual({ kind: "remove", conversation, devices: [bytesToHex(laptop.key)] });
      await commitAs(phone, others, name, { removeLeaves: [leafNumber(groupOf(phone, name), laptop)] });
      for (const kind of ["told", "committed"] as const)
        work = noteDeviceWork(step.work, { kind, conversation }, NOW, 0);
      work = noteDeviceWork(work, { kind: "told", conversation }, NOW, 0);
    }
    const after = deviceWorkStep(work, account, conversationFacts(phone, []), NOW);
    expect(after.progress).toEqual({ total: 2, done: 2, failing: [] });
    expect(after.effects.map(({ kind }) => kind)).toEqual(["chore", "chore"]);
    const secret = (one: Device) => cipher.exportSecret(groupOf(one, "group"), "test", new Uint8Array(0), 32);
    expect(await secret(phone)).toEqual(await secret(bob.device));
    expect(await secret(laptop)).not.toEqual(await secret(phone));
    const message = await cipher.seal(groupOf(phone, "group"), Uint8Array.of(1), new Uint8Array(0));
    phone.groups.set("group", message.group);
    expect((await cipher.open(groupOf(laptop, "group"), message.message)).ok).toBe(false);
    const expelled = deviceWorkStep(
      work,
      { ...account, self: bytesToHex(laptop.key) },
      conversationFacts(laptop, []),
      NOW,
    );
    expect(expelled.effects).toEqual([{ kind: "expelled" }]);
  });

  it("[AB9] [AB14] [AB18] the phone is lost too: the words bring back the chain, the contacts and the group", async () => {
    const node = new Map<string, Uint8Array>();
    const keys = await backupKeys(provider, deriveBranch(provider, alice.entropy, "account-backup"));
    const group = groupOf(phone, "group");
    const writes = [
      writeRegister("contact", { account: accountIdToBytes(bob.account) }, { petname: "Bob" }),
      writeRegister("chat", { conversation: group.groupId }, { kind: "group", account: null }),
    ].map((one) => ({ ...one, depth: 1, author: bytesToHex(phone.key) }));
    const rejoin = { number: 0, seed: new Uint8Array(32).fill(0x22) };
    const conversations = new Map([[bytesToHex(group.groupId), { name: "Friends", rejoin, homeNodes: HOME }]]);
    const content = contentFromRegisters(foldSync(EMPTY_SYNC, writes).state, {
      counter: 1,
      hour: 1,
      chain: phone.chain,
      deviceName: "phone",
      name: "Alice",
      conversations,
    });
    const parts = await sealBackup(provider, keys.sealKey, { content, deviceSeed: phone.seed });
    const blobs = backupBlobs(provider, keys.placeSecret, { node: HOME[0]!.keyHash, slot: 0, counter: 1, parts });
    for (const { place, blob } of blobs) node.set(bytesToHex(place), blob);

    const fetchBlob = async (place: Uint8Array): Promise<Uint8Array | null> => node.get(bytesToHex(place)) ?? null;
    const found = await findBackups(provider, alice.entropy, HOME[0]!.keyHash, fetchBlob);
    const [best] = chooseBackup(found).ranked;
    const deviceSeed = newSeed();
    const chains = found.map(({ backup }) => backup.chain);
    const recovered = expectOk(
      await recoverAccount(provider, { entropy: alice.entropy, chains, deviceSeed, now: NOW }),
      "recovery",
    );
    const tablet = await newDevice(deviceSeed, recovered.chain);
    const restored = registersFromContent(best!).map((one) => ({ ...one, depth: 1, author: bytesToHex(tablet.key) }));
    const account = accountIdToBytes(bob.account);
    expect(readRegister(foldSync(EMPTY_SYNC, restored).state, "contact", { account })).toEqual({ petname: "Bob" });

    const groupInfo = await cipher.exportGroupInfo(groupOf(bob.device, "group"));
    const preview = expectOk(await cipher.inspectGroupInfo(groupInfo), "preview");
    expect(preview.groupId).toEqual(best!.conversations[0]!.conversation);
    const old = preview.members.find((member) => readLeaf(member)?.account === alice.account);
    const keyPackage = await newPackage(tablet);
    const rejoined = expectOk(
      await cipher.externalRejoin({ groupInfo, keyPackage, replacedLeaf: old!.leaf }),
      "external commit",
    );
    const opened = expectOk(await cipher.open(groupOf(bob.device, "group"), rejoined.commit), "rejoin");
    expect(leavesOf(opened.group, alice.account)).toEqual([bytesToHex(tablet.key)]);
    // The phone that was lost cannot come back in the same way.
    const byPhone = cipher.externalRejoin({
      groupInfo: await cipher.exportGroupInfo(opened.group),
      keyPackage: await newPackage(phone),
      replacedLeaf: cipher.members(opened.group).find((one) => readLeaf(one)?.account === alice.account)!.leaf,
    });
    const back = await byPhone.then(
      async (made) => (made.ok ? (await cipher.open(opened.group, made.value.commit)).ok : false),
      () => false,
    );
    expect(back).toBe(false);
  });
});
