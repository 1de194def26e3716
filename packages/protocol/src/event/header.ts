/**
 * The header of an event (spec/event.md, section 2): what its author signs, and what stays when the body is deleted.
 *
 * EV1 Version, conversation, author, sequence number, depth, hash of the author's previous event, parents, commitment.
 * EV2 The first event of an author has number 0 and no previous one; every later one has both.
 * EV3 At most `MAX_PARENTS` parents, ascending and without repetition; the previous event is not named again.
 */
import {
  bytes,
  compareBytes,
  decode,
  encode,
  equalBytes,
  list,
  literal,
  mapped,
  nullable,
  struct,
  uint,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";

export const EVENT_VERSION = 1;
export const MAX_PARENTS = 16;
/** No honest conversation comes near; the room above keeps depths exact in a JavaScript number. */
export const MAX_DEPTH = 2 ** 52;

/** A device of an account in one conversation. */
export interface EventAuthor {
  /** The account id as 32 bytes. */
  readonly account: Uint8Array;
  /** Ed25519 public key of the device's leaf in this conversation, 32 bytes. */
  readonly leafKey: Uint8Array;
}

export interface EventHeader {
  readonly version: typeof EVENT_VERSION;
  /** 32 bytes: the MLS group id of the conversation's first group. */
  readonly conversation: Uint8Array;
  readonly author: EventAuthor;
  /** From 0, without holes. */
  readonly sequence: number;
  /** 1 + the greatest depth of the parents and of the previous event; 1 where there is neither. */
  readonly depth: number;
  /** Event id of the author's previous event. */
  readonly previous: Uint8Array | null;
  /** Event ids. */
  readonly parents: readonly Uint8Array[];
  /** Hash of the body, which holds a salt. */
  readonly commitment: Uint8Array;
}

const hash = bytes({ length: 32 });

const looseCodec: Codec<EventHeader> = struct({
  version: literal(EVENT_VERSION, "unknown-version"),
  conversation: hash,
  author: struct({ account: hash, leafKey: hash }),
  sequence: uint(),
  depth: uint(MAX_DEPTH),
  previous: nullable(hash),
  parents: list(hash, { max: MAX_PARENTS }),
  commitment: hash,
});

const headerCodec: Codec<EventHeader> = mapped(
  looseCodec,
  (header: EventHeader) => {
    const fault = headerFault(header);
    if (fault !== null) throw new RangeError(fault);
    return header;
  },
  (header, fail) => {
    const fault = headerFault(header);
    return fault === null ? header : fail(fault);
  },
);

/** @throws RangeError when the header breaks EV2 or EV3. */
export const encodeHeader = (header: EventHeader): Uint8Array => encode(headerCodec, header);

export const decodeHeader = (encoded: Uint8Array): Result<EventHeader, DecodeError> => decode(headerCodec, encoded);

function headerFault({ sequence, depth, previous, parents }: EventHeader): string | null {
  if ((sequence === 0) !== (previous === null)) return "bad-previous";
  // Each event of a chain is deeper than the one before it, so a depth below its number cannot be true.
  if (depth <= sequence) return "bad-depth";
  if (parents.length === 0 && previous === null && depth !== 1) return "bad-depth";
  for (const [i, parent] of parents.entries()) {
    const before = parents[i - 1];
    if (before !== undefined && compareBytes(before, parent) >= 0) return "parents-out-of-order";
    if (previous !== null && equalBytes(parent, previous)) return "previous-among-parents";
  }
  return null;
}
