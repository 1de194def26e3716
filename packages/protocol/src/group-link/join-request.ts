/**
 * The request of somebody who has a link to a group (spec/group-link.md, section 5).
 *
 * GL5 Sealed, proved and signed like a contact request (FC13 to FC17), under labels and keys of its own. It carries one key
 *     package, and the seed of the place where the answer is looked for.
 * GL6 It counts for the group and the maker of the link that it names, and for no other.
 */
import {
  bytes,
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
import { capabilitiesCodec } from "../first-contact/card.ts";
import { greetingCodec, nameCodec } from "../first-contact/person-text.ts";
import {
  openSignedRequest,
  sealSignedRequest,
  type RequestFormat,
  type RequestRefusal,
} from "../first-contact/signed-request.ts";
import { accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import type { Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { ANSWER_SEED_BYTES, joinRequestKeys } from "./link-keys.ts";

const VERSION = 1 as const;
const hash = bytes({ length: 32 });

const statement = struct({
  version: literal(VERSION, "newer-version"),
  /** Account id of the member who made the link. */
  inviter: hash,
  groupId: hash,
  keyPackageHash: hash,
  /** Who asks: identity chain, and the device that signs. */
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  deviceKey: hash,
  name: nameCodec,
  greeting: greetingCodec,
  answerSeed: bytes({ length: ANSWER_SEED_BYTES }),
  capabilities: capabilitiesCodec,
  /** Milliseconds since 1970. */
  createdAt: uint(),
});
type Statement = CodecType<typeof statement>;

const FORMAT: RequestFormat<Statement> = {
  info: utf8ToBytes("xchat group request 1"),
  label: utf8ToBytes("xchat group introduction 1\0"),
  codec: statement,
  attachmentHash: ({ keyPackageHash }) => keyPackageHash,
};

export interface JoinRequestInput extends Pick<Statement, "groupId" | "chain" | "name" | "greeting" | "answerSeed"> {
  /** Of the opened card. */
  readonly inviter: AccountId;
  readonly requestKey: Uint8Array;
  readonly secret: Uint8Array;
  /** Of a device that `chain` lists. */
  readonly deviceSeed: Uint8Array;
  /** For this group alone. */
  readonly keyPackage: Uint8Array;
  readonly capabilities?: readonly number[];
  readonly now: number;
}

export interface OpenedJoinRequest extends Omit<Statement, "version" | "inviter" | "keyPackageHash"> {
  readonly accountId: AccountId;
  readonly identity: Identity;
  /** Not verified yet: MLS does (`inspectKeyPackage`), and `judgeCommit` whose leaf it makes. */
  readonly keyPackage: Uint8Array;
  /** SHA-256 of the sealed bytes. */
  readonly hash: Uint8Array;
  /** SHA-256 of the statement: the same request, however often it is sealed. */
  readonly statementHash: Uint8Array;
}

/**
 * Exactly 8,192 or 65,536 bytes for the inbox of the card.
 *
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealJoinRequest(
  provider: CryptoProvider,
  input: JoinRequestInput,
): Promise<Result<Uint8Array, { readonly reason: "inbox-key-malformed" | "request-too-large" }>> {
  const { inviter, requestKey, secret, deviceSeed, keyPackage, capabilities = [], now, ...fields } = input;
  const full: Statement = {
    ...fields,
    version: VERSION,
    inviter: accountIdToBytes(inviter),
    keyPackageHash: provider.sha256(keyPackage),
    deviceKey: (await provider.ed25519KeyPair(deviceSeed)).publicKey,
    capabilities,
    createdAt: now,
  };
  const what = { statement: full, attachment: keyPackage, requestKey, deviceSeed };
  return sealSignedRequest(provider, FORMAT, joinRequestKeys(provider, secret), what);
}

/** Opens and judges what lay in the inbox of a link. Never throws. */
export async function openJoinRequest(
  provider: CryptoProvider,
  link: {
    readonly requestSeed: Uint8Array;
    readonly secret: Uint8Array;
    /** Who made the link, as the state of the group says. */
    readonly by: AccountId;
    readonly groupId: Uint8Array;
  },
  sealed: Uint8Array,
  now: number,
): Promise<Result<OpenedJoinRequest, RequestRefusal>> {
  const opened = await openSignedRequest(provider, FORMAT, joinRequestKeys(provider, link.secret), {
    sealed,
    inboxSecretKey: link.requestSeed,
    inviter: link.by,
    ownAccountId: null,
    now,
  });
  if (!opened.ok) return opened;
  const { statement: value, identity, attachment, ...hashes } = opened.value;
  if (!equalBytes(value.groupId, link.groupId)) return err({ reason: "request-for-another" });
  const { version: _version, inviter: _inviter, keyPackageHash: _hash, ...fields } = value;
  return ok({ ...fields, accountId: identity.accountId, identity, keyPackage: attachment, ...hashes });
}
