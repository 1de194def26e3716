/**
 * What follows from the seed of a group link, which the state of the group holds, and from the secret, which stands in the
 * code (spec/group-link.md, section 2).
 *
 * GL2 The secret comes from the seed, and nothing leads back: who has the code can read the card and ask; who is in the
 *     group can read what is asked.
 */
import { bytesToHex, expectOk, hexToBytes, utf8ToBytes } from "@xchat/codec";
import { deriveKey, hkdfExtract, type CryptoProvider } from "@xchat/crypto";
import type { CardKeys } from "../first-contact/signed-card.ts";
import type { RequestKeys } from "../first-contact/signed-request.ts";
import type { JoinLink } from "../group-state/state.ts";
import type { Hex } from "../log/state.ts";

const SEED_SALT = utf8ToBytes("xchat/1 group link");
const ANSWER_SALT = utf8ToBytes("xchat/1 group answer");
const EMPTY = new Uint8Array(0);
export const ANSWER_SEED_BYTES = 32;

export interface GroupLinkKeys {
  /** In the code. */
  readonly secret: Uint8Array;
  /** SHA-256 of the secret: the link's name in the state. */
  readonly hash: Hex;
  /** Seed of the Ed25519 key of the inbox. */
  readonly inboxSeed: Uint8Array;
  /** Seed of the X-Wing key that requests are sealed to. */
  readonly requestSeed: Uint8Array;
  /** Seed of the Ed25519 key that owns the place of the card. */
  readonly ownerSeed: Uint8Array;
}

/** `seed`: 32 bytes as hex. */
export function groupLinkKeys(provider: CryptoProvider, seed: Hex): GroupLinkKeys {
  const root = hkdfExtract(provider, SEED_SALT, expectOk(hexToBytes(seed), "seed"));
  const derive = (label: string): Uint8Array => deriveKey(provider, root, label, EMPTY, 32);
  const secret = derive("group link secret");
  return {
    secret,
    hash: bytesToHex(provider.sha256(secret)),
    inboxSeed: derive("group link inbox"),
    requestSeed: derive("group link requests"),
    ownerSeed: derive("group link owner"),
  };
}

/** GL3: a link whose hash is not that of its seed is nobody's: its maker has made it so. */
export const isSoundLink = (provider: CryptoProvider, { hash, seed }: JoinLink): boolean =>
  groupLinkKeys(provider, seed).hash === hash;

export const groupCardKeys = (provider: CryptoProvider, secret: Uint8Array): CardKeys => ({
  place: deriveKey(provider, secret, "group card place", EMPTY, 32),
  key: deriveKey(provider, secret, "group card key", EMPTY, 32),
  binding: deriveKey(provider, secret, "group card binding", EMPTY, 32),
});

export const joinRequestKeys = (provider: CryptoProvider, secret: Uint8Array): RequestKeys => ({
  proofKey: deriveKey(provider, secret, "group request proof", EMPTY, 32),
  binding: deriveKey(provider, secret, "group request binding", EMPTY, 32),
});

/** Where the answer is put, at one node. */
export interface AnswerPlace {
  /** Seed of the Ed25519 key of the mailbox; who asks opens it, and both write to it and read it. */
  readonly mailboxSeed: Uint8Array;
  /** Wraps the envelopes in it, as spec/envelope.md has it. */
  readonly wrapKey: Uint8Array;
}

/** GL8. `answerSeed`: 32 random bytes of who asks, in the request. */
export function answerPlace(provider: CryptoProvider, answerSeed: Uint8Array, nodeKeyHash: Uint8Array): AnswerPlace {
  const root = hkdfExtract(provider, ANSWER_SALT, answerSeed);
  return {
    mailboxSeed: deriveKey(provider, root, "group answer mailbox", nodeKeyHash, 32),
    wrapKey: deriveKey(provider, root, "group answer envelope", EMPTY, 32),
  };
}
