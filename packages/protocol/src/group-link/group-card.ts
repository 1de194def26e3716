/**
 * The card of a group link: which group, who made the link, and where to ask (spec/group-link.md, section 4).
 *
 * GL4 It is signed and sealed like a contact card (FC8 to FC11), under labels and keys of its own, by a device of the member
 *     whose account the code names.
 */
import {
  bool,
  bytes,
  literal,
  nullable,
  struct,
  text,
  uint,
  utf8ToBytes,
  type CodecType,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { capabilitiesCodec, inboxCodec } from "../first-contact/card.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { openSignedCard, sealSignedCard, type CardFormat, type CardRefusal } from "../first-contact/signed-card.ts";
import { MAX_DESCRIPTION_BYTES } from "../group-state/state.ts";
import type { Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { groupCardKeys } from "./link-keys.ts";
import type { GroupLinkCode } from "./group-link-code.ts";

const VERSION = 1 as const;

const card = struct({
  version: literal(VERSION, "newer-version"),
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  /** The device that signed. */
  deviceKey: bytes({ length: 32 }),
  /** Of the member who made the link. */
  name: nameCodec,
  groupId: bytes({ length: 32 }),
  groupName: nullable(nameCodec),
  description: text(MAX_DESCRIPTION_BYTES),
  /** As they were when the card was made. */
  members: uint(65_535),
  needsApproval: bool,
  inbox: inboxCodec,
  capabilities: capabilitiesCodec,
  /** Milliseconds since 1970. */
  issuedAt: uint(),
  expiresAt: uint(),
});
export type GroupCard = CodecType<typeof card>;
export type OpenedGroupCard = GroupCard & Identity;

const FORMAT: CardFormat<GroupCard> = { label: utf8ToBytes("xchat group card 1\0"), codec: card };

export interface GroupCardInput extends Omit<GroupCard, "version" | "deviceKey" | "capabilities"> {
  /** Of the link. */
  readonly secret: Uint8Array;
  /** Of a device that the chain lists. */
  readonly deviceSeed: Uint8Array;
  readonly capabilities?: readonly number[];
}

/**
 * The blob for the place: exactly 8,192 or 65,536 bytes.
 *
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealGroupCard(provider: CryptoProvider, input: GroupCardInput): Promise<Uint8Array> {
  const { secret, deviceSeed, capabilities = [], ...fields } = input;
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  const full: GroupCard = { ...fields, version: VERSION, deviceKey, capabilities };
  return sealSignedCard(provider, FORMAT, groupCardKeys(provider, secret), full, deviceSeed);
}

/** Opens and judges what lay at the place of a link. Never throws. */
export const openGroupCard = (
  provider: CryptoProvider,
  { secret, accountIdHash }: GroupLinkCode,
  blob: Uint8Array,
  now: number,
): Promise<Result<OpenedGroupCard, CardRefusal>> =>
  openSignedCard(provider, FORMAT, groupCardKeys(provider, secret), { accountIdHash, blob, now });
