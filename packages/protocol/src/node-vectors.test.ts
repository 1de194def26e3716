/**
 * Frozen vectors of what passes between a client and a node (`spec/vectors/`): inputs, and the bytes that must come out.
 * `XCHAT_WRITE_VECTORS=1` writes them anew, which is a change of the law.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { dayKeyIdOf, openDescriptor, signDescriptor, type Descriptor } from "./descriptor/descriptor.ts";
import { decodeChunk } from "./exchange/chunk.ts";
import { answerCipher, exchangeIdOf } from "./exchange/answer-keys.ts";
import { acceptExchange } from "./exchange/node.ts";
import { openClientExchange } from "./exchange/client.ts";
import { EXCHANGE_SUITE } from "./exchange/opening.ts";
import { ReplayWindow } from "./exchange/replay.ts";
import { filled } from "./hostile-input.node.ts";
import { decodeAnswer, encodeAnswer, type MailboxAnswer } from "./mailbox/answer.ts";
import { openReceipt, signReceipts, type Statement } from "./mailbox/receipt.ts";
import { decodeRequest, encodeRequest, type MailboxRequest } from "./mailbox/request.ts";
import { contentHash, signedBytes } from "./mailbox/signature.ts";
import { stampChallenge, strangerSubject } from "./mailbox/stamp.ts";
import { decodeFrame, encodeFrame, type Frame } from "./wire/frame.ts";

const provider: CryptoProvider = nodeCryptoProvider();
type Vectors = readonly { readonly name: string; readonly [field: string]: unknown }[];
const hex = bytesToHex;
const unhex = (value: unknown): Uint8Array => expectOk(hexToBytes(value as string), "hex");
const field = (vectors: Vectors, name: string, key: string): Uint8Array =>
  unhex(vectors.find((vector) => vector.name === name)?.[key]);

/** The frozen list; and with the flag, the new one in its place. */
function frozen(file: string, made: () => Vectors): Vectors {
  const path = new URL(`../../../spec/vectors/${file}.json`, import.meta.url);
  if (process.env["XCHAT_WRITE_VECTORS"] === "1") writeFileSync(path, `${JSON.stringify(made(), null, 2)}\n`);
  expect(existsSync(path), `${path.pathname} is missing`).toBe(true);
  return JSON.parse(readFileSync(path, "utf8")) as Vectors;
}

const key = filled(32, 1);
const signature = filled(64, 2);
const stamp = { day: 20_000, nonce: filled(8) };
const identity = await provider.ed25519KeyPair(filled(32, 5));
const nodeId = provider.sha256(identity.publicKey);
const dayPair = await provider.xwingKeyPair(filled(32, 6));
const dayKey = { id: dayKeyIdOf(provider, dayPair.publicKey), publicKey: dayPair.publicKey };

const FRAMES: Readonly<Record<string, Frame>> = {
  "open, descriptor": { kind: "open", stream: 1, streamKind: "descriptor", payload: new Uint8Array(0) },
  "open, exchange": { kind: "open", stream: 2, streamKind: "exchange", payload: filled(4) },
  "open, relay": { kind: "open", stream: 3, streamKind: "relay", payload: filled(4) },
  data: { kind: "data", stream: 2, payload: filled(4) },
  end: { kind: "end", stream: 2 },
  "reset, try later": { kind: "reset", stream: 2, reason: "try-later", afterSeconds: 5 },
  "reset, stopping": { kind: "reset", stream: 2, reason: "stopping", afterSeconds: 0 },
  "reset, target down": { kind: "reset", stream: 3, reason: "target-down", afterSeconds: 10 },
  "credit of a stream": { kind: "credit", stream: 2, bytes: 65_536 },
  "credit of the connection": { kind: "credit", stream: 0, bytes: 262_144 },
  ping: { kind: "ping", token: 7 },
  pong: { kind: "pong", token: 7 },
};

const REQUESTS: Readonly<Record<string, MailboxRequest>> = {
  deposit: { kind: "deposit", mailbox: key, signature },
  commit: { kind: "commit", mailbox: key, hashes: [filled(32, 3), filled(32, 4)], signature },
  fetchSlot: { kind: "fetchSlot", mailbox: key, signature },
  subscribe: { kind: "subscribe", mailboxes: [{ mailbox: key, after: 32_768_000_001, signature }] },
  openMailbox: { kind: "openMailbox", mailbox: key, stamp, signature },
  openInbox: { kind: "openInbox", inbox: key, expiresHour: 500_000, stamp, signature },
  depositInbox: { kind: "depositInbox", inbox: key, stamp },
  putBlob: { kind: "putBlob", place: filled(32), owner: key, version: 7, expiresHour: 500_000, stamp, signature },
  removeBlob: { kind: "removeBlob", place: filled(32), owner: key, version: 8, signature },
  getBlob: { kind: "getBlob", place: filled(32) },
};

const ANSWERS: Readonly<Record<string, MailboxAnswer>> = {
  receipt: { kind: "receipt", number: 1, receipt: filled(20) },
  done: { kind: "done", number: 2 },
  refused: { kind: "refused", number: 3, reason: "slot-taken" },
  tryLater: { kind: "tryLater", number: 4, afterSeconds: 600 },
  none: { kind: "none", number: 5 },
  slot: { kind: "slot", number: 6, count: 2, receipt: filled(20) },
  slotPart: { kind: "slotPart", number: 6 },
  blob: { kind: "blob", number: 7, version: 9 },
  envelope: { kind: "envelope", number: 8, index: 1, cursor: 32_768_000_001 },
  caughtUp: { kind: "caughtUp", number: 8 },
};

const STATEMENTS: readonly Statement[] = [0, 1, 2].map((i) => ({
  nodeId,
  mailbox: filled(32, i),
  hash: filled(32, 10 + i),
  kind: (["envelope", "commit", "inbox"] as const)[i] as Statement["kind"],
  hour: 500_000,
  expiresHour: 500_336,
}));

const price = { memoryKiB: 4_096, passes: 1, bits: 5 };
const DESCRIPTOR: Descriptor = {
  identityKey: identity.publicKey,
  notBefore: 1_800_000_000,
  expiresAt: 1_800_086_400,
  roles: ["mailbox", "blob", "stun"],
  capabilities: [],
  addresses: ["wss://node.example/x"],
  keys: [{ ...dayKey, ...EXCHANGE_SUITE, notBefore: 1_799_996_400, notAfter: 1_800_090_000 }],
  limits: { mailboxBytes: 67_108_864, inboxEnvelopes: 256, expiryHours: 336, blobHours: 4_380, exchangeSeconds: 4_200 },
  stamps: { mailbox: price, inbox: price, envelope: price, blob: price },
  stun: ":8787",
};

const RELAY: Descriptor = { ...DESCRIPTOR, roles: [...DESCRIPTOR.roles, "relay"], operator: "Example Society" };

describe("frozen vectors", () => {
  it("[N4] frames", () => {
    const vectors = frozen("wire", () =>
      Object.entries(FRAMES).map(([name, frame]) => ({ name, encoded: hex(encodeFrame(frame)) })),
    );
    for (const [name, frame] of Object.entries(FRAMES)) {
      const encoded = field(vectors, name, "encoded");
      expect(encodeFrame(frame)).toEqual(encoded);
      expect(expectOk(decodeFrame(encoded), name)).toEqual(frame);
    }
  });

  it("[D2] [D7] descriptors", async () => {
    const signed = await signDescriptor(provider, identity, DESCRIPTOR);
    const relay = await signDescriptor(provider, identity, RELAY);
    const vectors = frozen("descriptor", () => [
      {
        name: "descriptor",
        identitySeed: hex(filled(32, 5)),
        nodeId: hex(nodeId),
        dayKeySeed: hex(filled(32, 6)),
        signed: hex(signed),
      },
      { name: "relay, with an operator", signed: hex(relay) },
    ]);
    expect(relay).toEqual(field(vectors, "relay, with an operator", "signed"));
    expect(expectOk(await openDescriptor(provider, relay, 1_800_000_001), "relay")).toEqual(RELAY);
    expect(signed).toEqual(field(vectors, "descriptor", "signed"));
    expect(nodeId).toEqual(field(vectors, "descriptor", "nodeId"));
    const opened = await openDescriptor(provider, field(vectors, "descriptor", "signed"), 1_800_000_001);
    expect(expectOk(opened, "descriptor")).toEqual(DESCRIPTOR);
  });

  it("[X4] an exchange: opening, further request, answers", async () => {
    const client = await openClientExchange({ provider, nodeId, dayKey, nowSeconds: 1_800_000_000 });
    const [opening, further] = [await client?.seal(filled(5), filled(9)), await client?.seal(filled(6))];
    const made = (): Vectors => [
      {
        name: "exchange",
        nodeId: hex(nodeId),
        dayKeySeed: hex(filled(32, 6)),
        dayKeyId: hex(dayKey.id),
        exchangeId: hex(client?.id as Uint8Array),
        opening: hex(opening as Uint8Array),
        openingHead: hex(filled(5)),
        openingBody: hex(filled(9)),
        further: hex(further as Uint8Array),
        furtherHead: hex(filled(6)),
      },
    ];
    const vectors = frozen("exchange", made);
    const take = (name: string): Uint8Array => field(vectors, "exchange", name);
    const accepted = await acceptExchange(
      {
        provider,
        nodeId: take("nodeId"),
        dayKeyById: (id) => (hex(id) === hex(take("dayKeyId")) ? { id, secretKey: dayPair.secretKey, provider } : null),
        replays: new ReplayWindow(provider, 10),
        nowSeconds: 1_800_000_000,
      },
      take("opening"),
    );
    const { exchange, first } = expectOk(accepted, "opening");
    expect(first).toEqual({ head: take("openingHead"), body: take("openingBody") });
    expect(exchange.id).toEqual(take("exchangeId"));
    expect(expectOk(await exchange.open(take("further")), "further").head).toEqual(take("furtherHead"));
  });

  it("[X5] the keys of answers, from an exporter that is known", async () => {
    const exporter = {
      exportSecret: (label: Uint8Array, length: number): Uint8Array => provider.sha512(label).slice(0, length),
    };
    const cipher = (): ReturnType<typeof answerCipher> =>
      answerCipher(provider, exporter, filled(1_120), filled(32, 3));
    const sealer = cipher();
    const chunks = [await sealer.seal(filled(4)), await sealer.seal(filled(5))];
    const vectors = frozen("exchange-answers", () => [
      {
        name: "answers",
        first: hex(chunks[0] as Uint8Array),
        second: hex(chunks[1] as Uint8Array),
        id: hex(exchangeIdOf(exporter)),
      },
    ]);
    expect(chunks).toEqual([field(vectors, "answers", "first"), field(vectors, "answers", "second")]);
    expect(exchangeIdOf(exporter)).toEqual(field(vectors, "answers", "id"));
    const opener = cipher();
    expect(await opener.open(field(vectors, "answers", "first"))).toEqual(filled(4));
    expect(await opener.open(field(vectors, "answers", "second"))).toEqual(filled(5));
    expect(decodeChunk(filled(4)).ok).toBe(false);
  });

  it("[MB2] [MB4] [MB6] [MB8] [MB12] mailboxes", async () => {
    const place = { nodeId, exchangeId: filled(32, 20), number: 3 };
    const receipts = await signReceipts(provider, identity, nodeId, STATEMENTS);
    const derived: Readonly<Record<string, Uint8Array>> = {
      "signed bytes: deposit": signedBytes(place, "deposit", key, contentHash.deposit(provider, filled(8_192))),
      "signed bytes: commit": signedBytes(
        place,
        "commit",
        key,
        contentHash.commit(provider, [filled(32, 3), filled(32, 4)]),
      ),
      "signed bytes: fetchSlot": signedBytes(place, "fetchSlot", key, contentHash.fetchSlot(provider)),
      "signed bytes: subscribe": signedBytes(place, "subscribe", key, contentHash.subscribe(provider, 32_768_000_001)),
      "signed bytes: openMailbox": signedBytes(place, "openMailbox", key, contentHash.openMailbox(provider, stamp)),
      "signed bytes: openInbox": signedBytes(place, "openInbox", key, contentHash.openInbox(provider, 500_000, stamp)),
      "signed bytes: putBlob": signedBytes(
        place,
        "putBlob",
        key,
        contentHash.putBlob(provider, { place: filled(32), version: 7, expiresHour: 500_000 }, filled(100)),
      ),
      "signed bytes: removeBlob": signedBytes(
        place,
        "removeBlob",
        key,
        contentHash.removeBlob(provider, filled(32), 8),
      ),
      "stamp challenge: mailbox": stampChallenge("mailbox", nodeId, key, 20_000),
      "stamp challenge: envelope": stampChallenge(
        "envelope",
        nodeId,
        strangerSubject(provider, key, filled(32, 3)),
        20_000,
      ),
      "receipt: envelope": receipts[0] as Uint8Array,
      "receipt: commit": receipts[1] as Uint8Array,
      "receipt: inbox": receipts[2] as Uint8Array,
    };
    const vectors = frozen("mailbox", () => [
      ...Object.entries(REQUESTS).map(([name, request]) => ({
        name: `request: ${name}`,
        encoded: hex(encodeRequest(request)),
      })),
      ...Object.entries(ANSWERS).map(([name, answer]) => ({
        name: `answer: ${name}`,
        encoded: hex(encodeAnswer(answer)),
      })),
      ...Object.entries(derived).map(([name, bytes]) => ({ name, encoded: hex(bytes) })),
    ]);
    for (const [name, request] of Object.entries(REQUESTS)) {
      expect(expectOk(decodeRequest(field(vectors, `request: ${name}`, "encoded")), name)).toEqual(request);
      expect(encodeRequest(request)).toEqual(field(vectors, `request: ${name}`, "encoded"));
    }
    for (const [name, answer] of Object.entries(ANSWERS)) {
      expect(expectOk(decodeAnswer(field(vectors, `answer: ${name}`, "encoded")), name)).toEqual(answer);
      expect(encodeAnswer(answer)).toEqual(field(vectors, `answer: ${name}`, "encoded"));
    }
    for (const [name, bytes] of Object.entries(derived)) expect(bytes, name).toEqual(field(vectors, name, "encoded"));
    for (const [i, statement] of STATEMENTS.entries()) {
      const receipt = field(vectors, `receipt: ${statement.kind}`, "encoded");
      expect(expectOk(await openReceipt(provider, identity.publicKey, receipt), `receipt ${i}`)).toEqual(statement);
    }
  });
});
