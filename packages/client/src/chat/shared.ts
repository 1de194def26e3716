/** The state of a chat outside MLS, log and roster, as it lies in `ConversationRecord.shared`. */
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
const encodedState = bytes({ max: 65_536 });
const note = bytes({ max: 131_072 });

const codec = struct({
  version: literal(3, "newer-version"),
  ownConsentRevision: uint(),
  ownProfileRevision: uint(),
  /** So many own events, from the first on, have been shown as read. */
  readCount: uint(),
  /** Commits still to be made, in order. */
  plan: list(word("policy", "path"), { max: 4 }),
  /** Home nodes that the next policy names, encoded policy. */
  nextPolicy: nullable(encodedState),
  /** A commit that is on its way to the slot: what it sets and says, and the group as it will be. */
  pendingCommit: nullable(
    struct({
      outboxId: text(64),
      epoch: uint(),
      epochPart: groupPart,
      ratchetPart: groupPart,
      policy: nullable(encodedState),
      note,
    }),
  ),
  /** Hash of the own identity chain that the other side has been told; empty before the first. */
  toldChain: bytes({ max: 32 }),
  notices: noticesCodec,
});

export type Shared = CodecType<typeof codec>;

/** What a pair kept here before it had a roster. */
export interface PairBefore {
  readonly peerLeafKey: Uint8Array;
  readonly theyMayDirect: boolean;
  readonly theirConsentRevision: number;
  readonly theirProfileRevision: number;
}

const before = {
  peerLeafKey: bytes({ length: 32 }),
  theyMayDirect: bool,
  theirConsentRevision: uint(),
  ownConsentRevision: uint(),
  ownProfileRevision: uint(),
  theirProfileRevision: uint(),
  readCount: uint(),
  plan: list(word("policy", "path"), { max: 4 }),
  nextPolicy: nullable(encodedState),
};
const commitBefore = { outboxId: text(64), epoch: uint(), epochPart: groupPart, ratchetPart: groupPart };

const codecOf2 = struct({
  version: literal(2, "newer-version"),
  ...before,
  pendingCommit: nullable(struct({ ...commitBefore, policy: nullable(encodedState) })),
  toldChain: bytes({ max: 32 }),
  notices: noticesCodec,
});

const codecOf1 = struct({
  version: literal(1, "newer-version"),
  ...before,
  pendingCommit: nullable(struct(commitBefore)),
});

export const encodeShared = (shared: Shared): Uint8Array => encode(codec, shared);

/** @throws Error when what this device has written itself cannot be read. */
export function decodeShared(stored: Uint8Array): { readonly shared: Shared; readonly before: PairBefore | null } {
  const first = decode(codecOf1, stored);
  if (first.ok) {
    const { pendingCommit, ...rest } = first.value;
    const commit = pendingCommit === null ? null : { ...pendingCommit, policy: null };
    return upgraded({ ...rest, version: 2, pendingCommit: commit, toldChain: new Uint8Array(0), notices: [] });
  }
  const second = decode(codecOf2, stored);
  if (second.ok) return upgraded(second.value);
  return { shared: expectOk(decode(codec, stored), "conversation"), before: null };
}

function upgraded(old: CodecType<typeof codecOf2>): ReturnType<typeof decodeShared> {
  const { peerLeafKey, theyMayDirect, theirConsentRevision, theirProfileRevision, pendingCommit, ...rest } = old;
  const commit = pendingCommit === null ? null : { ...pendingCommit, note: new Uint8Array(0) };
  return {
    shared: { ...rest, version: 3, pendingCommit: commit },
    before: { peerLeafKey, theyMayDirect, theirConsentRevision, theirProfileRevision },
  };
}

export const newShared = (): Shared => ({
  version: 3,
  ownConsentRevision: 0,
  ownProfileRevision: 0,
  readCount: 0,
  plan: [],
  nextPolicy: null,
  pendingCommit: null,
  toldChain: new Uint8Array(0),
  notices: [],
});
