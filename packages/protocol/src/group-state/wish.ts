/**
 * What a person wants changed in a conversation, as it is kept until it has become part of it or cannot any more
 * (spec/group.md, section 8). A commit may lose its epoch; a wish does not: it is looked at anew in each.
 *
 * WI1 A wish that holds already is done, one that is not allowed now is refused with the word of the rule.
 * WI2 A removal and a change of the state are two wishes, the removal first (GR3).
 * WI3 Every commit that is made for a wish is judged by its maker as by everyone.
 */
import { equalBytes, err, ok, type Result } from "@xchat/codec";
import type { CommitInput } from "../group/port.ts";
import type { AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import type { NodeHint } from "../node-hint.ts";
import {
  currentState,
  withAdmin,
  withLeaving,
  withLink,
  withLinkRevoked,
  withOwner,
  withRejoinSeed,
} from "./change.ts";
import { describeMembership, describeState } from "./describe.ts";
import { apply, judgeCommit, type CommitDescription, type CommitRefusal, type JudgedCommit } from "./judge.ts";
import type { GroupLeaf } from "./leaf.ts";
import { encodeCommitNote, leavesToCut, type CommitNote } from "./note.ts";
import { endedAccounts, rankOf, RANK, standing, type GroupRole } from "./roles.ts";
import {
  encodeGroupState,
  MAX_JOIN_LINKS,
  type GroupState,
  type Holder,
  type JoinLink,
  type Permissions,
  type Picture,
} from "./state.ts";

export type StateChange =
  | { readonly kind: "info"; readonly name: string | null; readonly description: string | null }
  /** Null takes it away. */
  | { readonly kind: "picture"; readonly picture: Picture | null }
  | { readonly kind: "role"; readonly account: AccountId; readonly role: GroupRole }
  | { readonly kind: "permission"; readonly name: keyof Permissions; readonly holder: Holder }
  | { readonly kind: "timer"; readonly seconds: number | null }
  | { readonly kind: "link"; readonly link: JoinLink }
  | { readonly kind: "link-revoked"; readonly hash: Hex }
  /** After a removal, by an admin's device: the one removed knows the seeds of before. `after` is the number it is new to. */
  | { readonly kind: "rejoin-seed"; readonly seed: Hex; readonly after: number }
  | { readonly kind: "leaving"; readonly isLeaving: boolean }
  /** In a pair: the yes, and the home nodes of the one who says it. */
  | { readonly kind: "accept"; readonly homeNodes: readonly NodeHint[] };

export type WishedChange =
  | { readonly kind: "add"; readonly account: AccountId; readonly keyPackages: readonly Uint8Array[] }
  | { readonly kind: "remove"; readonly account: AccountId }
  /** Devices of one's own that are not listed any more. */
  | { readonly kind: "remove-devices"; readonly deviceKeys: readonly Hex[] }
  /** Fresh keys for the own leaf, in an epoch after that number. */
  | { readonly kind: "update"; readonly after: number }
  | { readonly kind: "state"; readonly change: StateChange };

/** What a wish is measured against: one epoch, as this device sees it. */
export interface Situation {
  readonly state: GroupState;
  readonly leaves: readonly GroupLeaf[];
  readonly epoch: number;
  readonly self: GroupLeaf;
  /** Index of each leaf in the tree. */
  readonly indexOf: (leafKey: Hex) => number;
  /** The newest event of an author that is shown here; null for none. */
  readonly newestOf: (leafKey: Hex) => number | null;
  /** The leaf that a key package would add; it has been verified. */
  readonly leafOf: (keyPackage: Uint8Array) => GroupLeaf | null;
  readonly place: CommitNote["place"];
}

export interface CommitPlan {
  readonly input: CommitInput;
  readonly note: CommitNote;
  readonly judged: JudgedCommit;
}

export type WishRefusal = CommitRefusal | "key-package-unreadable" | "too-many-links";

/** `null`: done already. */
export function planCommit(
  situation: Situation,
  wishes: readonly WishedChange[],
): Result<CommitPlan | null, { readonly reason: WishRefusal }> {
  const [first] = wishes;
  if (first === undefined) return ok(null);
  switch (first.kind) {
    case "add":
      return planAddition(
        situation,
        wishes.flatMap((wish) => (wish.kind === "add" ? [wish] : [])),
      );
    case "remove": {
      const removed = situation.leaves.filter(({ account }) => account === first.account);
      return removed.length === 0 ? ok(null) : plan(situation, { removed });
    }
    case "remove-devices": {
      const removed = situation.leaves.filter(
        ({ account, deviceKey }) => account === situation.self.account && first.deviceKeys.includes(deviceKey),
      );
      return removed.length === 0 ? ok(null) : plan(situation, { removed });
    }
    case "update":
      return situation.epoch > first.after ? ok(null) : plan(situation, {});
    case "state": {
      if (first.change.kind === "link" && !hasRoom(situation.state, first.change.link.hash))
        return err({ reason: "too-many-links" });
      const state = changed(situation, first.change);
      return state === null ? ok(null) : plan(situation, { state });
    }
  }
}

/** Several people at once are one commit; devices that are in already are left out. */
function planAddition(
  situation: Situation,
  wishes: readonly Extract<WishedChange, { kind: "add" }>[],
): Result<CommitPlan | null, { readonly reason: WishRefusal }> {
  const here = new Set(situation.leaves.map(({ deviceKey }) => deviceKey));
  const add: Uint8Array[] = [];
  const added: GroupLeaf[] = [];
  for (const { keyPackages } of wishes) {
    for (const keyPackage of keyPackages) {
      const leaf = situation.leafOf(keyPackage);
      if (leaf === null) return err({ reason: "key-package-unreadable" });
      if (here.has(leaf.deviceKey)) continue;
      here.add(leaf.deviceKey);
      add.push(keyPackage);
      added.push(leaf);
    }
  }
  if (add.length === 0) return ok(null);
  const group = standing(situation.state, situation.leaves);
  // Somebody who comes in anew is on no list from before (GR8): the same commit takes them off.
  const state = endedAccounts(group).length > 0 ? currentState(group) : null;
  return plan(situation, { add, added, state });
}

function plan(
  situation: Situation,
  change: {
    readonly add?: readonly Uint8Array[];
    readonly added?: readonly GroupLeaf[];
    readonly removed?: readonly GroupLeaf[];
    readonly state?: GroupState | null;
  },
): Result<CommitPlan, { readonly reason: WishRefusal }> {
  const { add = [], added = [], removed = [], state = null } = change;
  const policy = state === null ? null : encodeGroupState(state);
  const commit: CommitDescription = { committer: situation.self, added, removed, state: policy, isExternal: false };
  // A pair has rules of its own, which judge what the cipher made of it.
  const judged =
    situation.state.kind === "pair"
      ? ok(unjudged(situation, commit, state ?? situation.state))
      : judgeCommit(situation.state, situation.leaves, commit);
  if (!judged.ok) return judged;
  const cut = leavesToCut(situation, { state: judged.value.after, leaves: judged.value.leaves });
  const note: CommitNote = {
    place: situation.place,
    cut: cut.map((leafKey) => ({ leafKey, sequence: situation.newestOf(leafKey) })),
    unknown: [],
  };
  const input: CommitInput = {
    ...(add.length > 0 && { add }),
    ...(removed.length > 0 && { removeLeaves: removed.map(({ leafKey }) => situation.indexOf(leafKey)) }),
    ...(policy !== null && { policy }),
    authenticatedData: situation.state.version === 1 ? new Uint8Array(0) : encodeCommitNote(note),
  };
  return ok({ input, note, judged: judged.value });
}

function unjudged({ state, leaves }: Situation, commit: CommitDescription, after: GroupState): JudgedCommit {
  const leavesAfter = apply(leaves, commit);
  const whatHappened = [
    ...describeMembership(standing(state, leaves), leavesAfter, commit),
    ...describeState(state, after, leavesAfter),
  ];
  return { after, leaves: leavesAfter, authority: RANK.member, by: commit.committer.account, whatHappened };
}

/** Revoked links give way to a new one. */
const hasRoom = ({ links }: GroupState, hash: Hex): boolean =>
  links.some((link) => link.hash === hash) || links.filter(({ isRevoked }) => !isRevoked).length < MAX_JOIN_LINKS;

/** The next state, or `null` where it is so already. */
function changed({ state, leaves, self }: Situation, change: StateChange): GroupState | null {
  const group = standing(state, leaves);
  const next = nextState(state, change, group, self.account);
  return next === null || equalBytes(encodeGroupState(next), encodeGroupState(state)) ? null : next;
}

function nextState(
  state: GroupState,
  change: StateChange,
  group: ReturnType<typeof standing>,
  self: AccountId,
): GroupState | null {
  const current = currentState(group);
  switch (change.kind) {
    case "info":
      return { ...current, name: change.name ?? current.name, description: change.description ?? current.description };
    case "picture":
      return { ...current, picture: change.picture };
    case "role":
      if (rankOf(group, change.account) === RANK.outside) return null;
      return change.role === "owner"
        ? withOwner(group, change.account)
        : withAdmin(group, change.account, change.role === "admin");
    case "permission":
      return { ...current, permissions: { ...current.permissions, [change.name]: change.holder } };
    case "timer":
      return { ...current, disappearAfter: change.seconds };
    case "link":
      return state.links.some(({ hash }) => hash === change.link.hash) ? null : withLink(group, change.link);
    case "link-revoked":
      return withLinkRevoked(group, change.hash);
    case "rejoin-seed":
      return (state.rejoin[0]?.number ?? -1) > change.after ? null : withRejoinSeed(group, change.seed);
    case "leaving":
      return withLeaving(group, self, change.isLeaving);
    case "accept": {
      const { pair } = current;
      if (pair === null || pair.isAccepted) return null;
      return { ...current, pair: { ...pair, isAccepted: true }, homeNodes: change.homeNodes };
    }
  }
}
