export {
  HPKE_OVERHEAD,
  openFrom,
  prepareInfo,
  sealTo,
  setupRecipient,
  setupSender,
  type HpkeRecipient,
  type HpkeSender,
  type PreparedInfo,
} from "./hpke.ts";
export { deriveKey, hkdfExpand, hkdfExtract } from "./kdf.ts";
export {
  DEFAULT_PASSPHRASE_PARAMETERS,
  unwrapKey,
  wrapKey,
  type PassphraseParameters,
  type UnwrapError,
} from "./passphrase.ts";
export type { Argon2idInput, Awaitable, CryptoProvider, KeyPair } from "./provider.ts";
export {
  deriveBranch,
  entropyToWords,
  newRecoveryEntropy,
  RECOVERY_WORD_COUNT,
  wordsToEntropy,
  type RecoveryBranch,
  type RecoveryWordsError,
} from "./recovery-words.ts";
export { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox } from "./secret-box.ts";
export { DEFAULT_STAMP, solveStamp, STAMP_NONCE_LENGTH, verifyStamp, type StampParameters } from "./stamp.ts";
