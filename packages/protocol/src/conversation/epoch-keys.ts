/**
 * Keys that an epoch gives for delivery (spec/conversation.md, section 4), from the exporter of its group
 * (RFC 9420, section 8.5). A new epoch has new ones, so a removed member can neither open nor read on.
 *
 * CV5 The mailbox key pair differs for each node, so that nodes cannot find by comparing that they serve one
 *     conversation.
 * CV6 One wrap key an epoch seals the envelopes of that epoch: its messages, and the commit that ends it.
 */
import type { Awaitable, CryptoProvider } from "@xchat/crypto";

const MAILBOX_LABEL = "xchat mailbox v1";
const WRAP_LABEL = "xchat envelope v1";
const KEY_BYTES = 32;

export type ExportSecret = (label: string, context: Uint8Array, length: number) => Awaitable<Uint8Array>;

export interface EpochKeys {
  /** Ed25519: the public key is the mailbox's address at this node. */
  readonly mailbox: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
  readonly wrapKey: Uint8Array;
}

/** `nodeKeyHash`: SHA-256 of the home node's identity key, 32 bytes. */
export async function epochKeys(
  exportSecret: ExportSecret,
  provider: CryptoProvider,
  nodeKeyHash: Uint8Array,
): Promise<EpochKeys> {
  if (nodeKeyHash.length !== KEY_BYTES) throw new RangeError("node key hash must have 32 bytes");
  const seed = await exportSecret(MAILBOX_LABEL, nodeKeyHash, KEY_BYTES);
  const { publicKey } = await provider.ed25519KeyPair(seed);
  return { mailbox: { seed, publicKey }, wrapKey: await epochWrapKey(exportSecret) };
}

/** The wrap key alone, for envelopes that go directly or to several nodes. */
export const epochWrapKey = async (exportSecret: ExportSecret): Promise<Uint8Array> =>
  exportSecret(WRAP_LABEL, new Uint8Array(0), KEY_BYTES);
