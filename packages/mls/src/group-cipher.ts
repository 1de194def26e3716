/** The group cipher of `@xchat/protocol`, by MLS (RFC 9420) over ts-mls. */
import { ok } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupCipher, GroupRules } from "@xchat/protocol";
import { createGroup, defaultKeyPackageEqualityConfig, mlsExporter, type ClientConfig } from "ts-mls";
import { makeCommit } from "./commit.ts";
import { groupExtensions } from "./extensions.ts";
import { rejoinByExternalCommit } from "./external-commit.ts";
import { inspectGroupInfo, makeGroupInfo } from "./group-info.ts";
import { cutWelcome, joinByWelcome } from "./join.ts";
import { inspectKeyPackage, makeKeyPackage, openBundle } from "./key-package.ts";
import { authServiceOf } from "./leaf.ts";
import { adoptGroup, asMlsGroup, snapshotOf, startGroup, withoutExpired, withTree } from "./mls-group.ts";
import { evaluateCommit, messageKind, openMessage, openMessages, type OpenDeps } from "./open-message.ts";
import { sealApplication, type FramingCrypto } from "./private-message.ts";
import { restoreFromPieces, restoreGroup, saveEpoch, saveGroup, saveRatchets } from "./saved-group.ts";
import { takeSendingKey } from "./secret-tree.ts";
import { kdfOf, xwingSuite } from "./suite.ts";

export function mlsGroupCipher(input: { readonly provider: CryptoProvider; readonly rules: GroupRules }): GroupCipher {
  const { provider, rules } = input;
  const suite = xwingSuite(provider);
  const kdf = kdfOf(provider);
  const config = clientConfigOf(rules);
  const framing = framingOf(provider);
  const deps: OpenDeps & { config: ClientConfig } = { provider, rules, suite, kdf, framing, config };
  return {
    newLeafKey: () => provider.ed25519KeyPair(provider.randomBytes(32)),
    newKeyPackage: (wanted) => makeKeyPackage(suite, rules.now(), wanted),
    inspectKeyPackage: async (keyPackage) => {
      const inspected = await inspectKeyPackage(deps, keyPackage);
      return inspected.ok ? ok(inspected.value.member) : inspected;
    },
    createGroup: async ({ groupId, keyPackage, policy }) => {
      const { publicPackage, privatePackage } = await openBundle(keyPackage);
      const extensions = groupExtensions(policy.slice());
      return startGroup(
        await createGroup(groupId.slice(), publicPackage, privatePackage, extensions, suite, config),
        config,
      );
    },
    commit: (group, change) => makeCommit(deps, asMlsGroup(group), change),
    welcomeFor: (welcome, keyPackages) => cutWelcome(suite, welcome, keyPackages),
    join: (welcome, keyPackage) => joinByWelcome(deps, welcome, keyPackage),
    seal: async (given, plaintext, authenticatedData) => {
      const group = asMlsGroup(given);
      const { fixed, ownLeaf } = group;
      if (fixed.isRemoved || group.isSnapshot)
        throw Object.assign(new Error("removed from the group"), { code: "removed-from-group" });
      const { messageKey, tree } = takeSendingKey(kdf, group.tree, ownLeaf, "application");
      const sender = { leaf: ownLeaf, secretKey: fixed.state.signaturePrivateKey, messageKey };
      const message = await sealApplication(framing, fixed.present, sender, plaintext, authenticatedData);
      return { message, group: withTree(group, tree) };
    },
    open: (group, message) => openMessage(deps, asMlsGroup(group), message),
    openInOrder: (group, messages) => openMessages(deps, asMlsGroup(group), messages),
    messageKind,
    snapshot: (group) => snapshotOf(kdf, asMlsGroup(group)),
    evaluate: (parent, commit) => evaluateCommit(deps, asMlsGroup(parent), commit),
    adopt: (current, next) => adoptGroup(kdf, asMlsGroup(current), asMlsGroup(next), rules.now()),
    exportGroupInfo: (group) => makeGroupInfo(suite, asMlsGroup(group)),
    inspectGroupInfo: (groupInfo) => inspectGroupInfo(deps, groupInfo),
    externalRejoin: (wanted) => rejoinByExternalCommit(deps, wanted),
    exportSecret: (group, label, context, length) =>
      mlsExporter(asMlsGroup(group).fixed.state.keySchedule.exporterSecret, label, context, length, suite),
    members: (group) => asMlsGroup(group).fixed.memberList,
    policy: (group) => asMlsGroup(group).fixed.policy,
    ownLeafKey: (given) => {
      const { fixed, ownLeaf } = asMlsGroup(given);
      const publicKey = fixed.present.members.get(ownLeaf)?.signatureKey;
      if (publicKey === undefined) throw new RangeError("own leaf is not in the tree");
      return { publicKey, secretKey: fixed.state.signaturePrivateKey };
    },
    save: (group) => saveGroup(asMlsGroup(group)),
    restore: (saved) => withoutExpired(restoreGroup(saved, config), rules.now()),
    saveEpoch: (group) => saveEpoch(asMlsGroup(group)),
    saveRatchets: (group, since) => saveRatchets(asMlsGroup(group), since === null ? null : asMlsGroup(since)),
    restorePieces: (epochPart, pieces) => withoutExpired(restoreFromPieces(epochPart, pieces, config), rules.now()),
  };
}

const framingOf = (provider: CryptoProvider): FramingCrypto => ({
  kdf: kdfOf(provider),
  randomBytes: (length) => provider.randomBytes(length),
  sealAead: (key, nonce, aad, plaintext) => provider.aesGcmSeal(key, nonce, aad, plaintext),
  openAead: (key, nonce, aad, ciphertext) => provider.aesGcmOpen(key, nonce, aad, ciphertext),
  sign: (secretKey, message) => provider.ed25519Sign(secretKey, message),
  verify: (publicKey, message, signature) => provider.ed25519Verify(publicKey, message, signature),
});

const clientConfigOf = (rules: GroupRules): ClientConfig => ({
  // Messages and past epochs are ours (see mls-group.ts): ts-mls keeps none.
  keyRetentionConfig: { retainKeysForGenerations: 0, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 0 },
  // Lifetimes are judged before ts-mls sees a leaf; what it checks once more for own commits goes by the same clock.
  lifetimeConfig: {
    maximumTotalLifetime: 0n,
    validateLifetimeOnReceive: false,
    currentTime: () => BigInt(Math.floor(rules.now() / 1000)),
  },
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
  authService: authServiceOf(rules),
});
