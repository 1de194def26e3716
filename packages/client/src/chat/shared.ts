/** The state of a chat outside MLS and log, as it lies in `ConversationRecord.shared`. */
import {
  bool,
  bytes,
  decode,
  encode,
  expectOk,
  list,
  literal,
  nullable,
  struct,
  text,
  uint,
  word,
  type CodecType,
} from "@xchat/codec";

const codec = struct({
  version: literal(1, "newer-version"),
  /** Leaf key of the other person's device, as the group names it. */
  peerLeafKey: bytes({ length: 32 }),
  theyMayDirect: bool,
  theirConsentRevision: uint(),
  ownConsentRevision: uint(),
  ownProfileRevision: uint(),
  theirProfileRevision: uint(),
  /** So many own events, from the first on, have been shown as read. */
  readCount: uint(),
  /** Commits still to be made, in order. */
  plan: list(word("policy", "path"), { max: 4 }),
  /** Home nodes that the next policy names, encoded policy. */
  nextPolicy: nullable(bytes({ max: 4096 })),
  /** A commit that is on its way to the slot, and the group as it will be. */
  pendingCommit: nullable(
    struct({
      outboxId: text(64),
      epoch: uint(),
      epochPart: bytes({ max: 4 * 1024 * 1024 }),
      ratchetPart: bytes({ max: 4 * 1024 * 1024 }),
    }),
  ),
});

export type Shared = CodecType<typeof codec>;

export const encodeShared = (shared: Shared): Uint8Array => encode(codec, shared);
export const decodeShared = (stored: Uint8Array): Shared => expectOk(decode(codec, stored), "conversation");

export const newShared = (peerLeafKey: Uint8Array): Shared => ({
  version: 1,
  peerLeafKey,
  theyMayDirect: false,
  theirConsentRevision: 0,
  ownConsentRevision: 0,
  ownProfileRevision: 0,
  theirProfileRevision: 0,
  readCount: 0,
  plan: [],
  nextPolicy: null,
  pendingCommit: null,
});
