/**
 * A group as this device holds it: what stays the same within an epoch (`fixed`), and the secret trees, which every
 * message moves. Keeping them apart lets the store write a few hundred bytes a message (see saved-group.ts).
 *
 * M1 At most `MAX_PAST_EPOCHS` past epochs are kept, so that what was sent before a commit reached its author can still be
 *    opened. One that ended `PAST_EPOCH_LIFETIME` ago is forgotten with the next commit or restart. Each costs its GroupContext (some 300 bytes and the policy), 64
 *    bytes, and per member a reference and at most 64 bytes of secrets; the tree itself is not kept.
 * M2 Of a past epoch nothing can be sent, and no commit applied: its own ratchets and the handshake ratchets are dropped.
 * M3 Private keys of nodes that a commit blanked are dropped with it.
 */
import type { Group, Member } from "@xchat/protocol";
import type { ClientConfig, ClientState } from "ts-mls";
import { encodeGroupContext } from "ts-mls/groupContext.js";
import { policyOfExtensions } from "./extensions.ts";
import { leafToMember } from "./leaf.ts";
import type { EpochFraming } from "./private-message.ts";
import { RefusedInside } from "./refusal.ts";
import { retireSecretTree, type Kdf, type SecretTree } from "./secret-tree.ts";

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
  /** One for each of `fixed.past`. */
  readonly pastTrees: readonly SecretTree[];
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
  const { fixed } = group;
  // Nobody else was there to write in it.
  const isWorthKeeping = fixed.present.members.size > 1;
  const all = fixed.past.map((epoch, i) => ({ epoch, tree: group.pastTrees[i] as SecretTree }));
  if (isWorthKeeping) {
    const epoch = { view: fixed.present, endedAt: nowMs };
    all.push({ epoch, tree: retireSecretTree(kdf, group.tree, fixed.present.ownLeaf) });
  }
  const kept = all.slice(-MAX_PAST_EPOCHS).filter(({ epoch }) => isLive(epoch, nowMs));
  const state = withoutRatchets(madeState, madeState.clientConfig);
  const next = fixedPartOf(
    state,
    kept.map(({ epoch }) => epoch),
    false,
  );
  return groupOf(
    next,
    secretTreeOf(madeState),
    kept.map(({ tree }) => tree),
  );
}

/** A group that comes out of the store, without what has outlived its time there. */
export function withoutExpired(group: MlsGroup, nowMs: number): MlsGroup {
  const { fixed } = group;
  if (fixed.past.every((epoch) => isLive(epoch, nowMs))) return group;
  const pastTrees = group.pastTrees.filter((_tree, i) => isLive(fixed.past[i] as PastEpoch, nowMs));
  return groupOf({ ...fixed, past: fixed.past.filter((epoch) => isLive(epoch, nowMs)) }, group.tree, pastTrees);
}

const isLive = ({ endedAt }: PastEpoch, nowMs: number): boolean => endedAt + PAST_EPOCH_LIFETIME > nowMs;

export const markRemoved = (group: MlsGroup): MlsGroup =>
  groupOf({ ...group.fixed, isRemoved: true }, group.tree, group.pastTrees);

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
