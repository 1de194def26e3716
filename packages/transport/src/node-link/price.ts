/** What a node may ask for a stamp before a client calls it misbehaviour (spec/descriptor.md, D6). */
import type { StampPrice } from "@xchat/protocol";

/** Of KiB filled, over all trials that are to be expected. */
const MAX_STAMP_COST = 64 * 4_096 * 32;

/** Less than 8 KiB or one pass is no Argon2id (RFC 9106, section 3.1). */
export const isFairPrice = ({ memoryKiB, passes, bits }: StampPrice): boolean =>
  memoryKiB >= 8 && passes >= 1 && memoryKiB * passes * 2 ** bits <= MAX_STAMP_COST;
