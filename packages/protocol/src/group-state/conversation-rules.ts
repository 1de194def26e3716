/**
 * The judge that a conversation of any kind hands to its group cipher: a pair by the rules of a pair
 * (spec/conversation.md, section 5), everything else by those of a group.
 */
import { err, ok, type Result } from "@xchat/codec";
import { judgePairCommit, type PairRefusal } from "../conversation/pair-rules.ts";
import { encodePolicy } from "../conversation/policy.ts";
import type { CommitChange, Member } from "../group/port.ts";
import { describeMembership, describeState } from "./describe.ts";
import {
  apply,
  externalRefusal,
  judgeCommit,
  type CommitRefusal,
  type CommitDescription,
  type JudgedCommit,
} from "./judge.ts";
import { readLeaf, readLeaves, type GroupLeaf } from "./leaf.ts";
import { RANK, standing } from "./roles.ts";
import { decodeGroupState, stateToPolicy, type GroupState } from "./state.ts";

export type ConversationRefusal = CommitRefusal | PairRefusal;

interface Before {
  readonly members: readonly Member[];
  readonly policy: Uint8Array;
}

/** For `GroupRules.judgeCommit`: `null` allows the commit. */
export function refuseCommit(before: Before, change: CommitChange): ConversationRefusal | null {
  const judged = judgeChange(before, change);
  return judged.ok ? null : judged.error.reason;
}

/** With what the commit leads to. Credentials have been verified by then; here they are only read. */
export function judgeChange(
  before: Before,
  change: CommitChange,
): Result<JudgedCommit, { readonly reason: ConversationRefusal }> {
  const state = decodeGroupState(before.policy);
  if (!state.ok) return err({ reason: "policy-unreadable" });
  const leaves = readLeaves(before.members);
  const commit = readChange(change);
  if (leaves === null || commit === null) return err({ reason: "credential-unreadable" });
  if (state.value.kind !== "pair") return judgeCommit(state.value, leaves, commit);
  return judgePair(state.value, leaves, commit, before, change);
}

function readChange(change: CommitChange): CommitDescription | null {
  const committer = readLeaf(change.committer);
  const added = readLeaves(change.added);
  const removed = readLeaves(change.removed);
  if (committer === null || added === null || removed === null) return null;
  return { committer, added, removed, state: change.policy, isExternal: change.isExternal };
}

/** A pair of version 2 is judged as the version 1 that it contains; what it has beyond that either may change (CV12). */
function judgePair(
  state: GroupState,
  leaves: readonly GroupLeaf[],
  commit: CommitDescription,
  before: Before,
  change: CommitChange,
): Result<JudgedCommit, { readonly reason: ConversationRefusal }> {
  const decoded = commit.state === null ? null : decodeGroupState(commit.state);
  if (decoded !== null && !decoded.ok) return err({ reason: "policy-malformed" });
  const next = decoded?.value ?? null;
  if (next !== null && next.kind !== "pair") return err({ reason: "policy-fixed-field" });
  if (next !== null && next.version < state.version) return err({ reason: "policy-version-back" });
  const asVersion1 = (value: GroupState): Uint8Array => encodePolicy(stateToPolicy(value));
  const refusal = commit.isExternal
    ? externalRefusal(standing(state, leaves), leaves, commit)
    : judgePairCommit(
        { members: before.members, policy: asVersion1(state) },
        { ...change, policy: next === null ? null : asVersion1(next) },
      );
  if (refusal !== null) return err({ reason: refusal });
  const after = next ?? state;
  const leavesAfter = apply(leaves, commit);
  return ok({
    after,
    leaves: leavesAfter,
    // In a pair each rules only their own devices: nobody's removal outranks another's.
    authority: RANK.member,
    by: commit.committer.account,
    whatHappened: [
      ...describeMembership(standing(state, leaves), leavesAfter, commit),
      ...describeState(state, after, leavesAfter),
    ],
  });
}
