import { bytesToHex, concatBytes, encode, expectOk, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { beforeAll, describe, expect, it } from "vitest";
import { makeLeafCredential, verifyLeafCredential } from "../identity/certificate.ts";
import { createIdentity } from "../identity/chain.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { encodeMessageContent } from "../content/mimi.ts";
import { textContent } from "../content/meaning.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { decodeNotice, encodeNotice } from "./body.ts";
import {
  createEvent,
  decodeEvent,
  encodeEvent,
  eventId,
  openEvent,
  verifyEvent,
  type NewEvent,
  type SignedEvent,
} from "./event.ts";
import { decodeHeader, encodeHeader, MAX_PARENTS, type EventHeader } from "./header.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const content = encodeMessageContent(textContent({ salt: filled(16), text: "hello" }));
let leaf: KeyPair;
let event: SignedEvent;

const newEvent = (over: Partial<NewEvent> = {}): NewEvent => ({
  conversation: filled(32),
  author: { account: filled(32, 1), leafKey: leaf.publicKey },
  sequence: 1,
  depth: 3,
  previous: filled(32, 2),
  parents: [filled(32, 3), filled(32, 4)],
  sentAt: 1_700_000_000_000,
  kind: "content",
  content,
  ...over,
});

beforeAll(async () => {
  leaf = await provider.ed25519KeyPair(filled(32, 77));
  event = await createEvent(provider, newEvent(), leaf.secretKey);
});

const headerWith = (over: Partial<EventHeader>): EventHeader => ({ ...event.header, ...over });

/** Writes a header that breaks the rules: the codec of this version would refuse to. */
const encodeRawHeader = (header: EventHeader): Uint8Array => {
  const { version, conversation, author, sequence, depth, previous, parents, commitment } = header;
  const raw = [version, conversation, [author.account, author.leafKey], sequence, depth, previous, parents, commitment];
  return encode({ write: () => raw as any, read: () => raw }, raw);
};

describe("event headers", () => {
  it("[EV1] every field round-trips", () => {
    expect(expectOk(decodeHeader(encodeHeader(event.header)), "header")).toEqual(event.header);
    const first = headerWith({ sequence: 0, depth: 1, previous: null, parents: [] });
    expect(expectOk(decodeHeader(encodeHeader(first)), "header")).toEqual(first);
  });

  it.each<[string, Partial<EventHeader>, string]>([
    ["[EV1] another version", { version: 2 as 1 }, "unknown-version"],
    ["[EV2] a first event with a previous one", { sequence: 0 }, "bad-previous"],
    ["[EV2] a later event without one", { previous: null }, "bad-previous"],
    ["[EV2] a depth that its number contradicts", { sequence: 9, depth: 9 }, "bad-depth"],
    ["[EV2] a beginning that is not at depth one", { sequence: 0, previous: null, parents: [], depth: 2 }, "bad-depth"],
    ["[EV2] a depth beyond all bounds", { depth: 2 ** 52 + 2 }, "number-too-large"],
    ["[EV3] parents out of order", { parents: [filled(32, 4), filled(32, 3)] }, "parents-out-of-order"],
    ["[EV3] a parent twice", { parents: [filled(32, 3), filled(32, 3)] }, "parents-out-of-order"],
    ["[EV3] the previous event among the parents", { parents: [filled(32, 2)] }, "previous-among-parents"],
    [
      "[EV3] too many parents",
      { parents: Array.from({ length: MAX_PARENTS + 1 }, (_, i) => filled(32, 100 + i)) },
      "too-many-entries",
    ],
  ])("%s is refused", (_name, over, reason) => {
    const header = headerWith(over);
    expect(decodeHeader(encodeRawHeader(header))).toMatchObject({ ok: false, error: { reason } });
    if (reason !== "unknown-version") expect(() => encodeHeader(header)).toThrow(RangeError);
  });
});

describe("signed events", () => {
  it("[EV4] verify by the author's key, and by no other", async () => {
    const decoded = expectOk(decodeEvent(provider, encodeEvent(event)), "event");
    expect(decoded).toEqual(event);
    expect(await verifyEvent(provider, decoded, event.header.author)).toBe(true);
    const other = await provider.ed25519KeyPair(filled(32, 78));
    expect(await verifyEvent(provider, decoded, { ...event.header.author, leafKey: other.publicKey })).toBe(false);
  });

  it("[EV4] a leaf key does not write in the name of another account", async () => {
    const claimed = await createEvent(
      provider,
      newEvent({ author: { account: filled(32, 200), leafKey: leaf.publicKey } }),
      leaf.secretKey,
    );
    expect(await verifyEvent(provider, claimed, event.header.author)).toBe(false);
  });

  it("[EV4] no altered field verifies", async () => {
    const alterations: Partial<EventHeader>[] = [
      { conversation: filled(32, 50) },
      { sequence: 2 },
      { depth: 4 },
      { previous: filled(32, 51) },
      { parents: [filled(32, 3)] },
      { commitment: filled(32, 52) },
    ];
    for (const over of alterations) {
      expect(await verifyEvent(provider, { ...event, header: headerWith(over) }, event.header.author)).toBe(false);
    }
    for (let at = 0; at < event.signedHeader.length; at += 3) {
      const altered = event.signedHeader.slice();
      altered[at] = (altered[at] as number) ^ 1;
      const opened = openEvent(provider, altered, null);
      expect(opened.ok && (await verifyEvent(provider, opened.value, event.header.author))).toBe(false);
    }
  });

  it("[EV5] the id is a hash of what was signed, under its own label", async () => {
    expect(event.id).toEqual(provider.sha256(concatBytes(utf8ToBytes("xchat event id v1\0"), event.signedHeader)));
    const again = await createEvent(provider, newEvent(), leaf.secretKey);
    expect(bytesToHex(again.id), "a fresh salt").not.toBe(bytesToHex(event.id));
    expect(eventId(provider, event.signedHeader)).toEqual(event.id);
  });

  it("[EV6] the body may be gone, but never another one", async () => {
    const bare = expectOk(decodeEvent(provider, encodeEvent({ ...event, bodyBytes: null })), "event");
    expect(bare).toMatchObject({ id: event.id, body: null });
    expect(await verifyEvent(provider, bare, event.header.author)).toBe(true);
    const other = await createEvent(provider, newEvent({ content: filled(9) }), leaf.secretKey);
    const mixed = encodeEvent({ signedHeader: event.signedHeader, bodyBytes: other.bodyBytes });
    expect(decodeEvent(provider, mixed)).toMatchObject({ ok: false, error: { reason: "commitment-mismatch" } });
  });

  it("[EV6] a body of a later version, or with a time beyond all calendars, is kept unread", async () => {
    const { version: _, ...header } = event.header;
    for (const raw of [
      [2, filled(32), 0, 0, content],
      [1, filled(32), 8_640_000_000_000_001, 0, content],
    ]) {
      const bodyBytes = encode({ write: () => raw as any, read: () => raw }, raw);
      const commitment = provider.sha256(concatBytes(utf8ToBytes("xchat event body v1\0"), bodyBytes));
      const headerBytes = encodeHeader({ version: 1, ...header, commitment });
      const label = utf8ToBytes("xchat event signature v1\0");
      const signature = await provider.ed25519Sign(leaf.secretKey, concatBytes(label, headerBytes));
      const signedHeader = encode({ write: () => [headerBytes, signature], read: () => null }, null as any);
      const opened = expectOk(decodeEvent(provider, encodeEvent({ signedHeader, bodyBytes })), "event");
      expect(opened).toMatchObject({ body: null, bodyBytes });
      expect(await verifyEvent(provider, opened, event.header.author)).toBe(true);
      expect(encodeEvent(opened)).toEqual(encodeEvent({ signedHeader, bodyBytes }));
    }
  });

  it("[EV6] two bodies with the same text have commitments that tell nothing", async () => {
    const again = await createEvent(provider, newEvent(), leaf.secretKey);
    expect(again.header.commitment).not.toEqual(event.header.commitment);
  });

  it("[EV7] a third party verifies a disclosed event by the author's leaf credential alone", async () => {
    const now = 1_700_000_000_000;
    const deviceSeed = filled(32, 5);
    const { chain } = await createIdentity(provider, { deviceSeed, recoverySeed: filled(32, 6), now });
    const credential = await makeLeafCredential(provider, {
      chain,
      deviceSeed,
      leafPublicKey: leaf.publicKey,
      now,
      lifetimeMs: 86_400_000,
    });
    const { accountId } = expectOk(await verifyLeafCredential(provider, credential, leaf.publicKey, now), "credential");
    const author = { account: accountIdToBytes(accountId), leafKey: leaf.publicKey };
    const disclosed = encodeEvent(await createEvent(provider, newEvent({ author }), leaf.secretKey));

    // All that the third party has: these bytes and the credential.
    const opened = expectOk(decodeEvent(provider, disclosed), "event");
    const verified = expectOk(
      await verifyLeafCredential(provider, credential, opened.header.author.leafKey, now),
      "credential",
    );
    const witness = { account: accountIdToBytes(verified.accountId), leafKey: opened.header.author.leafKey };
    expect(await verifyEvent(provider, opened, witness)).toBe(true);
    expect(opened.body?.content).toEqual(content);
  });

  it("a body of a later kind is kept, and notices of a later version are unknown", async () => {
    const later = await createEvent(provider, newEvent({ kind: 40 }), leaf.secretKey);
    expect(expectOk(decodeEvent(provider, encodeEvent(later)), "event").body?.kind).toBe(40);
    expect(decodeNotice(encodeNotice("accepted"))).toBe("accepted");
    expect(decodeNotice(utf8ToBytes("later"))).toBeNull();
    expect(decodeNotice(Uint8Array.of(0xff))).toBeNull();
  });

  it("[C5] survives hostile input", async () => {
    await expectHardened(
      (bytes) => decodeEvent(provider, bytes),
      [encodeEvent(event), encodeEvent({ ...event, bodyBytes: null })],
    );
  });
});
