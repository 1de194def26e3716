/**
 * The official vectors of RFC 9420, on the mended ts-mls for suites 1 to 7, and on our own framing and secret tree. Our own
 * code is that of the shipped suite: the vectors only give it other hashes, ciphers and signatures.
 */
import { createHmac } from "node:crypto";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { officialVectors } from "@xchat/crypto/official-vectors";
import {
  acceptAll,
  bytesToBase64,
  ciphersuites,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultKeyPackageEqualityConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  makePskIndex,
  processMessage,
  type CiphersuiteImpl,
  type CiphersuiteName,
  type ClientState,
} from "ts-mls";
import { validateRatchetTree } from "ts-mls/clientState.js";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { decodeGroupContext, encodeGroupContext } from "ts-mls/groupContext.js";
import { initializeEpoch, mlsExporter } from "ts-mls/keySchedule.js";
import {
  decodeRatchetTree,
  encodeRatchetTree,
  addLeafNode,
  removeLeafNode,
  updateLeafNode,
  resolution,
} from "ts-mls/ratchetTree.js";
import { decodeProposal } from "ts-mls/proposal.js";
import { treeHash } from "ts-mls/treeHash.js";
import { toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { describe, expect, test } from "vitest";
import {
  decodePrivateMessage,
  openContent,
  openSenderData,
  readApplication,
  sealApplication,
  type EpochFraming,
  type FramingCrypto,
} from "./private-message.ts";
import { expandWithLabel, startSecretTree, takeReceivingKey, takeSendingKey, type Kdf } from "./secret-tree.ts";

/**
 * Trees and passive clients of every suite take a minute, nearly all of it in curves that we do not use. The library's own
 * code, which our patch touches, is the same for each.
 */
const SUITES = process.env["XCHAT_ALL_SUITES"] === undefined ? [1, 3] : [1, 2, 3, 4, 5, 6, 7];

const hex = (text: string): Uint8Array => expectOk(hexToBytes(text), "hex");
const suiteName = (id: number): CiphersuiteName =>
  Object.entries(ciphersuites).find(([, value]) => value === id)?.[0] as CiphersuiteName;
const implementations = new Map<number, Promise<CiphersuiteImpl>>();
function suiteOf(id: number): Promise<CiphersuiteImpl> {
  const known = implementations.get(id) ?? getCiphersuiteImpl(getCiphersuiteFromName(suiteName(id)));
  implementations.set(id, known);
  return known;
}

/** HKDF-Expand with the suite's hash, synchronous as our own code wants it. */
function kdfOfSuite(id: number): Kdf {
  const { hash } = getCiphersuiteFromName(suiteName(id));
  const algorithm = hash.replace("-", "").toLowerCase();
  const isAes128 = id <= 2;
  return {
    size: Number(hash.slice(4)) / 8,
    keyLength: isAes128 ? 16 : 32,
    nonceLength: 12,
    expand: (secret, info, length) => {
      const output: number[] = [];
      let block = new Uint8Array(0);
      for (let i = 1; output.length < length; i++) {
        block = new Uint8Array(
          createHmac(algorithm, secret).update(block).update(info).update(Uint8Array.of(i)).digest(),
        );
        output.push(...block);
      }
      return Uint8Array.from(output.slice(0, length));
    },
  };
}

async function framingOfSuite(id: number): Promise<FramingCrypto> {
  const suite = await suiteOf(id);
  return {
    kdf: kdfOfSuite(id),
    randomBytes: (length) => suite.rng.randomBytes(length),
    sealAead: (key, nonce, aad, plaintext) => suite.hpke.encryptAead(key, nonce, aad, plaintext),
    openAead: (key, nonce, aad, ciphertext) => suite.hpke.decryptAead(key, nonce, aad, ciphertext).catch(() => null),
    sign: (secretKey, message) => suite.signature.sign(secretKey, message),
    verify: (publicKey, message, signature) => suite.signature.verify(publicKey, message, signature),
  };
}

interface SecretTreeVector {
  readonly cipher_suite: number;
  readonly encryption_secret: string;
  readonly sender_data: {
    readonly sender_data_secret: string;
    readonly ciphertext: string;
    readonly key: string;
    readonly nonce: string;
  };
  readonly leaves: readonly (readonly {
    readonly generation: number;
    readonly application_key: string;
    readonly application_nonce: string;
    readonly handshake_key: string;
    readonly handshake_nonce: string;
  }[])[];
}
const secretTrees = officialVectors<readonly SecretTreeVector[]>("mls/secret-tree.json");

describe.skipIf(secretTrees === null)("[T1] our secret tree: secret-tree.json", () => {
  test.each(
    (secretTrees ?? []).map((vector) => ({ vector, suite: vector.cipher_suite, leaves: vector.leaves.length })),
  )("suite $suite, $leaves leaves", ({ vector }) => {
    const kdf = kdfOfSuite(vector.cipher_suite);
    const leafCount = 2 ** Math.ceil(Math.log2(vector.leaves.length));
    let tree = startSecretTree(hex(vector.encryption_secret), leafCount);
    for (const [leaf, generations] of vector.leaves.entries()) {
      for (const expected of generations) {
        for (const kind of ["application", "handshake"] as const) {
          const taken = takeReceivingKey(kdf, tree, leaf, kind, expected.generation);
          if (!taken.ok) throw new Error(taken.error);
          tree = taken.value.tree;
          expect(bytesToHex(taken.value.messageKey.key)).toBe(expected[`${kind}_key`]);
          expect(bytesToHex(taken.value.messageKey.nonce)).toBe(expected[`${kind}_nonce`]);
        }
      }
    }
    const { sender_data_secret, ciphertext, key, nonce } = vector.sender_data;
    const sample = hex(ciphertext).subarray(0, kdf.size);
    const derive = (label: string, length: number): string =>
      bytesToHex(
        expandWithLabel(kdf, hex(sender_data_secret), new TextEncoder().encode(`MLS 1.0 ${label}`), sample, length),
      );
    expect([derive("key", kdf.keyLength), derive("nonce", kdf.nonceLength)]).toEqual([key, nonce]);
  });
});

interface ProtectionVector {
  readonly [name: string]: string;
}
const protections =
  officialVectors<readonly (ProtectionVector & { readonly cipher_suite: number; readonly epoch: number })[]>(
    "mls/message-protection.json",
  );

describe.skipIf(protections === null)("our framing: message-protection.json", () => {
  test.each((protections ?? []).map((vector) => ({ vector, suite: vector.cipher_suite })))(
    "suite $suite",
    async ({ vector, suite }) => {
      const crypto = await framingOfSuite(suite);
      const field = (name: string): Uint8Array => hex(vector[name] as string);
      const framing: EpochFraming = {
        groupId: field("group_id"),
        epoch: vector.epoch,
        senderDataSecret: field("sender_data_secret"),
        context: encodeGroupContext({
          version: "mls10",
          cipherSuite: suiteName(suite),
          groupId: field("group_id"),
          epoch: BigInt(vector.epoch),
          treeHash: field("tree_hash"),
          confirmedTranscriptHash: field("confirmed_transcript_hash"),
          extensions: [],
        }),
      };
      const start = startSecretTree(field("encryption_secret"), 2);
      const open = async (encoded: Uint8Array): Promise<string> => {
        const message = expectOk(wrap(decodePrivateMessage(encoded)), "message");
        const sender = await openSenderData(crypto, framing, message);
        if (sender === null) throw new Error("sender data");
        const taken = expectOk(
          wrap(takeReceivingKey(crypto.kdf, start, sender.leaf, "application", sender.generation)),
          "key",
        );
        const content = await openContent(crypto, framing, message, taken.messageKey, sender.reuseGuard);
        if (content === null) throw new Error("content");
        const signer = { leaf: sender.leaf, signatureKey: field("signature_pub") };
        return bytesToHex(
          expectOk(wrap(await readApplication(crypto, framing, signer, message, content)), "application"),
        );
      };
      expect(await open(field("application_priv"))).toBe(vector["application"]);
      const { messageKey } = takeSendingKey(crypto.kdf, start, 1, "application");
      const sender = { leaf: 1, secretKey: field("signature_priv"), messageKey };
      const own = await sealApplication(crypto, framing, sender, field("application"), new Uint8Array(3));
      expect(await open(own)).toBe(vector["application"]);
    },
  );
});

/** A reason as `expectOk` wants it. */
const wrap = <T>(result: { ok: true; value: T } | { ok: false; error: string }) =>
  result.ok ? result : { ok: false as const, error: { reason: result.error } };

interface TreeVector {
  readonly cipher_suite: number;
  readonly tree: string;
  readonly group_id: string;
  readonly tree_hashes: readonly string[];
  readonly resolutions: readonly (readonly number[])[];
}
const trees = officialVectors<readonly TreeVector[]>("mls/tree-validation.json");

describe.skipIf(trees === null)("the mended tree validation: tree-validation.json", () => {
  test.each(SUITES)("suite %i", async (suite) => {
    const cs = await suiteOf(suite);
    const vectors = (trees ?? []).filter(({ cipher_suite }) => cipher_suite === suite);
    expect(vectors.length).toBeGreaterThan(0);
    for (const vector of vectors) {
      const tree = decodeRatchetTree(hex(vector.tree), 0)?.[0];
      if (tree === undefined) throw new Error("tree");
      for (const [i, expected] of vector.resolutions.entries())
        expect(resolution(tree, toNodeIndex(i))).toEqual(expected);
      for (const [i, expected] of vector.tree_hashes.entries()) {
        expect(bytesToHex(await treeHash(tree, toNodeIndex(i), cs.hash))).toBe(expected);
      }
      const treeHashRoot = hex(vector.tree_hashes[(tree.length - 1) / 2] as string);
      const context = {
        version: "mls10" as const,
        cipherSuite: cs.name,
        epoch: 0n,
        treeHash: treeHashRoot,
        groupId: hex(vector.group_id),
        extensions: [],
        confirmedTranscriptHash: new Uint8Array(0),
      };
      expect(
        await validateRatchetTree(tree, context, defaultLifetimeConfig, defaultAuthenticationService, treeHashRoot, cs),
      ).toBeUndefined();
    }
  });
});

interface TreeOperation {
  readonly cipher_suite: number;
  readonly proposal: string;
  readonly proposal_sender: number;
  readonly tree_before: string;
  readonly tree_after: string;
}
const operations = officialVectors<readonly TreeOperation[]>("mls/tree-operations.json");

test.skipIf(operations === null)("tree-operations.json", () => {
  for (const { proposal: encoded, proposal_sender, tree_before, tree_after } of operations ?? []) {
    const proposal = decodeProposal(hex(encoded), 0)?.[0];
    const tree = decodeRatchetTree(hex(tree_before), 0)?.[0];
    if (proposal === undefined || tree === undefined) throw new Error("does not decode");
    const after =
      proposal.proposalType === "add"
        ? addLeafNode(tree, proposal.add.keyPackage.leafNode)[0]
        : proposal.proposalType === "remove"
          ? removeLeafNode(tree, toLeafIndex(proposal.remove.removed))
          : proposal.proposalType === "update"
            ? updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(proposal_sender))
            : [];
    expect(bytesToHex(encodeRatchetTree(after))).toBe(tree_after);
  }
});

interface KeyScheduleVector {
  readonly cipher_suite: number;
  readonly initial_init_secret: string;
  readonly epochs: readonly (ProtectionVector & {
    readonly exporter: { label: string; context: string; length: number; secret: string };
  })[];
}
const schedules = officialVectors<readonly KeyScheduleVector[]>("mls/key-schedule.json");

describe.skipIf(schedules === null)("key-schedule.json", () => {
  test.each((schedules ?? []).map((vector) => ({ vector, suite: vector.cipher_suite })))(
    "suite $suite",
    async ({ vector, suite }) => {
      const cs = await suiteOf(suite);
      let init = hex(vector.initial_init_secret);
      for (const epoch of vector.epochs) {
        const field = (name: string): Uint8Array => hex(epoch[name] as string);
        const context = decodeGroupContext(field("group_context"), 0)?.[0];
        if (context === undefined) throw new Error("group context");
        const made = await initializeEpoch(init, field("commit_secret"), context, field("psk_secret"), cs.kdf);
        expect(bytesToHex(made.encryptionSecret)).toBe(epoch["encryption_secret"]);
        expect(bytesToHex(made.welcomeSecret)).toBe(epoch["welcome_secret"]);
        expect(bytesToHex(made.keySchedule.senderDataSecret)).toBe(epoch["sender_data_secret"]);
        expect(bytesToHex(made.keySchedule.epochAuthenticator)).toBe(epoch["epoch_authenticator"]);
        const { label, context: bound, length, secret } = epoch.exporter;
        expect(bytesToHex(await mlsExporter(made.keySchedule.exporterSecret, label, hex(bound), length, cs))).toBe(
          secret,
        );
        init = made.keySchedule.initSecret;
      }
    },
  );
});

interface PassiveVector {
  readonly cipher_suite: number;
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[];
  readonly key_package: string;
  readonly signature_priv: string;
  readonly encryption_priv: string;
  readonly init_priv: string;
  readonly welcome: string;
  readonly ratchet_tree: string | null;
  readonly initial_epoch_authenticator: string;
  readonly epochs: readonly {
    readonly proposals: readonly string[];
    readonly commit: string;
    readonly epoch_authenticator: string;
  }[];
}

describe.each(["passive-client-welcome.json", "passive-client-handling-commit.json"])(
  "the mended ts-mls: %s",
  (file) => {
    const vectors = officialVectors<readonly PassiveVector[]>(`mls/${file}`);
    test.skipIf(vectors === null).each(SUITES)("suite %i", async (suite) => {
      const mine = (vectors ?? []).filter(({ cipher_suite }) => cipher_suite === suite);
      expect(mine.length).toBeGreaterThan(0);
      for (const vector of mine) await playPassiveClient(await suiteOf(suite), vector);
    });
  },
);

async function playPassiveClient(cs: CiphersuiteImpl, vector: PassiveVector): Promise<void> {
  const decoded = (text: string) => {
    const message = decodeMlsMessage(hex(text), 0)?.[0];
    if (message === undefined) throw new Error("message");
    return message;
  };
  const keyPackage = decoded(vector.key_package);
  const welcome = decoded(vector.welcome);
  if (keyPackage.wireformat !== "mls_key_package" || welcome.wireformat !== "mls_welcome") throw new Error("kind");
  const psks = Object.fromEntries(
    vector.external_psks.map(({ psk_id, psk }) => [bytesToBase64(hex(psk_id)), hex(psk)]),
  );
  const privatePackage = {
    initPrivateKey: hex(vector.init_priv),
    hpkePrivateKey: hex(vector.encryption_priv),
    signaturePrivateKey: hex(vector.signature_priv),
  };
  const tree = vector.ratchet_tree === null ? undefined : decodeRatchetTree(hex(vector.ratchet_tree), 0)?.[0];
  let state: ClientState = await joinGroup(
    welcome.welcome,
    keyPackage.keyPackage,
    privatePackage,
    makePskIndex(undefined, psks),
    cs,
    tree,
    undefined,
    {
      ...defaultClientConfig,
      keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
      paddingConfig: defaultPaddingConfig,
    },
  );
  expect(bytesToHex(state.keySchedule.epochAuthenticator)).toBe(vector.initial_epoch_authenticator);
  for (const epoch of vector.epochs) {
    for (const text of [...epoch.proposals, epoch.commit]) {
      const message = decoded(text);
      if (message.wireformat !== "mls_private_message" && message.wireformat !== "mls_public_message")
        throw new Error("kind");
      state = (await processMessage(message, state, makePskIndex(state, psks), acceptAll, cs)).newState;
    }
    expect(bytesToHex(state.keySchedule.epochAuthenticator)).toBe(epoch.epoch_authenticator);
  }
}
