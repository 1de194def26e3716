/**
 * Keys and digits of one link (spec/devices.md, section 3).
 *
 * DV4 The new device encapsulates to the existing one's ephemeral X-Wing key (HPKE, RFC 9180, exporter only): whoever
 *     records the mailbox and learns the code later reads nothing.
 * DV5 The new device commits to a random nonce before it sees that of the existing one, and reveals it after. All else
 *     that goes into the digits is fixed by then, so whoever stands between two links has one guess in a million (after
 *     ZRTP, RFC 6189, section 4.4.1).
 * DV6 Each message is sealed with its number and the transcript as authenticated data.
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import {
  deriveKey,
  openSecretBox,
  sealSecretBox,
  setupRecipient,
  setupSender,
  type CryptoProvider,
} from "@xchat/crypto";

export const LINK_NONCE_BYTES = 32;
const LINK_DIGITS = 6;
/** Of an encapsulation, which stands before the box of a hello. */
export const ENCAPSULATION_BYTES = 1_120;

const HPKE_INFO = utf8ToBytes("xchat device link 1");
const EXPORT_LABEL = utf8ToBytes("xchat device link root 1");
const COMMITMENT_LABEL = utf8ToBytes("xchat link commitment 1\0");
const TRANSCRIPT_LABEL = utf8ToBytes("xchat link transcript 1\0");
const DIGITS_LABEL = utf8ToBytes("xchat link digits 1\0");
const EMPTY = new Uint8Array(0);

/** `null` when the public key is malformed. The root, 32 bytes, is secret; the encapsulation goes to the other side. */
export async function encapsulateLink(
  provider: CryptoProvider,
  publicKey: Uint8Array,
): Promise<{ readonly enc: Uint8Array; readonly root: Uint8Array } | null> {
  const sender = await setupSender(provider, publicKey, HPKE_INFO);
  return sender === null ? null : { enc: sender.enc, root: sender.context.exportSecret(EXPORT_LABEL, 32) };
}

/** `null` when the encapsulation is malformed. */
export async function decapsulateLink(
  provider: CryptoProvider,
  secretKey: Uint8Array,
  enc: Uint8Array,
): Promise<Uint8Array | null> {
  const recipient = await setupRecipient(provider, secretKey, enc, HPKE_INFO);
  return recipient === null ? null : recipient.exportSecret(EXPORT_LABEL, 32);
}

export const linkCommitment = (provider: CryptoProvider, nonce: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(COMMITMENT_LABEL, nonce));

/** Over the ephemeral key, and the hello as it was sent and as it reads. All three have a length of their own. */
export const linkTranscript = (
  provider: CryptoProvider,
  publicKey: Uint8Array,
  helloWire: Uint8Array,
  helloPlain: Uint8Array,
): Uint8Array =>
  provider.sha256(
    concatBytes(TRANSCRIPT_LABEL, provider.sha256(publicKey), provider.sha256(helloWire), provider.sha256(helloPlain)),
  );

/** Six digits. The excess of small values by the modulus is below 10⁻¹². */
export function linkDigits(
  provider: CryptoProvider,
  input: { readonly transcript: Uint8Array; readonly existingNonce: Uint8Array; readonly newNonce: Uint8Array },
): string {
  const { transcript, existingNonce, newNonce } = input;
  const digest = provider.sha256(concatBytes(DIGITS_LABEL, transcript, existingNonce, newNonce));
  const value = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) % 10n ** BigInt(LINK_DIGITS);
  return value.toString().padStart(LINK_DIGITS, "0");
}

/** `number` tells the direction: even ones are the existing device's. */
export const sealLinkMessage = (
  provider: CryptoProvider,
  root: Uint8Array,
  number: number,
  transcript: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> =>
  sealSecretBox(provider, messageKey(provider, root, number), associated(number, transcript), plaintext);

export const openLinkMessage = (
  provider: CryptoProvider,
  root: Uint8Array,
  number: number,
  transcript: Uint8Array,
  box: Uint8Array,
): Promise<Uint8Array | null> =>
  openSecretBox(provider, messageKey(provider, root, number), associated(number, transcript), box);

const messageKey = (provider: CryptoProvider, root: Uint8Array, number: number): Uint8Array =>
  deriveKey(provider, root, number % 2 === 0 ? "link from existing" : "link from new", EMPTY, 32);

const associated = (number: number, transcript: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(number), transcript);
