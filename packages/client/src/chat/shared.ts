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
import { noticesCodec } from "./notices.ts";

const groupPart = bytes({ max: 4 * 1024 * 1024 });
const encodedPolicy = bytes({ max: 4096 });
const commitOnItsWay = { outboxId: text(64), epoch: uint(), epochPart: groupPart, ratchetPart: groupPart };

const consents = {
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
  nextPolicy: nullable(encodedPolicy),
};

const codec = struct({
  version: literal(2, "newer-version"),
  ...consents,
  /** A commit that is on its way to the slot, the policy that it sets, and the group as it will be. */
  pendingCommit: nullable(struct({ ...commitOnItsWay, policy: nullable(encodedPolicy) })),
  /** Hash of the own identity chain that the other side has been told; empty before the first. */
  toldChain: bytes({ max: 32 }),
  notices: noticesCodec,
});

/** As it was before notices were kept. */
const codecBefore = struct({
  version: literal(1, "newer-version"),
  ...consents,
  pendingCommit: nullable(struct(commitOnItsWay)),
});

export type Shared = CodecType<typeof codec>;

export const encodeShared = (shared: Shared): Uint8Array => encode(codec, shared);

/** @throws Error when what this device has written itself cannot be read. */
export function decodeShared(stored: Uint8Array): Shared {
  const before = decode(codecBefore, stored);
  if (!before.ok) return expectOk(decode(codec, stored), "conversation");
  const { pendingCommit } = before.value;
  return {
    ...before.value,
    version: 2,
    pendingCommit: pendingCommit === null ? null : { ...pendingCommit, policy: null },
    toldChain: new Uint8Array(0),
    notices: [],
  };
}

export const newShared = (peerLeafKey: Uint8Array): Shared => ({
  version: 2,
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
  toldChain: new Uint8Array(0),
  notices: [],
});
