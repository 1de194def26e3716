/**
 * Writes spec/vectors/mls-xwing.json: a conversation of the X-Wing suite as one member receives it. The official vectors
 * know no such suite. They are frozen: run it only where the format has changed on purpose, and say so in the commit.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, expectOk, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { CommitInput, Group } from "@xchat/protocol";
import { device, NOTHING, START, type Device } from "../packages/mls/src/testing/actors.ts";
import type { FrozenEpoch, FrozenStep, FrozenStory } from "../packages/mls/src/testing/frozen-story.ts";

const provider = nodeCryptoProvider();
const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => device(name, provider)) as [Device, Device, Device];
const steps: FrozenStep[] = [];

const founding = await alice.newBundle();
const bobsBundle = await bob.newBundle();
let alices = await alice.cipher.createGroup({
  groupId: utf8ToBytes("frozen group"),
  keyPackage: founding,
  policy: utf8ToBytes("first policy"),
});
const invited = await alice.cipher.commit(alices, { add: [bobsBundle.keyPackage] });
alices = invited.group;
const welcome = invited.welcome ?? NOTHING;
let bobs = expectOk(await bob.cipher.join(welcome, bobsBundle), "join");
const joined = await epochOf(bobs);

const [m0, m1, m2] = [await says("first"), await says("second"), await says("third, later than the next epoch")];
await receives(m1);
await receives(m0);
await receives(m0);
await commits({ policy: utf8ToBytes("second policy") });
await receives(await says("in the new epoch"));
await receives(m2);
const carolsBundle = await carol.newBundle();
await commits({ add: [carolsBundle.keyPackage] });
await receives(await says("with three members"));
await commits({});
const ahead = await alice.cipher.commit(alices, {});
await receives((await alice.cipher.seal(ahead.group, utf8ToBytes("ahead"), NOTHING)).message);
await commits({ removeLeaves: [2] });
await receives(await says("with two again"));

const saved = bob.cipher.save(bobs);
const story: FrozenStory = {
  description: "MLS_256_XWING_AES256GCM_SHA512_Ed25519 (83), as the member that joins by this Welcome receives it.",
  now: START,
  keyPackage: bytesToHex(bobsBundle.keyPackage),
  privatePart: bytesToHex(bobsBundle.privatePart),
  welcome: bytesToHex(welcome),
  joined,
  steps,
  saved: { epochPart: bytesToHex(saved.epochPart), ratchetPart: bytesToHex(saved.ratchetPart) },
};
const file = join(import.meta.dirname, "../spec/vectors/mls-xwing.json");
await writeFile(file, `${JSON.stringify(story, null, 1)}\n`);

async function says(words: string): Promise<Uint8Array> {
  const sealed = await alice.cipher.seal(alices, utf8ToBytes(words), utf8ToBytes("bound to it"));
  alices = sealed.group;
  return sealed.message;
}

async function commits(input: CommitInput): Promise<void> {
  const made = await alice.cipher.commit(alices, input);
  alices = made.group;
  await receives(made.commit);
}

async function receives(message: Uint8Array): Promise<void> {
  const result = await bob.cipher.open(bobs, message);
  const hex = bytesToHex(message);
  if (!result.ok) {
    steps.push({ message: hex, opens: "nothing", reason: result.error.reason });
    return;
  }
  bobs = result.value.group;
  if (result.value.kind === "commit") {
    const committer = result.value.change.committer.leaf;
    steps.push({ message: hex, opens: "commit", committer, after: await epochOf(bobs) });
    return;
  }
  const { sender, epoch, plaintext, authenticatedData } = result.value;
  steps.push({
    message: hex,
    opens: "application",
    sender: sender.leaf,
    epoch,
    plaintext: bytesToHex(plaintext),
    authenticatedData: bytesToHex(authenticatedData),
  });
}

async function epochOf(group: Group): Promise<FrozenEpoch> {
  const { cipher } = bob;
  return {
    epoch: group.epoch,
    policy: bytesToHex(cipher.policy(group)),
    exporter: bytesToHex(await cipher.exportSecret(group, "frozen", NOTHING, 32)),
    members: cipher
      .members(group)
      .map(({ leaf, signatureKey, credential }) => `${leaf} ${bytesToHex(signatureKey)} ${bytesToHex(credential)}`),
  };
}
