/**
 * What ties the signature key of one MLS leaf to a device and its account (spec/identity.md, section 6).
 *
 * ID13 A certificate names account, device, head of the chain, leaf key and a span of time, and is signed by the device.
 * ID14 A leaf credential is a chain and a certificate: the chain verifies, its head is the certificate's, and the device
 *      is listed at that head.
 * ID15 The leaf key is the one that was asked about, and no key of the chain: a key has one purpose.
 * ID16 The certificate is valid now, give or take one day, and for at most 3,660 days.
 * ID17 A successor has the same account and device, and a chain that extends or overrules the one before.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  literal,
  ok,
  struct,
  uint,
  utf8ToBytes,
  type CodecType,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdOfBytes, accountIdToBytes, type AccountId } from "./account-id.ts";
import { isListedDevice, verifyChain, type ChainReason, type Identity } from "./chain.ts";
import { extendsChain } from "./fork.ts";
import { IDENTITY_SUITE, IDENTITY_VERSION, MAX_CHAIN_BYTES } from "./operation.ts";

export const DAY_MS = 86_400_000;
/** Clocks of people are wrong; by how much is still believed. */
export const CLOCK_TOLERANCE_MS = DAY_MS;
/** As long as a quiet conversation may last: one leaf that has expired must not shut the others out of their group. */
export const MAX_CERTIFICATE_LIFETIME_MS = 3660 * DAY_MS;
const MAX_CERTIFICATE_BYTES = 256;
export const MAX_CREDENTIAL_BYTES = MAX_CHAIN_BYTES + MAX_CERTIFICATE_BYTES + 16;
const SIGNATURE_LABEL = utf8ToBytes("xchat device certificate 1\0");

const key = bytes({ length: 32 });

const certificateBody = struct({
  version: literal(IDENTITY_VERSION, "newer-version"),
  suite: literal(IDENTITY_SUITE, "newer-version"),
  account: key,
  deviceKey: key,
  head: key,
  leafKey: key,
  /** Milliseconds since 1970. */
  notBefore: uint(),
  notAfter: uint(),
});
type CertificateBody = CodecType<typeof certificateBody>;

const credential = struct({
  version: literal(IDENTITY_VERSION, "newer-version"),
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  certificate: bytes({ max: MAX_CERTIFICATE_BYTES }),
  signature: bytes({ length: 64 }),
});

export type CredentialReason =
  | ChainReason
  | "credential-malformed"
  | "credential-newer-version"
  | "another-account"
  | "another-head"
  | "another-leaf-key"
  | "leaf-key-not-fresh"
  | "certificate-device-not-listed"
  | "certificate-signature-invalid"
  | "certificate-lifetime"
  | "certificate-expired"
  | "certificate-not-yet-valid";

export interface CredentialRefusal {
  readonly reason: CredentialReason;
}

export interface VerifiedLeaf {
  readonly accountId: AccountId;
  readonly deviceKey: Uint8Array;
  readonly chain: Uint8Array;
  readonly identity: Identity;
  readonly notAfter: number;
}

/**
 * Credential of one new leaf. The chain is the caller's own and `deviceSeed` that of a device which it lists.
 *
 * @throws RangeError when the chain does not verify, does not list the device, or the lifetime is out of bounds.
 */
export async function makeLeafCredential(
  provider: CryptoProvider,
  input: {
    readonly chain: Uint8Array;
    readonly deviceSeed: Uint8Array;
    readonly leafPublicKey: Uint8Array;
    readonly now: number;
    readonly lifetimeMs: number;
  },
): Promise<Uint8Array> {
  const identity = await verifyChain(provider, input.chain);
  if (!identity.ok) throw new RangeError(`own chain: ${identity.error.reason}`);
  const device = await provider.ed25519KeyPair(input.deviceSeed);
  const certificate = encode(certificateBody, {
    version: IDENTITY_VERSION,
    suite: IDENTITY_SUITE,
    account: accountIdToBytes(identity.value.accountId),
    deviceKey: device.publicKey,
    head: identity.value.head,
    leafKey: input.leafPublicKey,
    notBefore: input.now,
    notAfter: input.now + input.lifetimeMs,
  });
  const signature = await provider.ed25519Sign(input.deviceSeed, concatBytes(SIGNATURE_LABEL, certificate));
  const encoded = encode(credential, { version: IDENTITY_VERSION, chain: input.chain, certificate, signature });
  const check = await verifyLeafCredential(provider, encoded, input.leafPublicKey, input.now);
  if (!check.ok) throw new RangeError(`leaf credential: ${check.error.reason}`);
  return encoded;
}

/** Judges a credential of a peer for the leaf key beside which it was found. Never throws. */
export async function verifyLeafCredential(
  provider: CryptoProvider,
  credentialBytes: Uint8Array,
  leafPublicKey: Uint8Array,
  now: number,
): Promise<Result<VerifiedLeaf, CredentialRefusal>> {
  const parts = readCredential(credentialBytes);
  if (!parts.ok) return parts;
  const { body, chain, certificate, signature } = parts.value;
  if (!equalBytes(body.leafKey, leafPublicKey)) return err({ reason: "another-leaf-key" });
  const untimely = timeRefusal(body, now);
  if (untimely !== null) return err({ reason: untimely });

  const verified = await verifyChain(provider, chain);
  if (!verified.ok) return err({ reason: verified.error.reason });
  const misbound = bindingRefusal(body, verified.value);
  if (misbound !== null) return err({ reason: misbound });
  const isSigned = await provider.ed25519Verify(body.deviceKey, concatBytes(SIGNATURE_LABEL, certificate), signature);
  if (!isSigned) return err({ reason: "certificate-signature-invalid" });
  return ok({
    accountId: verified.value.accountId,
    deviceKey: body.deviceKey,
    chain,
    identity: verified.value,
    notAfter: body.notAfter,
  });
}

/** ID17, by reading only: `successor` is verified apart. False for anything malformed. */
export function isSuccessorCredential(before: Uint8Array, successor: Uint8Array): boolean {
  const a = readCredential(before);
  const b = readCredential(successor);
  if (!a.ok || !b.ok) return false;
  return (
    equalBytes(a.value.body.account, b.value.body.account) &&
    equalBytes(a.value.body.deviceKey, b.value.body.deviceKey) &&
    extendsChain(a.value.chain, b.value.chain).ok
  );
}

/** Whose credential it claims to be; worth nothing before `verifyLeafCredential`. */
export function claimedLeaf(
  credentialBytes: Uint8Array,
): Result<
  { readonly accountId: AccountId; readonly deviceKey: Uint8Array; readonly chain: Uint8Array },
  CredentialRefusal
> {
  const parts = readCredential(credentialBytes);
  if (!parts.ok) return parts;
  const { body, chain } = parts.value;
  return ok({ accountId: accountIdOfBytes(body.account), deviceKey: body.deviceKey, chain });
}

// ---- below: reading and judging

interface CredentialParts extends CodecType<typeof credential> {
  readonly body: CertificateBody;
}

function readCredential(credentialBytes: Uint8Array): Result<CredentialParts, CredentialRefusal> {
  const outer = decode(credential, credentialBytes);
  if (!outer.ok) return err(malformed(outer.error.reason));
  const body = decode(certificateBody, outer.value.certificate);
  return body.ok ? ok({ ...outer.value, body: body.value }) : err(malformed(body.error.reason));
}

const malformed = (reason: string): CredentialRefusal => ({
  reason: reason === "newer-version" ? "credential-newer-version" : "credential-malformed",
});

/** ID16. */
function timeRefusal(body: CertificateBody, now: number): CredentialReason | null {
  const lifetime = body.notAfter - body.notBefore;
  if (lifetime <= 0 || lifetime > MAX_CERTIFICATE_LIFETIME_MS) return "certificate-lifetime";
  if (now > body.notAfter + CLOCK_TOLERANCE_MS) return "certificate-expired";
  return now < body.notBefore - CLOCK_TOLERANCE_MS ? "certificate-not-yet-valid" : null;
}

/** ID14, ID15. */
function bindingRefusal(body: CertificateBody, identity: Identity): CredentialReason | null {
  if (!equalBytes(body.account, accountIdToBytes(identity.accountId))) return "another-account";
  if (!equalBytes(body.head, identity.head)) return "another-head";
  if (!isListedDevice(identity, body.deviceKey)) return "certificate-device-not-listed";
  // A leaf key that also signs the chain would let a signature made for one purpose stand for the other.
  const isOfChain = equalBytes(body.leafKey, identity.recoveryKey) || isListedDevice(identity, body.leafKey);
  return isOfChain ? "leaf-key-not-fresh" : null;
}
