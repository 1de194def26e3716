/**
 * Where a node is and which key it must show: what an invitation, a contact card and a conversation policy carry
 * (spec/conversation.md, CV1). A hint is a claim of whoever wrote it; only the key hash makes it safe to use.
 */
import { bytes, mapped, struct, text, type Codec } from "@xchat/codec";

export interface NodeHint {
  /** `wss://host[:port]/…`, or `ws://…` where the operator runs it without TLS. */
  readonly address: string;
  /** SHA-256 of the node's identity key, 32 bytes. */
  readonly keyHash: Uint8Array;
}

export const MAX_NODE_ADDRESS_BYTES = 256;
/** A conversation, an invitation and a card name at most so many nodes. */
export const MAX_NODE_HINTS = 3;

/**
 * Printable ASCII, no user name, query or fragment: those would let a contact put words of their own into a request
 * that goes out under somebody else's address.
 */
const ADDRESS = /^wss?:\/\/[A-Za-z0-9.\-_[\]:]+(?:\/[A-Za-z0-9.\-_~/]*)?$/;

export const isNodeAddress = (address: string): boolean =>
  address.length <= MAX_NODE_ADDRESS_BYTES && ADDRESS.test(address);

export const nodeHintCodec: Codec<NodeHint> = struct({
  address: mapped(
    text(MAX_NODE_ADDRESS_BYTES),
    (address: string) => {
      if (!isNodeAddress(address)) throw new RangeError("not a node address");
      return address;
    },
    (address, fail) => (isNodeAddress(address) ? address : fail("bad-node-address")),
  ),
  keyHash: bytes({ length: 32 }),
});
