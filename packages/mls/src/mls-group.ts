/**
 * A group as this device holds it: what stays the same within an epoch (`fixed`), and the secret trees, which every
 * message moves. Keeping them apart lets the store write a few hundred bytes a message (see saved-group.ts).
 *
 * M1 At most `MAX_PAST_EPOCHS` past epochs are kept, so that what was sent before a commit reached its author can still be
 *    opened. One that ended `PAST_EPOCH_LIFETIME` ago is forgotten with the next commit or restart. Each costs some 300
 *    bytes, and per member a reference and at most 64 bytes of secrets; the tree itself is not kept.
 * M2 Of a past epoch nothing can be sent, and no commit applied: its own ratchets and the handshake ratchets are dropped.
 * M3 Private keys of nodes that a commit blanked are dropped with it.
 * M4 Epochs of branches that were left count as past ones: two of them may have the same number. An epoch is told by its
 *    GroupContext, which names the whole history before it.
 * M5 Of a past epoch that is given up, the number of messages that this device sealed in it is remembered as long as it could
 *    be entered again, so that even then no generation is used twice.
 */
import { equalBytes } from "@xchat/codec";
import type { Group, Member } from "@xchat/protocol";
import type { ClientConfig, ClientState } from "ts-mls";
import { encodeGroupContext } from "ts-mls/groupContext.js";
import { policyOfExtensions } from "./extensions.ts";
import { leafToMember } from "./leaf.ts";
import type { EpochFraming } from "./private-message.ts";
import { RefusedInside } from "./refusal.ts";
import {
  expandWithLabel,
  handshakeTree,
  resumeSecretTree,
  retireSecretTree,
  withSpentGenerations,
  type Kdf,
  type SecretTree,
} from "./secret-tree.ts";

export const MAX_PAST_EPOCHS = 8;
/** Each costs some thirty bytes. */
export const MAX_SPENT_EPOCHS = 4_096;
/** Twice the time that mailboxes keep an envelope, in milliseconds. */
export const PAST_EPOCH_LIFETIME = 28 * 86_400_000;

export interface EpochView extends EpochFraming {
  readonly ownLeaf: number;
  readonly members: ReadonlyMap<number, Member>;
}

/** M5. */
export interface SpentEpoch {
  /** 16 bytes derived from its GroupContext. */
  readonly id: Uint8Array;
  /** The first that this device has not used. */
  readonly generation: number;
  readonly endedAt: number;
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
  /** Oldest first. */
  readonly spent: readonly SpentEpoch[];
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
  const fixed = fixedPartOf(withoutRatchets(madeState, config));
  return groupOf(fixed, secretTreeOf(madeState), []);
}

/** The group after a commit; `group` becomes its most recent past. */
export function enterEpoch(kdf: Kdf, group: MlsGroup, madeState: ClientState, nowMs: number): MlsGroup {
  const { spent } = group.fixed;
  const fixed = fixedPartOf(withoutRatchets(madeState, madeState.clientConfig), { spent });
  return withPast(kdf, { fixed, tree: secretTreeOf(madeState), behind: epochsLeftBehind(kdf, group, nowMs) }, nowMs);
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
  const { spent } = current.fixed;
  const tree = visited === undefined ? withoutSpent(kdf, next, spent) : treeToResume(kdf, next, visited.tree);
  return withPast(kdf, { fixed: { ...next.fixed, past: [], spent }, tree, behind: others }, nowMs);
}

/** M5: the tree of an epoch that was given up, or never visited. */
function withoutSpent(kdf: Kdf, { tree, fixed, ownLeaf }: MlsGroup, spent: readonly SpentEpoch[]): SecretTree {
  if (spent.length === 0) return tree;
  const id = epochId(kdf, fixed.present);
  const known = spent.find((one) => equalBytes(one.id, id));
  return known === undefined ? tree : withSpentGenerations(kdf, tree, ownLeaf, known.generation);
}

const EPOCH_ID_LABEL = new TextEncoder().encode("xchat epoch id");

const epochId = (kdf: Kdf, { context }: EpochView): Uint8Array =>
  expandWithLabel(kdf, context, EPOCH_ID_LABEL, new Uint8Array(0), 16);

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

interface Behind {
  readonly fixed: FixedPart;
  readonly tree: SecretTree;
  readonly behind: readonly PastWithTree[];
}

/** M1 and M5. */
function withPast(kdf: Kdf, { fixed, tree, behind }: Behind, nowMs: number): MlsGroup {
  const live = behind.filter(({ epoch }) => isLive(epoch, nowMs));
  const kept = live.slice(-MAX_PAST_EPOCHS);
  const givenUp = live.slice(0, -MAX_PAST_EPOCHS).flatMap((one) => spentIn(kdf, one));
  const spent = [...fixed.spent, ...givenUp].filter((one) => isLive(one, nowMs)).slice(-MAX_SPENT_EPOCHS);
  return groupOf(
    { ...fixed, past: kept.map(({ epoch }) => epoch), spent },
    tree,
    kept.map((one) => one.tree),
  );
}

function spentIn(kdf: Kdf, { epoch: { view, endedAt }, tree }: PastWithTree): readonly SpentEpoch[] {
  const generation = tree.leaves.get(view.ownLeaf)?.application.generation ?? 0;
  return generation === 0 ? [] : [{ id: epochId(kdf, view), generation, endedAt }];
}

/** A group that comes out of the store, without what has outlived its time there. */
export function withoutExpired(group: MlsGroup, nowMs: number): MlsGroup {
  const { fixed } = group;
  if (group.isSnapshot) return group;
  if (fixed.past.every((epoch) => isLive(epoch, nowMs))) return group;
  const pastTrees = group.pastTrees.filter((_tree, i) => isLive(fixed.past[i] as PastEpoch, nowMs));
  return groupOf({ ...fixed, past: fixed.past.filter((epoch) => isLive(epoch, nowMs)) }, group.tree, pastTrees);
}

const isLive = ({ endedAt }: { readonly endedAt: number }, nowMs: number): boolean =>
  endedAt + PAST_EPOCH_LIFETIME > nowMs;

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
export function fixedPartOf(
  state: ClientState,
  { past = [], spent = [], isRemoved = false }: Partial<Pick<FixedPart, "past" | "spent" | "isRemoved">> = {},
): FixedPart {
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
  return { state, present, memberList, policy, past, spent, isRemoved };
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
