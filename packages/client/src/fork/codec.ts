/**
 * The pieces as they lie in the store. Each begins with its version.
 *
 * @throws what reads: Error with code "broken-invariant", for bytes that this device cannot have written.
 */
import {
  bool,
  bytes,
  bytesToHex,
  decode,
  encode,
  expectOk,
  hexToBytes,
  list,
  literal,
  mapped,
  nullable,
  struct,
  text,
  uint,
  word,
  type Codec,
  type CodecType,
} from "@xchat/codec";
import {
  MAX_CANDIDATES,
  MAX_FINAL_NAMES,
  MAX_GROUP_LEAVES,
  MAX_INTENTS,
  nodeHintCodec,
  type Candidate,
  type EpochPolicy,
  type Hex,
  type Role,
} from "@xchat/protocol";
import type { EpochPlace, ForkMember, ForkRoot, Knock, TreeCommit } from "./state.ts";

const VERSION = literal(1, "newer-version");
/** A group of the greatest size; see the limits of group encryption. */
const MAX_GROUP_BYTES = 64 * 1_024 * 1_024;
const MAX_COMMIT_BYTES = 16 * 1_024 * 1_024;
const MANY = 1_000_000;

const raw = bytes({ length: 32 });
const hash: Codec<Hex> = mapped(raw, (value: Hex) => expectOk(hexToBytes(value), "hash"), bytesToHex);
/** Whole milliseconds: waits are random parts of something. */
const time: Codec<number> = mapped(
  uint(),
  (value: number) => Math.max(0, Math.ceil(value)),
  (value) => value,
);

// ---- session

const member = struct({ leaf: hash, account: hash });
const intent = struct({ id: text(256), isDecree: bool, dueAt: time, tries: uint() });
const undone = struct({ leaf: hash, account: hash, by: hash });

const sessionCodec = struct({
  version: VERSION,
  ownAccount: hash,
  self: hash,
  head: hash,
  forkedAuthors: list(hash, { max: MANY }),
  seenAt: list(struct({ id: hash, at: time }), { max: MAX_CANDIDATES + 1 }),
  triedAt: list(struct({ slot: text(160), at: time }), { max: MANY }),
  own: list(
    struct({
      id: hash,
      intent: nullable(intent),
      hasWelcome: bool,
      isWelcomeSent: bool,
      isPublished: bool,
    }),
    { max: MANY },
  ),
  intents: list(intent, { max: MAX_INTENTS }),
  makingIn: nullable(hash),
  making: nullable(intent),
  aloneUntil: nullable(time),
  undone: list(undone, { max: MANY }),
  held: list(hash, { max: MANY }),
  standing: word("member", "removed", "outside"),
  reported: list(text(256), { max: MANY }),
  allowed: list(hash, { max: MANY }),
});
export type SessionPart = Omit<CodecType<typeof sessionCodec>, "version">;

export const encodeSessionPart = (part: SessionPart): Uint8Array => encode(sessionCodec, { version: 1, ...part });
export const decodeSessionPart = (stored: Uint8Array): SessionPart => expectOk(decode(sessionCodec, stored), "fork");

const historyCodec = struct({
  version: VERSION,
  final: list(hash, { max: MAX_FINAL_NAMES }),
  removedBefore: list(undone, { max: MAX_FINAL_NAMES }),
});
export type HistoryPart = Omit<CodecType<typeof historyCodec>, "version">;

export const encodeHistoryPart = (part: HistoryPart): Uint8Array => encode(historyCodec, { version: 1, ...part });
export const decodeHistoryPart = (stored: Uint8Array): HistoryPart =>
  expectOk(decode(historyCodec, stored), "fork history");

const headCodec = struct({ version: VERSION, member: hash, account: hash, epoch: hash, at: time });
export type HeadPart = Omit<CodecType<typeof headCodec>, "version">;

export const encodeHeadPart = (part: HeadPart): Uint8Array => encode(headCodec, { version: 1, ...part });
export const decodeHeadPart = (stored: Uint8Array): HeadPart => expectOk(decode(headCodec, stored), "fork head");

// ---- the tree

const roles: Codec<ReadonlyMap<Hex, Role>> = mapped(
  list(struct({ account: hash, role: word("owner", "admin", "member") }), { max: 1_024 }),
  (map: ReadonlyMap<Hex, Role>) => [...map].map(([account, role]) => ({ account, role })),
  (entries): ReadonlyMap<Hex, Role> => new Map(entries.map(({ account, role }) => [account, role])),
);
const policy: Codec<EpochPolicy> = struct({ homeNodes: list(hash, { max: 3 }), roles });

const nodesCodec = list(struct({ hint: nodeHintCodec, mailbox: struct({ seed: raw, publicKey: raw }) }), { max: 3 });

const place: Codec<EpochPlace> = struct({
  number: uint(),
  name: hash,
  wrapKey: raw,
  nodes: nodesCodec,
});

const members: Codec<readonly ForkMember[]> = list(member, { max: MAX_GROUP_LEAVES });

const rootCodec = struct({ version: VERSION, id: hash, policy, place, members });

export const encodeRoot = ({ id, homeNodes, roles: byAccount, place: at, members: leaves }: ForkRoot): Uint8Array =>
  encode(rootCodec, { version: 1, id, policy: { homeNodes, roles: byAccount }, place: at, members: leaves });

export function decodeRoot(stored: Uint8Array): ForkRoot {
  const { id, policy: own, place: at, members: leaves } = expectOk(decode(rootCodec, stored), "fork root");
  return { id, ...own, place: at, members: leaves };
}

const candidate: Codec<Candidate> = struct({
  id: hash,
  parent: hash,
  author: hash,
  account: hash,
  kind: word("external", "removal", "policy", "addition", "update"),
  isDecree: bool,
  previous: nullable(struct({ sequence: uint(), id: hash })),
  rank: hash,
  removes: members,
  policy,
});

const commitCodec = struct({ version: VERSION, candidate, place: nullable(place), adds: members, hash });

export const encodeTreeCommit = (commit: TreeCommit): Uint8Array => encode(commitCodec, { version: 1, ...commit });

export function decodeTreeCommit(stored: Uint8Array): TreeCommit {
  const { version: _, ...commit } = expectOk(decode(commitCodec, stored), "fork candidate");
  return commit;
}

const receiptCodec = struct({
  version: VERSION,
  epoch: hash,
  node: hash,
  hash,
  candidate: nullable(hash),
  /** As the node has signed it. */
  receipt: bytes({ max: 1_024 }),
});
export type ReceiptPart = Omit<CodecType<typeof receiptCodec>, "version">;

export const encodeReceiptPart = (part: ReceiptPart): Uint8Array => encode(receiptCodec, { version: 1, ...part });
export const decodeReceiptPart = (stored: Uint8Array): ReceiptPart =>
  expectOk(decode(receiptCodec, stored), "fork receipt");

const knockCodec = struct({
  version: VERSION,
  envelopes: list(bytes({ max: 65_536 }), { max: 256 }),
  nodes: nodesCodec,
  hash,
  taken: list(hash, { max: 3 }),
  known: policy,
});

export const encodeKnock = (knock: Knock): Uint8Array => encode(knockCodec, { version: 1, ...knock });

export function decodeKnock(stored: Uint8Array): Knock {
  const { version: _, ...knock } = expectOk(decode(knockCodec, stored), "external commit");
  return knock;
}

// ---- the large pieces

const groupCodec = { epochPart: bytes({ max: MAX_GROUP_BYTES }), ratchetPart: bytes({ max: MAX_GROUP_BYTES }) };

const snapshotCodec = struct({ version: VERSION, ...groupCodec });
export type SnapshotPart = Omit<CodecType<typeof snapshotCodec>, "version">;

export const encodeSnapshot = (part: SnapshotPart): Uint8Array => encode(snapshotCodec, { version: 1, ...part });
export const decodeSnapshot = (stored: Uint8Array): SnapshotPart => expectOk(decode(snapshotCodec, stored), "snapshot");

const mlsMember = struct({ leaf: uint(), credential: bytes({ max: 65_536 }), signatureKey: raw });
const mlsMembers = list(mlsMember, { max: MAX_GROUP_LEAVES });

const ownCodec = struct({
  version: VERSION,
  ...groupCodec,
  welcome: nullable(bytes({ max: MAX_COMMIT_BYTES })),
  /** What the shell wants to know when it has won or lost. */
  memo: bytes({ max: MAX_COMMIT_BYTES }),
  facts: struct({
    commitKind: word("external", "removal", "policy", "addition", "update"),
    parentEpoch: uint(),
    change: struct({
      committer: mlsMember,
      added: mlsMembers,
      removed: mlsMembers,
      policy: nullable(bytes({ max: 65_536 })),
      isExternal: bool,
      hasPath: bool,
    }),
    authenticatedData: bytes({ max: 131_072 }),
  }),
});
export type OwnPart = Omit<CodecType<typeof ownCodec>, "version">;

export const encodeOwnPart = (part: OwnPart): Uint8Array => encode(ownCodec, { version: 1, ...part });
export const decodeOwnPart = (stored: Uint8Array): OwnPart => expectOk(decode(ownCodec, stored), "own commit");

const piecesCodec = struct({ version: VERSION, pieces: list(bytes({ max: MAX_COMMIT_BYTES }), { max: 256 }) });

/** Envelopes of a commit, or the bytes of a proof. */
export const encodePieces = (pieces: readonly Uint8Array[]): Uint8Array => encode(piecesCodec, { version: 1, pieces });
export const decodePieces = (stored: Uint8Array): readonly Uint8Array[] =>
  expectOk(decode(piecesCodec, stored), "sealed commit").pieces;
