import { readFileSync } from "node:fs";
import { base64UrlToBytes, bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { chainPin, judgeChainPin } from "./chain-pin.ts";
import { decodeSupply } from "./device-supply.ts";
import { openChunk, openManifest, transferKey } from "./history-format.ts";
import { decodeLinkCode, encodeLinkCode, linkKeyHash, linkRendezvous } from "./link-code.ts";
import {
  decapsulateLink,
  ENCAPSULATION_BYTES,
  linkCommitment,
  linkDigits,
  linkTranscript,
  openLinkMessage,
} from "./link-keys.ts";
import {
  decodeLinkContent,
  decodeLinkFrame,
  encodeLinkContent,
  LINK_NUMBER,
  type LinkMessageKind,
} from "./link-messages.ts";
import { decodeSyncEvent, decodeSyncSnapshot, encodeSyncEvents, encodeSyncSnapshot } from "./sync-event.ts";
import { isSoundOperation, type SyncOperation } from "./sync-registers.ts";
import { EMPTY_SYNC, foldSync, writesOf, type StampedWrite } from "./sync-state.ts";

interface Write {
  readonly tag: number;
  readonly key: string;
  readonly value: string | null;
  readonly depth: number;
  readonly author: string;
}

const provider: CryptoProvider = nodeCryptoProvider();
const path = new URL("../../../../spec/vectors/devices.json", import.meta.url);
const { code, link, sync, pins, history, supply } = JSON.parse(readFileSync(path, "utf8")) as {
  code: {
    publicKeyByte: number;
    secret: string;
    keyHash: string;
    nodes: { address: string; keyHash: string }[];
    text: string;
    withoutNodes: string;
    texts: string[];
    refused: { text: string; reason: string }[];
    mailboxSeed: string;
    wrapKey: string;
  };
  link: {
    ephemeralSeed: string;
    root: string;
    helloPlain: string;
    helloFrame: string;
    transcript: string;
    newNonce: string;
    existingNonce: string;
    commitment: string;
    digits: string;
    contents: Record<LinkMessageKind, string>;
    nonceBox: string;
  };
  sync: {
    operations: (Omit<Write, "depth" | "author"> & { name: string })[];
    event: string;
    snapshotId: string;
    snapshot: string;
    snapshotState: Write[];
    folds: { name: string; writes: Write[]; state: Write[] }[];
  };
  pins: {
    pinned: string;
    pin: { length: number; head: string; recoveries: number };
    verdicts: { name: string; chain: string; verdict: string }[];
  };
  history: {
    shared: string;
    transfer: string;
    key: string;
    manifest: string;
    chunkIndex: number;
    chunk: string;
    conversation: string;
    leafKey: string;
    credential: string;
    event: string;
  };
  supply: { wanted: string; packages: string; snapshotWanted: string; stock: string; unopened: string };
};
const unhex = (text: string): Uint8Array => expectOk(hexToBytes(text), "vector");

const readWrite = ({ tag, key, value, depth, author }: Write): StampedWrite => ({
  tag,
  key: unhex(key),
  value: value === null ? null : unhex(value),
  depth,
  author,
});
const shown = ({ tag, key, value, depth, author }: StampedWrite): Write => ({
  tag,
  key: bytesToHex(key),
  value: value === null ? null : bytesToHex(value),
  depth,
  author,
});

describe("frozen vectors of devices", () => {
  it("[DV2] [DV3] link codes and where they lead", () => {
    const publicKey = new Uint8Array(1_216).fill(code.publicKeyByte);
    expect(bytesToHex(linkKeyHash(provider, publicKey))).toBe(code.keyHash);
    const nodes = code.nodes.map(({ address, keyHash }) => ({ address, keyHash: unhex(keyHash) }));
    const value = { secret: unhex(code.secret), keyHash: unhex(code.keyHash), nodes };
    expect(encodeLinkCode(value)).toBe(code.text);
    expect(encodeLinkCode({ ...value, nodes: [] })).toBe(code.withoutNodes);
    for (const text of code.texts) expect(decodeLinkCode(text)).toEqual({ ok: true, value });
    for (const { text, reason } of code.refused) {
      expect(decodeLinkCode(text)).toEqual({ ok: false, error: { reason } });
    }
    const { mailboxSeed, wrapKey } = linkRendezvous(provider, value.secret, nodes[0]!.keyHash);
    expect([bytesToHex(mailboxSeed), bytesToHex(wrapKey)]).toEqual([code.mailboxSeed, code.wrapKey]);
  });

  it("[DV4] [DV5] [DV6] a hello, the digits and a message", async () => {
    const { publicKey, secretKey } = await provider.xwingKeyPair(unhex(link.ephemeralSeed));
    const frame = expectOk(decodeLinkFrame(expectOk(base64UrlToBytes(link.helloFrame), "vector")), "frame");
    expect(frame.number).toBe(LINK_NUMBER.hello);
    const root = await decapsulateLink(provider, secretKey, frame.content.subarray(0, ENCAPSULATION_BYTES));
    expect(bytesToHex(root!)).toBe(link.root);
    const box = frame.content.subarray(ENCAPSULATION_BYTES);
    const plain = await openLinkMessage(provider, root!, LINK_NUMBER.hello, provider.sha256(publicKey), box);
    expect(bytesToHex(plain!)).toBe(link.helloPlain);
    const hello = expectOk(decodeLinkContent("hello", plain!), "hello");
    expect(hello).toMatchObject({ deviceName: "laptop", capabilities: [7] });
    expect(bytesToHex(hello.commitment)).toBe(link.commitment);
    expect(bytesToHex(linkCommitment(provider, unhex(link.newNonce)))).toBe(link.commitment);
    const transcript = linkTranscript(provider, publicKey, frame.content, plain!);
    expect(bytesToHex(transcript)).toBe(link.transcript);
    const nonces = { existingNonce: unhex(link.existingNonce), newNonce: unhex(link.newNonce) };
    expect(linkDigits(provider, { transcript, ...nonces })).toBe(link.digits);
    const opened = await openLinkMessage(provider, root!, LINK_NUMBER.nonce, transcript, unhex(link.nonceBox));
    expect(bytesToHex(opened!)).toBe(link.contents.nonce);
  });

  it.each(Object.entries(link.contents))("[DV7] the content of %s", (name, content) => {
    const kind = name as LinkMessageKind;
    const value = expectOk(decodeLinkContent(kind, unhex(content)), "content");
    expect(bytesToHex(encodeLinkContent(kind, value))).toBe(content);
  });

  it("[DV21] [DV25] [DV26] registers, events and snapshots", () => {
    const stamp = { author: bytesToHex(new Uint8Array(32).fill(1)), depth: 100 };
    const operations: readonly SyncOperation[] = sync.operations
      .filter(({ name }) => name !== "contact removed")
      .map((one) => readWrite({ ...one, ...stamp }));
    expect(sync.operations.every((one) => isSoundOperation(readWrite({ ...one, ...stamp })))).toBe(true);
    expect(encodeSyncEvents(operations).map(bytesToHex)).toEqual([sync.event]);
    const written = expectOk(decodeSyncEvent(unhex(sync.event), stamp), "event");
    expect(written.map(({ tag }) => tag)).toEqual(operations.map(({ tag }) => tag));
    const part = expectOk(decodeSyncSnapshot(unhex(sync.snapshot), { depth: 100 }), "snapshot");
    const { state } = foldSync(EMPTY_SYNC, part.writes);
    expect(writesOf(state).map(shown)).toEqual(sync.snapshotState);
    expect(encodeSyncSnapshot(state, unhex(sync.snapshotId)).map(bytesToHex)).toEqual([sync.snapshot]);
  });

  it.each(sync.folds)("[DV22] [DV23] [DV24] fold: $name", ({ writes, state }) => {
    for (const order of [writes, writes.toReversed()]) {
      const folded = foldSync(EMPTY_SYNC, order.map(readWrite)).state;
      expect(writesOf(folded).map(shown)).toEqual(state);
    }
  });

  it("[DV20] short pins", () => {
    const pin = expectOk(chainPin(provider, unhex(pins.pinned)), "pin");
    expect({ ...pin, head: bytesToHex(pin.head) }).toEqual(pins.pin);
    for (const { chain, verdict } of pins.verdicts) {
      expect(judgeChainPin(provider, pin, unhex(chain))).toEqual({ ok: true, value: verdict });
    }
  });

  it("[DV14] a manifest and a chunk of history", async () => {
    const transfer = unhex(history.transfer);
    const key = transferKey(provider, unhex(history.shared), transfer);
    expect(bytesToHex(key)).toBe(history.key);
    const conversation = unhex(history.conversation);
    expect(await openManifest(provider, key, transfer, unhex(history.manifest))).toMatchObject({
      chunkCount: 3,
      byteCount: 150_000,
      conversations: [{ conversation, eventCount: 200 }],
    });
    expect(await openChunk(provider, key, transfer, history.chunkIndex, unhex(history.chunk))).toEqual([
      { kind: "credential", conversation, leafKey: unhex(history.leafKey), credential: unhex(history.credential) },
      { kind: "event", event: unhex(history.event) },
    ]);
  });

  it("[DV33] [DV39] [DV38] what siblings ask and hand over", () => {
    const { wanted, packages, snapshotWanted, stock, unopened } = supply;
    const kinds = [wanted, packages, snapshotWanted, stock, unopened].map(
      (content) => expectOk(decodeSupply(unhex(content)), "supply").kind,
    );
    expect(kinds).toEqual(["wanted", "packages", "snapshot-wanted", "stock", "unopened"]);
  });
});
