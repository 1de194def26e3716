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
import { bytes, list, literal, ok, struct, uint, utf8ToBytes, type CodecType, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import type { Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { capabilitiesCodec, MAX_CARD_KEY_PACKAGES } from "./card.ts";
import { requestBinding, requestProofKey } from "./invitation-keys.ts";
import { greetingCodec, nameCodec } from "./person-text.ts";
import {
  openSignedRequest,
  sealSignedRequest,
  type RequestFormat,
  type RequestKeys,
  type RequestRefusal,
} from "./signed-request.ts";

const MAX_GROUP_ID_BYTES = 64;
const VERSION = 1 as const;

const hash = bytes({ length: 32 });

const statement = struct({
  version: literal(VERSION, "newer-version"),
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

const FORMAT: RequestFormat<Statement> = {
  info: utf8ToBytes("xchat contact request 1"),
  label: utf8ToBytes("xchat contact introduction 1\0"),
  codec: statement,
  attachmentHash: ({ welcomeHash }) => welcomeHash,
};

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
  const full: Statement = {
    ...fields,
    version: VERSION,
    inviter: accountIdToBytes(inviter),
    welcomeHash: provider.sha256(welcome),
    deviceKey: (await provider.ed25519KeyPair(deviceSeed)).publicKey,
    capabilities,
    createdAt: now,
  };
  const what = { statement: full, attachment: welcome, requestKey, deviceSeed };
  return sealSignedRequest(provider, FORMAT, keysOf(provider, invitationSecret), what);
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
  const { inboxSecretKey, invitationSecret, ownAccountId } = own;
  const opened = await openSignedRequest(provider, FORMAT, keysOf(provider, invitationSecret), {
    sealed,
    inboxSecretKey,
    inviter: ownAccountId,
    ownAccountId,
    now,
  });
  if (!opened.ok) return opened;
  const { statement: value, identity, attachment, ...hashes } = opened.value;
  const { version: _version, inviter: _inviter, ...fields } = value;
  return ok({ ...fields, accountId: identity.accountId, identity, welcome: attachment, ...hashes });
}

const keysOf = (provider: CryptoProvider, secret: Uint8Array): RequestKeys => ({
  proofKey: requestProofKey(provider, secret),
  binding: requestBinding(provider, secret),
});
