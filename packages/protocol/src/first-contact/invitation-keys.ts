/**
 * What both sides derive from the secret of an invitation (spec/first-contact.md, section 3).
 *
 * FC4 Place, key and bindings come from the secret under labels of their own. The key that may write to the place does
 *     not: whoever reads the link can read the card, and cannot replace it.
 */
import { deriveKey, type CryptoProvider } from "@xchat/crypto";

export const INVITATION_SECRET_BYTES = 32;
const EMPTY = new Uint8Array(0);

const derive = (provider: CryptoProvider, secret: Uint8Array, label: string): Uint8Array =>
  deriveKey(provider, secret, label, EMPTY, 32);

/** Where the card lies at each node of the invitation: 32 bytes. */
export const cardPlace = (provider: CryptoProvider, secret: Uint8Array): Uint8Array =>
  derive(provider, secret, "contact card place");

/** Seals and opens the card. */
export const cardKey = (provider: CryptoProvider, secret: Uint8Array): Uint8Array =>
  derive(provider, secret, "contact card key");

/** Signed with the card, so that a card cannot be moved to another invitation. */
export const cardBinding = (provider: CryptoProvider, secret: Uint8Array): Uint8Array =>
  derive(provider, secret, "contact card binding");

/** Proves that the writer of a request had the invitation. */
export const requestProofKey = (provider: CryptoProvider, secret: Uint8Array): Uint8Array =>
  derive(provider, secret, "contact request proof");

/** Signed with the introduction of a request. */
export const requestBinding = (provider: CryptoProvider, secret: Uint8Array): Uint8Array =>
  derive(provider, secret, "contact request binding");
