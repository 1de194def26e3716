/** What a commit says of itself: the description that rules and fork rules judge (see `CommitFacts` in the port). */
import { equalBytes } from "@xchat/codec";
import type { CommitChange, CommitFacts, CommitKind, Member } from "@xchat/protocol";
import type { Proposal } from "ts-mls";
import { policyOfExtensions } from "./extensions.ts";

/** What a member's commit may hold (K1). */
export type PlainProposal = Extract<Proposal, { proposalType: "add" | "remove" | "group_context_extensions" }>;

export interface FactsInput {
  readonly committer: Member;
  readonly proposals: readonly PlainProposal[];
  readonly before: ReadonlyMap<number, Member>;
  readonly after: readonly Member[];
  readonly hasPath: boolean;
}

export function changeOf({ committer, proposals, before, after, hasPath }: FactsInput): CommitChange {
  const added = proposals.flatMap((proposal) => {
    if (proposal.proposalType !== "add") return [];
    const { signaturePublicKey } = proposal.add.keyPackage.leafNode;
    // Signature keys are unique in a tree.
    return after.filter(({ signatureKey }) => equalBytes(signatureKey, signaturePublicKey));
  });
  const removed = proposals.flatMap((proposal) =>
    proposal.proposalType === "remove" ? (before.get(proposal.remove.removed) ?? []) : [],
  );
  const policies = proposals.flatMap((proposal) =>
    proposal.proposalType === "group_context_extensions"
      ? (policyOfExtensions(proposal.groupContextExtensions.extensions) ?? [])
      : [],
  );
  return { committer, added, removed, policy: policies[0] ?? null, isExternal: false, hasPath };
}

export const factsOf = (change: CommitChange, parentEpoch: number, authenticatedData: Uint8Array): CommitFacts => ({
  commitKind: kindOf(change),
  parentEpoch,
  change,
  authenticatedData,
});

function kindOf({ isExternal, removed, policy, added }: CommitChange): CommitKind {
  if (isExternal) return "external";
  if (removed.length > 0) return "removal";
  if (policy !== null) return "policy";
  return added.length > 0 ? "addition" : "update";
}
