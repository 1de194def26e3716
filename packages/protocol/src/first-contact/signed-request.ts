/**
 * What a stranger writes to the inbox of a card: a statement, proved by the code's secret and signed by a listed device of
 * the chain that it carries, with one attachment whose hash is in it (spec/first-contact.md, FC13 to FC16).
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
  type Codec,
  type Result,
} from "@xchat/codec";
import { HPKE_OVERHEAD, openFrom, sealTo, type CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import { CLOCK_TOLERANCE_MS, DAY_MS } from "../identity/certificate.ts";
import { isListedDevice, verifyChain, type Identity } from "../identity/chain.ts";
import { isSizeClass, padToClass, SIZE_CLASSES, unpad } from "./size-class.ts";

/** No key package lives longer, so that no older request could be accepted. */
export const MAX_REQUEST_AGE_MS = 90 * DAY_MS;
const VERSION = 1 as const;
const EMPTY = new Uint8Array(0);

const request = struct({
  version: literal(VERSION, "newer-version"),
  statement: bytes({ max: SIZE_CLASSES[1] }),
  signature: bytes({ length: 64 }),
  proof: bytes({ length: 32 }),
  attachment: bytes({ max: SIZE_CLASSES[1] }),
});

/** What every statement says. */
interface StatementFields {
  /** Account id of the inviter, 32 bytes: whoever else gets hold of this cannot pass it off as sent to them. */
  readonly inviter: Uint8Array;
  readonly chain: Uint8Array;
  /** The device that signs. */
  readonly deviceKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** One kind of request. `info` separates the HPKE contexts, `label` the signatures. */
export interface RequestFormat<T extends StatementFields> {
  readonly info: Uint8Array;
  readonly label: Uint8Array;
  readonly codec: Codec<T>;
  readonly attachmentHash: (statement: T) => Uint8Array;
}

/** From the code's secret. */
export interface RequestKeys {
  readonly proofKey: Uint8Array;
  readonly binding: Uint8Array;
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

export interface OpenedStatement<T> {
  readonly statement: T;
  readonly identity: Identity;
  readonly attachment: Uint8Array;
  /** SHA-256 of the sealed bytes. */
  readonly hash: Uint8Array;
  /** SHA-256 of the statement. */
  readonly statementHash: Uint8Array;
}

/**
 * Exactly 8,192 or 65,536 bytes.
 *
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealSignedRequest<T extends StatementFields>(
  provider: CryptoProvider,
  format: RequestFormat<T>,
  { proofKey, binding }: RequestKeys,
  input: {
    readonly statement: T;
    readonly attachment: Uint8Array;
    readonly requestKey: Uint8Array;
    readonly deviceSeed: Uint8Array;
  },
): Promise<Result<Uint8Array, { readonly reason: "inbox-key-malformed" | "request-too-large" }>> {
  const { attachment, requestKey, deviceSeed } = input;
  const statement = encode(format.codec, input.statement);
  const signature = await provider.ed25519Sign(deviceSeed, concatBytes(format.label, binding, statement));
  const proof = provider.hmacSha256(proofKey, statement);
  if (statement.length + attachment.length > SIZE_CLASSES[1]) return err({ reason: "request-too-large" });
  const padded = padToClass(
    encode(request, { version: VERSION, statement, signature, proof, attachment }),
    HPKE_OVERHEAD,
  );
  if (padded === null) return err({ reason: "request-too-large" });
  const sealed = await sealTo(provider, requestKey, format.info, EMPTY, padded);
  return sealed === null ? err({ reason: "inbox-key-malformed" }) : ok(sealed);
}

/**
 * Opens and judges what a stranger has put into an inbox, what is cheap to check first (FC15). `ownAccountId`: where given, a
 * request of this account is `request-own`. Never throws.
 */
export async function openSignedRequest<T extends StatementFields>(
  provider: CryptoProvider,
  format: RequestFormat<T>,
  { proofKey, binding }: RequestKeys,
  input: {
    readonly sealed: Uint8Array;
    readonly inboxSecretKey: Uint8Array;
    readonly inviter: AccountId;
    readonly ownAccountId: AccountId | null;
    readonly now: number;
  },
): Promise<Result<OpenedStatement<T>, RequestRefusal>> {
  const { sealed } = input;
  if (!isSizeClass(sealed.length)) return err({ reason: "request-malformed" });
  const padded = await openFrom(provider, input.inboxSecretKey, format.info, EMPTY, sealed);
  if (padded === null) return err({ reason: "request-unopenable" });
  const parts = readRequest(format.codec, padded);
  if (!parts.ok) return parts;
  const { outer, value } = parts.value;

  const proof = provider.hmacSha256(proofKey, outer.statement);
  if (!provider.equalSecrets(proof, outer.proof)) return err({ reason: "request-proof-invalid" });
  const attachmentHash = provider.sha256(outer.attachment);
  const misdirected = refusalBeforeSignatures(value, input.inviter, input.now);
  if (misdirected !== null) return err({ reason: misdirected });
  if (!equalBytes(format.attachmentHash(value), attachmentHash)) return err({ reason: "request-welcome-altered" });

  const identity = await verifyChain(provider, value.chain);
  if (!identity.ok) return err({ reason: "request-chain-invalid" });
  if (identity.value.accountId === input.ownAccountId) return err({ reason: "request-own" });
  if (!isListedDevice(identity.value, value.deviceKey)) return err({ reason: "request-signer-not-listed" });
  const message = concatBytes(format.label, binding, outer.statement);
  if (!(await provider.ed25519Verify(value.deviceKey, message, outer.signature))) {
    return err({ reason: "request-signature-invalid" });
  }
  return ok({
    statement: value,
    identity: identity.value,
    attachment: outer.attachment,
    hash: provider.sha256(sealed),
    statementHash: provider.sha256(outer.statement),
  });
}

// ---- below: reading and judging

function readRequest<T>(
  codec: Codec<T>,
  padded: Uint8Array,
): Result<
  {
    readonly outer: {
      readonly statement: Uint8Array;
      readonly signature: Uint8Array;
      readonly proof: Uint8Array;
      readonly attachment: Uint8Array;
    };
    readonly value: T;
  },
  RequestRefusal
> {
  const plaintext = unpad(padded);
  if (!plaintext.ok) return err({ reason: "request-malformed" });
  const outer = decode(request, plaintext.value);
  if (!outer.ok) return err(malformed(outer.error.reason));
  const value = decode(codec, outer.value.statement);
  return value.ok ? ok({ outer: outer.value, value: value.value }) : err(malformed(value.error.reason));
}

const malformed = (reason: string): RequestRefusal => ({
  reason: reason === "newer-version" ? "request-newer-version" : "request-malformed",
});

/** FC16. */
function refusalBeforeSignatures(
  value: StatementFields,
  inviter: AccountId,
  now: number,
): RequestRefusal["reason"] | null {
  if (!equalBytes(value.inviter, accountIdToBytes(inviter))) return "request-for-another";
  if (now > value.createdAt + MAX_REQUEST_AGE_MS) return "request-expired";
  return now < value.createdAt - CLOCK_TOLERANCE_MS ? "request-not-yet-valid" : null;
}
