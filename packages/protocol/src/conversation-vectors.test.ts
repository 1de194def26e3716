/**
 * Frozen vectors of events, envelopes and conversations (`spec/vectors/`): inputs, and the bytes that must come out.
 * `XCHAT_WRITE_VECTORS=1` writes them anew, which is a change of the law.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bytesToHex, expectOk, hexToBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { deletionContent, reactionContent, textContent } from "./content/meaning.ts";
import { decodeMessageContent, encodeMessageContent, type MessageContent } from "./content/mimi.ts";
import { decodeDirectFrame, encodeDirectFrame, type DirectFrame } from "./conversation/direct-frame.ts";
import { epochKeys } from "./conversation/epoch-keys.ts";
import { decodePayload, encodePayload, type PayloadItem } from "./conversation/payload.ts";
import { decodePolicy, encodePolicy, pairPolicy, type ConversationPolicy } from "./conversation/policy.ts";
import { collectFragment, emptyReassembly } from "./envelope/reassembly.ts";
import { openEnvelope, sealEnvelopes, sealShortEnvelope } from "./envelope/envelope.ts";
import { createEvent, decodeEvent, encodeEvent, verifyEvent } from "./event/event.ts";
import { filled } from "./hostile-input.node.ts";

const node = nodeCryptoProvider();
/** Random bytes that are the same in every run: 00 01 02 … */
const counting: CryptoProvider = { ...node, randomBytes: (length) => Uint8Array.from({ length }, (_, i) => i & 0xff) };

type Vectors = readonly { readonly name: string; readonly [field: string]: unknown }[];

const hexOf = (value: string): Uint8Array => expectOk(hexToBytes(value), "hex");
const sha256 = (data: Uint8Array): string => bytesToHex(node.sha256(data));

/** The frozen list; and with the flag, the new one in its place. */
function frozen(file: string, made: Vectors): Vectors {
  const path = new URL(`../../../spec/vectors/${file}.json`, import.meta.url);
  if (process.env["XCHAT_WRITE_VECTORS"] === "1") writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`);
  expect(existsSync(path), `${path.pathname} is missing`).toBe(true);
  return JSON.parse(readFileSync(path, "utf8")) as Vectors;
}

const CONTENTS: Record<string, MessageContent> = {
  text: textContent({ salt: filled(16), text: "Hello, world" }),
  "right to left, with an emoji": textContent({ salt: filled(16), text: "שלום 👋" }),
  reply: textContent({ salt: filled(16), text: "yes", inReplyTo: filled(32, 1) }),
  edit: textContent({ salt: filled(16), text: "yes!", inReplyTo: filled(32, 1), replaces: filled(32, 2) }),
  "disappears a minute after reading": textContent({
    salt: filled(16),
    text: "soon gone",
    expires: { isRelative: true, seconds: 60 },
  }),
  reaction: reactionContent({ salt: filled(16), reaction: "❤", to: filled(32, 1) }),
  deletion: deletionContent({ salt: filled(16), replaces: filled(32, 2) }),
  "reaction taken back": deletionContent({ salt: filled(16), replaces: filled(32, 3), isReaction: true }),
};

const ITEMS: readonly PayloadItem[] = [
  { kind: "event", event: filled(8) },
  {
    kind: "ack",
    ack: {
      tip: { sequence: 1, id: filled(32, 1) },
      entries: [{ author: filled(32, 2), sequence: 3, id: filled(32, 4), lacking: [{ from: 1, to: 2 }] }],
    },
  },
  { kind: "read", positions: [{ author: filled(32, 2), sequence: 3, id: filled(32, 4) }] },
  {
    kind: "want",
    want: { asked: filled(32, 5), ids: [filled(32, 6)], ranges: [{ author: filled(32, 2), from: 0, to: 9 }] },
  },
  { kind: "give", events: [filled(4), filled(5)] },
  {
    kind: "signal",
    to: filled(32, 5),
    session: filled(16),
    signal: { kind: "description", type: "answer", sdp: "v=0\r\n" },
  },
  {
    kind: "signal",
    to: filled(32, 5),
    session: filled(16),
    signal: { kind: "candidate", candidate: "candidate:1", mid: "0" },
  },
  { kind: "signal", to: filled(32, 5), session: filled(16), signal: { kind: "close" } },
  { kind: "direct-consent", isAllowed: true, revision: 2 },
  { kind: "profile", name: "Ada", revision: 1 },
  { kind: "chain", chain: filled(6) },
  { kind: "key-packages", oneTime: [filled(5)], lastResort: filled(7) },
  { kind: "parcel", id: filled(32, 9), part: 1, parts: 3, content: filled(4) },
  { kind: "former-leaf", leafKey: filled(32, 2), credential: filled(8) },
  { kind: "unknown", tag: 4_000, content: filled(3) },
];

const FRAMES: Record<string, DirectFrame> = {
  ack: { kind: "ack", hash: filled(32) },
  ping: { kind: "ping", number: 7 },
  pong: { kind: "pong", number: 7 },
};

const PAIR = pairPolicy({
  requester: filled(32, 9),
  accepter: filled(32, 1),
  homeNodes: [{ address: "wss://node.example/", keyHash: filled(32, 40) }],
});
const POLICIES: Record<string, ConversationPolicy> = {
  "pair, asked": PAIR,
  "pair, accepted": { ...PAIR, isAccepted: true },
};

async function makeEvents(): Promise<Vectors> {
  const leaf = await node.ed25519KeyPair(filled(32, 77));
  const author = { account: filled(32, 1), leafKey: leaf.publicKey };
  const base = { conversation: filled(32), author, sentAt: 1_700_000_000_000, kind: "content" } as const;
  const content = encodeMessageContent(CONTENTS["text"] as MessageContent);
  const first = await createEvent(
    counting,
    { ...base, sequence: 0, depth: 1, previous: null, parents: [], content },
    leaf.secretKey,
  );
  const parents = [filled(32, 3), filled(32, 4)];
  const second = await createEvent(
    counting,
    { ...base, sequence: 1, depth: 5, previous: first.id, parents, content },
    leaf.secretKey,
  );
  const contents = Object.entries(CONTENTS).map(([name, one]) => ({
    name: `content: ${name}`,
    encoded: bytesToHex(encodeMessageContent(one)),
  }));
  const events = Object.entries({ first, second }).map(([name, event]) => ({
    name: `event: ${name}`,
    leafSecretKey: bytesToHex(leaf.secretKey),
    leafKey: bytesToHex(leaf.publicKey),
    encoded: bytesToHex(encodeEvent(event)),
    withoutBody: bytesToHex(encodeEvent({ ...event, bodyBytes: null })),
    id: bytesToHex(event.id),
  }));
  return [...contents, ...events];
}

async function makeEnvelopes(): Promise<Vectors> {
  const seal = async (length: number): Promise<readonly Uint8Array[]> =>
    sealEnvelopes(counting, filled(32), filled(length));
  const sealShort = async (length: number): Promise<readonly Uint8Array[]> => {
    const short = await sealShortEnvelope(counting, filled(32), filled(length));
    return short === null ? [] : [short];
  };
  const make = async (name: string, length: number, sealed = seal) => ({
    name,
    wrapKey: bytesToHex(filled(32)),
    /** The payload is i * 7 mod 256. */
    payloadLength: length,
    payloadSha256: sha256(filled(length)),
    nonce: bytesToHex(counting.randomBytes(12)),
    envelopes: (await sealed(length)).map((one) => ({
      length: one.length,
      sha256: sha256(one),
      start: bytesToHex(one.subarray(0, 48)),
      end: bytesToHex(one.subarray(-16)),
    })),
  });
  return [
    await make("small", 10),
    await make("fullest small", 8_153),
    await make("large", 8_154),
    await make("fragments", 130_000),
    await make("short", 10, sealShort),
    await make("fullest short", 2_009, sealShort),
    await make("too long for a short one", 2_010, sealShort),
  ];
}

async function makeConversation(): Promise<Vectors> {
  const exportSecret = (label: string, context: Uint8Array, length: number): Uint8Array =>
    node.hmacSha512(filled(32), Uint8Array.from([...utf8ToBytes(label), 0, ...context])).slice(0, length);
  const keys = await epochKeys(exportSecret, node, filled(32, 40));
  return [
    ...Object.entries(POLICIES).map(([name, policy]) => ({
      name: `policy: ${name}`,
      encoded: bytesToHex(encodePolicy(policy)),
    })),
    ...ITEMS.map((item, i) => ({ name: `payload: ${i} ${item.kind}`, encoded: bytesToHex(encodePayload([item])) })),
    { name: "payload: all", encoded: bytesToHex(encodePayload(ITEMS)) },
    ...Object.entries(FRAMES).map(([name, frame]) => ({
      name: `frame: ${name}`,
      encoded: bytesToHex(encodeDirectFrame(frame)),
    })),
    {
      name: "epoch keys",
      exporter: "HMAC-SHA-512(key, label || 00 || context), cut",
      exporterKey: bytesToHex(filled(32)),
      nodeKeyHash: bytesToHex(filled(32, 40)),
      mailboxSeed: bytesToHex(keys.mailbox.seed),
      mailboxPublicKey: bytesToHex(keys.mailbox.publicKey),
      wrapKey: bytesToHex(keys.wrapKey),
    },
  ];
}

describe("frozen vectors", () => {
  it("[EV1] [EV5] events and their content", async () => {
    const made = await makeEvents();
    const vectors = frozen("event", made);
    expect(made).toEqual(vectors);
    for (const vector of vectors) {
      const encoded = hexOf(vector["encoded"] as string);
      if (vector.name.startsWith("content")) {
        expect(encodeMessageContent(expectOk(decodeMessageContent(encoded), vector.name))).toEqual(encoded);
        continue;
      }
      for (const bytes of [encoded, hexOf(vector["withoutBody"] as string)]) {
        const event = expectOk(decodeEvent(node, bytes), vector.name);
        expect(bytesToHex(event.id)).toBe(vector["id"]);
        expect(
          await verifyEvent(node, event, { ...event.header.author, leafKey: hexOf(vector["leafKey"] as string) }),
        ).toBe(true);
      }
    }
  });

  it("[EN1] [EN2] [EN4] [EN8] envelopes", async () => {
    const made = await makeEnvelopes();
    expect(made).toEqual(frozen("envelope", made));
    let state = emptyReassembly();
    const payloads: Uint8Array[] = [];
    for (const envelope of await sealEnvelopes(counting, filled(32), filled(130_000))) {
      const fragment = expectOk(await openEnvelope(node, filled(32), envelope), "envelope");
      if (fragment.kind !== "fragment") throw new Error("not a fragment");
      const collected = collectFragment(node, state, fragment);
      state = collected.state;
      if (collected.payload !== null) payloads.push(collected.payload);
    }
    expect(payloads).toEqual([filled(130_000)]);
  });

  it("[CV2] [CV5] [CV7] [CV15] policies, payloads, frames and keys of an epoch", async () => {
    const made = await makeConversation();
    const vectors = frozen("conversation", made);
    expect(made).toEqual(vectors);
    for (const { name, encoded } of vectors) {
      const bytes = hexOf((encoded ?? "") as string);
      if (name.startsWith("policy")) expect(encodePolicy(expectOk(decodePolicy(bytes), name))).toEqual(bytes);
      if (name.startsWith("payload")) expect(encodePayload(expectOk(decodePayload(bytes), name))).toEqual(bytes);
      if (name.startsWith("frame")) expect(encodeDirectFrame(expectOk(decodeDirectFrame(bytes), name))).toEqual(bytes);
    }
  });
});
