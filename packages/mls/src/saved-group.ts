/**
 * A group as it lies in the encrypted store. The epoch part holds everything that only a commit changes; its bytes are
 * made once and are the same object until then. The ratchet part holds the secret trees.
 *
 * V1 No secret that has been used is in either (T1): the epoch part holds no ratchet, and none can be derived from it.
 * V2 Both carry a version; another one, or damage, is an error with the code "store-damaged".
 */
import { bool, bytes, bytesToHex, decode, encode, list, literal, mapped, struct, uint, type Codec } from "@xchat/codec";
import type { Member, SavedGroup } from "@xchat/protocol";
import { decodeGroupState, encodeGroupState, type ClientConfig } from "ts-mls";
import {
  fixedPartOf,
  groupOf,
  MAX_PAST_EPOCHS,
  type EpochView,
  type FixedPart,
  type MlsGroup,
  type PastEpoch,
} from "./mls-group.ts";
import {
  MAX_SKIPPED_KEYS,
  SPENT,
  type LeafRatchets,
  type MessageKey,
  type Ratchet,
  type SecretTree,
} from "./secret-tree.ts";

/** Bounds for what is our own: generous, and there to notice damage. */
const MAX_MEMBERS = 2 ** 16;
const MAX_STATE_BYTES = 2 ** 28;
const MAX_CREDENTIAL_BYTES = 2 ** 16;
const UINT32 = 2 ** 32;

const secret = bytes({ max: 64 });

// ---- the ratchet part

const messageKeyCodec: Codec<MessageKey> = struct({ generation: uint(UINT32), key: secret, nonce: secret });

const ratchetCodec: Codec<Ratchet> = struct({
  secret,
  generation: uint(UINT32),
  skipped: mapped(
    list(messageKeyCodec, { max: MAX_SKIPPED_KEYS }),
    (keys: ReadonlyMap<number, MessageKey>) => [...keys.values()],
    (keys): ReadonlyMap<number, MessageKey> => new Map(keys.map((key) => [key.generation, key])),
  ),
});

const treeCodec: Codec<SecretTree> = struct({
  leafCount: uint(MAX_MEMBERS),
  folded: mapped(
    list(struct({ node: uint(MAX_MEMBERS * 2), secret }), { max: MAX_MEMBERS }),
    (folded: ReadonlyMap<number, Uint8Array>) =>
      [...folded].map(([node, nodeSecret]) => ({ node, secret: nodeSecret })),
    (folded): ReadonlyMap<number, Uint8Array> => new Map(folded.map((entry) => [entry.node, entry.secret])),
  ),
  leaves: mapped(
    list(struct({ leaf: uint(MAX_MEMBERS), handshake: ratchetCodec, application: ratchetCodec }), { max: MAX_MEMBERS }),
    (leaves: SecretTree["leaves"]) => [...leaves].map(([leaf, ratchets]) => ({ leaf, ...ratchets })),
    (leaves): SecretTree["leaves"] =>
      new Map(leaves.map(({ leaf, handshake, application }) => [leaf, { handshake, application }])),
  ),
});

const ratchetPartCodec = struct({
  version: literal(1),
  tree: treeCodec,
  pastTrees: list(treeCodec, { max: MAX_PAST_EPOCHS }),
});

/** Of a snapshot: handshake ratchets, which skip nothing, since every commit is opened with the tree as it was. */
const snapshotPartCodec = struct({
  version: literal(2),
  leafCount: uint(MAX_MEMBERS),
  handshakes: list(struct({ leaf: uint(MAX_MEMBERS), secret, generation: uint(UINT32) }), { max: MAX_MEMBERS }),
});

// ---- the epoch part

const epochPartCodec = struct({
  version: literal(1),
  isRemoved: bool,
  state: bytes({ max: MAX_STATE_BYTES }),
  /** Members of the past epochs, each once however many epochs it was in. */
  members: list(
    struct({
      leaf: uint(MAX_MEMBERS),
      credential: bytes({ max: MAX_CREDENTIAL_BYTES }),
      signatureKey: bytes({ length: 32 }),
    }),
    { max: MAX_MEMBERS },
  ),
  past: list(
    struct({
      epoch: uint(),
      endedAt: uint(),
      ownLeaf: uint(MAX_MEMBERS),
      context: bytes({ max: MAX_STATE_BYTES }),
      senderDataSecret: secret,
      /** Indices into `members`. */
      members: list(uint(MAX_MEMBERS), { max: MAX_MEMBERS }),
    }),
    { max: MAX_PAST_EPOCHS },
  ),
});

const epochParts = new WeakMap<FixedPart, Uint8Array>();

export function saveGroup({ fixed, tree, pastTrees, isSnapshot }: MlsGroup): SavedGroup {
  let epochPart = epochParts.get(fixed);
  if (epochPart === undefined) {
    epochPart = encodeEpochPart(fixed);
    epochParts.set(fixed, epochPart);
  }
  const ratchetPart = isSnapshot
    ? encodeSnapshotPart(tree)
    : encode(ratchetPartCodec, { version: 1 as const, tree, pastTrees });
  return { epochPart, ratchetPart };
}

const encodeSnapshotPart = ({ leafCount, leaves }: SecretTree): Uint8Array =>
  encode(snapshotPartCodec, {
    version: 2 as const,
    leafCount,
    handshakes: [...leaves].map(([leaf, { handshake }]) => ({
      leaf,
      secret: handshake.secret,
      generation: handshake.generation,
    })),
  });

interface Ratchets {
  readonly tree: SecretTree;
  readonly pastTrees: readonly SecretTree[];
  readonly isSnapshot: boolean;
}

/** @throws Error with code "store-damaged". */
function decodeRatchetPart(bytes: Uint8Array): Ratchets {
  const whole = decode(ratchetPartCodec, bytes);
  if (whole.ok) return { tree: whole.value.tree, pastTrees: whole.value.pastTrees, isSnapshot: false };
  const snapshot = decode(snapshotPartCodec, bytes);
  if (!snapshot.ok) throw damaged(whole.error.reason);
  const { leafCount, handshakes } = snapshot.value;
  const leaves = handshakes.map(({ leaf, ...moved }): [number, LeafRatchets] => [
    leaf,
    { handshake: { ...moved, skipped: new Map() }, application: SPENT },
  ]);
  return { tree: { leafCount, folded: new Map(), leaves: new Map(leaves) }, pastTrees: [], isSnapshot: true };
}

/** @throws Error with code "store-damaged". */
export function restoreGroup(saved: SavedGroup, config: ClientConfig): MlsGroup {
  const epochPart = decode(epochPartCodec, saved.epochPart);
  if (!epochPart.ok) throw damaged(epochPart.error.reason);
  const { tree, pastTrees, isSnapshot } = decodeRatchetPart(saved.ratchetPart);
  const { isRemoved, state, members, past } = epochPart.value;
  if (past.length !== pastTrees.length && !isSnapshot) throw damaged("parts of different epochs");
  try {
    const decoded = decodeGroupState(state, 0);
    if (decoded === undefined) throw damaged("group state");
    const groupState = { ...decoded[0], clientConfig: config };
    const { groupId } = groupState.groupContext;
    const views = past.map((entry): PastEpoch => ({ endedAt: entry.endedAt, view: pastView(groupId, entry, members) }));
    const fixed = fixedPartOf(groupState, views, isRemoved);
    if (tree.leafCount !== (groupState.ratchetTree.length + 1) / 2) throw damaged("parts of different epochs");
    epochParts.set(fixed, saved.epochPart.slice());
    return { ...groupOf(fixed, tree, pastTrees), isSnapshot };
  } catch (error) {
    if ((error as { code?: unknown }).code === "store-damaged") throw error;
    throw damaged("group state", error);
  }
}

function encodeEpochPart({ state, past, isRemoved }: FixedPart): Uint8Array {
  const indices = new Map<string, number>();
  const members: Member[] = [];
  const indexOf = (member: Member): number => {
    const id = `${member.leaf} ${bytesToHex(member.signatureKey)} ${bytesToHex(member.credential)}`;
    const known = indices.get(id);
    if (known !== undefined) return known;
    indices.set(id, members.length);
    members.push(member);
    return members.length - 1;
  };
  const epochs = past.map(({ view, endedAt }) => ({
    epoch: view.epoch,
    endedAt,
    ownLeaf: view.ownLeaf,
    context: view.context,
    senderDataSecret: view.senderDataSecret,
    members: [...view.members.values()].map(indexOf),
  }));
  return encode(epochPartCodec, {
    version: 1 as const,
    isRemoved,
    state: encodeGroupState(state),
    members,
    past: epochs,
  });
}

function pastView(
  groupId: Uint8Array,
  entry: Omit<EpochView, "groupId" | "members"> & { readonly members: readonly number[] },
  table: readonly Member[],
): EpochView {
  const members = entry.members.map((index) => {
    const member = table[index];
    if (member === undefined) throw damaged("member table");
    return member;
  });
  const { epoch, ownLeaf, context, senderDataSecret } = entry;
  return {
    groupId,
    epoch,
    ownLeaf,
    context,
    senderDataSecret,
    members: new Map(members.map((one) => [one.leaf, one])),
  };
}

const damaged = (what: string, cause?: unknown): Error =>
  Object.assign(new Error(`saved group: ${what}`, { cause }), { name: "StoreDamagedError", code: "store-damaged" });
