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
import { decodePolicy } from "@xchat/protocol";
import { noticesCodec } from "./notices.ts";
import { wishesCodec, type Wish } from "./wishes.ts";

const groupPart = bytes({ max: 4 * 1024 * 1024 });
const encodedPolicy = bytes({ max: 4_096 });

const codec = struct({
  version: literal(3, "newer-version"),
  ownConsentRevision: uint(),
  ownProfileRevision: uint(),
  /** So many own events, from the first on, have been shown as read. */
  readCount: uint(),
  wishes: wishesCodec,
  /** This device has taken somebody out: number of the rejoin seed that they know. */
  needsSeed: nullable(uint()),
  /** Somebody has come in who does not know this person's name. */
  isNameDue: bool,
  /** When the other person was last given key packages; 0: they are to be given at once. */
  stockGivenAt: uint(),
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
  nextPolicy: nullable(encodedPolicy),
};
const commitBefore = { outboxId: text(64), epoch: uint(), epochPart: groupPart, ratchetPart: groupPart };

const codecOf2 = struct({
  version: literal(2, "newer-version"),
  ...before,
  pendingCommit: nullable(struct({ ...commitBefore, policy: nullable(encodedPolicy) })),
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

/** A commit that was on its way then is taken up again as what it was made for. */
function upgraded(old: CodecType<typeof codecOf2>): ReturnType<typeof decodeShared> {
  const { peerLeafKey, theyMayDirect, theirConsentRevision, theirProfileRevision } = old;
  const { ownConsentRevision, ownProfileRevision, readCount, toldChain, notices } = old;
  const planned = old.nextPolicy ?? old.pendingCommit?.policy ?? null;
  const policy = planned === null ? null : decodePolicy(planned);
  const wishes: readonly Wish[] =
    policy === null || !policy.ok || !policy.value.isAccepted
      ? []
      : [{ id: "accept", change: { kind: "state", change: { kind: "accept", homeNodes: policy.value.homeNodes } } }];
  return {
    shared: { ...newShared(), ownConsentRevision, ownProfileRevision, readCount, toldChain, notices, wishes },
    before: { peerLeafKey, theyMayDirect, theirConsentRevision, theirProfileRevision },
  };
}

export const newShared = (): Shared => ({
  version: 3,
  ownConsentRevision: 0,
  ownProfileRevision: 0,
  readCount: 0,
  wishes: [],
  needsSeed: null,
  isNameDue: false,
  stockGivenAt: 0,
  toldChain: new Uint8Array(0),
  notices: [],
});
