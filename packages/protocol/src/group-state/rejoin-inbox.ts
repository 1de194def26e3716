/**
 * Where a device that fell out of a conversation asks to be let in again (spec/group.md, section 2).
 *
 * GR27 One mailbox for each seed and home node: from the seed, the conversation and the node's key hash, so that nodes
 *      cannot find by comparing that they serve one conversation. Envelopes in it are wrapped under a key of the seed.
 */
import { concatBytes, expectOk, hexToBytes, utf8ToBytes } from "@xchat/codec";
import { deriveKey, hkdfExtract, type CryptoProvider } from "@xchat/crypto";
import type { Hex } from "../log/state.ts";

export interface RejoinInbox {
  /** Seed of the Ed25519 key of the mailbox at this node: whoever asks and whoever answers write to it and read it. */
  readonly mailboxSeed: Uint8Array;
  /** Wraps the envelopes in it, as spec/envelope.md has it. */
  readonly wrapKey: Uint8Array;
}

const EXTRACT_SALT = utf8ToBytes("xchat/1 rejoin");

/** `conversation` and `seed`: 32 bytes as hex. The caller zeroes what comes out when it is done with it. */
export function rejoinInbox(
  provider: CryptoProvider,
  input: { readonly conversation: Hex; readonly seed: Hex; readonly nodeKeyHash: Uint8Array },
): RejoinInbox {
  const conversation = expectOk(hexToBytes(input.conversation), "conversation");
  const root = hkdfExtract(provider, EXTRACT_SALT, expectOk(hexToBytes(input.seed), "seed"));
  const place = concatBytes(conversation, input.nodeKeyHash);
  return {
    mailboxSeed: deriveKey(provider, root, "rejoin mailbox", place, 32),
    wrapKey: deriveKey(provider, root, "rejoin envelope", conversation, 32),
  };
}
