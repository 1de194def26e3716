/**
 * Commits (RFC 9420, section 12): made, and applied when they come from another member.
 *
 * K1 Only add, remove and group_context_extensions are known, each by value: no proposal waits between commits, so that
 *    one message holds all that it changes.
 * K2 A change of policy and a removal never share a commit (CV13 of the conversation's specification).
 * K3 The rules judge a commit with all that it would change, before its group is given to anyone.
 * K4 Keys that nobody could encrypt to are refused, or they would make the next commit of everybody else fail.
 */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { CommitChange, CommitInput, GroupRefusal, GroupRules, Member } from "@xchat/protocol";
import {
  createCommit,
  emptyPskIndex,
  encodeMlsMessage,
  type CiphersuiteImpl,
  type ClientState,
  type Proposal,
  type SecretTree as StockSecretTree,
} from "ts-mls";
import type { AuthenticatedContentCommit } from "ts-mls/authenticatedContent.js";
import type { Commit } from "ts-mls/commit.js";
import { verifyFramedContentSignature } from "ts-mls/framedContent.js";
import { decodePrivateMessageContent, toAuthenticatedContent } from "ts-mls/privateMessage.js";
import { processCommit } from "ts-mls/processMessages.js";
import { groupExtensions, policyOfExtensions } from "./extensions.ts";
import { inspectKeyPackage } from "./key-package.ts";
import { asking, hasNeededCapabilities, isUsableKey, judgeNewLeaf, leafToMember } from "./leaf.ts";
import { enterEpoch, markRemoved, membersOfTree, type MlsGroup } from "./mls-group.ts";
import type { PrivateMessage } from "./private-message.ts";
import { refuse, refusing, RuleFailed } from "./refusal.ts";
import { ratchetOf, type Kdf } from "./secret-tree.ts";

export interface CommitDeps {
  readonly provider: CryptoProvider;
  readonly suite: CiphersuiteImpl;
  readonly kdf: Kdf;
  readonly rules: GroupRules;
}

export interface MadeCommit {
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | null;
  readonly group: MlsGroup;
}

/** @throws Error with code "not-committable" for input that no receiver would accept. */
export async function makeCommit(deps: CommitDeps, group: MlsGroup, input: CommitInput): Promise<MadeCommit> {
  if (group.fixed.isRemoved) throw notCommittable("this device was removed from the group");
  const extraProposals = await proposalsOf(deps, input);
  const state = { ...group.fixed.state, secretTree: stockTreeFor(deps.kdf, group) };
  const made = await createCommit(
    { state, cipherSuite: deps.suite },
    { extraProposals, ratchetTreeExtension: true },
  ).catch((error: unknown) => {
    throw error instanceof RuleFailed ? error.cause : notCommittable("the library refuses it", error);
  });
  return {
    commit: encodeMlsMessage(made.commit),
    welcome:
      made.welcome === undefined
        ? null
        : encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }),
    group: enterEpoch(deps.kdf, group, made.newState, deps.rules.now()),
  };
}

async function proposalsOf(
  deps: CommitDeps,
  { add = [], removeLeaves = [], policy }: CommitInput,
): Promise<Proposal[]> {
  if (policy !== undefined && removeLeaves.length > 0) throw notCommittable("a removal and a policy are two commits");
  const proposals: Proposal[] = removeLeaves.map((removed) => ({ proposalType: "remove", remove: { removed } }));
  for (const encoded of add) {
    const inspected = await inspectKeyPackage(deps, encoded);
    if (!inspected.ok) throw notCommittable(`key package: ${inspected.error.reason}`);
    proposals.push({ proposalType: "add", add: { keyPackage: inspected.value.keyPackage } });
  }
  if (policy !== undefined) {
    const groupContextExtensions = { extensions: groupExtensions(policy) };
    proposals.push({ proposalType: "group_context_extensions", groupContextExtensions });
  }
  return proposals;
}

const notCommittable = (what: string, cause?: unknown): Error =>
  Object.assign(new Error(what, { cause }), { code: "not-committable" });

/**
 * ts-mls protects its own commit, and looks for nothing but the handshake ratchet of our leaf. Two commits made from one
 * and the same group use one generation: their nonces differ by the reuse guard, and receivers apply one of them at most.
 */
function stockTreeFor(kdf: Kdf, { tree, ownLeaf }: MlsGroup): StockSecretTree {
  const { secret, generation } = ratchetOf(kdf, tree, ownLeaf, "handshake");
  const handshake = { secret, generation, unusedGenerations: {} };
  const stock: StockSecretTree = [];
  stock[ownLeaf * 2] = { handshake, application: handshake };
  return stock;
}

/**
 * Verifies, judges and applies the opened content of another member's commit. `group` has the handshake ratchet moved.
 *
 * @throws only what a rule throws.
 */
export const applyCommit = (
  deps: CommitDeps,
  group: MlsGroup,
  committer: Member,
  message: PrivateMessage,
  content: Uint8Array,
): Promise<Result<{ readonly change: CommitChange; readonly group: MlsGroup }, GroupRefusal>> =>
  refusing(async () => {
    const { state, isRemoved } = group.fixed;
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
    const applied = await processCommit(
      state,
      authenticated,
      "mls_private_message",
      emptyPskIndex,
      () => "accept",
      deps.suite,
    );
    const change = changeOf(group, committer, proposals.value, commit, applied.newState);
    const succession = await judgeSuccession(deps.rules, committer, commit);
    if (!succession) return refuse("credential-refused", "not a successor");
    const before = { members: group.fixed.memberList, policy: group.fixed.policy };
    const word = await asking(() => deps.rules.judgeCommit(before, change));
    if (word !== null) return refuse("policy-refused", word);
    const isRemovedNow = applied.newState.groupActiveState.kind === "removedFromGroup";
    const next = isRemovedNow ? markRemoved(group) : enterEpoch(deps.kdf, group, applied.newState, deps.rules.now());
    return ok({ change, group: next });
  });

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
  return toAuthenticatedContent(decoded, framed, committer.leaf) as AuthenticatedContentCommit;
}

type PlainProposal = Extract<Proposal, { proposalType: "add" | "remove" | "group_context_extensions" }>;

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
  { provider, rules }: CommitDeps,
  proposals: readonly PlainProposal[],
  { path }: Commit,
): Promise<ReturnType<typeof refuse> | null> {
  const newKeys: Uint8Array[] = path === undefined ? [] : [path.leafNode.hpkePublicKey];
  for (const node of path?.nodes ?? []) newKeys.push(node.hpkePublicKey);
  if (path !== undefined && !hasNeededCapabilities(path.leafNode))
    return refuse("unsupported", "leaf of the committer");
  for (const proposal of proposals) {
    if (proposal.proposalType === "group_context_extensions") {
      if (policyOfExtensions(proposal.groupContextExtensions.extensions) === null)
        return refuse("unsupported", "extensions");
    } else if (proposal.proposalType === "add") {
      const { keyPackage } = proposal.add;
      const reason = await judgeNewLeaf(keyPackage.leafNode, rules);
      if (reason !== null) return refuse(reason, "added leaf");
      newKeys.push(keyPackage.initKey, keyPackage.leafNode.hpkePublicKey);
    }
  }
  for (const key of newKeys) if (!(await isUsableKey(provider, key))) return refuse("malformed", "encryption key");
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

function changeOf(
  { fixed }: MlsGroup,
  committer: Member,
  proposals: readonly PlainProposal[],
  { path }: Commit,
  newState: ClientState,
): CommitChange {
  const after = membersOfTree(newState);
  const added = proposals.flatMap((proposal) => {
    if (proposal.proposalType !== "add") return [];
    const { signaturePublicKey } = proposal.add.keyPackage.leafNode;
    // Signature keys are unique in a tree.
    return after.filter(({ signatureKey }) => equalBytes(signatureKey, signaturePublicKey));
  });
  const removed = proposals.flatMap((proposal) =>
    proposal.proposalType === "remove" ? (fixed.present.members.get(proposal.remove.removed) ?? []) : [],
  );
  const policies = proposals.flatMap((proposal) =>
    proposal.proposalType === "group_context_extensions"
      ? (policyOfExtensions(proposal.groupContextExtensions.extensions) ?? [])
      : [],
  );
  return { committer, added, removed, policy: policies[0] ?? null, isExternal: false, hasPath: path !== undefined };
}
