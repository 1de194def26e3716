/**
 * A group as this device holds it: what stays the same within an epoch (`fixed`), and the secret trees, which every
 * message moves. Keeping them apart lets the store write a few hundred bytes a message (see saved-group.ts).
 *
 * M1 At most `MAX_PAST_EPOCHS` past epochs are kept, so that what was sent before a commit reached its author can still be
 *    opened. One that ended `PAST_EPOCH_LIFETIME` ago is forgotten with the next commit or restart. Each costs its GroupContext (some 300 bytes and the policy), 64
 *    bytes, and per member a reference and at most 64 bytes of secrets; the tree itself is not kept.
 * M2 Of a past epoch nothing can be sent, and no commit applied: its own ratchets and the handshake ratchets are dropped.
 * M3 Private keys of nodes that a commit blanked are dropped with it.
 * M4 Epochs of branches that were left count as past ones: two of them may have the same number. An epoch is told by its
 *    GroupContext, which names the whole history before it.
 */
import { equalBytes } from "@xchat/codec";
import type { Group, Member } from "@xchat/protocol";
import type { ClientConfig, ClientState } from "ts-mls";
import { encodeGroupContext } from "ts-mls/groupContext.js";
import { policyOfExtensions } from "./extensions.ts";
import { leafToMember } from "./leaf.ts";
import type { EpochFraming } from "./private-message.ts";
import { RefusedInside } from "./refusal.ts";
import { handshakeTree, resumeSecretTree, retireSecretTree, type Kdf, type SecretTree } from "./secret-tree.ts";

export const MAX_PAST_EPOCHS = 8;
/** Twice the time that mailboxes keep an envelope, in milliseconds. */
export const PAST_EPOCH_LIFETIME = 28 * 86_400_000;

export interface EpochView extends EpochFraming {
  readonly ownLeaf: number;
  readonly members: ReadonlyMap<number, Member>;
}

export interface PastEpoch {
  readonly view: EpochView;
  /** Milliseconds since 1970, by this device's clock. */
  readonly endedAt: number;
}

/** Changes with a commit only; the store's cache holds on to the identity of this object. */
export interface FixedPart {
  readonly state: ClientState;
  readonly present: EpochView;
  readonly memberList: readonly Member[];
  readonly policy: Uint8Array;
  /** Oldest first. */
  readonly past: readonly PastEpoch[];
  /** A commit removed this device: what came before can still be read. */
  readonly isRemoved: boolean;
}

export interface MlsGroup extends Group {
  readonly fixed: FixedPart;
  readonly tree: SecretTree;
  /** One for each of `fixed.past`; none in a snapshot. */
  readonly pastTrees: readonly SecretTree[];
  /** Only for weighing commits: nothing is sealed, committed or opened with it (see `snapshot` in the port). */
  readonly isSnapshot: boolean;
}

/** @throws TypeError for a group that another implementation made. */
export function asMlsGroup(group: Group): MlsGroup {
  if (!("fixed" in group && "pastTrees" in group)) throw new TypeError("this group is not of the MLS group cipher");
  return group as MlsGroup;
}

/** Takes the state that ts-mls made, with the secret tree that our suite put into it. */
export function startGroup(madeState: ClientState, config: ClientConfig): MlsGroup {
  const fixed = fixedPartOf(withoutRatchets(madeState, config), [], false);
  return groupOf(fixed, secretTreeOf(madeState), []);
}

/** The group after a commit; `group` becomes its most recent past. */
export function enterEpoch(kdf: Kdf, group: MlsGroup, madeState: ClientState, nowMs: number): MlsGroup {
  const state = withoutRatchets(madeState, madeState.clientConfig);
  return withPast(fixedPartOf(state, [], false), secretTreeOf(madeState), epochsLeftBehind(kdf, group, nowMs), nowMs);
}

/** See `snapshot` in the port. Holds on to `fixed`, so that its encoding is made and stored once. */
export function snapshotOf(kdf: Kdf, group: MlsGroup): MlsGroup {
  const { fixed, ownLeaf } = group;
  if (group.isSnapshot) return group;
  const others = [...fixed.present.members.keys()].filter((leaf) => leaf !== ownLeaf);
  return { ...groupOf(fixed, handshakeTree(kdf, group.tree, others), []), isSnapshot: true };
}

/** See `adopt` in the port. */
export function adoptGroup(kdf: Kdf, current: MlsGroup, next: MlsGroup, nowMs: number): MlsGroup {
  if (current.isSnapshot) throw new TypeError("a snapshot is not where this device stands");
  if (!equalBytes(current.groupId, next.groupId)) throw new TypeError("two groups");
  const isSame = isSameEpoch(current.fixed.present, next.fixed.present);
  if (isSame && current.fixed.isRemoved === next.fixed.isRemoved) return current;
  const behind = isSame ? liveAndPast(current, nowMs) : epochsLeftBehind(kdf, current, nowMs);
  const visited = behind.find(({ epoch }) => isSameEpoch(epoch.view, next.fixed.present));
  const others = behind.filter((one) => one !== visited);
  const tree = visited === undefined ? next.tree : treeToResume(kdf, next, visited.tree);
  return withPast({ ...next.fixed, past: [] }, tree, others, nowMs);
}

/** A group whose commit removed this device has no fresh tree: it only reads on. */
const treeToResume = (kdf: Kdf, { tree, isSnapshot, ownLeaf }: MlsGroup, visited: SecretTree): SecretTree =>
  isSnapshot ? visited : resumeSecretTree(kdf, tree, visited, ownLeaf);

const isSameEpoch = (a: EpochView, b: EpochView): boolean => a.epoch === b.epoch && equalBytes(a.context, b.context);

interface PastWithTree {
  readonly epoch: PastEpoch;
  readonly tree: SecretTree;
}

const pastWithTrees = ({ fixed, pastTrees }: MlsGroup): readonly PastWithTree[] =>
  fixed.past.flatMap((epoch, i) => {
    const tree = pastTrees[i];
    return tree === undefined ? [] : [{ epoch, tree }];
  });

/** The epochs that can be read on in once `group` is left, oldest first. */
function epochsLeftBehind(kdf: Kdf, group: MlsGroup, nowMs: number): readonly PastWithTree[] {
  const { fixed } = group;
  // Nobody else was there to write in it.
  if (fixed.present.members.size <= 1) return pastWithTrees(group);
  const tree = group.isSnapshot ? group.tree : retireSecretTree(kdf, group.tree, fixed.present.ownLeaf);
  return [...pastWithTrees(group), { epoch: { view: fixed.present, endedAt: nowMs }, tree }];
}

const liveAndPast = (group: MlsGroup, nowMs: number): readonly PastWithTree[] => [
  ...pastWithTrees(group),
  { epoch: { view: group.fixed.present, endedAt: nowMs }, tree: group.tree },
];

/** M1. */
function withPast(fixed: FixedPart, tree: SecretTree, behind: readonly PastWithTree[], nowMs: number): MlsGroup {
  const kept = behind.slice(-MAX_PAST_EPOCHS).filter(({ epoch }) => isLive(epoch, nowMs));
  return groupOf(
    { ...fixed, past: kept.map(({ epoch }) => epoch) },
    tree,
    kept.map((one) => one.tree),
  );
}

/** A group that comes out of the store, without what has outlived its time there. */
export function withoutExpired(group: MlsGroup, nowMs: number): MlsGroup {
  const { fixed } = group;
  if (group.isSnapshot) return group;
  if (fixed.past.every((epoch) => isLive(epoch, nowMs))) return group;
  const pastTrees = group.pastTrees.filter((_tree, i) => isLive(fixed.past[i] as PastEpoch, nowMs));
  return groupOf({ ...fixed, past: fixed.past.filter((epoch) => isLive(epoch, nowMs)) }, group.tree, pastTrees);
}

const isLive = ({ endedAt }: PastEpoch, nowMs: number): boolean => endedAt + PAST_EPOCH_LIFETIME > nowMs;

export const markRemoved = (group: MlsGroup): MlsGroup => ({ ...group, fixed: { ...group.fixed, isRemoved: true } });

export const withTree = (group: MlsGroup, tree: SecretTree): MlsGroup => groupOf(group.fixed, tree, group.pastTrees);

export const withPastTree = (group: MlsGroup, index: number, tree: SecretTree): MlsGroup =>
  groupOf(group.fixed, group.tree, group.pastTrees.with(index, tree));

export const groupOf = (fixed: FixedPart, tree: SecretTree, pastTrees: readonly SecretTree[]): MlsGroup => ({
  groupId: fixed.present.groupId,
  epoch: fixed.present.epoch,
  ownLeaf: fixed.present.ownLeaf,
  fixed,
  tree,
  pastTrees,
  isSnapshot: false,
});

/** @throws RefusedInside "unsupported" when the group does not have exactly our extensions, or an epoch beyond 2^53. */
export function fixedPartOf(state: ClientState, past: readonly PastEpoch[], isRemoved: boolean): FixedPart {
  const policy = policyOfExtensions(state.groupContext.extensions);
  // Epochs are counted in doubles here, and nobody gets there by committing.
  if (policy === null || state.groupContext.epoch > Number.MAX_SAFE_INTEGER) throw new RefusedInside("unsupported");
  const memberList = membersOfTree(state);
  const present: EpochView = {
    groupId: state.groupContext.groupId,
    epoch: Number(state.groupContext.epoch),
    ownLeaf: state.privatePath.leafIndex,
    context: encodeGroupContext(state.groupContext),
    senderDataSecret: state.keySchedule.senderDataSecret,
    members: new Map(memberList.map((member) => [member.leaf, member])),
  };
  return { state, present, memberList, policy, past, isRemoved };
}

export const membersOfTree = ({ ratchetTree }: Pick<ClientState, "ratchetTree">): readonly Member[] =>
  ratchetTree.flatMap((node, i) => (node?.nodeType === "leaf" ? [leafToMember(i / 2, node.leaf)] : []));

const secretTreeOf = (state: ClientState): SecretTree => state.secretTree as unknown as SecretTree;

function withoutRatchets(state: ClientState, clientConfig: ClientConfig): ClientState {
  const { leafIndex, privateKeys } = state.privatePath;
  const live = Object.entries(privateKeys).filter(([node]) => state.ratchetTree[Number(node)] !== undefined);
  return {
    ...state,
    clientConfig,
    secretTree: [],
    historicalReceiverData: new Map(),
    unappliedProposals: {},
    privatePath: { leafIndex, privateKeys: Object.fromEntries(live) },
  };
}
