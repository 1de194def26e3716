/**
 * The code by which a new device finds one that is already in the account (spec/devices.md, section 2).
 *
 * DV1 The *existing* device shows the code and the new one reads it. Reading a code never adds a device to the reader's
 *     account, so a code that somebody sends, prints or shows is worth nothing to them.
 * DV2 `d1.` and base64url of the CBOR and its CRC-32: a secret, a hash that commits to the existing device's key, and
 *     where they meet.
 * DV3 From the secret come the mailbox in which they meet and the key that wraps its envelopes. It hides the link from
 *     nodes; it proves nothing about who holds it.
 */
import {
  base64UrlToBytes,
  bytes,
  bytesToBase64Url,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  list,
  ok,
  struct,
  utf8ToBytes,
  type CodecType,
  type Result,
} from "@xchat/codec";
import { deriveKey, hkdfExtract, type CryptoProvider } from "@xchat/crypto";
import { crc32 } from "../first-contact/checksum.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";

export const LINK_SECRET_BYTES = 16;
const LINK_KEY_HASH_BYTES = 16;
/** For so long after it was made does the existing device answer a code. */
export const LINK_CODE_LIFETIME_MS = 600_000;

const linkCode = struct({
  secret: bytes({ length: LINK_SECRET_BYTES }),
  /** First 16 bytes of SHA-256 of the existing device's ephemeral X-Wing key, under a label. */
  keyHash: bytes({ length: LINK_KEY_HASH_BYTES }),
  /** Empty: the nodes that the app of the new device knows. The code is then short enough to be typed. */
  nodes: list(nodeHintCodec, { max: MAX_NODE_HINTS }),
});
export type LinkCode = CodecType<typeof linkCode>;

export type LinkCodeReason =
  | "link-code-malformed"
  | "link-code-mistyped"
  | "link-code-newer-version"
  /** An invitation: it brings a contact, not a device. */
  | "link-code-is-invitation";

const VERSION = 1;
const CHECKSUM_BYTES = 4;
/** A longer text is not looked at. */
export const MAX_LINK_TEXT = 8_192;
const KEY_LABEL = utf8ToBytes("xchat link key 1\0");
const EXTRACT_SALT = utf8ToBytes("xchat/1 link");
const EMPTY = new Uint8Array(0);

/** @throws RangeError when a field does not fit the format. */
export function encodeLinkCode(value: LinkCode): string {
  const body = encode(linkCode, value);
  return `d${VERSION}.${bytesToBase64Url(concatBytes(body, crc32(body)))}`;
}

/** Finds and reads the code in whatever a person pasted or typed. Never throws. */
export function decodeLinkCode(text: string): Result<LinkCode, { readonly reason: LinkCodeReason }> {
  if (text.length > MAX_LINK_TEXT) return err({ reason: "link-code-malformed" });
  const plain = text.replaceAll(INVISIBLE, "").replaceAll(HYPHENS, "-");
  let refusal: LinkCodeReason = "link-code-malformed";
  // White space may be inside of the code (a broken line) or around it (a sentence): the checksum says which.
  for (const candidate of [plain.replaceAll(/\s+/g, ""), ...plain.split(/[\s<>"]+/)]) {
    const read = readCandidate(candidate);
    if (read.ok) return read;
    if (refusal === "link-code-malformed") refusal = read.error.reason;
  }
  return err({ reason: refusal });
}

/** What a code commits to. */
export const linkKeyHash = (provider: CryptoProvider, publicKey: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(KEY_LABEL, publicKey)).slice(0, LINK_KEY_HASH_BYTES);

export interface LinkRendezvous {
  /** Seed of the Ed25519 key of the mailbox at this node; both devices write to it and read it. */
  readonly mailboxSeed: Uint8Array;
  /** Wraps the envelopes in it, as spec/envelope.md has it. */
  readonly wrapKey: Uint8Array;
}

/** DV3. `nodeKeyHash`: of the node where they meet, so that two nodes cannot tell that they serve one link. */
export function linkRendezvous(provider: CryptoProvider, secret: Uint8Array, nodeKeyHash: Uint8Array): LinkRendezvous {
  const root = hkdfExtract(provider, EXTRACT_SALT, secret);
  return {
    mailboxSeed: deriveKey(provider, root, "link mailbox", nodeKeyHash, 32),
    wrapKey: deriveKey(provider, root, "link envelope", EMPTY, 32),
  };
}

// ---- below: reading what people paste

/** Soft hyphen, zero-width and direction characters, byte order mark. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const HYPHENS = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;
const CODE = /(?:^|[^A-Za-z0-9_-])([di])(\d{1,3})\.([A-Za-z0-9_-]+)/;

function readCandidate(candidate: string): Result<LinkCode, { readonly reason: LinkCodeReason }> {
  const found = CODE.exec(candidate);
  if (found === null || found[2] === "0") return err({ reason: "link-code-malformed" });
  if (found[1] === "i") return err({ reason: "link-code-is-invitation" });
  if (Number(found[2]) !== VERSION) return err({ reason: "link-code-newer-version" });
  const decoded = base64UrlToBytes(found[3] as string);
  if (!decoded.ok || decoded.value.length <= CHECKSUM_BYTES) return err({ reason: "link-code-mistyped" });
  const body = decoded.value.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(crc32(body), decoded.value.subarray(-CHECKSUM_BYTES))) return err({ reason: "link-code-mistyped" });
  const read = decode(linkCode, body);
  return read.ok ? ok(read.value) : err({ reason: "link-code-malformed" });
}
