import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hintOf } from "../first-contact/test-actors.ts";
import { encodeInvitationCode } from "../first-contact/invitation.ts";
import { seedOf } from "../identity/test-actors.ts";
import { decodeLinkCode, encodeLinkCode, linkKeyHash, linkRendezvous, MAX_LINK_TEXT } from "./link-code.ts";

const provider = nodeCryptoProvider();
const secret = seedOf(provider, "link").slice(0, 16);
const keyHash = linkKeyHash(provider, new Uint8Array(1_216));
const code = { secret, keyHash, nodes: [hintOf(provider, "one"), hintOf(provider, "two")] };
const text = encodeLinkCode(code);
const bare = encodeLinkCode({ ...code, nodes: [] });

describe("link code", () => {
  it("[DV2] is read out of whatever was pasted", () => {
    const broken = `${text.slice(0, 30)}\n${text.slice(30, 60)} \u200b${text.slice(60)}`;
    for (const pasted of [text, `  ${text}\n`, `https://host/#${text}`, `Your code: ${text} (ten minutes)`, broken]) {
      expect(decodeLinkCode(pasted)).toEqual({ ok: true, value: code });
    }
    expect(decodeLinkCode(text.replaceAll("-", "\u2011"))).toEqual({ ok: true, value: code });
  });

  it("[DV2] without nodes it is short enough to be typed", () => {
    expect(bare.length).toBe(57);
    expect(decodeLinkCode(bare)).toEqual({ ok: true, value: { ...code, nodes: [] } });
  });

  it("[DV2] every slip is told, and no other text is taken for a code", () => {
    for (let at = 3; at < bare.length; at++) {
      const slipped = `${bare.slice(0, at)}${bare[at] === "A" ? "B" : "A"}${bare.slice(at + 1)}`;
      expect(decodeLinkCode(slipped)).toEqual({ ok: false, error: { reason: "link-code-mistyped" } });
      expect(decodeLinkCode(bare.slice(0, at)).ok).toBe(false);
    }
    const reasonOf = (pasted: string): string | null => {
      const read = decodeLinkCode(pasted);
      return read.ok ? null : read.error.reason;
    };
    expect(reasonOf("hello")).toBe("link-code-malformed");
    expect(reasonOf(text.replace("d1.", "d2."))).toBe("link-code-newer-version");
    expect(reasonOf("x".repeat(MAX_LINK_TEXT + 1))).toBe("link-code-malformed");
    const invitation = { secret: new Uint8Array(32), accountIdHash: new Uint8Array(32), nodes: code.nodes };
    expect(reasonOf(encodeInvitationCode(invitation))).toBe("link-code-is-invitation");
  });

  it("never throws for random text", () => {
    fc.assert(fc.property(fc.string(), (random) => typeof decodeLinkCode(`d1.${random}`).ok === "boolean"));
  });

  it("[DV3] another node, secret or purpose has other keys", () => {
    const one = linkRendezvous(provider, secret, seedOf(provider, "one"));
    const two = linkRendezvous(provider, secret, seedOf(provider, "two"));
    const other = linkRendezvous(provider, seedOf(provider, "other").slice(0, 16), seedOf(provider, "one"));
    const all = [one, two, other].flatMap(({ mailboxSeed, wrapKey }) => [mailboxSeed, wrapKey]).map(bytesToHex);
    // The wrap key is the same at each node: the very same envelope may lie at several.
    expect(new Set(all).size).toBe(5);
    expect(one.wrapKey).toEqual(two.wrapKey);
  });
});
