/**
 * Keys of the answering direction, after RFC 9458 section 4.4 and draft-ietf-ohai-chunked-ohttp section 6.2.
 *
 * X4 secret = Export("xchat exchange v1 answer", 32); salt = encapsulation ‖ nonce of the node (32 bytes);
 *    PRK = HKDF-Extract(salt, secret); key = Expand(PRK, "key", 32); base nonce = Expand(PRK, "nonce", 12).
 * X5 The n-th message, from 0, is sealed under base nonce XOR n, with nothing as associated data.
 */
import { concatBytes, utf8ToBytes } from "@xchat/codec";
import { hkdfExpand, hkdfExtract, type Awaitable, type CryptoProvider } from "@xchat/crypto";

export const ANSWER_NONCE_LENGTH = 32;
const ANSWER_LABEL = utf8ToBytes("xchat exchange v1 answer");
const ID_LABEL = utf8ToBytes("xchat exchange v1 id");
const KEY_LABEL = utf8ToBytes("key");
const NONCE_LABEL = utf8ToBytes("nonce");
const NO_DATA = new Uint8Array(0);

interface Exporter {
  exportSecret(label: Uint8Array, length: number): Uint8Array;
}

/** X6 Known to both ends and to nobody else, different in every exchange: what mailbox signatures are bound to. */
export const exchangeIdOf = (context: Exporter): Uint8Array => context.exportSecret(ID_LABEL, 32);

export interface AnswerCipher {
  seal(plaintext: Uint8Array): Awaitable<Uint8Array>;
  open(ciphertext: Uint8Array): Awaitable<Uint8Array | null>;
}

/** One direction, one user: an end calls either `seal` or `open`, in order. */
export function answerCipher(
  provider: CryptoProvider,
  context: Exporter,
  enc: Uint8Array,
  answerNonce: Uint8Array,
): AnswerCipher {
  const prk = hkdfExtract(provider, concatBytes(enc, answerNonce), context.exportSecret(ANSWER_LABEL, 32));
  const key = hkdfExpand(provider, prk, KEY_LABEL, 32);
  const nonce = hkdfExpand(provider, prk, NONCE_LABEL, 12);
  let sequence = 0;
  const next = (): Uint8Array => {
    const own = nonce.slice();
    for (let i = 0, rest = sequence++; rest > 0; i++, rest = Math.floor(rest / 256)) {
      own[11 - i] = (own[11 - i] as number) ^ (rest % 256);
    }
    return own;
  };
  return {
    seal: (plaintext) => provider.aesGcmSeal(key, next(), NO_DATA, plaintext),
    open: (ciphertext) => provider.aesGcmOpen(key, next(), NO_DATA, ciphertext),
  };
}
