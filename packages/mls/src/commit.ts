/**
 * Commits of this device (RFC 9420, section 12.4.1), and what all commits keep to; apply-commit.ts and external-commit.ts
 * hold the others to it.
 *
 * K1 Only add, remove and group_context_extensions are known, each by value: no proposal waits between commits, so that
 *    one message holds all that it changes.
 * K2 A change of policy and a removal never share a commit (CV13 of the conversation's specification).
 * K3 The rules judge a commit with all that it would change, before its group is given to anyone.
 * K4 Keys that nobody could encrypt to are refused, or they would make the next commit of everybody else fail.
 */
import { equalBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { CommitFacts, CommitInput, GroupRules } from "@xchat/protocol";
import {
  createCommit,
  encodeMlsMessage,
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  type LeafNode,
  type SecretTree as StockSecretTree,
} from "ts-mls";
import { changeOf, factsOf, type PlainProposal } from "./commit-facts.ts";
import { groupExtensions } from "./extensions.ts";
import { inspectKeyPackage } from "./key-package.ts";
import { enterEpoch, membersOfTree, type MlsGroup } from "./mls-group.ts";
import { notCommittable, RuleFailed } from "./refusal.ts";
import { ratchetOf, type Kdf } from "./secret-tree.ts";

export interface CommitDeps {
  readonly provider: CryptoProvider;
  readonly suite: CiphersuiteImpl;
  readonly kdf: Kdf;
  readonly rules: GroupRules;
}

export interface MadeCommit extends CommitFacts {
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | null;
  readonly group: MlsGroup;
}

/** @throws Error with code "not-committable" for input that no receiver would accept. */
export async function makeCommit(deps: CommitDeps, group: MlsGroup, input: CommitInput): Promise<MadeCommit> {
  if (group.fixed.isRemoved) throw notCommittable("this device was removed from the group");
  if (group.isSnapshot) throw notCommittable("a snapshot of a past epoch");
  const proposals = await proposalsOf(deps, input);
  const authenticatedData = input.authenticatedData?.slice() ?? new Uint8Array(0);
  const hasPath = proposals.length === 0 || proposals.some(({ proposalType }) => proposalType !== "add");
  if (input.credential !== undefined && !hasPath) throw notCommittable("a commit that only adds has no path");
  const from = await stateToCommitFrom(deps, group, input);
  const { clientConfig } = from;
  const state = {
    ...from,
    clientConfig: withinLifetimes(clientConfig, proposals, deps.rules.now()),
    secretTree: stockTreeFor(deps.kdf, group),
  };
  const made = await createCommit(
    { state, cipherSuite: deps.suite },
    { extraProposals: proposals, ratchetTreeExtension: true, authenticatedData },
  ).catch((error: unknown) => {
    throw error instanceof RuleFailed ? error.cause : notCommittable("the library refuses it", error);
  });
  const { present, memberList } = group.fixed;
  const committer = memberList.find(({ leaf }) => leaf === group.ownLeaf);
  if (committer === undefined) throw new RangeError("own leaf is not in the tree");
  const after = membersOfTree(made.newState);
  const change = changeOf({ committer, proposals, before: present.members, after, hasPath });
  return {
    ...factsOf(change, group.epoch, authenticatedData),
    commit: encodeMlsMessage(made.commit),
    welcome:
      made.welcome === undefined
        ? null
        : encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }),
    group: enterEpoch(deps.kdf, group, { ...made.newState, clientConfig }, deps.rules.now()),
  };
}

/**
 * The leaves to be added have been judged, with a day for clocks that differ (GE3). ts-mls judges them once more and knows
 * no such day: a newcomer whose clock is a minute slow could answer no invitation in its first minute. So it is told the
 * time of these leaves that is nearest to ours.
 */
function withinLifetimes(config: ClientConfig, proposals: readonly PlainProposal[], nowMs: number): ClientConfig {
  let now = BigInt(Math.floor(nowMs / 1000));
  for (const proposal of proposals) {
    const leaf = proposal.proposalType === "add" ? proposal.add.keyPackage.leafNode : null;
    if (leaf?.leafNodeSource !== "key_package") continue;
    const { notBefore, notAfter } = leaf.lifetime;
    now = now < notBefore ? notBefore : now > notAfter ? notAfter : now;
  }
  const currentTime = (): bigint => now;
  return { ...config, lifetimeConfig: { ...config.lifetimeConfig, currentTime } };
}

/** The new leaf of a path takes over what the old one says, so a new credential is put there first. */
async function stateToCommitFrom(
  { rules }: CommitDeps,
  { fixed: { state }, ownLeaf }: MlsGroup,
  { credential }: CommitInput,
): Promise<ClientState> {
  const own = state.ratchetTree[ownLeaf * 2];
  if (credential === undefined || own?.nodeType !== "leaf") return state;
  const before = own.leaf.credential;
  if (before.credentialType !== "basic") throw notCommittable("own credential");
  const isGood =
    (equalBytes(before.identity, credential) || rules.isSuccessor(before.identity, credential)) &&
    (await rules.verifyCredential(credential, own.leaf.signaturePublicKey));
  if (!isGood) throw notCommittable("credential");
  const leaf: LeafNode = { ...own.leaf, credential: { credentialType: "basic", identity: credential.slice() } };
  return { ...state, ratchetTree: state.ratchetTree.with(ownLeaf * 2, { nodeType: "leaf", leaf }) };
}

async function proposalsOf(
  deps: CommitDeps,
  { add = [], removeLeaves = [], policy }: CommitInput,
): Promise<PlainProposal[]> {
  if (policy !== undefined && removeLeaves.length > 0) throw notCommittable("a removal and a policy are two commits");
  const proposals: PlainProposal[] = removeLeaves.map((removed) => ({ proposalType: "remove", remove: { removed } }));
  for (const inspected of await Promise.all(add.map((encoded) => inspectKeyPackage(deps, encoded)))) {
    if (!inspected.ok) throw notCommittable(`key package: ${inspected.error.reason}`);
    proposals.push({ proposalType: "add", add: { keyPackage: inspected.value.keyPackage } });
  }
  if (policy !== undefined) {
    const groupContextExtensions = { extensions: groupExtensions(policy.slice()) };
    proposals.push({ proposalType: "group_context_extensions", groupContextExtensions });
  }
  return proposals;
}

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
