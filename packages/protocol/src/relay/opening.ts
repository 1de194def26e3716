/**
 * What opens a stream through a relay (spec/relay.md, section 2): for which node it is, what it is for there, and its
 * first message. All that follows on the stream is passed on as it is.
 */
import { bytesToUtf8, concatBytes, err, ok, utf8ToBytes, type Result } from "@xchat/codec";
import { isNodeAddress } from "../node-hint.ts";

/** 32 zero bytes: whoever shows itself at the address, for its descriptor alone (RL4). */
export const ANY_NODE: Uint8Array = new Uint8Array(32);
export const isAnyNode = (nodeId: Uint8Array): boolean => nodeId.every((byte) => byte === 0);

export const RELAYED_KINDS = ["descriptor", "exchange"] as const;
export type RelayedKind = (typeof RELAYED_KINDS)[number];

export interface RelayOpening {
  readonly kind: RelayedKind;
  /** 32 bytes. */
  readonly nodeId: Uint8Array;
  readonly address: string;
  readonly message: Uint8Array;
}

const ID_BYTES = 32;
const HEAD_BYTES = 1 + ID_BYTES + 1;
/** Of the address, which has one byte for its length. */
export const MAX_RELAYED_ADDRESS = 255;

export type RelayOpeningRefusal = { readonly reason: "malformed" };
const malformed: Result<never, RelayOpeningRefusal> = err({ reason: "malformed" });

/** @throws RangeError when the address is none: the caller's mistake. */
export function encodeRelayOpening({ kind, nodeId, address, message }: RelayOpening): Uint8Array {
  if (!isNodeAddress(address) || address.length > MAX_RELAYED_ADDRESS || nodeId.length !== ID_BYTES) {
    throw new RangeError("not a node that a relay can be asked for");
  }
  const head = Uint8Array.of(1 + RELAYED_KINDS.indexOf(kind));
  return concatBytes(head, nodeId, Uint8Array.of(address.length), utf8ToBytes(address), message);
}

/** The message and the node id alias the input. */
export function decodeRelayOpening(bytes: Uint8Array): Result<RelayOpening, RelayOpeningRefusal> {
  if (bytes.length < HEAD_BYTES) return malformed;
  const kind = RELAYED_KINDS[(bytes[0] as number) - 1];
  const end = HEAD_BYTES + (bytes[HEAD_BYTES - 1] as number);
  if (kind === undefined || bytes.length < end) return malformed;
  const nodeId = bytes.subarray(1, 1 + ID_BYTES);
  const text = bytesToUtf8(bytes.subarray(HEAD_BYTES, end));
  if (!text.ok || !isNodeAddress(text.value)) return malformed;
  if (isAnyNode(nodeId) && kind !== "descriptor") return malformed;
  return ok({ kind, nodeId, address: text.value, message: bytes.subarray(end) });
}
