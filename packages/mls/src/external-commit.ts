/**
 * External commits for rejoining (spec/group-encryption.md, section 3; RFC 9420, section 12.4.3.2, "resync"): made, and
 * applied by the members.
 *
 * GE9  It holds external_init, the removal of one leaf, and a path: nothing else, each by value. It is the only
 *      PublicMessage that is read, and only from who is about to enter; membership cannot be proved by then, so the
 *      confirmation tag is what binds it to the group's secrets.
 * GE10 The leaf that it removes is a member's whose owner may be followed by the newcomer (`mayRejoin`).
 *
 * K3 and K4 hold as for a member's commit.
 */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { CommitChange, CommitFacts, GroupRefusal, GroupRules, Member, RejoinInput } from "@xchat/protocol";
import {
  decodeMlsMessage,
  encodeMlsMessage,
  joinGroupExternal,
  type ClientConfig,
  type ClientState,
  type Proposal,
} from "ts-mls";
import type { AuthenticatedContentCommit } from "ts-mls/authenticatedContent.js";
import type { Commit } from "ts-mls/commit.js";
import { verifyFramedContentSignature } from "ts-mls/framedContent.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { findBlankLeafNodeIndexOrExtend, removeLeafNode } from "ts-mls/ratchetTree.js";
import { toLeafIndex } from "ts-mls/treemath.js";
import { judged, judgePath, processed, withOwnMemory, type AppliedCommit } from "./apply-commit.ts";
import { factsOf } from "./commit-facts.ts";
import type { CommitDeps } from "./commit.ts";
import { judgeTree, readGroupInfo } from "./group-info.ts";
import { NO_LEAF, openBundle } from "./key-package.ts";
import { asking, leafToMember } from "./leaf.ts";
import { membersOfTree, startGroup, type MlsGroup } from "./mls-group.ts";
import { refuse, refusing } from "./refusal.ts";

const WIRE_PUBLIC_MESSAGE = 1;

export const isPublicMessage = (encoded: Uint8Array): boolean =>
  encoded.length > 4 && encoded[2] === 0 && encoded[3] === WIRE_PUBLIC_MESSAGE;

export interface MadeExternalCommit extends CommitFacts {
  readonly commit: Uint8Array;
  readonly group: MlsGroup;
}

export interface ExternalCommitDeps extends CommitDeps {
  readonly config: ClientConfig;
}

/** See `externalRejoin` in the port. @throws what a rule throws, and Error "broken-invariant" for a damaged own bundle. */
export async function rejoinByExternalCommit(
  deps: ExternalCommitDeps,
  input: RejoinInput,
): Promise<Result<MadeExternalCommit, GroupRefusal>> {
  const own = await openBundle(input.keyPackage);
  return refusing(async () => {
    const read = readGroupInfo(input.groupInfo);
    if (!read.ok) return read;
    const { groupInfo, ratchetTree } = read.value;
    const before = membersOfTree({ ratchetTree });
    const replaced = before.find(({ leaf }) => leaf === input.replacedLeaf);
    const successor = leafToMember(NO_LEAF, own.publicPackage.leafNode);
    if (replaced === undefined || !(await mayReplace(deps.rules, replaced, successor))) return refuse("not-own-leaf");
    const authenticatedData = input.authenticatedData?.slice() ?? new Uint8Array(0);
    const { publicMessage, newState } = await joinGroupExternal(
      groupInfo,
      own.publicPackage,
      own.privatePackage,
      true,
      deps.suite,
      ratchetTree,
      configThatReplaces(deps.config, replaced),
      authenticatedData,
    );
    const refusal = await judgeTree(deps, ratchetTree);
    if (refusal !== null) return refusal;
    const commit = encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
    const parentEpoch = Number(groupInfo.groupContext.epoch);
    const group = startGroup(newState, deps.config);
    const change = changeOf(replaced, { ...successor, leaf: group.ownLeaf });
    return ok({ ...factsOf(change, parentEpoch, authenticatedData), commit, group });
  });
}

/** ts-mls looks for the former leaf by this comparison; signature keys are unique in a tree. */
const configThatReplaces = (config: ClientConfig, replaced: Member): ClientConfig => ({
  ...config,
  keyPackageEqualityConfig: {
    ...config.keyPackageEqualityConfig,
    compareKeyPackageToLeafNode: (_keyPackage, leaf) => equalBytes(leaf.signaturePublicKey, replaced.signatureKey),
  },
});

/**
 * Verifies, judges and applies an external commit as a member, whose state is not changed.
 *
 * @throws only what a rule throws.
 */
export const applyExternalCommit = (
  deps: CommitDeps,
  group: MlsGroup,
  encoded: Uint8Array,
): Promise<Result<AppliedCommit, GroupRefusal>> =>
  refusing(async () => {
    const { state, isRemoved, present } = group.fixed;
    if (isRemoved) return refuse("policy-refused", "this device was removed from the group");
    const read = readExternalCommit(group, encoded);
    if (!read.ok) return read;
    const { content, auth } = read.value;
    const { path } = content.commit;
    const parts = readParts(content.commit);
    const replaced = parts === null ? undefined : present.members.get(parts.removed);
    if (parts === null || path === undefined) return refuse("policy-refused", "external-not-own-leaf");
    if (replaced === undefined) return refuse("not-own-leaf");
    const { signaturePublicKey } = path.leafNode;
    const isSigned = await verifyFramedContentSignature(
      signaturePublicKey,
      "mls_public_message",
      content,
      auth,
      state.groupContext,
      deps.suite.signature,
    );
    if (!isSigned) return refuse("not-authentic");
    const refusal = await judgePath(deps, path);
    if (refusal !== null) return refusal;
    if (!(await mayReplace(deps.rules, replaced, leafToMember(NO_LEAF, path.leafNode)))) return refuse("not-own-leaf");
    const next = await processed(deps, state, read.value, "mls_public_message");
    const committer = leafToMember(leafToTake(state, parts.removed), path.leafNode);
    return judged(deps, group, changeOf(replaced, committer), next, content.authenticatedData);
  });

/** One encoding only, and nothing aliased. */
function readExternalCommit(group: MlsGroup, encoded: Uint8Array): Result<AuthenticatedContentCommit, GroupRefusal> {
  const decoded = decodeMlsMessage(encoded.slice(), 0)?.[0];
  if (decoded?.wireformat !== "mls_public_message") return refuse("malformed");
  if (!equalBytes(encodeMlsMessage(decoded), encoded)) return refuse("malformed");
  const { content, auth, senderType }: PublicMessage = decoded.publicMessage;
  if (!equalBytes(content.groupId, group.groupId)) return refuse("wrong-group");
  const isExternal = senderType === "new_member_commit" && content.contentType === "commit";
  if (!isExternal || auth.contentType !== "commit") return refuse("unsupported", "public message");
  const { epoch } = group.fixed.state.groupContext;
  if (content.epoch !== epoch) return refuse(content.epoch > epoch ? "epoch-ahead" : "epoch-too-old");
  return ok(withOwnMemory({ wireformat: "mls_public_message", content, auth }));
}

/** GE9; `null` for anything else. */
function readParts({ proposals }: Commit): { readonly removed: number } | null {
  const plain: Proposal[] = [];
  for (const entry of proposals) {
    if (entry.proposalOrRefType !== "proposal") return null;
    plain.push(entry.proposal);
  }
  const init = plain.find(({ proposalType }) => proposalType === "external_init");
  const remove = plain.find((proposal) => proposal.proposalType === "remove");
  if (plain.length !== 2 || init === undefined || remove === undefined) return null;
  return { removed: remove.remove.removed };
}

/** GE10. */
const mayReplace = (rules: GroupRules, replaced: Member, successor: Member): Promise<boolean> =>
  asking(() => (rules.mayRejoin ?? rules.isSuccessor)(replaced.credential, successor.credential));

/** RFC 9420, section 12.4.3.2: the leftmost blank leaf once the old one is removed. */
const leafToTake = ({ ratchetTree }: ClientState, removed: number): number =>
  findBlankLeafNodeIndexOrExtend(removeLeafNode(ratchetTree, toLeafIndex(removed))) / 2;

function changeOf(replaced: Member, committer: Member): CommitChange {
  return { committer, added: [committer], removed: [replaced], policy: null, isExternal: true, hasPath: true };
}
