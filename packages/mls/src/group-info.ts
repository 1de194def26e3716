/**
 * GroupInfo (spec/group-encryption.md, GE11; RFC 9420, section 12.4.3) for a device that rejoins: given out by a member, and
 * checked by who gets it.
 */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupPreview, GroupRefusal, GroupRules } from "@xchat/protocol";
import {
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeMlsMessage,
  encodeMlsMessage,
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
} from "ts-mls";
import { throwIfDefined, validateRatchetTree } from "ts-mls/clientState.js";
import { ratchetTreeFromExtension, verifyGroupInfoSignature, type GroupInfo } from "ts-mls/groupInfo.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { policyOfExtensions } from "./extensions.ts";
import { hasNeededCapabilities, isLifetimeAcceptable, isUsableKey } from "./leaf.ts";
import { membersOfTree, type MlsGroup } from "./mls-group.ts";
import { refuse, refusing } from "./refusal.ts";
import { SUITE_NAME } from "./suite.ts";

export interface GroupInfoDeps {
  readonly provider: CryptoProvider;
  readonly suite: CiphersuiteImpl;
  readonly rules: GroupRules;
  readonly config: ClientConfig;
}

/** @throws Error with code "removed-from-group". */
export async function makeGroupInfo(suite: CiphersuiteImpl, { fixed, isSnapshot }: MlsGroup): Promise<Uint8Array> {
  if (fixed.isRemoved || isSnapshot) {
    throw Object.assign(new Error("not in the present epoch of the group"), { code: "removed-from-group" });
  }
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(fixed.state, [], suite);
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo });
}

export interface ReadGroupInfo {
  readonly groupInfo: GroupInfo;
  readonly ratchetTree: RatchetTree;
  readonly policy: Uint8Array;
}

/** Nothing is verified yet. One encoding only, and nothing aliased. */
export function readGroupInfo(encoded: Uint8Array): Result<ReadGroupInfo, GroupRefusal> {
  const decoded = decodeMlsMessage(encoded.slice(), 0)?.[0];
  if (decoded?.wireformat !== "mls_group_info") return refuse("malformed");
  if (!equalBytes(encodeMlsMessage(decoded), encoded)) return refuse("malformed");
  const { groupInfo } = decoded;
  const { groupContext, extensions } = groupInfo;
  if (groupContext.version !== "mls10" || groupContext.cipherSuite !== SUITE_NAME) return refuse("unsupported");
  const policy = policyOfExtensions(groupContext.extensions);
  const types = extensions.map(({ extensionType }) => extensionType).toSorted();
  const isOurs = types.length === 2 && types[0] === "external_pub" && types[1] === "ratchet_tree";
  if (policy === null || !isOurs || groupContext.epoch >= Number.MAX_SAFE_INTEGER) return refuse("unsupported");
  const ratchetTree = ratchetTreeFromExtension(groupInfo);
  if (ratchetTree === undefined) return refuse("malformed");
  return ok({ groupInfo, ratchetTree, policy });
}

/** See `inspectGroupInfo` in the port. @throws only what a rule throws. */
export const inspectGroupInfo = (
  deps: GroupInfoDeps,
  encoded: Uint8Array,
): Promise<Result<GroupPreview, GroupRefusal>> =>
  refusing(async () => {
    const read = readGroupInfo(encoded);
    if (!read.ok) return read;
    const { groupInfo, ratchetTree, policy } = read.value;
    const { groupContext } = groupInfo;
    const members = membersOfTree({ ratchetTree });
    const signer = members.find(({ leaf }) => leaf === groupInfo.signer);
    if (signer === undefined) return refuse("malformed", "signer");
    if (!(await verifyGroupInfoSignature(groupInfo, signer.signatureKey, deps.suite.signature)))
      return refuse("not-authentic");
    const { lifetimeConfig, authService } = deps.config;
    throwIfDefined(
      await validateRatchetTree(
        ratchetTree,
        groupContext,
        lifetimeConfig,
        authService,
        groupContext.treeHash,
        deps.suite,
      ),
    );
    const refusal = (await judgeTree(deps, ratchetTree)) ?? (await judgeExternalKey(deps, groupInfo));
    if (refusal !== null) return refusal;
    return ok({ groupId: groupContext.groupId, epoch: Number(groupContext.epoch), signer, members, policy });
  });

async function judgeExternalKey(
  { provider }: GroupInfoDeps,
  { extensions }: GroupInfo,
): Promise<ReturnType<typeof refuse> | null> {
  const key = extensions.find(({ extensionType }) => extensionType === "external_pub")?.extensionData;
  return key !== undefined && (await isUsableKey(provider, key)) ? null : refuse("malformed", "external key");
}

/**
 * What ts-mls does not ask of a tree that came from somebody else. Signatures and credentials of every leaf have been
 * verified by then, by ts-mls with our authentication service.
 */
export async function judgeTree(
  { provider, rules }: Pick<GroupInfoDeps, "provider" | "rules">,
  ratchetTree: ClientState["ratchetTree"],
): Promise<ReturnType<typeof refuse> | null> {
  for (const node of ratchetTree) {
    if (node === undefined) continue;
    if (node.nodeType === "leaf") {
      const { leaf } = node;
      if (!hasNeededCapabilities(leaf)) return refuse("unsupported", "leaf in the tree");
      if (leaf.leafNodeSource === "key_package" && !isLifetimeAcceptable(leaf.lifetime, rules.now(), false)) {
        return refuse("lifetime-refused", "leaf in the tree");
      }
    }
    const key = node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey;
    if (!(await isUsableKey(provider, key))) return refuse("malformed", "encryption key");
  }
  return null;
}
