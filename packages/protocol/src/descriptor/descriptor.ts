/**
 * What a node says of itself, signed with its identity key (spec/descriptor.md).
 *
 * D1 Node id = SHA-256 of the identity public key: what invitations and policies pin.
 * D2 The signature covers the body's bytes as they came, under a label of its own.
 * D3 A descriptor is used between `notBefore` and `expiresAt` only, and its key of the day within the key's own times,
 *    by the clock that came with it (exchange, X13).
 * D4 Entries of `extensions`, and capabilities that this version does not know, are kept and ignored.
 */
import {
  anyValue,
  bytes,
  concatBytes,
  decode,
  encode,
  err,
  list,
  literal,
  nullable,
  ok,
  struct,
  text,
  uint,
  utf8ToBytes,
  type CborValue,
  type CodecType,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";

export const MAX_DESCRIPTOR_BYTES = 8_192;
const LABEL = utf8ToBytes("xchat descriptor v1\0");
const MAX_UINT32 = 0xffff_ffff;

const stampPrice = struct({ memoryKiB: uint(65_536), passes: uint(16), bits: uint(32) });
export type StampPrice = CodecType<typeof stampPrice>;

const dayKeyCodec = struct({
  /** First 8 bytes of SHA-256 of the public key. */
  id: bytes({ length: 8 }),
  kem: uint(0xffff),
  kdf: uint(0xffff),
  aead: uint(0xffff),
  publicKey: bytes({ max: 2_048 }),
  notBefore: uint(),
  notAfter: uint(),
});
/** The HPKE key that exchanges are sealed to. Times in seconds since 1970. */
export type DayKey = CodecType<typeof dayKeyCodec>;

const bodyCodec = struct({
  version: literal(1, "unsupported-version"),
  identityKey: bytes({ length: 32 }),
  notBefore: uint(),
  expiresAt: uint(),
  /** Words such as "mailbox", "blob", "stun", "relay". */
  roles: list(text(32), { max: 16 }),
  capabilities: list(text(32), { max: 64 }),
  /** Where it can be reached; none for a node that knows no public address. */
  addresses: list(text(256), { max: 8 }),
  /** At most two: the next one is shown before its day. */
  keys: list(dayKeyCodec, { min: 1, max: 2 }),
  limits: struct({
    mailboxBytes: uint(),
    inboxEnvelopes: uint(MAX_UINT32),
    expiryHours: uint(MAX_UINT32),
    blobHours: uint(MAX_UINT32),
    exchangeSeconds: uint(MAX_UINT32),
  }),
  stamps: struct({ mailbox: stampPrice, inbox: stampPrice, envelope: stampPrice, blob: stampPrice }),
  /** `host:port`, or `:port` for the host at which the node was reached. */
  stun: nullable(text(256)),
  extensions: anyValue({ depth: 4, entries: 32 }),
});

export type Descriptor = Omit<CodecType<typeof bodyCodec>, "version" | "extensions"> & {
  /** Who runs it, by their own word: what several nodes of one operator say alike (D7). */
  readonly operator?: string;
};
export const MAX_OPERATOR_BYTES = 64;
const OPERATOR = "operator";
const signedCodec = struct({ body: bytes({ max: MAX_DESCRIPTOR_BYTES - 128 }), signature: bytes({ length: 64 }) });

export interface DescriptorRefusal {
  readonly reason: "malformed" | "signature-invalid" | "not-yet-valid" | "expired";
}

export const nodeIdOf = (provider: CryptoProvider, identityKey: Uint8Array): Uint8Array => provider.sha256(identityKey);
export const dayKeyIdOf = (provider: CryptoProvider, publicKey: Uint8Array): Uint8Array =>
  provider.sha256(publicKey).slice(0, 8);

export async function signDescriptor(
  provider: CryptoProvider,
  identity: KeyPair,
  descriptor: Descriptor,
): Promise<Uint8Array> {
  const { operator, ...fields } = descriptor;
  const extensions: CborValue = new Map(operator === undefined ? [] : [[OPERATOR, operator]]);
  const body = encode(bodyCodec, { version: 1 as const, ...fields, extensions });
  const signature = await provider.ed25519Sign(identity.secretKey, concatBytes(LABEL, body));
  return encode(signedCodec, { body, signature });
}

/** Reads and verifies. Whether its identity key is the pinned one is for the caller: `nodeIdOf`. */
export async function openDescriptor(
  provider: CryptoProvider,
  signed: Uint8Array,
  nowSeconds: number,
): Promise<Result<Descriptor, DescriptorRefusal>> {
  if (signed.length > MAX_DESCRIPTOR_BYTES) return err({ reason: "malformed" });
  const outer = decode(signedCodec, signed);
  if (!outer.ok) return err({ reason: "malformed" });
  const body = decode(bodyCodec, outer.value.body);
  if (!body.ok || !(body.value.extensions instanceof Map)) return err({ reason: "malformed" });
  const { version: _, extensions, ...fields } = body.value;
  const descriptor = withOperator(fields, extensions.get(OPERATOR));
  const isGenuine = await provider.ed25519Verify(
    descriptor.identityKey,
    concatBytes(LABEL, outer.value.body),
    outer.value.signature,
  );
  if (!isGenuine) return err({ reason: "signature-invalid" });
  if (nowSeconds < descriptor.notBefore) return err({ reason: "not-yet-valid" });
  return nowSeconds >= descriptor.expiresAt ? err({ reason: "expired" }) : ok(descriptor);
}

/** What is no sound name is as good as none (D4). */
function withOperator(fields: Descriptor, claimed: CborValue | undefined): Descriptor {
  const isName = typeof claimed === "string" && isOperator(claimed);
  return isName ? { ...fields, operator: claimed } : fields;
}

/** One line of printable text. */
export const isOperator = (name: string): boolean =>
  name.trim() === name &&
  name !== "" &&
  utf8ToBytes(name).length <= MAX_OPERATOR_BYTES &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u.test(name);
