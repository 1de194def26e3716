import { createHash } from "node:crypto";
import { bytesToHex, encode, expectOk, hexToBytes, utf8ToBytes } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import {
  contentMeaning,
  deletionContent,
  MAX_TEXT_BYTES,
  PLAIN_TEXT,
  reactionContent,
  textContent,
} from "./meaning.ts";
import {
  decodeMessageContent,
  DISPOSITION,
  encodeMessageContent,
  MAX_CONTENT_BYTES,
  MAX_PART_DEPTH,
  type MessageContent,
  type Part,
  type PartSemantics,
} from "./mimi.ts";

const salt = filled(16);
const eventId = filled(32, 3);
const otherId = filled(32, 9);

const roundTrip = (content: MessageContent): MessageContent =>
  expectOk(decodeMessageContent(encodeMessageContent(content)), "content");

const single = (contentType: string, text: string, disposition: number = DISPOSITION.render): Part => ({
  disposition,
  language: "",
  body: { kind: "single", contentType, content: utf8ToBytes(text) },
});

const multi = (semantics: PartSemantics, ...parts: readonly Part[]): Part => ({
  disposition: DISPOSITION.render,
  language: "",
  body: { kind: "multi", semantics, parts },
});

const withPart = (part: Part): MessageContent => ({ ...textContent({ salt, text: "" }), part });

const external: Part = {
  disposition: DISPOSITION.attachment,
  language: "en",
  body: {
    kind: "external",
    contentType: "video/mp4",
    url: "https://example.com/storage/8ksB4bSrrRE.mp4",
    expires: 0,
    size: 708_234_961,
    encAlg: 1,
    key: expectOk(hexToBytes("21399320958a6f4c745dde670d95e0d8"), "key"),
    nonce: expectOk(hexToBytes("c86cf2c33f21527d1dd76f5b"), "nonce"),
    aad: new Uint8Array(0),
    hashAlg: 1,
    contentHash: expectOk(hexToBytes("9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163"), "hash"),
    description: "2 hours of key signing video",
    filename: "bigfile.mp4",
  },
};

describe("MIMI content", () => {
  it("[MC1] every field round-trips", () => {
    const contents: readonly MessageContent[] = [
      textContent({ salt, text: "" }),
      textContent({ salt, text: "שלום 👋\nשורה" }),
      textContent({ salt, text: "x", inReplyTo: eventId, replaces: otherId }),
      textContent({ salt, text: "x", expires: { isRelative: true, seconds: 60 } }),
      textContent({ salt, text: "x", expires: { isRelative: false, seconds: 2 ** 32 - 1 } }),
      reactionContent({ salt, reaction: "❤", to: eventId }),
      deletionContent({ salt, replaces: eventId }),
      {
        ...withPart(external),
        topicId: filled(64),
        extensions: new Map<number | string, string>([
          [1, "a"],
          [-7, "b"],
          ["c", "d"],
        ]),
      },
      withPart(multi("process-all", single("text/html", "<p>"), external)),
    ];
    for (const content of contents) expect(roundTrip(content)).toEqual(content);
  });

  it("has the wire form of the draft's examples", () => {
    const from = (name: string) =>
      new Map<number | string, string>([
        [1, `mimi://example.com/u/${name}`],
        [2, "mimi://example.com/r/engineering_team"],
      ]);
    const markdown = "text/markdown;variant=GFM-MIMI";
    const original: MessageContent = {
      ...textContent({ salt: expectOk(hexToBytes("5eed9406c2545547ab6f09f20a18b003"), "salt"), text: "" }),
      extensions: from("alice-smith"),
      part: single(markdown, "Hi everyone, we just shipped release 2.0. __Good  work__!"),
    };
    const attachment: MessageContent = {
      ...textContent({ salt: expectOk(hexToBytes("18fac6371e4e53f1aeaf8a013155c166"), "salt"), text: "" }),
      extensions: from("bob-jones"),
      part: external,
    };
    // SHA-256 of examples/original.cbor and examples/attachment.cbor of draft-ietf-mimi-content-08.
    expect(sha256(encodeMessageContent(original))).toBe(
      "3168a4fbde49e3dccddba8a289861667d4a606040cd9ac38a62b4b0b18a2548c",
    );
    expect(sha256(encodeMessageContent(attachment))).toBe(
      "3b408b62bc1b49ecef4a5d100e0726f4c805a94f37bc7885dce1fa97447cccb9",
    );
  });

  it("[MC1] refuses what is larger than the container may be", () => {
    expect(decodeMessageContent(new Uint8Array(MAX_CONTENT_BYTES + 1))).toEqual({
      ok: false,
      error: { reason: "content-too-large", offset: MAX_CONTENT_BYTES },
    });
    const huge = withPart(single(PLAIN_TEXT, "x".repeat(MAX_CONTENT_BYTES)));
    expect(() => encodeMessageContent(huge)).toThrow(RangeError);
  });

  it("[MC2] refuses deeper nesting than the format has", () => {
    let part = single(PLAIN_TEXT, "deep");
    for (let i = 1; i < MAX_PART_DEPTH; i++) part = multi("choose-one", part, single(PLAIN_TEXT, "side"));
    expect(roundTrip(withPart(part)).part).toEqual(part);
    expect(() => encodeMessageContent(withPart(multi("choose-one", part, part)))).toThrow(RangeError);
    const raw = (depth: number): any => (depth === 0 ? [1, "", 0] : [1, "", 3, 0, [raw(depth - 1), [1, "", 0]]]);
    const encoded = encodeRaw([salt, null, new Uint8Array(0), null, null, new Map(), raw(MAX_PART_DEPTH + 1)]);
    expect(decodeMessageContent(encoded)).toMatchObject({ ok: false, error: { reason: "too-deep" } });
  });

  it("[MC3] keeps what it does not know", () => {
    const raw = [
      salt,
      null,
      new Uint8Array(0),
      null,
      null,
      new Map([[-3, [1, "two"]]]),
      [200, "he", 9, "later", [1, 2]],
    ];
    const encoded = encodeRaw(raw);
    const content = expectOk(decodeMessageContent(encoded), "content");
    expect(content.part).toEqual({
      disposition: 200,
      language: "he",
      body: { kind: "unknown", cardinality: 9, fields: ["later", [1, 2]] },
    });
    expect(contentMeaning(content).kind).toBe("unknown");
    expect(encodeMessageContent(content)).toEqual(encoded);
  });

  it("[C5] survives hostile input", async () => {
    const samples = [
      textContent({ salt, text: "hello", inReplyTo: eventId, expires: { isRelative: true, seconds: 9 } }),
      withPart(multi("process-all", single("text/html", "<p>"), external)),
    ];
    await expectHardened(decodeMessageContent, samples.map(encodeMessageContent));
  });
});

describe("the meaning of content", () => {
  it("[MC4] text of any language comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        const meaning = contentMeaning(roundTrip(textContent({ salt, text })));
        expect(meaning).toEqual({
          kind: "text",
          text,
          format: "plain",
          mentions: [],
          isForwarded: false,
          inReplyTo: null,
          replaces: null,
          expires: null,
        });
      }),
    );
  });

  it("[MC4] reads Markdown, and the first part that it can show of a choice", () => {
    const choice = multi(
      "choose-one",
      single("text/html;charset=utf-8", "<b>"),
      single("text/markdown;variant=GFM-MIMI", "*x*"),
    );
    expect(contentMeaning(withPart(choice))).toMatchObject({ kind: "text", text: "*x*", format: "markdown" });
    expect(contentMeaning(withPart(multi("process-all", external, single(PLAIN_TEXT, "beside"))))).toMatchObject({
      text: "beside",
    });
  });

  it("[MC4] does not show half of a single unit, another charset, or broken UTF-8", () => {
    expect(contentMeaning(withPart(multi("single-unit", single(PLAIN_TEXT, "x"), external))).kind).toBe("unknown");
    expect(contentMeaning(withPart(single("text/plain;charset=utf-16", "x"))).kind).toBe("unknown");
    const broken: Part = {
      ...single(PLAIN_TEXT, ""),
      body: { kind: "single", contentType: PLAIN_TEXT, content: Uint8Array.of(0xc3) },
    };
    expect(contentMeaning(withPart(broken)).kind).toBe("unknown");
    expect(contentMeaning(withPart(external)).kind).toBe("unknown");
  });

  it("[MC5] edit, deletion, reaction and its taking back", () => {
    expect(contentMeaning(textContent({ salt, text: "new", replaces: eventId }))).toMatchObject({
      kind: "text",
      replaces: eventId,
    });
    expect(contentMeaning(deletionContent({ salt, replaces: eventId }))).toEqual({
      kind: "deletion",
      replaces: eventId,
    });
    expect(contentMeaning(reactionContent({ salt, reaction: "👍", to: eventId }))).toEqual({
      kind: "reaction",
      reaction: "👍",
      to: eventId,
      replaces: null,
    });
    expect(contentMeaning(deletionContent({ salt, replaces: eventId, isReaction: true }))).toEqual({
      kind: "unreaction",
      replaces: eventId,
    });
    // A null part that replaces nothing, and a reaction to nothing, mean nothing.
    expect(contentMeaning(withPart({ disposition: 1, language: "", body: { kind: "null" } })).kind).toBe("unknown");
    expect(contentMeaning(withPart(single(PLAIN_TEXT, "❤", DISPOSITION.reaction))).kind).toBe("unknown");
  });

  it("a text or reaction that is too long is refused before it is written", () => {
    expect(() => textContent({ salt, text: "x".repeat(MAX_TEXT_BYTES + 1) })).toThrow(RangeError);
    expect(textContent({ salt, text: "é".repeat(MAX_TEXT_BYTES / 2) }).part.body.kind).toBe("single");
    expect(() => reactionContent({ salt, reaction: "", to: eventId })).toThrow(RangeError);
    expect(() => reactionContent({ salt, reaction: "x".repeat(65), to: eventId })).toThrow(RangeError);
  });
});

const sha256 = (data: Uint8Array): string => bytesToHex(createHash("sha256").update(data).digest());

/** Writes what the codec of this version would not. */
const encodeRaw = (value: any): Uint8Array => encode({ write: () => value, read: () => value }, value);
