/**
 * The contact card of an invitation: who invites, how to start a conversation, where to ask (spec/first-contact.md,
 * section 6).
 *
 * FC8 A card is signed by a listed device of the chain that it carries, over a label, a binding that is derived from
 *     the invitation's secret, and its bytes: it cannot be moved to another invitation.
 * FC9 It is sealed under a key of the secret, with its place as authenticated data, in a size class.
 * FC10 Its account is the one whose hash the invitation carries. Who knows the link but not the inviter's keys cannot
 *      make a card for it.
 * FC11 It is valid from its issue to its expiry, at most 90 days, give or take one day.
 * FC12 It carries 1 to 8 key packages, an inbox with 1 to 3 nodes, and at most 32 capabilities, unknown ones included.
 */
import { bool, bytes, list, literal, struct, uint, utf8ToBytes, type CodecType, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { cardBinding, cardKey, cardPlace } from "./invitation-keys.ts";
import type { Invitation } from "./invitation.ts";
import { nameCodec } from "./person-text.ts";
import { openSignedCard, sealSignedCard, type CardFormat, type CardKeys, type CardRefusal } from "./signed-card.ts";

export const MAX_CARD_KEY_PACKAGES = 8;
export const MAX_KEY_PACKAGE_BYTES = 24_576;
const VERSION = 1 as const;

export const capabilitiesCodec = list(uint(65_535), { max: 32 });

export const inboxCodec = struct({
  /** Ed25519: who may read. Strangers deposit for it. */
  mailbox: bytes({ length: 32 }),
  /** X-Wing: requests are sealed to it. Of this invitation alone. */
  requestKey: bytes({ length: 1216 }),
  nodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
});
export type ContactInbox = CodecType<typeof inboxCodec>;

const card = struct({
  version: literal(VERSION, "newer-version"),
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  /** The device that signed. */
  deviceKey: bytes({ length: 32 }),
  name: nameCodec,
  /** One for each device; MLS, opaque here (see `judgeCardMember`). */
  keyPackages: list(bytes({ max: MAX_KEY_PACKAGE_BYTES }), { min: 1, max: MAX_CARD_KEY_PACKAGES }),
  inbox: inboxCodec,
  isLasting: bool,
  capabilities: capabilitiesCodec,
  /** Milliseconds since 1970. */
  issuedAt: uint(),
  expiresAt: uint(),
});
export type Card = CodecType<typeof card>;
export type OpenedCard = Card & Identity;

const FORMAT: CardFormat<Card> = { label: utf8ToBytes("xchat contact card 1\0"), codec: card };

export interface CardInput extends Omit<Card, "version" | "deviceKey" | "capabilities"> {
  readonly secret: Uint8Array;
  /** Of a device that the chain lists. */
  readonly deviceSeed: Uint8Array;
  readonly capabilities?: readonly number[];
}

/**
 * The blob that is put at `cardPlace`: exactly 8,192 or 65,536 bytes.
 *
 * @throws RangeError with `code` "card-too-large" when chain and key packages do not fit: leave key packages out.
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealCard(provider: CryptoProvider, input: CardInput): Promise<Uint8Array> {
  const { secret, deviceSeed, capabilities = [], ...fields } = input;
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  const full: Card = { ...fields, version: VERSION, deviceKey, capabilities };
  return sealSignedCard(provider, FORMAT, keysOf(provider, secret), full, deviceSeed);
}

/** Opens and judges what lay at the place of an invitation. Never throws. */
export const openCard = (
  provider: CryptoProvider,
  { secret, accountIdHash }: Invitation,
  blob: Uint8Array,
  now: number,
): Promise<Result<OpenedCard, CardRefusal>> =>
  openSignedCard(provider, FORMAT, keysOf(provider, secret), { accountIdHash, blob, now });

const keysOf = (provider: CryptoProvider, secret: Uint8Array): CardKeys => ({
  place: cardPlace(provider, secret),
  key: cardKey(provider, secret),
  binding: cardBinding(provider, secret),
});
