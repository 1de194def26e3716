/**
 * Merkle trees of RFC 6962, section 2.1: leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right); a tree of n
 * leaves splits at the largest power of two below n. The prefixes keep a leaf from passing for a node.
 */
import { equalBytes } from "@xchat/codec";

type Hash = (data: Uint8Array) => Uint8Array;

export interface MerkleTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** Siblings from the leaf up. */
  path(index: number): readonly Uint8Array[];
}

export function leafHash(hash: Hash, data: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + data.length);
  input.set(data, 1);
  return hash(input);
}

/** At least one leaf. Levels are kept, so a path costs nothing but its length. */
export function merkleTree(hash: Hash, leaves: readonly Uint8Array[]): MerkleTree {
  const levels: Uint8Array[][] = [leaves.map((leaf) => leafHash(hash, leaf))];
  for (let level = levels[0] as Uint8Array[]; level.length > 1; level = levels.at(-1) as Uint8Array[]) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2)
      above.push(nodeHash(hash, level[i] as Uint8Array, level[i + 1] as Uint8Array));
    // A node without a sibling moves up as it is: the same tree as the recursive definition gives.
    if (level.length % 2 === 1) above.push(level.at(-1) as Uint8Array);
    levels.push(above);
  }
  return {
    size: leaves.length,
    root: levels.at(-1)?.[0] as Uint8Array,
    path: (index) => {
      const siblings: Uint8Array[] = [];
      for (let depth = 0, at = index; depth < levels.length - 1; depth++, at >>>= 1) {
        const sibling = levels[depth]?.[at ^ 1];
        if (sibling !== undefined) siblings.push(sibling);
      }
      return siblings;
    },
  };
}

/** RFC 9162, section 2.1.3.2: whether `data` is the leaf `index` of a tree of `size` leaves with this root. */
export function verifyMerklePath(
  hash: Hash,
  input: {
    readonly data: Uint8Array;
    readonly index: number;
    readonly size: number;
    readonly path: readonly Uint8Array[];
    readonly root: Uint8Array;
  },
): boolean {
  const root = rootOfPath(hash, input);
  return root !== null && equalBytes(root, input.root);
}

/** The root that a path leads to; `null` when it is too short or too long for the place of its leaf. */
export function rootOfPath(
  hash: Hash,
  input: {
    readonly data: Uint8Array;
    readonly index: number;
    readonly size: number;
    readonly path: readonly Uint8Array[];
  },
): Uint8Array | null {
  if (input.index >= input.size) return null;
  let at = input.index;
  let last = input.size - 1;
  let node = leafHash(hash, input.data);
  for (const sibling of input.path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      node = nodeHash(hash, sibling, node);
      while (at % 2 === 0 && at !== 0) {
        at >>>= 1;
        last >>>= 1;
      }
    } else {
      node = nodeHash(hash, node, sibling);
    }
    at >>>= 1;
    last >>>= 1;
  }
  return last === 0 ? node : null;
}

function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(65);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 33);
  return hash(input);
}
