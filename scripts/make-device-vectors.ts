/**
 * Writes spec/vectors/devices.json and spec/vectors/account-backup.json. They are frozen: run it only where the format has
 * changed on purpose, and say so in the commit. Byte strings are hex; sealed ones, which are long, base64url.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToBase64Url, bytesToHex, expectOk, type Result } from "@xchat/codec";
import { deriveBranch, entropyToWords, type CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  backupKeys,
  backupOpenSeed,
  backupOwnerSeed,
  backupPlace,
  backupReader,
  chainPin,
  decodeLinkCode,
  encodeInvitationCode,
  encodeLinkCode,
  encodePackages,
  encodeSnapshotWanted,
  encodeStock,
  encodeUnopened,
  encodeSyncEvents,
  encodeSyncSnapshot,
  encodeWanted,
  EMPTY_SYNC,
  foldSync,
  judgeChainPin,
  linkRendezvous,
  openBackup,
  recoverAccount,
  REGISTERS,
  sealBackup,
  sealChunk,
  sealManifest,
  slotOrder,
  transferKey,
  writeRegister,
  writesOf,
  type HistoryRecord,
  type StampedWrite,
  type SyncOperation,
} from "@xchat/protocol";
import { contentOf, newOwner } from "../packages/protocol/src/account-backup/test-actors.ts";
import { encodeBackupContent } from "../packages/protocol/src/account-backup/backup-content.ts";
import { hintOf } from "../packages/protocol/src/first-contact/test-actors.ts";
import {
  keyOf,
  mustExtend,
  newPerson,
  NOW,
  seededProvider,
  seedOf,
} from "../packages/protocol/src/identity/test-actors.ts";
import { linkKeyHash } from "../packages/protocol/src/devices/link-code.ts";
import {
  encapsulateLink,
  linkCommitment,
  linkDigits,
  linkTranscript,
  sealLinkMessage,
} from "../packages/protocol/src/devices/link-keys.ts";
import { encodeLinkContent, encodeLinkFrame, LINK_NUMBER } from "../packages/protocol/src/devices/link-messages.ts";

const provider: CryptoProvider = seededProvider(nodeCryptoProvider(), "device vectors");
const hex = bytesToHex;
const base = bytesToBase64Url;
const seed = (name: string): Uint8Array => seedOf(provider, name);
const reasonOf = (result: Result<unknown, { readonly reason: string }>): string =>
  result.ok ? "" : result.error.reason;

// ---- linking

function codeVectors() {
  const publicKeyHash = linkKeyHash(provider, new Uint8Array(1_216).fill(1));
  const code = { secret: seed("link").slice(0, 16), keyHash: publicKeyHash, nodes: [hintOf(provider, "one")] };
  const text = encodeLinkCode(code);
  const bare = encodeLinkCode({ ...code, nodes: [] });
  const invitation = { secret: seed("invitation"), accountIdHash: seed("account"), nodes: code.nodes };
  const refused = [
    "",
    text.slice(0, -1),
    `${text.slice(0, 8)}x${text.slice(9)}`,
    text.replace("d1.", "d2."),
    encodeInvitationCode(invitation),
  ];
  const { mailboxSeed, wrapKey } = linkRendezvous(provider, code.secret, code.nodes[0]!.keyHash);
  return {
    publicKeyByte: 1,
    secret: hex(code.secret),
    keyHash: hex(code.keyHash),
    nodes: code.nodes.map(({ address, keyHash }) => ({ address, keyHash: hex(keyHash) })),
    text,
    withoutNodes: bare,
    texts: [` ${text}\n`, `https://host.example/#${text}`, `Code: ${text} (ten minutes)`],
    refused: refused.map((one) => ({ text: one, reason: reasonOf(decodeLinkCode(one)) })),
    mailboxSeed: hex(mailboxSeed),
    wrapKey: hex(wrapKey),
  };
}

async function linkVectors() {
  const ephemeralSeed = seed("ephemeral");
  const { publicKey } = await provider.xwingKeyPair(ephemeralSeed);
  const encapsulated = await encapsulateLink(provider, publicKey);
  if (encapsulated === null) throw new Error("vectors");
  const { enc, root } = encapsulated;
  const [newNonce, existingNonce] = [seed("new nonce"), seed("existing nonce")];
  const commitment = linkCommitment(provider, newNonce);
  const deviceKey = await keyOf(provider, "laptop");
  const helloPlain = encodeLinkContent("hello", { commitment, deviceKey, deviceName: "laptop", capabilities: [7] });
  const box = await sealLinkMessage(provider, root, LINK_NUMBER.hello, provider.sha256(publicKey), helloPlain);
  const helloWire = new Uint8Array([...enc, ...box]);
  const transcript = linkTranscript(provider, publicKey, helloWire, helloPlain);
  const alice = await newPerson(provider, "alice");
  const contents = {
    offer: encodeLinkContent("offer", { publicKey }),
    nonce: encodeLinkContent("nonce", { nonce: existingNonce }),
    reveal: encodeLinkContent("reveal", { nonce: newNonce }),
    draft: encodeLinkContent("draft", { chain: alice.chain, body: seed("body"), name: "alice" }),
    signature: encodeLinkContent("signature", { bodyHash: seed("hash"), signature: new Uint8Array(64).fill(2) }),
    grant: encodeLinkContent("grant", { chain: alice.chain }),
    keys: encodeLinkContent("keys", { keyPackage: seed("key package") }),
    welcome: encodeLinkContent("welcome", { welcome: seed("welcome"), introduction: seed("introduction") }),
    done: encodeLinkContent("done", {}),
    "cancel-by-existing": encodeLinkContent("cancel-by-existing", { reason: "digits-mismatch" }),
    "cancel-by-new": encodeLinkContent("cancel-by-new", { reason: "cancelled" }),
  };
  return {
    ephemeralSeed: hex(ephemeralSeed),
    root: hex(root),
    helloPlain: hex(helloPlain),
    helloFrame: base(encodeLinkFrame({ number: LINK_NUMBER.hello, content: helloWire })),
    transcript: hex(transcript),
    newNonce: hex(newNonce),
    existingNonce: hex(existingNonce),
    commitment: hex(commitment),
    digits: linkDigits(provider, { transcript, existingNonce, newNonce }),
    contents: Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, hex(bytes)])),
    nonceBox: hex(await sealLinkMessage(provider, root, LINK_NUMBER.nonce, transcript, contents.nonce)),
  };
}

// ---- registers

const bob = { account: seed("bob") };
const chat = { conversation: seed("chat") };
const event = { conversation: seed("chat"), event: seed("event") };

const OPERATIONS: Readonly<Record<string, SyncOperation>> = {
  contact: writeRegister("contact", bob, { petname: "Bob" }),
  "contact removed": writeRegister("contact", bob, null),
  "contact-chain": writeRegister("contact-chain", bob, { length: 2, head: seed("head"), recoveries: 0 }),
  "contact-verified": writeRegister("contact-verified", bob, {}),
  "contact-blocked": writeRegister("contact-blocked", bob, {}),
  "contact-direct": writeRegister("contact-direct", bob, { isAllowed: true }),
  chat: writeRegister("chat", chat, { kind: "pair", account: seed("bob") }),
  "chat-name": writeRegister("chat-name", chat, { name: "Work" }),
  "chat-archived": writeRegister("chat-archived", chat, {}),
  "chat-pinned": writeRegister("chat-pinned", chat, { rank: 1 }),
  "chat-muted": writeRegister("chat-muted", chat, { until: NOW }),
  "chat-unread": writeRegister("chat-unread", chat, {}),
  read: writeRegister("read", chat, { depth: 9, id: seed("event") }),
  draft: writeRegister("draft", chat, { text: "Dear Bob" }),
  star: writeRegister("star", event, {}),
  hidden: writeRegister("hidden", event, {}),
  setting: writeRegister("setting", { name: "language" }, { value: "de" }),
  profile: writeRegister("profile", {}, { name: "Alice", picture: null }),
  "device-name": writeRegister("device-name", { deviceKey: seed("device") }, { name: "laptop" }),
  node: writeRegister("node", { keyHash: seed("node") }, { hint: hintOf(provider, "one"), rank: 0 }),
  invitation: writeRegister("invitation", { place: seed("place") }, { secrets: seed("secrets") }),
  "backup-keys": writeRegister("backup-keys", {}, { sealKey: new Uint8Array(1_216), placeSecret: seed("places") }),
  "backup-counter": writeRegister("backup-counter", {}, { counter: 5 }),
};

const shownWrite = ({ tag, key, value, depth, author }: StampedWrite) => ({
  tag,
  key: hex(key),
  value: value === null ? null : hex(value),
  depth,
  author,
});

function foldVectors() {
  const [one, two] = [hex(new Uint8Array(32).fill(1)), hex(new Uint8Array(32).fill(2))];
  const named = (petname: string | null): SyncOperation =>
    writeRegister("contact", bob, petname === null ? null : { petname });
  const read = (depth: number): SyncOperation => writeRegister("read", chat, { depth, id: seed("event") });
  const unknown = (value: number | null): SyncOperation => ({
    tag: 9_999,
    key: Uint8Array.of(1),
    value: value === null ? null : Uint8Array.of(value),
  });
  const cases: Readonly<Record<string, readonly StampedWrite[]>> = {
    "deeper wins": [at(named("Bob"), 3, two), at(named("Robert"), 4, one)],
    "equal depth: greater author": [at(named("Bob"), 4, one), at(named("Robert"), 4, two)],
    "removed and written anew": [at(named("Bob"), 1, one), at(named(null), 2, two), at(named("Bob"), 2, one)],
    "forked author: greater value": [at(named("Bob"), 4, one), at(named("Cob"), 4, one), at(named(null), 4, one)],
    "only grows": [at(read(100), 5, one), at(read(70), 9, two)],
    "unknown kind": [at(unknown(5), 5, one), at(unknown(null), 6, one)],
    "unsound value": [at({ ...named("Bob"), value: Uint8Array.of(0xff) }, 5, one)],
    "more than are kept": Array.from({ length: REGISTERS["device-name"].limit + 3 }, (_, n) =>
      at(writeRegister("device-name", { deviceKey: seed(`device ${n}`) }, { name: `d${n}` }), 1 + (n % 40), one),
    ),
  };
  return Object.entries(cases).map(([name, writes]) => ({
    name,
    writes: writes.map(shownWrite),
    state: writesOf(foldSync(EMPTY_SYNC, writes).state).map(shownWrite),
  }));
}

const at = (operation: SyncOperation, depth: number, author: string): StampedWrite => ({ ...operation, depth, author });

function syncVectors() {
  const operations = Object.entries(OPERATIONS);
  const author = hex(new Uint8Array(32).fill(1));
  const kept = operations.filter(([name]) => name !== "contact removed").map(([, one]) => one);
  const { state } = foldSync(
    EMPTY_SYNC,
    kept.map((one, n) => at(one, n + 1, author)),
  );
  return {
    operations: operations.map(([name, { tag, key, value }]) => ({
      name,
      tag,
      key: hex(key),
      value: value === null ? null : hex(value),
    })),
    event: hex(encodeSyncEvents(kept)[0]!),
    snapshotId: hex(seed("snapshot").slice(0, 16)),
    snapshot: hex(encodeSyncSnapshot(state, seed("snapshot").slice(0, 16))[0]!),
    snapshotState: writesOf(state).map(shownWrite),
    folds: foldVectors(),
  };
}

// ---- pins, history, supply

async function pinVectors() {
  const alice = await newPerson(provider, "alice");
  const by = alice.deviceKey;
  const add = async (name: string) => ({ kind: "add-device", by, deviceKey: await keyOf(provider, name) }) as const;
  const two = await mustExtend(provider, alice.chain, await add("laptop"), "alice phone", "laptop");
  const other = await mustExtend(provider, alice.chain, await add("tablet"), "alice phone", "tablet");
  const recover = { kind: "recover", deviceKey: await keyOf(provider, "desk"), keptDevices: [] } as const;
  const recovered = await mustExtend(provider, alice.chain, recover, "alice recovery", "desk");
  const pin = expectOk(chainPin(provider, two), "pin");
  const chains = { two, one: alice.chain, other, recovered };
  return {
    pinned: hex(two),
    pin: { ...pin, head: hex(pin.head) },
    verdicts: Object.entries(chains).map(([name, chain]) => ({
      name,
      chain: hex(chain),
      verdict: expectOk(judgeChainPin(provider, pin, chain), "verdict"),
    })),
  };
}

async function historyVectors() {
  const transfer = seed("transfer").slice(0, 16);
  const key = transferKey(provider, seed("shared"), transfer);
  const conversation = seed("chat");
  const records: readonly HistoryRecord[] = [
    { kind: "credential", conversation, leafKey: seed("leaf"), credential: seed("credential") },
    { kind: "event", event: seed("event") },
  ];
  const manifest = { chunkCount: 3, byteCount: 150_000, conversations: [{ conversation, eventCount: 200 }] };
  return {
    shared: hex(seed("shared")),
    transfer: hex(transfer),
    key: hex(key),
    manifest: hex(await sealManifest(provider, key, transfer, manifest)),
    chunkIndex: 2,
    chunk: hex(await sealChunk(provider, key, transfer, 2, records)),
    conversation: hex(conversation),
    leafKey: hex(seed("leaf")),
    credential: hex(seed("credential")),
    event: hex(seed("event")),
  };
}

const supplyVectors = () => ({
  wanted: hex(encodeWanted(seed("device"), [seed("chat")])[0]!),
  packages: hex(encodePackages([{ conversation: seed("chat"), keyPackage: seed("key package") }])[0]!),
  snapshotWanted: hex(encodeSnapshotWanted()),
  stock: hex(encodeStock(seed("device"), { oneTime: [seed("key package")], lastResort: seed("last resort") })[0]!),
  unopened: hex(encodeUnopened(seed("chat"), seed("digest"))),
});

async function deviceVectors() {
  return {
    about: "spec/devices.md. Hex, sealed bytes base64url; times in milliseconds since 1970.",
    code: codeVectors(),
    link: await linkVectors(),
    sync: syncVectors(),
    pins: await pinVectors(),
    history: await historyVectors(),
    supply: supplyVectors(),
  };
}

// ---- account backup

async function keyVectors(entropy: Uint8Array, deviceSeed: Uint8Array, deviceKey: Uint8Array) {
  const root = deriveBranch(provider, entropy, "account-backup");
  const keys = await backupKeys(provider, root);
  const node = seed("node");
  const place = (slot: number, half: number, part: number) => ({
    slot,
    half,
    part,
    place: hex(backupPlace(provider, keys.placeSecret, node, { slot, half, part })),
  });
  return {
    words: entropyToWords(provider, entropy).join(" "),
    openSeed: hex(backupOpenSeed(provider, root)),
    sealKey: base(keys.sealKey),
    placeSecret: hex(keys.placeSecret),
    node: hex(node),
    places: [place(0, 0, 0), place(0, 1, 0), place(15, 1, 15)],
    deviceSeed: hex(deviceSeed),
    ownerSeed: hex(backupOwnerSeed(provider, deviceSeed, node)),
    deviceKey: hex(deviceKey),
    slots: slotOrder(provider, deviceKey),
  };
}

async function accountBackupVectors() {
  const alice = await newOwner(provider, "alice");
  const mallory = await newOwner(provider, "mallory");
  const reader = await backupReader(provider, alice.entropy);
  const content = contentOf(provider, alice);
  const sealed = async (changes: object, deviceSeed = alice.deviceSeed) =>
    sealBackup(provider, reader.sealKey, { content: { ...content, ...changes }, deviceSeed });
  const parts = await sealed({});
  const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ["another account", await sealed({ chain: mallory.chain }, mallory.deviceSeed)],
  ];
  const recovered = expectOk(
    await recoverAccount(provider, {
      entropy: alice.entropy,
      chains: [alice.chain],
      deviceSeed: seed("new phone"),
      now: NOW,
    }),
    "recovery",
  );
  return {
    about: "spec/account-backup.md. Hex, sealed bytes base64url; times in milliseconds since 1970.",
    keys: await keyVectors(alice.entropy, alice.deviceSeed, alice.deviceKey),
    content: hex(encodeBackupContent(content)),
    parts: parts.map(base),
    refused: await Promise.all(
      cases.map(async ([name, bad]) => ({
        name,
        parts: bad.map(base),
        reason: reasonOf(await openBackup(provider, reader, bad)),
      })),
    ),
    recovery: {
      chain: hex(alice.chain),
      deviceSeed: hex(seed("new phone")),
      now: NOW,
      recovered: hex(recovered.chain),
    },
  };
}

const folder = join(import.meta.dirname, "..", "spec", "vectors");
await writeFile(join(folder, "devices.json"), `${JSON.stringify(await deviceVectors(), null, 1)}\n`);
await writeFile(join(folder, "account-backup.json"), `${JSON.stringify(await accountBackupVectors(), null, 1)}\n`);
