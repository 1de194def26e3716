/**
 * HPKE, base mode (RFC 9180): KEM X-Wing (0x647a), HKDF-SHA512 (0x0003), AES-256-GCM (0x0002).
 *
 * H1 A context seals or opens its messages in order; sequence numbers are not sent.
 * H2 A message that does not open uses up no sequence number (RFC 9180, section 5.2).
 * H3 One direction only: an answer is sealed with keys made by `exportSecret`.
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import { hkdfExpand, hkdfExtract } from "./kdf.ts";
import type { CryptoProvider } from "./provider.ts";
import { XWING_ENC_LENGTH } from "./xwing.ts";

/** What one-shot sealing adds to the plaintext: encapsulation and tag. */
export const HPKE_OVERHEAD = XWING_ENC_LENGTH + 16;

export interface HpkeSender {
  seal(aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>;
  exportSecret(label: Uint8Array, length: number): Uint8Array;
}

export interface HpkeRecipient {
  /** `null` when it is not the next message of this context. One at a time: wait for an answer before the next call. */
  open(aad: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array | null>;
  exportSecret(label: Uint8Array, length: number): Uint8Array;
}

/** An info that many contexts share, hashed once: a Welcome binds half a megabyte of it for each of its recipients. */
export interface PreparedInfo {
  readonly hash: Uint8Array;
}

export const prepareInfo = (provider: CryptoProvider, info: Uint8Array): PreparedInfo => ({
  hash: labeledExtract(provider, EMPTY, INFO_HASH, info),
});

/** `null` when the recipient's public key is malformed. */
export async function setupSender(
  provider: CryptoProvider,
  publicKey: Uint8Array,
  info: Uint8Array | PreparedInfo,
): Promise<{ readonly enc: Uint8Array; readonly context: HpkeSender } | null> {
  const encapsulated = await provider.xwingEncapsulate(publicKey);
  if (encapsulated === null) return null;
  const keys = scheduleKeys(provider, encapsulated.secret, info);
  let sequence = 0;
  const context: HpkeSender = {
    // The number is taken before the wait, so that two seals at once can never share a nonce.
    seal: async (aad, plaintext) => provider.aesGcmSeal(keys.key, nonceAt(keys.baseNonce, sequence++), aad, plaintext),
    exportSecret: (label, length) => exportFrom(provider, keys.exporterSecret, label, length),
  };
  return { enc: encapsulated.enc, context };
}

/** `null` when the encapsulation is malformed. One made for another key gives a context that opens nothing. */
export async function setupRecipient(
  provider: CryptoProvider,
  secretKey: Uint8Array,
  enc: Uint8Array,
  info: Uint8Array | PreparedInfo,
): Promise<HpkeRecipient | null> {
  const secret = await provider.xwingDecapsulate(secretKey, enc);
  if (secret === null) return null;
  const keys = scheduleKeys(provider, secret, info);
  let sequence = 0;
  return {
    open: async (aad, ciphertext) => {
      const plaintext = await provider.aesGcmOpen(keys.key, nonceAt(keys.baseNonce, sequence), aad, ciphertext);
      if (plaintext !== null) sequence++;
      return plaintext;
    },
    exportSecret: (label, length) => exportFrom(provider, keys.exporterSecret, label, length),
  };
}

/** One message: encapsulation ‖ ciphertext. `null` when the public key is malformed. */
export async function sealTo(
  provider: CryptoProvider,
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array | null> {
  const sender = await setupSender(provider, publicKey, info);
  return sender === null ? null : concatBytes(sender.enc, await sender.context.seal(aad, plaintext));
}

/** Opens what `sealTo` made; `null` for anything else. */
export async function openFrom(
  provider: CryptoProvider,
  secretKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | null> {
  if (sealed.length < HPKE_OVERHEAD) return null;
  const recipient = await setupRecipient(provider, secretKey, sealed.subarray(0, XWING_ENC_LENGTH), info);
  return recipient === null ? null : recipient.open(aad, sealed.subarray(XWING_ENC_LENGTH));
}

// ---- the key schedule, RFC 9180 section 5.1

interface ContextKeys {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
  readonly exporterSecret: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const VERSION = utf8ToBytes("HPKE-v1");
const SUITE_ID = concatBytes(utf8ToBytes("HPKE"), Uint8Array.of(0x64, 0x7a, 0x00, 0x03, 0x00, 0x02));
const LABEL_HEAD = concatBytes(VERSION, SUITE_ID);
const MODE_BASE = Uint8Array.of(0);
const [PSK_ID_HASH, INFO_HASH, SECRET, KEY, BASE_NONCE, EXP, SEC] = [
  "psk_id_hash",
  "info_hash",
  "secret",
  "key",
  "base_nonce",
  "exp",
  "sec",
].map(utf8ToBytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** A constant of the suite in base mode: kept after the first use. */
let pskIdHash: Uint8Array | undefined;

function scheduleKeys(
  provider: CryptoProvider,
  sharedSecret: Uint8Array,
  info: Uint8Array | PreparedInfo,
): ContextKeys {
  pskIdHash ??= labeledExtract(provider, EMPTY, PSK_ID_HASH, EMPTY);
  const { hash } = info instanceof Uint8Array ? prepareInfo(provider, info) : info;
  const context = concatBytes(MODE_BASE, pskIdHash, hash);
  const secret = labeledExtract(provider, sharedSecret, SECRET, EMPTY);
  return {
    key: labeledExpand(provider, secret, KEY, context, 32),
    baseNonce: labeledExpand(provider, secret, BASE_NONCE, context, 12),
    exporterSecret: labeledExpand(provider, secret, EXP, context, 64),
  };
}

const labeledExtract = (provider: CryptoProvider, salt: Uint8Array, label: Uint8Array, input: Uint8Array): Uint8Array =>
  hkdfExtract(provider, salt, concatBytes(LABEL_HEAD, label, input));

const labeledExpand = (
  provider: CryptoProvider,
  secret: Uint8Array,
  label: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array =>
  hkdfExpand(
    provider,
    secret,
    concatBytes(Uint8Array.of(length >>> 8, length & 0xff), LABEL_HEAD, label, info),
    length,
  );

const exportFrom = (provider: CryptoProvider, secret: Uint8Array, label: Uint8Array, length: number): Uint8Array =>
  labeledExpand(provider, secret, SEC, label, length);

function nonceAt(baseNonce: Uint8Array, sequence: number): Uint8Array {
  const nonce = baseNonce.slice();
  // A sequence number has at most 53 bits here, so only the last seven bytes can change.
  for (let i = 0, rest = sequence; rest > 0; i++, rest = Math.floor(rest / 256)) {
    nonce[11 - i] = (nonce[11 - i] as number) ^ (rest % 256);
  }
  return nonce;
}
