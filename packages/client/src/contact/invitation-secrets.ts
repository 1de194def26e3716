/** What only the inviter holds of an invitation, as it lies in the store. */
import { bytes, decode, encode, expectOk, list, literal, struct, uint, type CodecType } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeHintCodec, type NodeHint } from "@xchat/protocol";
import type { MailboxKey } from "../ports.ts";

const seed = bytes({ length: 32 });

const codec = struct({
  version: literal(1, "newer-version"),
  /** Shared with whoever has the link. */
  secret: seed,
  /** Reads the contact inbox. */
  inboxSeed: seed,
  inboxPublicKey: seed,
  /** Opens the requests in it (X-Wing). */
  requestSeed: seed,
  requestPublicKey: bytes({ length: 1216 }),
  /** Owns the place of the card; not derived from the secret, so that a reader of the link cannot replace the card. */
  placeSeed: seed,
  placePublicKey: seed,
  cardVersion: uint(),
  nodes: list(nodeHintCodec, { min: 1, max: 3 }),
});

export type InvitationSecrets = CodecType<typeof codec>;

export const encodeSecrets = (secrets: InvitationSecrets): Uint8Array => encode(codec, secrets);
export const decodeSecrets = (stored: Uint8Array): InvitationSecrets => expectOk(decode(codec, stored), "invitation");

export async function newSecrets(provider: CryptoProvider, nodes: readonly NodeHint[]): Promise<InvitationSecrets> {
  const inbox = await provider.ed25519KeyPair(provider.randomBytes(32));
  const request = await provider.xwingKeyPair(provider.randomBytes(32));
  const place = await provider.ed25519KeyPair(provider.randomBytes(32));
  return {
    version: 1,
    secret: provider.randomBytes(32),
    inboxSeed: inbox.secretKey,
    inboxPublicKey: inbox.publicKey,
    requestSeed: request.secretKey,
    requestPublicKey: request.publicKey,
    placeSeed: place.secretKey,
    placePublicKey: place.publicKey,
    cardVersion: 1,
    nodes,
  };
}

/** Once nobody can be accepted any more: what reads and opens the inbox is gone, what takes the card down is kept. */
export const spent = (secrets: InvitationSecrets): InvitationSecrets => ({
  ...secrets,
  inboxSeed: new Uint8Array(32),
  requestSeed: new Uint8Array(32),
});

export const inboxKey = ({ inboxSeed, inboxPublicKey }: InvitationSecrets): MailboxKey => ({
  seed: inboxSeed,
  publicKey: inboxPublicKey,
});

export const placeKey = ({ placeSeed, placePublicKey }: InvitationSecrets): MailboxKey => ({
  seed: placeSeed,
  publicKey: placePublicKey,
});
