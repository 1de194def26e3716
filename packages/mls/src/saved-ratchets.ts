/**
 * The secret trees of a saved group: all in one part, the handshake ratchets of a snapshot, or in pieces, of which a message
 * moves one or two.
 *
 * V3 A piece holds the ratchets of sixteen neighbouring leaves and the folded nodes above them, or all folded nodes that are
 *    higher. What one message writes does not grow with the group.
 */
import { decode, encode, list, literal, mapped, struct, uint, type Codec } from "@xchat/codec";
import { MAX_PAST_EPOCHS } from "./mls-group.ts";
import { damaged, MAX_MEMBERS, savedSecret, UINT32 } from "./saved-limits.ts";
import {
  MAX_SKIPPED_KEYS,
  SPENT,
  type LeafRatchets,
  type MessageKey,
  type Ratchet,
  type SecretTree,
} from "./secret-tree.ts";

const messageKeyCodec: Codec<MessageKey> = struct({ generation: uint(UINT32), key: savedSecret, nonce: savedSecret });

const ratchetCodec: Codec<Ratchet> = struct({
  secret: savedSecret,
  generation: uint(UINT32),
  skipped: mapped(
    list(messageKeyCodec, { max: MAX_SKIPPED_KEYS }),
    (keys: ReadonlyMap<number, MessageKey>) => [...keys.values()],
    (keys): ReadonlyMap<number, MessageKey> => new Map(keys.map((key) => [key.generation, key])),
  ),
});

const foldedCodec = mapped(
  list(struct({ node: uint(MAX_MEMBERS * 2), secret: savedSecret }), { max: MAX_MEMBERS }),
  (folded: ReadonlyMap<number, Uint8Array>) => [...folded].map(([node, secret]) => ({ node, secret })),
  (folded): ReadonlyMap<number, Uint8Array> => new Map(folded.map((entry) => [entry.node, entry.secret])),
);

const leavesCodec = mapped(
  list(struct({ leaf: uint(MAX_MEMBERS), handshake: ratchetCodec, application: ratchetCodec }), { max: MAX_MEMBERS }),
  (leaves: SecretTree["leaves"]) => [...leaves].map(([leaf, ratchets]) => ({ leaf, ...ratchets })),
  (leaves): SecretTree["leaves"] =>
    new Map(leaves.map(({ leaf, handshake, application }) => [leaf, { handshake, application }])),
);

const treeCodec: Codec<SecretTree> = struct({
  leafCount: uint(MAX_MEMBERS),
  folded: foldedCodec,
  leaves: leavesCodec,
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
  handshakes: list(struct({ leaf: uint(MAX_MEMBERS), secret: savedSecret, generation: uint(UINT32) }), {
    max: MAX_MEMBERS,
  }),
});

const pieceCodec = struct({ version: literal(1), tree: treeCodec });

export interface Ratchets {
  readonly tree: SecretTree;
  readonly pastTrees: readonly SecretTree[];
  readonly isSnapshot: boolean;
}

// ---- in one part

export const encodeRatchetPart = ({ tree, pastTrees, isSnapshot }: Ratchets): Uint8Array =>
  isSnapshot ? encodeSnapshotPart(tree) : encode(ratchetPartCodec, { version: 1 as const, tree, pastTrees });

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

/** @throws Error with code "store-damaged". */
export function decodeRatchetPart(encoded: Uint8Array): Ratchets {
  const whole = decode(ratchetPartCodec, encoded);
  if (whole.ok) return { tree: whole.value.tree, pastTrees: whole.value.pastTrees, isSnapshot: false };
  const snapshot = decode(snapshotPartCodec, encoded);
  if (!snapshot.ok) throw damaged(whole.error.reason);
  const { leafCount, handshakes } = snapshot.value;
  const leaves = handshakes.map(({ leaf, ...moved }): [number, LeafRatchets] => [
    leaf,
    { handshake: { ...moved, skipped: new Map() }, application: SPENT },
  ]);
  return { tree: { leafCount, folded: new Map(), leaves: new Map(leaves) }, pastTrees: [], isSnapshot: true };
}

// ---- in pieces

const LEAVES_PER_PIECE = 16;
/** The highest node above sixteen leaves only. */
const PIECE_LEVEL = 4;
const PIECES_PER_TREE = MAX_MEMBERS / LEAVES_PER_PIECE + 1;

/** 0 for the nodes that are higher. */
const pieceOfLeaf = (leaf: number): number => 1 + Math.floor(leaf / LEAVES_PER_PIECE);
const pieceOfNode = (node: number): number =>
  31 - Math.clz32(~node & -~node) > PIECE_LEVEL ? 0 : pieceOfLeaf(Math.floor(node / 2));

/**
 * The pieces that differ from those of `since`, `null` where one is gone; all of them without a `since`. Numbers mean the
 * same in both when neither has entered an epoch since the other.
 */
export function changedPieces(now: Ratchets, since: Ratchets | null): ReadonlyMap<number, Uint8Array | null> {
  const pieces = new Map<number, Uint8Array | null>();
  const before = since === null ? [] : [since.tree, ...since.pastTrees];
  const after = [now.tree, ...now.pastTrees];
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const tree = after[i];
    for (const piece of changedIn(before[i], tree)) {
      pieces.set(i * PIECES_PER_TREE + piece, tree === undefined ? null : encodePiece(tree, piece));
    }
  }
  return pieces;
}

function changedIn(before: SecretTree | undefined, after: SecretTree | undefined): ReadonlySet<number> {
  const changed = new Set<number>();
  if (before === after) return changed;
  const isResized = before?.leafCount !== after?.leafCount;
  const compare = <T>(a: ReadonlyMap<number, T>, b: ReadonlyMap<number, T>, pieceOf: (key: number) => number): void => {
    for (const [key, value] of a) if (isResized || b.get(key) !== value) changed.add(pieceOf(key));
  };
  const [a, b] = [before ?? NO_TREE, after ?? NO_TREE];
  compare(a.folded, b.folded, pieceOfNode);
  compare(b.folded, a.folded, pieceOfNode);
  compare(a.leaves, b.leaves, pieceOfLeaf);
  compare(b.leaves, a.leaves, pieceOfLeaf);
  return changed;
}

const NO_TREE: SecretTree = { leafCount: 0, folded: new Map(), leaves: new Map() };

/** `null` when nothing is left of it. */
function encodePiece({ leafCount, folded, leaves }: SecretTree, piece: number): Uint8Array | null {
  const tree = {
    leafCount,
    folded: new Map([...folded].filter(([node]) => pieceOfNode(node) === piece)),
    leaves: new Map([...leaves].filter(([leaf]) => pieceOfLeaf(leaf) === piece)),
  };
  return tree.folded.size + tree.leaves.size === 0 ? null : encode(pieceCodec, { version: 1 as const, tree });
}

/** @throws Error with code "store-damaged". */
export function joinPieces(pieces: ReadonlyMap<number, Uint8Array>): Ratchets {
  const trees: SecretTree[] = [];
  for (const [number, encoded] of [...pieces].toSorted(([a], [b]) => a - b)) {
    const decoded = decode(pieceCodec, encoded);
    if (!decoded.ok) throw damaged(decoded.error.reason);
    const index = Math.floor(number / PIECES_PER_TREE);
    if (!Number.isSafeInteger(number) || number < 0 || index > trees.length) throw damaged(`piece ${number}`);
    const [before, piece] = [trees[index], decoded.value.tree];
    if (before !== undefined && before.leafCount !== piece.leafCount) throw damaged("pieces of different epochs");
    trees[index] = {
      leafCount: piece.leafCount,
      folded: new Map([...(before?.folded ?? []), ...piece.folded]),
      leaves: new Map([...(before?.leaves ?? []), ...piece.leaves]),
    };
  }
  const [tree, ...pastTrees] = trees;
  if (tree === undefined) throw damaged("no pieces");
  return { tree, pastTrees, isSnapshot: false };
}
