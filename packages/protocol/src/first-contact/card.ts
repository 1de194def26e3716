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
import {
  bool,
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
import { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox, type CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes } from "../identity/account-id.ts";
import { CLOCK_TOLERANCE_MS, DAY_MS } from "../identity/certificate.ts";
import { isListedDevice, verifyChain, type Identity } from "../identity/chain.ts";
import { MAX_CHAIN_BYTES } from "../identity/operation.ts";
import { MAX_NODE_HINTS, nodeHintCodec } from "../node-hint.ts";
import { cardBinding, cardKey, cardPlace } from "./invitation-keys.ts";
import type { Invitation } from "./invitation.ts";
import { nameCodec } from "./person-text.ts";
import { capacity, isSizeClass, padToClass, unpad } from "./size-class.ts";

export const MAX_CARD_LIFETIME_MS = 90 * DAY_MS;
export const MAX_CARD_KEY_PACKAGES = 8;
const MAX_KEY_PACKAGE_BYTES = 24_576;
const VERSION = 1 as const;
const SIGNATURE_LABEL = utf8ToBytes("xchat contact card 1\0");

export const capabilitiesCodec = list(uint(65_535), { max: 32 });

const inbox = struct({
  /** Ed25519: who may read. Strangers deposit for it. */
  mailbox: bytes({ length: 32 }),
  /** X-Wing: requests are sealed to it. Of this invitation alone. */
  requestKey: bytes({ length: 1216 }),
  nodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
});
export type ContactInbox = CodecType<typeof inbox>;

const card = struct({
  version: literal(VERSION, "newer-version"),
  chain: bytes({ max: MAX_CHAIN_BYTES }),
  /** The device that signed. */
  deviceKey: bytes({ length: 32 }),
  name: nameCodec,
  /** One for each device; MLS, opaque here (see `judgeCardMember`). */
  keyPackages: list(bytes({ max: MAX_KEY_PACKAGE_BYTES }), { min: 1, max: MAX_CARD_KEY_PACKAGES }),
  inbox,
  isLasting: bool,
  capabilities: capabilitiesCodec,
  /** Milliseconds since 1970. */
  issuedAt: uint(),
  expiresAt: uint(),
});
export type Card = CodecType<typeof card>;

/** Signature (66), version (1), and the heads of array and card (4). */
const MAX_ENCODED_CARD_BYTES = capacity(SECRET_BOX_OVERHEAD) - 71;

const signedCard = struct({
  version: literal(VERSION, "newer-version"),
  card: bytes({ max: MAX_ENCODED_CARD_BYTES }),
  signature: bytes({ length: 64 }),
});

export type OpenedCard = Card & Identity;

export interface CardRefusal {
  readonly reason:
    /** Not made by the inviter of this invitation, or altered since. */
    "card-forged" | "card-malformed" | "card-newer-version" | "card-expired" | "card-not-yet-valid";
  /** What gave it away; for reports and tests, not for people. */
  readonly detail: string;
}

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
  const encoded = encode(card, { ...fields, version: VERSION, deviceKey, capabilities });
  if (encoded.length > MAX_ENCODED_CARD_BYTES) {
    throw Object.assign(new RangeError("the card does not fit into 64 KiB"), { code: "card-too-large" });
  }
  const signature = await provider.ed25519Sign(deviceSeed, cardMessage(provider, secret, encoded));
  const padded = padToClass(encode(signedCard, { version: VERSION, card: encoded, signature }), SECRET_BOX_OVERHEAD);
  // The limit above leaves room for signature and heads.
  return sealSecretBox(provider, cardKey(provider, secret), cardPlace(provider, secret), padded as Uint8Array);
}

/** Opens and judges what lay at the place of an invitation. Never throws. */
export async function openCard(
  provider: CryptoProvider,
  invitation: Invitation,
  blob: Uint8Array,
  now: number,
): Promise<Result<OpenedCard, CardRefusal>> {
  if (!isSizeClass(blob.length)) return refuse("card-malformed", "size");
  const { secret } = invitation;
  const padded = await openSecretBox(provider, cardKey(provider, secret), cardPlace(provider, secret), blob);
  if (padded === null) return refuse("card-forged", "box");
  const parts = readCard(padded);
  if (!parts.ok) return parts;
  const { value, encoded, signature } = parts.value;

  const identity = await verifyChain(provider, value.chain);
  if (!identity.ok) return refuse("card-forged", identity.error.reason);
  const accountIdHash = provider.sha256(accountIdToBytes(identity.value.accountId));
  if (!equalBytes(accountIdHash, invitation.accountIdHash)) return refuse("card-forged", "another-account");
  if (!isListedDevice(identity.value, value.deviceKey)) return refuse("card-forged", "signer-not-listed");
  const message = cardMessage(provider, secret, encoded);
  if (!(await provider.ed25519Verify(value.deviceKey, message, signature))) return refuse("card-forged", "signature");
  return judgeTime(value, now) ?? ok({ ...value, ...identity.value });
}

// ---- below: reading and judging

const refuse = (reason: CardRefusal["reason"], detail: string): Result<never, CardRefusal> => err({ reason, detail });

const cardMessage = (provider: CryptoProvider, secret: Uint8Array, encoded: Uint8Array): Uint8Array =>
  concatBytes(SIGNATURE_LABEL, cardBinding(provider, secret), encoded);

function readCard(
  padded: Uint8Array,
): Result<{ readonly value: Card; readonly encoded: Uint8Array; readonly signature: Uint8Array }, CardRefusal> {
  const plaintext = unpad(padded);
  if (!plaintext.ok) return malformed(plaintext.error.reason);
  const signed = decode(signedCard, plaintext.value);
  if (!signed.ok) return malformed(signed.error.reason);
  const value = decode(card, signed.value.card);
  if (!value.ok) return malformed(value.error.reason);
  return ok({ value: value.value, encoded: signed.value.card, signature: signed.value.signature });
}

const malformed = (reason: string): Result<never, CardRefusal> =>
  refuse(reason === "newer-version" ? "card-newer-version" : "card-malformed", reason);

/** FC11. */
function judgeTime({ issuedAt, expiresAt }: Card, now: number): Result<never, CardRefusal> | null {
  const lifetime = expiresAt - issuedAt;
  if (lifetime <= 0 || lifetime > MAX_CARD_LIFETIME_MS) return refuse("card-malformed", "lifetime");
  if (now > expiresAt + CLOCK_TOLERANCE_MS) return refuse("card-expired", "expired");
  return now < issuedAt - CLOCK_TOLERANCE_MS ? refuse("card-not-yet-valid", "issued-later") : null;
}
