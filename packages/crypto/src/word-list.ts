/** The list of the recovery words (BIP-39, English), for whoever helps to type them. Small, and free of cryptography. */
export { wordlist as RECOVERY_WORD_LIST } from "@scure/bip39/wordlists/english.js";
