import { bytesToHex, expectOk, type CborValue } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEvent, decodeEvent, encodeEvent } from "../event/event.ts";
import { encodeNotice } from "../event/body.ts";
import { filled } from "../hostile-input.node.ts";
import { EXTENSION, MAX_MENTIONS, type Mention } from "./marks.ts";
import { contentMeaning, deletionContent, forwardedContent, pinContent } from "./meaning.ts";
import { reactionContent, textContent, timerExpiration } from "./meaning.ts";
import { decodeMessageContent, encodeMessageContent, type MessageContent } from "./mimi.ts";
import { viewEvent, type ViewContent } from "./view-event.ts";

const provider = nodeCryptoProvider();
const salt = filled(16);
const account = filled(32, 5);
const target = filled(32, 3);

const meaningOf = (content: MessageContent) =>
  contentMeaning(expectOk(decodeMessageContent(encodeMessageContent(content)), "content"));
const withExtension = (text: string, name: string, value: CborValue): MessageContent => ({
  ...textContent({ salt, text }),
  extensions: new Map([[name, value]]),
});
const mentionsIn = (content: MessageContent): readonly Mention[] => {
  const meaning = meaningOf(content);
  if (meaning.kind !== "text") throw new Error(meaning.kind);
  return meaning.mentions;
};

describe("mentions", () => {
  it("[MC6] name a part of the text, whatever its script", () => {
    const text = "👋 שלום @Ada é";
    const start = text.indexOf("@");
    const mentions = [{ start, end: start + 4, account }];
    expect(mentionsIn(textContent({ salt, text, mentions }))).toEqual(mentions);
    expect(encodeMessageContent(textContent({ salt, text, mentions: [] }))).toEqual(
      encodeMessageContent(textContent({ salt, text })),
    );
  });

  it("[MC6] come back as they were written, over any text", () => {
    const cuts = fc.array(fc.nat(1_000), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 2, maxLength: 80 }), cuts, (text, at) => {
        const starts = [...text].reduce<number[]>((all, one) => [...all, (all.at(-1) ?? 0) + one.length], [0]);
        const places = [...new Set(at.map((index) => starts[index % starts.length] as number))].toSorted(
          (a, b) => a - b,
        );
        const mentions = places.slice(1).map((end, i) => ({ start: places[i] as number, end, account }));
        if (text.isWellFormed()) expect(mentionsIn(textContent({ salt, text, mentions }))).toEqual(mentions);
      }),
    );
  });

  it("[MC6] that lie outside, overlap or cut a character are refused before they are written", () => {
    const bad: readonly (readonly Mention[])[] = [
      [{ start: 0, end: 9, account }],
      [{ start: 1, end: 2, account }],
      [{ start: 2, end: 2, account }],
      [{ start: 0, end: 2, account: filled(31) }],
      [
        { start: 0, end: 4, account },
        { start: 3, end: 5, account },
      ],
    ];
    for (const mentions of bad) expect(() => textContent({ salt, text: "👋 hi", mentions })).toThrow("bad mention");
    const many = Array.from({ length: MAX_MENTIONS + 1 }, (_, i) => ({ start: i, end: i + 1, account }));
    expect(() => textContent({ salt, text: "x".repeat(100), mentions: many })).toThrow("too many mentions");
  });

  it("[MC6] that are no list of mentions leave the text plain", () => {
    const bad: readonly CborValue[] = [
      true,
      [],
      [[0, 1]],
      [[0, 0, account]],
      [[0, 1, filled(31)]],
      [["0", 1, account]],
      [[1, 3, account]],
      [[0, 99, account]],
      [
        [0, 4, account],
        [0, 4, account],
      ],
    ];
    for (const value of bad) expect(mentionsIn(withExtension("👋 hi", EXTENSION.mentions, value))).toEqual([]);
    expect(mentionsIn(withExtension("👋 hi", EXTENSION.mentions, [[0, 4, account]]))).toHaveLength(1);
  });

  it("[MC6] never make a reader throw", () => {
    const any = fc.letrec<{ value: CborValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<CborValue>(null, true, account, "x"),
        fc.integer({ min: -5, max: 40 }),
        fc.array(tie("value"), { maxLength: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(EXTENSION)), any, (name, value) => {
        expect(meaningOf(withExtension("👋 hi", name, value)).kind).toBe("text");
      }),
    );
  });
});

describe("forwards, pins and timers", () => {
  it("a forward carries the words, and nothing of where they come from", () => {
    const content = textContent({
      salt,
      text: "@Ada news",
      inReplyTo: target,
      mentions: [{ start: 0, end: 4, account }],
    });
    const expires = timerExpiration(60);
    expect(meaningOf(forwardedContent({ salt: filled(16, 9), content, expires }))).toEqual({
      kind: "text",
      text: "@Ada news",
      format: "plain",
      mentions: [],
      isForwarded: true,
      inReplyTo: null,
      replaces: null,
      expires: { isRelative: true, seconds: 60 },
    });
    expect(timerExpiration(null)).toBeNull();
  });

  it("[MC7] a pin is a pin, and a null part without one is not", () => {
    for (const isPinned of [true, false]) {
      expect(meaningOf(pinContent({ salt, target, isPinned }))).toEqual({ kind: "pin", target, isPinned });
    }
    const pin = pinContent({ salt, target, isPinned: true });
    expect(meaningOf({ ...pin, extensions: new Map([[EXTENSION.pin, 1]]) }).kind).toBe("unknown");
    expect(meaningOf({ ...pin, inReplyTo: null }).kind).toBe("unknown");
    expect(meaningOf({ ...pin, replaces: target }).kind).toBe("deletion");
    expect(meaningOf({ ...textContent({ salt, text: "hi" }), extensions: pin.extensions }).kind).toBe("text");
  });
});

describe("signed events as the view sees them", () => {
  const viewed = async (kind: "content" | "notice" | number, content: Uint8Array): Promise<ViewContent> => {
    const leaf = await provider.ed25519KeyPair(filled(32, 77));
    const event = await createEvent(
      provider,
      {
        conversation: filled(32),
        author: { account, leafKey: leaf.publicKey },
        sequence: 0,
        depth: 1,
        previous: null,
        parents: [],
        sentAt: 1_700_000_000_000,
        kind,
        content,
      },
      leaf.secretKey,
    );
    const read = viewEvent(expectOk(decodeEvent(provider, encodeEvent(event)), "event"));
    expect(read).toMatchObject({ id: bytesToHex(event.id), account: bytesToHex(account), sequence: 0, depth: 1 });
    const bare = viewEvent(expectOk(decodeEvent(provider, encodeEvent({ ...event, bodyBytes: null })), "event"));
    expect(bare).toEqual({ ...read, sentAt: null, content: { kind: "withheld" } });
    return read.content;
  };
  const of = (content: MessageContent): Promise<ViewContent> => viewed("content", encodeMessageContent(content));
  const hex = bytesToHex(target);

  it("every kind of content finds its meaning", async () => {
    expect(await of(textContent({ salt, text: "hi", inReplyTo: target, replaces: target }))).toEqual({
      kind: "message",
      body: { kind: "text", text: "hi", format: "plain", mentions: [], isForwarded: false },
      replyTo: hex,
      replaces: hex,
      expires: null,
    });
    const reaction = { kind: "reaction", reaction: "❤", to: hex, replaces: null };
    expect(await of(reactionContent({ salt, reaction: "❤", to: target }))).toEqual(reaction);
    expect(await of(deletionContent({ salt, replaces: target }))).toEqual({ kind: "deletion", replaces: hex });
    const back = deletionContent({ salt, replaces: target, isReaction: true });
    expect(await of(back)).toEqual({ kind: "unreaction", replaces: hex });
    expect(await of(pinContent({ salt, target, isPinned: true }))).toEqual({
      kind: "pin",
      target: hex,
      isPinned: true,
    });
    expect(await viewed("notice", encodeNotice("accepted"))).toEqual({ kind: "notice", notice: "accepted" });
  });

  it("what this version does not know is unknown, and not lost", async () => {
    expect(await viewed(77, filled(5))).toEqual({ kind: "unknown", tag: 77 });
    expect(await viewed("notice", filled(5))).toEqual({ kind: "notice", notice: null });
    expect(await viewed("content", filled(5))).toEqual({ kind: "unknown", tag: 0 });
    const attachment = textContent({ salt, text: "" });
    const later = {
      ...attachment,
      part: { ...attachment.part, body: { kind: "unknown", cardinality: 9, fields: [] } },
    };
    expect(await of(later as MessageContent)).toMatchObject({ kind: "message", body: { kind: "unknown" } });
  });
});
