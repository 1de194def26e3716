import { bytesToBase64Url, bytesToHex, concatBytes, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { crc32 } from "./checksum.ts";
import { decodeInvitationCode, encodeInvitationCode, invitationLink, type Invitation } from "./invitation.ts";
import { hintOf, newInviter } from "./test-actors.ts";

const provider = nodeCryptoProvider();
let invitation: Invitation;
let code: string;

beforeAll(async () => {
  ({ invitation } = await newInviter(provider, "bob"));
  code = encodeInvitationCode(invitation);
});

const refused = (reason: string) => ({ ok: false, error: { reason } });
const found = () => ({ ok: true, value: invitation });

describe("invitation code", () => {
  it("[FC1] comes back from its code, and has one code only", () => {
    expect(code).toMatch(/^i1\.[A-Za-z0-9_-]+$/);
    expect(decodeInvitationCode(code)).toEqual(found());
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const hint = fc.record({ address: fc.domain().map((host) => `wss://${host}/`), keyHash: bytes32 });
    const any = fc.record({
      secret: bytes32,
      accountIdHash: bytes32,
      nodes: fc.array(hint, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(any, (value) => {
        const decoded = decodeInvitationCode(encodeInvitationCode(value));
        expect(decoded).toEqual({ ok: true, value });
        expect(decoded.ok && encodeInvitationCode(decoded.value)).toBe(encodeInvitationCode(value));
      }),
    );
  });

  it("[FC1] the checksum is CRC-32 as everybody computes it", () => {
    expect(bytesToHex(crc32(utf8ToBytes("123456789")))).toBe("cbf43926");
  });

  it("[FC1] is written for one to three nodes with proper addresses only", () => {
    const hint = hintOf(provider, "one");
    for (const nodes of [[], [hint, hint, hint, hint], [{ ...hint, address: "https://one.example.org/" }]]) {
      expect(() => encodeInvitationCode({ ...invitation, nodes })).toThrow(RangeError);
    }
  });

  it("[FC2] is found in whatever people paste", () => {
    const link = invitationLink("https://chat.example.org/app", code);
    expect(link).toBe(`https://chat.example.org/app#${code}`);
    expect(invitationLink("http://localhost:8787", code)).toBe(`http://localhost:8787/#${code}`);
    expect(invitationLink("https://chat.example.org/#old", code)).toBe(`https://chat.example.org/#${code}`);
    const broken = link.replaceAll(/(.{40})/g, "$1\r\n");
    const pastes = [
      link,
      ` \t${code}\n`,
      broken,
      `> ${broken.replaceAll("\n", "\n> ")}`,
      code.replaceAll(/(.{30})/g, "$1 "),
      code.replaceAll(/(.{30})/g, "$1=\n"),
      link.replace("#", "%23"),
      link.replace("#", "%2523"),
      encodeURIComponent(link),
      [...code].join("\u200b"),
      `\ufeff${link}\u200e`,
      `Hi! Open ${link} and say yes.`,
      `<${link}>, "${code}"`,
      `My code: ${code}`,
      `(${link})`,
      code.replaceAll("-", "\u2011"),
      code.replaceAll("-", "\u2013"),
      `${link} … or https://chat.example.org/`,
    ];
    for (const paste of pastes) expect(decodeInvitationCode(paste), paste).toEqual(found());
  });

  it("[FC3] a slip is told apart: any character changed, left out, doubled, or the end cut off", () => {
    for (let i = 3; i < code.length; i++) {
      const other = code[i] === "x" ? "y" : "x";
      const slips = [
        code.slice(0, i) + other + code.slice(i + 1),
        code.slice(0, i) + code.slice(i + 1),
        code.slice(0, i) + code[i] + code.slice(i),
        code.slice(0, i),
      ];
      for (const slip of slips) {
        const reason = slip === "i1." ? "invitation-malformed" : "invitation-mistyped";
        expect(decodeInvitationCode(slip), slip).toEqual(refused(reason));
      }
    }
  });

  it("[FC3] swapped neighbours and changed case are slips too", () => {
    for (let i = 3; i + 1 < code.length; i++) {
      const [a, b] = [code[i] as string, code[i + 1] as string];
      if (a !== b) {
        const swapped = code.slice(0, i) + b + a + code.slice(i + 2);
        expect(decodeInvitationCode(swapped)).toEqual(refused("invitation-mistyped"));
      }
    }
    expect(decodeInvitationCode(`i1.${code.slice(3).toLowerCase()}`)).toEqual(refused("invitation-mistyped"));
  });

  it("[FC3] a newer version, no invitation, and a wrong content with a right checksum", () => {
    expect(decodeInvitationCode(code.replace("i1.", "i2."))).toEqual(refused("invitation-newer-version"));
    expect(decodeInvitationCode("https://host/#i17.abc")).toEqual(refused("invitation-newer-version"));
    for (const text of ["", "hello", "i0.abc", "https://chat.example.org/#settings", "i1", `x${"i1."}`]) {
      expect(decodeInvitationCode(text)).toEqual(refused("invitation-malformed"));
    }
    const body = utf8ToBytes("no cbor of ours");
    const crafted = `i1.${bytesToBase64Url(concatBytes(body, crc32(body)))}`;
    expect(decodeInvitationCode(crafted)).toEqual(refused("invitation-malformed"));
    expect(decodeInvitationCode(code + " ".repeat(16_384))).toEqual(refused("invitation-malformed"));
  });

  it("[FC3] reads anything without a throw, and finds nothing where nothing is", () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => !decodeInvitationCode(text).ok));
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => !decodeInvitationCode(`i1.${text}`).ok));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const crafted = `i1.${bytesToBase64Url(concatBytes(body, crc32(body)))}`;
        expect(decodeInvitationCode(crafted).ok).toBe(false);
      }),
    );
  });

  it("[FC1] is short enough for a QR code that a telephone reads from a screen", () => {
    const lengthOf = (nodes: Invitation["nodes"]): number =>
      invitationLink("https://chat.example.org/", encodeInvitationCode({ ...invitation, nodes })).length;
    const nodes = ["one", "two", "three"].map((name) => hintOf(provider, name));
    // What a QR code of version 9 and of version 13 holds in bytes at error correction L (ISO/IEC 18004, table 7).
    expect(lengthOf(nodes.slice(0, 1))).toBeLessThanOrEqual(230);
    expect(lengthOf(nodes)).toBeLessThanOrEqual(425);
  });
});
