/**
 * External commits and GroupInfo by people who mean harm: signed and well-formed, but for the one thing that each test
 * names. What is cut, flipped or random: see hostile-input.test.ts.
 */
import { utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group, KeyPackageBundle } from "@xchat/protocol";
import {
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeMlsMessage,
  encodeMlsMessage,
  type Proposal,
} from "ts-mls";
import type { Commit } from "ts-mls/commit.js";
import { signFramedContentTBS, toTbs } from "ts-mls/framedContent.js";
import { signGroupInfo, type GroupInfo } from "ts-mls/groupInfo.js";
import type { ProposalOrRef } from "ts-mls/proposalOrRefType.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { describe, expect, test } from "vitest";
import { groupExtensions } from "./extensions.ts";
import { openBundle } from "./key-package.ts";
import { asMlsGroup } from "./mls-group.ts";
import { xwingSuite } from "./suite.ts";
import { accepted, device, groupOf, opened, type Device } from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const suite = xwingSuite(provider);
const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => device(name, provider)) as [Device, Device, Device];
const [alices, bobs, carols] = (await groupOf(alice, bob, carol)) as [Group, Group, Group];
const groupInfo = await alice.cipher.exportGroupInfo(alices);
const bundle = await carol.newBundle();
const good = accepted(
  await carol.cipher.externalRejoin({ groupInfo, keyPackage: bundle, replacedLeaf: carols.ownLeaf }),
);

/** Carol's external commit, changed and signed again by the leaf that it brings. */
async function forged(change: (commit: Commit) => Commit, signer: KeyPackageBundle = bundle): Promise<Uint8Array> {
  const message = decodeMlsMessage(good.commit, 0)?.[0];
  if (message?.wireformat !== "mls_public_message") throw new Error("not a public message");
  const { content, auth } = message.publicMessage;
  if (content.contentType !== "commit" || auth.contentType !== "commit") throw new Error("not a commit");
  const changed = { ...content, commit: change(content.commit) };
  const { groupContext } = asMlsGroup(alices).fixed.state;
  const key = (await openBundle(signer)).privatePackage.signaturePrivateKey;
  const signature = await signFramedContentTBS(
    key,
    toTbs(changed, "mls_public_message", groupContext),
    suite.signature,
  );
  const publicMessage = { ...message.publicMessage, content: changed, auth: { ...auth, signature } };
  return encodeMlsMessage({ ...message, publicMessage });
}

const byValue = (proposal: Proposal): ProposalOrRef => ({ proposalOrRefType: "proposal", proposal });
const withProposals = (edit: (proposals: ProposalOrRef[]) => ProposalOrRef[]) =>
  forged((commit) => ({ ...commit, proposals: edit(commit.proposals) }));
const isRemove = (entry: ProposalOrRef): boolean =>
  entry.proposalOrRefType === "proposal" && entry.proposal.proposalType === "remove";
const removalOf = (removed: number): ProposalOrRef => byValue({ proposalType: "remove", remove: { removed } });

async function expectRefused(commit: Uint8Array, error: object): Promise<void> {
  const before = alice.cipher.save(alices);
  expect(await alice.cipher.open(alices, commit)).toMatchObject({ ok: false, error });
  expect(await bob.cipher.evaluate(bob.cipher.snapshot(bobs), commit)).toMatchObject({ ok: false, error });
  expect(alice.cipher.save(alices)).toEqual(before);
}

test("unchanged and signed again, it is accepted: what is refused below is refused for its one change", async () => {
  await opened(alice, alices, await forged((commit) => commit), "commit");
});

describe("[GE9] what an external commit may hold", () => {
  const notOwnLeaf = { reason: "policy-refused", detail: "external-not-own-leaf" };

  test("nobody is added", async () => {
    const { publicPackage } = await openBundle(await device("mallory", provider).newBundle());
    const add = byValue({ proposalType: "add", add: { keyPackage: publicPackage } });
    await expectRefused(await withProposals((proposals) => [...proposals, add]), notOwnLeaf);
    await expectRefused(
      await withProposals((proposals) => [...proposals.filter((one) => !isRemove(one)), add]),
      notOwnLeaf,
    );
  });

  test("exactly one leaf is removed", async () => {
    await expectRefused(await withProposals((proposals) => proposals.filter((one) => !isRemove(one))), notOwnLeaf);
    await expectRefused(await withProposals((proposals) => [...proposals, removalOf(bobs.ownLeaf)]), notOwnLeaf);
    await expectRefused(await withProposals((proposals) => [...proposals, ...proposals]), notOwnLeaf);
  });

  test("the policy stays, no proposal waits, and nothing unknown is in it", async () => {
    const extensions = groupExtensions(utf8ToBytes("mallory owns it"));
    const policy = byValue({ proposalType: "group_context_extensions", groupContextExtensions: { extensions } });
    await expectRefused(await withProposals((proposals) => [...proposals, policy]), notOwnLeaf);
    const reference: ProposalOrRef = { proposalOrRefType: "reference", reference: new Uint8Array(64) };
    await expectRefused(await withProposals((proposals) => [...proposals, reference]), notOwnLeaf);
    const custom = byValue({ proposalType: 0xf0f0, proposalData: new Uint8Array(1) } as unknown as Proposal);
    await expectRefused(await withProposals((proposals) => [...proposals, custom]), notOwnLeaf);
    await expectRefused(await withProposals(() => []), notOwnLeaf);
  });

  test("there is an external_init, and only one", async () => {
    await expectRefused(await withProposals((proposals) => proposals.filter(isRemove)), notOwnLeaf);
    const init = byValue({ proposalType: "external_init", externalInit: { kemOutput: new Uint8Array(1120) } });
    await expectRefused(await withProposals((proposals) => [...proposals, init]), notOwnLeaf);
    await expectRefused(await withProposals((proposals) => [...proposals.filter(isRemove), init]), {
      reason: "not-authentic",
    });
  });
});

describe("[GE10] whose leaf", () => {
  test("another's, one that is blank, or one outside the tree", async () => {
    for (const removed of [alices.ownLeaf, bobs.ownLeaf, 3, 1000, 2 ** 32 - 1]) {
      const commit = await withProposals((proposals) =>
        proposals.map((one) => (isRemove(one) ? removalOf(removed) : one)),
      );
      await expectRefused(commit, { reason: "not-own-leaf" });
    }
  });

  test("another's credential beside one's own key", async () => {
    const identity = utf8ToBytes("bob");
    const commit = await forged(({ path, ...commit }) => {
      if (path === undefined) throw new Error("no path");
      const leafNode = { ...path.leafNode, credential: { credentialType: "basic" as const, identity } };
      return { ...commit, path: { ...path, leafNode } };
    });
    await expectRefused(commit, { reason: "not-own-leaf" });
  });
});

describe("[GE9] what binds it to the group", () => {
  test("the signature of the leaf that it brings", async () => {
    await expectRefused(await forged((commit) => commit, await carol.newBundle()), { reason: "not-authentic" });
  });

  test("the leaf's own signature, and the secrets of the path", async () => {
    const withPath = (edit: (path: NonNullable<Commit["path"]>) => NonNullable<Commit["path"]>) =>
      forged((commit) => ({ ...commit, path: edit(commit.path as NonNullable<Commit["path"]>) }));
    const { signature } = (await openBundle(bundle)).publicPackage.leafNode;
    await expectRefused(await withPath((path) => ({ ...path, leafNode: { ...path.leafNode, signature } })), {
      reason: "not-authentic",
    });
    await expectRefused(await withPath((path) => ({ ...path, nodes: path.nodes.slice(1) })), { reason: "malformed" });
    const useless = new Uint8Array(1216).fill(0xff);
    await expectRefused(
      await withPath((path) => ({ ...path, nodes: path.nodes.map((node) => ({ ...node, hpkePublicKey: useless })) })),
      { reason: "malformed", detail: "encryption key" },
    );
    await expectRefused(await forged(({ proposals }) => ({ proposals, path: undefined })), {
      reason: "policy-refused",
    });
  });

  test("one that was made for another group, or for an epoch that is over or to come", async () => {
    const [other] = (await groupOf(alice, bob, carol)) as [Group];
    // The same group id, but other secrets.
    await expectRefused((await rejoinFrom(await alice.cipher.exportGroupInfo(other))).commit, {
      reason: "not-authentic",
    });
    const next = (await opened(alice, alices, good.commit, "commit")).group;
    expect(await alice.cipher.open(next, good.commit)).toMatchObject({ error: { reason: "epoch-too-old" } });
    const later = await rejoinFrom(await alice.cipher.exportGroupInfo(next));
    expect(await alice.cipher.open(alices, later.commit)).toMatchObject({ error: { reason: "epoch-ahead" } });
  });
});

async function rejoinFrom(info: Uint8Array) {
  const preview = accepted(await carol.cipher.inspectGroupInfo(info));
  const own = preview.members.find(({ credential }) => Buffer.from(credential).toString() === "carol");
  const keyPackage = await carol.newBundle();
  return accepted(await carol.cipher.externalRejoin({ groupInfo: info, keyPackage, replacedLeaf: own!.leaf }));
}

/** A GroupInfo that alice signs, whatever it says. */
async function lyingGroupInfo(edit: (info: GroupInfo) => Partial<GroupInfo>, signer = alice): Promise<Uint8Array> {
  const info = await createGroupInfoWithExternalPubAndRatchetTree(asMlsGroup(alices).fixed.state, [], suite);
  const key = (signer === alice ? alice.cipher.ownLeafKey(alices) : bob.cipher.ownLeafKey(bobs)).secretKey;
  const signed = await signGroupInfo({ ...info, ...edit(info) }, key, suite.signature);
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo: signed });
}

describe("[GE11] a GroupInfo that lies", () => {
  const inspectAndTry = async (info: Uint8Array, error: object): Promise<void> => {
    expect(await carol.cipher.inspectGroupInfo(info)).toMatchObject({ ok: false, error });
    const input = { groupInfo: info, keyPackage: await carol.newBundle(), replacedLeaf: carols.ownLeaf };
    expect(await carol.cipher.externalRejoin(input)).toMatchObject({ ok: false, error });
  };
  const withTree = (edit: (tree: NonNullable<ReturnType<typeof decodeRatchetTree>>[0]) => typeof tree) =>
    lyingGroupInfo(({ extensions }) => ({
      extensions: extensions.map((one) =>
        one.extensionType === "ratchet_tree"
          ? { ...one, extensionData: encodeRatchetTree(edit(decodeRatchetTree(one.extensionData, 0)![0])) }
          : one,
      ),
    }));

  test("is accepted as it is", async () => {
    accepted(await carol.cipher.inspectGroupInfo(await lyingGroupInfo(() => ({}))));
  });

  test("about who signed it", async () => {
    await inspectAndTry(await lyingGroupInfo(() => ({ signer: bobs.ownLeaf })), { reason: "not-authentic" });
    await inspectAndTry(await lyingGroupInfo(() => ({}), bob), { reason: "not-authentic" });
    await inspectAndTry(await lyingGroupInfo(() => ({ signer: 3 })), { reason: "malformed" });
  });

  test("about the tree: a member left out, another in its place, or not what the hash says", async () => {
    await inspectAndTry(await withTree((tree) => tree.with(bobs.ownLeaf * 2, undefined)), { reason: "malformed" });
    const { publicPackage } = await openBundle(await device("mallory", provider).newBundle());
    const mallory = { nodeType: "leaf" as const, leaf: publicPackage.leafNode };
    await inspectAndTry(await withTree((tree) => tree.with(bobs.ownLeaf * 2, mallory)), { reason: "malformed" });
    const wrongHash = await lyingGroupInfo((info) => ({
      groupContext: { ...info.groupContext, treeHash: new Uint8Array(64) },
    }));
    await inspectAndTry(wrongHash, { reason: "malformed" });
  });

  test("[GE11] about its extensions", async () => {
    const repeated = await lyingGroupInfo(({ extensions }) => ({ extensions: [...extensions, ...extensions] }));
    await inspectAndTry(repeated, { reason: "unsupported" });
    await inspectAndTry(await lyingGroupInfo(() => ({ extensions: [] })), { reason: "unsupported" });
    const without = await lyingGroupInfo(({ groupContext }) => ({ groupContext: { ...groupContext, extensions: [] } }));
    await inspectAndTry(without, { reason: "unsupported" });
  });

  test("about a member whose credential the rules refuse", async () => {
    carol.rules.verifyCredential = (credential) => Buffer.from(credential).toString() !== "bob";
    await inspectAndTry(groupInfo, { reason: "credential-refused" });
    carol.rules.verifyCredential = () => true;
  });

  test("about the confirmation tag, the epoch, the transcript, the policy or the key: no member follows it", async () => {
    const useful = (await provider.xwingKeyPair(new Uint8Array(32).fill(1))).publicKey;
    const lies: ((info: GroupInfo) => Partial<GroupInfo>)[] = [
      () => ({ confirmationTag: new Uint8Array(64) }),
      ({ groupContext }) => ({ groupContext: { ...groupContext, confirmedTranscriptHash: new Uint8Array(64) } }),
      ({ groupContext }) => ({ groupContext: { ...groupContext, extensions: groupExtensions(utf8ToBytes("a lie")) } }),
      ({ extensions }) => ({
        extensions: extensions.map((one) =>
          one.extensionType === "external_pub" ? { ...one, extensionData: useful } : one,
        ),
      }),
    ];
    for (const lie of lies) {
      const { commit } = await rejoinFrom(await lyingGroupInfo(lie));
      await expectRefused(commit, { reason: "not-authentic" });
    }
    const useless = await lyingGroupInfo(({ extensions }) => ({
      extensions: extensions.map((one) =>
        one.extensionType === "external_pub" ? { ...one, extensionData: new Uint8Array(1216).fill(0xff) } : one,
      ),
    }));
    expect(await carol.cipher.inspectGroupInfo(useless)).toMatchObject({ error: { reason: "malformed" } });
  });
});
