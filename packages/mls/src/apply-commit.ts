/**
 * Commits of other members, verified, judged and applied (RFC 9420, section 12.4.2). K1 to K4: see commit.ts.
 */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { CommitChange, CommitFacts, GroupRefusal, GroupRules, Member } from "@xchat/protocol";
import { emptyPskIndex, type ClientState } from "ts-mls";
import type { AuthenticatedContentCommit } from "ts-mls/authenticatedContent.js";
import type { Commit } from "ts-mls/commit.js";
import { verifyFramedContentSignature } from "ts-mls/framedContent.js";
import { decodeLeafNodeCommit, encodeLeafNode } from "ts-mls/leafNode.js";
import { decodePrivateMessageContent, toAuthenticatedContent } from "ts-mls/privateMessage.js";
import { processCommit } from "ts-mls/processMessages.js";
import { changeOf, factsOf, type PlainProposal } from "./commit-facts.ts";
import type { CommitDeps } from "./commit.ts";
import { policyOfExtensions } from "./extensions.ts";
import { asking, hasNeededCapabilities, isUsableKey, judgeNewLeaf, leafToMember } from "./leaf.ts";
import { membersOfTree, type MlsGroup } from "./mls-group.ts";
import type { PrivateMessage } from "./private-message.ts";
import { refuse, refusing } from "./refusal.ts";

/** A commit that was found good. */
export interface AppliedCommit {
  readonly facts: CommitFacts;
  /** The state of the next epoch; `null` when the commit removes this device. */
  readonly state: ClientState | null;
}

type Refused = ReturnType<typeof refuse>;

/**
 * Verifies, judges and applies the opened content of another member's commit.
 *
 * @throws only what a rule throws.
 */
export const applyCommit = (
  deps: CommitDeps,
  group: MlsGroup,
  committer: Member,
  message: PrivateMessage,
  content: Uint8Array,
): Promise<Result<AppliedCommit, GroupRefusal>> =>
  refusing(async () => {
    const { state, isRemoved, present } = group.fixed;
    if (isRemoved) return refuse("policy-refused", "this device was removed from the group");
    const authenticated = readCommit(group, committer, message, content);
    if (authenticated === null) return refuse("malformed");
    const isSigned = await verifyFramedContentSignature(
      committer.signatureKey,
      "mls_private_message",
      authenticated.content,
      authenticated.auth,
      state.groupContext,
      deps.suite.signature,
    );
    if (!isSigned) return refuse("not-authentic");
    const { commit } = authenticated.content;
    const proposals = plainProposals(commit);
    if (!proposals.ok) return proposals;
    const refusal = await judgeProposals(deps, proposals.value, commit);
    if (refusal !== null) return refusal;
    const next = await processed(deps, state, authenticated, "mls_private_message");
    const succession = await judgeSuccession(deps.rules, committer, commit);
    if (!succession) return refuse("credential-refused", "not a successor");
    const change = changeOf({
      committer,
      proposals: proposals.value,
      before: present.members,
      after: membersOfTree(next),
      hasPath: commit.path !== undefined,
    });
    return judged(deps, group, change, next, authenticated.content.authenticatedData);
  });

/** ts-mls applies a commit whose framing has been opened and whose signature has been verified. */
export async function processed(
  deps: CommitDeps,
  state: ClientState,
  content: AuthenticatedContentCommit,
  wireformat: "mls_private_message" | "mls_public_message",
): Promise<ClientState> {
  const { newState } = await processCommit(state, content, wireformat, emptyPskIndex, () => "accept", deps.suite);
  return newState;
}

/** K3. */
export async function judged(
  { rules }: CommitDeps,
  { fixed, epoch }: MlsGroup,
  change: CommitChange,
  next: ClientState,
  authenticatedData: Uint8Array,
): Promise<Result<AppliedCommit, GroupRefusal>> {
  const before = { members: fixed.memberList, policy: fixed.policy };
  const word = await asking(() => rules.judgeCommit(before, change));
  if (word !== null) return refuse("policy-refused", word);
  const isRemoved = next.groupActiveState.kind === "removedFromGroup";
  return ok({ facts: factsOf(change, epoch, authenticatedData), state: isRemoved ? null : next });
}

function readCommit(
  group: MlsGroup,
  committer: Member,
  message: PrivateMessage,
  content: Uint8Array,
): AuthenticatedContentCommit | null {
  // A copy: the state that comes of it must not alias a buffer that somebody else may reuse.
  const decoded = decodePrivateMessageContent("commit")(content.slice(), 0)?.[0];
  if (decoded === undefined) return null;
  const framed = {
    groupId: group.groupId,
    epoch: BigInt(message.epoch),
    contentType: "commit" as const,
    authenticatedData: message.authenticatedData.slice(),
    encryptedSenderData: message.encryptedSenderData,
    ciphertext: message.ciphertext,
  };
  return withOwnMemory(toAuthenticatedContent(decoded, framed, committer.leaf) as AuthenticatedContentCommit);
}

/**
 * What a path leaves in the tree, in memory of its own: a few kilobytes must not hold on to the whole commit, which in a
 * large group has some hundred.
 */
export function withOwnMemory(authenticated: AuthenticatedContentCommit): AuthenticatedContentCommit {
  const { content } = authenticated;
  const { path } = content.commit;
  if (path === undefined) return authenticated;
  const leafNode = decodeLeafNodeCommit(encodeLeafNode(path.leafNode), 0)?.[0];
  if (leafNode === undefined) return authenticated;
  const nodes = path.nodes.map((node) => ({ ...node, hpkePublicKey: node.hpkePublicKey.slice() }));
  return { ...authenticated, content: { ...content, commit: { ...content.commit, path: { leafNode, nodes } } } };
}

/** K1 and K2. */
function plainProposals({ proposals }: Commit): Result<readonly PlainProposal[], GroupRefusal> {
  const plain: PlainProposal[] = [];
  for (const entry of proposals) {
    if (entry.proposalOrRefType !== "proposal") return refuse("unsupported", "proposal by reference");
    const { proposal } = entry;
    switch (proposal.proposalType) {
      case "add":
      case "remove":
      case "group_context_extensions":
        plain.push(proposal);
        break;
      default:
        return refuse("unsupported", `proposal ${proposal.proposalType}`);
    }
  }
  const has = (type: PlainProposal["proposalType"]): boolean => plain.some(({ proposalType }) => proposalType === type);
  if (has("group_context_extensions") && has("remove")) return refuse("policy-refused", "removal-with-policy");
  return ok(plain);
}

/** What can be said of the parts of a commit before anything is applied. */
async function judgeProposals(
  deps: CommitDeps,
  proposals: readonly PlainProposal[],
  { path }: Commit,
): Promise<Refused | null> {
  const newKeys: Uint8Array[] = [];
  for (const proposal of proposals) {
    if (proposal.proposalType === "group_context_extensions") {
      if (policyOfExtensions(proposal.groupContextExtensions.extensions) === null)
        return refuse("unsupported", "extensions");
    } else if (proposal.proposalType === "add") {
      const { keyPackage } = proposal.add;
      const reason = await judgeNewLeaf(keyPackage.leafNode, deps.rules);
      if (reason !== null) return refuse(reason, "added leaf");
      newKeys.push(keyPackage.initKey, keyPackage.leafNode.hpkePublicKey);
    }
  }
  return (await judgePath(deps, path)) ?? judgeKeys(deps, newKeys);
}

/** What can be said of an UpdatePath before it is applied. */
export async function judgePath(deps: CommitDeps, path: Commit["path"]): Promise<Refused | null> {
  if (path === undefined) return null;
  if (!hasNeededCapabilities(path.leafNode)) return refuse("unsupported", "leaf of the committer");
  return judgeKeys(deps, [path.leafNode.hpkePublicKey, ...path.nodes.map(({ hpkePublicKey }) => hpkePublicKey)]);
}

/** K4. */
async function judgeKeys({ provider }: CommitDeps, keys: readonly Uint8Array[]): Promise<Refused | null> {
  for (const key of keys) if (!(await isUsableKey(provider, key))) return refuse("malformed", "encryption key");
  return null;
}

/** The credential of the leaf itself is verified by ts-mls, through our authentication service. */
async function judgeSuccession(rules: GroupRules, committer: Member, { path }: Commit): Promise<boolean> {
  if (path === undefined) return true;
  const successor = leafToMember(committer.leaf, path.leafNode);
  const isSame =
    equalBytes(successor.credential, committer.credential) &&
    equalBytes(successor.signatureKey, committer.signatureKey);
  return isSame || asking(() => rules.isSuccessor(committer.credential, successor.credential));
}
