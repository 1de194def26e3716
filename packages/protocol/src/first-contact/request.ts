/**
 * A contact request: what the newcomer writes to the inbox of an invitation (spec/first-contact.md, section 7).
 *
 * FC13 It is sealed by HPKE to the inbox key of the card, in a size class.
 * FC14 Its statement names inviter, newcomer (chain), group, Welcome and key packages used. One HMAC under a key of the
 *      invitation's secret and one signature of the newcomer's device cover the whole statement.
 * FC15 What is cheap to check is checked first: a flood without the secret costs one decapsulation each.
 * FC16 It is refused by anyone but the inviter whom it names, by the newcomer's own account, when it is from the future,
 *      or older than 90 days.
 * FC17 A replay is known by its hash, and the same request sealed again by the hash of its statement.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  list,
  literal,
  ok,
  struct,
  uint,
  utf8ToBytes,
  type CodecType,
  type Result,
} from "@xchat/codec";
import { HPKE_OVERHEAD, openFrom, sealTo, type CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import { CLOCK_TOLERANCE_MS, DAY_MS } from "../identity/certificate.ts";
import { isListedDevice, verifyChain, type Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { capabilitiesCodec, MAX_CARD_KEY_PACKAGES } from "./card.ts";
import { requestBinding, requestProofKey } from "./invitation-keys.ts";
import { greetingCodec, nameCodec } from "./person-text.ts";
import { isSizeClass, padToClass, SIZE_CLASSES, unpad } from "./size-class.ts";

/** No key package lives longer, so that no older request could be accepted. */
export const MAX_REQUEST_AGE_MS = 90 * DAY_MS;
const MAX_GROUP_ID_BYTES = 64;
const VERSION = 1 as const;
const INFO = utf8ToBytes("xchat contact request 1");
const SIGNATURE_LABEL = utf8ToBytes("xchat contact introduction 1\0");
const EMPTY = new Uint8Array(0);

const hash = bytes({ length: 32 });

const statement = struct({
  version: literal(VERSION, "newer-version"),
  /** Account id of the inviter, 32 bytes: whoever else gets hold of this cannot pass it off as sent to them. */
  inviter: hash,
  groupId: bytes({ max: MAX_GROUP_ID_BYTES }),
  welcomeHash: hash,
  /** SHA-256 of each key package of the card that the Welcome is for. */
  keyPackageHashes: list(hash, { min: 1, max: MAX_CARD_KEY_PACKAGES }),
  /** The newcomer: identity chain, and the device that signs. */
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  deviceKey: hash,
  name: nameCodec,
  greeting: greetingCodec,
  homeNodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
  capabilities: capabilitiesCodec,
  /** Milliseconds since 1970. */
  createdAt: uint(),
});
type Statement = CodecType<typeof statement>;

const request = struct({
  version: literal(VERSION, "newer-version"),
  statement: bytes({ max: SIZE_CLASSES[1] }),
  signature: bytes({ length: 64 }),
  proof: hash,
  welcome: bytes({ max: SIZE_CLASSES[1] }),
});

export interface RequestInput extends Omit<
  Statement,
  "version" | "inviter" | "welcomeHash" | "deviceKey" | "capabilities" | "createdAt"
> {
  /** Of the opened card. */
  readonly inviter: AccountId;
  readonly requestKey: Uint8Array;
  readonly invitationSecret: Uint8Array;
  /** Of a device that `chain` lists. */
  readonly deviceSeed: Uint8Array;
  readonly welcome: Uint8Array;
  readonly capabilities?: readonly number[];
  readonly now: number;
}

export interface OpenedRequest extends Omit<Statement, "version" | "inviter"> {
  readonly accountId: AccountId;
  readonly identity: Identity;
  readonly welcome: Uint8Array;
  /** SHA-256 of the sealed bytes. */
  readonly hash: Uint8Array;
  /** SHA-256 of the statement. */
  readonly statementHash: Uint8Array;
}

export interface RequestRefusal {
  readonly reason:
    /** Not sealed to this inbox, or altered. */
    | "request-unopenable"
    | "request-malformed"
    | "request-newer-version"
    /** Its writer did not have this invitation. */
    | "request-proof-invalid"
    | "request-for-another"
    | "request-welcome-altered"
    | "request-expired"
    | "request-not-yet-valid"
    | "request-chain-invalid"
    | "request-own"
    | "request-signer-not-listed"
    | "request-signature-invalid";
}

/**
 * Exactly 8,192 or 65,536 bytes for the inbox of the card.
 *
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealRequest(
  provider: CryptoProvider,
  input: RequestInput,
): Promise<Result<Uint8Array, { readonly reason: "inbox-key-malformed" | "request-too-large" }>> {
  const { inviter, requestKey, invitationSecret, deviceSeed, welcome, capabilities = [], now, ...fields } = input;
  const encoded = encode(statement, {
    ...fields,
    version: VERSION,
    inviter: accountIdToBytes(inviter),
    welcomeHash: provider.sha256(welcome),
    deviceKey: (await provider.ed25519KeyPair(deviceSeed)).publicKey,
    capabilities,
    createdAt: now,
  });
  const signature = await provider.ed25519Sign(deviceSeed, introductionMessage(provider, invitationSecret, encoded));
  const proof = proofOf(provider, invitationSecret, encoded);
  if (encoded.length + welcome.length > SIZE_CLASSES[1]) return err({ reason: "request-too-large" });
  const plaintext = encode(request, { version: VERSION, statement: encoded, signature, proof, welcome });
  const padded = padToClass(plaintext, HPKE_OVERHEAD);
  if (padded === null) return err({ reason: "request-too-large" });
  const sealed = await sealTo(provider, requestKey, INFO, EMPTY, padded);
  return sealed === null ? err({ reason: "inbox-key-malformed" }) : ok(sealed);
}

/**
 * Opens and judges what a stranger has put into an inbox. What comes out still waits for a person's yes, and the group
 * of its Welcome for `judgeWelcomedGroup`. Never throws.
 */
export async function openRequest(
  provider: CryptoProvider,
  own: {
    readonly inboxSecretKey: Uint8Array;
    readonly invitationSecret: Uint8Array;
    readonly ownAccountId: AccountId;
  },
  sealed: Uint8Array,
  now: number,
): Promise<Result<OpenedRequest, RequestRefusal>> {
  if (!isSizeClass(sealed.length)) return err({ reason: "request-malformed" });
  const padded = await openFrom(provider, own.inboxSecretKey, INFO, EMPTY, sealed);
  if (padded === null) return err({ reason: "request-unopenable" });
  const parts = readRequest(padded);
  if (!parts.ok) return parts;
  const { outer, value } = parts.value;

  const proof = proofOf(provider, own.invitationSecret, outer.statement);
  if (!provider.equalSecrets(proof, outer.proof)) return err({ reason: "request-proof-invalid" });
  const misdirected = refusalBeforeSignatures(provider, own.ownAccountId, value, outer.welcome, now);
  if (misdirected !== null) return err({ reason: misdirected });

  const identity = await verifyChain(provider, value.chain);
  if (!identity.ok) return err({ reason: "request-chain-invalid" });
  if (identity.value.accountId === own.ownAccountId) return err({ reason: "request-own" });
  if (!isListedDevice(identity.value, value.deviceKey)) return err({ reason: "request-signer-not-listed" });
  const message = introductionMessage(provider, own.invitationSecret, outer.statement);
  if (!(await provider.ed25519Verify(value.deviceKey, message, outer.signature))) {
    return err({ reason: "request-signature-invalid" });
  }
  const { version: _version, inviter: _inviter, ...fields } = value;
  return ok({
    ...fields,
    accountId: identity.value.accountId,
    identity: identity.value,
    welcome: outer.welcome,
    hash: provider.sha256(sealed),
    statementHash: provider.sha256(outer.statement),
  });
}

// ---- below: reading and judging

const proofOf = (provider: CryptoProvider, secret: Uint8Array, encoded: Uint8Array): Uint8Array =>
  provider.hmacSha256(requestProofKey(provider, secret), encoded);

const introductionMessage = (provider: CryptoProvider, secret: Uint8Array, encoded: Uint8Array): Uint8Array =>
  concatBytes(SIGNATURE_LABEL, requestBinding(provider, secret), encoded);

function readRequest(
  padded: Uint8Array,
): Result<{ readonly outer: CodecType<typeof request>; readonly value: Statement }, RequestRefusal> {
  const plaintext = unpad(padded);
  if (!plaintext.ok) return err({ reason: "request-malformed" });
  const outer = decode(request, plaintext.value);
  if (!outer.ok) return err(malformed(outer.error.reason));
  const value = decode(statement, outer.value.statement);
  return value.ok ? ok({ outer: outer.value, value: value.value }) : err(malformed(value.error.reason));
}

const malformed = (reason: string): RequestRefusal => ({
  reason: reason === "newer-version" ? "request-newer-version" : "request-malformed",
});

/** FC16, and that the Welcome is the one that was proved and signed. */
function refusalBeforeSignatures(
  provider: CryptoProvider,
  ownAccountId: AccountId,
  value: Statement,
  welcome: Uint8Array,
  now: number,
): RequestRefusal["reason"] | null {
  if (!equalBytes(value.inviter, accountIdToBytes(ownAccountId))) return "request-for-another";
  if (!equalBytes(value.welcomeHash, provider.sha256(welcome))) return "request-welcome-altered";
  if (now > value.createdAt + MAX_REQUEST_AGE_MS) return "request-expired";
  return now < value.createdAt - CLOCK_TOLERANCE_MS ? "request-not-yet-valid" : null;
}
