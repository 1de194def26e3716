/**
 * What is said in a rejoin inbox (spec/rejoin.md): a device that fell out of a conversation asks, members answer.
 *
 * RJ1 A message is a request or an answer, in envelopes wrapped under the inbox's key (GR27, spec/envelope.md).
 * RJ2 A request is signed by a fresh leaf key, whose credential says whose device asks; it names the conversation and a
 *     fresh X-Wing key.
 * RJ3 What is cheap to check is checked first: whoever knows the seed can fill the inbox.
 * RJ4 An answer is sealed to the key of the request, and signed by the leaf that signed the GroupInfo in it, for this
 *     request: nobody can hand on an old one, or another way in.
 * RJ13 Or it says that the asker is out: sealed in the same way, signed by a leaf that the asker knows, or nobody's.
 */
import {
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
  uint,
  utf8ToBytes,
  variants,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { openFrom, sealTo, type CryptoProvider, type KeyPair } from "@xchat/crypto";
import type { AccountId } from "../identity/account-id.ts";
import {
  claimedLeaf,
  CLOCK_TOLERANCE_MS,
  DAY_MS,
  MAX_CREDENTIAL_BYTES,
  verifyLeafCredential,
} from "../identity/certificate.ts";
import { decodeLogStart, encodeLogStart, type LogStart } from "../devices/newcomer.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";

const VERSION = 1 as const;
/** An older request was answered long ago, or will not be any more. */
export const MAX_REJOIN_AGE_MS = DAY_MS;
const XWING_KEY_BYTES = 1_216;
const MAX_BODY_BYTES = 2_048;
/** With what sealing adds, this and the place fit into the greatest payload of envelopes. */
export const MAX_GROUP_INFO_BYTES = 3_500_000;
/** 4,096 authors. */
const MAX_START_BYTES = 400_000;
const MAX_ANSWER_BYTES = 3_920_000;
const REQUEST_LABEL = utf8ToBytes("xchat rejoin request 1\0");
const ANSWER_LABEL = utf8ToBytes("xchat rejoin answer 1\0");
const OUT_LABEL = utf8ToBytes("xchat rejoin out 1\0");
const INFO = utf8ToBytes("xchat rejoin answer 1");

const hash = bytes({ length: 32 });

// ---- the inbox

const messageCodec = variants({
  request: [0, { request: bytes({ max: MAX_BODY_BYTES + MAX_CREDENTIAL_BYTES + 256 }) }],
  answer: [1, { requestHash: hash, sealed: bytes({ max: MAX_ANSWER_BYTES }) }],
});
export type RejoinMessage = CodecType<typeof messageCodec>;

export const encodeRejoinMessage = (message: RejoinMessage): Uint8Array => encode(messageCodec, message);
export const decodeRejoinMessage = (bytesOfPeer: Uint8Array): Result<RejoinMessage, DecodeError> =>
  decode(messageCodec, bytesOfPeer);

// ---- the request

const bodyCodec = struct({
  version: literal(VERSION, "newer-version"),
  conversation: hash,
  /** X-Wing, made for this request. */
  key: bytes({ length: XWING_KEY_BYTES }),
  /** Where it stands, as its members call it (fork-rule.md, section 1); null where it has lost everything. */
  epoch: nullable(hash),
  /** So often has it asked before without an answer that led in. */
  attempt: uint(255),
  createdAt: uint(),
});

const requestCodec = struct({
  body: bytes({ max: MAX_BODY_BYTES }),
  leafKey: hash,
  credential: bytes({ max: MAX_CREDENTIAL_BYTES }),
  signature: bytes({ length: 64 }),
});

export interface RejoinRequestInput {
  /** 32 bytes. */
  readonly conversation: Uint8Array;
  /** Fresh: of the key package with which it wants to come in. */
  readonly leafKey: KeyPair;
  readonly credential: Uint8Array;
  readonly epoch: Uint8Array | null;
  readonly attempt: number;
  readonly now: number;
}

export interface MadeRejoinRequest {
  readonly request: Uint8Array;
  /** SHA-256 of it: names it in the answer. */
  readonly hash: Uint8Array;
  /** X-Wing seed that opens the answer; secret. */
  readonly secretKey: Uint8Array;
}

/** @throws RangeError when a field is not as the format asks. */
export async function makeRejoinRequest(
  provider: CryptoProvider,
  { leafKey, credential, now, ...fields }: RejoinRequestInput,
): Promise<MadeRejoinRequest> {
  const { publicKey, secretKey } = await provider.xwingKeyPair(provider.randomBytes(32));
  const body = encode(bodyCodec, { version: VERSION, key: publicKey, createdAt: now, ...fields });
  const signature = await provider.ed25519Sign(leafKey.secretKey, concatBytes(REQUEST_LABEL, body));
  const request = encode(requestCodec, { body, leafKey: leafKey.publicKey, credential, signature });
  return { request, hash: provider.sha256(request), secretKey };
}

export interface RejoinRequest {
  readonly hash: Uint8Array;
  readonly account: AccountId;
  readonly leafKey: Uint8Array;
  readonly credential: Uint8Array;
  readonly key: Uint8Array;
  readonly epoch: Uint8Array | null;
  readonly attempt: number;
  readonly createdAt: number;
}

export interface RejoinRefusal {
  readonly reason:
    | "request-malformed"
    | "request-newer-version"
    | "request-for-another"
    | "request-expired"
    | "request-not-yet-valid"
    /** Its account has no leaf here, and is not known to have had one. */
    | "request-outside"
    /** Answered often enough for now. */
    | "request-too-often"
    | "request-signature-invalid"
    | "request-credential-invalid";
}

/** Judges a request of a peer, in the order of RJ3. Never throws. `isWelcome`: before anything that costs a signature. */
export async function openRejoinRequest(
  provider: CryptoProvider,
  request: Uint8Array,
  around: {
    readonly conversation: Uint8Array;
    readonly now: number;
    readonly isWelcome: (account: AccountId) => "yes" | "outside" | "too-often";
  },
): Promise<Result<RejoinRequest, RejoinRefusal>> {
  const outer = decode(requestCodec, request);
  if (!outer.ok) return err({ reason: "request-malformed" });
  const { leafKey, credential, signature } = outer.value;
  const body = decode(bodyCodec, outer.value.body);
  if (!body.ok) {
    return err({ reason: body.error.reason === "newer-version" ? "request-newer-version" : "request-malformed" });
  }
  const { conversation, createdAt, key, epoch, attempt } = body.value;
  if (!provider.equalSecrets(conversation, around.conversation)) return err({ reason: "request-for-another" });
  if (createdAt < around.now - MAX_REJOIN_AGE_MS - CLOCK_TOLERANCE_MS) return err({ reason: "request-expired" });
  if (createdAt > around.now + CLOCK_TOLERANCE_MS) return err({ reason: "request-not-yet-valid" });
  const claimed = claimedLeaf(credential);
  if (!claimed.ok) return err({ reason: "request-credential-invalid" });
  const welcome = around.isWelcome(claimed.value.accountId);
  if (welcome !== "yes") return err({ reason: welcome === "outside" ? "request-outside" : "request-too-often" });
  const signed = concatBytes(REQUEST_LABEL, outer.value.body);
  if (!(await provider.ed25519Verify(leafKey, signed, signature))) return err({ reason: "request-signature-invalid" });
  const leaf = await verifyLeafCredential(provider, credential, leafKey, around.now);
  if (!leaf.ok) return err({ reason: "request-credential-invalid" });
  const account = leaf.value.accountId;
  return ok({ hash: provider.sha256(request), account, leafKey, credential, key, epoch, attempt, createdAt });
}

// ---- the answer

const placeCodec = struct({
  /** Of the epoch of the GroupInfo: what the commit that ends it is wrapped under. */
  wrapKey: hash,
  /** Its mailboxes: Ed25519 seeds. */
  nodes: list(struct({ hint: nodeHintCodec, seed: hash }), { min: 1, max: MAX_NODE_HINTS }),
});
export type RejoinPlace = CodecType<typeof placeCodec>;

const answerCodec = variants({
  in: [
    0,
    {
      version: literal(VERSION, "newer-version"),
      groupInfo: bytes({ max: MAX_GROUP_INFO_BYTES }),
      place: bytes({ max: 4_096 }),
      /** Where the log of somebody who has lost theirs begins (devices.md, DV35). */
      start: bytes({ max: MAX_START_BYTES }),
      signature: bytes({ length: 64 }),
    },
  ],
  out: [
    1,
    {
      version: literal(VERSION, "newer-version"),
      /** Without a credential: only who was there with this leaf can tell whose it is. */
      leafKey: hash,
      signature: bytes({ length: 64 }),
    },
  ],
});

/**
 * The whole message for the inbox. `leafKey`: of the leaf that signed the GroupInfo. `null` when the key of the request is
 * none.
 *
 * @throws RangeError when it does not fit.
 */
export async function makeRejoinAnswer(
  provider: CryptoProvider,
  request: Pick<RejoinRequest, "hash" | "key">,
  input: {
    readonly groupInfo: Uint8Array;
    readonly place: RejoinPlace;
    readonly start: LogStart;
    readonly leafKey: KeyPair;
  },
): Promise<Uint8Array | null> {
  const { groupInfo, leafKey } = input;
  const place = encode(placeCodec, input.place);
  const start = encodeLogStart(input.start);
  const signed = answerBytes(provider, request.hash, [groupInfo, place, start]);
  const answer = {
    kind: "in" as const,
    version: VERSION,
    groupInfo,
    place,
    start,
    signature: await provider.ed25519Sign(leafKey.secretKey, signed),
  };
  return sealAnswer(provider, request, encode(answerCodec, answer));
}

/** RJ13: the whole message that says to the asker that they are out. `null` when the key of the request is none. */
export async function makeRejoinOut(
  provider: CryptoProvider,
  request: Pick<RejoinRequest, "hash" | "key">,
  leafKey: KeyPair,
): Promise<Uint8Array | null> {
  const answer = {
    kind: "out" as const,
    version: VERSION,
    leafKey: leafKey.publicKey,
    signature: await provider.ed25519Sign(leafKey.secretKey, concatBytes(OUT_LABEL, request.hash)),
  };
  return sealAnswer(provider, request, encode(answerCodec, answer));
}

async function sealAnswer(
  provider: CryptoProvider,
  { hash: requestHash, key }: Pick<RejoinRequest, "hash" | "key">,
  answer: Uint8Array,
): Promise<Uint8Array | null> {
  const sealed = await sealTo(provider, key, INFO, requestHash, answer);
  return sealed === null ? null : encodeRejoinMessage({ kind: "answer", requestHash, sealed });
}

export interface RejoinWayIn {
  readonly kind: "in";
  readonly groupInfo: Uint8Array;
  readonly place: RejoinPlace;
  /** Its signer's word. */
  readonly start: LogStart;
  /** True when the leaf with this key has signed it: to be asked for the signer of the GroupInfo. */
  readonly isSignedBy: (signatureKey: Uint8Array) => Promise<boolean>;
}

/** Signed by this leaf key; whose that is, and whether they are to be believed, is another question (RJ14). */
export interface RejoinOut {
  readonly kind: "out";
  readonly leafKey: Uint8Array;
}

export type RejoinAnswer = RejoinWayIn | RejoinOut;

/** `null`: not for this request, altered, or malformed. Never throws. */
export async function openRejoinAnswer(
  provider: CryptoProvider,
  { hash: requestHash, secretKey }: Pick<MadeRejoinRequest, "hash" | "secretKey">,
  sealed: Uint8Array,
): Promise<RejoinAnswer | null> {
  const opened = await openFrom(provider, secretKey, INFO, requestHash, sealed);
  const answer = opened === null ? null : decode(answerCodec, opened);
  if (answer === null || !answer.ok) return null;
  return answer.value.kind === "in"
    ? openWayIn(provider, requestHash, answer.value)
    : openOut(provider, requestHash, answer.value);
}

type Sealed<K extends "in" | "out"> = Extract<CodecType<typeof answerCodec>, { readonly kind: K }>;

function openWayIn(provider: CryptoProvider, requestHash: Uint8Array, answer: Sealed<"in">): RejoinWayIn | null {
  const { groupInfo } = answer;
  const place = decode(placeCodec, answer.place);
  const start = decodeLogStart(answer.start);
  if (!place.ok || !start.ok) return null;
  const signed = answerBytes(provider, requestHash, [groupInfo, answer.place, answer.start]);
  return {
    kind: "in",
    groupInfo,
    place: place.value,
    start: start.value,
    isSignedBy: async (signatureKey) => provider.ed25519Verify(signatureKey, signed, answer.signature),
  };
}

async function openOut(
  provider: CryptoProvider,
  requestHash: Uint8Array,
  { leafKey, signature }: Sealed<"out">,
): Promise<RejoinOut | null> {
  const isSigned = await provider.ed25519Verify(leafKey, concatBytes(OUT_LABEL, requestHash), signature);
  return isSigned ? { kind: "out", leafKey } : null;
}

const answerBytes = (provider: CryptoProvider, requestHash: Uint8Array, parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(ANSWER_LABEL, requestHash, ...parts.map((part) => provider.sha256(part)));
