/** What patches/README.md says of ts-mls and no history shows. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  createCommit,
  createGroup,
  decodeGroupState,
  defaultLifetime,
  encodeGroupState,
  generateKeyPackage,
  type CiphersuiteImpl,
  type KeyPackage,
  type Proposal,
} from "ts-mls";
import { signKeyPackage } from "ts-mls/keyPackage.js";
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js";
import { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { expect, test } from "vitest";
import { xwingSuite } from "./suite.ts";

const suite: CiphersuiteImpl = xwingSuite(nodeCryptoProvider());
delete suite.kdf.startSecretTree;

const newKeyPackage = () =>
  generateKeyPackage(
    { credentialType: "basic", identity: Uint8Array.of(1) },
    { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: ["basic"] },
    defaultLifetime,
    [],
    suite,
  );

async function newGroup() {
  const { publicPackage, privatePackage } = await newKeyPackage();
  const state = await createGroup(Uint8Array.of(1), publicPackage, privatePackage, [], suite);
  return { state, founder: publicPackage };
}

const addOf = (keyPackage: KeyPackage): Proposal => ({ proposalType: "add", add: { keyPackage } });

test("a decoded state does not alias what it was read from", async () => {
  const { state } = await newGroup();
  const bytes = encodeGroupState(state);
  const before = bytes.slice();
  const decoded = decodeGroupState(bytes, 0)?.[0];
  bytes.fill(0);
  if (decoded === undefined) throw new Error("does not decode");
  expect(encodeGroupState(decoded)).toEqual(before);
});

test("a large tree can be written again, and one too large is refused before anything is hashed", async () => {
  const { state } = await newGroup();
  const [leaf] = state.ratchetTree;
  const sparse = (nodes: number): RatchetTree =>
    Array.from({ length: nodes }, (_, i) => (i === nodes - 1 ? leaf : undefined));
  const large = encodeRatchetTree(sparse(65_535));
  expect(encodeRatchetTree(decodeRatchetTree(large, 0)?.[0] ?? [])).toEqual(large);
  expect(() => decodeRatchetTree(encodeRatchetTree(sparse(65_537)), 0)).toThrow(/too large/);
});

test("a newcomer with the encryption key of a member is refused", async () => {
  const { state, founder } = await newGroup();
  const { publicPackage, privatePackage } = await newKeyPackage();
  const { signaturePrivateKey } = privatePackage;
  const stolen = { ...publicPackage.leafNode, hpkePublicKey: founder.leafNode.hpkePublicKey };
  const leafNode = await signLeafNodeKeyPackage(stolen, signaturePrivateKey, suite.signature);
  const keyPackage = await signKeyPackage({ ...publicPackage, leafNode }, signaturePrivateKey, suite.signature);
  await expect(createCommit({ state, cipherSuite: suite }, { extraProposals: [addOf(keyPackage)] })).rejects.toThrow(
    /hpke keys not unique/,
  );
});

test("two invalid adds are one refusal, and leave no rejection behind that would end the process", async () => {
  const { state } = await newGroup();
  const broken = async (): Promise<KeyPackage> => {
    const { publicPackage } = await newKeyPackage();
    return { ...publicPackage, signature: new Uint8Array(64) };
  };
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const extraProposals = [addOf(await broken()), addOf(await broken())];
  await expect(createCommit({ state, cipherSuite: suite }, { extraProposals })).rejects.toThrow(/signature/);
  // Unhandled rejections are reported when the microtasks have run.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
