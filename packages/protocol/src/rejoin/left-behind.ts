/**
 * A word to those who were left behind (spec/rejoin.md, RJ15): whoever came in on a branch that lost knows nothing of the
 * fork, and hears of it where they stand, from somebody who is not there any more.
 *
 * It makes its reader ask, and decides nothing: what is believed is the answer to the question (RJ7, RJ14).
 */
import { bytes, concatBytes, decode, encode, err, literal, ok, struct, utf8ToBytes, type Result } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";

const LABEL = utf8ToBytes("xchat left behind 1\0");

const hash = bytes({ length: 32 });
/** An array: no MLS message begins like it. */
const codec = struct({
  version: literal(1, "newer-version"),
  /** The epoch in whose mailbox it lies, as its members call it. */
  epoch: hash,
  /** Of the leaf that its author has there. */
  leafKey: hash,
  signature: bytes({ length: 64 }),
});

export interface LeftBehindPlace {
  /** 32 bytes. */
  readonly conversation: Uint8Array;
  /** 32 bytes. */
  readonly epoch: Uint8Array;
}

export async function makeLeftBehind(
  provider: CryptoProvider,
  { conversation, epoch }: LeftBehindPlace,
  { publicKey, secretKey }: KeyPair,
): Promise<Uint8Array> {
  const signature = await provider.ed25519Sign(secretKey, concatBytes(LABEL, conversation, epoch));
  return encode(codec, { version: 1, epoch, leafKey: publicKey, signature });
}

export interface LeftBehindRefusal {
  readonly reason: "left-behind-malformed" | "left-behind-elsewhere" | "left-behind-signature-invalid";
}

/** The leaf key that says so. Never throws. `isMember`: asked before anything that costs a signature. */
export async function openLeftBehind(
  provider: CryptoProvider,
  word: Uint8Array,
  { conversation, epoch, isMember }: LeftBehindPlace & { readonly isMember: (leafKey: Uint8Array) => boolean },
): Promise<Result<Uint8Array, LeftBehindRefusal>> {
  const decoded = decode(codec, word);
  if (!decoded.ok) return err({ reason: "left-behind-malformed" });
  const { leafKey, signature } = decoded.value;
  if (!provider.equalSecrets(decoded.value.epoch, epoch) || !isMember(leafKey)) {
    return err({ reason: "left-behind-elsewhere" });
  }
  const isSigned = await provider.ed25519Verify(leafKey, concatBytes(LABEL, conversation, epoch), signature);
  return isSigned ? ok(leafKey) : err({ reason: "left-behind-signature-invalid" });
}

/** Whether it is meant to be one; nothing of it is sound yet. */
export const isLeftBehind = (payload: Uint8Array): boolean => decode(codec, payload).ok;
