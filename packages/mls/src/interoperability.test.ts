/** Our suite, framing and secret tree against those that ts-mls brings, in one group: nothing differs on the wire. */
import { utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { POLICY_EXTENSION_TYPE } from "@xchat/protocol";
import {
  acceptAll,
  createApplicationMessage,
  createCommit,
  decodeMlsMessage,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  mlsExporter,
  processMessage,
  type ClientState,
  type MLSMessage,
} from "ts-mls";
import { expect, test } from "vitest";
import { SUITE_NAME } from "./suite.ts";
import { DAY_MS, device, exporterOf, NOTHING, opened, POLICY, START } from "./testing/actors.ts";

const seconds = (ms: number): bigint => BigInt(ms / 1000);

test("a member on the library's own cryptography joins, writes, reads and commits", async () => {
  const alice = device("alice", nodeCryptoProvider());
  const suite = await getCiphersuiteImpl(getCiphersuiteFromName(SUITE_NAME));
  const stock = await generateKeyPackage(
    { credentialType: "basic", identity: utf8ToBytes("stock") },
    {
      versions: ["mls10"],
      ciphersuites: [SUITE_NAME],
      extensions: [POLICY_EXTENSION_TYPE],
      proposals: [],
      credentials: ["basic"],
    },
    { notBefore: seconds(START), notAfter: seconds(START + 30 * DAY_MS) },
    [],
    suite,
  );
  const keyPackage = encodeMlsMessage({
    version: "mls10",
    wireformat: "mls_key_package",
    keyPackage: stock.publicPackage,
  });
  const alone = await alice.cipher.createGroup({
    groupId: Uint8Array.of(7),
    keyPackage: await alice.newBundle(),
    policy: POLICY,
  });
  const made = await alice.cipher.commit(alone, { add: [keyPackage] });
  const welcome = read(made.welcome ?? NOTHING, "mls_welcome");
  let alices = made.group;
  let theirs: ClientState = await joinGroup(
    welcome.welcome,
    stock.publicPackage,
    stock.privatePackage,
    emptyPskIndex,
    suite,
  );
  const receive = async (bytes: Uint8Array) => {
    const result = await processMessage(read(bytes, "mls_private_message"), theirs, emptyPskIndex, acceptAll, suite);
    theirs = result.newState;
    return result.kind === "applicationMessage" ? result.message : null;
  };
  const agree = async () =>
    expect(await mlsExporter(theirs.keySchedule.exporterSecret, "test", NOTHING, 32, suite)).toEqual(
      await exporterOf(alice, alices),
    );
  await agree();

  for (const words of ["one", "two"]) {
    const sealed = await alice.cipher.seal(alices, utf8ToBytes(words), utf8ToBytes("bound"));
    alices = sealed.group;
    expect(await receive(sealed.message)).toEqual(utf8ToBytes(words));
    const answer = await createApplicationMessage(theirs, utf8ToBytes(`${words}!`), suite);
    theirs = answer.newState;
    const bytes = encodeMlsMessage({
      version: "mls10",
      wireformat: "mls_private_message",
      privateMessage: answer.privateMessage,
    });
    const got = await opened(alice, alices, bytes, "application");
    // Padded by the library's default: zeros, which we accept and do not make.
    expect(got.plaintext).toEqual(utf8ToBytes(`${words}!`));
    alices = got.group;
  }

  const policy = await alice.cipher.commit(alices, { policy: utf8ToBytes("new") });
  alices = policy.group;
  await receive(policy.commit);
  await agree();

  const update = await createCommit({ state: theirs, cipherSuite: suite });
  theirs = update.newState;
  alices = (await opened(alice, alices, encodeMlsMessage(update.commit), "commit")).group;
  await agree();
});

function read<K extends MLSMessage["wireformat"]>(bytes: Uint8Array, kind: K): Extract<MLSMessage, { wireformat: K }> {
  const message = decodeMlsMessage(bytes, 0)?.[0];
  if (message?.wireformat !== kind) throw new Error(`not a ${kind}`);
  return message as Extract<MLSMessage, { wireformat: K }>;
}
