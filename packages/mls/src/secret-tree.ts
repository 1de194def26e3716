/**
 * The secret tree of an epoch (RFC 9420, section 9): from its root come, for each leaf, a ratchet for handshakes and one
 * for applications, and from each ratchet one key and nonce a generation.
 *
 * T1 A secret is kept only as long as something undelivered needs it: a node's until both children are derived, a leaf's
 *    until its ratchets are, a generation's until it is used. What is written to disk is this tree and nothing earlier,
 *    so that a stolen store opens no message that was already opened.
 * T2 Of a generation that was skipped, key and nonce are kept, never the ratchet secret: that would open all later ones.
 * T3 How far a message may skip ahead and how many skipped keys are held is bounded, for a peer names the generation.
 * T4 Trees are immutable: taking a key answers with the next tree.
 *
 * The tree costs nothing for members who never write: their leaves stay folded into a node above. It holds at most
 * 64 bytes for each folded node (of which there are at most log2(leaves) for each member who wrote), 128 for each leaf
 * that wrote, and 44 for each skipped generation.
 */
import { err, ok, type Result } from "@xchat/codec";

export interface Kdf {
  readonly size: number;
  readonly keyLength: number;
  readonly nonceLength: number;
  readonly expand: (secret: Uint8Array, info: Uint8Array, length: number) => Uint8Array;
}

export type RatchetKind = "handshake" | "application";

export interface MessageKey {
  readonly generation: number;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface Ratchet {
  readonly secret: Uint8Array;
  /** The next generation to be derived. */
  readonly generation: number;
  /** Skipped and not yet used, oldest first. */
  readonly skipped: ReadonlyMap<number, MessageKey>;
}

export interface LeafRatchets {
  readonly handshake: Ratchet;
  readonly application: Ratchet;
}

export interface SecretTree {
  /** A power of two. */
  readonly leafCount: number;
  /** Node secrets that no ratchet has been made from, by node index (RFC 9420, appendix C). */
  readonly folded: ReadonlyMap<number, Uint8Array>;
  readonly leaves: ReadonlyMap<number, LeafRatchets>;
}

/** Steps that one message may skip: deriving so many takes a tenth of a second. */
export const MAX_SKIPPED_STEPS = 10_000;
/** Skipped keys held for each ratchet; beyond, the oldest are given up. */
export const MAX_SKIPPED_KEYS = 1_000;

/** Owns `encryptionSecret` from here on. */
export const startSecretTree = (encryptionSecret: Uint8Array, leafCount: number): SecretTree => ({
  leafCount,
  folded: new Map([[leafCount - 1, encryptionSecret]]),
  leaves: new Map(),
});

/** The next key of one's own ratchet. */
export function takeSendingKey(
  kdf: Kdf,
  tree: SecretTree,
  leaf: number,
  kind: RatchetKind,
): { readonly messageKey: MessageKey; readonly tree: SecretTree } {
  const opened = unfoldLeaf(kdf, tree, leaf);
  const ratchets = opened.leaves.get(leaf);
  if (ratchets === undefined) throw new RangeError("own leaf is outside the secret tree");
  const ratchet = ratchets[kind];
  return {
    messageKey: deriveMessageKey(kdf, ratchet),
    tree: withRatchet(opened, leaf, ratchets, kind, step(kdf, ratchet)),
  };
}

export type ReceivingKeyRefusal = "already-opened" | "too-many-skipped" | "no-such-leaf";

/** The key of the generation that a message names; the tree comes without it. */
export function takeReceivingKey(
  kdf: Kdf,
  tree: SecretTree,
  leaf: number,
  kind: RatchetKind,
  generation: number,
): Result<{ readonly messageKey: MessageKey; readonly tree: SecretTree }, ReceivingKeyRefusal> {
  if (leaf >= tree.leafCount) return err("no-such-leaf");
  const opened = unfoldLeaf(kdf, tree, leaf);
  const ratchets = opened.leaves.get(leaf);
  // The leaf was dropped from this tree.
  if (ratchets === undefined) return err("no-such-leaf");
  const ratchet = ratchets[kind];
  if (generation < ratchet.generation) {
    const messageKey = ratchet.skipped.get(generation);
    if (messageKey === undefined) return err("already-opened");
    const skipped = new Map(ratchet.skipped);
    skipped.delete(generation);
    return ok({ messageKey, tree: withRatchet(opened, leaf, ratchets, kind, { ...ratchet, skipped }) });
  }
  // One's own, in an epoch that is over.
  if (ratchet.secret.length === 0) return err("no-such-leaf");
  if (generation - ratchet.generation > MAX_SKIPPED_STEPS) return err("too-many-skipped");
  const reached = skipTo(kdf, ratchet, generation);
  return ok({
    messageKey: deriveMessageKey(kdf, reached),
    tree: withRatchet(opened, leaf, ratchets, kind, step(kdf, reached)),
  });
}

/** A ratchet as it stands, for a caller that steps it by other means. @throws RangeError for a leaf outside the tree. */
export function ratchetOf(kdf: Kdf, tree: SecretTree, leaf: number, kind: RatchetKind): Ratchet {
  const ratchets = unfoldLeaf(kdf, tree, leaf).leaves.get(leaf);
  if (ratchets === undefined) throw new RangeError("leaf is outside the secret tree");
  return ratchets[kind];
}

/**
 * What remains useful once the epoch is over: late application messages of others can still be opened. Of one's own
 * ratchet the generation is kept, without a secret, for `resumeSecretTree`.
 */
export function retireSecretTree(kdf: Kdf, tree: SecretTree, ownLeaf: number): SecretTree {
  const { folded, leaves: unfolded } = unfoldLeaf(kdf, tree, ownLeaf);
  const leaves = new Map<number, LeafRatchets>();
  for (const [leaf, { application }] of unfolded) {
    const isOwn = leaf === ownLeaf;
    const kept = isOwn ? { secret: NOTHING, generation: application.generation, skipped: new Map() } : application;
    leaves.set(leaf, { handshake: SPENT, application: kept });
  }
  return { leafCount: tree.leafCount, folded, leaves };
}

/**
 * The fresh tree of an epoch that was left and is entered again: ratchets stand where `retired` left them, so that nothing
 * is sealed, or opened, with one generation twice.
 */
export function resumeSecretTree(kdf: Kdf, fresh: SecretTree, retired: SecretTree, ownLeaf: number): SecretTree {
  let tree = withSpentGenerations(kdf, fresh, ownLeaf, retired.leaves.get(ownLeaf)?.application.generation ?? 0);
  for (const [leaf, { application }] of retired.leaves) {
    if (leaf === ownLeaf) continue;
    tree = unfoldLeaf(kdf, tree, leaf);
    const ratchets = tree.leaves.get(leaf);
    if (ratchets !== undefined) tree = withRatchet(tree, leaf, ratchets, "application", application);
  }
  return tree;
}

/** The tree without the first `generation` keys of one's own messages. */
export function withSpentGenerations(kdf: Kdf, tree: SecretTree, ownLeaf: number, generation: number): SecretTree {
  const opened = unfoldLeaf(kdf, tree, ownLeaf);
  const ratchets = opened.leaves.get(ownLeaf);
  if (ratchets === undefined || ratchets.application.generation >= generation) return opened;
  return withRatchet(opened, ownLeaf, ratchets, "application", stepTo(kdf, ratchets.application, generation));
}

/**
 * The handshake ratchets of `leaves`, from which commits that end this epoch can be opened, and no secret of an application
 * message.
 */
export function handshakeTree(kdf: Kdf, tree: SecretTree, leaves: Iterable<number>): SecretTree {
  let unfolded = tree;
  const kept = new Map<number, LeafRatchets>();
  for (const leaf of leaves) {
    unfolded = unfoldLeaf(kdf, unfolded, leaf);
    const ratchets = unfolded.leaves.get(leaf);
    if (ratchets !== undefined) kept.set(leaf, { handshake: ratchets.handshake, application: SPENT });
  }
  return { leafCount: tree.leafCount, folded: new Map(), leaves: kept };
}

/** A ratchet that gives nothing any more: its secret is gone. */
export const SPENT: Ratchet = { secret: new Uint8Array(0), generation: 2 ** 32, skipped: new Map() };

// ---- ratchets, section 9.1

const step = (kdf: Kdf, ratchet: Ratchet): Ratchet => ({
  secret: treeSecret(kdf, ratchet.secret, SECRET_LABEL, ratchet.generation, kdf.size),
  generation: ratchet.generation + 1,
  skipped: ratchet.skipped,
});

/** Without keeping what is skipped. */
function stepTo(kdf: Kdf, ratchet: Ratchet, generation: number): Ratchet {
  let current = ratchet;
  while (current.generation < generation) current = step(kdf, current);
  return current;
}

function skipTo(kdf: Kdf, ratchet: Ratchet, generation: number): Ratchet {
  if (generation === ratchet.generation) return ratchet;
  const skipped = new Map(ratchet.skipped);
  let current = ratchet;
  while (current.generation < generation) {
    // Those that would be given up again at once are not derived at all.
    if (generation - current.generation <= MAX_SKIPPED_KEYS) {
      skipped.set(current.generation, deriveMessageKey(kdf, current));
    }
    current = step(kdf, current);
  }
  for (const oldest of skipped.keys()) {
    if (skipped.size <= MAX_SKIPPED_KEYS) break;
    skipped.delete(oldest);
  }
  return { ...current, skipped };
}

const deriveMessageKey = (kdf: Kdf, { secret, generation }: Ratchet): MessageKey => ({
  generation,
  key: treeSecret(kdf, secret, KEY_LABEL, generation, kdf.keyLength),
  nonce: treeSecret(kdf, secret, NONCE_LABEL, generation, kdf.nonceLength),
});

function withRatchet(
  tree: SecretTree,
  leaf: number,
  ratchets: LeafRatchets,
  kind: RatchetKind,
  ratchet: Ratchet,
): SecretTree {
  const leaves = new Map(tree.leaves);
  leaves.set(
    leaf,
    kind === "application" ? { ...ratchets, application: ratchet } : { ...ratchets, handshake: ratchet },
  );
  return { leafCount: tree.leafCount, folded: tree.folded, leaves };
}

// ---- unfolding a leaf, section 9

function unfoldLeaf(kdf: Kdf, tree: SecretTree, leaf: number): SecretTree {
  if (tree.leaves.has(leaf)) return tree;
  const target = leaf * 2;
  const path = pathTo(tree, target);
  if (path === null) return tree;
  const folded = new Map(tree.folded);
  for (const node of path) {
    const secret = folded.get(node) as Uint8Array;
    const half = 1 << (levelOf(node) - 1);
    folded.delete(node);
    folded.set(node - half, labeledSecret(kdf, secret, TREE_LABEL, LEFT));
    folded.set(node + half, labeledSecret(kdf, secret, TREE_LABEL, RIGHT));
  }
  const secret = folded.get(target) as Uint8Array;
  folded.delete(target);
  const leaves = new Map(tree.leaves);
  leaves.set(leaf, {
    handshake: { secret: labeledSecret(kdf, secret, HANDSHAKE_LABEL, NOTHING), generation: 0, skipped: new Map() },
    application: { secret: labeledSecret(kdf, secret, APPLICATION_LABEL, NOTHING), generation: 0, skipped: new Map() },
  });
  return { leafCount: tree.leafCount, folded, leaves };
}

/** Folded nodes to split on the way to a leaf node, top down; `null` when nothing above it is held. */
function pathTo(tree: SecretTree, target: number): readonly number[] | null {
  const path: number[] = [];
  let node = tree.leafCount - 1;
  let isBelowHeld = false;
  for (;;) {
    isBelowHeld ||= tree.folded.has(node);
    if (node === target) return isBelowHeld ? path : null;
    if (isBelowHeld) path.push(node);
    const half = 1 << (levelOf(node) - 1);
    node = target < node ? node - half : node + half;
  }
}

/** Height above the leaves: the number of trailing one bits (RFC 9420, appendix C). */
const levelOf = (node: number): number => 31 - Math.clz32(~node & -~node);

// ---- labels, section 8

const encoder = new TextEncoder();
const label = (name: string): Uint8Array => encoder.encode(`MLS 1.0 ${name}`);
const [TREE_LABEL, HANDSHAKE_LABEL, APPLICATION_LABEL, KEY_LABEL, NONCE_LABEL, SECRET_LABEL] = [
  "tree",
  "handshake",
  "application",
  "key",
  "nonce",
  "secret",
].map(label) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const LEFT = encoder.encode("left");
const RIGHT = encoder.encode("right");
const NOTHING = new Uint8Array(0);

/** ExpandWithLabel. `labelBytes` has the prefix "MLS 1.0 " already; label and context are shorter than 64 bytes each. */
export function expandWithLabel(
  kdf: Pick<Kdf, "expand">,
  secret: Uint8Array,
  labelBytes: Uint8Array,
  context: Uint8Array,
  length: number,
): Uint8Array {
  if (labelBytes.length > 63 || context.length > 16_383) throw new RangeError("label or context is too long");
  const contextHead = context.length < 64 ? 1 : 2;
  const info = new Uint8Array(3 + labelBytes.length + contextHead + context.length);
  info[0] = length >>> 8;
  info[1] = length & 0xff;
  info[2] = labelBytes.length;
  info.set(labelBytes, 3);
  const at = 3 + labelBytes.length;
  if (contextHead === 2) {
    info[at] = 0x40 | (context.length >>> 8);
    info[at + 1] = context.length & 0xff;
  } else info[at] = context.length;
  info.set(context, at + contextHead);
  return kdf.expand(secret, info, length);
}

const labeledSecret = (kdf: Kdf, secret: Uint8Array, labelBytes: Uint8Array, context: Uint8Array): Uint8Array =>
  expandWithLabel(kdf, secret, labelBytes, context, kdf.size);

/** DeriveTreeSecret. */
function treeSecret(
  kdf: Kdf,
  secret: Uint8Array,
  labelBytes: Uint8Array,
  generation: number,
  length: number,
): Uint8Array {
  const context = Uint8Array.of(
    generation >>> 24,
    (generation >>> 16) & 0xff,
    (generation >>> 8) & 0xff,
    generation & 0xff,
  );
  return expandWithLabel(kdf, secret, labelBytes, context, length);
}
