/**
 * What lies sealed at a place for whoever has a code: a card, signed by a listed device of the chain that it carries, over a
 * label, a binding that is derived from the code's secret, and its bytes (spec/first-contact.md, FC8 to FC11).
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
import { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox, type CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes } from "../identity/account-id.ts";
import { CLOCK_TOLERANCE_MS, DAY_MS } from "../identity/certificate.ts";
import { isListedDevice, verifyChain, type Identity } from "../identity/chain.ts";
import { capacity, isSizeClass, padToClass, unpad } from "./size-class.ts";

export const MAX_CARD_LIFETIME_MS = 90 * DAY_MS;
const VERSION = 1 as const;
/** Signature (66), version (1), and the heads of array and card (4). */
const MAX_ENCODED_CARD_BYTES = capacity(SECRET_BOX_OVERHEAD) - 71;

const signedCard = struct({
  version: literal(VERSION, "newer-version"),
  card: bytes({ max: MAX_ENCODED_CARD_BYTES }),
  signature: bytes({ length: 64 }),
});

/** What every card says. */
interface CardFields {
  readonly chain: Uint8Array;
  /** The device that signed. */
  readonly deviceKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What the code's secret gives: where the card lies, and what seals and binds it. */
export interface CardKeys {
  readonly place: Uint8Array;
  readonly key: Uint8Array;
  readonly binding: Uint8Array;
}

/** One kind of card: its codec, and the label of its signature. */
export interface CardFormat<T extends CardFields> {
  readonly label: Uint8Array;
  readonly codec: Codec<T>;
}

export interface CardRefusal {
  readonly reason:
    /** Not made by the inviter of this invitation, or altered since. */
    "card-forged" | "card-malformed" | "card-newer-version" | "card-expired" | "card-not-yet-valid";
  /** What gave it away; for reports and tests, not for people. */
  readonly detail: string;
}

/**
 * The blob that is put at the place: exactly 8,192 or 65,536 bytes.
 *
 * @throws RangeError with `code` "card-too-large" when it does not fit.
 * @throws RangeError when a field is not as the format asks.
 */
export async function sealSignedCard<T extends CardFields>(
  provider: CryptoProvider,
  format: CardFormat<T>,
  { place, key, binding }: CardKeys,
  card: T,
  deviceSeed: Uint8Array,
): Promise<Uint8Array> {
  const encoded = encode(format.codec, card);
  if (encoded.length > MAX_ENCODED_CARD_BYTES) {
    throw Object.assign(new RangeError("the card does not fit into 64 KiB"), { code: "card-too-large" });
  }
  const signature = await provider.ed25519Sign(deviceSeed, concatBytes(format.label, binding, encoded));
  const padded = padToClass(encode(signedCard, { version: VERSION, card: encoded, signature }), SECRET_BOX_OVERHEAD);
  // The limit above leaves room for signature and heads.
  return sealSecretBox(provider, key, place, padded as Uint8Array);
}

/**
 * Opens and judges what lay at a place. `accountIdHash`: SHA-256 of the account that the code names. Never throws.
 */
export async function openSignedCard<T extends CardFields>(
  provider: CryptoProvider,
  format: CardFormat<T>,
  { place, key, binding }: CardKeys,
  input: { readonly accountIdHash: Uint8Array; readonly blob: Uint8Array; readonly now: number },
): Promise<Result<T & Identity, CardRefusal>> {
  if (!isSizeClass(input.blob.length)) return refuse("card-malformed", "size");
  const padded = await openSecretBox(provider, key, place, input.blob);
  if (padded === null) return refuse("card-forged", "box");
  const parts = readCard(format, padded);
  if (!parts.ok) return parts;
  const { value, encoded, signature } = parts.value;

  const identity = await verifyChain(provider, value.chain);
  if (!identity.ok) return refuse("card-forged", identity.error.reason);
  const accountIdHash = provider.sha256(accountIdToBytes(identity.value.accountId));
  if (!equalBytes(accountIdHash, input.accountIdHash)) return refuse("card-forged", "another-account");
  if (!isListedDevice(identity.value, value.deviceKey)) return refuse("card-forged", "signer-not-listed");
  const message = concatBytes(format.label, binding, encoded);
  if (!(await provider.ed25519Verify(value.deviceKey, message, signature))) return refuse("card-forged", "signature");
  return judgeTime(value, input.now) ?? ok({ ...value, ...identity.value });
}

// ---- below: reading and judging

const refuse = (reason: CardRefusal["reason"], detail: string): Result<never, CardRefusal> => err({ reason, detail });

function readCard<T>(
  { codec }: { readonly codec: Codec<T> },
  padded: Uint8Array,
): Result<{ readonly value: T; readonly encoded: Uint8Array; readonly signature: Uint8Array }, CardRefusal> {
  const plaintext = unpad(padded);
  if (!plaintext.ok) return malformed(plaintext.error.reason);
  const signed = decode(signedCard, plaintext.value);
  if (!signed.ok) return malformed(signed.error.reason);
  const value = decode(codec, signed.value.card);
  if (!value.ok) return malformed(value.error.reason);
  return ok({ value: value.value, encoded: signed.value.card, signature: signed.value.signature });
}

const malformed = (reason: string): Result<never, CardRefusal> =>
  refuse(reason === "newer-version" ? "card-newer-version" : "card-malformed", reason);

/** FC11. */
function judgeTime({ issuedAt, expiresAt }: CardFields, now: number): Result<never, CardRefusal> | null {
  const lifetime = expiresAt - issuedAt;
  if (lifetime <= 0 || lifetime > MAX_CARD_LIFETIME_MS) return refuse("card-malformed", "lifetime");
  if (now > expiresAt + CLOCK_TOLERANCE_MS) return refuse("card-expired", "expired");
  return now < issuedAt - CLOCK_TOLERANCE_MS ? refuse("card-not-yet-valid", "issued-later") : null;
}
